from odoo.tests import tagged

from .broadcast_common import CANCEL, CREATE, REMIND, BroadcastCase
from .killing import Killing

MOST_COMMITS = 30


@tagged("post_install", "-at_install")
class TestBroadcastKilled(Killing, BroadcastCase):
    """The process ends at the n-th commit of an action, just before or just after it, for every n."""

    def sweep(self, least_commits, scenario):
        """Call ``scenario(name, kill)`` until its kill comes too late; ``kill(action)`` runs an action and kills it."""
        for after in (False, True):
            for number in range(1, MOST_COMMITS):
                killed = []
                with self.subTest(commit=number, after=after):
                    scenario(
                        f"Killed {number} {after}",
                        lambda action, at=(number, after), seen=killed: seen.append(self.run_and_kill(action, *at)),
                    )
                if not any(killed):
                    self.assertGreater(number, least_commits, "a run has more steps than that")
                    break

    def draft(self, text):
        """Return a new customer of Anna, and a draft to him alone."""
        customer = self.add_customer(self.anna)
        audience = repr([("id", "=", customer.partner_id.id)])
        return customer, self.broadcast(text=text, partner_domain=audience)

    def running(self, text):
        """Return a new customer of Anna, and a broadcast to him that she has not confirmed."""
        customer, broadcast = self.draft(text)
        broadcast.action_send()
        self.send()
        self.read_results(broadcast)
        return customer, broadcast

    def finish_sending(self, broadcast):
        for _run in range(2):
            self.outlast_grace(broadcast)
            self.make_due(broadcast.batch_ids)
            self.send()

    def test_sending(self):
        def scenario(name, kill):
            customer, broadcast = self.draft(name)
            broadcast.action_send()
            kill("ir_cron_send_broadcasts")
            self.finish_sending(broadcast)
            self.assertEqual(set(broadcast.batch_ids.mapped("state")), {"created"})
            self.assert_arrives_once(broadcast, customer)

        self.sweep(6, scenario)

    def test_settling_a_lost_answer(self):
        def scenario(name, kill):
            customer, broadcast = self.draft(name)
            self.sandbox.post("/sandbox/faults", path=CREATE, kind="drop_answer")
            broadcast.action_send()
            kill("ir_cron_send_broadcasts")
            self.finish_sending(broadcast)
            self.sandbox.delete("/sandbox/faults")
            self.assertEqual(set(broadcast.batch_ids.mapped("state")), {"created"})
            self.assert_arrives_once(broadcast, customer)

        self.sweep(7, scenario)

    def test_reading_results(self):
        def scenario(name, kill):
            customer, broadcast = self.running(name)
            self.sandbox.post("/sandbox/members/confirm_all")
            broadcast.action_refresh_results()
            kill("ir_cron_read_results")
            self.assert_arrives_once(broadcast, customer)

        self.sweep(3, scenario)

    def test_reminding(self):
        def scenario(name, kill):
            _customer, broadcast = self.running(name)
            before = self.sandbox.calls(REMIND)
            broadcast.action_remind()
            kill("ir_cron_send_broadcasts")
            self.send()
            reminders = self.sandbox.calls(REMIND) - before
            self.assertLessEqual(reminders, 1, "a killed process can cost a reminder, it never sends one twice")
            self.assertLessEqual(broadcast.remind_left, 3 - reminders)
            self.sandbox.post("/sandbox/members/confirm_all")

        self.sweep(2, scenario)

    def test_stopping(self):
        def scenario(name, kill):
            customer, broadcast = self.running(name)
            broadcast.action_stop()
            kill("ir_cron_send_broadcasts")
            self.make_due(broadcast.batch_ids)
            self.send()
            self.read_results(broadcast)
            self.assertEqual(broadcast.state, "cancelled")
            self.assertTrue(self.sandbox.calls(CANCEL))
            self.sandbox.post("/sandbox/members/confirm_all")
            self.assertFalse(self.sandbox.received(customer.external_userid))

        self.sweep(2, scenario)
