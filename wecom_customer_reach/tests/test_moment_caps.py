from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .moment_common import MomentCase


@tagged("post_install", "-at_install")
class TestMomentCaps(MomentCase):
    """Company posts are scarce: before publishing it is said for how many customers this would be one too many."""

    def shown(self, customer, count, **values):
        """Let the customer have seen ``count`` posts today."""
        for _number in range(count):
            moment = self.moment(**values)
            moment.action_publish()
            self.run_publisher()
            self.read_moment(moment)
            self.publishes(self.anna, moment)
            self.let_time_pass(moment)
            self.read_moment(moment)
        if count:
            self.assertTrue(self.env["wecom.moment.audience"].search([("contact_id", "=", customer.id)]))

    def test_the_fifth_company_post_of_a_month_is_not_shown_to_who_saw_four(self):
        customer = self.add_customer(self.anna)
        self.shown(customer, 3)
        self.add_customer(self.anna)
        draft = self.moment()
        self.assertIn("Company post no. 4", draft.cap_message)
        self.assertEqual((draft.cap_over_count, draft.cap_level), (0, "within"))
        self.shown(customer, 1)
        draft = self.moment()
        self.assertIn("Company post no. 5", draft.cap_message)
        self.assertIn("1 of the 2 customers have seen as many already", draft.cap_message)
        self.assertEqual((draft.cap_over_count, draft.cap_level), (1, "some"))
        draft.action_publish()
        self.assertEqual(draft.state, "creating", "the cap is WeCom's: it warns and does not refuse")
        self.assertEqual(draft.cap_level, "past")

    def test_next_month_everybody_is_free_again(self):
        customer = self.add_customer(self.anna)
        self.shown(customer, 4)
        later = fields.Datetime.now() + timedelta(days=32)
        draft = self.moment(publish_mode="scheduled", scheduled_at=later)
        self.assertIn("Company post no. 1", draft.cap_message)
        self.assertEqual(draft.cap_over_count, 0)
        self.assertEqual(draft.calendar_at, later)

    def test_posts_of_members_are_counted_by_day(self):
        customer = self.add_customer(self.anna)
        own = {"user": self.seller, "post_type": "employee"}
        self.corp.moment_cap_policy = "2020"
        self.assertFalse(self.moment(**own).cap_message)
        self.shown(customer, 1, **own)
        draft = self.moment(**own)
        self.assertEqual((draft.cap_over_count, draft.cap_level), (1, "most"))
        self.corp.moment_cap_policy = "current"
        draft.invalidate_recordset()
        self.assertEqual(draft.cap_over_count, 0, "three a day")

    def test_without_caps_nothing_is_said(self):
        self.add_customer(self.anna)
        self.corp.moment_cap_policy = "none"
        self.assertFalse(self.moment().cap_message)

    def test_half_an_audience_is_no_error(self):
        self.assertEqual(self.moment(audience_mode="tags").cap_over_count, 0)
