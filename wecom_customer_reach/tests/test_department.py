from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .moment_common import MomentCase

LIST = "/cgi-bin/department/list"


@tagged("post_install", "-at_install")
class TestDepartment(MomentCase):
    """The synchronisation brings the departments, and a moment can be for the members of some."""

    def setUp(self):
        super().setUp()
        self.headquarters = self.department("1", "Morning Light")
        self.shops = self.department("2", "Shops", self.headquarters)
        self.harbour = self.department("3", "Harbour", self.shops)
        self.anna.sudo().department_ids = self.harbour
        self.bruno.sudo().department_ids = self.headquarters

    def department(self, external_id, name, above=None):
        values = {"corp_id": self.corp.id, "external_id": external_id, "name": name}
        return self.env["wecom.department"].create({**values, "parent_id": above.id if above else False})

    def test_a_moment_for_departments_asks_the_members_below(self):
        of_anna, of_bruno = self.add_customer(self.anna), self.add_customer(self.bruno)
        moment = self.moment(audience_mode="members", department_ids=[Command.set(self.shops.ids)])
        self.assertEqual((moment.estimate_member_count, moment.estimate_may_see_count), (1, 1))
        self.assertEqual(moment.estimate_counts, {"": 1, "not_own": 1})
        moment.action_publish()
        self.run_publisher()
        self.read_moment(moment)
        self.assertEqual(moment.task_ids.member_id, self.anna, "what was chosen is what is sent")
        self.publishes(self.anna, moment)
        self.assertTrue(self.sees(of_anna))
        self.assertFalse(self.sees(of_bruno))

    def test_members_and_departments_add_up(self):
        self.add_customer(self.anna)
        self.add_customer(self.bruno)
        values = {"department_ids": [Command.set(self.harbour.ids)], "member_ids": [Command.set(self.bruno.ids)]}
        self.assertEqual(self.moment(audience_mode="members", **values).estimate_member_count, 2)

    def test_somebody_has_to_be_chosen(self):
        self.add_customer(self.anna)
        with self.assertRaisesRegex(UserError, "Choose who may see it"):
            self.moment(audience_mode="members").action_publish()

    def synchronised(self):
        run = self.env["wecom.sync"].create({"corp_id": self.corp.id})
        self.run_action("ir_cron_synchronise")
        self.assertEqual(run.state, "done", run.error_message)

    def test_mirrored_with_the_members(self):
        self.add_customer(self.anna)
        self.synchronised()
        self.assertFalse(self.shops.active, "WeCom shows it no more")
        self.assertEqual(self.headquarters.name, "公司")
        self.assertEqual(self.anna.department_ids, self.headquarters)

    def test_an_app_that_may_not_read_them_keeps_what_is_known(self):
        self.add_customer(self.anna)
        self.sandbox.post("/sandbox/faults", path=LIST, kind="errcode", errcode=60011)
        self.synchronised()
        self.assertTrue(self.shops.active)
