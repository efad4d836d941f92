from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import wecom_broadcast_reach_action as reach_action
from ..models.exclusion import EXCLUSION_RULES, REACH_ACTIONS
from .broadcast_common import BroadcastCase


class ReachCase(BroadcastCase):
    """What the tests of the reach report share."""

    def deliver(self, contact, moment):
        """Write a delivery of an earlier broadcast."""
        earlier = self.broadcast(name="Earlier")
        self.env["wecom.broadcast.recipient"].create(
            {
                "broadcast_id": earlier.id,
                "partner_id": contact.partner_id.id,
                "contact_id": contact.id,
                "external_userid": contact.external_userid,
                "state": "sent",
                "sent_at": moment,
            }
        )

    def opened(self, broadcast, code):
        """Return the partners that the number of one line opens, seen by the manager."""
        action = broadcast.action_view_reason(code)
        rows = self.env[action["res_model"]].with_user(self.manager).search(action["domain"])
        return rows if action["res_model"] == "res.partner" else rows.partner_id


@tagged("post_install", "-at_install")
class TestReach(ReachCase):
    """The reach report: worked out on demand, kept, opening exactly what it counts."""

    def test_quiet_period_begins_with_a_delivery_and_ends_after_its_days(self):
        """The user sets a quiet period of 7 days; who got one 6 days ago is left out, 8 days ago not."""
        self.corp.quiet_days = 7
        lately, before, other = self.add_customer(self.anna), self.add_customer(self.anna), self.add_customer(self.anna)
        now = fields.Datetime.now()
        self.deliver(lately, now - timedelta(days=7) + timedelta(minutes=1))
        self.deliver(before, now - timedelta(days=7, minutes=1))
        second = self.add_customer(self.bruno, partner=lately.partner_id, days_ago=3)
        draft = self.broadcast()
        self.assertEqual(draft.reach_counts, {"": 2, "quiet": 1, "duplicate": 1})
        self.assertEqual(self.opened(draft, "quiet"), lately.partner_id)
        self.assertEqual(self.opened(draft, ""), before.partner_id + other.partner_id)
        draft.message_class = "notice"
        self.corp.write({"customer_policy": "filter", "customer_domain": "[]"})
        self.assertEqual(draft.reach_counts, {"": 3, "duplicate": 1}, "a notice goes out all the same")
        draft.message_class = "marketing"
        self.corp.quiet_days = 0
        draft.invalidate_recordset()
        self.assertEqual(draft.reach_counts, {"": 3, "duplicate": 1})
        self.assertTrue(second)

    def test_nobody_but_the_salesperson(self):
        """With "Salesperson, nobody else" who cannot be sent to by the salesperson is left out, and said so."""
        salesperson = self.add_user("reach_sales", "base.group_user")
        self.bruno.user_id = salesperson
        fine = self.add_customer(self.anna, self.bruno, user_id=salesperson.id)
        elsewhere = self.add_customer(self.anna, user_id=salesperson.id)
        without = self.add_customer(self.bruno)
        broadcast = self.sent_broadcast(sender_policy="salesperson_only")
        self.assertEqual(broadcast.recipient_ids.filtered("batch_id").contact_id, fine)
        self.assertEqual(broadcast.recipient_ids.member_id, self.bruno)
        self.assertEqual(self.opened(broadcast, "no_salesperson"), elsewhere.partner_id + without.partner_id)

    def test_large_audience_is_worked_out_on_demand_and_kept(self):
        self.patch(type(self.env["wecom.broadcast"]), "_live_reach_limit", 2)
        reached = self.add_customer(self.anna) + self.add_customer(self.anna)
        stranger = self.add_partner("Stranger")
        draft = self.broadcast()
        self.assertTrue(draft.reach_unknown)
        self.assertEqual(draft.audience_count, 3)
        self.assertFalse(draft.reach_counts)
        draft.action_work_out_reach()
        self.assertFalse(draft.reach_unknown)
        self.assertEqual(draft.reach_counts, {"": 2, "no_contact": 1})
        self.assertEqual([line["code"] for line in draft.reach_lines], ["", "no_contact"])
        self.assertFalse(draft.recipient_ids, "nothing is planned")
        reached[0].partner_id.wecom_opt_out = True
        draft.invalidate_recordset()
        self.assertEqual(draft.reach_counts, {"": 2, "no_contact": 1}, "it stands until it is worked out again")
        self.assertEqual(self.opened(draft, ""), reached.partner_id)
        self.assertEqual(self.opened(draft, "no_contact"), stranger)
        draft.action_work_out_reach()
        self.assertEqual(draft.reach_counts, {"": 1, "no_contact": 1, "opted_out": 1})
        draft.partner_domain = "[]"
        self.assertFalse(draft.reach_report, "another audience is not yet worked out")

    def test_large_audience_is_worked_out_for_its_approval(self):
        """The corp wants broadcasts to more than 2 customers approved; a large audience is not counted on reading."""
        self.patch(type(self.env["wecom.broadcast"]), "_live_reach_limit", 1)
        self.corp.write({"approval_policy": "above", "approval_threshold": 2})
        approver = self.add_user("reach_approver", "wecom_customer_reach.group_wecom_approver")
        for _each in range(3):
            self.add_customer(self.anna)
        draft = self.broadcast()
        self.assertTrue(draft.needs_approval)
        with self.assertRaises(UserError):
            draft.action_send()
        draft.action_request_approval()
        self.assertEqual(draft.reachable_count, 3)
        self.add_customer(self.anna)
        draft.with_user(approver)._approve(draft._version(), "")
        self.assertEqual((draft.approved_count, draft.state), (4, "sending"))

    def test_what_changed_between_report_plan_and_hand_over_is_kept(self):
        opts_out, late = self.add_customer(self.anna), self.add_customer(self.anna)
        self.add_customer(self.anna)
        stranger = self.add_partner("Stranger")
        leaver = self.add_customer(self.anna).partner_id
        draft = self.broadcast(send_mode="scheduled", scheduled_at=fields.Datetime.now() + timedelta(days=1))
        draft.action_schedule()
        self.assertEqual(draft.reach_report["counts"], {"": 4, "no_contact": 1})
        opts_out.partner_id.wecom_opt_out = True
        self.add_customer(self.bruno, partner=stranger)
        leaver.category_id = False
        self.add_partner("New")
        draft.sudo().write({"state": "sending"})
        draft.sudo()._plan()
        late.partner_id.wecom_opt_out = True
        self.send()
        lines = draft.reach_change_message.splitlines()
        self.assertTrue(lines[0].startswith("Since the report of "))
        self.assertEqual(
            set(lines[1:]),
            {
                "1 can no longer be reached: Opted out.",
                "1 can be reached now; before: Not a WeCom contact.",
                "1 no longer in the audience.",
                "1 new in the audience, left out: Not a WeCom contact.",
                "1 left out when it was handed to WeCom: Opted out.",
            },
        )
        self.assertEqual(draft.reach_report["counts"], {"": 4, "no_contact": 1}, "the report stays")
        self.assertFalse(self.env["wecom.broadcast.reach"].search_count([("broadcast_id", "=", draft.id)]))
        with self.assertRaises(UserError):
            draft.action_work_out_reach()

    def test_statements_do_not_grow_with_the_audience(self):
        def statements():
            draft = self.broadcast()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            draft.action_work_out_reach()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        for _each in range(10):
            self.add_customer(self.anna)
        statements()
        small = statements()
        for _each in range(90):
            self.add_customer(self.bruno)
        self.assertEqual(statements(), small)

    def test_user_sees_the_reports_of_his_own_broadcasts_only(self):
        self.anna.user_id = self.seller
        own, other = self.add_customer(self.anna), self.add_customer(self.bruno)
        managers = self.broadcast()
        managers.action_work_out_reach()
        sellers = (
            self.env["wecom.broadcast"]
            .with_user(self.seller)
            .create(
                {"name": "Mine", "corp_id": self.corp.id, "text": "Hello", "partner_domain": managers.partner_domain}
            )
        )
        sellers.action_work_out_reach()
        rows = self.env["wecom.broadcast.reach"].with_user(self.seller).search([])
        self.assertEqual(rows.broadcast_id, sellers)
        self.assertNotIn(other.partner_id, rows.filtered(lambda row: not row.exclusion).partner_id)
        self.assertEqual(self.opened(sellers.sudo(), ""), own.partner_id)
        with self.assertRaises(AccessError):
            managers.with_user(self.seller).action_work_out_reach()
        with self.assertRaises(AccessError):
            rows[:1].write({"exclusion": "cap"})
        with self.assertRaises(AccessError):
            sellers.write({"reach_report": {"at": "2026-01-01 00:00:00", "audience": 0, "counts": {}}})


