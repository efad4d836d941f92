from odoo import fields, models

USER = "wecom_customer_reach.group_wecom_user"


class ResPartnerBroadcast(models.Model):
    """From the partner list to a broadcast, and the broadcasts a partner was reached by."""

    _inherit = "res.partner"

    wecom_recipient_ids = fields.One2many(
        "wecom.broadcast.recipient",
        "partner_id",
        string="WeCom Broadcasts",
        domain=[("state", "!=", "excluded")],
        groups=USER,
        help="Broadcasts this partner was a recipient of.",
    )
    wecom_planned_ids = fields.One2many(
        "wecom.broadcast.recipient",
        "partner_id",
        string="WeCom Broadcasts, Left Out Too",
        groups=USER,
        help="Plans of broadcasts this partner stands in, left out or not: for conditions, not for reading.",
    )
    wecom_reach_ids = fields.One2many(
        "wecom.broadcast.reach",
        "partner_id",
        string="WeCom Reach Reports",
        groups=USER,
        help="Reach reports of drafts this partner stands in: for conditions, not for reading.",
    )
    wecom_broadcast_count = fields.Integer(
        "WeCom Broadcast Count", compute="_compute_wecom_broadcast_count", groups=USER
    )

    def _compute_wecom_broadcast_count(self):
        groups = self.env["wecom.broadcast.recipient"]._read_group(
            [("partner_id", "in", self.ids), ("state", "!=", "excluded")], ["partner_id"], ["__count"]
        )
        counts = dict(groups)
        for partner in self:
            partner.wecom_broadcast_count = counts.get(partner._origin, 0)

    def action_wecom_broadcasts(self):
        """Open the broadcasts this partner was a recipient of, the latest first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_broadcast_recipient_action")
        domain = [("partner_id", "=", self.id), ("state", "!=", "excluded")]
        return {**action, "name": self.env._("Broadcasts"), "domain": domain, "context": {"create": False}}

    def action_wecom_broadcast(self):
        """Open a new broadcast to these partners.

        When they are everything the list's filter matches, the filter itself is kept, not the ids: the list may be
        larger than what the web client passes, and the broadcast then says in words who is meant.
        """
        domain = self.env.context.get("active_domain")
        if domain is None or not self._is_whole_list(domain):
            domain = [("id", "in", self.ids)]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Broadcast"),
            "res_model": "wecom.broadcast",
            "view_mode": "form",
            "context": {"default_partner_domain": repr(domain), "active_domain": False, "active_ids": []},
        }

    def action_wecom_moment(self):
        """Open a new moment that these partners may see; as for a broadcast, a whole list keeps its filter."""
        action = self.action_wecom_broadcast()
        domain = action["context"]["default_partner_domain"]
        return {
            **action,
            "name": self.env._("New Moment"),
            "res_model": "wecom.moment",
            "context": {
                "default_partner_domain": domain,
                "default_audience_mode": "partners",
                "active_domain": False,
                "active_ids": [],
            },
        }
