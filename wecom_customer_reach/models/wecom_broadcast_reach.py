from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .bulk_fields import UncheckedMany2one
from .exclusion import EXCLUSION_RULES, EXCLUSION_SELECTION
from .sender_rule import SENDER_RULES
from .wecom_broadcast import AUDIENCE_FIELDS

ONE_CODE = SQL("CASE WHEN bool_or(exclusion IS NULL) THEN '' ELSE min(exclusion) END")
"""What becomes of a partner, whatever his contacts: reached through one of them, or left out."""


class WecomBroadcastReachLine(models.Model):
    """A partner of a broadcast's reach report, and why he would be left out. Written in bulk, replaced as a whole."""

    _name = "wecom.broadcast.reach"
    _description = "WeCom Broadcast Reach"
    _log_access = False
    _order = "id"
    _rec_name = "partner_id"

    broadcast_id = UncheckedMany2one("wecom.broadcast", required=True, index=True)
    partner_id = UncheckedMany2one("res.partner", "Customer", required=True)
    exclusion = fields.Selection(EXCLUSION_SELECTION, "Reason")
    member_id = UncheckedMany2one("wecom.member", "Sent By", help="Empty: WeCom decides.")
    sender_rule = fields.Selection(SENDER_RULES, "Sender Chosen By")


