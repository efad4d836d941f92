from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .wecom_corp import ADMINISTRATOR
from .wecom_erasure import PSEUDONYM

ROWS_PER_STEP = 5_000
SHORTEST_RESULT_DAYS = 60
"""WeCom changes results for a month and caps count a month back (wecom-api.md § 6.1, 6.7)."""

OLD_BROADCASTS = """
    SELECT id FROM wecom_broadcast
     WHERE corp_id = %(corp)s AND state IN ('done', 'cancelled') AND coalesce(final_at, write_date) < %(results_before)s
"""
NAMELESS_RESULTS = [
    f"""
    UPDATE wecom_broadcast_recipient SET contact_id = NULL, partner_id = NULL, external_userid = NULL WHERE id IN (
        SELECT id FROM wecom_broadcast_recipient
         WHERE broadcast_id IN ({OLD_BROADCASTS})
           AND num_nonnulls(contact_id, partner_id, external_userid) > 0
         LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
    f"""
    UPDATE wecom_broadcast_fallback_line SET partner_id = NULL, address = NULL WHERE id IN (
        SELECT id FROM wecom_broadcast_fallback_line
         WHERE broadcast_id IN ({OLD_BROADCASTS}) AND state != 'waiting' AND num_nonnulls(partner_id, address) > 0
         LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
    *(
        f"""
        UPDATE {table} SET contact_id = NULL, external_userid = 'nameless:' || id WHERE id IN (
            SELECT history.id
              FROM {table} history
              JOIN wecom_moment moment ON moment.id = history.moment_id
             WHERE moment.corp_id = %(corp)s AND moment.final_at < %(results_before)s
               AND history.external_userid NOT IN ('', 'nameless:' || history.id)
             LIMIT %(limit)s FOR UPDATE OF history SKIP LOCKED)
        """
        for table in ("wecom_moment_audience", "wecom_moment_reaction")
    ),
]
PSEUDONYMS_OF_FINAL_RESULTS = """
    UPDATE wecom_broadcast_recipient SET external_userid = NULL WHERE id IN (
        SELECT recipient.id
          FROM wecom_broadcast_recipient recipient
          JOIN wecom_broadcast_batch batch ON batch.id = recipient.batch_id AND batch.final_at IS NOT NULL
          JOIN wecom_broadcast broadcast ON broadcast.id = recipient.broadcast_id AND broadcast.corp_id = %(corp)s
         WHERE recipient.external_userid LIKE %(pseudonym)s
         LIMIT %(limit)s FOR UPDATE OF recipient SKIP LOCKED)
"""


class WecomCorp(models.Model):
    """How long what WeCom told is kept, and the scheduled action that deletes what is older."""

    _inherit = "wecom.corp"

    retention_event_days = fields.Integer(
        string="Events Are Kept For",
        default=30,
        required=True,
        groups=ADMINISTRATOR,
        help="Days after which callbacks that have been worked on are deleted; failed ones are kept twice as long. "
        "0: they are kept.",
    )
    retention_sync_days = fields.Integer(
        string="Synchronisation Logs Are Kept For",
        default=90,
        required=True,
        groups=ADMINISTRATOR,
        help="Days after which ended synchronisations are deleted. 0: they are kept.",
    )
    retention_result_days = fields.Integer(
        string="Names In Results Are Kept For",
        default=0,
        required=True,
        groups=ADMINISTRATOR,
        help="Days after the end of a broadcast, 60 at least, after which its results no longer say who the customers "
        "were. The figures stay. 0: the names are kept.",
    )

    @api.constrains("retention_event_days", "retention_sync_days", "retention_result_days")
    def _check_retention(self):
        for corp in self.sudo():
            if min(corp.retention_event_days, corp.retention_sync_days, corp.retention_result_days) < 0:
                raise ValidationError(self.env._("A number of days cannot be negative. Enter 0 to keep everything."))
            if 0 < corp.retention_result_days < SHORTEST_RESULT_DAYS:
                raise ValidationError(
                    self.env._(
                        "Names in results are needed for %(days)s days at least: results still change, and caps count "
                        "them. Enter 0 to keep them.",
                        days=SHORTEST_RESULT_DAYS,
                    )
                )

    @api.model
    def _cron_forget(self):
        """Delete what has been kept long enough, some thousand rows in each committed step; killed, it goes on."""
        progress = self.env["ir.cron"]._commit_progress
        # Archived corps too: nobody looks at them any more, and what they keep is personal as well.
        corps = self.with_context(active_test=False).search([("id", "!=", False)])
        if not progress(remaining=len(corps)):
            return
        for position, corp in enumerate(corps):
            remaining = len(corps) - position
            corp._erase_again()
            for statement in corp._forgetting():
                more = True
                while more:
                    self.env.cr.execute(statement)
                    count = self.env.cr.rowcount
                    self.env.invalidate_all()
                    more = count == ROWS_PER_STEP
                    if not progress(count, remaining=remaining):
                        return
            progress(remaining=remaining - 1)

    def _erase_again(self):
        """Erase whoever was written by a run that had read him just before he was erased."""
        if not self.erasure_salt:
            return
        rows = self.env.execute_query(
            SQL(
                """SELECT contact.id FROM wecom_contact contact
                     JOIN wecom_erasure erasure
                       ON erasure.corp_id = contact.corp_id AND erasure.contact_hash
                          = encode(sha256(convert_to(%s || contact.external_userid, 'UTF8')), 'hex')
                    WHERE contact.corp_id = %s""",
                self.erasure_salt,
                self.id,
            )
        )
        if rows:
            self.env["wecom.contact"].browse([contact_id for (contact_id,) in rows])._erase()

    def _forgetting(self):
        """Return the statements that each delete or make nameless ``ROWS_PER_STEP`` rows of the corp that are old."""
        statements = []
        days = {"event": self.retention_event_days, "sync": self.retention_sync_days}
        if days["event"]:
            statements.append(
                """
                DELETE FROM wecom_event WHERE id IN (
                    SELECT id FROM wecom_event
                     WHERE corp_id = %(corp)s
                       AND (state IN ('done', 'ignored') AND received_at < %(events_before)s
                            OR state = 'failed' AND received_at < %(failed_events_before)s)
                     LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
                """
            )
        if days["sync"]:
            statements.append(
                """
                DELETE FROM wecom_sync WHERE id IN (
                    SELECT id FROM wecom_sync
                     WHERE corp_id = %(corp)s AND state != 'running' AND create_date < %(syncs_before)s
                     LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
                """
            )
        if self.retention_result_days:
            statements += NAMELESS_RESULTS
        if self.erasure_salt:
            statements.append(PSEUDONYMS_OF_FINAL_RESULTS)
        now = fields.Datetime.now()
        values = {
            "corp": self.id,
            "limit": ROWS_PER_STEP,
            "pseudonym": f"{PSEUDONYM}%",
            "events_before": now - timedelta(days=days["event"]),
            "failed_events_before": now - timedelta(days=2 * days["event"]),
            "syncs_before": now - timedelta(days=days["sync"]),
            "results_before": now - timedelta(days=self.retention_result_days),
        }
        return [SQL(statement, **values) for statement in statements]
