from odoo import api, fields, models

USER = "wecom_customer_reach.group_wecom_user"


class ResPartnerTouch(models.Model):
    """What reached a partner through WeCom, and what his caps still allow."""

    _inherit = "res.partner"

    wecom_touch_count = fields.Integer("WeCom Touches", compute="_compute_wecom_touch_count", groups=USER)
    wecom_cap_message = fields.Text(
        "Broadcast Cap",
        compute="_compute_wecom_cap_message",
        groups=USER,
        help="Broadcasts received in the counting window of the corp's cap, one line for each WeCom contact. Those "
        "made outside Odoo count as well.",
    )

    def _compute_wecom_touch_count(self):
        counts = dict(
            self.env["wecom.touch"]._read_group([("partner_id", "in", self.ids)], ["partner_id"], ["__count"])
        )
        for partner in self:
            partner.wecom_touch_count = counts.get(partner._origin, 0)

    @api.depends("wecom_contact_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_wecom_cap_message(self):
        self.wecom_contact_ids.mapped("cap_message")  # of all partners in one statement
        for partner in self:
            # A user may look at customers of others: he sees the caps of the contacts he may see.
            contacts = partner.wecom_contact_ids.filtered(lambda contact: contact.status == "active")
            partner.wecom_cap_message = "\n".join(filter(None, contacts.mapped("cap_message"))) or False

    def action_wecom_touches(self):
        """Open what reached this partner, the latest first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_touch_action")
        return {
            **action,
            "views": [(False, "list"), (False, "graph"), (False, "pivot")],
            "domain": [("partner_id", "=", self.id)],
            "context": {"create": False},
        }
