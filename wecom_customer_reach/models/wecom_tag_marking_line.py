from odoo import fields, models

from .bulk_fields import UncheckedMany2one

LINE_STATES = [
    ("pending", "Pending"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("overtaken", "Overtaken"),
    ("cancelled", "Cancelled"),
]


class WecomTagMarkingLine(models.Model):
    """One tag of one follow to be put on or taken off. Written in bulk: no log columns, one foreign key."""

    _name = "wecom.tag.marking.line"
    _description = "WeCom Tag Marking Line"
    _order = "id"
    _log_access = False

    marking_id = fields.Many2one("wecom.tag.marking", required=True, readonly=True, ondelete="cascade")
    follow_id = UncheckedMany2one("wecom.follow", readonly=True)
    contact_id = fields.Many2one(related="follow_id.contact_id")
    partner_id = fields.Many2one(related="follow_id.contact_id.partner_id")
    member_id = fields.Many2one(related="follow_id.member_id")
    tag_id = UncheckedMany2one("wecom.tag", required=True, readonly=True)
    operation = fields.Selection([("put_on", "Put on"), ("take_off", "Take off")], required=True, readonly=True)
    state = fields.Selection(
        LINE_STATES,
        default="pending",
        required=True,
        readonly=True,
        help="Overtaken: somebody decided about this tag later, in WeCom or here, so this was not done.",
    )
    requested_at = fields.Datetime(string="Wished On", default=fields.Datetime.now, required=True, readonly=True)
    error_message = fields.Char(string="Reason", readonly=True)

    _marking_state_idx = models.Index("(marking_id, state)")
    _pending_idx = models.Index("(marking_id, follow_id) WHERE state = 'pending'")
    _follow_tag_idx = models.Index("(follow_id, tag_id)")
