from odoo import fields, models

SHOWN_STATES = ("pending", "sent", "not_friend", "capped")


class WecomBroadcastTaskScreen(models.Model):
    """What came of one member's part, counted from his recipients in one query for all tasks shown."""

    _inherit = "wecom.broadcast.task"

    user_id = fields.Many2one(related="member_id.user_id")
    delivered_count = fields.Integer("Delivered", compute="_compute_outcome")
    not_friend_count = fields.Integer("Not a Friend", compute="_compute_outcome")
    capped_count = fields.Integer("Capped", compute="_compute_outcome")
    pending_count = fields.Integer("Pending", compute="_compute_outcome")
    delivered_percent = fields.Float("Delivered %", compute="_compute_outcome")
    remind_left = fields.Integer(related="batch_id.remind_left")

    def _compute_outcome(self):
        groups = self.env["wecom.broadcast.recipient"]._read_group(
            [("batch_id", "in", self.batch_id.ids), ("member_id", "in", self.member_id.ids)],
            ["batch_id", "member_id", "state"],
            ["__count"],
        )
        counts = {(batch.id, member.id, state): count for batch, member, state, count in groups}
        for task in self:
            numbers = {state: counts.get((task.batch_id.id, task.member_id.id, state), 0) for state in SHOWN_STATES}
            task.delivered_count = numbers["sent"]
            task.not_friend_count = numbers["not_friend"]
            task.capped_count = numbers["capped"]
            task.pending_count = numbers["pending"]
            task.delivered_percent = 100 * numbers["sent"] / task.recipient_count if task.recipient_count else 0

    def action_view_recipients(self):
        """Open this member's customers of this batch."""
        self.ensure_one()
        return self.broadcast_id._recipient_action(
            "wecom.broadcast.recipient",
            self.member_id.display_name,
            [("batch_id", "=", self.batch_id.id), ("member_id", "=", self.member_id.id)],
            (),
        )
