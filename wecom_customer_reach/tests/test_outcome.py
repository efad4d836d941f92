import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from ..models.wecom_broadcast_links import find_links, is_public_https, replace_links
from .broadcast_common import BroadcastCase

BASE = "https://crm.example.com"


@tagged("post_install", "-at_install")
class TestOutcome(BroadcastCase, HttpCase):
    """What came of a broadcast, down to clicks and leads; every number opens the rows it counts."""

    def run_action(self, name):
        """Run a scheduled action; the browser tests' registry shares its cursor already."""
        self.env.flush_all()
        outcome = self.env.ref(f"wecom_customer_reach.{name}").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotIsInstance(outcome, dict, f"{name} failed")

    def setUp(self):
        super().setUp()
        self.customer = self.add_customer(self.anna)
        self.set_base(BASE)

    def set_base(self, url):
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", url)

    def opened(self, action):
        """Return how many rows an action opens."""
        context = action["context"]
        return (
            self.env[action["res_model"]].with_user(self.manager).with_context(**context).search_count(action["domain"])
        )

    def tracked_broadcast(self, **values):
        return self.sent_broadcast(
            **{
                "text": "看 https://shop.example.com/sale?a=1，谢谢 https://shop.example.com/sale?a=1.",
                "attachment_ids": [(0, 0, {"kind": "link", "title": "Shop", "url": "https://shop.example.com/card"})],
                **values,
            }
        )

    def test_customers_get_short_links_and_their_clicks_are_counted(self):
        campaign = self.env["utm.campaign"].create({"title": "May"})
        broadcast = self.tracked_broadcast(campaign_id=campaign.id)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        [message] = self.sandbox.received(self.customer.external_userid)
        links = find_links(message["text"]["content"])
        self.assertEqual(len(links), 1)
        self.assertTrue(links[0].startswith(f"{BASE}/r/"))
        self.assertEqual(message["text"]["content"], f"看 {links[0]}，谢谢 {links[0]}.")
        card = message["attachments"][0]["link"]["url"]
        self.assertTrue(card.startswith(f"{BASE}/r/"))
        self.assertNotEqual(card, links[0])
        self.assertEqual(broadcast.sent_text, message["text"]["content"])
        self.assertIn("shop.example.com", broadcast.text, "what was written stays as it was")

        self.assertEqual(broadcast.click_count, 0)
        for link in (links[0], links[0], card):
            answer = self.url_open(link.removeprefix(BASE), allow_redirects=False)
            self.assertEqual(answer.status_code, 301)
        target = answer.headers["Location"]
        self.assertTrue(target.startswith("https://shop.example.com/card?"), target)
        for value in ("utm_campaign=May", "utm_medium=WeCom", "utm_source=Closed"):
            self.assertIn(value, target)
        self.env.invalidate_all()
        self.assertEqual(broadcast.click_count, 3)
        self.assertEqual(self.opened(broadcast.action_view_clicks()), 3)
        self.assertEqual(self.opened(broadcast.action_view_links()), 2)
        self.assertEqual(broadcast.source_id.name, broadcast.name)

    def test_links_stay_as_they_are_when_nobody_could_open_the_short_ones(self):
        self.set_base("http://localhost:8069")
        draft = self.broadcast(text="https://shop.example.com/")
        self.assertIn("http://localhost:8069", draft.link_message)
        broadcast = self.tracked_broadcast()
        self.assertIn("https://shop.example.com/sale?a=1，", self.sandbox.broadcasts()[0]["text"])
        self.assertFalse(broadcast.sent_text)
        self.set_base(BASE)
        draft.invalidate_recordset()
        self.assertFalse(draft.link_message)
        untracked = self.tracked_broadcast(track_links=False)
        self.assertFalse(untracked.sent_text)
        self.assertTrue(untracked.source_id, "leads are still known by their source")

    def test_the_limit_holds_for_the_text_as_it_goes_out(self):
        short = "https://a.cn"
        broadcast = self.broadcast(text="x" * (4000 - len(short) - 1) + " " + short)
        self.assertIn("with the links replaced", broadcast.content_problems)
        broadcast.track_links = False
        broadcast.invalidate_recordset()
        self.assertFalse(broadcast.content_problems)

    def test_a_lost_answer_is_found_by_the_text_that_went_out(self):
        self.sandbox.post("/sandbox/faults", path="/cgi-bin/externalcontact/add_msg_template", kind="drop_answer")
        broadcast = self.tracked_broadcast()
        self.sandbox.delete("/sandbox/faults")
        self.assertTrue(broadcast.sent_text)
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual(broadcast.batch_ids.state, "created")
        self.assertEqual(len(self.sandbox.broadcasts()), 1)

    def test_leads_and_their_revenue(self):
        broadcast = self.tracked_broadcast()
        other = self.tracked_broadcast(name="Another")
        self.manager.group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")
        won = self.env["crm.stage"].search([("is_won", "=", True)], limit=1) or self.env["crm.stage"].create(
            {"name": "Won", "is_won": True}
        )
        values = {"name": "Lead", "source_id": broadcast.source_id.id, "company_id": self.company.id}
        leads = self.env["crm.lead"].create(
            [
                {**values, "expected_revenue": 100},
                {**values, "expected_revenue": 40, "stage_id": won.id},
                {**values, "expected_revenue": 7},
            ]
        )
        leads[2].action_set_lost()
        self.assertEqual((broadcast.lead_count, broadcast.expected_revenue, broadcast.won_revenue), (3, 100, 40))
        self.assertEqual(self.opened(broadcast.action_view_leads()), 3)
        self.assertEqual(other.lead_count, 0)

    def test_channels_side_by_side(self):
        self.add_partner("Stranger", phone="+8613800000001")
        template = self.env["mail.template"].create(
            {
                "name": "News",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "News",
                "body_html": '<p>See <a href="https://shop.example.com/mail-offer">our shop</a></p>',
                "partner_to": "{{ object.id }}",
            }
        )
        lost = self.add_customer(self.anna, email="lost@example.com")
        lost.follow_ids.status = "deleted_by_customer"
        way = {"wait_hours": 0}
        sms = {**way, "reason": "no_contact", "way": "sms", "sms_text": "Shop: https://shop.example.com/sms"}
        mail = {**way, "reason": "deleted_by_customer", "way": "email", "mail_template_id": template.id}
        broadcast = self.tracked_broadcast(fallback_ids=[(0, 0, sms), (0, 0, mail)])
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.run_action("ir_cron_fall_back")
        lines = self.env["wecom.broadcast.fallback.line"].search([("broadcast_id", "=", broadcast.id)])
        self.assertEqual(lines.mapped("state"), ["done", "done"])
        [in_sms] = find_links(lines.sms_id.body)
        [in_mail] = re.findall(r'href="(https://crm.example.com/r/[^"]+)"', lines.mail_id.body_html)
        for link in (in_sms, in_sms, in_mail):
            self.url_open(link.removeprefix(BASE), allow_redirects=False)
        self.env["crm.lead"].create(
            {
                "name": "By SMS",
                "source_id": broadcast.source_id.id,
                "medium_id": broadcast._channel_medium("sms").id,
                "company_id": self.company.id,
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["wecom.channel.report"].with_user(self.manager).search([("broadcast_id", "=", broadcast.id)])
        self.assertEqual(
            {
                row.channel: (row.handed_over_count, row.delivered_count, row.click_count, row.lead_count)
                for row in rows
            },
            {"wecom": (1, 1, 0, 0), "sms": (1, 0, 2, 1), "email": (1, 0, 1, 0)},
        )
        self.assertFalse(
            self.env["wecom.channel.report"].with_user(self.seller).search([("broadcast_id", "=", broadcast.id)])
        )

    def test_the_curve_and_the_report_count_the_same_deliveries(self):
        for _each in range(3):
            self.add_customer(self.bruno)
        self.add_partner("Stranger")
        broadcast = self.tracked_broadcast()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        now = fields.Datetime.now()
        broadcast.sudo().sending_at = now - timedelta(hours=30)
        rows = broadcast.recipient_ids.filtered("contact_id").sudo()
        for row, hours in zip(rows, (0.5, 0.7, 2.5, 29.5), strict=True):
            row.sent_at = broadcast.sending_at + timedelta(hours=hours)
        self.env.flush_all()
        curve = broadcast.delivery_curve["delivered"]
        self.assertEqual(curve[:5], [0, 2, 2, 3, 3])
        self.assertEqual((curve[24], curve[-1], len(curve)), (3, broadcast.sent_count, 32))
        lines = {line["code"]: line["count"] for line in broadcast.outcome_lines}
        self.assertEqual(lines, {"sent": 4})
        self.assertEqual(self.opened(broadcast.action_view_outcome("sent")), 4)

        report = self.env["wecom.broadcast.report"].with_user(self.manager)
        domain = broadcast.action_view_report()["domain"]
        [(planned, delivered, excluded, rate)] = report._read_group(
            domain, [], ["planned_count:sum", "delivered_count:sum", "excluded_count:sum", "delivered_rate:avg"]
        )
        self.assertEqual((planned, delivered, excluded, rate), (4, 4, 1, 100))
        by_member = dict(report._read_group(domain + [("state", "=", "sent")], ["member_id"], ["__count"]))
        self.assertEqual(by_member, {self.anna: 1, self.bruno: 3})
        self.assertFalse(self.env["wecom.broadcast.report"].with_user(self.seller).search(domain))

    def test_nobody_changes_what_went_out(self):
        broadcast = self.tracked_broadcast()
        for record, values in (
            (broadcast, {"sent_text": "x"}),
            (broadcast, {"source_id": False}),
            (broadcast.attachment_ids, {"tracked_url": "https://evil.example/"}),
        ):
            with self.assertRaises(AccessError):
                record.write(values)
        draft = self.broadcast(
            attachment_ids=[
                (
                    0,
                    0,
                    {"kind": "link", "title": "t", "url": "https://a.example/", "tracked_url": "https://evil.example/"},
                )
            ]
        )
        self.assertFalse(draft.attachment_ids.tracked_url)
        copy = broadcast.copy()
        self.assertFalse(copy.sent_text or copy.source_id or copy.attachment_ids.tracked_url)

    def test_links_end_where_wechat_ends_them(self):
        self.assertEqual(
            find_links("看https://a.example/b?c=1，好。(https://a.example/d)。"),
            ["https://a.example/b?c=1", "https://a.example/d"],
        )
        self.assertEqual(
            replace_links("https://a.example/b https://a.example/b/c.", {"https://a.example/b": "S"}),
            "S https://a.example/b/c.",
        )
        self.assertTrue(is_public_https("https://crm.example.com"))
        for url in ("http://crm.example.com", "https://localhost", "https://192.168.1.4:8069", "https://crm.lan", ""):
            self.assertFalse(is_public_https(url), url)
