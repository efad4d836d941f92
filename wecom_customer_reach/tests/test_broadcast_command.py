from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.exceptions import UserError
from odoo.tests import tagged

from .broadcast_common import CANCEL, CREATE, REMIND, TASKS, BroadcastCase


@tagged("post_install", "-at_install")
class TestBroadcastRemind(BroadcastCase):
    """Three reminders in 24 hours, and only where somebody is pending."""

    def running_broadcast(self):
        self.add_customer(self.anna)
        self.add_customer(self.bruno)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        return broadcast

    def test_budget(self):
        broadcast = self.running_broadcast()
        for left in (3, 2, 1):
            self.assertEqual(broadcast.remind_left, left)
            broadcast.action_remind()
            self.assertEqual(self.sandbox.calls(REMIND), 3 - left, "no call inside the click")
            self.send()
            self.assertEqual(self.sandbox.calls(REMIND), 4 - left)
        self.assertEqual(broadcast.remind_left, 0)
        with self.assertRaisesRegex(UserError, "3 reminders"):
            broadcast.action_remind()
        with freeze_time(fields.Datetime.now() + timedelta(hours=24, seconds=1)):
            broadcast.batch_ids.invalidate_recordset()
            broadcast.invalidate_recordset()
            self.assertEqual(broadcast.remind_left, 3)
        self.assertIn("were reminded", self.notes(broadcast))

    def test_nobody_pending(self):
        broadcast = self.running_broadcast()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(broadcast.remind_left, 0)
        with self.assertRaisesRegex(UserError, "nobody to remind"):
            broadcast.action_remind()

    def test_wecom_counts_otherwise(self):
        """Somebody else has reminded as well: WeCom's refusal empties the budget here."""
        broadcast = self.running_broadcast()
        self.sandbox.post("/sandbox/faults", path=REMIND, kind="errcode", errcode=41094)
        broadcast.action_remind()
        self.send()
        self.assertEqual(broadcast.remind_left, 0)
        self.assertIn("41094", self.notes(broadcast))

    def test_lost_answer_is_not_repeated(self):
        broadcast = self.running_broadcast()
        self.sandbox.post("/sandbox/faults", path=REMIND, kind="drop_answer")
        broadcast.action_remind()
        self.send()
        self.send()
        self.assertEqual(self.sandbox.calls(REMIND), 1)
        self.assertEqual(broadcast.remind_left, 2, "it counts as sent")

    def test_refused_reminder_is_given_back(self):
        broadcast = self.running_broadcast()
        self.sandbox.post("/sandbox/faults", path=REMIND, kind="errcode", errcode=45009)
        broadcast.action_remind()
        self.send()
        self.assertEqual(broadcast.remind_left, 3)
        self.assertIn("The reminder was not sent", self.notes(broadcast))

    def test_reminded_member_is_looked_at_soon(self):
        broadcast = self.running_broadcast()
        batch = broadcast.batch_ids.sudo()
        batch.write({"poll_count": 9, "next_poll_at": fields.Datetime.now() + timedelta(days=1)})
        broadcast.action_remind()
        self.send()
        self.assertLess(batch.next_poll_at, fields.Datetime.now() + timedelta(minutes=6))


