from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import tagged

from ..models.exclusion import EXCLUSION_RULES
from ..models.wecom_broadcast_plan import cap_window
from .broadcast_common import BroadcastCase


@tagged("post_install", "-at_install")
class TestBroadcastPlan(BroadcastCase):
    """Who receives a broadcast, from whom, and who is left out and why."""

    def plan(self, **values):
        broadcast = self.broadcast(**values)
        broadcast.sudo()._plan()
        return broadcast

    def reasons(self, broadcast):
        return {name: exclusion for name, (_state, exclusion) in self.states(broadcast).items()}

    def test_each_reason(self):
        fine = self.add_customer(self.anna)
        expected = {fine.name: False}

        def leaves_out(code, contact):
            expected[contact.partner_id.name] = code

        leaves_out("opted_out", self.add_customer(self.anna, wecom_opt_out=True))
        for status, code in (
            ("deleted_by_customer", "deleted_by_customer"),
            ("half", "not_accepted"),
            ("deleted_by_member", "lost"),
            ("handed_over", "lost"),
        ):
            contact = self.add_customer(self.anna)
            contact.follow_ids.status = status
            leaves_out(code, contact)
        gone = self.add_member("gone", status="left")
        leaves_out("member_left", self.add_customer(gone))
        silent = self.add_member("silent", may_broadcast=False)
        leaves_out("member_not_allowed", self.add_customer(silent))
        disabled = self.add_member("disabled", status="disabled")
        leaves_out("member_not_allowed", self.add_customer(disabled))
        expected["Stranger"] = "no_contact"
        self.add_partner("Stranger")
        candidate = self.add_partner("Candidate")
        expected["Candidate"] = "to_match"
        self.add_customer(self.bruno, partner=self.env["res.partner"].create({"name": "Elsewhere"})).write(
            {"partner_id": False, "match_state": "to_match", "candidate_partner_ids": [(6, 0, candidate.ids)]}
        )
        draft = self.broadcast()
        report = {line["code"]: line["count"] for line in draft._exclusion_report()}
        broadcast = self.plan()
        self.assertEqual(self.reasons(broadcast), expected)
        self.assertEqual(
            report,
            {
                "to_match": 1,
                "no_contact": 1,
                "opted_out": 1,
                "deleted_by_customer": 1,
                "not_accepted": 1,
                "lost": 2,
                "member_left": 1,
                "member_not_allowed": 2,
            },
            "the report before sending says the same",
        )
        self.assertEqual({line["code"]: line["count"] for line in broadcast._exclusion_report()}, report)
        self.assertEqual(broadcast.recipient_ids.filtered("batch_id").contact_id, fine)
        self.assertEqual((draft.audience_count, draft.reachable_count), (11, 1))
        self.assertEqual((broadcast.audience_count, broadcast.reachable_count), (11, 1))

    def test_member_who_is_switched_off_is_not_left_to_wecom(self):
        silent = self.add_member("silent", may_broadcast=False)
        shared, plain = self.add_customer(self.anna, silent, last_chat=silent), self.add_customer(self.anna)
        for policy in ("wecom", "salesperson"):
            with self.subTest(policy):
                broadcast = self.plan(sender_policy=policy)
                senders = {row.contact_id: row.batch_id.sender_id for row in broadcast.recipient_ids}
                self.assertEqual(senders, {shared: self.anna, plain: self.env["wecom.member"]})

    def test_followed_by_one_who_can_send_is_enough(self):
        gone = self.add_member("gone", status="left")
        customer = self.add_customer(gone, self.anna)
        broadcast = self.plan(sender_policy="first")
        self.assertEqual(self.reasons(broadcast), {customer.name: False})
        self.assertEqual(broadcast.recipient_ids.member_id, self.anna)

    def test_same_partner_twice_is_reached_once(self):
        first = self.add_customer(self.anna, days_ago=20)
        second = self.add_customer(self.bruno, days_ago=5, partner=first.partner_id)
        broadcast = self.plan()
        rows = {recipient.contact_id: recipient.exclusion for recipient in broadcast.recipient_ids}
        self.assertEqual(rows, {first: "duplicate", second: False})
        self.assertEqual(broadcast.audience_count, 1)

    def test_planning_twice_changes_nothing(self):
        self.add_customer(self.anna)
        broadcast = self.plan()
        before = broadcast.recipient_ids
        broadcast.sudo()._plan()
        self.assertEqual(broadcast.recipient_ids, before)
        self.assertEqual(len(broadcast.batch_ids), 1)

    def test_sender_policies(self):
        salesperson = self.add_user("broadcast_sales", "base.group_user")
        self.bruno.user_id = salesperson
        shared = self.add_customer(self.anna, self.bruno, self.clara, user_id=salesperson.id)
        orphan = self.add_customer(self.anna, self.clara, user_id=salesperson.id)

        def senders(policy):
            broadcast = self.plan(sender_policy=policy)
            by_contact = {recipient.contact_id: recipient.member_id for recipient in broadcast.recipient_ids}
            for recipient in broadcast.recipient_ids:
                self.assertEqual(recipient.batch_id.sender_id, recipient.member_id)
            return by_contact[shared], by_contact[orphan]

        nobody = self.env["wecom.member"]
        self.assertEqual(senders("wecom"), (nobody, nobody))
        self.assertEqual(senders("first"), (self.anna, self.anna))
        self.assertEqual(senders("last"), (self.clara, self.clara))
        self.assertEqual(senders("salesperson"), (self.bruno, nobody), "WeCom decides where he does not follow")

    def test_named_sender_gets_the_task(self):
        self.add_customer(self.anna, self.bruno, last_chat=self.anna)
        broadcast = self.sent_broadcast(sender_policy="last")
        [made] = self.sandbox.broadcasts()
        self.assertEqual([task["userid"] for task in made["tasks"]], ["bruno"])
        self.read_results(broadcast)
        self.assertEqual(broadcast.recipient_ids.member_id, self.bruno)

    def test_slices_by_sender(self):
        self.patch(type(self.env["wecom.broadcast.batch"]), "_slice_size", 2)
        for _each in range(3):
            self.add_customer(self.anna)
        self.add_customer(self.bruno)
        broadcast = self.sent_broadcast(sender_policy="first")
        self.assertEqual(
            [(batch.sequence, batch.sender_id, batch.recipient_count) for batch in broadcast.batch_ids],
            [(1, self.anna, 2), (2, self.bruno, 1), (3, self.anna, 1)],
        )
        for batch in broadcast.batch_ids:
            self.assertEqual(
                len(broadcast.recipient_ids.filtered(lambda row, b=batch: row.batch_id == b)), batch.recipient_count
            )
        self.assertEqual(sorted(made["recipients"] for made in self.sandbox.broadcasts()), [1, 1, 2])
        self.assertEqual(len(set(broadcast.batch_ids.mapped("msgid"))), 3)

    def test_tags_and_members_narrow_the_audience(self):
        group = self.env["wecom.tag.group"].create({"corp_id": self.corp.id, "name": "Level", "external_id": "etgroup"})
        gold, skin, lapsed = (
            self.env["wecom.tag"].create(
                {"corp_id": self.corp.id, "group_id": group.id, "name": name, "external_id": name}
            )
            for name in ("gold", "skin", "lapsed")
        )

        def customer(member, *tags):
            contact = self.add_customer(member)
            contact.follow_ids.tag_ids = [(6, 0, [tag.id for tag in tags])]
            return contact.partner_id.name

        both, only_gold, only_skin = (
            customer(self.anna, gold, skin),
            customer(self.bruno, gold),
            customer(self.anna, skin),
        )
        quit_gold = customer(self.anna, gold, lapsed)

        def audience(**values):
            return set(self.states(self.plan(**values)))

        self.assertEqual(audience(tag_any_ids=gold.ids), {both, only_gold, quit_gold})
        self.assertEqual(audience(tag_all_ids=(gold | skin).ids), {both})
        self.assertEqual(audience(tag_any_ids=gold.ids, tag_none_ids=lapsed.ids), {both, only_gold})
        self.assertEqual(audience(member_ids=self.anna.ids), {both, only_skin, quit_gold})
        self.assertEqual(audience(member_ids=self.anna.ids, tag_none_ids=(gold | lapsed).ids), {only_skin})

    def test_statements_do_not_grow_with_the_audience(self):
        def statements():
            broadcast = self.broadcast().sudo()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            broadcast._plan()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        for _each in range(10):
            self.add_customer(self.anna)
        statements()
        small = statements()
        for _each in range(190):
            self.add_customer(self.bruno)
        self.assertEqual(statements(), small)

    def test_rules_have_words(self):
        for rule in EXCLUSION_RULES:
            self.assertTrue(rule.label and rule.meaning and rule.action, rule.code)
        self.assertEqual(len({rule.code for rule in EXCLUSION_RULES}), len(EXCLUSION_RULES))


