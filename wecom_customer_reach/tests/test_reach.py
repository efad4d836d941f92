from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

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
