from contextlib import suppress
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..wecom_api import broadcasts
from ..wecom_api.errors import NotReady, OutcomeUnknown, WeComError
from .epoch import to_epoch
from .wecom_broadcast_batch import REMINDERS_PER_DAY, longer_and_longer

REMINDERS_USED_UP = 41094


class WecomBroadcastCommand(models.Model):
    """What is done to a batch that WeCom has: remind its members, withdraw it (wecom-api.md § 6.3, § 6.4)."""

    _inherit = "wecom.broadcast.batch"

    def _can_be_reminded(self):
        """Return whether somebody has not confirmed and WeCom would still take a reminder."""
        self.ensure_one()
        waiting = self.state == "created" and not self.final_at and not self.cancel_requested_at
        return waiting and self.remind_left > 0 and "pending" in self.task_ids.mapped("state")

    def _stop(self):
        """Give up batches that were not sent; have the others withdrawn by the scheduled action."""
        self.filtered(lambda batch: batch.state == "planned")._give_up()
        self.filtered(lambda batch: not batch.final_at and batch.state in ("claimed", "unknown", "created")).write(
            {"cancel_requested_at": fields.Datetime.now()}
        )

    def _give_up(self):
        """End batches of which nothing is in WeCom."""
        self.write({"state": "cancelled", "next_attempt_at": False, "final_at": fields.Datetime.now()})
        self._set_recipient_state("cancelled", ("planned",))

    @api.model
    def _step_withdraw(self):
        """Stop one batch in WeCom that somebody asked to stop; return whether there was one."""
        now = fields.Datetime.now()
        batch = self.search(
            [
                ("cancel_requested_at", "<=", now),
                ("state", "=", "created"),
                ("withdrawn_at", "=", False),
                ("final_at", "=", False),
                "|",
                ("next_attempt_at", "=", False),
                ("next_attempt_at", "<=", now),
            ],
            order="id",
            limit=1,
        )._speaking()
        if not batch:
            return False
        # Withdrawing twice is harmless (§ 6.4), so it may simply be tried again.
        batch.next_attempt_at = now + longer_and_longer(now - batch.cancel_requested_at)
        self.env["ir.cron"]._commit_progress()
        try:
            client = batch.broadcast_id.corp_id._client()
            # Before as well as after: WeCom may tell nothing more about a stopped broadcast (41093, § 6.4).
            with suppress(NotReady):
                batch._read(client)
            broadcasts.cancel(client, batch.msgid)
        except (WeComError, UserError) as error:
            batch.error_message = self._explain(error)
            self.env["wecom.broadcast"]._wake_sender(batch.next_attempt_at)
        else:
            # One more look, so that those who confirmed before WeCom stopped them count as sent.
            batch.write({"withdrawn_at": now, "next_attempt_at": False, "next_poll_at": now, "error_message": False})
            self.env["wecom.broadcast"]._wake_poller()
        return True

    @api.model
    def _step_remind(self):
        """Remind the members of one batch; return whether one was asked for.

        A reminder is seen by people and spends a budget: it is counted and committed before the call, so that a lost
        answer or a killed process can cost a reminder but never sends one twice.
        """
        batch = self.search(
            [("remind_requested_at", "!=", False)], order="remind_requested_at, id", limit=1
        )._speaking()
        if not batch:
            return False
        batch.remind_requested_at = False
        if not batch._can_be_reminded():
            return True
        before = batch.remind_times or []
        batch.remind_times = [*batch._recent_reminders(), to_epoch(fields.Datetime.now())]
        batch._count_reminder(1)
        self.env["ir.cron"]._commit_progress()
        try:
            broadcasts.remind(batch.broadcast_id.corp_id._client(), batch.msgid)
        except OutcomeUnknown:
            batch._note_batch(self.env._("WeCom's answer to the reminder was lost; it counts as sent."))
        except (WeComError, UserError) as error:
            batch._record_reminder_refused(error, before)
        else:
            batch._note_batch(self.env._("The members who have not confirmed were reminded."))
            batch.write({"poll_count": 0, "next_poll_at": fields.Datetime.now() + timedelta(minutes=5)})
            self.env["wecom.broadcast"]._wake_poller(batch.next_poll_at)
        return True

    def _record_reminder_refused(self, error, before):
        """Give the reminder back, or, when WeCom says that none is left, count them all as used."""
        if getattr(error, "errcode", 0) == REMINDERS_USED_UP:
            self.remind_times = [to_epoch(fields.Datetime.now())] * REMINDERS_PER_DAY
        else:
            self.remind_times = before
        self._count_reminder(-1)
        self._note_batch(self.env._("The reminder was not sent. %s", self._explain(error)))

    def _count_reminder(self, step):
        """Add ``step`` to the reminders of the members who have not confirmed."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wecom_broadcast_task SET remind_count = COALESCE(remind_count, 0) + %s"
            " WHERE batch_id = %s AND state = 'pending'",
            (step, self.id),
        )
        self.env["wecom.broadcast.task"].invalidate_model(["remind_count"])
