from odoo import fields, models


class WecomBroadcastStop(models.TransientModel):
    """Asks before a broadcast is stopped: what has gone out cannot be recalled."""

    _name = "wecom.broadcast.stop"
    _description = "Stop a WeCom Broadcast"

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, ondelete="cascade")
    sent_count = fields.Integer(related="broadcast_id.sent_count")
    message = fields.Text(related="broadcast_id.stop_message")

    def action_stop(self):
        """Stop the broadcast."""
        self.broadcast_id.action_stop()
        return {"type": "ir.actions.act_window_close"}