@tagged("post_install", "-at_install")
class TestReachAction(ReachCase):
    """What the buttons of the reach report do for all customers of a reason."""

    def activities(self, partners):
        kind = self.env.ref("wecom_customer_reach.mail_activity_type_reach")
        return self.env["mail.activity"].search(
            [("res_model", "=", "res.partner"), ("res_id", "in", partners.ids), ("activity_type_id", "=", kind.id)]
        )

    def test_every_button_of_the_report_is_known(self):
        draft = self.broadcast()
        for rule in EXCLUSION_RULES:
            self.assertLessEqual(set(rule.buttons), REACH_ACTIONS.keys(), rule.code)
        with self.assertRaises(UserError):
            draft.action_for_reason("opted_out", "sms")
        with self.assertRaises(UserError):
            draft.action_for_reason("no_contact", "unlink")

    def test_salesperson_is_asked_to_add_strangers_once(self):
        """Strangers of Anna's user: she is asked, with her card; others: the responsible user. No second time."""
        self.anna.user_id = self.seller
        stranger = self.add_partner("Stranger", user_id=self.seller.id, phone="+86 138 0000 0000")
        nobodys = self.add_partner("Nobody's")
        self.add_customer(self.anna)
        draft = self.broadcast()
        told = draft.action_for_reason("no_contact", "ask_to_add")
        self.assertIn("Activities made: 2.", told["params"]["message"])
        [activity] = self.activities(stranger)
        self.assertEqual(activity.user_id, self.seller)
        self.assertIn("Anna", activity.note)
        self.assertIn("138", activity.note)
        self.assertEqual(self.activities(nobodys).user_id, self.manager)
        told = draft.action_for_reason("no_contact", "ask_to_add")
        self.assertIn("Activities made: 0. Open already: 2.", told["params"]["message"])

    def test_manager_of_a_member_who_left_is_asked_to_hand_over(self):
        gone = self.add_member("gone", status="left", manager_user_id=self.manager.id)
        customer = self.add_customer(gone)
        self.broadcast().action_for_reason("member_left", "hand_over")
        [activity] = self.activities(customer.partner_id)
        self.assertEqual(activity.user_id, self.manager)
        self.assertIn("followed by Gone, who left", activity.note)

    def test_member_is_asked_to_accept(self):
        self.anna.user_id = self.seller
        customer = self.add_customer(self.anna)
        customer.follow_ids.status = "half"
        self.broadcast().action_for_reason("not_accepted", "ask_to_accept")
        self.assertEqual(self.activities(customer.partner_id).user_id, self.seller)

    def test_too_many_activities_are_refused_with_a_way_out(self):
        self.patch(reach_action, "MOST_ACTIVITIES", 2)
        strangers = self.env["res.partner"].union(*[self.add_partner(f"Stranger {n}") for n in range(3)])
        draft = self.broadcast()
        with self.assertRaisesRegex(UserError, "more than 2 customers"):
            draft.action_for_reason("no_contact", "ask_to_add")
        self.assertFalse(self.activities(strangers))
        self.patch(reach_action, "MOST_IN_COMPOSER", 2)
        with self.assertRaisesRegex(UserError, "tab Fallback"):
            draft.action_for_reason("no_contact", "sms")

    def test_sms_and_email_go_to_exactly_the_customers_of_the_reason(self):
        self.add_customer(self.anna)
        stranger = self.add_partner("Stranger", phone="+86 138 0000 0000", email="s@example.com")
        draft = self.broadcast()
        for action in ("sms", "email"):
            opened = draft.action_for_reason("no_contact", action)
            self.assertEqual(opened["context"]["default_res_ids"], repr(stranger.ids))
        draft.action_send()
        self.send()
        opened = draft.action_for_reason("no_contact", "sms")
        composer = self.env[opened["res_model"]].with_user(self.manager).with_context(**opened["context"]).create({})
        messages = composer._action_send_sms()
        self.assertEqual(messages.partner_id, stranger)
        self.assertIn("closed for two weeks", messages.body)

    def test_match_opens_the_contacts_that_wait_for_these_partners(self):
        candidate = self.add_partner("Candidate")
        waiting = self.add_customer(self.bruno, partner=self.env["res.partner"].create({"name": "Elsewhere"}))
        waiting.write(
            {"partner_id": False, "match_state": "to_match", "candidate_partner_ids": [(6, 0, candidate.ids)]}
        )
        other = self.add_customer(self.bruno, partner=self.env["res.partner"].create({"name": "Not meant"}))
        other.write({"partner_id": False, "match_state": "to_match"})
        action = self.broadcast().action_for_reason("to_match", "match")
        self.assertEqual(self.env["wecom.contact"].with_user(self.manager).search(action["domain"]), waiting)

    def test_cap_says_when_they_are_free_again(self):
        self.corp.cap_policy = "per_day"
        customer = self.add_customer(self.anna)
        self.deliver(customer, fields.Datetime.now())
        [line] = [line for line in self.broadcast().reach_lines if line["code"] == "cap"]
        self.assertIn("free again on", line["action"])
        self.assertEqual([button["code"] for button in line["buttons"]], ["sms", "email"])

    def test_activities_of_many_cost_few_statements_for_each(self):
        def statements(count):
            for number in range(count):
                self.add_partner(f"Stranger {number}")
            draft = self.broadcast()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            draft.action_for_reason("no_contact", "ask_to_add")
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        statements(10)
        few = statements(10)
        self.assertLessEqual(statements(60), few + 5)
