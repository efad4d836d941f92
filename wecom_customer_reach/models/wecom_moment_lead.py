from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class WecomMomentReactionLead(models.Model):
    """From a like or comment to a lead: one for each reaction, whoever presses and however often."""

    _inherit = "wecom.moment.reaction"

    lead_id = fields.Many2one("crm.lead", readonly=True, index="btree_not_null", ondelete="set null")

    def action_create_lead(self):
        """Open the lead of this reaction; it is made when there is none yet."""
        self.ensure_one()
        self.check_access("read")
        self.env["crm.lead"].check_access("create")
        if not self.partner_id:
            raise UserError(self.env._("This contact has no partner yet: match it first, under Customers → To match."))
        # Two may press at once: the second waits here, fails on what the first wrote, and Odoo lets it try again.
        self.env.cr.execute(SQL("SELECT FROM wecom_moment_reaction WHERE id = %s FOR UPDATE", self.id))
        lead = self.sudo().lead_id or self._make_lead(self._salesperson())
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": lead.id,
            "views": [(False, "form")],
        }

    def _salesperson(self):
        """Return whose lead it becomes: the customer's salesperson, else his member's user.

        Who sees his own leads only gets it himself: he could not make it for anybody else.
        """
        if not self.env.user.has_group("sales_team.group_sale_salesman_all_leads"):
            return self.env.user
        return self.partner_id.user_id or self.member_id.sudo().user_id or self.env.user

    def _make_lead(self, salesperson):
        """Create the lead of this reaction and return it; campaign, medium and source tell where it came from."""
        moment = self.moment_id.sudo()
        what = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        lead = self.env["crm.lead"].create(
            {
                "name": self.env._("%(what)s on “%(moment)s”", what=what, moment=moment.name),
                "partner_id": self.partner_id.id,
                "user_id": salesperson.id,
                "company_id": moment.company_id.id,
                "campaign_id": moment.campaign_id.id,
                "medium_id": self.env.ref("wecom_customer_reach.utm_medium_wecom").id,
                "source_id": moment.source_id.id,
            }
        )
        self.sudo().lead_id = lead
        return lead
