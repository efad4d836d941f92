import logging
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..wecom_api import broadcasts, content
from ..wecom_api.errors import (
    OutcomeUnknown,
    PayloadInvalid,
    RateLimited,
    TokenInvalid,
    TransientError,
    TransportError,
    WeComError,
)
from .exclusion import OPTED_OUT

_logger = logging.getLogger(__name__)

RETRY_MINUTES = (1, 2, 5, 10, 30)
"""Pause after the first, second … attempt of which it is certain that nothing was made."""
TRY_LATER = (TransportError, RateLimited, TransientError, TokenInvalid)
NOBODY_SENDABLE = 41048
LOST_CLAIM_AGE = timedelta(minutes=1)
WORKER_LOCK = 0x57454342
"""First half of the advisory lock a worker holds from claim to record ("WECB"); the second half is the batch id."""
RECORD_ATTEMPTS = 3


class WecomBroadcastSend(models.Model):
    """Claim, commit, call, record: how a batch gets to WeCom at most once.

    A worker holds an advisory lock of its database session from before the claim is committed until the result is
    recorded. The lock ends with the session, so a claimed batch whose lock is free has lost its worker.
    """

    _inherit = "wecom.broadcast.batch"

    @api.model
    def _cron_send(self):
        """Plan and send what is due, settle what is unknown, withdraw and remind: one committed step at a time."""
        progress = self.env["ir.cron"]._commit_progress
        steps = (
            self.env["wecom.broadcast"]._step_start,
            self.env["wecom.broadcast"]._step_plan,
            self._step_lost_claim,
            self._step_send,
            self._step_settle,
            self._step_withdraw,
            self.env["wecom.broadcast"]._step_auto_remind,
            self._step_remind,
            self.env["wecom.broadcast"]._step_progress,
        )
        progress(remaining=1)
        worked = True
        while worked:
            worked = False
            for step in steps:
                while step():
                    worked = True
                    if not progress(1, remaining=1):
                        return
        self._wake_for_next_attempt()
        progress(1, remaining=0)

    def _wake_for_next_attempt(self):
        """Wake the scheduled action when the next batch is due."""
        [(next_attempt_at,)] = self.env.execute_query(
            SQL(
                """SELECT min(COALESCE(next_attempt_at, now() AT TIME ZONE 'UTC')) FROM wecom_broadcast_batch
                    WHERE state IN ('planned', 'claimed', 'unknown')"""
            )
        )
        if next_attempt_at:
            self.env["wecom.broadcast"]._wake_sender(max(next_attempt_at, fields.Datetime.now()))

    def _step_send(self):
        """Send one planned batch that is due; return whether there was one."""
        batch = self._next_planned()._speaking()
        if not batch:
            return False
        try:
            client = batch.broadcast_id.corp_id._client()
            attachments = [
                attachment._upload(client, batch.broadcast_id.corp_id) for attachment in batch._attachments()
            ]
        except (WeComError, UserError) as error:
            # Before the claim: whatever went wrong, nothing was created.
            batch._record_not_made(error)
            self.env["ir.cron"]._commit_progress()
            return True
        self.env["ir.cron"]._commit_progress()  # keeps the uploads; the claim needs a fresh snapshot
        with batch._claimed() as claimed:
            if claimed:
                batch._call_and_record(client, attachments)
        return True

    def _next_planned(self):
        return self.search(
            [
                ("state", "=", "planned"),
                ("broadcast_id.state", "in", ("sending", "running")),
                "|",
                ("next_attempt_at", "=", False),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ],
            order="next_attempt_at NULLS FIRST, id",
            limit=1,
        )

    def _attachments(self):
        return self.broadcast_id.attachment_ids

    @contextmanager
    def _claimed(self):
        """Claim this batch and commit; yields whether it was still to be had. Holds the worker's lock meanwhile."""
        if not self._take_claim():
            yield False
            return
        self.env.cr.execute("SELECT pg_advisory_lock(%s, %s)", (WORKER_LOCK, self.id))
        try:
            self.env["ir.cron"]._commit_progress()  # the claim must be durable before the call
            yield True
        except BaseException:
            self.env.cr.rollback()  # a failed transaction could not give the lock back
            raise
        finally:
            self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", (WORKER_LOCK, self.id))

    def _take_claim(self):
        """Set this batch to claimed; return whether it was still planned. Nothing is committed."""
        self.ensure_one()
        now = fields.Datetime.now()
        claim = SQL(
            """UPDATE wecom_broadcast_batch SET state = 'claimed', claimed_at = %s, next_attempt_at = %s,
                      attempt_count = COALESCE(attempt_count, 0) + 1, error_code = NULL, error_message = NULL
                WHERE id IN (SELECT id FROM wecom_broadcast_batch WHERE id = %s AND state = 'planned'
                                FOR UPDATE SKIP LOCKED)
            RETURNING id""",
            now,
            now + LOST_CLAIM_AGE,
            self.id,
        )
        try:
            self._leave_out_opted_out()
            self._leave_out_reached()
            if not self.recipient_count:
                self._give_up()
                return False
            rows = self.env.execute_query(claim)
        except SerializationFailure:  # another worker has claimed it since this transaction began
            self.env.cr.rollback()
            return False
        self.invalidate_recordset()
        return bool(rows)

    def _leave_out_opted_out(self):
        """Leave out who has opted out since the plan: a batch may have waited for days."""
        self._leave_out(OPTED_OUT, SQL("partner_id IN (SELECT id FROM res_partner WHERE wecom_opt_out)"))

    def _leave_out(self, reason, condition):
        """Leave out the recipients of this batch that ``condition``, SQL over a recipient, holds for."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """UPDATE wecom_broadcast_recipient SET state = 'excluded', exclusion = %s, member_id = NULL,
                          sender_rule = NULL
                    WHERE batch_id = %s AND state = 'planned' AND %s""",
                reason,
                self.id,
                condition,
            )
        )
        if self.env.cr.rowcount:
            self.recipient_count -= self.env.cr.rowcount
            self.env["wecom.broadcast.recipient"].invalidate_model()

    def _call_and_record(self, client, attachments):
        """Create the broadcast in WeCom and record what came of it. The batch is claimed."""
        try:
            created = broadcasts.add_msg_template(client, self._payload(attachments))
        except OutcomeUnknown as error:
            self._record(self._record_unknown, self._explain(error))
        except WeComError as error:
            self._record(self._record_not_made, error)
        else:
            self._record(self._record_created, created.msgid, created.fail_list, fields.Datetime.now())

    def _record(self, write, *arguments):
        """Write a result and commit, again when another transaction was in the way: the answer must not be lost."""
        for attempt in range(1, RECORD_ATTEMPTS + 1):
            try:
                write(*arguments)
                self.env["ir.cron"]._commit_progress()
                return
            except psycopg2.OperationalError:
                self.env.cr.rollback()
                self.env.invalidate_all()
                if attempt == RECORD_ATTEMPTS:
                    raise
                _logger.info("Recording batch %s again after a conflict", self.id)

    def _payload(self, attachments):
        return content.broadcast(
            text=self.broadcast_id.sent_text or self.broadcast_id.text,
            attachments=attachments,
            external_userids=self._external_userids(),
            sender=self.sender_id.userid or None,
        )

    def _external_userids(self):
        """Return the external user ids this batch is to be sent to, in a fixed order."""
        self.env["wecom.broadcast.recipient"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT external_userid FROM wecom_broadcast_recipient
                    WHERE batch_id = %s AND state = 'planned' ORDER BY id""",
                self.id,
            )
        )
        return [external_userid for (external_userid,) in rows]

    def _record_created(self, msgid, fail_list, created_at):
        """The broadcast exists: keep its id, mark whom WeCom refused, and look for results soon."""
        self.write(
            {
                "state": "created",
                "msgid": msgid,
                "created_at": created_at,
                "next_attempt_at": False,
                "next_poll_at": created_at + timedelta(minutes=1),
            }
        )
        self.flush_recordset()
        self.env.cr.execute(
            """UPDATE wecom_broadcast_recipient
                  SET state = CASE WHEN external_userid = ANY(%s) THEN 'refused' ELSE 'pending' END
                WHERE batch_id = %s AND state = 'planned'""",
            (list(fail_list), self.id),
        )
        self.env["wecom.broadcast.recipient"].invalidate_model()
        self.env["wecom.broadcast"]._wake_poller(self.next_poll_at)
        if self.cancel_requested_at:
            self.env["wecom.broadcast"]._wake_sender()

    def _record_unknown(self, reason):
        """The answer was lost: only WeCom's own list can tell (``wecom_broadcast_settle.py``)."""
        self.write({"state": "unknown", "error_message": reason, "next_attempt_at": fields.Datetime.now()})
        self._note_batch(
            self.env._("The answer of WeCom was lost. The batch is looked up in WeCom; it is not sent again.")
        )

    def _record_not_made(self, error):
        """Nothing was made: plan again later, or stop with what WeCom said when another try cannot help."""
        code = getattr(error, "errcode", 0)
        values = {"error_code": code, "error_message": self._explain(error)}
        if isinstance(error, TRY_LATER) and self.cancel_requested_at:
            self._give_up()
            return
        if isinstance(error, TRY_LATER):
            self.write({**values, "state": "planned"})
            self._hold_corp(fields.Datetime.now() + self._retry_pause(error))
            return
        self._fail(values)
        if code != NOBODY_SENDABLE and not isinstance(error, PayloadInvalid):
            _logger.warning("Batch %s was refused by WeCom: %s", self.id, code)
        self._note_batch(self.error_message)

    def _hold_corp(self, until):
        """Hold all batches of this corp: what stopped one of them (network, rate limit) would stop the others."""
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE wecom_broadcast_batch batch SET next_attempt_at = %s
                 FROM wecom_broadcast broadcast
                WHERE broadcast.id = batch.broadcast_id AND broadcast.corp_id = %s AND batch.state = 'planned'
                  AND (batch.next_attempt_at IS NULL OR batch.next_attempt_at < %s)""",
            (until, self.broadcast_id.corp_id.id, until),
        )
        self.invalidate_model(["next_attempt_at"])

    def _retry_pause(self, error):
        """Return how long to wait before the next attempt: longer and longer, and at least as long as WeCom said."""
        step = min(max(self.attempt_count, 1), len(RETRY_MINUTES)) - 1
        return max(timedelta(minutes=RETRY_MINUTES[step]), timedelta(seconds=error.retry_after or 0))

    def _note_batch(self, sentence):
        """Post a note about this batch on its broadcast."""
        self.broadcast_id._note(
            lambda broadcast: broadcast.env._("Batch %(number)s: %(what)s", number=self.sequence, what=sentence)
        )

    def _step_lost_claim(self):
        """Mark one claimed batch whose worker is gone as unknown; return whether there was one.

        Age alone proves nothing: an answer can trickle in for longer than any timeout. The worker's lock does.
        """
        stale = self.search(
            [("state", "=", "claimed"), ("next_attempt_at", "<=", fields.Datetime.now())],
            order="next_attempt_at",
            limit=1,
        )._speaking()
        if not stale:
            return False
        self.env["ir.cron"]._commit_progress()  # fresh snapshot: the worker may have recorded its result meanwhile
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (WORKER_LOCK, stale.id))
        gone = self.env.cr.fetchone()[0]
        stale.invalidate_recordset()
        if stale.state != "claimed":
            return True
        if gone:
            stale._record_unknown(self.env._("The server stopped while this batch was being sent."))
        else:
            stale.next_attempt_at = fields.Datetime.now() + LOST_CLAIM_AGE
        return True
