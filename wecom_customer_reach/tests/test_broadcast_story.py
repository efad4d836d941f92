from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .broadcast_common import TASKS, BroadcastCase, mp4, png


@tagged("post_install", "-at_install")
class TestBroadcastStory(BroadcastCase):
    """From a partner list to the customers' phones and back."""

    def test_every_outcome_comes_back(self):
        reached = self.add_customer(self.anna)
        shared = self.add_customer(self.anna, self.bruno, last_chat=self.bruno)
        gone = self.add_customer(self.anna)
        late = self.add_customer(self.clara)
        never = self.add_customer(self.add_member("dora"))
        self.sandbox.post(f"/sandbox/customers/{gone.external_userid}/delete_member", userid="anna")
        self.add_partner("Stranger")

        broadcast = self.broadcast()
        self.assertEqual((broadcast.audience_count, broadcast.reachable_count), (6, 5))
        broadcast.action_send()
        self.assertEqual(broadcast.state, "sending")
        self.send()

        self.assertEqual(broadcast.state, "running")
        self.assertEqual(self.states(broadcast)["Stranger"], ("excluded", "no_contact"))
        self.assertEqual((broadcast.planned_count, broadcast.pending_count, broadcast.excluded_count), (5, 5, 1))
        [made] = self.sandbox.broadcasts()
        self.assertEqual(made["msgid"], broadcast.batch_ids.msgid)
        self.assertEqual(made["text"], "We are closed for two weeks.")

        for userid in ("anna", "bruno"):
            self.sandbox.post(f"/sandbox/members/{userid}/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(broadcast.state, "running")
        self.assertEqual(
            (broadcast.sent_count, broadcast.not_friend_count, broadcast.pending_count), (2, 1, 2), broadcast.batch_ids
        )
        self.assertEqual((broadcast.member_count, broadcast.member_sent_count), (4, 2))
        rows = {recipient.contact_id: recipient for recipient in broadcast.recipient_ids if recipient.contact_id}
        self.assertEqual(rows[shared].member_id, self.bruno, "WeCom gives a customer to the member who chatted last")
        self.assertEqual(rows[reached].member_id, self.anna)
        self.assertTrue(rows[reached].sent_at)
        self.assertEqual(rows[late].member_id, self.clara, "known before she confirms")
        self.assertEqual(gone.follow_ids.status, "deleted_by_customer")
        self.assertTrue(gone.follow_ids.lost_at)
        self.assertEqual(gone.status, "lost")
        self.assertIn("Lost on WeCom", gone.partner_id.message_ids[0].body)

        self.sandbox.post("/sandbox/clock", advance=6 * 3600)
        self.sandbox.post("/sandbox/members/clara/confirm_all")
        self.read_results(broadcast)
        self.assertEqual((broadcast.sent_count, broadcast.pending_count), (3, 1))
        self.assertEqual(broadcast.state, "running", "one member has not confirmed")

        self.sandbox.post("/sandbox/members/dora/confirm_all")
        self.read_results(broadcast)
        self.assertEqual((broadcast.sent_count, broadcast.pending_count, broadcast.sent_percent), (4, 0, 80.0))
        self.assertEqual(broadcast.state, "done")
        self.assertTrue(broadcast.final_at)
        for contact in (reached, shared, late, never):
            self.assertEqual(len(self.sandbox.received(contact.external_userid)), 1)
        self.assertFalse(self.sandbox.received(gone.external_userid))
        self.assertIn("Planned: 5 customers (batches: 1)", self.notes(broadcast))
        self.assertIn("Not a WeCom contact: 1", self.notes(broadcast))

    def test_what_wecom_refuses_and_caps_is_told(self):
        fine, removed, full = (self.add_customer(self.anna) for _each in range(3))
        self.sandbox.post("/sandbox/settings", cap_rule="per_day")
        self.sandbox.post(
            "/sandbox/members/anna/broadcast", external_userids=[full.external_userid], text="from the phone"
        )
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=removed.external_userid)
        broadcast = self.sent_broadcast()
        states = self.states(broadcast)
        self.assertEqual(states[removed.name], ("refused", False))
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        states = self.states(broadcast)
        self.assertEqual(states[fine.name], ("sent", False))
        self.assertEqual(states[full.name], ("capped", False))
        self.assertEqual(broadcast.state, "done")
        self.assertEqual(
            sum(broadcast[f"{name}_count"] for name in ("sent", "capped", "refused")), broadcast.planned_count
        )

    def test_every_kind_of_content_arrives(self):
        customer = self.add_customer(self.anna)
        picture, shop = png(), png(2)
        broadcast = self.sent_broadcast(
            attachment_ids=[
                (0, 0, {"kind": "image", "file": picture, "filename": "closed.png"}),
                (0, 0, {"kind": "link", "title": "Shop", "url": "https://shop.example/", "cover": shop}),
                (0, 0, {"kind": "link", "title": "No picture", "description": "d", "url": "https://shop.example/2"}),
                (
                    0,
                    0,
                    {"kind": "miniprogram", "title": "Shop", "appid": "wx1f2e3d", "page": "pages/home", "cover": shop},
                ),
                (0, 0, {"kind": "video", "file": mp4(), "filename": "film.mp4"}),
                (0, 0, {"kind": "file", "file": b"UHJpY2UgbGlzdA==", "filename": "prices.pdf"}),
            ]
        )
        self.assertEqual(broadcast.batch_ids.state, "created", broadcast.batch_ids.error_message)
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        [message] = self.sandbox.received(customer.external_userid)
        self.assertEqual(message["text"]["content"], "We are closed for two weeks.")
        self.assertEqual(
            [attachment["msgtype"] for attachment in message["attachments"]],
            ["image", "link", "link", "miniprogram", "video", "file"],
        )
        self.assertTrue(message["attachments"][1]["link"]["picurl"])
        self.assertEqual(self.sandbox.calls("/cgi-bin/media/upload"), 4, "image, cover, video, file")
        self.assertEqual(self.sandbox.calls("/cgi-bin/media/uploadimg"), 1)

    def test_attachment_without_text_is_enough(self):
        customer = self.add_customer(self.anna)
        broadcast = self.sent_broadcast(text=False, attachment_ids=[(0, 0, {"kind": "image", "file": png()})])
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.assertEqual(len(self.sandbox.received(customer.external_userid)), 1)
        self.assertEqual(broadcast.state, "running")

    def test_results_are_not_ready_at_once(self):
        self.add_customer(self.anna)
        self.sandbox.post("/sandbox/settings", dispatch_delay=600)
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        self.read_results(broadcast)
        self.assertFalse(broadcast.task_ids)
        self.assertFalse(batch.error_message, "handing out is no problem")
        self.assertEqual(batch.poll_count, 0)
        self.sandbox.post("/sandbox/clock", advance=601)
        self.read_results(broadcast)
        self.assertEqual(broadcast.task_ids.state, "pending")

    def test_looks_become_rarer(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        batch = broadcast.batch_ids
        pauses = []
        for _look in range(4):
            self.read_results(broadcast)
            pauses.append(round((batch.next_poll_at - batch.write_date).total_seconds() / 60))
        self.assertEqual(pauses, [1, 2, 5, 10])
        before = self.sandbox.calls("/cgi-bin/externalcontact/get_groupmsg_send_result")
        self.read_results(broadcast)
        after = self.sandbox.calls("/cgi-bin/externalcontact/get_groupmsg_send_result")
        self.assertEqual(after, before, "a member who has not confirmed has no new results")
        self.read_results()
        self.assertEqual(after, self.sandbox.calls("/cgi-bin/externalcontact/get_groupmsg_send_result"), "not due")

    def test_member_unknown_to_odoo_is_added(self):
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/members", userid="Newcomer", name="Newcomer")
        self.sandbox.post(f"/sandbox/customers/{customer.external_userid}/add_member", userid="Newcomer")
        self.sandbox.post(f"/sandbox/customers/{customer.external_userid}/chat", userid="Newcomer")
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        member = self.env["wecom.member"].search([("corp_id", "=", self.corp.id), ("userid", "=", "Newcomer")])
        self.assertEqual(broadcast.recipient_ids.member_id, member)
        self.assertEqual(broadcast.task_ids.member_id, member)

    def test_nobody_reachable_leaves_a_draft_that_says_why(self):
        stranger = self.add_partner("Stranger")
        broadcast = self.sent_broadcast()
        self.assertEqual((broadcast.state, broadcast.planned_at), ("draft", False))
        self.assertFalse(self.sandbox.broadcasts())
        self.assertFalse(broadcast.recipient_ids)
        self.assertEqual(broadcast.reach_counts, {"no_contact": 1}, "the tab Reach says why")
        self.assertIn("Nobody of the audience can be reached", self.notes(broadcast))

        customer = self.add_customer(self.anna)
        broadcast.partner_domain = repr([("id", "in", [stranger.id, customer.partner_id.id])])
        broadcast.action_send()
        self.send()
        self.assertEqual((broadcast.state, broadcast.planned_count), ("running", 1))

    def test_results_that_wecom_no_longer_tells_end_after_a_month(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/faults", path=TASKS, kind="errcode", errcode=48002, times=2)
        self.read_results(broadcast)
        self.assertEqual(broadcast.state, "running")
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.read_results(broadcast)
        self.assertEqual((broadcast.state, broadcast.pending_count), ("done", 1))

    def test_stopped_before_the_plan_and_sent_after_all(self):
        self.add_customer(self.anna)
        broadcast = self.broadcast()
        broadcast.action_send()
        broadcast.action_stop()
        self.assertEqual(broadcast.state, "cancelled")
        broadcast.action_draft()
        self.assertFalse(broadcast.stop_requested_at or broadcast.final_at)
        broadcast.action_send()
        self.send()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        self.assertEqual((broadcast.state, broadcast.sent_count), ("done", 1))

    @mute_logger("odoo.sql_db")
    def test_filter_that_the_database_refuses_leaves_a_draft(self):
        broadcast = self.broadcast(partner_domain=repr([("name", "=", "no\0text")]))
        self.assertEqual(broadcast.audience_count, 0)
        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertIn("filter cannot be used", self.notes(broadcast))

    def test_the_course_is_moved_by_buttons_only(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        for change in ({"state": "draft"}, {"planned_at": False}, {"stop_requested_at": False}):
            with self.assertRaisesRegex(AccessError, "buttons only"):
                broadcast.write(change)
        self.assertEqual(self.broadcast(state="done", planned_at="2026-01-01 00:00:00").state, "draft")

    def test_sent_is_kept_and_closed_for_changes(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast(attachment_ids=[(0, 0, {"kind": "image", "file": png()})])
        for change in ({"text": "other"}, {"partner_domain": "[]"}, {"sender_policy": "first"}):
            with self.assertRaisesRegex(UserError, "has been sent"):
                broadcast.write(change)
        with self.assertRaisesRegex(UserError, "has been sent"):
            broadcast.attachment_ids.write({"title": "other"})
        with self.assertRaisesRegex(UserError, "has been sent"):
            broadcast.attachment_ids.unlink()
        with self.assertRaisesRegex(UserError, "is kept"):
            broadcast.unlink()
        twin = broadcast.copy()
        self.assertEqual((twin.state, twin.text, len(twin.attachment_ids)), ("draft", broadcast.text, 1))
        self.assertEqual(twin.attachment_ids.file, broadcast.attachment_ids.file)
        self.assertFalse(twin.recipient_ids)

    def test_statements_of_a_look_do_not_grow_with_the_customers(self):
        def statements(customers):
            contacts = [self.add_customer(self.anna) for _each in range(customers)]
            broadcast = self.sent_broadcast(
                text=f"To {customers}",
                partner_domain=repr([("id", "in", [contact.partner_id.id for contact in contacts])]),
            )
            self.sandbox.post("/sandbox/members/anna/confirm_all")
            broadcast.action_refresh_results()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.read_results()
            self.assertEqual(broadcast.sent_count, customers)
            return self.env.cr.sql_log_count - before

        statements(1)
        self.assertEqual(statements(200), statements(10))
