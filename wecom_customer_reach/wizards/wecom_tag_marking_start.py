import ast

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..models.wecom_follow import ALIVE_FOLLOW_STATUSES

PATHS = {"res.partner": "contact_id.partner_id", "wecom.contact": "contact_id"}
"""How a follow leads to the customers of a list."""


class WecomTagMarkingStart(models.TransientModel):
    """Asks which tags to put on the chosen customers, or take off them, and for which members."""

    _name = "wecom.tag.marking.start"
    _description = "Put WeCom Tags On or Take Them Off"

    corp_id = fields.Many2one(
        "wecom.corp", required=True, default=lambda self: self.env.company.wecom_corp_id, ondelete="cascade"
    )
    operation = fields.Selection(
        [("put_on", "Put tags on"), ("take_off", "Take tags off")], required=True, default="put_on"
    )
    tag_ids = fields.Many2many("wecom.tag", string="Corp Tags", domain="[('corp_id', '=', corp_id)]")
    member_ids = fields.Many2many(
        "wecom.member",
        string="Only Of",
        domain="[('corp_id', '=', corp_id), ('status', '!=', 'left')]",
        help="A corp tag stands on a customer for each member who follows him. Empty: for all of them.",
    )
    customer_model = fields.Selection([("res.partner", "Partners"), ("wecom.contact", "Contacts")], required=True)
    customer_domain = fields.Char(required=True, help="Who is meant, as an Odoo domain.")
    follow_count = fields.Integer(compute="_compute_counts")
    contact_count = fields.Integer(compute="_compute_counts")

    @api.depends("corp_id", "member_ids", "customer_domain", "customer_model")
    def _compute_counts(self):
        for wizard in self:
            domain = wizard._follow_domain() & Domain("status", "in", ALIVE_FOLLOW_STATUSES)
            domain &= Domain("member_id.corp_id", "=", wizard.corp_id.id)
            counts = self.env["wecom.follow"]._read_group(domain, [], ["__count", "contact_id:count_distinct"])
            [(wizard.follow_count, wizard.contact_count)] = counts

    def _follow_domain(self):
        """Return the Domain over follows of the chosen customers and members, for the user's own rights."""
        try:
            customers = Domain(ast.literal_eval(self.customer_domain or "[(0, '=', 1)]"))
        except (ValueError, SyntaxError, TypeError) as error:
            raise UserError(self.env._("The filter cannot be read. Choose the customers again.")) from error
        domain = Domain(PATHS[self.customer_model], "any", customers)
        return domain & Domain("member_id", "in", self.member_ids._origin.ids) if self.member_ids else domain

    def action_start(self):
        """Queue the tags and show how far it has come."""
        self.ensure_one()
        if not self.tag_ids:
            raise UserError(self.env._("Choose at least one tag."))
        tags = {"put_on": "add_tags", "take_off": "remove_tags"}[self.operation]
        marking = self.env["wecom.tag.marking"]._start(self.corp_id, self._follow_domain(), **{tags: self.tag_ids})
        if not marking:
            raise UserError(
                self.env._(
                    "None of these customers is followed in WeCom now by a member you may see, so no tag can be set."
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "wecom.tag.marking",
            "res_id": marking.id,
            "views": [(False, "form")],
        }
