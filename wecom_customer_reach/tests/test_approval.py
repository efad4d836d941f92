from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..models.wecom_broadcast_approval import ACTIVITY_TYPE, GROWTH_LEAST
from .broadcast_common import BroadcastCase, png


class ApprovalCase(BroadcastCase):
    """A corp whose broadcasts have to be approved: the manager writes, another one approves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.approver = cls.add_user("broadcast_approver", "wecom_customer_reach.group_wecom_approver")
        cls.corp.approval_policy = "always"

    def setUp(self):
        super().setUp()
        self.customer = self.add_customer(self.anna)

    def asked_broadcast(self, **values):
        """Return a broadcast that waits for approval."""
        broadcast = self.broadcast(**values)
        broadcast.action_request_approval()
        return broadcast

    def decision(self, broadcast, user=None):
        """Open the dialog of the decision as the approver."""
        action = broadcast.with_user(user or self.approver).action_open_decision()
        model = self.env[action["res_model"]].with_user(user or self.approver)
        return Form(model.with_context(**action["context"]))

    def approve(self, broadcast, user=None):
        self.decision(broadcast, user).save().action_approve()

    def refuse(self, broadcast, comment="Wrong price"):
        dialog = self.decision(broadcast)
        dialog.comment = comment
        dialog.save().action_refuse()

    def activities(self, broadcast, user):
        kind = self.env.ref(ACTIVITY_TYPE)
        return broadcast.sudo().activity_ids.filtered(
            lambda activity: activity.activity_type_id == kind and activity.user_id == user
        )


@tagged("post_install", "-at_install")
class TestApproval(ApprovalCase):
    """A broadcast goes out when somebody else has approved exactly this one."""

    def test_asked_approved_sent(self):
        broadcast = self.broadcast()
        self.assertTrue(broadcast.needs_approval)
        for button in ("action_send", "action_schedule"):
            with self.assertRaises(UserError):
                getattr(broadcast, button)()
        broadcast.action_request_approval()
        self.assertEqual((broadcast.state, broadcast.approval_requested_by_id), ("to_approve", self.manager))
        self.assertTrue(self.activities(broadcast, self.approver))
        self.assertFalse(self.activities(broadcast, self.manager))
        self.send()
        self.assertEqual(broadcast.state, "to_approve", "nothing goes out meanwhile")
        self.approve(broadcast)
        self.assertEqual((broadcast.state, broadcast.decided_by_id), ("sending", self.approver))
        self.assertFalse(self.activities(broadcast, self.approver), "there is nothing left to decide")
        self.assertIn("Approved for 1 customers", self.notes(broadcast))
        self.send()
        self.assert_arrives_once(broadcast, self.customer)

    def test_approved_for_a_time_waits_for_it(self):
        moment = fields.Datetime.now().replace(microsecond=0) + timedelta(days=1)
        broadcast = self.asked_broadcast(send_mode="scheduled", scheduled_at=moment)
        self.approve(broadcast)
        self.assertEqual(broadcast.state, "scheduled")
        with self.assertRaisesRegex(UserError, "approved for the chosen time"):
            broadcast.action_send()
        broadcast.sudo().with_context(tracking_disable=True).env.cr.execute(
            "UPDATE wecom_broadcast SET scheduled_at = %s WHERE id = %s", [fields.Datetime.now(), broadcast.id]
        )
        broadcast.invalidate_recordset()
        self.send()
        self.assertEqual(broadcast.state, "draft", "another time than the approved one")
        self.assertFalse(self.sandbox.broadcasts())

    def test_a_time_that_has_passed_is_not_approved(self):
        moment = fields.Datetime.now() + timedelta(days=1)
        broadcast = self.asked_broadcast(send_mode="scheduled", scheduled_at=moment)
        self.env.cr.execute(
            "UPDATE wecom_broadcast SET scheduled_at = %s WHERE id = %s", [fields.Datetime.now(), broadcast.id]
        )
        broadcast.invalidate_recordset()
        dialog = self.decision(broadcast).save()
        with self.assertRaisesRegex(UserError, "in the future"):
            dialog.action_approve()
        self.assertEqual((broadcast.state, broadcast.approval_decision), ("to_approve", False))

    def test_fallbacks_are_approved_with_the_broadcast(self):
        """What others get instead was looked at too: it is locked meanwhile, and a change takes the approval back."""
        moment = fields.Datetime.now() + timedelta(days=1)
        by_sms = fields.Command.create({"reason": "any", "way": "sms", "sms_text": "See our shop."})
        broadcast = self.asked_broadcast(send_mode="scheduled", scheduled_at=moment, fallback_ids=[by_sms])
        fallback = broadcast.fallback_ids
        changes = (
            lambda: fallback.write({"sms_text": "Half price!"}),
            lambda: broadcast.write({"fallback_ids": [by_sms]}),
            lambda: fallback.unlink(),
        )
        for change in changes:
            with self.assertRaisesRegex(UserError, "waits for approval"):
                change()
        for number, change in enumerate(changes):
            with self.subTest(change=number), self.env.cr.savepoint():
                self.approve(broadcast)
                self.assertEqual(broadcast.approval_decision, "approved")
                broadcast.action_draft()
                self.assertEqual(broadcast.approval_decision, "approved", "nothing was changed yet")
                change()
                self.assertFalse(broadcast.approval_decision)
                broadcast.action_request_approval()

    def test_an_email_that_was_changed_after_the_approval_does_not_go_out(self):
        template = self.env["mail.template"].create(
            {
                "name": "Shop",
                "subject": "Our shop",
                "body_html": "<p>Welcome</p>",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        by_email = fields.Command.create({"reason": "any", "way": "email", "mail_template_id": template.id})
        broadcast = self.asked_broadcast(fallback_ids=[by_email])
        self.approve(broadcast)
        template.body_html = "<p>Half price!</p>"
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(self.sandbox.broadcasts())

    def test_a_later_fallback_is_started_by_an_approver(self):
        broadcast = self.asked_broadcast()
        self.approve(broadcast)
        self.send()
        broadcast.fallback_ids = [fields.Command.create({"reason": "any", "way": "activity"})]
        with self.assertRaisesRegex(AccessError, "an approver has to start it"):
            broadcast.fallback_ids.action_start()
        broadcast.fallback_ids.with_user(self.approver).action_start()
        self.assertTrue(broadcast.fallback_ids.started_at)

    def test_refused_with_a_reason_is_a_draft_again(self):
        broadcast = self.asked_broadcast()
        with self.assertRaisesRegex(UserError, "Say why"):
            self.refuse(broadcast, " ")
        self.refuse(broadcast)
        self.assertEqual((broadcast.state, broadcast.approval_decision), ("draft", "refused"))
        self.assertIn("Wrong price", broadcast.approval_message)
        [told] = broadcast.sudo().activity_ids
        self.assertEqual(told.user_id, self.manager)
        self.assertIn("Wrong price", str(told.note))
        with self.assertRaises(UserError):
            broadcast.action_send()
        broadcast.text = "The right price"
        broadcast.action_request_approval()
        self.assertFalse(broadcast.approval_decision)
        self.approve(broadcast)
        self.assertEqual(broadcast.state, "sending")

    def test_every_change_takes_the_approval_back(self):
        tag_group = self.env["wecom.tag.group"].create({"corp_id": self.corp.id, "name": "L", "external_id": "g"})
        tag = self.env["wecom.tag"].create(
            {"corp_id": self.corp.id, "group_id": tag_group.id, "name": "Gold", "external_id": "t"}
        )
        later = fields.Datetime.now() + timedelta(days=1)
        changes = {
            "text": "Another text",
            "attachment_ids": [(0, 0, {"kind": "image", "file": png(), "filename": "a.png"})],
            "partner_domain": "[]",
            "tag_none_ids": [(6, 0, tag.ids)],
            "member_ids": [(6, 0, self.anna.ids)],
            "sender_policy": "first",
            "message_class": "notice",
            "user_id": self.approver.id,
            "scheduled_at": later + timedelta(hours=1),
        }
        for name, value in changes.items():
            with self.subTest(name):
                broadcast = self.asked_broadcast(send_mode="scheduled", scheduled_at=later)
                self.approve(broadcast)
                with self.assertRaisesRegex(UserError, "set it back to draft"):
                    broadcast.write({name: value})
                broadcast.action_draft()
                self.assertTrue(broadcast._is_approved(), "looking at it again changes nothing")
                self.assertFalse(broadcast.needs_approval)
                broadcast.write({name: value})
                self.assertFalse(broadcast.approval_decision)
                self.assertTrue(broadcast.needs_approval)
                self.assertIn("does not hold any more", self.notes(broadcast))
                with self.assertRaises(UserError):
                    broadcast.action_schedule()
                broadcast.action_cancel()

    def test_a_change_of_an_attachment_alone_takes_the_approval_back(self):
        later = fields.Datetime.now() + timedelta(days=1)
        image = {"kind": "image", "file": png(), "filename": "a.png"}
        broadcast = self.asked_broadcast(send_mode="scheduled", scheduled_at=later, attachment_ids=[(0, 0, image)])
        self.approve(broadcast)
        broadcast.action_draft()
        broadcast.attachment_ids.with_user(self.manager).file = png(2)
        with self.assertRaises(UserError):
            broadcast.action_schedule()

    def test_same_values_written_again_keep_the_approval(self):
        later = fields.Datetime.now() + timedelta(days=1)
        broadcast = self.asked_broadcast(send_mode="scheduled", scheduled_at=later)
        self.approve(broadcast)
        broadcast.action_draft()
        broadcast.write({"text": broadcast.text, "name": "Another title"})
        self.assertTrue(broadcast._is_approved())
        broadcast.action_schedule()
        self.assertEqual(broadcast.state, "scheduled")

    def test_what_waits_cannot_be_changed_but_taken_back(self):
        broadcast = self.asked_broadcast()
        with self.assertRaisesRegex(UserError, "waits for approval"):
            broadcast.text = "Another text"
        dialog = self.decision(broadcast).save()
        broadcast.action_draft()
        self.assertFalse(self.activities(broadcast, self.approver))
        with self.assertRaisesRegex(UserError, "does not wait for approval any more"):
            dialog.action_approve()
        broadcast.text = "Another text"
        broadcast.action_request_approval()
        with self.assertRaisesRegex(UserError, "was changed meanwhile"):
            dialog.action_approve()
        self.assertEqual(broadcast.state, "to_approve")

    def test_only_other_approvers_decide(self):
        broadcast = self.asked_broadcast()
        for user in (self.manager, self.seller):
            with self.assertRaises(AccessError):
                broadcast.with_user(user).action_open_decision()
            with self.assertRaises(AccessError):
                self.env["wecom.broadcast.decision"].with_user(user).create(
                    {"broadcast_id": broadcast.id, "version": broadcast._version()}
                )
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("approver_elsewhere", "wecom_customer_reach.group_wecom_approver")
        stranger.write({"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id})
        with self.assertRaises(AccessError):
            broadcast.with_user(stranger).action_open_decision()
        self.assertFalse(broadcast.with_user(self.manager).may_decide)
        self.assertTrue(broadcast.with_user(self.approver).may_decide)

    def test_authors_approve_only_where_nobody_else_can(self):
        own = self.broadcast().with_user(self.approver)
        own.user_id = self.approver
        own.action_request_approval()
        self.approve(own)
        self.assertIn("no other approver", self.notes(own))
        second = self.add_user("second_approver", "wecom_customer_reach.group_wecom_approver")
        for author_field in ("user_id", "create_uid", "approval_requested_by_id"):
            with self.subTest(author_field):
                broadcast = self.asked_broadcast()
                self.env.cr.execute(
                    f"UPDATE wecom_broadcast SET {author_field} = %s WHERE id = %s",  # pylint: disable=sql-injection
                    [self.approver.id, broadcast.id],
                )
                broadcast.invalidate_recordset()
                with self.assertRaisesRegex(AccessError, "another approver"):
                    broadcast.with_user(self.approver).action_open_decision()
                self.approve(broadcast, second)
                self.assertEqual(broadcast.decided_by_id, second)

    def test_without_any_approver_nothing_is_asked(self):
        self.approver.active = False
        broadcast = self.broadcast()
        with self.assertRaisesRegex(UserError, "Nobody may approve"):
            broadcast.action_request_approval()
        self.assertEqual(broadcast.state, "draft")

    def test_above_a_number_only(self):
        self.corp.write({"approval_policy": "above", "approval_threshold": 1})
        self.broadcast().action_send()
        broadcast = self.broadcast()
        with self.assertRaisesRegex(UserError, "needs no approval"):
            broadcast.action_request_approval()
        self.add_customer(self.bruno)
        broadcast.invalidate_recordset()
        self.assertTrue(broadcast.needs_approval)
        with self.assertRaisesRegex(UserError, "more than 1 customers"):
            broadcast.action_send()

    def test_a_plan_beyond_the_number_goes_back(self):
        """Between "Send" and the plan the audience, a filter, grows past the number."""
        self.corp.write({"approval_policy": "above", "approval_threshold": 1})
        broadcast = self.broadcast()
        broadcast.action_send()
        self.add_customer(self.bruno)
        self.send()
        self.assertEqual((broadcast.state, len(broadcast.recipient_ids)), ("draft", 0))
        self.assertIn("has to be approved", self.notes(broadcast))
        self.assertFalse(self.sandbox.broadcasts())

    def test_an_old_report_of_a_large_audience_does_not_hide_the_need(self):
        self.patch(type(self.env["wecom.broadcast"]), "_live_reach_limit", 0)
        self.corp.write({"approval_policy": "above", "approval_threshold": 1})
        broadcast = self.broadcast()
        broadcast.action_work_out_reach()
        self.add_customer(self.bruno)
        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertTrue(broadcast.needs_approval)
        with self.assertRaises(UserError):
            broadcast.action_send()
        broadcast.action_request_approval()
        self.approve(broadcast)
        self.send()
        self.assertEqual((broadcast.state, broadcast.planned_count), ("running", 2))

    def test_an_approval_covers_little_growth_only(self):
        broadcast = self.asked_broadcast()
        self.approve(broadcast)
        broadcast.sudo().approved_count = 1 - GROWTH_LEAST
        self.add_customer(self.bruno)
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertIn("but 2 would get it now", self.notes(broadcast))
        with self.assertRaises(UserError):
            broadcast.action_send()
        broadcast.action_request_approval()
        self.approve(broadcast)
        self.send()
        self.assertEqual((broadcast.state, broadcast.planned_count), ("running", 2))

    def test_a_policy_made_stricter_holds_what_is_scheduled(self):
        self.corp.approval_policy = "none"
        broadcast = self.broadcast()
        broadcast.action_send()
        self.corp.approval_policy = "always"
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(self.sandbox.broadcasts())

    def test_what_is_written_past_the_screen_does_not_go_out(self):
        """Even a change that went round every check is found when the broadcast is planned."""
        broadcast = self.asked_broadcast()
        self.approve(broadcast)
        self.env.cr.execute("UPDATE wecom_broadcast SET text = 'Other' WHERE id = %s", [broadcast.id])
        broadcast.invalidate_recordset()
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertFalse(self.sandbox.broadcasts())

    def test_no_way_round_through_rpc(self):
        broadcast = self.asked_broadcast()
        forged = {
            "state": "sending",
            "approval_decision": "approved",
            "approved_version": broadcast._version(),
            "approved_count": 100,
            "decided_by_id": self.approver.id,
            "approval_requested_by_id": self.seller.id,
        }
        for user in (self.manager, self.approver):
            for name, value in forged.items():
                with self.assertRaises(AccessError, msg=name):
                    broadcast.with_user(user).write({name: value})
        defaults = {f"default_{name}": value for name, value in forged.items()}
        made = (
            self.env["wecom.broadcast"]
            .with_user(self.manager)
            .with_context(**defaults)
            .create({"name": "Forged", "corp_id": self.corp.id, "text": "Forged", **forged})
        )
        self.assertEqual((made.state, made.approval_decision, made.approved_version), ("draft", False, False))
        copied = broadcast.with_context(**defaults).copy(forged)
        self.assertEqual((copied.state, copied.approval_decision), ("draft", False))
        for user in (self.manager, self.seller):
            with self.assertRaises(AccessError):
                self.corp.with_user(user).approval_policy = "none"
        with self.assertRaises(AccessError):
            broadcast.with_user(self.manager)._approve(broadcast._version(), "")

    def test_tests_need_no_approval_retries_do(self):
        broadcast = self.broadcast()
        test = broadcast.with_user(self.manager)._send_test(self.anna, self.customer)
        self.send()
        self.assertEqual(test.state, "running")
        self.sandbox.post(f"/sandbox/customers/{self.customer.external_userid}/delete_member", userid="anna")
        broadcast.action_request_approval()
        self.approve(broadcast)
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(broadcast.state, "done")
        retry = broadcast._retry(["not_friend"])
        self.assertTrue(retry.needs_approval)
        with self.assertRaises(UserError):
            retry.action_send()

    def test_given_up_archived_deleted(self):
        broadcast = self.asked_broadcast()
        with self.assertRaisesRegex(UserError, "under way"):
            broadcast.active = False
        broadcast.action_cancel()
        self.assertFalse(self.activities(broadcast, self.approver))
        self.asked_broadcast().unlink()

    def test_nothing_changes_without_a_policy(self):
        self.corp.approval_policy = "none"
        broadcast = self.broadcast()
        self.assertFalse(broadcast.needs_approval)
        broadcast.action_send()
        self.send()
        self.assert_arrives_once(broadcast, self.customer)
