from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .killing import Killing
from .moment_common import MomentCase

MOST_COMMITS = 20


@tagged("post_install", "-at_install")
class TestMomentRule(Killing, MomentCase):
    """A customer likes a moment, and the next step is there: once, and it can be seen what was done."""

    def rule(self, **values):
        return (
            self.env["wecom.moment.rule"]
            .with_user(self.manager)
            .create({"name": "Follow up", "corp_id": self.corp.id, **values})
        )

    def reaction(self, customer, what="like", moment=None):
        """Return a moment published by Anna that the customer has reacted to, as read from WeCom."""
        if not moment:
            moment = self.published()
            self.publishes(self.anna, moment)
        values = {"text": "How much?"} if what == "comment" else {}
        self.reacts(customer, what, moment, self.anna, **values)
        self.let_time_pass(moment)
        self.read_moment(moment)
        return moment

    def apply(self):
        self.run_action("ir_cron_apply_moment_rules")

    def log(self, rule):
        return self.env["wecom.moment.rule.log"].search([("rule_id", "=", rule.id)])

    def test_an_activity_for_the_salesperson(self):
        rule = self.rule(activity_summary="Ask what he is looking for")
        customer = self.add_customer(self.anna)
        self.reaction(customer)
        self.assertEqual(self.log(rule).state, "waiting")
        self.apply()
        [activity] = customer.partner_id.activity_ids
        self.assertEqual((activity.user_id, activity.summary), (self.seller, "Ask what he is looking for"))
        self.assertEqual((self.log(rule).state, self.log(rule).activity_id), ("done", activity))
        self.assertEqual(rule.done_count, 1)

    def test_a_lead_with_its_source(self):
        self.rule(action="lead", reaction="comment")
        customer = self.add_customer(self.anna)
        customer.partner_id.user_id = self.manager
        moment = self.reaction(customer)
        self.apply()
        leads = self.env["crm.lead"].search([("partner_id", "=", customer.partner_id.id)])
        self.assertFalse(leads, "he has liked it only")
        self.reaction(customer, "comment", moment)
        self.apply()
        [lead] = self.env["crm.lead"].search([("partner_id", "=", customer.partner_id.id)])
        self.assertEqual((lead.user_id, lead.source_id, lead.medium_id.name), (self.manager, moment.source_id, "WeCom"))

    def test_a_corp_tag_arrives_in_wecom(self):
        values = {"name": "Interest", "corp_id": self.corp.id, "tag_ids": [Command.create({"name": "Tea"})]}
        tag = self.env["wecom.tag.group"].with_user(self.manager).create(values).tag_ids
        rule = self.rule(action="tag", tag_id=tag.id)
        customer = self.add_customer(self.anna)
        self.reaction(customer)
        self.apply()
        self.mark_tags()
        self.assertEqual(customer.follow_ids.tag_ids, tag)
        self.assertEqual(self.log(rule).marking_id.state, "done")

    def test_once_for_each_customer_and_moment(self):
        rule = self.rule()
        customer, other = self.add_customer(self.anna), self.add_customer(self.anna)
        moment = self.reaction(customer)
        self.apply()
        self.reaction(customer, "comment", moment)
        self.reaction(other, "like", moment)
        self.apply()
        self.apply()
        self.assertEqual(len(self.log(rule)), 2)
        self.assertEqual(len(customer.partner_id.activity_ids), 1)
        self.reaction(customer)
        self.apply()
        self.assertEqual(len(customer.partner_id.activity_ids), 2, "another moment")

    def test_for_chosen_moments_and_while_active(self):
        customer = self.add_customer(self.anna)
        first = self.published(name="First")
        self.publishes(self.anna, first)
        rule = self.rule(moment_ids=[Command.set(first.ids)])
        off = self.rule(active=False)
        self.reaction(customer)
        self.assertFalse(self.log(rule) + self.log(off))
        self.reaction(customer, "like", first)
        self.assertEqual(self.log(rule).moment_id, first)

    def test_what_fails_is_told_and_can_be_tried_again(self):
        rule = self.rule()
        customer, matched = self.add_customer(self.anna), self.add_customer(self.anna)
        partner = customer.partner_id
        customer.sudo().write({"partner_id": False, "match_state": "no_partner"})
        moment = self.reaction(customer)
        self.reaction(matched, "like", moment)
        self.apply()
        failed, done = self.log(rule).sorted(lambda row: row.contact_id != customer)
        self.assertEqual((failed.state, done.state), ("failed", "done"))
        self.assertIn("match it first", failed.error_message)
        customer.sudo().write({"partner_id": partner.id, "match_state": "matched"})
        failed.with_user(self.manager).action_retry()
        self.apply()
        self.assertEqual(failed.state, "done")
        self.assertEqual(len(partner.activity_ids), 1)

    def test_killed_anywhere_it_is_done_once(self):
        self.rule(action="lead")
        customers = [self.add_customer(self.anna) for _number in range(3)]
        moment = self.reaction(customers[0])
        for customer in customers[1:]:
            self.reaction(customer, "like", moment)
        for number in range(1, MOST_COMMITS):
            if not self.run_and_kill("ir_cron_apply_moment_rules", number, after=number % 2):
                break
        self.apply()
        for customer in customers:
            self.assertEqual(self.env["crm.lead"].search_count([("partner_id", "=", customer.partner_id.id)]), 1)

    def test_needs_what_it_shall_do(self):
        with self.assertRaisesRegex(ValidationError, "corp tag"):
            self.rule(action="tag")

    def test_only_managers(self):
        self.rule()
        with self.assertRaises(AccessError):
            self.env["wecom.moment.rule"].with_user(self.seller).search([])
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("rule_stranger", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        self.assertFalse(self.env["wecom.moment.rule"].with_user(stranger).search([]))
