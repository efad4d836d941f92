from odoo import fields, models

from .bulk_fields import UncheckedMany2one
from .exclusion import EXCLUSION_SELECTION
from .sender_rule import SENDER_RULES

RECIPIENT_STATES = [
    ("planned", "Planned"),
    ("excluded", "Excluded"),
    ("refused", "Refused"),
    ("pending", "Pending"),
    ("sent", "Delivered"),
    ("not_friend", "Not a friend"),
    ("capped", "Capped"),
    ("cancelled", "Withdrawn"),
]


class WecomBroadcastRecipient(models.Model):
    """A customer of one broadcast and what became of him.

    Rows are written tens of thousands at a time by SQL, so there are neither log columns nor a chatter, and record
    rules go through the broadcast. Partners may be deleted or merged; planned broadcasts, batches, contacts and members
    may not.
    """

    _name = "wecom.broadcast.recipient"
    _description = "WeCom Broadcast Recipient"
    _log_access = False
    _order = "id"
    _rec_name = "partner_id"

    broadcast_id = UncheckedMany2one("wecom.broadcast", required=True, index=True)
    partner_id = fields.Many2one("res.partner", "Customer", index=True, ondelete="set null")
    contact_id = UncheckedMany2one("wecom.contact", "WeCom Contact")
    external_userid = fields.Char("External User ID")
    member_id = UncheckedMany2one("wecom.member", "Sent By")
    sender_rule = fields.Selection(
        SENDER_RULES, "Sender Chosen By", help="Why this member sends. Empty: made outside Odoo, or nobody sends."
    )
    batch_id = UncheckedMany2one("wecom.broadcast.batch")
    state = fields.Selection(
        RECIPIENT_STATES,
        required=True,
        default="planned",
        help="Planned: not handed to WeCom yet. Excluded: left out, with a reason. Refused: WeCom did not take this "
        "customer. Pending: the member has not confirmed. Delivered: it arrived (WeCom never tells who read it). Not "
        "a friend: the customer has deleted the member. Capped: the customer had received as many broadcasts as "
        "WeCom allows. Cancelled: withdrawn before the member confirmed.",
    )
    exclusion = fields.Selection(EXCLUSION_SELECTION, "Reason")
    sent_at = fields.Datetime("Delivered At")

    _batch_external_uniq = models.UniqueIndex(
        "(batch_id, external_userid) WHERE batch_id IS NOT NULL", "A customer stands in a batch only once."
    )
    _delivered_idx = models.Index("(sent_at, contact_id) WHERE state = 'sent'")
    _contact_delivered_idx = models.Index("(contact_id, sent_at) WHERE state = 'sent'")
    _unlinked_idx = models.Index("(external_userid) WHERE partner_id IS NULL AND batch_id IS NOT NULL")
