from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..wecom_api.errors import WeComError
from .epoch import to_epoch

REMINDERS_PER_DAY = 3
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)


def longer_and_longer(waited):
    """Return the pause before the next attempt at something that has been waited for so long."""
    return min(max(SHORTEST_PAUSE, waited / 4), LONGEST_PAUSE)


class WecomBroadcastBatch(models.Model):
    """One call of ``add_msg_template``: at most 10,000 customers, made at most once (wecom-api.md § 6.2).

    planned → claimed (committed before the call) → created, or failed (WeCom refused: nothing was made), or unknown
    (the answer was lost; settled by reading WeCom's list, never by sending again), or cancelled. ``msgid`` is kept.
    """

    _name = "wecom.broadcast.batch"
    _description = "WeCom Broadcast Batch"
    _order = "broadcast_id, sequence, id"
    _rec_name = "sequence"

    # What one call takes (§ 6.2), and how long WeCom's own list may lag behind before a missing broadcast is believed.
    _slice_size = 10_000
    _absence_grace = timedelta(minutes=10)

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="broadcast_id.company_id", store=True)
    sequence = fields.Integer(required=True)
    sender_id = fields.Many2one(
        "wecom.member", ondelete="restrict", help="Empty: WeCom gives each customer to the member who chatted last."
    )
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("claimed", "Being Sent"),
            ("created", "Created"),
            ("unknown", "Being Looked Up"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="planned",
    )
    msgid = fields.Char("Broadcast ID", help="WeCom's id of this broadcast.", index="btree_not_null", copy=False)
    claimed_at = fields.Datetime()
    created_at = fields.Datetime("Created in WeCom At")
    settled_at = fields.Datetime(help="When a lost answer was settled by looking the broadcast up in WeCom.")
    attempt_count = fields.Integer("Attempts")
    next_attempt_at = fields.Datetime()
    error_code = fields.Integer()
    error_message = fields.Text("Problem")
    remind_times = fields.Json(help="When reminders went out, in Unix seconds.")
    remind_left = fields.Integer("Reminders Left", compute="_compute_remind_left", help="Of 3 in 24 hours.")
    remind_requested_at = fields.Datetime()
    cancel_requested_at = fields.Datetime()
    withdrawn_at = fields.Datetime(help="When WeCom was told to stop the members who had not sent.")
    poll_count = fields.Integer("Looks")
    next_poll_at = fields.Datetime("Next Look At")
    final_at = fields.Datetime("Final Since")
    recipient_count = fields.Integer("Recipients")
    task_ids = fields.One2many("wecom.broadcast.task", "batch_id")

    _to_send_idx = models.Index("(next_attempt_at, id) WHERE state IN ('planned', 'claimed', 'unknown')")
    _to_poll_idx = models.Index("(next_poll_at) WHERE final_at IS NULL AND msgid IS NOT NULL")

    @api.depends("remind_times")
    def _compute_remind_left(self):
        for batch in self:
            batch.remind_left = max(REMINDERS_PER_DAY - len(batch._recent_reminders()), 0)

    def _recent_reminders(self):
        """Return the Unix seconds of the reminders of the last 24 hours."""
        self.ensure_one()
        since = to_epoch(fields.Datetime.now() - timedelta(days=1))
        return [moment for moment in self.remind_times or [] if moment > since]

    def action_retry(self):
        """Plan failed batches again. Only what WeCom refused, so that nothing can be sent twice."""
        self._check_manager()
        if self.sudo().broadcast_id.filtered("stop_requested_at"):
            raise UserError(self.env._("This broadcast was stopped. Duplicate it to send another."))
        failed = self.sudo().try_lock_for_update().filtered(lambda batch: batch.state == "failed")
        if not failed:
            raise UserError(self.env._("Only a batch that WeCom has refused can be sent again."))
        failed.write(
            {
                "state": "planned",
                "error_code": False,
                "error_message": False,
                "next_attempt_at": False,
                "final_at": False,
            }
        )
        failed._set_recipient_state("planned", ("refused",))
        failed.broadcast_id._note(lambda broadcast: broadcast.env._("Failed batches are sent again."))
        failed.broadcast_id.write({"state": "sending", "final_at": False})
        self.env["wecom.broadcast"]._wake_sender()

    def action_declare_not_made(self):
        """End looking up batches that a manager did not find in WeCom's console either; they may be sent again then."""
        self._check_manager()
        unknown = self.sudo().try_lock_for_update().filtered(lambda batch: batch.state == "unknown")
        if not unknown:
            raise UserError(self.env._("Only a batch that is being looked up can be declared not sent."))
        words = self.env._("%s has looked in WeCom's console: it was not made.", self.env.user.name)
        unknown._fail({"settled_at": fields.Datetime.now(), "error_message": words})
        for batch in unknown:
            batch._note_batch(words)
        unknown.broadcast_id._update_progress()

    def _fail(self, values):
        """End batches of which WeCom made nothing; ``values`` say why."""
        self.write({**values, "state": "failed", "next_attempt_at": False, "final_at": fields.Datetime.now()})
        self._set_recipient_state("refused", ("planned",))

    def _check_manager(self):
        """Raise unless the user may decide about the batches of these broadcasts."""
        self.broadcast_id.check_access("write")
        if not self.env.user.has_group("wecom_customer_reach.group_wecom_manager"):
            raise AccessError(self.env._("Only a manager can decide what becomes of a batch."))

    def _speaking(self):
        """This batch in the language of the responsible user of its broadcast."""
        return self.with_context(lang=self.broadcast_id.user_id.lang)

    def _set_recipient_state(self, state, from_states):
        """Move the recipients of these batches from ``from_states`` to ``state`` in one statement."""
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wecom_broadcast_recipient SET state = %s WHERE batch_id IN %s AND state IN %s",
            (state, self._ids, tuple(from_states)),
        )
        self.env.invalidate_all(flush=False)

    @api.model
    def _explain(self, error):
        """Return the translated explanation and remedy of an error of the client, for people."""
        if not isinstance(error, WeComError):
            return str(error)
        parts = [self.env._(error.explanation), self.env._(error.remedy)]  # pylint: disable=translation-not-lazy
        parts += [self.env._(problem.message, **problem.values) for problem in getattr(error, "problems", ())]
        return " ".join(parts) + (f" ({error.errcode})" if error.errcode else "")
