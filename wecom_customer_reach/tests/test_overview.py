from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from ..models.overview_tiles import TILES
from .moment_common import MomentCase
from .test_tours import BrowserActions


class OverviewCase(MomentCase):
    def setUp(self):
        super().setUp()
        self.customers = [self.add_customer(self.anna) for _number in range(3)] + [self.add_customer(self.bruno)]
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        moment = self.published()
        self.publishes(self.anna, moment)
        self.reacts(self.customers[0], "like", moment, self.anna)
        self.let_time_pass(moment)
        self.read_moment(moment)
        self.customers[1].partner_id.wecom_opt_out = True
        self.env.flush_all()
        self.env.invalidate_all()

    def overview(self, user):
        return self.env["wecom.overview"].with_user(user).get_overview()

    def counts(self, user):
        sections = self.overview(user)["sections"]
        return {tile["code"]: tile["count"] for section in sections for tile in section["tiles"]}


@tagged("post_install", "-at_install")
class TestOverview(OverviewCase):
    """The first page says where the company stands; each number opens exactly what it counts."""

    def test_every_number_equals_its_list(self):
        for user in (self.manager, self.seller):
            counts = self.counts(user)
            self.assertTrue(counts)
            for code, count in counts.items():
                with self.subTest(user=user.login, tile=code):
                    action = self.env["wecom.overview"].with_user(user).action_open(code)
                    rows = self.env[action["res_model"]].with_user(user).with_context(**action["context"])
                    self.assertEqual(rows.search_count(action["domain"]), count)

    def test_what_happened_is_counted(self):
        counts = self.counts(self.manager)
        self.assertEqual((counts["delivered"], counts["pending"], counts["likes"]), (3, 1, 1))
        self.assertEqual((counts["in_wecom"], counts["opted_out"]), (4, 1))
        self.assertEqual((counts["tasks"], counts["open_moments"]), (2, 1), "Bruno has not done either")

    def test_a_salesperson_sees_his_own(self):
        counts = self.counts(self.seller)
        self.assertEqual(counts["cap_left"] + counts["cap_used_up"], 3)
        self.assertEqual(counts["tasks"], 0, "what Bruno has not done is not his")
        self.assertFalse(self.overview(self.seller)["members"])
        self.assertTrue(self.overview(self.manager)["members"])

    def test_whose_cap_is_used_up(self):
        self.corp.cap_policy = "per_day"
        counts = self.counts(self.manager)
        self.assertEqual((counts["cap_used_up"], counts["cap_left"]), (3, 1))
        contacts = self.env["wecom.contact"].search([("corp_id", "=", self.corp.id), ("cap_used_up", "=", True)])
        self.assertEqual(contacts, contacts.filtered("cap_used_up"))

    def test_another_company_sees_nothing(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("overview_stranger", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        overview = self.env["wecom.overview"].with_user(stranger).with_company(elsewhere)
        shown = overview.get_overview()
        self.assertFalse(shown["connected"])
        self.assertFalse(any(tile["count"] for section in shown["sections"] for tile in section["tiles"]))

    def test_statements_do_not_grow_with_customers(self):
        def statements():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.overview(self.manager)
            return self.env.cr.sql_log_count - before

        statements()
        few = statements()
        for _number in range(10):
            self.add_customer(self.anna)
        statements()
        self.assertLessEqual(statements(), few)

    def test_unknown_numbers_are_refused(self):
        with self.assertRaisesRegex(UserError, "not on your overview"):
            self.env["wecom.overview"].with_user(self.manager).action_open("nonsense")


@tagged("post_install", "-at_install")
class TestOverviewTour(BrowserActions, OverviewCase, HttpCase):
    def test_every_tile_opens_its_list(self):
        counts = self.counts(self.manager)
        self.assertEqual(set(counts), {tile.code for tile in TILES})
        self.start_tour("/odoo/wecom-overview", "wecom_overview", login=self.manager.login)
