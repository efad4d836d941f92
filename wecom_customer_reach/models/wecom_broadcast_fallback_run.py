import logging
from datetime import timedelta

import psycopg2
from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

from .wecom_broadcast_fallback import ANY, ANY_REASONS, RESULT_REASONS, UNCONFIRMED

_logger = logging.getLogger(__name__)

LINES_PER_STEP = 500

MAY_STILL_ARRIVE = SQL(
    """(recipient.state IN ('sent', 'planned') OR recipient.state = 'pending'
        AND EXISTS (SELECT 1 FROM wecom_broadcast_batch batch WHERE batch.id = recipient.batch_id
                       AND batch.final_at IS NULL))"""
)
"""Whether the broadcast has reached the customer of a recipient row, or still may."""


class WecomBroadcastFallbackRun(models.Model):
    """Carries fallbacks out: withdraw, claim, check again, hand over; one committed step at a time.

    Claiming writes a unique row for each customer. Handing over writes the SMS, e-mails or activities and the outcome
    of these rows in one transaction: killed anywhere, it happened altogether or not at all.
    """

    _inherit = "wecom.broadcast.fallback"

    @api.model
    def _cron_fall_back(self):
        """Carry out every started fallback that is due."""
        progress = self.env["ir.cron"]._commit_progress
        open_fallbacks = self.search([("started_at", "!=", False), ("done_at", "=", False)])
        if not progress(remaining=len(open_fallbacks) + 1):
            return
        for broadcast in open_fallbacks.broadcast_id:
            broadcast._speaking()._claim_fallbacks()
            if not progress(1):
                self._wake()
                return
        lines = self.env["wecom.broadcast.fallback.line"]
        while lines._step_hand_over():
            if not progress(0, remaining=lines.search_count([("state", "=", "waiting")], limit=LINES_PER_STEP) + 1):
                self._wake()
                return
        progress(1, remaining=0)


class WecomBroadcastFallbackClaim(models.Model):
    """Which customers of a broadcast are due for a fallback: one statement for all of them."""

    _inherit = "wecom.broadcast"

    def _claim_fallbacks(self):
        """Withdraw whom the members have let wait too long, and claim the customers who are due now."""
        self.ensure_one()
        fallbacks = self.fallback_ids.filtered("started_at")
        if self.stop_requested_at or not self.planned_at:
            fallbacks.done_at = fields.Datetime.now()
            return
        self._withdraw_unconfirmed(fallbacks.filtered(lambda fallback: fallback.reason == UNCONFIRMED))
        self.env.flush_all()
        self.env.cr.execute(self._claim_sql())
        self.env["wecom.broadcast.fallback.line"].invalidate_model()
        if self.state == "done":
            self._finish_fallbacks(fallbacks)

    def _claim_sql(self):
        """Return the statement that writes a waiting line for each customer who is due.

        The first fallback in their order that fits and whose time has come is taken. Customers of whom another row of
        this broadcast says that it reached them, or may, are left alone.
        """
        return SQL(
            """INSERT INTO wecom_broadcast_fallback_line
                      (fallback_id, broadcast_id, recipient_id, partner_id, reason, state)
               SELECT DISTINCT ON (missed.partner_id)
                      fallback.id, missed.broadcast_id, missed.id, missed.partner_id, missed.reason, 'waiting'
                 FROM (SELECT recipient.id, recipient.broadcast_id, recipient.partner_id,
                              CASE WHEN recipient.state = 'excluded' THEN recipient.exclusion
                                   WHEN recipient.state IN %(results)s THEN recipient.state
                                   WHEN recipient.state IN ('pending', 'cancelled') AND batch.final_at IS NOT NULL
                                   THEN %(unconfirmed)s END AS reason,
                              COALESCE(batch.created_at, broadcast.planned_at) AS since
                         FROM wecom_broadcast_recipient recipient
                         JOIN wecom_broadcast broadcast ON broadcast.id = recipient.broadcast_id
                    LEFT JOIN wecom_broadcast_batch batch ON batch.id = recipient.batch_id
                        WHERE recipient.broadcast_id = %(broadcast)s AND recipient.partner_id IS NOT NULL) missed
                 JOIN wecom_broadcast_fallback fallback ON fallback.broadcast_id = missed.broadcast_id
                  AND fallback.started_at IS NOT NULL
                  AND (fallback.reason = missed.reason OR fallback.reason = %(any)s AND missed.reason IN %(reasons)s)
                  AND missed.since + fallback.wait_hours * interval '1 hour' <= %(now)s
                WHERE missed.partner_id NOT IN (
                      SELECT recipient.partner_id FROM wecom_broadcast_recipient recipient
                       WHERE recipient.broadcast_id = %(broadcast)s AND recipient.partner_id IS NOT NULL
                         AND %(may_arrive)s)
             ORDER BY missed.partner_id, fallback.sequence, fallback.id, missed.id
          ON CONFLICT (broadcast_id, partner_id) DO NOTHING""",
            results=RESULT_REASONS,
            unconfirmed=UNCONFIRMED,
            any=ANY,
            reasons=ANY_REASONS,
            broadcast=self.id,
            now=fields.Datetime.now(),
            may_arrive=MAY_STILL_ARRIVE,
        )

    def _withdraw_unconfirmed(self, fallbacks):
        """Stop the members who have not confirmed in time: only then is it certain that nobody is told twice."""
        for fallback in fallbacks:
            late = self.env["wecom.broadcast.batch"].search(
                [
                    ("broadcast_id", "=", self.id),
                    ("state", "=", "created"),
                    ("final_at", "=", False),
                    ("cancel_requested_at", "=", False),
                    ("created_at", "<=", fields.Datetime.now() - timedelta(hours=fallback.wait_hours)),
                ]
            )
            waiting = self.env["wecom.broadcast.recipient"]._read_group(
                [("batch_id", "in", late.ids), ("state", "=", "pending")], ["batch_id"]
            )
            if not waiting:
                continue
            late.browse([batch.id for (batch,) in waiting])._stop()
            self._note(
                lambda record, hours=fallback.wait_hours: record.env._(
                    "Members who have not confirmed after %s hours are withdrawn; their customers get the fallback.",
                    hours,
                )
            )
            self._wake_sender()

    def _finish_fallbacks(self, fallbacks):
        """Note which fallbacks can have nothing more to do: every result is final and their time is over."""
        last = max([self.planned_at, *self.batch_ids.filtered("created_at").mapped("created_at")])
        now = fields.Datetime.now()
        fallbacks.filtered(lambda fallback: last + timedelta(hours=fallback.wait_hours) <= now).write({"done_at": now})


