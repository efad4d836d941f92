from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .moment_common import MomentCase


@tagged("post_install", "-at_install")
class TestTimeline(MomentCase):
    """Who opens a customer sees what happened between him and the company on WeCom, the latest first."""

    def timeline(self, customer, user=None, **options):
        self.env.flush_all()
        self.env.invalidate_all()
        entries = self.env["wecom.timeline.entry"].with_user(user or self.manager)
        return entries.get_timeline(customer.partner_id.id, **options)

    def kinds(self, customer, user=None, **options):
        return [entry["kind"] for entry in self.timeline(customer, user, **options)["entries"]]

    def liked_moment(self, customer):
        """Return a moment that Anna has published and the customer likes."""
        moment = self.published()
        self.publishes(self.anna, moment)
        self.reacts(customer, "like", moment, self.anna)
        self.let_time_pass(moment)
        self.read_moment(moment)
        return moment

    def test_everything_that_happened_is_there(self):
        customer, other = self.add_customer(self.anna), self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        moment = self.liked_moment(customer)
        self.reacts(customer, "comment", moment, self.anna, text="How much?")
        self.let_time_pass(moment)
        self.read_moment(moment)
        follow = customer.sudo().follow_ids
        lost_at = fields.Datetime.now() + timedelta(days=1)
        self.env["wecom.loss"].create(
            {
                "follow_id": follow.id,
                "member_id": self.anna.id,
                "contact_id": customer.id,
                "ended_by": "deleted_by_customer",
                "lost_at": lost_at,
                "won_back_at": lost_at + timedelta(days=1),
            }
        )
        follow.sudo().write({"status": "handed_over", "lost_at": lost_at + timedelta(days=2)})

        entries = self.timeline(customer)["entries"]
        self.assertEqual(
            {entry["kind"] for entry in entries},
            {"broadcast", "moment", "like", "comment", "added", "lost", "won_back", "handed_over"},
        )
        self.assertEqual([entry["date"] for entry in entries], sorted((e["date"] for e in entries), reverse=True))
        texts = {entry["kind"]: entry["text"] for entry in entries}
        self.assertEqual(texts["broadcast"], "“Closed for two weeks” was delivered, from Anna")
        self.assertEqual(texts["like"], "Liked the moment “New teas” of Anna")
        self.assertEqual(texts["lost"], "The customer deleted Anna")
        self.assertEqual(sorted(self.kinds(other)), ["added", "broadcast", "moment"], "nothing of others")

    def test_filtered_by_kind(self):
        customer = self.add_customer(self.anna)
        self.liked_moment(customer)
        self.assertEqual(self.kinds(customer, kinds=["like"]), ["like"])
        self.assertEqual(sorted(self.kinds(customer, kinds=["moment", "added"])), ["added", "moment"])
        self.assertFalse(self.kinds(customer, kinds=["lost"]))

    def test_page_after_page_in_as_many_statements(self):
        """A customer of many years: 5,000 entries, read page by page, none twice and none forgotten."""
        customer = self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.env.flush_all()
        self.env.cr.execute(
            """INSERT INTO wecom_broadcast_recipient
                      (broadcast_id, partner_id, contact_id, external_userid, member_id, state, sent_at)
               SELECT %s, %s, %s, 'x', %s, 'sent', now() AT TIME ZONE 'UTC' - make_interval(hours => number / 2)
                 FROM generate_series(1, 5000) number""",
            [broadcast.id, customer.partner_id.id, customer.id, self.anna.id],
        )

        def page(before, limit):
            start = self.env.cr.sql_log_count
            answer = self.timeline(customer, kinds=["broadcast"], before=before, limit=limit)
            return answer, self.env.cr.sql_log_count - start

        page(None, 5)
        few = page(None, 5)[1]
        seen, before, more = [], None, True
        while more:
            answer, statements = page(before, 300)
            self.assertLessEqual(statements, few)
            seen += [entry["id"] for entry in answer["entries"]]
            before, more = [answer["entries"][-1]["date"], seen[-1]], answer["more"]
        self.assertEqual(len(seen), 5000)
        self.assertEqual(len(set(seen)), 5000)

    def test_contact_persons_belong_to_their_company(self):
        customer = self.add_customer(self.anna)
        firm = self.env["res.partner"].create({"name": "Tea House", "is_company": True})
        customer.partner_id.parent_id = firm
        [entry] = self.env["wecom.timeline.entry"].with_user(self.manager).get_timeline(firm.id)["entries"]
        self.assertEqual((entry["kind"], entry["person"]), ("added", customer.partner_id.display_name))

    def test_salespeople_see_their_own_customers(self):
        own, foreign = self.add_customer(self.anna), self.add_customer(self.bruno)
        self.assertEqual(self.kinds(own, self.seller), ["added"])
        self.assertFalse(self.kinds(foreign, self.seller))
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("timeline_stranger", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        self.assertFalse(self.kinds(own, stranger))
        with self.assertRaises(AccessError):
            self.kinds(own, self.add_user("timeline_outsider", "base.group_user"))

    def test_what_the_user_may_not_open_is_no_link(self):
        customer = self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        [entry] = self.timeline(customer, kinds=["broadcast"])["entries"]
        self.assertEqual(entry["source"], ["wecom.broadcast", broadcast.id])
        [entry] = self.timeline(customer, self.seller, kinds=["broadcast"])["entries"]
        self.assertFalse(entry["source"], "a broadcast of the manager")

    def test_a_reaction_becomes_one_lead(self):
        customer = self.add_customer(self.anna)
        moment = self.liked_moment(customer)
        [entry] = self.timeline(customer, self.seller, kinds=["like"])["entries"]
        self.assertFalse(entry["reaction_id"], "without the CRM nobody makes leads")
        reaction = self.env["wecom.moment.reaction"].browse(
            self.env["wecom.moment.reaction"].search([("moment_id", "=", moment.id)]).ids
        )
        with self.assertRaises(AccessError):
            reaction.with_user(self.seller).action_create_lead()

        self.seller.group_ids += self.env.ref("sales_team.group_sale_salesman")
        [entry] = self.timeline(customer, self.seller, kinds=["like"])["entries"]
        self.assertEqual((entry["reaction_id"], entry["has_lead"]), (reaction.id, False))
        first = reaction.with_user(self.seller).action_create_lead()
        lead = self.env["crm.lead"].browse(first["res_id"])
        self.assertEqual(lead.partner_id, customer.partner_id)
        self.assertEqual((lead.source_id, lead.medium_id.name), (moment.source_id, "WeCom"))
        self.assertEqual(lead.user_id, self.seller)
        self.assertEqual(reaction.with_user(self.seller).action_create_lead(), first, "pressed again: the same lead")
        [entry] = self.timeline(customer, self.seller, kinds=["like"])["entries"]
        self.assertTrue(entry["has_lead"])

    def test_a_lead_goes_to_the_salesperson_where_the_user_may_see_it(self):
        customer = self.add_customer(self.anna)
        moment = self.liked_moment(customer)
        reaction = self.env["wecom.moment.reaction"].search([("moment_id", "=", moment.id)]).with_user(self.manager)
        own, everybody = (self.env.ref(f"sales_team.group_sale_salesman{suffix}") for suffix in ("", "_all_leads"))
        for group, salesperson in ((own, self.manager), (everybody, self.seller)):
            with self.subTest(group=group.name), self.env.cr.savepoint():
                self.manager.group_ids += group
                lead = self.env["crm.lead"].browse(reaction.action_create_lead()["res_id"])
                self.assertEqual(lead.user_id, salesperson)
                reaction.sudo().lead_id = False

    def test_a_contact_without_partner_makes_no_lead(self):
        customer = self.add_customer(self.anna)
        moment = self.liked_moment(customer)
        customer.sudo().write({"partner_id": False, "match_state": "no_partner"})
        self.manager.group_ids += self.env.ref("sales_team.group_sale_salesman")
        reaction = self.env["wecom.moment.reaction"].search([("moment_id", "=", moment.id)])
        with self.assertRaisesRegex(UserError, "match it first"):
            reaction.with_user(self.manager).action_create_lead()