@tagged("post_install", "-at_install")
class TestBroadcastStop(BroadcastCase):
    """Stopping withdraws what is pending; what has gone out stays."""

    def test_withdraws_the_pending_only(self):
        fast, slow = self.add_customer(self.anna), self.add_customer(self.bruno)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        self.assertIn("1 customers have received", broadcast.stop_message)
        self.assertIn("1 have not", broadcast.stop_message)
        broadcast.action_stop()
        self.assertEqual(self.sandbox.calls(CANCEL), 0, "no call inside the click")
        self.assertEqual(broadcast.state, "running", "not before WeCom knows")
        self.send()
        self.read_results()
        self.assertEqual(broadcast.state, "cancelled")
        self.assertEqual(self.states(broadcast), {fast.name: ("sent", False), slow.name: ("cancelled", False)})
        self.assertEqual(sorted(broadcast.task_ids.mapped("state")), ["cancelled", "sent"])
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertFalse(self.sandbox.received(slow.external_userid))
        self.assertIn("Stopped by", self.notes(broadcast))
        self.assertTrue(broadcast.batch_ids.msgid, "kept for ever")

    def test_confirmed_before_wecom_stopped_him_counts_as_sent(self):
        customer = self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        broadcast.action_stop()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.send()
        self.read_results()
        self.assertEqual(self.states(broadcast), {customer.name: ("sent", False)})
        self.assertEqual(broadcast.state, "cancelled")

    def test_batches_not_sent_are_given_up(self):
        self.add_customer(self.anna)
        broadcast = self.broadcast()
        broadcast.action_send()
        broadcast.sudo()._plan()
        broadcast.action_stop()
        self.assertEqual(broadcast.batch_ids.state, "cancelled")
        self.assertEqual((broadcast.state, broadcast.cancelled_count), ("cancelled", 1))
        self.send()
        self.assertEqual(self.sandbox.calls(CREATE), 0)

    def test_before_planning(self):
        self.add_customer(self.anna)
        broadcast = self.broadcast()
        broadcast.action_send()
        broadcast.action_stop()
        self.send()
        self.assertEqual(broadcast.state, "cancelled")
        self.assertFalse(broadcast.recipient_ids)

    def test_unknown_is_withdrawn_when_found_and_given_up_when_not(self):
        for kind, calls in (("drop_answer", 1), ("drop_connection", 0)):
            with self.subTest(kind=kind):
                customer = self.add_customer(self.anna)
                self.sandbox.post("/sandbox/faults", path=CREATE, kind=kind)
                self.sandbox.post(
                    "/sandbox/faults",
                    path="/cgi-bin/externalcontact/get_groupmsg_list_v2",
                    kind="errcode",
                    errcode=48002,
                )
                broadcast = self.sent_broadcast(text=kind, partner_domain=repr([("id", "=", customer.partner_id.id)]))
                self.assertEqual(broadcast.batch_ids.state, "unknown")
                broadcast.action_stop()
                batch = broadcast.batch_ids.sudo()
                batch.claimed_at -= batch._absence_grace
                before = self.sandbox.calls(CANCEL)
                self.make_due(batch)
                self.send()
                self.assertEqual(self.sandbox.calls(CANCEL) - before, calls)
                self.read_results()
                self.assertEqual((broadcast.state, broadcast.cancelled_count), ("cancelled", 1))
                self.sandbox.post("/sandbox/members/confirm_all")
                self.assertFalse(self.sandbox.received(customer.external_userid))

    def test_wecom_may_say_nothing_more_about_a_stopped_broadcast(self):
        fast, slow = self.add_customer(self.anna), self.add_customer(self.bruno)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        broadcast.action_stop()
        self.send()
        self.sandbox.post("/sandbox/faults", path=TASKS, kind="errcode", errcode=41093)
        self.read_results()
        self.assertEqual(self.states(broadcast), {fast.name: ("sent", False), slow.name: ("cancelled", False)})
        self.assertEqual(broadcast.state, "cancelled")

    def test_stopped_in_wecom_itself(self):
        customer = self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        self.sandbox.post("/sandbox/faults", path=TASKS, kind="errcode", errcode=41093)
        self.read_results(broadcast)
        self.assertEqual(self.states(broadcast), {customer.name: ("cancelled", False)})
        self.assertEqual((broadcast.batch_ids.state, broadcast.state), ("cancelled", "done"))

    def test_wecom_out_of_reach_is_tried_again(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/faults", path=CANCEL, kind="errcode", errcode=48002)
        broadcast.action_stop()
        self.send()
        self.assertIn("48002", broadcast.batch_ids.error_message)
        self.make_due(broadcast.batch_ids)
        self.send()
        self.read_results()
        self.assertEqual(broadcast.state, "cancelled")


@tagged("post_install", "-at_install")
class TestBroadcastButtons(BroadcastCase, CronMixinCase):
    """Sending now or later, changing one's mind, and clicking twice."""

    def test_scheduled(self):
        customer = self.add_customer(self.anna)
        at = fields.Datetime.now() + timedelta(hours=2)
        broadcast = self.broadcast(send_mode="scheduled", scheduled_at=at)
        with self.capture_triggers("wecom_customer_reach.ir_cron_send_broadcasts") as triggers:
            broadcast.action_schedule()
        self.assertEqual(triggers.records.mapped("call_at"), [at])
        self.send()
        self.assertEqual(broadcast.state, "scheduled")
        with self.assertRaisesRegex(UserError, "set it back to draft"):
            broadcast.text = "other"
        broadcast.sudo().env.cr.execute(
            "UPDATE wecom_broadcast SET scheduled_at = %s WHERE id = %s", (at - timedelta(hours=3), broadcast.id)
        )
        broadcast.invalidate_recordset()
        self.send()
        self.assertEqual(broadcast.state, "running")
        self.assertEqual(self.states(broadcast), {customer.name: ("pending", False)})

    def test_time_must_be_in_the_future(self):
        broadcast = self.broadcast(send_mode="scheduled")
        with self.assertRaisesRegex(UserError, "in the future"):
            broadcast.action_schedule()
        broadcast.scheduled_at = fields.Datetime.now() - timedelta(minutes=1)
        with self.assertRaisesRegex(UserError, "in the future"):
            broadcast.action_schedule()

    def test_back_to_draft_and_cancelled(self):
        broadcast = self.broadcast(scheduled_at=fields.Datetime.now() + timedelta(hours=2))
        broadcast.action_schedule()
        broadcast.action_draft()
        self.assertEqual(broadcast.state, "draft")
        broadcast.action_cancel()
        self.assertEqual(broadcast.state, "cancelled")
        broadcast.action_draft()
        broadcast.unlink()

    def test_clicking_twice_sends_once(self):
        customer = self.add_customer(self.anna)
        broadcast = self.broadcast()
        broadcast.action_send()
        broadcast.action_send()
        self.send()
        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.state, "running")
        self.assertEqual(self.sandbox.calls(CREATE), 1)
        self.assertEqual(self.states(broadcast), {customer.name: ("pending", False)})

    def test_no_network_inside_a_click(self):
        self.add_customer(self.anna)
        self.sandbox.delete("/sandbox/calls")
        broadcast = self.broadcast()
        broadcast.action_send()
        broadcast.action_stop()
        self.assertFalse(self.sandbox.get("/sandbox/counters")["calls"])

    def test_filter_that_cannot_be_used(self):
        for domain in ("[('no_such_field', '=', 1)]", "not a filter", "[('child_ids', 'any!', [])]"):
            with self.subTest(domain=domain):
                broadcast = self.broadcast(partner_domain=domain)
                self.assertEqual((broadcast.audience_count, broadcast.reachable_count), (0, 0))
                with self.assertRaisesRegex(UserError, "partner filter"):
                    broadcast.action_send()
                self.assertEqual(broadcast.state, "draft")

    def test_archived_only_when_nothing_is_under_way(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        with self.assertRaisesRegex(UserError, "under way"):
            broadcast.action_archive()
        broadcast.action_stop()
        self.send()
        self.read_results()
        broadcast.action_archive()
        self.assertFalse(broadcast.active)

    def test_plan_that_fails_tells_the_responsible_user(self):
        self.anna.user_id = self.seller
        broadcast = self.broadcast(user_id=self.seller.id)
        broadcast.action_send()
        self.anna.user_id = False
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertEqual(broadcast.activity_ids.user_id, self.seller)
        self.assertIn("not linked to a WeCom member", broadcast.activity_ids.note)

    def test_plan_that_fails_gives_the_draft_back(self):
        self.add_customer(self.anna)
        broadcast = self.broadcast()
        broadcast.action_send()
        self.manager.active = False
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertIn("is a draft again", self.notes(broadcast))
        self.assertEqual(self.sandbox.calls(CREATE), 0)

    def test_nobody_to_reach_is_said_instead_of_done(self):
        self.add_partner("Stranger")
        broadcast = self.broadcast()
        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(broadcast.recipient_ids, "nothing is left of the plan")
        self.assertIn("Nobody of the audience can be reached", self.notes(broadcast))
        self.assertFalse(self.sandbox.broadcasts())
