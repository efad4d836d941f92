"""What opens WeCom stays on the server: nobody reads the secret or the token, in no answer, note, log or error page."""

import io
import json
import logging
import traceback

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import FOLLOW_USERS, WecomCase

SECRETS = {
    # model: fields that nobody reads
    "wecom.corp": ("secret", "erasure_salt"),
    "wecom.erasure": ("contact_hash",),
    "wecom.access.token": ("token", "credentials_hash"),
}
FOR_ADMINISTRATORS = ("callback_token", "callback_aes_key", "callback_key")


@tagged("post_install", "-at_install")
class TestSecrets(WecomCase):
    def setUp(self):
        super().setUp()
        with self.enter_registry_test_mode():  # the token is kept in a transaction of its own
            self.corp.action_test_connection()
        self.env.invalidate_all()
        self.corp.sudo().erasure_salt = "salt of the corp"
        self.env.flush_all()
        self.env.cr.execute("SELECT token FROM wecom_access_token WHERE corp_id = %s", (self.corp.id,))
        [(token,)] = self.env.cr.fetchall()
        self.values = {"secret": self.corp.sudo().secret, "token": token, "salt": "salt of the corp"}
        self.assertTrue(all(self.values.values()))
        self.system = self.env.ref("base.user_admin")
        self.system.write({"company_ids": [(4, self.company.id)]})
        for user in self.readers():
            user.group_ids += self.env.ref("base.group_allow_export")

    def readers(self):
        return self.user, self.manager, self.administrator, self.system

    def assert_tells_nothing(self, told, message=None):
        for name, value in self.values.items():
            self.assertNotIn(value, str(told), message or name)

    def assert_refused(self, act):
        """Fail unless ``act`` is refused, be it because the field is unknown to whoever asks."""
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            act()
        self.assertIsInstance(caught.exception, (AccessError, ValueError))

    def test_no_way_of_reading_them(self):
        for model, names in SECRETS.items():
            for user in self.readers():
                Model = self.env[model].with_user(user).with_company(self.company)
                rows = (
                    Model.browse(self.env[model].sudo().search([("corp_id", "=", self.corp.id)]).ids)
                    if (model != "wecom.corp")
                    else self.corp.with_user(user)
                )
                for name in names:
                    ways = {
                        "read": lambda rows=rows, name=name: rows.read([name]),
                        "web_read": lambda rows=rows, name=name: rows.web_read({name: {}}),
                        "search": lambda Model=Model, name=name: Model.search([(name, "=like", "a%")]),
                        "order": lambda Model=Model, name=name: Model.search([], order=f"{name}"),
                        "group": lambda Model=Model, name=name: Model.formatted_read_group([], [name], ["__count"]),
                        "aggregate": lambda Model=Model, name=name: Model._read_group([], [], [f"{name}:array_agg"]),
                        "export": lambda rows=rows, name=name: rows.export_data([name]),
                        "mapped": lambda rows=rows, name=name: rows.mapped(name),
                        "write": lambda rows=rows, name=name: rows.write({name: "mine"}),
                    }
                    for way, act in ways.items():
                        if not rows and way not in ("search", "order", "group", "aggregate"):
                            continue
                        with self.subTest(model=model, user=user.login, field=name, way=way):
                            self.env.invalidate_all()
                            self.assert_refused(act)

    def test_no_answer_that_holds_them(self):
        """Whatever a screen asks for at once."""
        for user in self.readers():
            corp = self.corp.with_user(user)
            self.env.invalidate_all()
            fields = list(corp.fields_get())
            self.assertFalse({"secret", "erasure_salt"} & set(fields))
            self.assert_tells_nothing(corp.read())
            self.assert_tells_nothing(corp.web_read({name: {} for name in fields}))
            self.assert_tells_nothing(corp.search_read([]))
            self.assert_tells_nothing(corp.default_get(fields))
            self.assert_tells_nothing(corp.copy_data() if user in (self.administrator, self.system) else "")
            readable = [name for name in fields if name in corp._fields and not corp._fields[name].relational]
            if corp.has_access("write"):
                self.assert_tells_nothing(corp.onchange({}, [], {name: {} for name in readable}))
            self.assert_tells_nothing(corp.get_metadata())
            self.assert_tells_nothing(corp.name_search("Morning"))

    def test_callback_credentials_are_the_administrators(self):
        for user in (self.user, self.manager):
            for name in FOR_ADMINISTRATORS:
                with self.assertRaises(AccessError):
                    self.corp.with_user(user).read([name])
                with self.assertRaises(AccessError):
                    self.corp.with_user(user).search([(name, "!=", False)])
        self.assertTrue(self.corp.with_user(self.administrator).callback_token)

    def test_search_does_not_guess_them(self):
        """Not by way of another model either."""
        for user in self.readers():
            for domain in (
                Domain("corp_id.secret", "=like", "a%"),
                Domain("corp_id", "any", [("secret", "=like", "a%")]),
                Domain("company_id.wecom_corp_id.secret", "=like", "a%"),
            ):
                Member = self.env["wecom.member"].with_user(user)
                self.assert_refused(lambda Member=Member, domain=domain: Member.search(domain))

    def test_what_was_typed_does_not_stay(self):
        system = self.add_user("secret_admin", "wecom_customer_reach.group_wecom_administrator,base.group_system")
        settings = (
            self.env["res.config.settings"]
            .with_user(system)
            .create({"wecom_corpid": self.corp.corpid, "wecom_secret_input": "typed secret"})
        )
        settings.execute()
        self.assertEqual(self.corp.sudo().secret, "typed secret")
        self.env.flush_all()
        self.env.cr.execute("SELECT wecom_secret_input FROM res_config_settings WHERE id = %s", (settings.id,))
        self.assertEqual(self.env.cr.fetchall(), [(None,)])
        self.corp.with_user(system).secret_input = "another secret"
        self.assertNotIn("another secret", str(self.corp.with_user(system).read()))
        self.env.flush_all()
        self.env.cr.execute("SELECT count(*) FROM mail_tracking_value WHERE new_value_char LIKE '%%secret%%'")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_logs_of_calls_that_fail(self):
        """Everything the server would write, with the most talkative level, while calls fail in every way."""
        written = io.StringIO()
        handler = logging.StreamHandler(written)
        root = logging.getLogger()
        root.addHandler(handler)
        levels = {name: logging.getLogger(name).level for name in ("urllib3", "odoo.addons.wecom_customer_reach")}
        for name in levels:
            logging.getLogger(name).setLevel(logging.DEBUG)
        try:
            for kind, more in (
                ("errcode", {"errcode": 40001}),
                ("errcode", {"errcode": 42001}),
                ("errcode", {"errcode": 60020}),
                ("drop_connection", {}),
            ):
                for path in ("/cgi-bin/gettoken", FOLLOW_USERS):
                    self.fault(path, kind=kind, times=3, **more)
                    self.corp.action_test_connection()
                    self.assert_tells_nothing(self.corp.connection_message)
            with mute_logger("odoo.addons.wecom_customer_reach.models.wecom_sync"):
                self.assert_tells_nothing(self.synchronise().error_message)
        finally:
            root.removeHandler(handler)
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
        self.assert_tells_nothing(written.getvalue())

    def test_tracebacks(self):
        """An error page shows representations of what was at hand; none of these holds a secret."""
        client = self.corp._client()
        for thing in (client, client.__dict__.get("_tokens"), self.corp, client.__dict__.get("_transport")):
            self.assert_tells_nothing(repr(thing))
        for kind, more in (("errcode", {"errcode": 40001}), ("drop_connection", {})):
            self.fault("/cgi-bin/gettoken", kind=kind, times=3, **more)
            try:
                client.renew_token()
            except Exception as error:
                told = "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__)
                self.assert_tells_nothing(told)
                self.assert_tells_nothing(repr(error.__cause__) + repr(error.__context__))
            else:
                self.fail("the call was to fail")
        client.close()


