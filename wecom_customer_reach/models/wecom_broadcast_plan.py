import logging
from datetime import timedelta

import psycopg2

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .cap_policy import cap_window
from .exclusion import EXCLUSION_RULES, exclusion_case
from .message_class import MARKETING

_logger = logging.getLogger(__name__)


class WecomBroadcastPlan(models.Model):
    """Who receives the broadcast, from whom, in which batch; who is left out and why: one statement for all rows."""

    _inherit = "wecom.broadcast"

    def _plan(self):
        """Write recipients and batches of this broadcast. Planning twice changes nothing.

        Raises a UserError when the audience cannot be worked out; nothing is written then.
        """
        self.ensure_one()
        if self.planned_at:
            return
        self._check_content()
        self._check_own_member()
        judged = self._judged_sql()
        self.env.flush_all()
        # Compiling such a long statement costs more than it saves; its sorts should stay in memory.
        self.env.cr.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        self.env.cr.execute(self._insert_sql(judged))
        self.env.invalidate_all()
        self.planned_at = fields.Datetime.now()
        self._note_plan()

    def _live_reach(self):
        """Return {code of the reason, None for reachable: number of partners} as a plan made now would have it."""
        self.ensure_one()
        judged = self._judged_sql()
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL("WITH %s SELECT exclusion, count(DISTINCT partner_id) FROM judged GROUP BY exclusion", judged)
            )
        )

    def _judged_sql(self):
        """Return the common table expressions that end in ``judged``: one row per partner and contact, with its reason.

        ``candidate`` has the columns the exclusion rules speak of.
        """
        return SQL(
            """audience AS MATERIALIZED (
                   SELECT partner.id AS partner_id, partner.user_id AS salesperson_id,
                          COALESCE(partner.wecom_opt_out, FALSE) AS opted_out,
                          contact.id AS contact_id, contact.external_userid
                     FROM res_partner partner
                LEFT JOIN wecom_contact contact ON contact.partner_id = partner.id AND contact.corp_id = %(corp)s
                    WHERE partner.id IN %(audience)s
               ),
               reach AS (%(reach)s),
               capped AS (%(capped)s),
               quiet AS (%(quiet)s),
               candidate AS (
                   SELECT audience.*, reach.sender_id, reach.sender_rule,
                          COALESCE(followed, FALSE) AS followed, COALESCE(half, FALSE) AS half,
                          COALESCE(deleted_by_customer, FALSE) AS deleted_by_customer,
                          COALESCE(employed, FALSE) AS employed, COALESCE(sendable, FALSE) AS sendable,
                          COALESCE(own, FALSE) AS own,
                          %(no_salesperson)s AS no_salesperson,
                          capped.contact_id IS NOT NULL AS capped,
                          quiet.partner_id IS NOT NULL AS quiet,
                          %(reached)s AS reached,
                          audience.contact_id IS NULL AND %(awaiting)s AS awaiting_match,
                          %(existing_customer)s AS existing_customer,
                          row_number() OVER (
                              PARTITION BY audience.partner_id
                              ORDER BY COALESCE(own, FALSE) DESC, sender_rule = 'moved' DESC NULLS LAST,
                                       followed_at DESC NULLS LAST, audience.contact_id
                          ) AS contact_rank
                     FROM audience
                LEFT JOIN reach ON reach.contact_id = audience.contact_id
                LEFT JOIN capped ON capped.contact_id = audience.contact_id
                LEFT JOIN quiet ON quiet.partner_id = audience.partner_id
               ),
               judged AS (SELECT *, %(exclusion)s AS exclusion FROM candidate)""",
            corp=self.corp_id._origin.id,
            audience=self._audience_query().subselect(),
            reach=self._reach_sql(),
            capped=self._capped_sql(),
            quiet=self._quiet_sql(),
            no_salesperson=SQL("sender_id IS NULL" if self.sender_policy == "salesperson_only" else "FALSE"),
            reached=self._reached_sql(),
            awaiting=self._awaiting_match_sql(),
            existing_customer=self._existing_customer_sql(),
            exclusion=exclusion_case(),
        )

    def _capped_sql(self):
        """Return the contacts who have received as many broadcasts in the window as the corp's cap allows."""
        window = cap_window(self.corp_id.cap_policy, fields.Datetime.now())
        if not window:
            return SQL("SELECT NULL::integer AS contact_id WHERE FALSE")
        start, allowed = window
        return SQL(
            "SELECT contact_id FROM (%s) counted WHERE date >= %s GROUP BY contact_id HAVING count(*) >= %s",
            self.env["wecom.touch"]._counted_sql(),
            start,
            allowed,
        )

    def _quiet_sql(self):
        """Return the partners who have received a broadcast in the quiet period, nobody where it does not hold."""
        days = self.corp_id.quiet_days
        if not days or self.message_class != MARKETING:
            return SQL("SELECT NULL::integer AS partner_id WHERE FALSE")
        return SQL(
            """SELECT DISTINCT contact.partner_id
                 FROM (%s) counted JOIN wecom_contact contact ON contact.id = counted.contact_id
                WHERE counted.date >= %s AND contact.corp_id = %s AND contact.partner_id IS NOT NULL""",
            self.env["wecom.touch"]._counted_sql(),
            fields.Datetime.now() - timedelta(days=days),
            self.corp_id._origin.id,
        )

    def _awaiting_match_sql(self):
        """Return whether a contact of the corp waits for a person to choose between this partner and others."""
        waiting = self.env["wecom.contact"]._awaiting_partners_sql(self.corp_id._origin)
        return SQL("audience.partner_id IN (%s)", waiting)

    def _insert_sql(self, judged):
        """Return the one statement that writes the batches and the recipients.

        Customers of one sender are cut into slices; each slice gets a batch whose id its recipients carry at once.
        """
        return SQL(
            """WITH %(judged)s,
               sliced AS (
                   SELECT *, (row_number() OVER (
                       PARTITION BY exclusion IS NULL, sender_id ORDER BY contact_id) - 1) / %(size)s AS slice
                     FROM judged
               ),
               slot AS (
                   SELECT sender_id, slice, count(*) AS recipient_count,
                          row_number() OVER (ORDER BY slice, sender_id NULLS FIRST) AS sequence
                     FROM sliced WHERE exclusion IS NULL GROUP BY sender_id, slice
               ),
               batch AS (
                   INSERT INTO wecom_broadcast_batch
                          (broadcast_id, company_id, sequence, sender_id, state, recipient_count, attempt_count,
                           poll_count, create_uid, write_uid, create_date, write_date)
                   SELECT %(broadcast)s, %(company)s, sequence, sender_id, 'planned', recipient_count,
                          0, 0, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                     FROM slot RETURNING id, sequence
               )
               INSERT INTO wecom_broadcast_recipient
                      (broadcast_id, partner_id, contact_id, external_userid, member_id, sender_rule, batch_id, state,
                       exclusion)
               SELECT %(broadcast)s, partner_id, contact_id, external_userid,
                      CASE WHEN exclusion IS NULL THEN sliced.sender_id END,
                      CASE WHEN exclusion IS NULL THEN sliced.sender_rule END, batch.id,
                      CASE WHEN exclusion IS NULL THEN 'planned' ELSE 'excluded' END, exclusion
                 FROM sliced
            LEFT JOIN slot ON sliced.exclusion IS NULL AND slot.slice = sliced.slice
                          AND COALESCE(slot.sender_id, 0) = COALESCE(sliced.sender_id, 0)
            LEFT JOIN batch ON batch.sequence = slot.sequence""",
            judged=judged,
            size=self.env["wecom.broadcast.batch"]._slice_size,
            broadcast=self.id,
            company=self.company_id.id,
            uid=self.env.uid,
        )

    def _note_plan(self):
        """Say in the chatter who will receive the broadcast and who is left out, and why."""
        labels = {rule.code: self.env._(rule.label) for rule in EXCLUSION_RULES}
        left_out = ", ".join(f"{labels[line['code']]}: {line['count']}" for line in self._exclusion_report())
        self._note(
            lambda broadcast: broadcast.env._(
                "Planned: %(planned)s customers (batches: %(batches)s). Left out: %(left_out)s.",
                planned=broadcast.planned_count,
                batches=len(broadcast.batch_ids),
                left_out=left_out or broadcast.env._("nobody"),
            )
        )

    def _plan_or_reopen(self):
        """Plan; when the audience cannot be worked out, set the broadcast back to draft and say why."""
        try:
            with self.env.cr.savepoint():
                self._plan()
                if not self.planned_count:
                    raise UserError(self.env._("Nobody of the audience can be reached: the tab Reach says why."))
        except (UserError, AccessError) as error:
            reason = str(error)
        except (psycopg2.DataError, ValueError) as error:
            _logger.info("The audience of broadcast %s cannot be worked out: %s", self.id, type(error).__name__)
            reason = self.env._("The partner filter cannot be used. Choose it again.")
        else:
            return
        self._reopen(reason)

    def _reopen(self, reason):
        """Make this a draft again and tell the responsible user why."""
        self.write({"state": "draft", "sending_at": False})
        self._note(lambda broadcast: broadcast.env._("This could not be sent and is a draft again. %s", reason))
        if self.user_id.active:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("The broadcast was not sent"),
                note=reason,
                user_id=self.user_id.id,
            )