class WecomBroadcastFallbackHandOver(models.Model):
    """Checks claimed customers once more and hands them over to SMS, e-mail or a person."""

    _inherit = "wecom.broadcast.fallback.line"

    @api.model
    def _step_hand_over(self):
        """Hand over up to some hundred waiting lines of one fallback; return whether there were any."""
        first = self.search([("state", "=", "waiting")], order="id", limit=1)
        if not first:
            return False
        try:
            lines = self.search(
                [("state", "=", "waiting"), ("fallback_id", "=", first.fallback_id.id)],
                order="id",
                limit=LINES_PER_STEP,
            ).try_lock_for_update(allow_referencing=True)
            lines._check_again()._hand_over()
            self.env.flush_all()
        except SerializationFailure:  # a result arrived, or another worker took them, since this transaction began
            self.env.cr.rollback()
            self.env.invalidate_all()
        return True

    def _check_again(self):
        """End lines whose customer was reached, opted out or need not be told any more; return the others.

        The recipients stay locked until the hand-over is committed, so that nothing is sent to them meanwhile.
        """
        if not self:
            return self
        broadcast = self.broadcast_id
        if broadcast.stop_requested_at:
            self.write({"state": "dropped", "problem": "stopped"})
            return self.browse()
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id, %s FROM wecom_broadcast_recipient recipient
                    WHERE broadcast_id = %s AND partner_id = ANY(%s) FOR UPDATE""",
                MAY_STILL_ARRIVE,
                broadcast.id,
                self.partner_id.ids,
            )
        )
        reached = {partner_id for partner_id, arrives in rows if arrives}
        dropped = self.filtered(lambda line: line.partner_id.id in reached)
        dropped.write({"state": "dropped", "problem": "reached"})
        opted_out = (self - dropped).filtered(lambda line: line.partner_id.wecom_opt_out)
        opted_out.write({"state": "impossible", "problem": "opted_out"})
        return self - dropped - opted_out

    def _hand_over(self):
        """Write the SMS, e-mails or activities of these lines and what became of each, as the responsible user."""
        if not self:
            return
        fallback = self.fallback_id
        user = fallback.broadcast_id.user_id
        speaking = (
            self.with_user(user)
            .with_company(fallback.company_id)
            .with_context(allowed_company_ids=fallback.company_id.ids, lang=user.lang)
        )
        visible = set(speaking.partner_id._filtered_access("read").ids)
        hidden = self.filtered(lambda line: line.partner_id.id not in visible)
        hidden.write({"state": "impossible", "problem": "no_access"})
        lines = self - hidden
        if not lines:
            return
        try:
            with self.env.cr.savepoint():
                rows = getattr(lines, f"_hand_over_{fallback.way}")(speaking.env)
                lines._record_handed_over(rows)
        except (SerializationFailure, psycopg2.OperationalError):
            raise
        except Exception as error:  # a template may fail in any way; the other fallbacks go on
            _logger.info("Fallback %s could not be prepared: %s", fallback.id, type(error).__name__)
            lines.write({"state": "impossible", "problem": "failed"})
            fallback.error_message = str(error)

    def _record_handed_over(self, rows):
        """Write what became of each line; ``rows`` as ``wecom_broadcast_fallback_way.py`` returns them."""
        now = fields.Datetime.now()
        self.env.flush_all()
        links = {name for _problem, _address, name, _id in rows.values() if name}
        assert links <= {"sms_id", "mail_id", "activity_id"}
        values = [
            (
                line.id,
                "impossible" if rows[line.partner_id.id][0] else "done",
                *rows[line.partner_id.id],
            )
            for line in self
        ]
        self.env.cr.execute(
            SQL(
                """UPDATE wecom_broadcast_fallback_line line
                      SET state = new.state, problem = new.problem, address = new.address, handed_over_at = %s,
                          sms_id = CASE WHEN new.link = 'sms_id' THEN new.made_id END,
                          mail_id = CASE WHEN new.link = 'mail_id' THEN new.made_id END,
                          activity_id = CASE WHEN new.link = 'activity_id' THEN new.made_id END
                     FROM unnest(%s::integer[], %s::varchar[], %s::varchar[], %s::varchar[], %s::varchar[],
                                 %s::integer[]) AS new(id, state, problem, address, link, made_id)
                    WHERE line.id = new.id""",
                now,
                *(list(column) for column in zip(*values, strict=True)),
            )
        )
        self.invalidate_recordset()

    def _addresses_told(self, addresses):
        """Return which of these numbers or addresses the same broadcast has told already."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT address FROM wecom_broadcast_fallback_line
                    WHERE broadcast_id = %s AND state = 'done' AND address = ANY(%s)""",
                self.broadcast_id.id,
                [address for address in addresses if address],
            )
        )
        return {address for (address,) in rows}
