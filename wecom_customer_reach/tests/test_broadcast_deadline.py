from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, tagged

from ..models.wecom_broadcast_deadline import reminder_times
from .broadcast_common import REMIND, BroadcastCase
from .killing import Killing


@tagged("post_install", "-at_install")
class TestReminderTimes(TransactionCase):
    """Half time, 24 hours and 2 hours before, none of them too close to another."""

    def test_times(self):
        start = datetime(2026, 5, 1, 8)
        hours = {
            96: [48, 72, 94],
            48: [24, 46],
            24: [12, 22],
            4: [2],
            2.5: [1.25],
            1: [],
        }
        for length, expected in hours.items():
            with self.subTest(hours=length):
                times = reminder_times(start, start + timedelta(hours=length))
                self.assertEqual([(time - start) / timedelta(hours=1) for time in times], expected)
                self.assertLessEqual(len(times), 3)


@tagged("post_install", "-at_install")
class TestBroadcastDeadline(Killing, BroadcastCase):
    """Members are reminded before the deadline; their managers are told after it."""

    def running(self, hours=96, **values):
        """Return a running broadcast to a customer of Anna and one of Bruno, due in ``hours``."""
        self.add_customer(self.anna)
        self.add_customer(self.bruno)
        broadcast = self.sent_broadcast(deadline=fields.Datetime.now() + timedelta(hours=hours), **values)
        self.read_results(broadcast)
        return broadcast

    def pass_hours(self, broadcast, hours):
        """Let the broadcast have been sent, and be due, ``hours`` earlier."""
        earlier = timedelta(hours=hours)
        broadcast = broadcast.sudo()
        values = {
            name: broadcast[name] - earlier
            for name in ("sent_at", "deadline", "last_auto_reminder_at")
            if broadcast[name]
        }
        broadcast.write(values)
        for batch in broadcast.batch_ids:
            batch.remind_times = [moment - int(earlier.total_seconds()) for moment in batch.remind_times or []]

    def test_three_reminders_on_the_way(self):
        broadcast = self.running()
        self.send()
        self.assertEqual(self.sandbox.calls(REMIND), 0)
        for reminders, hours in enumerate((48, 24, 22), 1):
            self.pass_hours(broadcast, hours)
            self.send()
            self.send()
            self.assertEqual(self.sandbox.calls(REMIND), reminders, "each once")
        self.assertFalse(broadcast.next_reminder_at)
        self.assertEqual(broadcast.task_ids.mapped("remind_count"), [3, 3])

    def test_moments_missed_are_not_made_up_for(self):
        broadcast = self.running()
        self.pass_hours(broadcast, 95)
        self.send()
        self.assertEqual(self.sandbox.calls(REMIND), 1)
        self.assertFalse(broadcast.next_reminder_at)

    def test_budget_used_up_by_hand(self):
        broadcast = self.running(hours=4)
        for _time in range(3):
            broadcast.action_remind()
            self.send()
        self.pass_hours(broadcast, 2)
        self.send()
        self.assertEqual(self.sandbox.calls(REMIND), 3)
        self.assertIn("No automatic reminder", self.notes(broadcast))

    def test_nobody_is_reminded_without_need(self):
        for case in ("switched off", "confirmed", "stopped"):
            with self.subTest(case=case):
                broadcast = self.running(auto_remind=case != "switched off", text=case)
                if case == "confirmed":
                    self.sandbox.post("/sandbox/members/confirm_all")
                    self.read_results(broadcast)
                if case == "stopped":
                    broadcast.action_stop()
                self.pass_hours(broadcast, 50)
                self.send()
                self.assertEqual(self.sandbox.calls(REMIND), 0)

    def test_deadline_moved_later(self):
        broadcast = self.running()
        self.pass_hours(broadcast, 48)
        self.send()
        broadcast.deadline = fields.Datetime.now() + timedelta(hours=30)
        self.assertAlmostEqual(
            broadcast.next_reminder_at, broadcast.deadline - timedelta(hours=24), delta=timedelta(minutes=1)
        )

    def test_killed_at_every_commit(self):
        for after in (False, True):
            number, killed = 1, True
            while killed:
                with self.subTest(commit=number, after=after):
                    broadcast = self.running(text=f"Killed {number} {after}")
                    self.pass_hours(broadcast, 48)
                    before = self.sandbox.calls(REMIND)
                    killed = self.run_and_kill("ir_cron_send_broadcasts", number, after)
                    self.send()
                    reminders = self.sandbox.calls(REMIND) - before
                    self.assertLessEqual(reminders, 1, "a killed process can cost a reminder, never sends two")
                    if not killed:
                        self.assertEqual(reminders, 1)
                    self.assertGreater(broadcast.next_reminder_at, fields.Datetime.now())
                    self.sandbox.post("/sandbox/members/confirm_all")
                    self.read_results(broadcast)
                number += 1
                self.assertLess(number, 30)
            self.assertGreater(number, 3)

    def test_managers_are_told_once_after_the_deadline(self):
        boss = self.add_user("deadline_boss", "wecom_customer_reach.group_wecom_manager")
        self.bruno.manager_user_id = boss
        self.clara.manager_user_id = self.seller  # may not see the broadcast: the responsible user is told
        self.add_customer(self.clara)
        broadcast = self.running()
        self.read_results()
        self.assertFalse(broadcast.activity_ids)
        self.sandbox.post("/sandbox/members/anna/confirm_all")  # not read yet: she is not accused
        self.pass_hours(broadcast, 97)
        self.read_results()
        self.read_results()
        told = {activity.user_id: activity.note for activity in broadcast.activity_ids}
        self.assertEqual(set(told), {boss, self.manager})
        self.assertIn("Bruno: 1 customers wait", told[boss])
        self.assertIn("Clara: 1 customers wait", told[self.manager])
        self.assertNotIn("Anna", " ".join(map(str, told.values())))
        self.assertEqual(len(broadcast.activity_ids), 2)

    def test_told_again_after_a_new_deadline(self):
        broadcast = self.running()
        self.pass_hours(broadcast, 97)
        self.read_results()
        self.assertEqual(len(broadcast.activity_ids), 1)
        broadcast.deadline = fields.Datetime.now() + timedelta(hours=1)
        self.read_results()
        self.assertEqual(len(broadcast.activity_ids), 1)
        self.pass_hours(broadcast, 2)
        self.read_results()
        self.assertEqual(len(broadcast.activity_ids), 2)

    def test_ranking(self):
        first = self.running()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(first)
        anna = first.task_ids.filtered(lambda task: task.member_id == self.anna).sudo()
        anna.sent_at = first.batch_ids.created_at + timedelta(hours=3)
        first.action_remind()
        self.send()
        self.pass_hours(first, 97)
        self.env.flush_all()
        rows = self.env["wecom.member.completion"].with_user(self.manager).search([])
        self.assertEqual(rows.member_id.mapped("name"), ["Anna", "Bruno"])
        best, worst = rows
        self.assertEqual((best.sent_percent, best.median_hours, best.reminder_count), (100, 3, 0))
        self.assertEqual((worst.sent_percent, worst.late_count, worst.reminder_count), (0, 1, 1))
        action = worst.action_view_tasks()
        self.assertEqual(
            self.env["wecom.broadcast.task"].search(action["domain"]).member_id, self.bruno, "opens what it counts"
        )
        with self.assertRaises(AccessError):
            self.env["wecom.member.completion"].with_user(self.seller).search([])
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("ranking_elsewhere", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id})
        self.assertFalse(self.env["wecom.member.completion"].with_user(stranger).search([]))
