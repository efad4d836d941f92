from odoo import fields, models

from .bulk_fields import UncheckedMany2one
from .wecom_broadcast_fallback import ANY, FALLBACK_REASONS

LINE_STATES = [
    ("waiting", "Waiting"),
    ("done", "Handed over"),
    ("impossible", "Impossible"),
    ("dropped", "Not needed"),
]
LINE_PROBLEMS = [
    ("no_phone", "No telephone number"),
    ("invalid_phone", "Telephone number not valid"),
    ("no_address", "No e-mail address"),
    ("invalid_address", "E-mail address not valid"),
    ("blacklisted", "Blacklisted"),
    ("opted_out", "Opted out"),
    ("duplicate", "Same number or address as another customer"),
    ("no_access", "The responsible may not see this customer"),
    ("failed", "Could not be prepared"),
    ("reached", "Reached meanwhile"),
    ("stopped", "The broadcast was stopped"),
]


class WecomBroadcastFallbackLine(models.Model):
    """One customer of one broadcast who is told in another way, once: claimed before anything is handed over.

    Handed over means that the SMS or e-mail stands in Odoo's queue, or the activity is there: written in the same
    transaction as this row, so never twice.
    """

    _name = "wecom.broadcast.fallback.line"
    _description = "WeCom Broadcast Fallback of a Customer"
    _log_access = False
    _order = "id"
    _rec_name = "partner_id"

    fallback_id = fields.Many2one("wecom.broadcast.fallback", required=True, index=True, ondelete="cascade")
    broadcast_id = UncheckedMany2one("wecom.broadcast", required=True)
    partner_id = fields.Many2one("res.partner", "Customer", index=True, ondelete="cascade")
    recipient_id = UncheckedMany2one("wecom.broadcast.recipient")
    way = fields.Selection(related="fallback_id.way")
    reason = fields.Selection([choice for choice in FALLBACK_REASONS if choice[0] != ANY], "Why", required=True)
    state = fields.Selection(
        LINE_STATES,
        required=True,
        default="waiting",
        help="Handed over: the SMS or e-mail is in Odoo's queue, or the activity was made. Not needed: the customer "
        "was reached meanwhile, or the broadcast was stopped.",
    )
    problem = fields.Selection(LINE_PROBLEMS)
    address = fields.Char(help="The number or address it goes to.")
    handed_over_at = fields.Datetime()
    sms_id = fields.Many2one("sms.sms", "SMS", index="btree_not_null", ondelete="set null")
    sms_state = fields.Selection(related="sms_id.state", string="SMS Status", related_sudo=True)
    mail_id = fields.Many2one("mail.mail", "E-mail", index="btree_not_null", ondelete="set null")
    mail_state = fields.Selection(related="mail_id.state", string="E-mail Status", related_sudo=True)
    activity_id = fields.Many2one("mail.activity", index="btree_not_null", ondelete="set null")

    _once_uniq = models.UniqueIndex("(broadcast_id, partner_id)", "A customer is told once for each broadcast.")
    _waiting_idx = models.Index("(id) WHERE state = 'waiting'")
    _address_idx = models.Index("(broadcast_id, address) WHERE state = 'done'")

    def action_view_partner(self):
        """Open the customer, in whose chatter the SMS or e-mail stands."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
        }
