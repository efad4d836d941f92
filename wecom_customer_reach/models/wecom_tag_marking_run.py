import logging
from collections import defaultdict
from contextlib import closing
from datetime import timedelta

import psycopg2
from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..wecom_api import tags
from ..wecom_api.errors import (
    ConfigurationError,
    RateLimited,
    ResponseInvalid,
    TokenInvalid,
    TransientError,
    TransportError,
    WeComError,
)

_logger = logging.getLogger(__name__)

FOLLOWS_PER_STEP = 10
"""Calls before each commit: as many may be made twice when the worker is killed, which changes nothing (§ 5.1)."""
SHORTEST_PAUSE_SECONDS = 60
UNREACHABLE_PAUSE_SECONDS = 300
UNKNOWN_TAG = 40068
TRY_LATER = (RateLimited, TransientError, TransportError)
CONCERNS_ALL = (ConfigurationError, TokenInvalid, ResponseInvalid)
"""What WeCom would say to every other line as well: the marking stops and says it once."""


class WecomTagMarkingRun(models.Model):
    """Carries markings out: one ``mark_tag`` for each follow (wecom-api.md § 5.1), a few calls for each commit.

    The call may be repeated: a worker killed anywhere goes on with the lines that are still pending. Marks made through
    the API raise no event (§ 16.6), so nothing comes back as an echo.
    """

    _inherit = "wecom.tag.marking"

    @api.model
    def _cron_mark(self):
        """Carry on what is running, the oldest wish first."""
        progress = self.env["ir.cron"]._commit_progress
        due = Domain("next_attempt_at", "=", False) | Domain("next_attempt_at", "<=", fields.Datetime.now())
        markings = self.search(Domain("state", "=", "running") & due, order="id")
        if not progress(remaining=len(markings)):
            return
        for position, marking in enumerate(markings):
            speaking = marking.with_company(marking.company_id).with_context(lang=marking.user_id.lang)
            if not speaking._carry_on(progress, remaining=len(markings) - position):
                self._wake()
                progress(remaining=len(markings) - position)
                return
        progress(remaining=0)

    def _carry_on(self, progress, remaining):
        """Do step after step until the marking ends or waits (return True) or the time is used up (return False)."""
        self.ensure_one()
        try:
            while self._next_step():
                if not progress(1, remaining=remaining):
                    return False
        except SerializationFailure:
            # Somebody changed the same rows meanwhile: the step is done again, on what is there now.
            self.env.cr.rollback()
            return False
        progress(1, remaining=remaining - 1)
        return True

    def _next_step(self):
        """Do one step and return whether to go on; what stops the marking is written on it."""
        try:
            if not self._is_mine():
                return False
            with closing(self.corp_id._client()) as client:
                return self._step(client)
        except psycopg2.OperationalError:
            raise
        except UserError as error:
            self._stop(str(error))
        except Exception:
            # A marking that cannot go on must not look as if it did, nor hold up the others.
            self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.exception("Tag marking %s failed", self.id)
            self._stop(self.env._("Something unexpected happened. The server's log has the details."))
        return False

    def _is_mine(self):
        """Lock the marking for the step that begins; False when it ended, waits, or another worker has it."""
        self.env.invalidate_all()
        if not self.try_lock_for_update(allow_referencing=True) or self.state != "running":
            return False
        if self.next_attempt_at and self.next_attempt_at > fields.Datetime.now():
            return False
        self.write({"next_attempt_at": False, "error_message": False})
        return True

    def _step(self, client):
        """Make the calls of the next follows and write down what came of them; return whether to go on."""
        lines_by_follow = self._next_lines()
        if not lines_by_follow:
            self._end_or_wait()
            return False
        done, failed = [], {}
        try:
            for lines in lines_by_follow.values():
                try:
                    self._mark(client, lines)
                except (*TRY_LATER, *CONCERNS_ALL):
                    raise
                except WeComError as error:
                    if error.errcode == UNKNOWN_TAG:
                        raise
                    failed |= dict.fromkeys((line["id"] for line in lines), self.env["wecom.corp"]._explained(error))
                else:
                    done += lines
        except TRY_LATER as error:
            self._pause(error)
        except WeComError as error:
            self._stop(self.env["wecom.corp"]._explained(error))
        self._record(done, failed)
        return self.state == "running" and not self.next_attempt_at

    def _next_lines(self):
        """Return {follow id: its pending lines} of the next follows, locked: an event meanwhile waits for the step."""
        self.env.cr.execute(
            SQL(
                """
                SELECT line.id, line.operation, line.follow_id, line.tag_id, follow.contact_id,
                       tag.external_id AS tag, member.userid, contact.external_userid
                  FROM wecom_tag_marking_line line
                  LEFT JOIN wecom_tag tag ON tag.id = line.tag_id
                  LEFT JOIN wecom_follow follow ON follow.id = line.follow_id
                  LEFT JOIN wecom_member member ON member.id = follow.member_id
                  LEFT JOIN wecom_contact contact ON contact.id = follow.contact_id
                 WHERE line.marking_id = %(marking)s AND line.state = 'pending'
                   AND line.follow_id = ANY(ARRAY(
                       SELECT DISTINCT follow_id FROM wecom_tag_marking_line
                        WHERE marking_id = %(marking)s AND state = 'pending' ORDER BY follow_id LIMIT %(limit)s))
                 ORDER BY line.follow_id, line.id
                   FOR UPDATE OF line SKIP LOCKED
                """,
                marking=self.id,
                limit=FOLLOWS_PER_STEP,
            )
        )
        lines_by_follow = defaultdict(list)
        for line in self.env.cr.dictfetchall():
            lines_by_follow[line["follow_id"]].append(line)
        return lines_by_follow

    def _mark(self, client, lines):
        """Put on and take off all tags of one follow in one call."""
        if any(None in line.values() for line in lines):
            # The follow or the tag was deleted here since: WeCom is asked about what it never heard of no more.
            raise WeComError(
                explanation=self.env._("The contact or the tag is no longer in Odoo."),
                remedy=self.env._("Nothing is to be done."),
            )
        tags.mark_tags(
            client,
            lines[0]["userid"],
            lines[0]["external_userid"],
            add=[line["tag"] for line in lines if line["operation"] == "put_on"],
            remove=[line["tag"] for line in lines if line["operation"] == "take_off"],
        )

    def _record(self, done, failed):
        """Write what WeCom took into the follows, and the reason of what it did not into the lines."""
        put_on = [line for line in done if line["operation"] == "put_on"]
        take_off = [line for line in done if line["operation"] == "take_off"]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH done AS (
                    UPDATE wecom_tag_marking_line SET state = 'done', error_message = NULL WHERE id = ANY(%(done)s)
                ), failed AS (
                    UPDATE wecom_tag_marking_line line SET state = 'failed', error_message = refused.message
                      FROM unnest(%(failed)s::int[], %(messages)s::text[]) AS refused(id, message)
                     WHERE line.id = refused.id
                ), put_on AS (
                    INSERT INTO wecom_follow_tag_rel (follow_id, tag_id)
                    SELECT * FROM unnest(%(on_follows)s::int[], %(on_tags)s::int[])
                        ON CONFLICT DO NOTHING
                ), taken_off AS (
                    DELETE FROM wecom_follow_tag_rel rel
                     USING unnest(%(off_follows)s::int[], %(off_tags)s::int[]) AS gone(follow_id, tag_id)
                     WHERE rel.follow_id = gone.follow_id AND rel.tag_id = gone.tag_id
                )
                UPDATE wecom_follow SET row_hash = NULL, read_at = %(now)s WHERE id = ANY(%(follows)s)
                """,
                done=[line["id"] for line in done],
                failed=list(failed),
                messages=list(failed.values()),
                on_follows=[line["follow_id"] for line in put_on],
                on_tags=[line["tag_id"] for line in put_on],
                off_follows=[line["follow_id"] for line in take_off],
                off_tags=[line["tag_id"] for line in take_off],
                follows=[line["follow_id"] for line in done],
                now=fields.Datetime.now(),  # a listing that began before does not know of it
            )
        )
        self.env.invalidate_all()
        self.env["wecom.contact"]._apply_tag_categories({line["contact_id"] for line in done})

    def _end_or_wait(self):
        """End the marking when nothing is pending; lines that another transaction holds are looked at again soon."""
        if self.pending_count:
            self._wait(SHORTEST_PAUSE_SECONDS)
        else:
            self.write({"state": "done", "ended_at": fields.Datetime.now(), "error_message": False})

    def _pause(self, error):
        """WeCom limits the calls or cannot be reached: the markings of the corp go on by themselves later."""
        pause = error.retry_after or (0 if isinstance(error, RateLimited) else UNREACHABLE_PAUSE_SECONDS)
        markings = self.search([("corp_id", "=", self.corp_id.id), ("state", "=", "running")])
        markings._wait(max(pause, SHORTEST_PAUSE_SECONDS), self.env["wecom.corp"]._explained(error))

    def _wait(self, seconds, message=False):
        next_attempt_at = fields.Datetime.now() + timedelta(seconds=seconds)
        self.write({"next_attempt_at": next_attempt_at, "error_message": message})
        self._wake(next_attempt_at)

    def _stop(self, message):
        self.write({"state": "failed", "error_message": message, "ended_at": fields.Datetime.now()})
