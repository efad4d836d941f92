import logging
from datetime import timedelta

import psycopg2
from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..wecom_api import contacts, tags
from ..wecom_api.errors import (
    ConfigurationError,
    RateLimited,
    TokenInvalid,
    TransientError,
    TransportError,
    WeComError,
)
from .wecom_broadcast_batch import longer_and_longer
from .wecom_event import CONTACT_EVENT, MEMBER_EVENT, TAG_EVENT

_logger = logging.getLogger(__name__)

SUBJECTS_PER_STEP = 100
MOST_ATTEMPTS = 20
SHORTEST_PAUSE_SECONDS = 60
CONCERNS_ALL = (ConfigurationError, TokenInvalid)
"""Errors that an administrator has to mend before any event can be worked on."""
COMES_AND_GOES = (TransportError, TransientError)
"""Errors after which the same call may work: the event is tried again by itself."""


class WecomEvent(models.Model):
    """Works on events: those of one subject together and by one worker, those of different subjects side by side.

    Events carry ids only and may be late, doubled, out of order or missing. So they do not say what to write: they say
    what to read in WeCom again.
    """

    _inherit = "wecom.event"

    @api.model
    def _cron_process(self):
        """Work on all events that are due, a few subjects in each committed step."""
        progress = self.env["ir.cron"]._commit_progress
        if not progress(remaining=self._due_count()):
            return
        more = True
        while more:
            events = self.browse()
            try:
                if events := self._take():
                    events._work()
                more = bool(events)
            except (SerializationFailure, DeadlockDetected):
                # Somebody changed the same rows meanwhile: the step is done again, on what is there now.
                self.env.cr.rollback()
            if not progress(len(events), remaining=self._due_count()):
                self._wake()
                return
        progress(remaining=0)

    @api.model
    def _due(self):
        waiting = Domain("next_attempt_at", "=", False) | Domain("next_attempt_at", "<=", fields.Datetime.now())
        return Domain("state", "=", "new") & waiting

    @api.model
    def _due_count(self):
        return self.search_count(self._due())

    @api.model
    def _take(self):
        """Lock and return all waiting events of the next subjects of one corp, in the order of their arrival.

        A subject is locked as a whole, so that no other worker does its later events at the same time.
        """
        self.env.invalidate_all()
        oldest = self.search(self._due(), order="id", limit=1)
        if not oldest:
            return oldest
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subject FROM (
                    SELECT subject, min(id) AS first_id FROM wecom_event
                     WHERE corp_id = %(corp)s AND state = 'new'
                       AND (next_attempt_at IS NULL OR next_attempt_at <= %(now)s)
                     GROUP BY subject ORDER BY first_id LIMIT %(limit)s) waiting
                 WHERE pg_try_advisory_xact_lock(hashtext('wecom_event' || %(corp)s), hashtext(subject))
                """,
                corp=oldest.corp_id.id,
                now=fields.Datetime.now(),
                limit=SUBJECTS_PER_STEP,
            )
        )
        subjects = [subject for (subject,) in rows]
        events = self.search(
            [("corp_id", "=", oldest.corp_id.id), ("state", "=", "new"), ("subject", "in", subjects)], order="id"
        )
        return events.try_lock_for_update()

    def _work(self):
        """Bring what these events are about to the truth; write on each what came of it."""
        corp = self.corp_id
        language = corp.company_id.partner_id.lang or self.env.lang
        if not corp.secret_is_set:
            self._wait_for_connection(corp, self.env._("The secret of the self-built app is missing."))
            return
        works = {CONTACT_EVENT: "_work_on_contacts", TAG_EVENT: "_work_on_tags", MEMBER_EVENT: "_work_on_members"}
        try:
            for event_type, events in (
                self.with_company(corp.company_id).with_context(lang=language).grouped("event_type").items()
            ):
                events._work_apart(corp, works[event_type])
        except RateLimited as error:
            seconds = max(error.retry_after or 0, SHORTEST_PAUSE_SECONDS)
            self._pause(corp, timedelta(seconds=seconds), corp._explained(error))
        except CONCERNS_ALL as error:
            self._wait_for_connection(corp, corp.with_context(lang=language)._explained(error))

    def _work_apart(self, corp, work):
        """Do this work so that what goes wrong with one subject does not undo or hold up the others."""
        try:
            with self.env.cr.savepoint():
                getattr(self, work)(corp)
        except (RateLimited, *CONCERNS_ALL, psycopg2.OperationalError):
            raise
        except WeComError as error:
            self._try_again(error)
        except UserError as error:
            self._fail(str(error))
        except Exception:
            by_subject = self.grouped("subject")
            if len(by_subject) > 1:
                for events in by_subject.values():
                    events._work_apart(corp, work)
                return
            _logger.exception("Events %s could not be worked on", self.ids)
            self._fail(self.env._("Something unexpected happened. The server's log has the details."))

    def _work_on_tags(self, corp):
        """Events of tags carry no names: the whole list is read, once for all of them (wecom-api.md § 16.6)."""
        read_at = fields.Datetime.now()
        client = corp._client()
        try:
            self.env["wecom.tag"]._mirror(corp, tags.get_corp_tags(client))
        finally:
            client.close()
        self.env["wecom.contact"]._apply_tag_categories()
        self._done(read_at)

    def _work_on_members(self, corp):
        """Mark members who left the company. The other changes of the directory come with the synchronisation."""
        left = {event.userid.lower(): event for event in self if event.change_type == "delete_user" and event.userid}
        if left:
            shown = self._shown_members(corp)
            members = self.env["wecom.member"].search([("corp_id", "=", corp.id), ("status", "!=", "left")])
            for member in members:
                event = left.get(member.userid.lower())
                if event and member.userid.lower() not in shown:
                    member.write({"status": "left", "left_at": event.made_at})
        self._done(fields.Datetime.now())

    def _shown_members(self, corp):
        """Return the userids, in lower case, of the members whose customers WeCom lists (wecom-api.md § 4.1)."""
        client = corp._client()
        try:
            return {userid.lower() for userid in contacts.get_follow_user_list(client)}
        finally:
            client.close()

    def _done(self, read_at):
        self.write({"state": "done", "done_at": read_at, "next_attempt_at": False, "error_message": False})

    def _fail(self, message):
        self.write({"state": "failed", "error_message": message, "next_attempt_at": False})

    def _try_again(self, error):
        """Try again later and later when that may help; otherwise say what to do."""
        message = self.env["wecom.corp"]._explained(error)
        for event in self:
            attempts = event.attempt_count + 1
            event.attempt_count = attempts
            if isinstance(error, COMES_AND_GOES) and attempts < MOST_ATTEMPTS:
                pause = longer_and_longer(fields.Datetime.now() - event.received_at)
                event.write({"next_attempt_at": fields.Datetime.now() + pause, "error_message": message})
            else:
                event._fail(message)
        if times := [moment for moment in self.mapped("next_attempt_at") if moment]:
            self._wake(min(times))

    def _pause(self, corp, pause, message):
        """All events of the corp wait: what stands in the way concerns all."""
        until = fields.Datetime.now() + pause
        self.search([("corp_id", "=", corp.id), ("state", "=", "new")]).write({"next_attempt_at": until})
        self.write({"error_message": message})
        self._wake(until)

    def _wait_for_connection(self, corp, message):
        """Wait until an administrator has mended the connection; a successful test of it wakes the events at once."""
        waited = fields.Datetime.now() - min(self.mapped("received_at"))
        self._pause(corp, longer_and_longer(waited), message)
        corp.write({"connection_state": "failed", "connection_message": message})

    @api.model
    def _connection_works(self, corp):
        """Go on with what waited for the connection."""
        waiting = self.sudo().search(
            [("corp_id", "=", corp.id), ("state", "=", "new"), ("next_attempt_at", "!=", False)]
        )
        if waiting:
            waiting.write({"next_attempt_at": False})
            self._wake()
