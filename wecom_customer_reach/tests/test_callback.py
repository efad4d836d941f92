"""The callback address as WeCom uses it, over HTTP: the check, events, the second sending, and what it refuses."""

import re
import time
from urllib.parse import urlencode

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.addons.wecom_customer_reach.wecom_api.events import parse_event
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from wecom_sandbox.server import SandboxServer

from .broadcast_common import Sandbox
from .callback_common import AES_KEY, TOKEN, CallbackCase, message


@tagged("post_install", "-at_install")
class TestCallback(CallbackCase):
    def test_echo(self):
        started = time.monotonic()
        status, headers, body = self.get_echo()
        self.assertLess(time.monotonic() - started, 1)
        self.assertEqual((status, body), (200, b"1616140317555161061"))
        self.assertEqual(headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertNotIn("Set-Cookie", headers)
        self.assertFalse(self.events())
        self.assertFalse(self.refusals())

    def test_echo_of_other_texts(self):
        for text in (b"", b" 1\n", "回声".encode(), b"x" * 3000):
            with self.subTest(text=text[:10]):
                status, _headers, body = self.get_echo(text)
                self.assertEqual((status, body), (200, text))

    def test_vector_a(self):
        """The published check of 2014 is answered as it was then."""
        status, _headers, body = self.send(
            "GET",
            {
                "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
                "timestamp": "1409659589",
                "nonce": "263014780",
                "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
            },
        )
        self.assertEqual((status, body), (200, b"1616140317555161061"))

    def test_event(self):
        self.assert_accepted(self.post_event(message(State="海报]]>&<")))
        event = self.events()
        self.assertEqual((event.event_type, event.change_type), ("change_external_contact", "add_external_contact"))
        self.assertEqual((event.userid, event.external_userid, event.state), ("alice", "wm0001", "new"))
        self.assertEqual(event.xml.encode(), message(State="海报]]>&<"))
        self.assertEqual(int(event.made_at.timestamp()), 1700000000)
        self.assertFalse(self.refusals())

    def test_event_wakes_the_worker(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        self.post_event()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([]), triggers + 1)

    def test_event_that_changes_nothing_here(self):
        self.assert_accepted(self.post_event(message(Event="enter_agent", ChangeType="", EventKey="")))
        self.assertEqual(self.events().state, "ignored")

    def test_message_of_a_member(self):
        self.assert_accepted(self.post_event(message(MsgType="text", Event="", Content="hello")))
        self.assertEqual((self.events().event_type, self.events().state), ("text", "ignored"))

    def test_same_event_again_is_one_row(self):
        """WeCom sends again with another signature, an attacker with the same one."""
        for nonce in ("1", "1", "2"):
            self.assert_accepted(self.post_event(signed_with={"nonce": nonce}))
        self.assertEqual(len(self.events()), 1)
        self.assert_accepted(self.post_event(message(CreateTime=1700000001)))
        self.assertEqual(len(self.events()), 2)

    def test_same_event_of_two_corps_is_two_rows(self):
        other = self.add_corp("Evening Light", "ww_other")
        self.assert_accepted(self.post_event())
        self.assert_accepted(self.post_event(corp=other, key=other.callback_key))
        self.assertEqual((len(self.events()), len(self.events(other))), (1, 1))

    def test_content_type_does_not_matter(self):
        kinds = ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
        kinds += ["multipart/form-data", "text/plain; charset=utf-7", "", "nonsense"]
        for number, kind in enumerate(kinds):
            with self.subTest(kind=kind):
                event = message(CreateTime=1700000000 + number)
                self.assert_accepted(self.post_event(event, headers={"Content-Type": kind}))
        self.assertEqual(len(self.events()), len(kinds))

    def test_largest_event(self):
        """A chat of 500 members (wecom-api.md § 16.6)."""
        members = {"Item": [f"wm{number:030}" for number in range(500)]}
        event = message(Event="change_external_chat", ChangeType="update", ChatId="wr1", MemChangeList=members)
        self.assert_accepted(self.post_event(event))
        self.assertEqual(len(self.events()), 1)

    def test_edge_of_the_window(self):
        for minutes in (1, 60):
            self.corp.callback_window_minutes = minutes
            for direction in (-1, 1):
                with self.subTest(minutes=minutes, direction=direction):
                    then = int(time.time()) + direction * (minutes * 60 - 5)
                    self.assert_accepted(self.post_event(signed_with={"timestamp": str(then)}))
                    then = int(time.time()) + direction * (minutes * 60 + 5)
                    self.assert_refused("stale", self.post_event, signed_with={"timestamp": str(then)})

    def test_parameters_beside_the_signature_do_not_matter(self):
        for name in ("self", "key", "_parameters", "db", "debug", "lang", "csrf_token", "session_id", "茶"):
            with self.subTest(name=name):
                self.assert_accepted(self.post_event(signed_with={name: "1"}))
        self.assertEqual(len(self.events()), 1)

    def test_session_is_neither_needed_nor_made(self):
        for cookie in ("session_id=" + "x" * 84, "session_id=", "frontend_lang=xx_XX", "session_id=\xff"):
            with self.subTest(cookie=cookie):
                self.assert_accepted(self.post_event(headers={"Cookie": cookie}))
                _status, headers, body = self.get_echo(headers={"Cookie": cookie})
                self.assertEqual(body, b"1616140317555161061")
                self.assertNotIn("Set-Cookie", headers)

    def test_session_of_a_user_without_rights(self):
        self.env["res.users"].create({"name": "Stranger", "login": "stranger", "password": "stranger-1"})
        session = self.authenticate("stranger", "stranger-1")
        self.assert_accepted(self.post_event(headers={"Cookie": f"session_id={session.sid}"}))
        self.assertEqual(len(self.events()), 1)

    def test_sandbox_checks_the_address_and_sends_an_event(self):
        with SandboxServer(scenario="empty") as server:
            sandbox = Sandbox(server.url)
            self.corp.corpid = sandbox.get("/sandbox/credentials")["corp_id"]
            self.env.flush_all()
            url = f"{self.base_url()}/wecom/callback/{self.corp.callback_key}"
            with self.allow_requests(all_requests=True):
                sandbox.post("/sandbox/callback", url=url, token=TOKEN, encoding_aes_key=AES_KEY)
                verdict = sandbox.post("/sandbox/callback/verify")
                sandbox.post("/sandbox/members", userid="alice", name="Alice")
                customer = sandbox.post("/sandbox/members/alice/new_customer", name="小鹿")["external_userid"]
                shown = self.wait_until_sent(sandbox)
        self.assertTrue(verdict["ok"], verdict)
        self.assertEqual((shown["delivered"], shown["total"]), (len(self.events()), len(self.events())))
        self.env.invalidate_all()
        self.assertIn(customer, self.events().mapped("external_userid"))

    def wait_until_sent(self, sandbox):
        deadline = time.monotonic() + 10
        while (shown := sandbox.get("/sandbox/events"))["pending"] and time.monotonic() < deadline:
            time.sleep(0.05)
        return shown


@tagged("post_install", "-at_install")
class TestCallbackAddress(CallbackCase):
    """Who listens where, and what other requests to an address are answered."""

    def test_unknown_address_writes_nothing(self):
        keys = ["x" * 32, self.corp.callback_key[:-1], self.corp.callback_key + "0", self.corp.callback_key.swapcase()]
        keys += ["%00", "%", "_" * 32, "%25" * 3, "%E8%8C%B6", "%FF%FE", "'--", "x" * 20_000, ".", "*"]
        for key in keys:
            with self.subTest(key=key[:40]):
                self.assert_refused("unknown address", self.post_event, key=key, corp=False)
                self.assert_refused("unknown address", self.get_echo, key=key, corp=False)

    def test_unknown_address_does_not_write(self):
        statements = []
        execute = type(self.env.cr).execute

        def record(cursor, query, *arguments, **options):
            statements.append(str(getattr(query, "code", query)))
            return execute(cursor, query, *arguments, **options)

        self.patch(type(self.env.cr), "execute", record)
        self.assert_refused("unknown address", self.post_event, key="x" * 32, corp=False)
        self.assertTrue([query for query in statements if "callback_key" in query], "the search was not recorded")
        self.assertFalse([query for query in statements if re.match(r"\s*(INSERT|UPDATE|DELETE)", query)])

    def test_address_without_a_key(self):
        for path in ("/wecom/callback/", "/wecom/callback", f"/wecom/callback/{self.corp.callback_key}/more"):
            with self.subTest(path=path):
                self.assertEqual(self.send(path=path)[0], 404)

    def test_archived_corp(self):
        self.corp.active = False
        self.assert_refused("unknown address", self.post_event, corp=False)
        self.assert_refused("unknown address", self.get_echo, corp=False)

    def test_new_address_closes_the_old_one(self):
        old = self.corp.callback_key
        self.corp.action_generate_callback_key()
        self.assert_refused("unknown address", self.post_event, key=old, corp=False)
        self.assert_accepted(self.post_event())

    def test_corp_without_token_or_key(self):
        for name in ("callback_token", "callback_aes_key"):
            with self.subTest(name=name):
                corp = self.add_corp(f"Without {name}", f"ww_{name}", **{name: False})
                for send in (self.post_event, self.get_echo):
                    self.assert_refused("not set up", send, key=corp.callback_key, corp=corp)

    def test_empty_token_signs_nothing(self):
        self.corp.callback_token = False
        self.assert_refused("not set up", self.post_event, signed_with={"token": ""})

    def test_event_for_another_corp(self):
        other = self.add_corp("Evening Light", "ww_other")
        self.assert_refused("receiver", self.post_event_of, other)
        self.assert_refused("receiver", self.post_event, key=other.callback_key, corp=other)

    def post_event_of(self, corp):
        return self.post_event(corp=corp)

    def test_other_methods(self):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
            with self.subTest(method=method), self.assertNoLogs("odoo.http", "ERROR"):
                status, headers, _body = self.post_event(method=method)
                self.assertEqual(status, 405)
                self.assertNotIn("Set-Cookie", headers)
        self.assert_refused("signature", self.post_event, method="OPTIONS")
        self.assertFalse(self.events())

    def test_head_is_a_check_without_a_body(self):
        status, _headers, body = self.get_echo(method="HEAD")
        self.assertEqual((status, body), (200, b""))
        self.assert_refused("signature", self.get_echo, method="HEAD", query=urlencode(self.forged()))

    def forged(self):
        return {"msg_signature": "0" * 40, "timestamp": "1", "nonce": "1", "echostr": "x"}


@tagged("post_install", "-at_install")
class TestCallbackConflicts(BaseCase):
    """Requests at the same moment, in transactions that commit; the rows are deleted at the end."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            values = {"name": "Conflicts", "corpid": "ww_conflicts", "agentid": "1", "active": False}
            self.corp_id = env["wecom.corp"].create({**values, "company_id": env.company.id}).id
        self.addCleanup(self.delete_all)

    def delete_all(self):
        with self.registry.cursor() as cr:
            for table in ("wecom_event", "wecom_callback_refusal"):
                cr.execute(f"DELETE FROM {table} WHERE corp_id = %s", (self.corp_id,))  # pylint: disable=sql-injection
            cr.execute("DELETE FROM wecom_corp WHERE id = %s", (self.corp_id,))

    def at_once(self, work):
        """Call ``work(corp)`` in two transactions; the second began before the first was committed."""
        with self.registry.cursor() as second:
            second.execute("SELECT 1")
            with self.registry.cursor() as first:
                work(self.corp_in(first))
            work(self.corp_in(second))

    def corp_in(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})["wecom.corp"].browse(self.corp_id)

    def test_refusals(self):
        """A flood of refused requests ends in no error; what it counts may be less."""
        with self.assertNoLogs("odoo.sql_db", "ERROR"):
            self.at_once(lambda corp: corp._count_refused_callback("signature"))
        with self.registry.cursor() as cr:
            self.assertGreaterEqual(self.corp_in(cr).refused_count, 1)

    def test_same_event_twice(self):
        """The second is repeated by Odoo; what the event holds does not get into the log."""
        event = parse_event(message())
        with self.assertNoLogs("odoo.sql_db", "ERROR"), self.assertRaises(psycopg2.errors.SerializationFailure):
            self.at_once(lambda corp: corp.env["wecom.event"]._keep(corp, event))
        with self.registry.cursor() as cr:
            self.assertFalse(self.corp_in(cr).env["wecom.event"]._keep(self.corp_in(cr), event))
            self.assertEqual(self.corp_in(cr).event_count, 1)
