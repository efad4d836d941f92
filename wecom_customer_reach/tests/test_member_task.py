from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .broadcast_common import png
from .moment_common import MomentCase


@tagged("post_install", "-at_install")
class TestMemberTask(MomentCase):
    """A salesperson opens "My tasks" and sees what waits for him on his phone, until he has done it."""

    def tasks(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["wecom.member.task"].with_user(user).search([])

    def test_a_broadcast_and_a_moment_wait_for_the_member_until_he_acts(self):
        self.add_customer(self.anna)
        deadline = fields.Datetime.now().replace(microsecond=0) + timedelta(days=1)
        picture = Command.create({"kind": "image", "file": png(), "filename": "tea.png"})
        broadcast = self.sent_broadcast(deadline=deadline, attachment_ids=[picture])
        self.read_results(broadcast)
        moment = self.published()

        tasks = self.tasks(self.seller)
        self.assertEqual(tasks.mapped("kind"), ["broadcast", "moment"], "what has a deadline comes first")
        asked, post = tasks
        self.assertEqual((asked.name, asked.text), ("Closed for two weeks", "We are closed for two weeks."))
        self.assertEqual((asked.deadline, asked.customer_count, asked.is_late), (deadline, 1, False))
        self.assertEqual(asked.attachment_summary, "Image × 1")
        self.assertEqual((post.name, post.text), ("New teas", "The new teas are here."))
        self.assertEqual(asked.wecom_url, self.sandbox.url, "with a sandbox on this machine, its phones")
        self.corp.sudo().base_url = "https://qyapi.weixin.qq.com"
        self.assertEqual(self.tasks(self.seller)[0].wecom_url, "wxwork://", "else the app")
        self.corp.sudo().base_url = self.sandbox.url

        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        self.publishes(self.anna, moment)
        self.read_moment(moment)
        self.assertFalse(self.tasks(self.seller))

    def test_everybody_sees_his_own_and_a_manager_those_of_his_company(self):
        self.bruno.user_id = other = self.add_user("task_other", "wecom_customer_reach.group_wecom_user")
        self.add_customer(self.anna)
        self.add_customer(self.bruno)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        self.assertEqual(self.tasks(self.seller).member_id, self.anna)
        self.assertEqual(self.tasks(other).member_id, self.bruno)
        self.assertEqual(self.tasks(self.manager).member_id, self.anna + self.bruno)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("task_stranger", "wecom_customer_reach.group_wecom_administrator")
        stranger.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        self.assertFalse(self.tasks(stranger))
        outsider = self.add_user("task_outsider", "base.group_user")
        with self.assertRaises(AccessError):
            self.tasks(outsider)

    def test_the_campaign_itself_opens_for_whoever_may_see_it(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        [task] = self.tasks(self.seller)
        self.assertFalse(task.may_open)
        with self.assertRaises(AccessError):
            task.action_open_source()
        [task] = self.tasks(self.manager)
        self.assertTrue(task.may_open)
        self.assertEqual(task.action_open_source()["res_id"], broadcast.id)

    def test_overdue_is_told_and_found(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast(deadline=fields.Datetime.now() + timedelta(hours=1))
        self.read_results(broadcast)
        broadcast.sudo().deadline = fields.Datetime.now() - timedelta(hours=1)
        [task] = self.tasks(self.seller)
        self.assertTrue(task.is_late)
        self.assertEqual(task.search([("is_late", "=", True)]), task)
        self.assertFalse(task.search([("is_late", "=", False)]))

    def test_what_was_stopped_waits_for_nobody(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        self.assertTrue(self.tasks(self.seller))
        broadcast.action_stop()
        self.send()
        self.read_results(broadcast)
        self.assertFalse(self.tasks(self.seller))
