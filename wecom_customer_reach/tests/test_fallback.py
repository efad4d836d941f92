from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import wecom_broadcast_fallback_run
from .broadcast_common import CREATE, BroadcastCase
from .killing import Killing

MOST_COMMITS = 20


class FallbackCase(BroadcastCase):
    """Customers with telephone numbers, and what Odoo hands over to them."""

    def setUp(self):
        super().setUp()
        self.company.country_id = self.env.ref("base.cn")
        self.phone_number = 0

    def add_partner(self, name="No contact", **values):
        self.phone_number += 1
        values = {"phone": f"+86138000{self.phone_number:05d}", "email": f"c{self.phone_number}@example.com"} | values
        return super().add_partner(name, **values)

    def fall_back(self):
        self.run_action("ir_cron_fall_back")

    def sms(self, *partners):
        """Return the SMS that will go out to these partners."""
        ids = [partner.id for partner in partners]
        return self.env["sms.sms"].search([("partner_id", "in", ids), ("state", "=", "outgoing")])

    def by_sms(self, reason="any", **values):
        """Return the command that adds an SMS fallback without delay."""
        return (0, 0, {"reason": reason, "way": "sms", "sms_text": "See our shop.", "wait_hours": 0, **values})

    def lines(self, broadcast):
        """Return {name of the customer: (state, problem or False)}."""
        lines = self.env["wecom.broadcast.fallback.line"].search([("broadcast_id", "=", broadcast.id)])
        return {line.partner_id.name: (line.state, line.problem) for line in lines}


