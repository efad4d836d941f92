"""The callback row of the checklist: the real round trip over HTTP."""

from odoo.tests import tagged

from .broadcast_common import SandboxRequests
from .callback_common import CallbackCase


@tagged("post_install", "-at_install")
class TestSetupCallback(SandboxRequests, CallbackCase):
    def setUp(self):
        super().setUp()
        # The address of a gateway on this machine: WeCom need not reach us from the internet then.
        self.corp.base_url = "http://127.0.0.1:8070"

    def check(self):
        """Press "Check again" of the row and return it."""
        row = self.corp.setup_check_ids.filtered(lambda row: row.code == "callback")
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            row.action_check()
        self.env.invalidate_all()
        return row

    def test_green_when_wecom_has_checked_the_address(self):
        row = self.check()
        self.assertEqual(row.state, "warning", "our own check is not one of WeCom")
        self.assertIn("WeCom has not come to it yet", row.meaning)
        self.assertFalse(self.corp.callback_verified_at)
        self.assertEqual(self.get_echo()[0], 200)
        self.assertTrue(self.corp.callback_verified_at)
        self.assertEqual(self.check().state, "ok")
        self.corp.action_generate_callback_token()
        self.assertEqual(self.check().state, "warning", "WeCom's console holds the old token")

    def test_green_when_an_event_has_come(self):
        self.assert_accepted(self.post_event())
        self.assertEqual(self.check().state, "ok")
        self.assertEqual(len(self.events()), 1, "a check is no event")

    def test_red_without_a_key(self):
        self.corp.callback_aes_key = False
        row = self.check()
        self.assertEqual(row.state, "failed")
        self.assertIn("EncodingAESKey", row.meaning)

    def test_red_when_the_request_is_sent_elsewhere(self):
        self.env["ir.config_parameter"].set_param("web.base.url", f"{self.base_url()}/odoo")
        row = self.check()
        self.assertEqual((row.state, row.answer_text), ("failed", "HTTP 303"))
        self.assertIn("/wecom/callback/", row.meaning)

    def test_red_when_nobody_answers(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://127.0.0.1:1")
        self.assertIn("cannot reach the callback address", self.check().meaning)

    def test_red_when_wecom_itself_cannot_reach_it(self):
        self.corp.base_url = "https://qyapi.weixin.qq.com"
        row = self.check()
        self.assertEqual(row.state, "failed")
        self.assertIn("from the internet", row.meaning)
