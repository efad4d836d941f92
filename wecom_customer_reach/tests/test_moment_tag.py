from datetime import datetime

from odoo.tests import tagged

from .moment_common import MomentCase

MARK = "/cgi-bin/externalcontact/mark_tag"


@tagged("post_install", "-at_install")
class TestMomentTag(MomentCase):
    """A partner list: exactly these customers may see the moment, by a tag that goes again."""

    def carry_on(self, moment):
        """Let tag, moment and looks go on until nothing changes."""
        for _round in range(4):
            self.let_time_pass(moment)
            self.run_publisher()
            self.mark_tags()

    def temporary_tags(self):
        """Return the names of the living tags of Odoo's group in WeCom, with how many customers carry each."""
        groups = self.sandbox.get("/sandbox/tags")["groups"]
        return [tag["name"] for group in groups if group["name"] == "Odoo" for tag in group["tags"]]

    def test_exactly_the_partners_of_the_list_see_it(self):
        first, second, third = (self.add_customer(self.anna) for _number in range(3))
        of_bruno = self.add_customer(self.bruno)
        moment = self.to_partners(first, of_bruno)
        self.assertEqual((moment.estimate_member_count, moment.estimate_may_see_count), (2, 2))
        moment.action_publish()
        self.assertEqual(moment.creation_state, "tagging")
        self.carry_on(moment)
        self.assertEqual(moment.state, "waiting")
        tag = moment.temporary_tag_id
        self.assertTrue(tag.active)
        self.read_moment(moment)
        self.assertEqual(moment.task_ids.member_id, self.anna | self.bruno)
        for member in (self.anna, self.bruno):
            self.publishes(member, moment)
        self.read_moment(moment)
        for customer, sees in ((first, 1), (second, 0), (third, 0), (of_bruno, 1)):
            self.assertEqual(len(self.sees(customer)), sees, customer.name)
        self.assertEqual(moment.state, "done")
        self.run_publisher()
        self.assertFalse(moment.temporary_tag_id)
        self.assertFalse(tag.active, "the tag is gone in WeCom and here")
        self.assertFalse(self.env["wecom.follow"].search([("tag_ids", "in", tag.ids)]))

    def test_name_of_the_tag_fits(self):
        """The number of a moment grows, the room for a tag's name does not."""
        time = datetime(2026, 11, 26, 18, 37, 5)
        for number, name in (
            (7, "Moment 7 26-11-26 183705"),
            (9_999_999, "Moment 9999999 26-11-26 183705"),
            (99_999_999, "oment 99999999 26-11-26 183705"),
        ):
            self.assertEqual(self.env["wecom.moment"]._tag_name_of(number, time), name)

    def test_who_opted_out_gets_no_tag(self):
        first, second = (self.add_customer(self.anna) for _number in range(2))
        second.partner_id.wecom_opt_out = True
        moment = self.to_partners(first, second)
        self.assertEqual(moment.estimate_counts, {"": 1, "opted_out": 1})
        self.assertEqual(moment.estimate_lines[1]["count"], 1)
        opened = moment.action_view_reason("opted_out")
        self.assertEqual(self.env[opened["res_model"]].search(opened["domain"]), second)
        everybody = self.moment()
        self.assertEqual((everybody.estimate_may_see_count, everybody.estimate_opted_out_count), (2, 1))
        moment.action_publish()
        self.carry_on(moment)
        self.publishes(self.anna, moment)
        self.assertEqual((len(self.sees(first)), len(self.sees(second))), (1, 0))

    def test_reasons_why_partners_of_a_list_may_not_see_it(self):
        lost, foreign = self.add_customer(self.anna), self.add_customer(self.bruno)
        lost.follow_ids.status = "deleted_by_customer"
        self.bruno.may_be_asked_moment = True
        nobody = self.add_partner()
        partners = (lost | foreign).partner_id | nobody
        moment = self.moment(
            audience_mode="partners",
            partner_domain=repr([("id", "in", partners.ids)]),
            member_ids=[(6, 0, self.anna.ids)],
        )
        self.assertEqual(moment.estimate_counts, {"deleted_by_customer": 1, "not_own": 1, "no_contact": 1})

    def test_a_seller_reaches_the_partners_he_sees_through_his_own_member(self):
        own, others = self.add_customer(self.anna), self.add_customer(self.bruno)
        moment = self.moment(
            self.seller,
            audience_mode="partners",
            partner_domain=repr([("id", "in", (own | others).partner_id.ids)]),
        )
        self.assertEqual(moment.estimate_counts.get(""), 1)
        moment.action_publish()
        self.carry_on(moment)
        self.assertFalse(self.waiting_on_phone(self.bruno))
        self.publishes(self.anna, moment)
        self.assertEqual((len(self.sees(own)), len(self.sees(others))), (1, 0))

    def test_stopped_while_the_tag_is_put_on_nobody_is_asked(self):
        customer = self.add_customer(self.anna)
        moment = self.to_partners(customer)
        moment.action_publish()
        self.run_publisher()
        self.assertTrue(moment.marking_id)
        moment.action_stop()
        self.carry_on(moment)
        self.assertEqual((moment.state, bool(moment.temporary_tag_id)), ("cancelled", False))
        self.assertFalse(self.waiting_on_phone(self.anna))

    def test_a_tag_that_cannot_be_put_on_is_told_and_gone_on_with(self):
        first, second = (self.add_customer(self.anna) for _number in range(2))
        moment = self.to_partners(first, second)
        self.sandbox.post("/sandbox/faults", path=MARK, kind="errcode", errcode=48002, times=1)
        moment.action_publish()
        self.run_publisher()
        self.mark_tags()
        self.let_time_pass(moment)
        self.run_publisher()
        self.assertEqual(moment.state, "creating")
        self.assertIn("stopped", moment.error_message)
        moment.marking_id.action_continue()
        self.carry_on(moment)
        self.assertEqual((moment.state, moment.error_message), ("waiting", False))