@tagged("post_install", "-at_install")
class TestSecretsOverHttp(WecomCase, HttpCase):
    def test_the_answer_of_an_error(self):
        """What the browser gets of a call that failed, with its traceback."""
        self.corp.sudo().secret = "the secret of the app"
        self.env.flush_all()
        self.authenticate("wecom_administrator", "wecom_administrator")
        for method, arguments in (
            ("read", [self.corp.ids, ["secret"]]),
            ("search_read", [[["secret", "=", "the secret of the app"]]]),
            ("write", [self.corp.ids, {"secret_input": "a new secret", "base_url": "http://example.com"}]),
            ("web_save", [self.corp.ids, {"secret_input": "a new secret", "agentid": "x"}, {"name": {}}]),
        ):
            with self.subTest(method=method), mute_logger("odoo.http", "odoo.sql_db"):
                answer = self.url_open(
                    f"/web/dataset/call_kw/wecom.corp/{method}",
                    data=json.dumps(
                        {"params": {"model": "wecom.corp", "method": method, "args": arguments, "kwargs": {}}}
                    ),
                    headers={"Content-Type": "application/json"},
                ).json()
                self.assertIn("error", answer)
                told = json.dumps(answer)
                self.assertFalse("a new secret" in told)
                if method != "search_read":
                    self.assertFalse("the secret of the app" in told)

    def test_nobody_without_a_group_gets_an_action(self):
        with self.assertRaises(AccessError):
            self.corp.with_user(self.env.ref("base.public_user")).action_test_connection()
