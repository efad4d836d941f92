"""The banner above the broadcasts and the ribbon above every screen."""

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import html2plaintext

from ..wecom_api.client import DEFAULT_BASE_URL
from .common import WecomCase


@tagged("post_install", "-at_install")
class TestFirstSteps(WecomCase):
    def steps(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return {step["code"]: step for step in self.env["wecom.corp"].with_user(user).first_steps()}

    def done(self, user):
        return [code for code, step in self.steps(user).items() if step["done"]]

    def test_from_nothing_to_the_first_broadcast(self):
        steps = self.steps(self.administrator)
        self.assertEqual(list(steps), ["connect", "synchronise", "match", "broadcast"])
        self.assertEqual([code for code, step in steps.items() if step["button"]], ["connect"])
        self.corp.action_test_connection()
        self.assertEqual(self.done(self.administrator), ["connect"])
        action = self.env["wecom.corp"].with_user(self.administrator).action_first_step("synchronise")
        self.assertEqual(action["res_model"], "wecom.sync")
        self.run_cron()
        self.assertEqual(self.done(self.administrator), ["connect", "synchronise", "match"])
        contact = self.env["wecom.contact"].create(
            {"corp_id": self.corp.id, "external_userid": "wm1", "name": "Li", "match_state": "to_match"}
        )
        self.assertEqual(self.done(self.administrator), ["connect", "synchronise"])
        self.assertTrue(self.steps(self.administrator)["broadcast"]["button"], "matching may wait")
        contact.action_no_partner()
        self.env["wecom.broadcast"].create(
            {"name": "First", "corp_id": self.corp.id, "partner_domain": "[]", "text": "Hello"}
        ).sudo().sending_at = "2026-01-01"
        self.assertFalse(self.steps(self.administrator), "nothing left to do")

    def test_a_manager_waits_for_the_administrator(self):
        steps = self.steps(self.manager)
        self.assertFalse(steps["connect"]["button"])
        self.assertIn("administrator", steps["connect"]["sentence"])
        with self.assertRaises(AccessError):
            self.env["wecom.corp"].with_user(self.manager).action_first_step("connect")

    def test_a_salesperson_has_no_part_in_it(self):
        self.assertFalse(self.steps(self.user))
        for code in ("connect", "synchronise", "broadcast"):
            with self.assertRaises(AccessError):
                self.env["wecom.corp"].with_user(self.user).action_first_step(code)

    def test_it_costs_the_same_for_many_contacts(self):
        self.env["wecom.contact"].create([{"corp_id": self.corp.id, "external_userid": "wm0", "name": "Li"}])
        self.steps(self.manager)
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.env["wecom.corp"].with_user(self.manager).first_steps()
        few = self.env.cr.sql_log_count - before
        self.env["wecom.contact"].create(
            [{"corp_id": self.corp.id, "external_userid": f"wm{number}", "name": "Li"} for number in range(1, 61)]
        )
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.env["wecom.corp"].with_user(self.manager).first_steps()
        self.assertEqual(self.env.cr.sql_log_count - before, few)


@tagged("post_install", "-at_install")
class TestEmptyScreens(WecomCase):
    def test_every_empty_list_says_what_to_do_next(self):
        numbers = self.env["ir.model.data"].search(
            [("module", "=", "wecom_customer_reach"), ("model", "=", "ir.actions.act_window")]
        )
        actions = self.env["ir.actions.act_window"].browse(numbers.mapped("res_id"))
        lists = actions.filtered(lambda action: action.target == "current" and action.view_mode != "form")
        self.assertTrue(lists)
        for action in lists:
            self.assertTrue(html2plaintext(action.help or "").strip(), action.xml_id)


@tagged("post_install", "-at_install")
class TestSandboxRibbon(WecomCase, HttpCase):
    def others(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["ir.http"].with_user(user)._wecom_other_addresses()

    def test_whoever_works_in_the_company_is_told(self):
        employee = self.add_user("ribbon_employee", "base.group_user")
        self.assertEqual(self.others(employee), {self.company.id: "sandbox"})
        self.corp.base_url = "https://gateway.example.com"
        self.assertEqual(self.others(employee), {self.company.id: "gateway"})
        for address in (DEFAULT_BASE_URL, f"{DEFAULT_BASE_URL}/"):
            self.corp.base_url = address
            self.assertFalse(self.others(employee), address)

    def test_other_companies_are_not_told(self):
        other = self.env["res.company"].create({"name": "Evening Light"})
        stranger = self.add_user("ribbon_stranger", "base.group_user")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertFalse(self.others(stranger))

    def test_an_archived_corp_is_silent(self):
        self.corp.active = False
        self.assertFalse(self.others(self.user))
