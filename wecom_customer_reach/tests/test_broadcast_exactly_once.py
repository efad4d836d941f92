from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .broadcast_common import CREATE, LIST, TASKS, UPLOAD, BroadcastCase, png


@tagged("post_install", "-at_install")
class TestBroadcastExactlyOnce(BroadcastCase):
    """Whatever happens between Odoo and WeCom: nothing twice, nothing forgotten."""

    def fault(self, path, kind, **values):
        self.sandbox.post("/sandbox/faults", path=path, kind=kind, **values)

    def test_lost_answer_is_found(self):
        customers = self.add_customer(self.anna), self.add_customer(self.bruno)
        self.fault(CREATE, "drop_answer")
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.assertEqual(batch.state, "created", "the same run looks it up")
        self.assertTrue(batch.settled_at)
        self.assertEqual(broadcast.state, "running")
        self.assertEqual(self.sandbox.calls(CREATE), 1)
        self.assertIn("The answer of WeCom was lost", self.notes(broadcast))
        self.assertIn("It was found in WeCom", self.notes(broadcast))
        self.assert_arrives_once(broadcast, *customers)

    def test_lost_answer_is_found_although_the_clocks_differ(self):
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/clock", advance=2 * 86400)
        self.fault(CREATE, "drop_answer")
        broadcast = self.sent_broadcast()
        self.outlast_grace(broadcast)
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual(broadcast.batch_ids.state, "created")
        self.assert_arrives_once(broadcast, customer)

    def test_other_lost_answers_are_found(self):
        for kind, values in (("truncated", {}), ("not_json", {})):
            with self.subTest(kind=kind):
                customer = self.add_customer(self.anna)
                self.fault(CREATE, kind, **values)
                broadcast = self.sent_broadcast(
                    text=f"Lost by {kind}", partner_domain=repr([("id", "=", customer.partner_id.id)])
                )
                self.assertEqual(broadcast.batch_ids.state, "created")
                self.assertTrue(broadcast.batch_ids.settled_at)
        self.assertEqual(len(self.sandbox.broadcasts()), 2)

    def test_request_that_never_arrived_is_sent_after_the_proof(self):
        for kind, values in (("drop_connection", {}), ("http_error", {"status": 502}), ("errcode", {"errcode": -1})):
            with self.subTest(kind=kind):
                customer = self.add_customer(self.anna)
                before = self.sandbox.calls(CREATE)
                self.fault(CREATE, kind, **values)
                audience = repr([("id", "=", customer.partner_id.id)])
                broadcast = self.sent_broadcast(text=f"Lost by {kind}", partner_domain=audience)
                batch = broadcast.batch_ids
                self.assertEqual(batch.state, "unknown")
                self.assertEqual(broadcast.unknown_count, 1)
                self.assertEqual(broadcast.state, "sending")
                self.make_due(batch)
                self.send()
                self.assertEqual(batch.state, "unknown", "too early to believe that it is missing")
                self.assertEqual(self.sandbox.calls(CREATE), before + 1)
                self.outlast_grace(broadcast)
                self.make_due(batch)
                self.send()
                self.assertEqual(batch.state, "created")
                self.assertEqual(self.sandbox.calls(CREATE), before + 2)
                self.assertIn("was never made", self.notes(broadcast))
                self.assert_arrives_once(broadcast, customer)

    def test_look_up_that_fails_proves_nothing(self):
        customer = self.add_customer(self.anna)
        self.fault(CREATE, "drop_connection")
        self.fault(LIST, "errcode", errcode=48002, times=2)
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.outlast_grace(broadcast)
        self.make_due(batch)
        self.send()
        self.assertEqual(batch.state, "unknown")
        self.assertIn("48002", batch.error_message)
        self.make_due(batch)
        self.send()
        self.assertEqual(batch.state, "created")
        self.assert_arrives_once(broadcast, customer)

    def test_while_wecom_hands_out_nothing_is_decided(self):
        customer = self.add_customer(self.anna)
        self.fault(CREATE, "drop_answer")
        self.fault(TASKS, "errcode", errcode=41063, times=1)
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.assertEqual(batch.state, "unknown")
        self.outlast_grace(broadcast)
        self.fault(TASKS, "errcode", errcode=41063, times=1)
        self.make_due(batch)
        self.send()
        self.assertEqual(batch.state, "unknown", "it may be the one that is being handed out")
        self.make_due(batch)
        self.send()
        self.assertEqual(batch.state, "created")
        self.assert_arrives_once(broadcast, customer)

    def test_lost_answer_is_found_although_wecom_writes_the_text_in_its_own_way(self):
        customer = self.add_customer(self.anna)
        self.fault(CREATE, "drop_answer")
        self.fault(LIST, "errcode", errcode=48002, times=1)
        broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.batch_ids.state, "unknown")
        self.env.cr.execute(
            "UPDATE wecom_broadcast SET text = %s WHERE id = %s", (" We are closed\r\nfor two weeks. ", broadcast.id)
        )
        broadcast.invalidate_recordset()
        self.outlast_grace(broadcast)
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual(broadcast.batch_ids.state, "created")
        self.assertEqual(broadcast.batch_ids.msgid, self.sandbox.broadcasts()[0]["msgid"])
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertEqual(len(self.sandbox.received(customer.external_userid)), 1)

    def test_who_opts_out_while_a_batch_waits_is_left_out(self):
        fine, annoyed = self.add_customer(self.anna), self.add_customer(self.anna)
        self.fault(CREATE, "errcode", errcode=45009)
        broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.batch_ids.state, "planned")
        annoyed.partner_id.wecom_opt_out = True
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual(
            self.states(broadcast), {fine.name: ("pending", False), annoyed.name: ("excluded", "opted_out")}
        )
        self.assertEqual(broadcast.batch_ids.recipient_count, 1)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertFalse(self.sandbox.received(annoyed.external_userid))

    def test_nobody_left_after_waiting(self):
        annoyed = self.add_customer(self.anna)
        self.fault(CREATE, "errcode", errcode=45009)
        broadcast = self.sent_broadcast()
        annoyed.partner_id.wecom_opt_out = True
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual((broadcast.state, broadcast.batch_ids.state), ("done", "cancelled"))
        self.assertFalse(self.sandbox.broadcasts())

    def test_two_slices_never_take_each_others_broadcast(self):
        self.patch(type(self.env["wecom.broadcast.batch"]), "_slice_size", 2)
        customers = [self.add_customer(self.anna) for _each in range(4)]
        self.fault(CREATE, "drop_answer")
        self.fault(CREATE, "drop_connection")
        broadcast = self.sent_broadcast()
        first, second = broadcast.batch_ids
        self.assertEqual((first.state, second.state), ("created", "unknown"))
        self.outlast_grace(broadcast)
        self.make_due(second)
        self.send()
        self.assertEqual(second.state, "created")
        book = {
            made["msgid"]: {
                row["external_userid"]
                for row in self.sandbox.get(f"/sandbox/broadcasts/{made['msgid']}/recipients")["recipients"]
            }
            for made in self.sandbox.broadcasts()
        }
        for batch in broadcast.batch_ids:
            recipients = broadcast.recipient_ids.filtered(lambda row, batch=batch: row.batch_id == batch)
            self.assertEqual(book[batch.msgid], set(recipients.mapped("external_userid")))
        self.assert_arrives_once(broadcast, *customers)

    def test_same_text_to_fewer_people_is_not_taken(self):
        self.assert_nested_audiences_get_their_own_back("We are closed for two weeks.")

    def test_same_words_to_fewer_people_are_not_taken(self):
        self.assert_nested_audiences_get_their_own_back("We are closed\nfor two  weeks. ")

    def assert_nested_audiences_get_their_own_back(self, text_of_small):
        """Two lost broadcasts with one text, one audience inside the other."""
        inner, outer = self.add_customer(self.anna), self.add_customer(self.anna)
        big = self.broadcast()
        small = self.broadcast(text=text_of_small, partner_domain=repr([("id", "=", inner.partner_id.id)]))
        self.fault(CREATE, "drop_connection")
        big.action_send()
        self.send()
        self.fault(CREATE, "drop_answer")
        self.fault(LIST, "errcode", errcode=48002, times=1)
        small.action_send()
        self.send()
        self.assertEqual((big.batch_ids.state, small.batch_ids.state), ("unknown", "unknown"))
        self.make_due(big.batch_ids)
        self.send()
        self.assertEqual(big.batch_ids.state, "unknown", "the broadcast in WeCom is the small one")
        self.make_due(small.batch_ids)
        self.send()
        self.assertEqual(small.batch_ids.state, "created")
        self.outlast_grace(big)
        self.make_due(big.batch_ids)
        self.send()
        self.assertEqual(big.batch_ids.state, "created")
        self.assertEqual(len(self.sandbox.broadcasts()), 2)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.assertEqual(len(self.sandbox.received(outer.external_userid)), 1)

    def test_what_members_send_themselves_is_not_taken(self):
        customer = self.add_customer(self.anna)
        text = "We are closed for two weeks."
        self.sandbox.post("/sandbox/members/anna/broadcast", external_userids=[customer.external_userid], text=text)
        self.fault(CREATE, "drop_connection")
        broadcast = self.sent_broadcast(text=text)
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual(broadcast.batch_ids.state, "unknown")

    def test_refused_customers_are_known_after_a_lost_answer(self):
        fine, removed = self.add_customer(self.anna), self.add_customer(self.anna)
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=removed.external_userid)
        self.fault(CREATE, "drop_answer")
        broadcast = self.sent_broadcast()
        self.assertEqual(self.states(broadcast), {fine.name: ("pending", False), removed.name: ("refused", False)})

    def test_rate_limit_waits_and_holds_the_corp(self):
        self.patch(type(self.env["wecom.broadcast.batch"]), "_slice_size", 1)
        customers = self.add_customer(self.anna), self.add_customer(self.anna)
        self.fault(CREATE, "errcode", errcode=45009)
        broadcast = self.sent_broadcast()
        self.assertEqual(set(broadcast.batch_ids.mapped("state")), {"planned"})
        self.assertEqual(self.sandbox.calls(CREATE), 1, "the second batch is not even tried")
        for batch in broadcast.batch_ids:
            self.assertGreater(batch.next_attempt_at, fields.Datetime.now() + timedelta(seconds=50))
        self.send()
        self.assertEqual(self.sandbox.calls(CREATE), 1)
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assert_arrives_once(broadcast, *customers)

    def test_wecom_out_of_reach_waits(self):
        customer = self.add_customer(self.anna)
        url = self.corp.base_url
        self.corp.base_url = "http://127.0.0.1:1"
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.assertEqual(batch.state, "planned")
        self.assertGreater(batch.next_attempt_at, fields.Datetime.now())
        self.assertTrue(batch.error_message)
        self.corp.base_url = url
        self.make_due(batch)
        self.send()
        self.assert_arrives_once(broadcast, customer)

    def test_refusal_is_explained_and_can_be_sent_again(self):
        customer = self.add_customer(self.anna)
        self.fault(CREATE, "errcode", errcode=48002)
        with mute_logger("odoo.addons.wecom_customer_reach.models.wecom_broadcast_send"):
            broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.assertEqual((batch.state, batch.error_code), ("failed", 48002))
        self.assertEqual((broadcast.state, broadcast.failed_count), ("done", 1))
        self.assertEqual(broadcast.refused_count, 1)
        self.assertIn("48002", self.notes(broadcast))
        batch.with_user(self.manager).action_retry()
        self.assertEqual(broadcast.state, "sending")
        self.send()
        self.assert_arrives_once(broadcast, customer)

    def test_a_manager_decides_what_cannot_be_looked_up(self):
        customer = self.add_customer(self.anna)
        self.fault(CREATE, "drop_connection")
        self.fault(LIST, "errcode", errcode=48002, times=1)
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.assertEqual(batch.state, "unknown")
        with self.assertRaises(UserError):
            batch.with_user(self.manager).action_retry()
        with self.assertRaises(AccessError):
            batch.with_user(self.seller).action_declare_not_made()
        batch.with_user(self.manager).action_declare_not_made()
        self.assertEqual((batch.state, broadcast.state, broadcast.refused_count), ("failed", "done", 1))
        with self.assertRaises(UserError):
            batch.with_user(self.manager).action_declare_not_made()
        batch.with_user(self.manager).action_retry()
        self.send()
        self.assert_arrives_once(broadcast, customer)

    def test_nobody_sendable(self):
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer.external_userid)
        broadcast = self.sent_broadcast()
        self.assertEqual((broadcast.batch_ids.state, broadcast.batch_ids.error_code), ("failed", 41048))
        self.assertEqual(self.states(broadcast), {customer.name: ("refused", False)})
        self.assertEqual(broadcast.state, "done")

    def test_failed_upload_leaves_nothing_unknown(self):
        customer = self.add_customer(self.anna)
        self.fault(UPLOAD, "http_error", status=500, times=4)
        broadcast = self.sent_broadcast(attachment_ids=[(0, 0, {"kind": "image", "file": png()})])
        batch = broadcast.batch_ids
        self.assertEqual((batch.state, batch.attempt_count), ("planned", 0))
        self.assertEqual(self.sandbox.calls(CREATE), 0)
        self.make_due(batch)
        self.send()
        self.assert_arrives_once(broadcast, customer)
