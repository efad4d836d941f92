from odoo import fields, models


class WecomBroadcastTask(models.Model):
    """A member's part of one batch: he confirms it on his phone, or has not yet (wecom-api.md § 6.6)."""

    _name = "wecom.broadcast.task"
    _description = "WeCom Broadcast Task"
    _order = "state, id"
    _rec_name = "member_id"

    batch_id = fields.Many2one("wecom.broadcast.batch", required=True, ondelete="cascade")
    broadcast_id = fields.Many2one("wecom.broadcast", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="broadcast_id.company_id", store=True)
    member_id = fields.Many2one("wecom.member", required=True, index=True, ondelete="restrict")
    state = fields.Selection(
        [("pending", "Pending"), ("sent", "Sent"), ("cancelled", "Withdrawn")], required=True, default="pending"
    )
    sent_at = fields.Datetime()
    recipient_count = fields.Integer("Recipients", help="Customers WeCom gave to this member.")
    remind_count = fields.Integer("Reminders", help="How often the member was reminded to confirm.")
    result_complete = fields.Boolean(help="All results of this member have been read since his state last changed.")

    _batch_member_uniq = models.UniqueIndex("(batch_id, member_id)", "This member already has a task in this batch.")
