import json
from urllib.parse import quote

from odoo.tests import HttpCase, new_test_user, tagged

from .broadcast_common import BroadcastCase


class BrowserActions:
    """For browser tests: their registry shares its cursor already, so scheduled actions run in it as they are."""

    def run_action(self, name):
        """Run a scheduled action; fails the test when it raised."""
        self.env.flush_all()
        outcome = self.env.ref(f"wecom_customer_reach.{name}").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotIsInstance(outcome, dict, f"{name} failed")


@tagged("post_install", "-at_install")
class TestBroadcastTour(BrowserActions, BroadcastCase, HttpCase):
    """What a marketer does in the browser, with WeCom's sandbox behind it."""

    def test_from_the_partner_list_to_the_results(self):
        self.manager.group_ids += self.env.ref("base.group_partner_manager")
        contacts = [
            self.add_customer(
                self.anna if number % 3 else self.bruno, partner=self.add_partner(f"Tour customer {number}")
            )
            for number in range(82)
        ]
        self.add_partner("Tour customer stranger")
        self.add_partner("Somebody else")

        self.start_tour("/odoo/contacts?view_type=list", "wecom_broadcast_send", login=self.manager.login)
        broadcast = self.env["wecom.broadcast"].search([("corp_id", "=", self.corp.id)])
        self.assertEqual(broadcast.state, "sending")
        self.assertIn("Tour customer", broadcast.partner_domain, "the filter is kept, not a list of ids")
        self.assertNotIn("'id'", broadcast.partner_domain)

        self.send()
        [made] = self.sandbox.broadcasts()
        self.assertEqual((made["recipients"], made["text"]), (82, "闭店两周，网上商城照常。"))
        self.read_results(broadcast)
        gone = contacts[7]
        self.sandbox.post(f"/sandbox/customers/{gone.external_userid}/delete_member", userid="anna")
        self.sandbox.post("/sandbox/members/confirm_all")

        self.start_tour("/odoo/wecom-broadcasts", "wecom_broadcast_refresh", login=self.manager.login)
        self.read_results()
        self.assertEqual((broadcast.sent_count, broadcast.not_friend_count), (81, 1))
        self.start_tour("/odoo/wecom-broadcasts", "wecom_broadcast_results", login=self.manager.login)

    def test_the_unreached_get_an_sms(self):
        self.add_customer(self.anna, partner=self.add_partner("Reached"))
        stranger = self.add_partner("Stranger", phone="+8613800000001")
        self.add_partner("No phone")
        broadcast = self.broadcast()
        self.start_tour("/odoo/wecom-broadcasts", "wecom_fallback_sms", login=self.manager.login)
        self.assertEqual(broadcast.state, "sending")
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.run_action("ir_cron_fall_back")
        sms = self.env["sms.sms"].search([("partner_id", "=", stranger.id)])
        self.assertEqual((sms.state, sms.body), ("outgoing", "We are closed. See our shop."))
        self.start_tour("/odoo/wecom-broadcasts", "wecom_fallback_result", login=self.manager.login)

    def test_settings(self):
        company = self.env["res.company"].create({"name": "Evening Star"})
        administrator = new_test_user(
            self.env,
            login="tour_administrator",
            groups="base.group_system,wecom_customer_reach.group_wecom_administrator",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        credentials = self.sandbox.get("/sandbox/credentials")
        typed = {
            "corpId": credentials["corp_id"],
            "agentId": str(credentials["agent_id"]),
            "secret": credentials["secret"],
            "baseUrl": self.sandbox.url,
        }
        self.start_tour(
            "/odoo/action-wecom_customer_reach.res_config_settings_action",
            "wecom_settings_connection",
            login=administrator.login,
            cookies={"wecom_tour": quote(json.dumps(typed))},
        )
        corp = company.wecom_corp_id
        self.assertEqual(corp.connection_state, "ok")
        self.assertEqual(corp.sudo().secret, credentials["secret"])
        rows = self.env["res.config.settings"].search([("company_id", "=", company.id)])
        self.assertTrue(rows)
        self.assertFalse(any(rows.mapped("wecom_secret_input")), "no copy of the secret is left behind")