@tagged("post_install", "-at_install")
class TestBroadcastCaps(BroadcastCase):
    """The corp's cap, counted from what was delivered, in Beijing days."""

    def deliver(self, contact, *moments):
        """Write deliveries of earlier broadcasts."""
        earlier = self.broadcast(name="Earlier")
        self.env["wecom.broadcast.recipient"].create(
            [
                {
                    "broadcast_id": earlier.id,
                    "partner_id": contact.partner_id.id,
                    "contact_id": contact.id,
                    "external_userid": contact.external_userid,
                    "state": "sent",
                    "sent_at": moment,
                }
                for moment in moments
            ]
        )

    def reason(self, contact, policy):
        self.corp.cap_policy = policy
        broadcast = self.broadcast()
        broadcast.sudo()._plan()
        return self.states(broadcast)[contact.partner_id.name][1]

    def test_presets_at_and_below_the_limit(self):
        now = fields.Datetime.now()
        for policy in ("month_days", "per_month", "per_week", "per_day"):
            start, allowed = cap_window(policy, now)
            contact = self.add_customer(self.anna)
            self.deliver(contact, start - timedelta(seconds=1), *[start] * (allowed - 1))
            self.assertFalse(self.reason(contact, policy), f"{policy}: one is left")
            self.deliver(contact, start + timedelta(seconds=1))
            self.assertEqual(self.reason(contact, policy), "cap", policy)
            self.assertFalse(self.reason(contact, "none"))

    def test_only_deliveries_count(self):
        contact = self.add_customer(self.anna)
        self.deliver(contact, fields.Datetime.now())
        self.assertEqual(self.reason(contact, "per_day"), "cap")
        self.env["wecom.broadcast.recipient"].search([("contact_id", "=", contact.id), ("state", "=", "sent")]).write(
            {"state": "capped"}
        )
        self.assertFalse(self.reason(contact, "per_day"))

    def test_windows_begin_at_midnight_in_beijing(self):
        late = datetime(2026, 2, 28, 15, 59)  # 23:59 of a Saturday in Beijing
        self.assertEqual(cap_window("month_days", late), (datetime(2026, 1, 31, 16), 28))
        self.assertEqual(cap_window("per_month", late), (datetime(2026, 1, 31, 16), 4))
        self.assertEqual(cap_window("per_week", late), (datetime(2026, 2, 22, 16), 7))
        self.assertEqual(cap_window("per_day", late), (datetime(2026, 2, 27, 16), 1))
        self.assertEqual(cap_window("month_days", late + timedelta(minutes=1)), (datetime(2026, 2, 28, 16), 31))
        self.assertIsNone(cap_window("none", late))

    def test_what_odoo_counts_wecom_counts_too(self):
        """The customer's second broadcast of the day: Odoo leaves him out; without the check WeCom caps him."""
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/settings", cap_rule="per_day")
        self.corp.cap_policy = "per_day"
        for expected in (("sent", False), ("excluded", "cap")):
            self.add_customer(self.anna)  # somebody who can be reached each time
            broadcast = self.sent_broadcast()
            self.sandbox.post("/sandbox/members/anna/confirm_all")
            self.read_results(broadcast)
            self.assertEqual(self.states(broadcast)[customer.name], expected)
        self.corp.cap_policy = "none"
        broadcast = self.sent_broadcast()
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(self.states(broadcast)[customer.name], ("capped", False))
