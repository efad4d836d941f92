from odoo import fields, models


class WecomBroadcastDecision(models.TransientModel):
    """What an approver decides, and on which version."""

    _name = "wecom.broadcast.decision"
    _description = "Approve or Refuse a WeCom Broadcast"

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, readonly=True, ondelete="cascade")
    version = fields.Char(required=True, readonly=True)
    comment = fields.Text()
    reachable_count = fields.Integer(related="broadcast_id.reachable_count")
    message_class = fields.Selection(related="broadcast_id.message_class")
    sender_policy = fields.Selection(related="broadcast_id.sender_policy")
    send_mode = fields.Selection(related="broadcast_id.send_mode")
    scheduled_at = fields.Datetime(related="broadcast_id.scheduled_at")
    quality_warnings = fields.Text(related="broadcast_id.quality_warnings")
    text = fields.Text(related="broadcast_id.text")

    def action_approve(self):
        """Approve: the broadcast goes on as its author chose."""
        self.broadcast_id._approve(self.version, self.comment)
        return {"type": "ir.actions.act_window_close"}

    def action_refuse(self):
        """Refuse: the broadcast is a draft again."""
        self.broadcast_id._refuse(self.version, self.comment)
        return {"type": "ir.actions.act_window_close"}
