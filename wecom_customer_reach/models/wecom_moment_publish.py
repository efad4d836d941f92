import logging
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..wecom_api import moment_content, moments
from ..wecom_api.errors import OutcomeUnknown, QuotaExceeded, WeComError
from .wecom_broadcast_send import LOST_CLAIM_AGE, RECORD_ATTEMPTS, RETRY_MINUTES, TRY_LATER

_logger = logging.getLogger(__name__)

WORKER_LOCK = 0x57454D4F
"""First half of the advisory lock a worker holds from claim to record ("WEMO"); the second half is the moment's id."""
CREATION_STATES = [
    ("tagging", "Putting on the Tag"),
    ("planned", "Planned"),
    ("claimed", "Being Handed Over"),
    ("started", "WeCom Is Making It"),
    ("unknown", "Being Looked Up"),
    ("made", "Made"),
]


class WecomMomentPublish(models.Model):
    """Claim, commit, call, record: how a moment gets to WeCom at most once, as a batch of a broadcast does.

    A worker holds an advisory lock of its database session from before the claim is committed until the result is
    recorded: a claim whose lock is free has lost its worker, and its outcome is looked up, never made again.
    """

    _inherit = "wecom.moment"

    creation_state = fields.Selection(CREATION_STATES, copy=False, readonly=True)
    claimed_at = fields.Datetime(copy=False, readonly=True)
    settled_at = fields.Datetime(copy=False, readonly=True, help="When a lost answer was settled by looking it up.")
    attempt_count = fields.Integer("Attempts", copy=False, readonly=True)
    next_attempt_at = fields.Datetime(copy=False, readonly=True)

    _to_make_idx = models.Index("(next_attempt_at, id) WHERE state = 'creating'")

    @api.model
    def _cron_publish(self):
        """Make what is due, look up what is unknown, withdraw and remind: one committed step at a time."""
        progress = self.env["ir.cron"]._commit_progress
        steps = (
            self._step_start,
            self._step_tag,
            self._step_lost_claim,
            self._step_make,
            self._step_job,
            self._step_settle,
            self._step_withdraw,
            self._step_remind,
            self._step_untag,
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
        """Wake the scheduled action when the next moment is due."""
        self.flush_model()
        [(next_attempt_at,)] = self.env.execute_query(
            SQL(
                """SELECT min(COALESCE(next_attempt_at, now() AT TIME ZONE 'UTC')) FROM wecom_moment
                    WHERE state = 'creating'"""
            )
        )
        if next_attempt_at:
            self._wake_publisher(max(next_attempt_at, fields.Datetime.now() + timedelta(seconds=1)))

    @api.model
    def _wake_publisher(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_publish_moments").sudo()._trigger(at)

    @api.model
    def _step_start(self):
        """Begin one scheduled moment whose time has come; return whether there was one."""
        due = self.search(
            [("state", "=", "scheduled"), ("scheduled_at", "<=", fields.Datetime.now())], order="scheduled_at", limit=1
        )
        if due:
            due._speaking()._begin()
        return bool(due)

    def _begin(self):
        """Set out to make this moment; what is wrong by now is said and the moment is a draft again."""
        self.ensure_one()
        try:
            self._check_ready()
        except UserError as error:
            self._set_back(str(error))
            return
        source = self.source_id or self.env["utm.source"].sudo().create({"name": self._source_name()})
        self.sudo().write(
            {
                "state": "creating",
                "creation_state": "tagging" if self.audience_mode == "partners" else "planned",
                "creating_at": fields.Datetime.now(),
                "next_attempt_at": False,
                "attempt_count": 0,
                "error_message": False,
                "source_id": source.id,
            }
        )

    def _source_name(self):
        return self.env["utm.mixin"]._get_unique_names("utm.source", [self.name])[0]

    def _set_back(self, reason):
        """Make this a draft again after nothing was made; ``reason`` is told on the form and in the chatter."""
        self.sudo().write(
            {
                "state": "draft",
                "creation_state": False,
                "creating_at": False,
                "next_attempt_at": False,
                "error_message": reason,
            }
        )
        self._note(lambda moment: reason)
        self._wake_publisher()

    def _due(self, creation_state):
        """Return one moment in ``creation_state`` whose time has come, in the language of who is responsible."""
        return self.search(
            [
                ("state", "=", "creating"),
                ("creation_state", "=", creation_state),
                "|",
                ("next_attempt_at", "=", False),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ],
            order="next_attempt_at NULLS FIRST, id",
            limit=1,
        )._speaking()

    @api.model
    def _step_make(self):
        """Hand one moment that is due to WeCom; return whether there was one."""
        moment = self._due("planned")
        if not moment:
            return False
        if moment.stop_requested_at:
            moment._give_up()
            return True
        try:
            client = moment.corp_id._client()
            content = moment._moment_payload(client)
            visible = moment._visible_range()
            payload = moment_content.moment(**content, **visible)
        except (WeComError, UserError) as error:
            # Before the claim: whatever went wrong, nothing was made.
            moment._record_not_made(error)
            self.env["ir.cron"]._commit_progress()
            return True
        self.env["ir.cron"]._commit_progress()  # keeps the uploads; the claim needs a fresh snapshot
        with moment._claimed() as claimed:
            if claimed:
                moment._call_and_record(client, payload)
        return True

    def _visible_range(self):
        """Return whom WeCom is to ask and who may see it, as arguments of ``moment_content.moment``.

        Members are always named: whoever may not publish, or has no customer who may see it, is not asked. Raises a
        UserError when nobody is left.
        """
        members = self._senders_to_ask()
        if not members:
            raise UserError(self.env._("No customer may see this moment: nobody would be asked. See why below."))
        tags = {"tags": self.tag_ids, "partners": self.temporary_tag_id}.get(self.audience_mode)
        return {
            "userids": members.mapped("userid"),
            "tag_ids": tags.mapped("external_id") if tags else [],
        }

    def _senders_to_ask(self):
        """Return the members this moment asks: those whose customers may see it."""
        return self._tagged_senders() if self.audience_mode == "partners" else self._senders()

    @contextmanager
    def _claimed(self):
        """Claim this moment and commit; yields whether it was still to be had. Holds the worker's lock meanwhile."""
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
        """Set this moment to claimed; return whether it was still planned. Nothing is committed."""
        self.ensure_one()
        self.env.flush_all()
        now = fields.Datetime.now()
        claim = SQL(
            """UPDATE wecom_moment SET creation_state = 'claimed', claimed_at = %s, next_attempt_at = %s,
                      attempt_count = COALESCE(attempt_count, 0) + 1, error_message = NULL
                WHERE id IN (SELECT id FROM wecom_moment
                              WHERE id = %s AND state = 'creating' AND creation_state = 'planned'
                                    AND stop_requested_at IS NULL
                                FOR UPDATE SKIP LOCKED)
            RETURNING id""",
            now,
            now + LOST_CLAIM_AGE,
            self.id,
        )
        try:
            rows = self.env.execute_query(claim)
        except SerializationFailure:  # another worker has claimed it since this transaction began
            self.env.cr.rollback()
            return False
        self.invalidate_recordset()
        return bool(rows)

    def _call_and_record(self, client, payload):
        """Start the making of the moment in WeCom and record what came of it. The moment is claimed."""
        try:
            job_id = moments.add_moment_task(client, payload)
        except OutcomeUnknown as error:
            self._record(self._record_unknown, self.env["wecom.corp"]._explained(error))
        except WeComError as error:
            self._record(self._record_not_made, error)
        else:
            self._record(self._record_started, job_id)

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
                _logger.info("Recording moment %s again after a conflict", self.id)

    def _record_started(self, job_id):
        """WeCom took it: keep the job, and look how far it is."""
        self.write({"creation_state": "started", "job_id": job_id, "next_attempt_at": fields.Datetime.now()})

    def _record_unknown(self, reason):
        """The answer was lost: only WeCom's own list can tell (``wecom_moment_settle.py``)."""
        self.write({"creation_state": "unknown", "error_message": reason, "next_attempt_at": fields.Datetime.now()})
        self._note(
            lambda moment: moment.env._(
                "The answer of WeCom was lost. The moment is looked up in WeCom; it is not made again."
            )
        )

    def _record_not_made(self, error):
        """Nothing was made: try later, or make it a draft again when another try cannot help."""
        reason = self.env["wecom.corp"]._explained(error) if isinstance(error, WeComError) else str(error)
        if self.stop_requested_at:
            self._give_up()
        elif isinstance(error, (*TRY_LATER, QuotaExceeded)):
            step = min(max(self.attempt_count, 1), len(RETRY_MINUTES)) - 1
            pause = max(timedelta(minutes=RETRY_MINUTES[step]), timedelta(seconds=error.retry_after or 0))
            self.write(
                {
                    "creation_state": "planned",
                    "attempt_count": self.attempt_count + (self.creation_state == "planned"),
                    "error_message": reason,
                    "next_attempt_at": fields.Datetime.now() + pause,
                }
            )
        else:
            self._set_back(reason)

    def _give_up(self):
        """End a moment that was stopped before WeCom made it."""
        self.write(
            {
                "state": "cancelled",
                "creation_state": False,
                "next_attempt_at": False,
                "final_at": fields.Datetime.now(),
            }
        )

    @api.model
    def _step_lost_claim(self):
        """Mark one claimed moment whose worker is gone as unknown; return whether there was one."""
        stale = self._due("claimed")
        if not stale:
            return False
        self.env["ir.cron"]._commit_progress()  # fresh snapshot: the worker may have recorded its result meanwhile
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (WORKER_LOCK, stale.id))
        gone = self.env.cr.fetchone()[0]
        stale.invalidate_recordset()
        if stale.creation_state != "claimed":
            return True
        if gone:
            stale._record_unknown(self.env._("The server stopped while this moment was being handed over."))
        else:
            stale.next_attempt_at = fields.Datetime.now() + LOST_CLAIM_AGE
        return True
