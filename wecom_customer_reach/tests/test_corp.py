from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import FOLLOW_USERS, WecomCase


@tagged("post_install", "-at_install")
class TestCorp(WecomCase):
    def setUp(self):
        super().setUp()
        self.corp = self.corp.with_user(self.administrator)

    def test_secret_can_be_replaced_but_never_read(self):
        secret = self.corp.sudo().secret
        self.assertTrue(secret)
        self.administrator.group_ids += self.env.ref("base.group_allow_export")
        self.env.ref("base.user_admin").company_ids += self.company
        for user in (self.administrator, self.env.ref("base.user_admin")):
            corp = self.corp.with_user(user).with_company(self.company)
            self.assertFalse(corp.read(["secret_input"])[0]["secret_input"])
            self.assertNotIn("secret", corp.fields_get())
            self.assertNotIn(secret, str(corp.read()))
            self.assertNotIn(secret, str(corp.export_data(["name", "secret_input"])))
            for leak in (
                lambda corp=corp: corp.read(["secret"]),
                lambda corp=corp: corp.search_read([], ["secret"]),
                lambda corp=corp: corp.search([("secret", "=like", "s%")]),
                lambda corp=corp: corp.search([], order="secret"),
                lambda corp=corp: corp.export_data(["secret"]),
                lambda corp=corp: corp._read_group([], ["secret"]),
            ):
                with self.assertRaises(AccessError):
                    leak()
            with self.assertRaises(AccessError):
                corp.write({"secret": "mine"})

    def test_secret_input(self):
        with Form(self.corp) as form:
            self.assertFalse(form.secret_input)
            form.secret_input = "  another-secret  "
        self.assertEqual(self.corp.sudo().secret, "another-secret")
        self.corp.write({"secret_input": ""})
        self.assertEqual(self.corp.sudo().secret, "another-secret")
        self.assertTrue(self.corp.secret_is_set)
        self.assertFalse(self.corp.sudo().copy({"company_id": self.env.company.id, "corpid": "ww2"}).secret_is_set)

    def test_base_url(self):
        for bad in ("http://qyapi.weixin.qq.com", "ftp://127.0.0.1", "qyapi.weixin.qq.com", "https://me@example.com"):
            with self.assertRaises(ValidationError, msg=bad):
                self.corp.base_url = bad
        for good in ("https://gateway.example.com", "http://127.0.0.1:8070", "http://localhost:8070/"):
            self.corp.base_url = good

    def test_agentid_is_a_number(self):
        self.corp.agentid = " 1000002 "
        self.assertEqual(self.corp.agentid, "1000002")
        with self.assertRaises(ValidationError):
            self.corp.agentid = "my app"

    @mute_logger("odoo.sql_db")
    def test_one_active_corp_for_each_company(self):
        values = {"name": "Second", "corpid": "ww2", "company_id": self.company.id}
        with self.assertRaises(UniqueViolation):
            self.corp.create(values)
        self.corp.create({**values, "active": False})

    def test_contacts_keep_their_corp_id(self):
        self.corp.corpid = "ww-typing-error"
        self.env["wecom.contact"].create({"corp_id": self.corp.id, "external_userid": "wm1", "name": "Li"})
        with self.assertRaises(UserError):
            self.corp.corpid = "ww-another"
        self.corp.corpid = "ww-typing-error"

    def test_connection_that_works(self):
        self.add_member("bruno")
        note = self.corp.action_test_connection()["params"]
        self.assertEqual((note["type"], note["sticky"]), ("success", False))
        self.assertIn("2 members", note["message"])
        self.assertEqual(self.corp.connection_state, "ok")
        self.assertEqual(self.corp.connection_message, note["message"])
        self.assertTrue(self.corp.connection_checked_at)
        self.corp.secret_input = "new"
        self.assertEqual(self.corp.connection_state, "unchecked", "nobody has tried the new secret")

    def test_connection_without_members(self):
        self.sandbox.post("/sandbox/settings", visible_userids=[])
        self.assertIn("no member", self.corp.action_test_connection()["params"]["message"])

    def test_connection_with_a_wrong_secret(self):
        self.corp.secret_input = "wrong"
        note = self.corp.action_test_connection()["params"]
        self.assertEqual((note["type"], note["sticky"]), ("danger", True))
        self.assertIn("40001", note["message"])
        self.assertEqual(self.corp.connection_state, "failed")
        self.assertEqual(self.corp.sudo().secret, "wrong", "what was typed stays")

    def test_connection_from_an_untrusted_address(self):
        self.sandbox.post("/sandbox/settings", trusted_ips=["203.0.113.7"])
        message = self.corp.action_test_connection()["params"]["message"]
        self.assertIn("127.0.0.1", message, "the administrator must learn which address to add")

    def test_connection_of_an_app_that_may_not_call(self):
        self.sandbox.post("/sandbox/settings", app_allowed=False)
        self.assertIn("48002", self.corp.action_test_connection()["params"]["message"])

    def test_nothing_can_be_done_without_a_secret(self):
        self.corp.sudo().secret = False
        for action in (self.corp.action_test_connection, self.corp.action_synchronise):
            with self.assertRaises(UserError):
                action()

    def test_managers_read_policies_but_not_the_connection(self):
        for user in (self.user, self.manager):
            corp = self.corp.with_user(user)
            self.assertEqual(corp.read(["name", "sender_policy"])[0]["name"], "Morning Light")
            for field in ("corpid", "agentid", "base_url", "secret_is_set", "connection_state", "sync_ids"):
                with self.assertRaises(AccessError, msg=field):
                    corp.read([field])
            for action in (corp.action_test_connection, corp.action_synchronise):
                with self.assertRaises(AccessError):
                    action()


@tagged("post_install", "-at_install")
class TestAccessToken(WecomCase):
    """One token for all workers; in this test a worker is a client with a store of its own."""

    def tokens_fetched(self):
        return self.sandbox.get("/sandbox/counters")["gettoken"]

    def call(self):
        client = self.corp._client()
        client.call("GET", FOLLOW_USERS, kind=self.read_kind)
        client.close()

    def setUp(self):
        super().setUp()
        from ..wecom_api.client import CallKind

        self.read_kind = CallKind.READ
        self.env.flush_all()
        self.enterContext(self.enter_registry_test_mode())

    def test_workers_share_a_token(self):
        for _worker in range(3):
            self.call()
        self.assertEqual(self.tokens_fetched(), 1)

    def test_a_token_that_wecom_refuses_is_renewed_once(self):
        self.sandbox.post("/sandbox/settings", same_token=False)
        self.call()
        self.fault(FOLLOW_USERS, errcode=42001, times=1)
        self.call()
        self.call()
        self.assertEqual(self.tokens_fetched(), 2)

    def test_a_token_is_renewed_before_it_ends(self):
        self.call()
        self.corp.flush_recordset()
        self.env.cr.execute("UPDATE wecom_access_token SET usable_until = 0 WHERE corp_id = %s", (self.corp.id,))
        self.call()
        self.assertEqual(self.tokens_fetched(), 2)

    def test_a_token_of_other_credentials_is_not_used(self):
        self.call()
        self.corp.secret_input = "wrong"
        self.env.flush_all()
        with self.assertRaisesRegex(Exception, "40001"):
            self.call()

    def test_nobody_reads_the_token_table(self):
        for user in (self.user, self.manager, self.administrator, self.env.ref("base.user_admin")):
            with self.assertRaises(AccessError):
                self.env["wecom.access.token"].with_user(user).search([])