@tagged("post_install", "-at_install")
class TestFallback(FallbackCase):
    """Who is not reached by WeCom is told in another way, once, or it is said why not."""

    def test_the_left_out_get_an_sms_through_the_queue_of_odoo(self):
        reached = self.add_customer(self.anna)
        strangers = [self.add_partner(f"Stranger {number}") for number in range(2)]
        self.add_partner("No phone", phone=False)
        self.add_partner("Bad phone", phone="12")
        blacklisted = self.add_partner("Blacklisted")
        self.env["phone.blacklist"].add(blacklisted.phone)
        self.add_partner("Family", phone=strangers[0].phone)
        opted_out = self.add_customer(self.anna, wecom_opt_out=True).partner_id

        broadcast = self.sent_broadcast(fallback_ids=[self.by_sms("no_contact")])
        self.assertFalse(self.sms(*strangers), "not before the scheduled action")
        self.fall_back()

        self.assertEqual(
            self.lines(broadcast),
            {
                "Stranger 0": ("done", False),
                "Stranger 1": ("done", False),
                "No phone": ("impossible", "no_phone"),
                "Bad phone": ("impossible", "invalid_phone"),
                "Blacklisted": ("impossible", "blacklisted"),
                "Family": ("impossible", "duplicate"),
            },
        )
        self.assertEqual(self.sms(*strangers).mapped("body"), ["See our shop."] * 2)
        self.assertFalse(self.sms(reached.partner_id, opted_out, blacklisted))
        self.assertIn("See our shop.", str(strangers[0].message_ids.mapped("body")))
        fallback = broadcast.fallback_ids
        self.assertEqual((fallback.done_count, fallback.impossible_count, broadcast.fallback_count), (2, 4, 2))
        opened = fallback.with_context(line_state="impossible").action_view_lines()
        self.assertEqual(self.env[opened["res_model"]].search_count(opened["domain"]), fallback.impossible_count)

        self.fall_back()
        self.assertEqual(len(self.sms(*strangers)), 2, "a second run tells nobody again")

    def test_the_same_number_in_another_step_is_told_once(self):
        first, second = (self.add_partner(name, phone="+8613900000001") for name in ("First", "Second"))
        self.add_customer(self.anna)
        with patch.object(wecom_broadcast_fallback_run, "LINES_PER_STEP", 1):
            broadcast = self.sent_broadcast(fallback_ids=[self.by_sms()])
            self.fall_back()
        self.assertEqual(self.lines(broadcast)["Second"], ("impossible", "duplicate"))
        self.assertEqual(self.sms(first, second).partner_id, first)

    def test_results_get_an_email_or_a_person(self):
        gone, full, refused, fine = (self.add_customer(self.anna) for _each in range(4))
        self.sandbox.post(f"/sandbox/customers/{gone.external_userid}/delete_member", userid="anna")
        self.sandbox.post("/sandbox/settings", cap_rule="per_day")
        self.sandbox.post(
            "/sandbox/members/anna/broadcast", external_userids=[full.external_userid], text="from the phone"
        )
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=refused.external_userid)
        full.partner_id.user_id = self.seller
        template = self.env["mail.template"].create(
            {
                "name": "News",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "News for {{ object.name }}",
                "body_html": "<p>Closed.</p>",
                "partner_to": "{{ object.id }}",
            }
        )
        blocked = self.add_partner("Blocked", email="blocked@example.com")
        self.env["mail.blacklist"].create({"email": "blocked@example.com"})
        self.add_partner("No address", email=False)
        broadcast = self.sent_broadcast(
            fallback_ids=[
                self.by_sms("refused"),
                (0, 0, {"reason": "capped", "way": "activity", "wait_hours": 0, "activity_summary": "Call"}),
                (0, 0, {"reason": "any", "way": "email", "wait_hours": 0, "mail_template_id": template.id}),
            ]
        )
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        self.fall_back()

        self.assertEqual(
            self.lines(broadcast),
            {
                gone.partner_id.name: ("done", False),
                full.partner_id.name: ("done", False),
                refused.partner_id.name: ("done", False),
                "Blocked": ("impossible", "blacklisted"),
                "No address": ("impossible", "no_address"),
            },
        )
        self.assertEqual(self.sms(refused.partner_id).body, "See our shop.")
        activity = full.partner_id.activity_ids
        self.assertEqual((activity.user_id, activity.summary), (self.seller, "Call"))
        self.assertIn("Capped", activity.note)
        mail = self.env["mail.mail"].search([("model", "=", "res.partner"), ("res_id", "=", gone.partner_id.id)])
        self.assertEqual((mail.state, mail.subject), ("outgoing", f"News for {gone.partner_id.name}"))
        self.assertFalse(self.env["mail.mail"].search([("res_id", "=", blocked.id), ("state", "=", "outgoing")]))
        self.assertFalse(fine.partner_id.activity_ids or self.sms(fine.partner_id))

    def test_members_who_wait_too_long_are_withdrawn_before_anybody_is_told(self):
        early, late = self.add_customer(self.anna), self.add_customer(self.clara)
        broadcast = self.sent_broadcast(fallback_ids=[self.by_sms("pending", wait_hours=24)])
        self.read_results(broadcast)
        self.fall_back()
        self.assertFalse(self.lines(broadcast), "24 hours have not passed")
        self.assertFalse(broadcast.batch_ids.cancel_requested_at)

        broadcast.batch_ids.sudo().created_at = "2026-01-01 00:00:00"
        self.fall_back()
        self.assertTrue(broadcast.batch_ids.cancel_requested_at)
        self.assertFalse(self.lines(broadcast), "they may still get it: WeCom has not stopped anybody yet")
        self.assertIn("withdrawn", self.notes(broadcast))

        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.send()
        self.read_results(broadcast)
        self.sandbox.post("/sandbox/members/clara/confirm_all")
        self.fall_back()
        self.assertEqual(self.lines(broadcast), {late.partner_id.name: ("done", False)})
        self.assertEqual(len(self.sms(late.partner_id)), 1)
        self.assertFalse(self.sms(early.partner_id))
        self.assertEqual(len(self.sandbox.received(early.external_userid)), 1, "confirmed between: reached by WeCom")
        self.assertFalse(self.sandbox.received(late.external_userid), "withdrawn: she can send no more")
        self.assertEqual(broadcast.state, "done")

    def test_who_is_reached_between_claim_and_hand_over_is_left_alone(self):
        customer = self.add_customer(self.anna)
        self.sandbox.post(f"/sandbox/customers/{customer.external_userid}/delete_member", userid="anna")
        stranger = self.add_partner("Stranger")
        broadcast = self.sent_broadcast(fallback_ids=[self.by_sms()])
        self.sandbox.post("/sandbox/members/anna/confirm_all")
        self.read_results(broadcast)
        broadcast.sudo()._claim_fallbacks()
        self.assertEqual(set(self.lines(broadcast).values()), {("waiting", False)})
        broadcast.recipient_ids.filtered("contact_id").sudo().state = "sent"
        stranger.wecom_opt_out = True
        self.fall_back()
        self.assertEqual(
            self.lines(broadcast),
            {customer.partner_id.name: ("dropped", "reached"), "Stranger": ("impossible", "opted_out")},
        )
        self.assertFalse(self.sms(customer.partner_id, stranger))

    def test_a_partner_reached_through_his_other_contact_is_left_alone(self):
        partner = self.add_partner("Two phones")
        lost = self.add_customer(self.anna, partner=partner)
        lost.follow_ids.status = "deleted_by_customer"
        self.add_customer(self.bruno, partner=partner)
        broadcast = self.sent_broadcast(fallback_ids=[self.by_sms()])
        self.assertEqual(sorted(broadcast.recipient_ids.mapped("state")), ["excluded", "pending"])
        self.fall_back()
        self.assertFalse(self.lines(broadcast))

    def test_stopping_stops_the_fallback_as_well(self):
        self.add_customer(self.anna)
        stranger = self.add_partner("Stranger")
        broadcast = self.sent_broadcast(fallback_ids=[self.by_sms()])
        broadcast.sudo()._claim_fallbacks()
        broadcast.action_stop()
        self.fall_back()
        self.assertEqual(self.lines(broadcast), {"Stranger": ("dropped", "stopped")})
        self.assertFalse(self.sms(stranger))

    @mute_logger("odoo.addons.wecom_customer_reach.models.wecom_broadcast_send")
    def test_batches_sent_again_leave_out_who_was_told(self):
        told, other = self.add_customer(self.anna), self.add_customer(self.anna, phone=False)
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="errcode", errcode=40058, times=1)
        broadcast = self.sent_broadcast(fallback_ids=[self.by_sms("refused")])
        self.assertEqual(broadcast.batch_ids.state, "failed")
        self.fall_back()
        self.assertEqual(self.lines(broadcast)[told.partner_id.name], ("done", False))
        broadcast.batch_ids.with_user(self.manager).action_retry()
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertFalse(self.sandbox.received(told.external_userid))
        self.assertEqual(len(self.sandbox.received(other.external_userid)), 1)
        self.assertEqual(self.states(broadcast)[told.partner_id.name][0], "refused")

    def test_a_fallback_added_later_waits_for_its_button(self):
        self.add_customer(self.anna)
        stranger = self.add_partner("Stranger")
        broadcast = self.sent_broadcast()
        broadcast.fallback_ids = [self.by_sms()]
        self.fall_back()
        self.assertFalse(self.sms(stranger), "saving a line sends nothing")
        broadcast.fallback_ids.action_start()
        self.fall_back()
        self.assertEqual(len(self.sms(stranger)), 1)
        with self.assertRaises(UserError):
            broadcast.fallback_ids.sms_text = "Another text"
        with self.assertRaises(UserError):
            broadcast.fallback_ids.unlink()

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_a_text_that_cannot_be_prepared_holds_up_nothing_else(self):
        self.add_customer(self.anna)
        self.add_partner("Broken")
        lost = self.add_customer(self.anna)
        lost.follow_ids.status = "deleted_by_customer"
        broken = self.env["sms.template"].create(
            {
                "name": "Broken",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body": "{{ object.no_such_field }}",
            }
        )
        broadcast = self.sent_broadcast(
            fallback_ids=[
                self.by_sms("no_contact", sms_template_id=broken.id, sms_text=broken.body),
                self.by_sms("deleted_by_customer"),
            ]
        )
        self.fall_back()
        self.assertEqual(
            self.lines(broadcast), {"Broken": ("impossible", "failed"), lost.partner_id.name: ("done", False)}
        )
        self.assertTrue(broadcast.fallback_ids[0].error_message)

    def test_a_text_is_rendered_with_the_rights_of_its_author(self):
        self.bruno.user_id = self.seller
        lost, reached = self.add_customer(self.bruno), self.add_customer(self.bruno)
        lost.follow_ids.status = "deleted_by_customer"
        broadcast = (
            self.env["wecom.broadcast"]
            .with_user(self.seller)
            .create(
                {
                    "name": "Own",
                    "corp_id": self.corp.id,
                    "partner_domain": repr([("category_id", "in", self.category.ids)]),
                    "text": "Closed.",
                    "fallback_ids": [self.by_sms(sms_text="{{ object.env['wecom.corp'].sudo().search([]).secret }}")],
                }
            )
        )
        broadcast.action_send()
        self.send()
        self.fall_back()
        secret = self.sandbox.get("/sandbox/credentials")["secret"]
        self.assertFalse([sms for sms in self.sms(lost.partner_id, reached.partner_id) if secret in sms.body])
        self.assertEqual(self.lines(broadcast), {lost.partner_id.name: ("impossible", "failed")})

    def test_what_may_not_be_written(self):
        broadcast = self.broadcast(fallback_ids=[self.by_sms(started_at="2026-01-01 00:00:00")])
        self.assertFalse(broadcast.fallback_ids.started_at)
        with self.assertRaises(AccessError):
            broadcast.fallback_ids.started_at = "2026-01-01 00:00:00"
        with self.assertRaises(ValidationError):
            broadcast.fallback_ids = [self.by_sms(sms_text="  ")]
        with self.assertRaises(AccessError):
            broadcast.fallback_ids.with_user(self.seller).read(["reason"])

    def test_many_customers_are_claimed_by_the_same_statements(self):
        self.add_customer(self.anna)

        def claim(count):
            for _each in range(count):
                self.add_partner()
            broadcast = self.sent_broadcast(fallback_ids=[self.by_sms()]).sudo()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            broadcast._claim_fallbacks()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before, broadcast.fallback_ids.waiting_count

        few_statements, few = claim(3)
        many_statements, many = claim(60)
        self.assertEqual((few, many), (3, 63))
        self.assertEqual(few_statements, many_statements)


