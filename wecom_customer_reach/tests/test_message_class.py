from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .broadcast_common import BroadcastCase

TAG = "wecom_customer_reach.partner_category_existing_customer"


@tagged("post_install", "-at_install")
class TestMessageClass(BroadcastCase):
    """A marketer says what kind of message it is: the class decides who may get it, and whether it may be sent."""

    def test_marketing_reaches_potential_customers_too(self):
        lead, customer = self.add_customer(self.anna), self.add_existing_customer()
        broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.message_class, "marketing", "the class that assumes nothing about the customers")
        self.assertEqual(self.states(broadcast), {lead.name: ("pending", False), customer.name: ("pending", False)})

    def add_existing_customer(self):
        contact = self.add_customer(self.anna)
        contact.partner_id.category_id += self.env.ref(TAG)
        return contact

    def test_notice_reaches_existing_customers_only(self):
        lead, customer = self.add_customer(self.anna), self.add_existing_customer()
        unwilling = self.add_existing_customer()
        unwilling.partner_id.wecom_opt_out = True
        broadcast = self.broadcast(message_class="notice")
        self.assertEqual(broadcast.reachable_count, 1)
        action = broadcast.action_view_reason("not_a_customer")
        self.assertEqual(self.env["res.partner"].search(action["domain"]), lead.partner_id)
        broadcast.action_send()
        self.send()
        self.assertEqual(
            self.states(broadcast),
            {
                lead.name: ("excluded", "not_a_customer"),
                customer.name: ("pending", False),
                unwilling.name: ("excluded", "opted_out"),
            },
        )

    def test_changing_the_class_changes_who_is_reached(self):
        self.add_customer(self.anna)
        broadcast = self.broadcast(message_class="notice")
        self.assertEqual(broadcast.reachable_count, 0)
        broadcast.message_class = "marketing"
        self.assertEqual(broadcast.reachable_count, 1)

    def test_who_bought_is_a_customer_and_so_is_his_company(self):
        stage = self.env["crm.stage"].create({"name": "Won", "is_won": True})

        def lead(partner, **values):
            return self.env["crm.lead"].create(
                {"name": "Deal", "partner_id": partner.id, "company_id": self.company.id, **values}
            )

        won, lost, open_one, colleague = (self.add_customer(self.anna).partner_id for _number in range(4))
        elsewhere = self.add_customer(self.anna).partner_id
        company = self.env["res.partner"].create({"name": "Buyer Ltd", "is_company": True})
        colleague.parent_id = company
        lead(won, stage_id=stage.id)
        lead(lost).action_set_lost()
        lead(open_one)
        lead(company, stage_id=stage.id)
        lead(elsewhere, stage_id=stage.id, company_id=self.env["res.company"].create({"name": "Elsewhere"}).id)
        broadcast = self.broadcast(message_class="notice")
        reached = self.env["res.partner"].search(broadcast.action_view_reason("")["domain"])
        self.assertEqual(reached, won + colleague)

    def test_own_filter_decides_who_is_a_customer(self):
        tagged_one, named = self.add_existing_customer(), self.add_customer(self.anna)
        named.partner_id.ref = "K-1"
        self.corp.write({"customer_policy": "filter", "customer_domain": repr([("ref", "=like", "K-%")])})
        broadcast = self.sent_broadcast(message_class="notice")
        self.assertEqual(
            self.states(broadcast),
            {tagged_one.name: ("excluded", "not_a_customer"), named.name: ("pending", False)},
        )

    def test_a_filter_that_cannot_be_used_is_not_saved(self):
        for domain in ("[('no_such_field', '=', 1)]", "[(", "5"):
            with self.assertRaisesRegex(UserError, "filter"), self.env.cr.savepoint():
                self.corp.write({"customer_policy": "filter", "customer_domain": domain})

    def test_verification_and_triggered_notice_are_refused_with_a_way_out(self):
        partner = self.add_customer(self.anna, phone="+8613800000002", email="li@example.com").partner_id
        for message_class in ("verification", "triggered_notice"):
            broadcast = self.broadcast(message_class=message_class, scheduled_at="2099-01-01 09:00:00")
            self.assertTrue(broadcast.is_class_refused)
            for button in ("action_send", "action_schedule"):
                with self.assertRaisesRegex(UserError, "by SMS or e-mail"):
                    getattr(broadcast, button)()
            with self.assertRaisesRegex(UserError, "cannot be sent as a broadcast"):
                broadcast._send_test(self.anna, self.env["wecom.contact"].search([("partner_id", "=", partner.id)]))
            self.assertEqual(broadcast.state, "draft")
            for button in ("action_write_sms", "action_write_email"):
                action = getattr(broadcast, button)()
                composer = self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"])
                self.assertEqual(composer.create({}).res_ids, repr(partner.ids))
        self.send()
        self.assertFalse(self.sandbox.broadcasts())

    def test_a_refused_class_does_not_slip_through_the_scheduled_action(self):
        self.add_customer(self.anna)
        broadcast = self.broadcast()
        broadcast.action_send()
        self.env.cr.execute("UPDATE wecom_broadcast SET message_class = 'verification' WHERE id = %s", [broadcast.id])
        broadcast.invalidate_recordset()
        self.send()
        self.assertEqual(broadcast.state, "draft")
        self.assertIn("cannot be sent as a broadcast", self.notes(broadcast))
        self.assertFalse(self.sandbox.broadcasts())

    def test_the_class_is_fixed_once_sent_and_goes_with_copies(self):
        self.add_existing_customer()
        broadcast = self.sent_broadcast(message_class="notice")
        with self.assertRaisesRegex(UserError, "has been sent"):
            broadcast.message_class = "marketing"
        self.assertEqual(broadcast.copy().message_class, "notice")
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(
            self.env["wecom.broadcast.report"].search([("broadcast_id", "=", broadcast.id)]).message_class, "notice"
        )

    def test_only_what_was_made_outside_odoo_has_no_class(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(IntegrityError, "has_class"),
            self.env.cr.savepoint(),
        ):
            self.broadcast(message_class=False)
        found = self.env["wecom.broadcast"].create(
            {"name": "Found", "corp_id": self.corp.id, "origin": "personal", "message_class": False}
        )
        self.assertEqual(found.copy().message_class, "marketing")
