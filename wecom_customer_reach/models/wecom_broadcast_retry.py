from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .exclusion import EXCLUSION_RULES, OPTED_OUT, REACHED
from .wecom_broadcast_recipient import RECIPIENT_STATES

MISSED_STATES = ("cancelled", "refused", "capped", "not_friend")
"""How a planned customer can have been missed for good. Pending is not among them: a member may still confirm."""
NOT_RETRIED = (OPTED_OUT, REACHED, "duplicate")
PRESELECTED = ("cancelled", "refused", "capped", "cap")
MAY_HAVE_IT = SQL("""state IN ('sent', 'pending', 'planned')""")


class WecomBroadcastRetry(models.Model):
    """Sending again to those a broadcast has missed, never to one who got it.

    A broadcast, its retries and theirs are one family. Its audience is frozen: the recipients of the first that were
    missed for the chosen reasons. Whoever another one of the family has reached, or may still reach, is left out when
    this is planned, and once more when a batch is claimed.
    """

    _inherit = "wecom.broadcast"

    retry_of_id = fields.Many2one("wecom.broadcast", readonly=True, index="btree_not_null", ondelete="restrict")
    retry_reasons = fields.Char(readonly=True, help="Why the customers meant were missed: codes, comma separated.")
    retry_text = fields.Char("Only Those Missed", compute="_compute_retry_text")
    retry_ids = fields.One2many("wecom.broadcast", "retry_of_id", "Retries", copy=False)
    missed_count = fields.Integer("Missed", compute="_compute_missed_count")

    @api.constrains("retry_of_id")
    def _check_retry_of(self):
        self.retry_of_id.sudo(False).check_access("read")
        if self._has_cycle("retry_of_id"):
            raise UserError(self.env._("A broadcast cannot be a retry of itself."))

    @api.depends("retry_of_id", "retry_reasons")
    def _compute_retry_text(self):
        labels = self._missed_labels()
        for broadcast in self:
            codes = (broadcast.retry_reasons or "").split(",")
            broadcast.retry_text = broadcast.retry_of_id and ", ".join(labels.get(code, code) for code in codes)

    @api.depends("state")
    def _compute_missed_count(self):
        for broadcast in self:
            ended = broadcast.state in ("done", "cancelled") and broadcast.planned_at and not broadcast.is_test
            broadcast.missed_count = ended and sum(line["count"] for line in broadcast._missed())

    @api.model
    def _missed_labels(self):
        """Return {code: translated label} of everything a retry can be for, states before reasons."""
        states = {code: self.env._(label) for code, label in RECIPIENT_STATES if code in MISSED_STATES}  # pylint: disable=translation-not-lazy
        rules = {rule.code: self.env._(rule.label) for rule in EXCLUSION_RULES if rule.code not in NOT_RETRIED}  # pylint: disable=translation-not-lazy
        return states | rules

    def _missed(self):
        """Return those whom neither this broadcast nor a retry has reached: dicts of code, label and count."""
        self.ensure_one()
        labels = self._missed_labels()
        rows = self.env.execute_query(
            SQL(
                """SELECT COALESCE(exclusion, state) AS code, count(DISTINCT partner_id)
                     FROM wecom_broadcast_recipient
                    WHERE broadcast_id = %s AND partner_id IS NOT NULL
                      AND (state = ANY(%s) OR exclusion = ANY(%s))
                      AND partner_id NOT IN (
                          SELECT partner_id FROM wecom_broadcast_recipient
                           WHERE broadcast_id = ANY(%s) AND partner_id IS NOT NULL AND %s)
                 GROUP BY 1""",
                self.id,
                list(MISSED_STATES),
                list(labels),
                self._family_ids(),
                MAY_HAVE_IT,
            )
        )
        counts = dict(rows)
        return [{"code": code, "label": labels[code], "count": counts[code]} for code in labels if code in counts]

    def _family_root(self):
        """Return the broadcast that this one, possibly over several steps, is a retry of; itself when it is none."""
        self.ensure_one()
        root = self.sudo()
        while root.retry_of_id:
            root = root.retry_of_id
        return root._origin

    def _family_ids(self):
        """Return the ids of all saved broadcasts of the family, this one included."""
        root = self._family_root()
        if not root:
            return []
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE family AS (
                       SELECT %s AS id
                        UNION
                       SELECT broadcast.id FROM wecom_broadcast broadcast
                         JOIN family ON broadcast.retry_of_id = family.id
                   ) SELECT id FROM family""",
                root.id,
            )
        )
        return [number for (number,) in rows]

    def _retry_domain(self):
        """Return the Domain over partners a retry is limited to; everybody for another broadcast."""
        if not self.retry_of_id:
            return Domain.TRUE
        codes = (self.retry_reasons or "").split(",")
        missed = SQL(
            """SELECT partner_id FROM wecom_broadcast_recipient
                WHERE broadcast_id = %s AND partner_id IS NOT NULL AND COALESCE(exclusion, state) = ANY(%s)""",
            self.retry_of_id._origin.id,
            codes,
        )
        return Domain("id", "in", missed)

    def _reached_sql(self):
        """Return whether another broadcast of the family has reached the partner, or may still reach him."""
        others = [number for number in self._family_ids() if number != self._origin.id]
        if not others:
            return SQL("FALSE")
        return SQL(
            """audience.partner_id IN (
                   SELECT partner_id FROM wecom_broadcast_recipient
                    WHERE broadcast_id = ANY(%s) AND partner_id IS NOT NULL AND %s)""",
            others,
            MAY_HAVE_IT,
        )

    def action_open_retry(self):
        """Show who was missed and why, and ask for which reasons to try again."""
        self.ensure_one()
        self._check_may_be_retried()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Retry those missed"),
            "res_model": "wecom.broadcast.retry",
            "view_mode": "form",
            "target": "new",
            "context": {"default_broadcast_id": self.id},
        }

    def _check_may_be_retried(self):
        """Raise a UserError while members may still send this broadcast, or when it was never sent."""
        if self.state in ("sending", "running"):
            raise UserError(
                self.env._(
                    "Members may still send %s: who is missed is not certain yet. Stop it first, or wait until it is "
                    "done.",
                    self.name,
                )
            )
        if self.state not in ("done", "cancelled") or not self.planned_at or self.is_test:
            raise UserError(self.env._("%s was not sent, so nobody was missed.", self.name))

    def _retry(self, codes):
        """Return a new draft to those missed for the reasons ``codes`` (see :meth:`_missed`)."""
        self.ensure_one()
        self.check_access("write")
        self._check_may_be_retried()
        if not set(codes) & {line["code"] for line in self._missed()}:
            raise UserError(self.env._("Choose at least one reason: nobody would be left to send to."))
        retry = self.copy(
            {
                "name": self.env._("%s (retry)", self.name),
                "user_id": self.env.uid,
                "retry_of_id": self.id,
                "retry_reasons": ",".join(codes),
                "partner_domain": "[]",
                "tag_any_ids": False,
                "tag_all_ids": False,
                "tag_none_ids": False,
                "member_ids": False,
                "send_mode": "now",
            }
        )
        self._note(lambda broadcast: broadcast.env._("A retry to those missed was prepared: %s", retry.name))
        return retry


class WecomBroadcastBatchRetry(models.Model):
    """Nobody of a family gets it twice, whatever happens between plan and claim."""

    _inherit = "wecom.broadcast.batch"

    def _leave_out_reached(self):
        """Leave out whom another broadcast of the family has reached since the plan, or is just being sent to.

        Claims of one family wait for each other: the one that waited fails with a serialization error and is tried
        again, now seeing the other.
        """
        broadcast = self.broadcast_id
        others = [number for number in broadcast._family_ids() if number != broadcast.id]
        if not others:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE wecom_broadcast SET write_date = write_date WHERE id = %s", broadcast._family_root().id)
        )
        self._leave_out(
            REACHED,
            SQL(
                """partner_id IN (
                       SELECT other.partner_id FROM wecom_broadcast_recipient other
                         JOIN wecom_broadcast_batch batch ON batch.id = other.batch_id
                        WHERE other.broadcast_id = ANY(%s)
                          AND (other.state IN ('sent', 'pending')
                               OR other.state = 'planned' AND batch.state IN ('claimed', 'unknown')))""",
                others,
            ),
        )
