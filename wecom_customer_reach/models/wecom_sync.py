import logging
from contextlib import closing
from datetime import timedelta

import psycopg2
from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..wecom_api.errors import RateLimited, WeComError

_logger = logging.getLogger(__name__)

NIGHTLY_AFTER = timedelta(hours=20)
STAGES = [("members", "Members"), ("tags", "Tags"), ("contacts", "Contacts"), ("partners", "Partners")]
STAGE_PERCENT = {"members": (0, 5), "tags": (5, 10), "contacts": (10, 80), "partners": (80, 100)}
SHORTEST_PAUSE_SECONDS = 60


class WecomSync(models.Model):
    """One run of the synchronisation of a corp. Its steps stand in the ``wecom_sync_*`` files beside this one."""

    _name = "wecom.sync"
    _description = "WeCom Synchronisation"
    _order = "id desc"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Failed"), ("cancelled", "Cancelled")],
        default="running",
        required=True,
        readonly=True,
    )
    stage = fields.Selection(STAGES, default="members", required=True, readonly=True)
    cursor = fields.Char(
        readonly=True, help="Where the stage goes on: WeCom's page cursor, or the last contact matched."
    )
    cursor_restarts = fields.Integer(readonly=True, help="How often WeCom refused the cursor of this group of members.")
    listing_started_at = fields.Datetime(readonly=True, help="When this group of members was first asked for.")
    member_position = fields.Integer(readonly=True, help="Members done in this stage.")
    member_total = fields.Integer(readonly=True)
    progress = fields.Float(readonly=True, help="In percent.")
    contact_seen = fields.Integer(string="Contacts Read", readonly=True, help="One for each member of a contact.")
    contact_created = fields.Integer(string="New Contacts", readonly=True)
    contact_changed = fields.Integer(string="Changed Contacts", readonly=True)
    follow_lost = fields.Integer(string="Lost", readonly=True, help="Follows that WeCom no longer lists.")
    partner_matched = fields.Integer(string="Matched", readonly=True)
    partner_created = fields.Integer(string="New Partners", readonly=True)
    to_match_count = fields.Integer(string="To Match", readonly=True)
    started_at = fields.Datetime(string="Started", default=fields.Datetime.now, readonly=True)
    ended_at = fields.Datetime(string="Ended", readonly=True)
    error_message = fields.Text(readonly=True)
    next_attempt_at = fields.Datetime(string="Goes On At", readonly=True, help="WeCom asked for a pause until then.")

    _running_uniq = models.UniqueIndex(
        "(corp_id) WHERE state = 'running'", "A synchronisation of this corp is running already."
    )

    @api.depends("corp_id", "started_at")
    def _compute_display_name(self):
        for sync in self:
            started_at = fields.Datetime.context_timestamp(sync, sync.started_at) if sync.started_at else None
            moment = started_at.strftime("%Y-%m-%d %H:%M") if started_at else ""
            sync.display_name = f"{sync.corp_id.name} {moment}".strip()

    @api.model
    def _start(self, corp):
        """Return the running synchronisation of ``corp``, a new one when there is none, and wake the worker.

        Two who start at the same moment meet in the unique index: the later one is told that a run exists.
        """
        running = self.sudo().search([("corp_id", "=", corp.id), ("state", "=", "running")], limit=1)
        if not running:
            running = self.sudo().create({"corp_id": corp.id})
        self._wake()
        return running

    @api.model
    def _wake(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_synchronise").sudo()._trigger(at)

    def action_continue(self):
        """Go on where a failed or cancelled run stopped."""
        self.ensure_one()
        self._check_administrator()
        if self.state in ("failed", "cancelled"):
            if self.search_count([("corp_id", "=", self.corp_id.id), ("state", "=", "running")], limit=1):
                raise UserError(self.env._("Another synchronisation of this corp is running. Wait until it has ended."))
            self.sudo().write(
                {
                    "state": "running",
                    "error_message": False,
                    "ended_at": False,
                    "cursor_restarts": 0,
                    "next_attempt_at": False,
                }
            )
            self._wake()
        return True

    def action_cancel(self):
        """Stop after the step being done now; what has been read stays."""
        self._check_administrator()
        running = self.sudo().filtered(lambda sync: sync.state == "running")
        running.write({"state": "cancelled", "ended_at": fields.Datetime.now()})
        return True

    def action_refresh(self):
        """Show how far the run has come: the form is read again after any button."""
        self.check_access("read")
        return True

    def _check_administrator(self):
        """Whoever may change the corp may run its synchronisation."""
        self.corp_id.check_access("write")

    @api.model
    def _cron_synchronise(self):
        """Start what is due tonight and carry on what is running, one committed step at a time."""
        progress = self.env["ir.cron"]._commit_progress
        self._start_nightly()
        due = Domain("next_attempt_at", "=", False) | Domain("next_attempt_at", "<=", fields.Datetime.now())
        syncs = self.search(Domain("state", "=", "running") & due)
        if not progress(remaining=len(syncs)):
            return
        for position, sync in enumerate(syncs):
            if not sync.with_company(sync.company_id)._carry_on(progress, remaining=len(syncs) - position):
                self._wake()
                progress(remaining=len(syncs) - position)
                return
        progress(remaining=0)

    @api.model
    def _start_nightly(self):
        """Start a run for every connected corp that has had none since last night."""
        recent = fields.Datetime.now() - NIGHTLY_AFTER
        for corp in self.env["wecom.corp"].sudo().search([("secret", "!=", False)]):
            if not self.search_count(
                [("corp_id", "=", corp.id), "|", ("started_at", ">", recent), ("state", "=", "running")], limit=1
            ):
                self.create({"corp_id": corp.id})

    def _carry_on(self, progress, remaining):
        """Do step after step until the run ends or waits (return True) or the time is used up (return False)."""
        self.ensure_one()
        try:
            with closing(self._steps()) as steps:
                while self._next_step(steps):
                    if not progress(1, remaining=remaining):
                        return False
        except (SerializationFailure, DeadlockDetected):
            # Somebody changed the same rows meanwhile: the step is done again, on what is there now.
            self.env.cr.rollback()
            return False
        progress(1, remaining=remaining - 1)
        return True

    def _next_step(self, steps):
        """Do one step and return whether there was one; what stops the run is written on it."""
        try:
            return next(steps, steps) is not steps
        except RateLimited as error:
            self._pause(error)
        except (WeComError, UserError) as error:
            self._fail(error)
        except psycopg2.OperationalError:
            raise
        except Exception:
            # A run that cannot go on must not look as if it did, nor hold up the other corps.
            self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.exception("Synchronisation %s failed", self.id)
            self._fail(UserError(self.env._("Something unexpected happened. The server's log has the details.")))
        return False

    def _steps(self):
        """Do the work of the run; yield after each step, for its commit. It goes on where the last commit left it."""
        stages = {
            "members": self._steps_members,
            "tags": self._steps_tags,
            "contacts": self._steps_contacts,
            "partners": self._steps_partners,
        }
        while self._is_mine():
            stage = self.stage
            for share_done in stages[stage]():
                self._show_progress(share_done)
                yield
                if not self._is_mine():
                    return
            self._end_stage(stage)
            yield

    def _is_mine(self):
        """Lock the run for the step that begins; False when it was cancelled or another worker has it."""
        self.env.invalidate_all()
        return bool(self.try_lock_for_update(allow_referencing=True)) and self.state == "running"

    def _end_stage(self, stage):
        names = [name for name, _label in STAGES]
        self.write({"cursor": False, "member_position": 0})
        if stage == names[-1]:
            self.write({"state": "done", "progress": 100, "ended_at": fields.Datetime.now()})
        else:
            following = names[names.index(stage) + 1]
            self.write({"stage": following, "progress": STAGE_PERCENT[following][0]})

    def _show_progress(self, share_done):
        start, end = STAGE_PERCENT[self.stage]
        self.progress = start + (end - start) * min(share_done, 1)

    def _pause(self, error):
        """WeCom limits the calls: the run goes on by itself when the pause is over."""
        seconds = max(error.retry_after or 0, SHORTEST_PAUSE_SECONDS)
        next_attempt_at = fields.Datetime.now() + timedelta(seconds=seconds)
        self.write({"next_attempt_at": next_attempt_at})
        self._wake(next_attempt_at)

    def _fail(self, error):
        message = self.env["wecom.corp"]._explained(error) if isinstance(error, WeComError) else str(error)
        self.write({"state": "failed", "error_message": message, "ended_at": fields.Datetime.now()})