@tagged("post_install", "-at_install")
class TestFallbackKilled(Killing, FallbackCase):
    """The process ends at the n-th commit: nobody is told twice, nobody is forgotten."""

    def test_killed_anywhere(self):
        self.add_customer(self.anna)
        for after in (False, True):
            for number in range(1, MOST_COMMITS):
                strangers = [self.add_partner(f"Stranger {number} {after} {each}") for each in range(5)]
                broadcast = self.sent_broadcast(
                    partner_domain=repr([("id", "in", [partner.id for partner in strangers] + self.anna_customers())]),
                    fallback_ids=[self.by_sms()],
                )
                with patch.object(wecom_broadcast_fallback_run, "LINES_PER_STEP", 2):
                    came_to_it = self.run_and_kill("ir_cron_fall_back", number, after)
                    self.fall_back()
                with self.subTest(commit=number, after=after):
                    self.assertEqual(set(self.lines(broadcast).values()), {("done", False)})
                    self.assertEqual(len(self.sms(*strangers)), 5)
                    self.assertEqual(self.sms(*strangers).partner_id, self.env["res.partner"].concat(*strangers))
                broadcast.sudo().state = "done"
                broadcast.fallback_ids.sudo().done_at = broadcast.sending_at
                if not came_to_it:
                    self.assertGreater(number, 4)
                    break
            else:
                self.fail("the action never came to its end")

    def anna_customers(self):
        return self.anna.follow_ids.contact_id.partner_id.ids
