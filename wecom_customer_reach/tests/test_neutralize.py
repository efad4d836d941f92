from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from .common import WecomCase


@tagged("post_install", "-at_install")
class TestNeutralize(WecomCase):
    """A company copies its database to try something out. The copy must leave its customers alone."""

    def setUp(self):
        super().setUp()
        self.synchronise()
        self.address = self.corp.callback_key
        self.env.flush_all()
        for query in get_neutralization_queries(["base", "wecom_customer_reach"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()

    def test_nothing_that_opens_wecom_is_left(self):
        self.env.cr.execute("SELECT * FROM wecom_corp WHERE id = %s", (self.corp.id,))
        row = self.env.cr.dictfetchone()
        for name in ("secret", "callback_token", "callback_aes_key", "active"):
            self.assertFalse(row[name], name)
        self.assertNotEqual(row["callback_key"], self.address)
        self.env.cr.execute("SELECT token FROM wecom_access_token WHERE corp_id = %s", (self.corp.id,))
        self.assertEqual(self.env.cr.fetchall(), [(None,)])

    def test_nothing_runs(self):
        self.assertFalse(
            self.env["ir.cron"].search([("ir_actions_server_id.model_id.model", "=like", "wecom.%")]),
            "no scheduled action of the addon is active",
        )
        for model in ("wecom.sync", "wecom.tag.marking"):
            self.assertFalse(self.env[model].search([("state", "=", "running")]))
        with self.assertRaises(UserError):
            self.corp._client()

    def test_the_secret_entered_again_goes_nowhere(self):
        calls = self.sandbox.calls("/cgi-bin/gettoken")
        self.corp.write({"active": True, "secret_input": "of the real corp"})
        self.corp.action_test_connection()
        self.assertEqual(self.corp.connection_state, "failed")
        self.assertEqual(self.sandbox.calls("/cgi-bin/gettoken"), calls)

    def test_it_can_be_used_with_a_sandbox(self):
        self.corp.write(
            {
                "active": True,
                "base_url": self.sandbox.url,
                "secret_input": self.sandbox.get("/sandbox/credentials")["secret"],
            }
        )
        self.corp.action_test_connection()
        self.assertEqual(self.corp.connection_state, "ok")
        for action in ("action_generate_callback_token", "action_generate_callback_aes_key"):
            getattr(self.corp, action)()
        self.assertTrue(self.corp.callback_token and self.corp.callback_aes_key)
