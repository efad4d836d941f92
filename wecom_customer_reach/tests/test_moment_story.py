from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .moment_common import ADD, MESSAGE, MomentCase


@tagged("post_install", "-at_install")
class TestMomentStory(MomentCase):
    """A moment from the button to the feed of the customer."""

    def test_a_company_post_is_published_by_each_member_who_agrees(self):
        of_anna, of_bruno = self.add_customer(self.anna), self.add_customer(self.bruno)
        moment = self.moment()
        self.assertEqual((moment.estimate_member_count, moment.estimate_may_see_count), (2, 2))
        moment.action_publish()
        moment.action_publish()
        self.assertEqual(moment.state, "creating")
        self.run_publisher()
        self.assertEqual((moment.state, self.sandbox.calls(ADD)), ("waiting", 1))
        self.read_moment(moment)
        self.assertEqual((moment.asked_count, moment.published_count), (2, 0))
        self.assertFalse(self.sees(of_anna), "nothing appears before the member agrees")
        self.publishes(self.anna, moment)
        self.read_moment(moment)
        self.assertEqual((moment.state, moment.published_count, moment.may_see_count), ("published", 1, 1))
        self.assertEqual((self.sees(of_anna), self.sees(of_bruno)), ([moment.text], []))
        self.reacts(of_anna, "like", moment, self.anna)
        self.reacts(of_anna, "comment", moment, self.anna, text="How much?")
        self.publishes(self.bruno, moment)
        for _look in range(2):
            self.read_moment(moment)
        self.assertEqual((moment.state, moment.like_count, moment.comment_count), ("done", 1, 1))
        reactions = self.env["wecom.moment.reaction"].search([("moment_id", "=", moment.id)])
        self.assertEqual(reactions.contact_id, of_anna)
        self.assertEqual(moment.reaction_rate, 100)

    def test_an_employee_post_goes_to_his_own_customers(self):
        of_anna, of_bruno = self.add_customer(self.anna), self.add_customer(self.bruno)
        moment = self.moment(self.seller)
        self.assertEqual(moment.estimate_may_see_count, 1)
        moment.action_publish()
        self.run_publisher()
        self.assertEqual(self.waiting_on_phone(self.anna), [moment.text])
        self.assertFalse(self.waiting_on_phone(self.bruno))
        self.publishes(self.anna, moment)
        self.read_moment(moment)
        self.assertEqual((self.sees(of_anna), self.sees(of_bruno)), ([moment.text], []))
        self.assertEqual(moment.state, "done")

    def test_chosen_members_and_tags(self):
        of_anna, _of_bruno = self.add_customer(self.anna), self.add_customer(self.bruno)
        moment = self.published(audience_mode="members", member_ids=[fields.Command.set(self.anna.ids)])
        self.assertEqual(moment.task_ids.member_id, self.anna)
        self.publishes(self.anna, moment)
        self.assertEqual(self.sees(of_anna), [moment.text])
        with self.assertRaises(UserError):
            self.moment(audience_mode="members").action_publish()

    def test_who_may_not_publish_is_not_asked(self):
        self.add_customer(self.anna)
        of_bruno = self.add_customer(self.bruno)
        self.bruno.moment_company_posts = "not_allowed"
        moment = self.moment()
        self.assertEqual(moment.estimate_counts, {"": 1, "member_not_allowed": 1})
        moment.action_publish()
        self.run_publisher()
        self.assertFalse(self.waiting_on_phone(self.bruno))
        self.assertTrue(self.waiting_on_phone(self.anna))
        self.assertFalse(self.sees(of_bruno))

    def test_a_member_without_permission_makes_no_own_post(self):
        self.add_customer(self.anna)
        moment = self.moment(self.seller)
        self.corp.moment_own_posts = "not_allowed"
        with self.assertRaises(AccessError):
            moment.action_publish()
        self.anna.moment_own_posts = "allowed"
        moment.action_publish()
        self.assertEqual(moment.state, "creating")

    def test_a_user_asks_for_approval_of_a_company_post(self):
        self.add_customer(self.anna)
        moment = self.moment(self.seller, post_type="company")
        with self.assertRaises(AccessError):
            moment.action_publish()
        moment.action_ask_approval()
        self.assertEqual(moment.state, "to_approve")
        self.assertEqual(moment.sudo().activity_ids.user_id, self.manager, "he finds it among his activities")
        with self.assertRaises(AccessError):
            moment.action_refuse()
        moment.with_user(self.manager).action_refuse()
        self.assertEqual(moment.state, "draft")
        self.assertEqual(moment.sudo().activity_ids.user_id, self.seller, "the author is told")
        moment.sudo().activity_ids.unlink()
        moment.action_ask_approval()
        moment.with_user(self.manager).action_publish()
        self.assertFalse(moment.sudo().activity_ids, "there is nothing left to decide")
        self.run_publisher()
        self.assertEqual(moment.state, "waiting")

    def test_scheduled(self):
        self.add_customer(self.anna)
        moment = self.moment(publish_mode="scheduled", scheduled_at="2020-01-01")
        with self.assertRaises(UserError):
            moment.action_schedule()
        moment.scheduled_at = fields.Datetime.add(fields.Datetime.now(), hours=1)
        moment.action_schedule()
        self.run_publisher()
        self.assertEqual(moment.state, "scheduled")
        with self.assertRaises(UserError):
            moment.text = "Changed"
        self.env.flush_all()
        self.env.cr.execute("UPDATE wecom_moment SET scheduled_at = '2020-01-01' WHERE id = %s", [moment.id])
        self.env.invalidate_all()
        self.run_publisher()
        self.assertEqual(moment.state, "waiting")

    def test_what_wecom_refuses_is_a_draft_again_with_the_reason(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/settings", moment_job_errcode=41048)
        moment.action_publish()
        self.run_publisher()
        self.assertEqual(moment.state, "draft")
        self.assertIn("41048", moment.error_message)
        self.sandbox.post("/sandbox/settings", moment_job_errcode=None)
        moment.action_publish()
        self.run_publisher()
        self.assertEqual((moment.state, moment.error_message), ("waiting", False))

    def test_stopping_withdraws_from_those_who_have_not_published(self):
        of_anna, of_bruno = self.add_customer(self.anna), self.add_customer(self.bruno)
        moment = self.published()
        self.publishes(self.anna, moment)
        moment.action_stop()
        self.run_publisher()
        self.read_moment(moment)
        self.assertEqual(moment.state, "done")
        self.assertEqual(
            dict(moment.task_ids.mapped(lambda task: (task.member_id, task.state))),
            {
                self.anna: "published",
                self.bruno: "cancelled",
            },
        )
        self.assertEqual((self.sees(of_anna), self.sees(of_bruno)), ([moment.text], []))
        self.assertFalse(self.waiting_on_phone(self.bruno))

    def test_stopped_while_wecom_limits_the_calls_it_is_never_made(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/faults", path=ADD, kind="errcode", errcode=45009)
        moment.action_publish()
        self.run_publisher()
        self.assertEqual(moment.creation_state, "planned")
        self.assertGreater(moment.next_attempt_at, fields.Datetime.now())
        self.sandbox.delete("/sandbox/faults")
        moment.action_stop()
        self.run_publisher()
        self.assertEqual((moment.state, self.waiting_on_phone(self.anna)), ("cancelled", []))

    def test_after_the_deadline_nobody_is_asked_any_more(self):
        self.add_customer(self.anna)
        moment = self.published()
        moment.deadline = fields.Datetime.subtract(fields.Datetime.now(), minutes=1)
        self.run_publisher()
        self.read_moment(moment)
        self.assertEqual(moment.state, "cancelled")
        self.assertFalse(self.waiting_on_phone(self.anna))

    def test_three_reminders_a_day_to_those_who_have_not_published(self):
        self.add_customer(self.anna)
        self.add_customer(self.bruno)
        moment = self.published()
        self.publishes(self.anna, moment)
        self.read_moment(moment)
        for left in (2, 1, 0):
            moment.action_remind()
            self.run_publisher()
            self.assertEqual(moment.remind_left, left)
        with self.assertRaises(UserError):
            moment.action_remind()
        self.assertEqual(self.sandbox.calls(MESSAGE), 3)
        notices = self.sandbox.get("/sandbox/members/bruno/moments")["notices"]
        self.assertEqual(len(notices), 3)
        self.assertFalse(self.sandbox.get("/sandbox/members/anna/moments")["notices"])
