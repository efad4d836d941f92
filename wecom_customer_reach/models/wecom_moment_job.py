from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..wecom_api import moments
from ..wecom_api.errors import NotFound, NotReady, WeComError, error_from_answer
from .epoch import to_epoch
from .found_broadcast import words
from .wecom_broadcast_batch import longer_and_longer

CLOCK_MARGIN = timedelta(days=15)
"""How far the clocks of WeCom and Odoo may differ when a moment is looked up: as far as one listing reaches (§ 7.4)."""
CORP_CREATED = 0
ENTRY_PARTS = {
    "image": lambda entry: len(entry.get("image") or ()),
    "video": lambda entry: 1 if entry.get("video") else 0,
    "link": lambda entry: 1 if entry.get("link") else 0,
}
"""How many attachments of each kind a listed moment has (§ 7.4)."""


class WecomMomentJob(models.Model):
    """Follows the job that makes a moment for 24 hours, and settles lost answers from the list (§ 7.2, 7.4)."""

    _inherit = "wecom.moment"

    # A job may run for 24 hours; only a list read after that proves that nothing came of a lost answer.
    _absence_grace = timedelta(hours=24, minutes=10)

    @api.model
    def _step_job(self):
        """Look how far one job is; return whether one was due."""
        moment = self._due("started")
        if not moment:
            return False
        now = fields.Datetime.now()
        moment.next_attempt_at = now + longer_and_longer(now - moment.claimed_at)
        self.env["ir.cron"]._commit_progress()  # a look that breaks off must not hold up the others
        try:
            job = moments.get_moment_task_result(moment.corp_id._client(), moment.job_id)
        except NotFound as error:
            # WeCom keeps a job for 24 hours (§ 7.2): the moment itself is in the list, or was never made.
            moment._record_unknown(self.env["wecom.corp"]._explained(error))
        except (WeComError, UserError) as error:
            moment.error_message = moment._explained(error)
        else:
            moment._record_job(job)
        return True

    def _explained(self, error):
        return self.env["wecom.corp"]._explained(error) if isinstance(error, WeComError) else str(error)

    def _record_job(self, job):
        """Record what a job tells."""
        if not job.finished:
            self.error_message = False
        elif job.errcode:
            error = error_from_answer(job.errcode, job.errmsg, "add_moment_task")
            self._note_invalid(job)
            if self.stop_requested_at:
                self._give_up()
            else:
                self._set_back(self._explained(error))
        else:
            self._note_invalid(job)
            self._record_made(job.moment_id)

    def _note_invalid(self, job):
        """Say which members and tags WeCom left out."""
        if not (job.invalid_userids or job.invalid_tag_ids):
            return
        Member, Tag = (self.env[model].with_context(active_test=False) for model in ("wecom.member", "wecom.tag"))
        own = [("corp_id", "=", self.corp_id.id)]
        names = Member.search([*own, ("userid", "in", job.invalid_userids)]).mapped("name")
        names += Tag.search([*own, ("external_id", "in", job.invalid_tag_ids)]).mapped("display_name")
        self._note(
            lambda moment: moment.env._(
                "WeCom left out what does not exist or lies outside the app's range: %s",
                ", ".join(names or [*job.invalid_userids, *job.invalid_tag_ids]),
            )
        )

    def _record_made(self, moment_id):
        """The moment exists: members are asked."""
        self.write(
            {
                "creation_state": "made",
                "state": "waiting",
                "moment_id": moment_id,
                "error_message": False,
                "next_attempt_at": False,
                "next_poll_at": fields.Datetime.now(),
            }
        )
        self._wake_poller()

    @api.model
    def _step_settle(self):
        """Look one moment whose answer was lost up in WeCom; return whether one was due."""
        moment = self._due("unknown")
        if not moment:
            return False
        now = fields.Datetime.now()
        moment.next_attempt_at = now + longer_and_longer(now - moment.claimed_at)
        self.env["ir.cron"]._commit_progress()
        try:
            moment._look_up(moment.corp_id._client())
        except (WeComError, UserError) as error:
            moment.error_message = moment._explained(error)
        return True

    def _look_up(self, client):
        """Read WeCom's list and settle this moment when the list leaves no doubt. Raises the client's errors."""
        started_at = fields.Datetime.now()
        candidates = self._candidates(client)
        fitting = [entry for entry in candidates if self._fits_members(client, entry["moment_id"])]
        if len(fitting) == 1 and not self._rivals():
            self.settled_at = fields.Datetime.now()
            self._record_made(fitting[0]["moment_id"])
            self._note(lambda moment: moment.env._("It was found in WeCom: it has been made, once."))
        elif candidates:
            self.error_message = self.env._(
                "WeCom lists a moment that may be this one. A manager looks in WeCom's console and decides."
            )
        elif started_at >= self.claimed_at + self._absence_grace:
            self.settled_at = fields.Datetime.now()
            if self.stop_requested_at:
                self._give_up()
                return
            self.write({"creation_state": "planned", "job_id": False, "next_attempt_at": False, "error_message": False})
            self._note(
                lambda moment: moment.env._("WeCom's complete list shows that it was never made. It is made now.")
            )

    def _candidates(self, client):
        """Return the moments in WeCom that may be this one: same content, made through the API, known to none here."""
        pages = moments.get_moment_list(
            client,
            start_time=to_epoch(self.claimed_at - CLOCK_MARGIN),
            end_time=to_epoch(self.claimed_at + CLOCK_MARGIN),
            filter_type=CORP_CREATED,
        )
        entries = [
            entry for page in pages for entry in page.items if not entry.get("creator") and self._same_content(entry)
        ]
        known = self.search(
            [("corp_id", "=", self.corp_id.id), ("moment_id", "in", [entry["moment_id"] for entry in entries])]
        )
        return [entry for entry in entries if entry["moment_id"] not in set(known.mapped("moment_id"))]

    def _same_content(self, entry):
        """Return whether a listed moment has the text and the number of pictures, videos and links of this one."""
        counts = {kind: len(self.attachment_ids.filtered(lambda line, k=kind: line.kind == k)) for kind in ENTRY_PARTS}
        listed = {kind: ENTRY_PARTS[kind](entry) for kind in ENTRY_PARTS}
        return words((entry.get("text") or {}).get("content")) == words(self.text) and counts == listed

    def _fits_members(self, client, moment_id):
        """Return whether WeCom asks only members whom this moment names; False while it still hands it out."""
        asked = {userid.lower() for userid in self._visible_range()["userids"]}
        try:
            listed = {
                task["userid"].lower() for page in moments.get_moment_task(client, moment_id) for task in page.items
            }
        except NotReady:
            return False
        return bool(listed) and listed <= asked

    def _rivals(self):
        """Return other moments with the same words whose answer is out as well."""
        others = self.search(
            [
                ("corp_id", "=", self.corp_id.id),
                ("state", "=", "creating"),
                ("creation_state", "in", ("claimed", "unknown")),
                ("id", "!=", self.id),
            ]
        )
        return others.filtered(lambda other: words(other.text) == words(self.text))
