from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.cap_policy import cap_window, next_window_date
from .touch_common import TouchCase

POLICIES = ("month_days", "per_month", "per_week", "per_day")


@tagged("post_install", "-at_install")
class TestTouch(TouchCase):
    """Every message that reached a customer is one line, whoever made the broadcast."""

    def touches(self, user=None, **domain):
        Touch = self.env["wecom.touch"].with_user(user or self.manager)
        return Touch.search([("corp_id", "=", self.corp.id), *((name, "=", value) for name, value in domain.items())])

    def test_what_was_delivered_is_a_touch(self):
        customer, other = self.add_customer(self.anna), self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.assertFalse(self.touches(), "nobody has confirmed yet")
        self.sandbox.post(f"/sandbox/customers/{other.external_userid}/delete_member", userid="anna")
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        [touch] = self.touches()
        self.assertEqual((touch.kind, touch.origin), ("broadcast", "odoo"))
        self.assertEqual(
            (touch.contact_id, touch.partner_id, touch.member_id, touch.broadcast_id, touch.company_id),
            (customer, customer.partner_id, self.anna, broadcast, self.company),
        )
        self.assertEqual(touch.date, broadcast.recipient_ids.filtered("sent_at").sent_at)
        partner = customer.partner_id.with_user(self.manager)
        self.assertEqual(partner.wecom_touch_count, 1)
        action = partner.action_wecom_touches()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), touch)
        self.assertEqual(other.partner_id.with_user(self.manager).wecom_touch_count, 0)

    def test_touches_follow_the_contact_to_its_partner(self):
        customer = self.add_customer(self.anna)
        self.earlier(contacts=customer, moments=[fields.Datetime.now()])
        elsewhere = self.add_partner("Merged into")
        customer.partner_id = elsewhere
        self.assertEqual(self.touches().partner_id, elsewhere)

    def test_groups_and_counts(self):
        first, second = self.add_customer(self.anna), self.add_customer(self.anna)
        now = fields.Datetime.now()
        self.earlier(contacts=first | second, moments=[now])
        self.earlier(contacts=first, moments=[now - timedelta(days=40), now])
        Touch = self.env["wecom.touch"].with_user(self.manager)
        groups = dict(Touch._read_group([("corp_id", "=", self.corp.id)], ["contact_id"], ["__count"]))
        self.assertEqual(groups, {first: 3, second: 1})
        by_month = Touch._read_group([("corp_id", "=", self.corp.id)], ["date:month", "origin"], ["__count"])
        self.assertEqual(sum(count for _month, _origin, count in by_month), 4)

    def test_own_customers_only(self):
        self.anna.user_id = self.seller
        own, foreign = self.add_customer(self.anna), self.add_customer(self.bruno)
        self.earlier(contacts=own | foreign, moments=[fields.Datetime.now()])
        self.assertEqual(self.touches(self.seller).contact_id, own)
        self.assertEqual(self.touches(self.manager).contact_id, own | foreign)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("touch_elsewhere", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id})
        self.assertFalse(self.touches(stranger))
        outsider = self.add_user("touch_outsider", "base.group_user")
        with self.assertRaises(AccessError):
            self.touches(outsider)
        for operation in ("create", "write", "unlink"):
            self.assertFalse(self.env["wecom.touch"].with_user(self.manager).has_access(operation))

    def test_statements_do_not_grow_with_the_touches(self):
        def statements(contacts):
            partners = self.env["res.partner"].with_user(self.manager).browse(contacts.partner_id.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            partners.mapped("wecom_touch_count")
            contacts.mapped("cap_used")
            return self.env.cr.sql_log_count - before

        customers = self.env["wecom.contact"]
        for _each in range(12):
            customers |= self.add_customer(self.anna)
        self.earlier(contacts=customers, moments=[fields.Datetime.now()])
        statements(customers[:1])
        few = statements(customers[:2])
        self.earlier(contacts=customers, moments=[fields.Datetime.now()] * 20)
        self.assertEqual(statements(customers), few)

    def test_one_partner_is_found_by_an_index(self):
        customer = self.add_customer(self.anna)
        others = self.env["wecom.contact"].create(
            [{"corp_id": self.corp.id, "external_userid": f"wm{n}", "name": f"Other {n}"} for n in range(400)]
        )
        self.earlier(contacts=others, moments=[fields.Datetime.now()] * 3)
        self.earlier(contacts=customer, moments=[fields.Datetime.now()])
        query = self.env["wecom.touch"]._search([("partner_id", "=", customer.partner_id.id)], limit=80)
        self.env.flush_all()
        self.env.cr.execute("ANALYZE wecom_contact, wecom_broadcast_recipient")
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(line for (line,) in self.env.execute_query(SQL("EXPLAIN %s", query.select())))
        self.assertIn("wecom_broadcast_recipient_contact_delivered_idx", plan)
        self.assertIn("wecom_contact__partner_id_index", plan)


@tagged("post_install", "-at_install")
class TestCapLedger(TouchCase):
    """Per customer: received, left, next free day, in the windows of WeCom's calendar, which is Beijing's."""

    def ledger(self, contact, now=None):
        """Return (used, allowed, left, next free day) as the screens have it at ``now``."""
        self.env.invalidate_all()
        if now is None:
            return contact.cap_used, contact.cap_allowed, contact.cap_left, contact.cap_free_date
        with freeze_time(now):
            return self.ledger(contact)

    def plan_leaves_out(self, contact, now):
        with freeze_time(now):
            return contact in self.contacts_capped()

    def contacts_capped(self):
        self.env.flush_all()
        rows = self.env.execute_query(self.broadcast()._capped_sql())
        return self.env["wecom.contact"].browse([row[0] for row in rows])

    def test_every_preset_at_and_past_its_edge(self):
        """One below the limit, at it, and one second into the next window."""
        turns = {  # the last second of a window in UTC, and the date in Beijing a second later
            "month_days": ("2026-02-28 15:59:59", "2026-03-01"),
            "per_month": ("2026-12-31 15:59:59", "2027-01-01"),
            "per_week": ("2026-11-29 15:59:59", "2026-11-30"),
            "per_day": ("2026-11-26 15:59:59", "2026-11-27"),
        }
        for policy, (moment, free_date) in turns.items():
            with self.subTest(policy):
                self.corp.cap_policy = policy
                last_second = fields.Datetime.to_datetime(moment)
                start, allowed = cap_window(policy, last_second)
                contact = self.add_customer(self.anna)
                before = start - timedelta(seconds=1)
                self.earlier(contacts=contact, moments=[before, *[start] * (allowed - 1)])
                self.assertEqual(self.ledger(contact, last_second), (allowed - 1, allowed, 1, False))
                self.assertFalse(self.plan_leaves_out(contact, last_second))
                self.earlier(contacts=contact, moments=[last_second])
                free = fields.Date.to_date(free_date)
                self.assertEqual(self.ledger(contact, last_second), (allowed, allowed, 0, free))
                self.assertTrue(self.plan_leaves_out(contact, last_second))
                self.assertEqual(next_window_date(policy, last_second), free)
                turned = last_second + timedelta(seconds=1)
                used, _allowed, left, free_date_then = self.ledger(contact, turned)
                self.assertEqual((used, free_date_then), (0, False))
                self.assertGreater(left, 0)
                self.assertFalse(self.plan_leaves_out(contact, turned))

    def test_ledger_counts_the_rows(self):
        """For whatever was delivered when, the ledger has as many as there are touches in the window."""
        now = fields.Datetime.to_datetime("2026-11-26 04:00:00")
        contact = self.add_customer(self.anna)
        self.earlier(contacts=contact, moments=[now - timedelta(hours=7 * number) for number in range(60)])
        for policy in POLICIES:
            self.corp.cap_policy = policy
            start, _allowed = cap_window(policy, now)
            rows = self.env["wecom.touch"].search_count([("contact_id", "=", contact.id), ("date", ">=", start)])
            self.assertGreater(rows, 0)
            self.assertEqual(self.ledger(contact, now)[0], rows, policy)

    def test_partner_reads_it_in_words(self):
        customer = self.add_customer(self.anna)
        partner = customer.partner_id.with_user(self.manager)
        self.corp.cap_policy = "per_month"
        with freeze_time("2026-11-26 04:00:00"):
            self.earlier(contacts=customer, moments=[fields.Datetime.now()])
            self.assertEqual(partner.wecom_cap_message, "1 of 4 broadcasts received this month; 3 left.")
            self.earlier(contacts=customer, moments=[fields.Datetime.now()] * 3)
            self.env.invalidate_all()
            self.assertEqual(
                partner.wecom_cap_message,
                "4 of 4 broadcasts received: the cap is used up. Free again on 12/01/2026.",
            )
        self.corp.cap_policy = "none"
        self.env.invalidate_all()
        self.assertFalse(partner.wecom_cap_message)
        self.assertFalse(self.add_partner().with_user(self.manager).wecom_cap_message)


@tagged("post_install", "-at_install")
class TestCapForecast(TouchCase):
    """Before a draft is sent: on which day how many would be refused."""

    def forecast(self, draft):
        draft.action_forecast_caps()
        return dict(draft.cap_forecast["days"])

    def capped_by_the_plan(self, draft, day):
        """Return how many customers a plan made at noon in Beijing of that day leaves out for their cap."""
        with freeze_time(f"{day} 04:00:00"):
            return draft._live_reach().get("cap", 0)

    def test_the_numbers_are_what_the_plan_then_does(self):
        thursday = "2026-11-26 02:00:00"
        customers = self.env["wecom.contact"]
        for _each in range(6):
            customers |= self.add_customer(self.anna)
        self.add_partner()
        now = fields.Datetime.to_datetime(thursday)
        self.earlier(contacts=customers[:3], moments=[now - timedelta(hours=1)])  # this day, week and month
        self.earlier(contacts=customers[1:5], moments=[now - timedelta(days=2)] * 6)  # this week and month
        self.earlier(contacts=customers[5], moments=[now - timedelta(days=20)] * 4)  # this month
        expected = {
            "per_day": {"2026-11-26": 3, "2026-11-27": 0, "2026-12-02": 0},
            "per_week": {"2026-11-26": 2, "2026-11-29": 2, "2026-11-30": 0},
            "per_month": {"2026-11-26": 5, "2026-11-30": 5, "2026-12-01": 0},
            "month_days": {"2026-11-26": 0, "2026-12-02": 0},
        }
        for policy, counts in expected.items():
            with self.subTest(policy):
                self.corp.cap_policy = policy
                draft = self.broadcast()
                with freeze_time(thursday):
                    days = self.forecast(draft)
                self.assertEqual(draft.cap_forecast["total"], 6)
                self.assertEqual({day: days[day] for day in counts}, counts)
                self.assertEqual(days, {day: self.capped_by_the_plan(draft, day) for day in days})

    def test_the_turn_of_the_month_is_shown_when_it_is_far(self):
        self.corp.cap_policy = "per_month"
        customer = self.add_customer(self.anna)
        with freeze_time("2026-11-03 02:00:00"):
            self.earlier(contacts=customer, moments=[fields.Datetime.now()] * 4)
            draft = self.broadcast()
            days = self.forecast(draft)
        self.assertEqual(len(days), 8)
        self.assertEqual((days["2026-11-09"], days["2026-12-01"]), (1, 0))
        self.assertIn("1 of 1 customers would be refused today; best day:", draft.cap_forecast_message)
        self.assertIn("December 1, 2026", draft.cap_forecast_message)
        self.assertEqual([line["share"] for line in draft.cap_forecast_lines], [100] * 7 + [0])

    def test_what_is_on_its_way_counts_and_is_said(self):
        self.corp.cap_policy = "per_day"
        customers = self.add_customer(self.anna) | self.add_customer(self.anna) | self.add_customer(self.anna)
        running = self.broadcast(partner_domain=repr([("id", "=", customers[0].partner_id.id)]))
        running.action_send()
        self.send()
        draft = self.broadcast()
        with freeze_time(fields.Datetime.now()):
            today = next_window_date("per_day", fields.Datetime.now()) - timedelta(days=1)
            scheduled = self.broadcast(
                partner_domain=repr([("id", "in", customers[:2].partner_id.ids)]),
                send_mode="scheduled",
                scheduled_at=fields.Datetime.now() + timedelta(days=2),
            )
            scheduled.action_schedule()
            days = list(self.forecast(draft).values())
        self.assertEqual(days, [1, 0, 2, 0, 0, 0, 0], today)
        self.assertEqual(draft.cap_forecast["waiting"], 3)
        self.assertIn("3 messages of other broadcasts", draft.cap_forecast_message)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(running)
        self.assertEqual(list(self.forecast(draft).values())[0], 1, "delivered it counts once, not twice")
        self.assertEqual(draft._live_reach()["cap"], 1)

    def test_what_wecom_refused_is_a_hint(self):
        customer = self.add_customer(self.anna)
        self.corp.cap_policy = "per_month"
        self.sandbox.post("/sandbox/settings", cap_rule="per_day")
        for _each in range(2):
            broadcast = self.sent_broadcast()
            self.sandbox.post("/sandbox/members/confirm_all")
            self.read_results(broadcast)
        self.assertEqual(self.states(broadcast)[customer.name], ("capped", False))
        draft = self.broadcast()
        self.assertEqual(list(self.forecast(draft).values())[0], 0)
        self.assertEqual(draft.cap_forecast["hinted"], 1)
        self.assertIn("tighter", draft.cap_forecast_message)

    def test_a_changed_audience_takes_the_forecast_away(self):
        self.add_customer(self.anna)
        draft = self.broadcast()
        self.forecast(draft)
        draft.text = "Another text"
        self.assertTrue(draft.cap_forecast)
        draft.member_ids = self.anna
        self.assertFalse(draft.cap_forecast)
        self.assertFalse(draft.cap_forecast_message)

    def test_statements_do_not_grow_with_the_audience(self):
        def statements():
            draft = self.broadcast()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            draft._forecast_caps()
            return self.env.cr.sql_log_count - before

        self.add_customer(self.anna)
        statements()
        few = statements()
        for _each in range(40):
            self.add_customer(self.bruno)
        self.assertEqual(statements(), few)
