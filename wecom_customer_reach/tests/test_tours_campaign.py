from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .broadcast_common import REMIND, BroadcastCase, png
from .test_tours import BrowserActions


@tagged("post_install", "-at_install")
class TestCampaignTour(BrowserActions, BroadcastCase, HttpCase):
    """What a marketer does in the browser around sending."""

    def test_reach_report_to_sms(self):
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        moved = self.add_customer(self.anna, self.clara, partner=self.add_partner("Reached"))
        stays = self.add_customer(self.anna, partner=self.add_partner("Stays"))
        stranger = self.add_partner("Stranger", phone="+8613800000001")
        silent = self.add_partner("No phone")
        broadcast = self.broadcast(sender_policy="first")
        self.start_tour("/odoo/wecom-broadcasts", "wecom_reach_sms", login=self.manager.login)
        sms = self.env["sms.sms"].search([("partner_id", "in", (stranger + silent).ids), ("state", "=", "outgoing")])
        self.assertEqual((sms.partner_id, sms.body), (stranger, "We are closed. See our shop."))
        self.send()
        senders = {row.contact_id: row.member_id for row in broadcast.recipient_ids.filtered("batch_id")}
        self.assertEqual(senders, {moved: self.clara, stays: self.anna})
        self.assert_arrives_once(broadcast, moved, stays)

    def test_library(self):
        self.broadcast(attachment_ids=[(0, 0, {"kind": "image", "file": png(), "filename": "closed.png"})])
        other = self.broadcast(name="Autumn colours", text="Autumn is here")
        self.start_tour("/odoo/wecom-broadcasts", "wecom_library", login=self.manager.login)
        self.assertEqual(other.text, "Autumn is here\n\nWe are closed for two weeks.")
        self.assertEqual(other.attachment_ids.file, png())
        [material] = self.env["wecom.material"].search([("company_id", "=", self.company.id)])
        self.assertEqual((material.name, material.is_shared, material.use_count), ("Shop is closed", True, 1))

    def test_preview_as_on_the_phone(self):
        attachments = [
            {"kind": "image", "file": png(20), "filename": "closed.png"},
            {
                "kind": "link",
                "title": "Our online shop",
                "description": "Open day and night",
                "url": "https://shop.example.com",
            },
            {"kind": "file", "file": png(), "filename": "prices.pdf"},
        ]
        broadcast = self.broadcast(attachment_ids=[fields.Command.create(values) for values in attachments])
        address = f"/odoo/wecom-broadcasts/{broadcast.id}"
        self.start_tour(address, "wecom_broadcast_preview", login=self.manager.login)

    def test_deadline_reminder(self):
        for member in (self.anna, self.bruno):
            self.add_customer(member)
        broadcast = self.sent_broadcast(deadline=fields.Datetime.now() + timedelta(hours=4))
        self.read_results(broadcast)
        self.start_tour("/odoo/wecom-broadcasts", "wecom_deadline", login=self.manager.login)
        for hours, reminders in ((2, 1), (3, 1)):
            sent = broadcast.sudo()
            sent.write({name: sent[name] - timedelta(hours=hours) for name in ("sent_at", "deadline")})
            self.send()
            self.assertEqual(self.sandbox.calls(REMIND), reminders)
        self.read_results()
        self.start_tour("/odoo/wecom-broadcasts", "wecom_deadline_passed", login=self.manager.login)

    def test_approval(self):
        approver = self.add_user("tour_approver", "wecom_customer_reach.group_wecom_approver")
        self.corp.approval_policy = "always"
        customer = self.add_customer(self.anna)
        broadcast = self.broadcast()
        self.start_tour("/odoo/wecom-broadcasts", "wecom_approval_ask", login=self.manager.login)
        self.assertEqual(broadcast.state, "to_approve")
        self.send()
        self.assertFalse(self.sandbox.broadcasts())
        self.start_tour("/odoo/wecom-broadcasts", "wecom_approval_approve", login=approver.login)
        self.assertEqual((broadcast.decided_by_id, broadcast.decision_comment), (approver, "Good, go ahead."))
        self.send()
        self.assert_arrives_once(broadcast, customer)
