from odoo import fields, models

from .exclusion import EXCLUSION_RULES, REACH_ACTIONS

RESULT_STATES = ("refused", "pending", "sent", "not_friend", "capped", "cancelled")


class WecomBroadcastStatistics(models.Model):
    """How far a broadcast has come: counted from recipients, tasks and batches, one query each for all records."""

    _inherit = "wecom.broadcast"

    planned_count = fields.Integer(
        "Planned", compute="_compute_recipient_counts", help="Everybody who is not left out."
    )
    excluded_count = fields.Integer("Left Out", compute="_compute_recipient_counts")
    refused_count = fields.Integer("Refused", compute="_compute_recipient_counts")
    pending_count = fields.Integer("Pending", compute="_compute_recipient_counts")
    sent_count = fields.Integer("Delivered", compute="_compute_recipient_counts")
    not_friend_count = fields.Integer("Not a Friend", compute="_compute_recipient_counts")
    capped_count = fields.Integer("Capped", compute="_compute_recipient_counts")
    cancelled_count = fields.Integer("Withdrawn", compute="_compute_recipient_counts")
    refused_percent = fields.Float("Refused %", compute="_compute_recipient_counts")
    pending_percent = fields.Float("Pending %", compute="_compute_recipient_counts")
    sent_percent = fields.Float("Delivered %", compute="_compute_recipient_counts")
    not_friend_percent = fields.Float("Not a Friend %", compute="_compute_recipient_counts")
    capped_percent = fields.Float("Capped %", compute="_compute_recipient_counts")
    cancelled_percent = fields.Float("Withdrawn %", compute="_compute_recipient_counts")
    member_count = fields.Integer("Members", compute="_compute_member_counts")
    member_sent_count = fields.Integer(
        "Members Who Have Sent", compute="_compute_member_counts", help="Members with no task left to confirm."
    )
    remind_left = fields.Integer(
        "Reminders Left", compute="_compute_batch_summary", help="Of 3 in 24 hours, where somebody is pending."
    )
    unknown_count = fields.Integer("Batches Being Looked Up", compute="_compute_batch_summary")
    failed_count = fields.Integer("Failed Batches", compute="_compute_batch_summary")
    next_poll_at = fields.Datetime("Next Look At", compute="_compute_batch_summary")
    stop_message = fields.Text(compute="_compute_stop_message", help="What stopping now would do.")

    def _compute_recipient_counts(self):
        groups = self.env["wecom.broadcast.recipient"]._read_group(
            [("broadcast_id", "in", self.ids)], ["broadcast_id", "state"], ["__count"]
        )
        counts = {(broadcast.id, state): count for broadcast, state, count in groups}
        for broadcast in self:
            numbers = {state: counts.get((broadcast.id, state), 0) for state in ("planned", *RESULT_STATES)}
            planned = sum(numbers.values())
            values = {"planned_count": planned, "excluded_count": counts.get((broadcast.id, "excluded"), 0)}
            for state in RESULT_STATES:
                values[f"{state}_count"] = numbers[state]
                values[f"{state}_percent"] = 100 * numbers[state] / planned if planned else 0
            broadcast.update(values)

    def _compute_member_counts(self):
        groups = self.env["wecom.broadcast.task"]._read_group(
            [("broadcast_id", "in", self.ids)], ["broadcast_id", "state"], ["member_id:array_agg_distinct"]
        )
        members = {(broadcast.id, state): set(member_ids) for broadcast, state, member_ids in groups}
        for broadcast in self:
            pending, sent, cancelled = (
                members.get((broadcast.id, state), set()) for state in ("pending", "sent", "cancelled")
            )
            broadcast.member_count = len(pending | sent | cancelled)
            broadcast.member_sent_count = len(sent - pending)

    def _compute_batch_summary(self):
        self.batch_ids.task_ids.fetch(["state"])
        for broadcast in self:
            batches = broadcast.batch_ids
            waiting = batches.filtered(lambda batch: batch.msgid and not batch.final_at)
            pending = waiting.filtered(lambda batch: "pending" in batch.task_ids.mapped("state"))
            broadcast.remind_left = max(pending.mapped("remind_left"), default=0)
            broadcast.unknown_count = len(batches.filtered(lambda batch: batch.state == "unknown"))
            broadcast.failed_count = len(batches.filtered(lambda batch: batch.state == "failed"))
            broadcast.next_poll_at = min(filter(None, waiting.mapped("next_poll_at")), default=False)

    def _compute_stop_message(self):
        for broadcast in self:
            waiting = broadcast.planned_count - sum(
                broadcast[f"{state}_count"] for state in RESULT_STATES if state != "pending"
            )
            broadcast.stop_message = self.env._(
                "As WeCom told last, %(sent)s customers have received this broadcast; that cannot be recalled. "
                "%(waiting)s have not: they will be withdrawn, except those whose member confirms before WeCom stops "
                "him.",
                sent=broadcast.sent_count,
                waiting=waiting,
            )

    def _exclusion_report(self):
        """Return one dict per reason that leaves somebody out, in the order of the rules.

        Keys ``code``, ``label``, ``meaning``, ``action`` (translated), ``buttons`` and ``count``. Before sending it is
        worked out from the audience as it is now, afterwards from the recipients.
        """
        self.ensure_one()
        counts = self.reach_counts or {}
        translate = self.env._
        return [
            {
                "code": rule.code,
                "label": translate(rule.label),
                "meaning": translate(rule.meaning),
                "action": self._reason_action(rule),
                "buttons": [{"code": code, "label": translate(REACH_ACTIONS[code])} for code in rule.buttons],
                "count": counts[rule.code],
            }
            for rule in EXCLUSION_RULES
            if counts.get(rule.code)
        ]
