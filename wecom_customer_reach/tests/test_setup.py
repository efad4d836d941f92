"""The set-up checklist: each light, made red as WeCom makes it red, and mended."""

from odoo.addons.wecom_customer_reach.models.setup_checks import SETUP_CHECKS
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from ..wecom_api.errors import CATALOGUE
from .broadcast_common import UPLOAD
from .common import FOLLOW_USERS, TAG_LIST, WecomCase

ANY_CALL = "/cgi-bin/get_api_domain_ip"
CONNECTION = ("corp_id", "secret", "token", "callable", "trusted_ip")


class SetupCase(WecomCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup_corp = cls.corp.with_user(cls.administrator)

    def row(self, code):
        return self.setup_corp.setup_check_ids.filtered(lambda row: row.code == code)

    def lights(self, *codes):
        """Return {code: state} as the administrator sees them."""
        rows = self.setup_corp.setup_check_ids
        return {row.code: row.state for row in rows if not codes or row.code in codes}

    def check(self, code):
        """Press "Check again" of one row and return it."""
        row = self.row(code)
        row.action_check()
        return row


@tagged("post_install", "-at_install")
class TestSetup(SetupCase):
    def test_a_new_corp_has_ten_grey_lights(self):
        self.assertEqual(self.setup_corp.setup_check_ids.mapped("code"), [check.code for check in SETUP_CHECKS])
        self.assertEqual(set(self.lights().values()), {"unchecked"})
        self.assertEqual((self.setup_corp.setup_message, self.setup_corp.setup_state), ("0 of 10", "open"))
        for row in self.setup_corp.setup_check_ids:
            self.assertTrue(row.title and row.sentence and row.console, row.code)

    def test_check_all_of_what_works(self):
        self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold", "Silver"])
        self.setup_corp.action_check_all()
        lights = self.lights(*CONNECTION, "range", "tags", "media")
        self.assertEqual(set(lights.values()), {"ok"}, lights)
        self.assertIn("2 tags in 1 group", self.row("tags").meaning)
        self.assertTrue(all(self.setup_corp.setup_check_ids.mapped("checked_at")))
        self.assertEqual(self.setup_corp.connection_state, "ok")
        self.assertEqual(self.sandbox.get("/sandbox/counters")["gettoken"], 1, "each call is made once")
        self.assertEqual(self.sandbox.calls(FOLLOW_USERS), 1)

    def test_wrong_corp_id(self):
        self.corp.corpid = "ww0000000000000000"
        self.setup_corp.action_check_all()
        row = self.row("corp_id")
        self.assertEqual((row.state, row.errcode), ("failed", 40013))
        self.assertIn("does not know this corp id", row.meaning)
        self.assertIn("40013", row.answer_text)
        self.assertIn("hint", row.answer_text)
        self.assertEqual(self.lights("secret", "tags"), {"secret": "unchecked", "tags": "unchecked"})
        self.assertIn("Corp ID", self.row("tags").meaning, "what has to be mended first")
        self.assertEqual(self.setup_corp.connection_state, "failed")
        self.corp.corpid = self.sandbox.get("/sandbox/credentials")["corp_id"]
        self.assertEqual(self.check("corp_id").state, "ok")

    def test_wrong_secret(self):
        self.corp.secret_input = "not-the-secret-of-this-app"
        self.setup_corp.action_check_all()
        self.assertEqual(self.lights("corp_id", "secret"), {"corp_id": "ok", "secret": "failed"})
        self.assertEqual(self.row("secret").errcode, 40001)
        self.assertNotIn("not-the-secret", str(self.row("secret").read()), "no part of the secret is kept")
        self.corp.secret_input = self.sandbox.get("/sandbox/credentials")["secret"]
        self.assertEqual(self.check("secret").state, "ok")

    def test_no_secret(self):
        self.corp.sudo().secret = False
        self.setup_corp.action_check_all()
        self.assertEqual(
            self.lights("corp_id", "secret", "media"),
            {"corp_id": "unchecked", "secret": "failed", "media": "unchecked"},
        )
        self.assertFalse(self.sandbox.get("/sandbox/calls")["calls"], "nothing to ask WeCom with")

    def test_a_token_that_is_refused(self):
        self.fault(ANY_CALL, errcode=40014, times=10)
        row = self.check("token")
        self.assertEqual((row.state, row.errcode), ("failed", 40014))
        self.sandbox.delete("/sandbox/faults")
        self.assertEqual(self.check("token").state, "ok")

    def test_an_app_that_may_not_call(self):
        self.sandbox.post("/sandbox/settings", app_allowed=False)
        self.setup_corp.action_check_all()
        row = self.row("callable")
        self.assertEqual((row.state, row.errcode), ("failed", 48002))
        self.assertIn("可调用", row.console)
        self.assertEqual(self.lights("token", "trusted_ip", "range", "tags", "media"), {
            "token": "ok", "trusted_ip": "ok", "range": "unchecked", "tags": "unchecked", "media": "ok",
        })  # fmt: skip
        self.sandbox.post("/sandbox/settings", app_allowed=True)
        self.assertEqual(self.check("callable").state, "ok")

    def test_an_address_that_is_not_trusted(self):
        self.sandbox.post("/sandbox/settings", trusted_ips=["203.0.113.7"])
        self.setup_corp.action_check_all()
        row = self.row("trusted_ip")
        self.assertEqual((row.state, row.errcode, row.address), ("failed", 60020, "127.0.0.1"))
        self.assertEqual(self.lights("token", "callable"), {"token": "ok", "callable": "unchecked"})
        self.sandbox.post("/sandbox/settings", trusted_ips=None)
        self.assertEqual(self.check("trusted_ip").state, "ok")
        self.assertFalse(self.row("trusted_ip").address)

    def test_one_row_learns_of_another(self):
        self.sandbox.post("/sandbox/settings", trusted_ips=["203.0.113.7"])
        self.check("tags")
        self.assertEqual(self.lights("tags", "trusted_ip"), {"tags": "unchecked", "trusted_ip": "failed"})

    def test_members_found_and_missing(self):
        self.add_member("bruno")
        self.env["wecom.member"].create(
            [{"corp_id": self.corp.id, "userid": name.lower(), "name": name} for name in ("Anna", "Clara")]
        )
        row = self.check("range")
        self.assertEqual(row.state, "warning")
        self.assertIn("2 members", row.meaning)
        self.assertIn("Clara", row.meaning)
        self.assertNotIn("Anna", row.meaning)
        self.add_member("clara")
        self.assertEqual(self.check("range").state, "ok")
        self.sandbox.post("/sandbox/settings", usage_userids=["bruno"])
        row = self.check("range")
        self.assertEqual(row.state, "warning")
        self.assertRegex(row.meaning, "Outside the usage range.*Anna, Clara")
        self.sandbox.post("/sandbox/settings", usage_userids=[])
        row = self.check("range")
        self.assertEqual(row.state, "failed")
        self.assertIn("3 members, but none of them may use customer contact", row.meaning)
        self.sandbox.post("/sandbox/settings", visible_userids=[])
        row = self.check("range")
        self.assertEqual(row.state, "failed")
        self.assertIn("no member", row.meaning)
        self.assertIn("可见范围", row.console)

    def test_tags_that_cannot_be_read(self):
        self.fault(TAG_LIST, errcode=40058, times=1)
        self.assertEqual(self.check("tags").errcode, 40058)
        self.assertEqual(self.check("tags").state, "ok")

    def test_an_upload_that_is_refused(self):
        self.fault(UPLOAD, errcode=40009, times=1)
        self.assertEqual((self.check("media").state, self.row("media").errcode), ("failed", 40009))
        self.assertEqual(self.check("media").state, "ok")

    def test_wecom_that_asks_to_wait_is_amber(self):
        self.fault(TAG_LIST, errcode=45009, times=1)
        self.assertEqual((self.check("tags").state, self.row("tags").errcode), ("warning", 45009))

    def test_wecom_out_of_reach(self):
        self.corp.base_url = "http://127.0.0.1:1"
        self.setup_corp.action_check_all()
        lights = self.lights(*CONNECTION, "tags")
        self.assertEqual(lights.pop("token"), "failed")
        self.assertEqual(lights.pop("secret"), "unchecked")
        self.assertEqual(set(lights.values()), {"unchecked"})
        self.assertIn("could not be reached", self.row("token").meaning)

    def test_texts_are_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.corp.secret_input = "not-the-secret-of-this-app"
        self.setup_corp.action_check_all()
        english, chinese = (self.row("secret").with_context(lang=lang) for lang in ("en_US", "zh_CN"))
        self.assertIn("WeCom does not accept the secret", english.meaning)
        self.assertIn("企业微信", chinese.meaning)

    def test_every_code_of_wecom_has_a_text_in_both_languages(self):
        chinese = code_translations.get_python_translations("wecom_customer_reach", "zh_CN")
        for info in CATALOGUE.values():
            for sentence in (info.explanation, info.remedy):
                self.assertRegex(chinese.get(sentence, ""), "[\u4e00-\u9fff]", f"{info.code}: {sentence}")

    def test_a_code_belongs_to_one_row_and_is_known(self):
        owned = [errcode for check in SETUP_CHECKS for errcode in check.errcodes]
        self.assertEqual(len(owned), len(set(owned)))
        self.assertLessEqual(set(owned), set(CATALOGUE))

    def test_only_administrators_look_and_nobody_writes(self):
        row = self.row("secret")
        for user in (self.user, self.manager):
            with self.assertRaises(AccessError):
                row.with_user(user).read(["state"])
            with self.assertRaises(AccessError):
                row.with_user(user).action_check()
            for act in ("action_check_all", "action_open_setup", "action_send_setup_test"):
                with self.assertRaises(AccessError):
                    getattr(self.corp.with_user(user), act)()
        with self.assertRaises(AccessError):
            row.write({"state": "ok"})
        with self.assertRaises(AccessError):
            row.with_context(default_state="ok").create({"corp_id": self.corp.id, "code": "secret", "sequence": 1})
        other = self.env["res.company"].create({"name": "Evening Light"})
        stranger = self.add_user("setup_stranger", "wecom_customer_reach.group_wecom_administrator")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            row.with_user(stranger).action_check()
        self.assertFalse(row.with_user(stranger).search([]))

    def test_the_menu_opens_the_corp_of_the_company_or_the_settings(self):
        open_setup = self.env["wecom.corp"].with_user(self.administrator).action_open_setup_of_company
        self.assertEqual(open_setup()["res_id"], self.corp.id)
        self.corp.active = False
        self.env.invalidate_all()
        self.assertEqual(open_setup()["res_model"], "res.config.settings")


@tagged("post_install", "-at_install")
class TestSetupBroadcast(SetupCase):
    def setUp(self):
        super().setUp()
        self.sandbox.post("/sandbox/settings", dispatch_delay=0)
        self.customer = self.add_customer("anna", name="Test customer")

    def send_test(self):
        action = self.row("broadcast").action_send_test()
        wizard = self.env[action["res_model"]].with_user(self.administrator).with_context(**action["context"])
        wizard = wizard.create({"member_id": self.member("anna").id, "contact_id": self.contact(self.customer).id})
        wizard.action_send()
        wizard.action_send()

    def run_action(self, name):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref(f"wecom_customer_reach.{name}").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotIsInstance(outcome, dict)

    def test_before_the_first_synchronisation(self):
        with self.assertRaisesRegex(UserError, "Synchronise"):
            self.row("broadcast").action_send_test()

    def test_a_test_broadcast_reaches_the_test_customer(self):
        self.synchronise()
        self.assertEqual(self.check("broadcast").state, "unchecked")
        self.send_test()
        self.run_action("ir_cron_send_broadcasts")
        self.assertEqual(self.check("broadcast").state, "warning")
        self.assertIn("confirm", self.row("broadcast").meaning)
        self.sandbox.post("/sandbox/members/confirm_all")
        test = self.env["wecom.broadcast"].search([("is_test", "=", True), ("corp_id", "=", self.corp.id)])
        test.action_refresh_results()
        self.run_action("ir_cron_read_results")
        self.assertEqual(self.check("broadcast").state, "ok")
        self.assertEqual(len(self.sandbox.broadcasts()), 1, "pressed twice, sent once")
        self.send_test()
        self.assertEqual(self.corp.setup_broadcast_id, test.test_of_id, "its content is made once")


@tagged("post_install", "-at_install")
class TestSetupAtNight(SetupCase):
    def run_night(self):
        self.corp.setup_checked_at = False
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref("wecom_customer_reach.ir_cron_check_setup").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotIsInstance(outcome, dict, "the scheduled action failed, see the log")

    def activities(self):
        return self.env["mail.activity"].search([("res_model", "=", "wecom.corp"), ("res_id", "=", self.corp.id)])

    def test_the_night_only_reads(self):
        self.run_night()
        self.assertEqual(self.sandbox.calls(UPLOAD), 0)
        self.assertFalse(self.sandbox.broadcasts())
        self.assertEqual(self.lights("secret", "media"), {"secret": "ok", "media": "unchecked"})
        self.assertFalse(self.activities().filtered(lambda activity: "Secret" in activity.summary))

    def test_a_light_that_turns_red_is_told_once(self):
        self.setup_corp.action_check_all()
        self.run_night()
        self.activities().unlink()
        self.sandbox.post("/sandbox/settings", app_allowed=False)
        self.run_night()
        activity = self.activities()
        self.assertEqual(activity.user_id, self.administrator)
        self.assertIn("App may call customer contact", activity.summary)
        self.run_night()
        self.assertEqual(self.activities(), activity, "still red: nothing new")
        self.sandbox.post("/sandbox/settings", trusted_ips=["203.0.113.7"])
        self.run_night()
        self.assertEqual(self.activities(), activity, "one activity until it is done")
        self.assertIn("Trusted IP", activity.note)
        self.sandbox.post("/sandbox/settings", app_allowed=True, trusted_ips=None)
        activity.unlink()
        self.run_night()
        self.assertFalse(self.activities())

    def test_a_corp_without_secret_is_left_alone(self):
        self.corp.sudo().secret = False
        self.run_night()
        self.assertFalse(self.activities())
        self.assertEqual(set(self.lights().values()), {"unchecked"})
