from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

from .wecom_broadcast_audience import GROUP_MANAGER

BEFORE_DEADLINE = (timedelta(hours=24), timedelta(hours=2))
APART = timedelta(hours=1)
"""Reminders closer to each other than this are one."""
ACTIVITY_TYPE = "wecom_customer_reach.mail_activity_type_members_late"


def reminder_times(start, deadline):
    """Return when members are reminded on the way from ``start`` to ``deadline``, in order: at most three times.

    At half time, 24 hours and 2 hours before; WeCom takes three reminders in 24 hours (wecom-api.md § 6.3).
    """
    wanted = sorted({start + (deadline - start) / 2, *(deadline - before for before in BEFORE_DEADLINE)})
    times = []
    for moment in wanted:
        if start + APART <= moment and (not times or moment - times[-1] >= APART):
            times.append(moment)
    return times


class WecomBroadcastDeadline(models.Model):
    """Reminds the members before the deadline, and tells their managers who has not sent after it."""

    _inherit = "wecom.broadcast"

    auto_remind = fields.Boolean(
        "Remind Automatically",
        default=True,
        help="Members who have not confirmed are reminded at half time, 24 hours and 2 hours before the deadline, as "
        "far as the 3 reminders in 24 hours reach.",
    )
    next_reminder_at = fields.Datetime("Next Automatic Reminder", compute="_compute_next_reminder_at", store=True)
    last_auto_reminder_at = fields.Datetime(readonly=True, copy=False)
    overdue_told_at = fields.Datetime(
        readonly=True, copy=False, help="When the managers were told who had not sent at the deadline."
    )

    _to_remind_idx = models.Index("(next_reminder_at) WHERE state = 'running' AND next_reminder_at IS NOT NULL")

    @api.depends("auto_remind", "deadline", "sent_at", "last_auto_reminder_at", "is_test")
    def _compute_next_reminder_at(self):
        for broadcast in self:
            start, deadline = broadcast.sent_at, broadcast.deadline
            wanted = broadcast.auto_remind and start and deadline and start < deadline and not broadcast.is_test
            times = reminder_times(start, deadline) if wanted else []
            last = broadcast.last_auto_reminder_at
            broadcast.next_reminder_at = next((time for time in times if not last or time > last), False)

    def write(self, vals):
        if "deadline" in vals:
            self.filtered("overdue_told_at").sudo().write({"overdue_told_at": False})
        return super().write(vals)

    @api.model
    def _step_auto_remind(self):
        """Ask for the reminder of one broadcast whose time has come; return whether there was one.

        That it was asked for and the request itself are one transaction: killed before, it is asked for again; after,
        the reminder goes the way of every other one. Moments missed meanwhile are not made up for.
        """
        now = fields.Datetime.now()
        broadcast = self.search(
            [("state", "=", "running"), ("stop_requested_at", "=", False), ("next_reminder_at", "<=", now)],
            order="next_reminder_at, id",
            limit=1,
        )._speaking()
        if not broadcast:
            return False
        broadcast.last_auto_reminder_at = now
        if broadcast.deadline <= now:
            return True
        pending = broadcast.batch_ids.filtered(lambda batch: "pending" in batch.task_ids.mapped("state"))
        ready = pending.filtered(lambda batch: batch._can_be_reminded())
        ready.write({"remind_requested_at": now})
        if pending - ready:
            broadcast._note(
                lambda record: record.env._(
                    "No automatic reminder for some members: the 3 reminders of the last 24 hours are used up."
                )
            )
        return True

    @api.model
    def _step_overdue(self):
        """Look once more at one broadcast whose deadline has passed, then tell the managers who has not sent.

        Returns whether there was one. Looking commits; telling is one transaction with noting that it was done.
        """
        now = fields.Datetime.now()
        broadcast = self.search(
            [
                ("state", "=", "running"),
                ("deadline", "<=", now),
                ("overdue_told_at", "=", False),
                ("stop_requested_at", "=", False),
                ("is_test", "=", False),
            ],
            order="deadline, id",
            limit=1,
        )._speaking()
        if not broadcast:
            return False
        clients = {}
        for batch in broadcast.batch_ids.filtered(lambda batch: batch.msgid and not batch.final_at):
            batch._poll(clients)
        broadcast.overdue_told_at = now
        if broadcast.state == "running":
            broadcast._tell_overdue()
        return True

    def _tell_overdue(self):
        """Schedule one activity for each manager of members who have not sent."""
        late = self.task_ids.filtered(lambda task: task.state == "pending")
        by_manager = late.grouped(lambda task: self._manager_of(task.member_id))
        for manager, tasks in by_manager.items():
            if not manager.active:
                continue
            speaking = self.with_context(lang=manager.lang)
            lines = [
                speaking.env._(
                    "%(member)s: %(count)s customers wait",
                    member=member.display_name,
                    count=sum(
                        tasks.filtered(lambda task, member=member: task.member_id == member).mapped("recipient_count")
                    ),
                )
                for member in tasks.member_id
            ]
            speaking.activity_schedule(
                ACTIVITY_TYPE,
                summary=speaking.env._("%s members have not sent at the deadline", len(tasks.member_id)),
                note=Markup("<br/>").join(lines),
                user_id=manager.id,
            )

    def _manager_of(self, member):
        """Return the user told when ``member`` is late: his manager if he may see this, or the responsible user."""
        manager = member.manager_user_id
        if manager.active and manager.has_group(GROUP_MANAGER) and self.company_id in manager.company_ids:
            return manager
        return self.user_id