class WecomBroadcastReach(models.Model):
    """The reach report: who would receive the broadcast and who not and why, worked out on demand and kept.

    Small audiences are counted whenever the form is read. A large one is worked out by a button, like a plan that
    writes no recipients, and stands until the audience is changed. What has changed when the broadcast is planned is
    kept with it.
    """

    _inherit = "wecom.broadcast"

    _live_reach_limit = 5000
    """Up to so many partners are counted whenever the form is read."""

    reach_report = fields.Json(
        readonly=True,
        copy=False,
        help="Keys: at (UTC, ISO format), audience (partners), counts (partners by code of the reason, the empty one: "
        "reachable).",
    )
    reach_changes = fields.Json(
        readonly=True,
        copy=False,
        help="Between report and plan: list of code before, code after (null: not in the audience), partners.",
    )
    reach_unknown = fields.Boolean(compute="_compute_audience_counts")
    sender_message = fields.Char("Chosen By", compute="_compute_sender_message", help="By which rule members send.")
    reach_report_message = fields.Char(compute="_compute_reach_report_message")
    reach_change_message = fields.Text(compute="_compute_reach_change_message")

    def write(self, vals):
        result = super().write(vals)
        if AUDIENCE_FIELDS & vals.keys():
            self.sudo().filtered("reach_report").reach_report = False
        return result

    def unlink(self):
        self.env.cr.execute(SQL("DELETE FROM wecom_broadcast_reach WHERE broadcast_id = ANY(%s)", self.ids))
        self.env.cr.execute(SQL("DELETE FROM wecom_broadcast_sender WHERE broadcast_id = ANY(%s)", self.ids))
        return super().unlink()

    def action_work_out_reach(self):
        """Work out who would receive this now, and who not and why, and keep it. It can be repeated at any time."""
        self.ensure_one()
        self.check_access("write")
        if self.planned_at or self.state not in ("draft", "to_approve", "scheduled"):
            raise UserError(self.env._("This broadcast has been sent: its tab Reach says who was left out, and why."))
        self._work_out_reach()

    def action_schedule(self):
        drafts = self.filtered(lambda broadcast: broadcast.state == "draft")
        result = super().action_schedule()
        for broadcast in drafts.filtered(lambda broadcast: broadcast.state == "scheduled"):
            broadcast._work_out_reach()  # what has changed by then is told when it goes out
        return result

    def action_request_approval(self):
        self._in_states(("draft",))._work_out_large()
        return super().action_request_approval()

    def _approve(self, version, comment):
        self._work_out_large()  # the approval holds for a number of customers
        return super()._approve(version, comment)

    def _most_recipients(self):
        """Return how many would receive this; while a large audience has not been worked out, how many at most."""
        return self.audience_count if self.reach_unknown else self.reachable_count

    def _work_out_large(self):
        """Work out the reach of these that are too large to be counted whenever they are read."""
        for broadcast in self.filtered(lambda broadcast: broadcast.audience_count > broadcast._live_reach_limit):
            broadcast._work_out_reach()

    def _work_out_reach(self):
        """Write the reach report: two statements for any number of partners. Raises a UserError as the plan does."""
        judged = self._judged_sql()
        self.env.flush_all()
        # As for the plan: compiling such a long statement costs more than it saves.
        self.env.cr.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        self.env.cr.execute(SQL("DELETE FROM wecom_broadcast_reach WHERE broadcast_id = %s", self.id))
        counts = self.env.execute_query(
            SQL(
                """WITH %s,
                   outcome AS MATERIALIZED (
                       SELECT DISTINCT partner_id, exclusion,
                              CASE WHEN exclusion IS NULL THEN sender_id END AS sender_id,
                              CASE WHEN exclusion IS NULL THEN sender_rule END AS sender_rule
                         FROM judged
                   ),
                   written AS (
                       INSERT INTO wecom_broadcast_reach
                              (broadcast_id, partner_id, exclusion, member_id, sender_rule)
                       SELECT %s, partner_id, exclusion, sender_id, sender_rule FROM outcome
                   )
                   SELECT exclusion, count(*), (SELECT count(DISTINCT partner_id) FROM outcome)
                     FROM outcome GROUP BY exclusion""",
                judged,
                self.id,
            )
        )
        self.env["wecom.broadcast.reach"].invalidate_model()
        self.sudo().reach_report = {
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "audience": counts[0][2] if counts else 0,
            "counts": {code or "": count for code, count, _audience in counts},
        }
        self.invalidate_recordset()

    def _reason_domain(self, code):
        """Return the domain of the partners that one line of the report counts: of the plan once it is made."""
        link = "wecom_planned_ids" if self.planned_at else "wecom_reach_ids"
        return [(link, "any", [("broadcast_id", "=", self.id), ("exclusion", "=", code or False)])]

    def _plan(self):
        if self.planned_at:
            return super()._plan()
        result = super()._plan()
        if self.reach_report:
            self.reach_changes = self._changes_since_report()
        self.env.cr.execute(SQL("DELETE FROM wecom_broadcast_reach WHERE broadcast_id = %s", self.id))
        return result

    def _changes_since_report(self):
        """Return [code in the report, code in the plan, partners] where the two differ; None: not in the audience."""
        self.env.flush_all()
        return [
            list(row)
            for row in self.env.execute_query(
                SQL(
                    """WITH report AS (
                           SELECT partner_id, %(code)s AS code FROM wecom_broadcast_reach
                            WHERE broadcast_id = %(broadcast)s GROUP BY partner_id
                       ),
                       plan AS (
                           SELECT partner_id, %(code)s AS code FROM wecom_broadcast_recipient
                            WHERE broadcast_id = %(broadcast)s GROUP BY partner_id
                       )
                       SELECT report.code, plan.code, count(*)
                         FROM report FULL JOIN plan USING (partner_id)
                        WHERE report.code IS DISTINCT FROM plan.code
                     GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
                    code=ONE_CODE,
                    broadcast=self.id,
                )
            )
        ]

    @api.depends("reach_report", "planned_at", "audience_count")
    def _compute_reach_report_message(self):
        for broadcast in self:
            report = broadcast.reach_report
            if broadcast.planned_at:
                text = broadcast.env._("Frozen when it was planned on %s.", broadcast._moment(broadcast.planned_at))
            elif broadcast.reach_unknown:
                text = broadcast.env._(
                    "%s partners match. Work the reach out to see who receives it, who does not, and why: it takes "
                    "some seconds.",
                    broadcast._number(broadcast.audience_count),
                )
            elif report and broadcast.audience_count > self._live_reach_limit:
                text = broadcast.env._(
                    "Worked out on %s.", broadcast._moment(fields.Datetime.to_datetime(report["at"]))
                )
            else:
                text = broadcast.env._("As it is now.")
            broadcast.reach_report_message = text

    @api.depends("reach_report", "planned_at")
    def _compute_sender_message(self):
        for broadcast in self:
            rows = broadcast.env["wecom.broadcast.recipient" if broadcast.planned_at else "wecom.broadcast.reach"]
            domain = [("broadcast_id", "=", broadcast._origin.id), ("sender_rule", "!=", False)]
            known = broadcast.planned_at or broadcast.reach_report
            groups = rows._read_group(domain, ["sender_rule"], ["__count"], order="__count DESC") if known else ()
            labels = dict(rows._fields["sender_rule"]._description_selection(broadcast.env))
            broadcast.sender_message = (
                " · ".join(f"{labels[rule]}: {broadcast._number(count)}" for rule, count in groups) or False
            )

    @api.depends("reach_changes", "planned_at")
    def _compute_reach_change_message(self):
        for broadcast in self:
            lines = broadcast._change_lines() if broadcast.planned_at else []
            broadcast.reach_change_message = "\n".join(lines) or False

    def _change_lines(self):
        """Return what changed between report and plan, and between plan and hand-over, one sentence each."""
        labels = {rule.code: self.env._(rule.label) for rule in EXCLUSION_RULES}  # pylint: disable=translation-not-lazy
        lines = [self._change_line(labels, *change) for change in self.reach_changes or ()]
        if lines:
            at = self._moment(fields.Datetime.to_datetime(self.reach_report["at"]))
            lines.insert(0, self.env._("Since the report of %s:", at))
        late = self.env.execute_query(
            SQL(
                """SELECT exclusion, count(*) FROM wecom_broadcast_recipient
                    WHERE broadcast_id = %s AND state = 'excluded' AND batch_id IS NOT NULL
                 GROUP BY exclusion ORDER BY 2 DESC, 1""",
                self._origin.id,
            )
        )
        return lines + [
            self.env._(
                "%(count)s left out when it was handed to WeCom: %(reason)s.",
                count=self._number(count),
                reason=labels.get(code, code),
            )
            for code, count in late
        ]

    def _change_line(self, labels, before, after, count):
        """Return one sentence for ``count`` partners whose code was ``before`` and is ``after``."""
        numbers = {"count": self._number(count), "before": labels.get(before), "after": labels.get(after)}
        if after is None:
            return self.env._("%(count)s no longer in the audience.", **numbers)
        if before is None and after:
            return self.env._("%(count)s new in the audience, left out: %(after)s.", **numbers)
        if before is None:
            return self.env._("%(count)s new in the audience, can be reached.", **numbers)
        if not before:
            return self.env._("%(count)s can no longer be reached: %(after)s.", **numbers)
        if not after:
            return self.env._("%(count)s can be reached now; before: %(before)s.", **numbers)
        return self.env._("%(count)s left out for another reason: %(after)s; before: %(before)s.", **numbers)
