from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .moment_common import MomentCase


@tagged("post_install", "-at_install")
class TestMomentInterest(MomentCase):
    """Who does not want moments is left alone for a while, where WeCom allows it, and else it is said."""

    def test_marked_by_the_salesperson_left_out_of_lists_and_over_by_itself(self):
        willing, unwilling = self.add_customer(self.anna), self.add_customer(self.anna)
        moment = self.to_partners(willing, unwilling)
        self.assertEqual(moment.estimate_may_see_count, 2)
        unwilling.partner_id.with_user(self.seller).action_wecom_not_interested()
        self.assertEqual(unwilling.no_moments_user_id, self.seller)
        moment.invalidate_recordset()
        self.assertEqual(moment.estimate_counts, {"": 1, "not_interested": 1})
        moment.action_publish()
        self.run_publisher()
        self.mark_tags()
        self.let_time_pass(moment)
        self.run_publisher()
        self.read_moment(moment)
        self.publishes(self.anna, moment)
        self.assertEqual(self.sees(willing), ["The new teas are here."])
        self.assertFalse(self.sees(unwilling))

        unwilling.sudo().no_moments_until = fields.Datetime.now() - timedelta(days=1)
        again = self.to_partners(willing, unwilling)
        self.assertEqual(again.estimate_counts, {"": 2})
        self.assertFalse(unwilling.partner_id.wecom_no_moments_until)

    def test_where_it_cannot_be_respected_the_form_says_so(self):
        unwilling = self.add_customer(self.anna)
        self.add_customer(self.anna)
        unwilling.partner_id.with_user(self.manager).action_wecom_not_interested()
        everybody = self.moment()
        self.assertEqual((everybody.estimate_may_see_count, everybody.estimate_not_interested_count), (2, 1))

    def test_the_mark_is_taken_off(self):
        customer = self.add_customer(self.anna).partner_id.with_user(self.seller)
        customer.action_wecom_not_interested()
        days = customer.wecom_no_moments_until - fields.Datetime.now()
        self.assertAlmostEqual(days.total_seconds(), 7 * 86400, delta=60)
        customer.action_wecom_interested()
        self.assertFalse(customer.wecom_no_moments_until)

    def test_the_policy_may_know_no_such_mark(self):
        self.corp.moment_pause_days = 0
        customer = self.add_customer(self.anna)
        with self.assertRaisesRegex(UserError, "no days"):
            customer.partner_id.with_user(self.manager).action_wecom_not_interested()

    def test_nobody_marks_customers_of_others(self):
        customer = self.add_customer(self.bruno)
        with self.assertRaises(UserError):
            customer.partner_id.with_user(self.seller).action_wecom_not_interested()
        self.assertFalse(customer.no_moments_until)

    def test_a_company_of_a_forbidden_industry_publishes_nothing(self):
        self.add_customer(self.anna)
        finance = self.env["res.partner.industry"].create({"name": "Banks"})
        self.corp.moment_forbidden_industry_ids += finance
        moment = self.moment()
        self.company.partner_id.industry_id = finance
        with self.assertRaisesRegex(UserError, "works in Banks"):
            moment.action_publish()
        self.company.partner_id.industry_id = False
        moment.action_publish()
        self.assertEqual(moment.state, "creating")

    def test_customers_of_a_forbidden_industry_are_left_out_of_lists(self):
        tobacco = self.env["res.partner.industry"].create({"name": "Tobacco"})
        self.corp.moment_forbidden_industry_ids += tobacco
        fitting, forbidden = self.add_customer(self.anna), self.add_customer(self.anna)
        forbidden.partner_id.industry_id = tobacco
        moment = self.to_partners(fitting, forbidden)
        self.assertEqual(moment.estimate_counts, {"": 1, "forbidden_industry": 1})
