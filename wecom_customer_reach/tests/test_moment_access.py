from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .broadcast_common import png
from .moment_common import MomentCase

ROWS = ("wecom.moment.task", "wecom.moment.audience", "wecom.moment.reaction")


@tagged("post_install", "-at_install")
class TestMomentAccess(MomentCase):
    def with_course(self, moment, member):
        """Let ``member`` have published ``moment`` and a customer have liked it."""
        contact = self.add_customer(member)
        task = self.env["wecom.moment.task"].create({"moment_id": moment.id, "member_id": member.id})
        values = {"moment_id": moment.id, "task_id": task.id, "member_id": member.id, "contact_id": contact.id}
        self.env["wecom.moment.audience"].create({**values, "external_userid": contact.external_userid})
        self.env["wecom.moment.reaction"].create(
            {**values, "external_userid": contact.external_userid, "kind": "like", "reacted_at": "2026-01-01"}
        )
        return task

    def test_a_user_makes_posts_of_his_own_member_only(self):
        own = self.moment(self.seller)
        self.assertEqual((own.post_type, own.member_id), ("employee", self.anna))
        with self.assertRaises(AccessError):
            self.moment(self.seller, member_id=self.bruno.id)
        with self.assertRaises(AccessError):
            own.member_id = self.bruno
        with self.assertRaises(AccessError):
            self.moment(self.seller, user_id=self.manager.id)
        self.assertEqual(self.moment().post_type, "company")
        self.assertEqual(self.moment(post_type="employee", member_id=self.bruno.id).member_id, self.bruno)

    def test_users_see_their_own_posts_and_those_they_are_asked_to_publish(self):
        own, asked, other = self.moment(self.seller), self.moment(), self.moment()
        self.with_course(asked, self.anna)
        self.with_course(asked, self.bruno)
        self.with_course(other, self.bruno)
        self.env.flush_all()
        self.env.invalidate_all()
        Moment = self.env["wecom.moment"]
        company = [("company_id", "=", self.company.id)]
        self.assertEqual(Moment.with_user(self.seller).search(company), own | asked)
        self.assertEqual(Moment.with_user(self.manager).search(company), own | asked | other)
        for model in ROWS:
            with self.subTest(model=model):
                self.assertEqual(self.env[model].with_user(self.seller).search([]).member_id, self.anna)
                self.assertEqual(len(self.env[model].with_user(self.manager).search([])), 3)
        with self.assertRaises(AccessError):
            asked.with_user(self.seller).write({"name": "x"})
        with self.assertRaises(AccessError):
            other.with_user(self.seller).read(["name"])

    def test_attachments_follow_their_moment(self):
        own = self.moment(self.seller, attachment_ids=[self.picture(png())])
        others = self.moment(attachment_ids=[self.picture(png())])
        Attachment = self.env["wecom.attachment"].with_user(self.seller)
        self.assertEqual(Attachment.search([]), own.attachment_ids)
        with self.assertRaises(AccessError):
            Attachment.create({"moment_id": others.id, "kind": "image"})
        with self.assertRaises(AccessError):
            others.attachment_ids.with_user(self.seller).write({"title": "x"})

    def test_who_may_not_publish_makes_no_post_of_his_own(self):
        own = self.moment(self.seller)
        self.anna.moment_own_posts = "not_allowed"
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.moment(self.seller)
        with self.assertRaises(AccessError):
            own.text = "Changed"
        self.assertEqual(own.name, "New teas", "what he made before he still sees")
        self.assertTrue(self.moment(self.seller, post_type="company"), "he may propose a post of the company")

    def test_the_companys_default_and_exceptions(self):
        self.assertEqual(self.anna.may_post_moment, True)
        self.corp.write({"moment_own_posts": "not_allowed", "moment_company_posts": "not_allowed"})
        self.bruno.moment_own_posts = "allowed"
        self.clara.moment_company_posts = "allowed"
        members = self.anna | self.bruno | self.clara
        self.assertEqual(members.mapped("may_post_moment"), [False, True, False])
        self.assertEqual(members.mapped("may_be_asked_moment"), [False, False, True])
        with self.assertRaises(AccessError):
            self.anna.with_user(self.manager).moment_own_posts = "allowed"

    def test_companies_are_kept_apart(self):
        moment = self.moment()
        self.with_course(moment, self.bruno)
        elsewhere = self.env["res.company"].create({"name": "Evening Light"})
        stranger = new_test_user(
            self.env,
            login="moment_stranger",
            groups="wecom_customer_reach.group_wecom_manager",
            company_id=elsewhere.id,
            company_ids=[fields.Command.set(elsewhere.ids)],
        )
        for model in ("wecom.moment", *ROWS):
            self.assertFalse(self.env[model].with_user(stranger).search([]), model)

    def test_the_course_is_closed_to_everybody(self):
        moment = self.moment()
        for name, value in (("state", "done"), ("moment_id", "mom1"), ("like_count", 9), ("origin", "corp")):
            for user in (self.manager, self.seller):
                with self.subTest(name=name, user=user.login), self.assertRaises(AccessError):
                    moment.with_user(user).write({name: value})
        made = self.moment(state="done", job_id="x")
        self.assertEqual((made.state, made.job_id), ("draft", False))
        made = (
            self.env["wecom.moment"]
            .with_user(self.manager)
            .with_context(default_state="published", default_moment_id="m")
            .create({"name": "x", "corp_id": self.corp.id})
        )
        self.assertEqual((made.state, made.moment_id), ("draft", False))

    def test_what_was_made_in_wecom_is_looked_at_only(self):
        moment = self.moment()
        moment.sudo().write({"origin": "corp", "state": "published"})
        with self.assertRaises(UserError):
            moment.write({"text": "x"})
        with self.assertRaises(UserError):
            moment.unlink()
