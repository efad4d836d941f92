from odoo import api, fields, models


class WecomBroadcastFallbackScreen(models.Model):
    """The fallbacks of a broadcast: started by sending, counted, opened."""

    _inherit = "wecom.broadcast"

    fallback_ids = fields.One2many("wecom.broadcast.fallback", "broadcast_id", string="Fallbacks", copy=True)
    fallback_count = fields.Integer("Told Otherwise", compute="_compute_fallback_count")
    fallback_message = fields.Char(compute="_compute_fallback_message")

    def _compute_fallback_count(self):
        groups = self.env["wecom.broadcast.fallback.line"]._read_group(
            [("broadcast_id", "in", self.ids), ("state", "=", "done")], ["broadcast_id"], ["__count"]
        )
        counts = {broadcast.id: count for broadcast, count in groups}
        for broadcast in self:
            broadcast.fallback_count = counts.get(broadcast.id, 0)

    @api.depends("fallback_ids.reason", "fallback_ids.wait_hours", "state")
    def _compute_fallback_message(self):
        for broadcast in self:
            hours = [fallback.wait_hours for fallback in broadcast.fallback_ids if fallback.reason == "pending"]
            broadcast.fallback_message = hours and self.env._(
                "%s hours after a batch is created, the members who have not confirmed are withdrawn in WeCom: they "
                "cannot send any more, and only then do their customers get the fallback.",
                min(hours),
            )

    def write(self, vals):
        if vals.get("state") == "sending":  # failed batches are sent again: more may become due
            self.fallback_ids.sudo().filtered("done_at").done_at = False
        return super().write(vals)

    def _plan(self):
        unplanned = self.filtered(lambda broadcast: not broadcast.planned_at)
        result = super()._plan()
        unplanned.fallback_ids.filtered(lambda fallback: not fallback.started_at)._start()
        return result

    def action_view_fallback(self):
        """Open who was told in another way."""
        return self.with_context(line_state="done")._fallback_action([("broadcast_id", "in", self.ids)])

    def _fallback_action(self, domain):
        """Return the action that opens fallback lines; context key ``line_state`` narrows them to one state."""
        state = self.env.context.get("line_state")
        return self._recipient_action(
            "wecom.broadcast.fallback.line",
            self.env._("Fallback"),
            domain,
            [("state", "=", state)] if state else (),
        ) | {"view_mode": "list", "views": [(False, "list")], "mobile_view_mode": "list"}


class WecomBroadcastFallbackSend(models.Model):
    """Batches that are sent again leave out who was told in another way meanwhile."""

    _inherit = "wecom.broadcast.batch"

    def _leave_out_opted_out(self):
        result = super()._leave_out_opted_out()
        self._leave_out_told_otherwise()
        return result

    def _leave_out_told_otherwise(self):
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE wecom_broadcast_recipient recipient SET state = 'refused'
                 FROM wecom_broadcast_fallback_line line
                WHERE recipient.batch_id = %s AND recipient.state = 'planned'
                  AND line.broadcast_id = recipient.broadcast_id AND line.partner_id = recipient.partner_id
                  AND line.state = 'done'""",
            (self.id,),
        )
        if self.env.cr.rowcount:
            self.recipient_count -= self.env.cr.rowcount
            self.env["wecom.broadcast.recipient"].invalidate_model()
