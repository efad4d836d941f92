import ast

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .broadcast_common import CREATE, BroadcastCase, png
from .killing import Killing


@tagged("post_install", "-at_install")
class TestBroadcastTest(Killing, BroadcastCase):
    """Sending the content to one customer before it goes to all."""

    def press_test(self, broadcast, member=None, contact=None):
        """Press Test, choose, press Send test; returns the wizard."""
        action = broadcast.action_open_test()
        form = Form(broadcast.env[action["res_model"]].with_context(**action["context"]))
        if member:
            form.member_id = member
        if contact:
            form.contact_id = contact
        wizard = form.save()
        wizard.action_send()
        return wizard

    def test_arrives_at_one_and_counts_nowhere(self):
        tester, other = self.add_customer(self.anna), self.add_customer(self.bruno)
        broadcast = self.broadcast(attachment_ids=[(0, 0, {"kind": "image", "file": png(), "filename": "a.png"})])
        self.press_test(broadcast, self.anna, tester)
        self.assertEqual(self.sandbox.calls(CREATE), 0, "no call inside the click")
        self.send()
        [made] = self.sandbox.broadcasts()
        self.assertEqual((made["text"], made["recipients"]), (broadcast.text, 1))
        test = broadcast.test_ids
        self.assertIn("Anna has to confirm it on the phone", test.test_message)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(test)
        self.assertIn("Delivered to Customer 1 by Anna", test.test_message)
        self.assertEqual(len(self.sandbox.received(tester.external_userid)), 1)
        self.assertFalse(self.sandbox.received(other.external_userid))
        self.assertEqual(broadcast.state, "draft")
        self.assertEqual((broadcast.planned_count, broadcast.sent_count, broadcast.member_count), (0, 0, 0))
        self.assertEqual(broadcast.reachable_count, 2, "who got the test gets the broadcast too")
        shown = ast.literal_eval(self.env.ref("wecom_customer_reach.wecom_broadcast_action").domain)
        self.assertNotIn(test, test.search(shown), "tests stand on their campaign, not among the broadcasts")
        broadcast.action_send()
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual((broadcast.planned_count, broadcast.sent_count), (2, 2))

    def test_draft_may_change_while_the_answer_is_out(self):
        tester = self.add_customer(self.anna)
        broadcast = self.broadcast()
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="drop_answer")
        self.press_test(broadcast, self.anna, tester)
        broadcast.text = "Something else entirely"
        self.send()
        test = broadcast.test_ids
        self.outlast_grace(test)
        self.make_due(test.batch_ids)
        self.send()
        self.assert_arrives_once(test, tester)
        self.assertEqual(len(self.sandbox.broadcasts()), 1)

    def test_remembers_member_and_customer_of_the_user(self):
        tester = self.add_customer(self.anna)
        self.add_customer(self.bruno)
        self.press_test(self.broadcast(), self.anna, tester)
        action = self.broadcast().action_open_test()
        form = Form(self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"]))
        self.assertEqual((form.member_id, form.contact_id), (self.anna, tester))
        form.member_id = self.bruno
        self.assertFalse(form.contact_id, "Bruno does not follow him")

    def test_second_click_sends_nothing_more(self):
        tester = self.add_customer(self.anna)
        broadcast = self.broadcast()
        wizard = self.press_test(broadcast, self.anna, tester)
        wizard.action_send()
        self.send()
        self.assertEqual(self.sandbox.calls(CREATE), 1)
        self.assertEqual(len(broadcast.test_ids), 1)

    def test_only_to_a_customer_whom_the_member_follows(self):
        customer = self.add_customer(self.bruno)
        broadcast = self.broadcast()
        with self.assertRaisesRegex(UserError, "does not follow"):
            broadcast._send_test(self.anna, customer)
        customer.partner_id.wecom_opt_out = True
        with self.assertRaisesRegex(UserError, "does not want"):
            broadcast._send_test(self.bruno, customer)
        broadcast.text = "{{name}}, hello"
        with self.assertRaisesRegex(UserError, "Remove"):
            broadcast._send_test(self.bruno, customer)
        self.assertFalse(broadcast.test_ids)

    def test_user_tests_as_himself_only(self):
        self.anna.user_id = self.seller
        own, foreign = self.add_customer(self.anna), self.add_customer(self.bruno)
        mine = (
            self.env["wecom.broadcast"]
            .with_user(self.seller)
            .create({"name": "Mine", "corp_id": self.corp.id, "text": "Hello"})
        )
        self.press_test(mine, contact=own.with_user(self.seller))
        self.send()
        self.assertEqual([task["userid"] for task in self.sandbox.broadcasts()[0]["tasks"]], ["anna"])
        with self.assertRaises(AccessError):
            mine._send_test(self.bruno, foreign.with_user(self.seller))
        self.add_customer(self.bruno)
        with self.assertRaisesRegex(UserError, "as this member"):
            mine._send_test(self.bruno, own.with_user(self.seller))
        with self.assertRaises(AccessError):
            self.broadcast().with_user(self.seller)._send_test(self.anna, own.with_user(self.seller))
        with self.assertRaises(AccessError):
            mine.write({"is_test": True})

    def test_refused_by_wecom_is_said(self):
        tester = self.add_customer(self.anna)
        broadcast = self.broadcast()
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="errcode", errcode=48002)
        self.press_test(broadcast, self.anna, tester)
        with mute_logger("odoo.addons.wecom_customer_reach.models.wecom_broadcast_send"):
            self.send()
        self.assertIn("48002", broadcast.test_ids.test_message)

    def test_killed_at_every_commit(self):
        for after in (False, True):
            number, killed = 1, True
            while killed:
                with self.subTest(commit=number, after=after):
                    tester = self.add_customer(self.anna)
                    broadcast = self.broadcast(text=f"Killed {number} {after}")
                    self.press_test(broadcast, self.anna, tester)
                    killed = self.run_and_kill("ir_cron_send_broadcasts", number, after)
                    test = broadcast.test_ids
                    for _run in range(2):
                        self.outlast_grace(test)
                        self.make_due(test.batch_ids)
                        self.send()
                    self.assert_arrives_once(test, tester)
                number += 1
                self.assertLess(number, 30)
            self.assertGreater(number, 4, "a run has more steps than that")
