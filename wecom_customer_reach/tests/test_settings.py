import warnings

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..wecom_api.client import DEFAULT_BASE_URL
from .common import WecomCase


@tagged("post_install", "-at_install")
class TestSettings(WecomCase):
    """The WeCom part of Odoo's settings, as an administrator of Odoo and of WeCom fills it in and saves it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settings_user = cls.add_user(
            "wecom_settings", "base.group_system,wecom_customer_reach.group_wecom_administrator"
        )
        cls.new_company = cls.env["res.company"].create({"name": "Evening Star"})
        cls.settings_user.company_ids += cls.new_company

    def setUp(self):
        super().setUp()
        self.credentials = self.sandbox.get("/sandbox/credentials")

    def page(self, company=None):
        """Return the opened settings page of a company."""
        company = company or self.company
        return Form(self.env["res.config.settings"].with_user(self.settings_user).with_company(company))

    def save(self, company=None, **typed):
        """Type into the page, press "Save", and return the row of the page."""
        page = self.page(company)
        for name, value in typed.items():
            page[f"wecom_{name}"] = value
        settings = page.save()
        settings.execute()
        return settings

    def type_credentials(self, company, **typed):
        return self.save(
            company,
            **{
                "corpid": self.credentials["corp_id"],
                "agentid": str(self.credentials["agent_id"]),
                "secret_input": self.credentials["secret"],
                "base_url": self.sandbox.url,
                **typed,
            },
        )

    def test_first_save_creates_the_corp(self):
        page = self.page(self.new_company)
        self.assertFalse(page.wecom_corp_id)
        self.assertFalse(page.wecom_corpid)
        self.assertEqual(page.wecom_base_url, DEFAULT_BASE_URL, "nothing to look up for who uses WeCom itself")

        self.type_credentials(self.new_company, sender_policy="first")
        corp = self.new_company.wecom_corp_id
        self.assertEqual(
            (corp.name, corp.company_id, corp.corpid, corp.agentid, corp.base_url, corp.sender_policy),
            (
                "Evening Star",
                self.new_company,
                self.credentials["corp_id"],
                str(self.credentials["agent_id"]),
                self.sandbox.url,
                "first",
            ),
        )
        self.assertEqual(corp.sudo().secret, self.credentials["secret"])
        page = self.page(self.new_company)
        self.assertEqual((page.wecom_corp_id, page.wecom_corpid), (corp, corp.corpid))
        self.assertFalse(page.wecom_secret_input)
        self.assertTrue(page.wecom_secret_is_set)

    def test_save_without_corp_id_creates_nothing(self):
        self.save(self.new_company)
        self.assertFalse(self.new_company.wecom_corp_id)
        with self.assertRaisesRegex(UserError, "Enter the corp ID and the secret"):
            self.page(self.new_company).save().action_wecom_test_connection()

    def test_save_of_another_setting_leaves_the_connection_alone(self):
        self.corp.action_test_connection()
        checked_at = self.corp.connection_checked_at
        self.save()
        self.save(cap_policy="per_day")
        self.assertEqual(self.corp.cap_policy, "per_day")
        self.assertEqual((self.corp.connection_state, self.corp.connection_checked_at), ("ok", checked_at))
        self.assertEqual(self.corp.sudo().secret, self.credentials["secret"], "an empty input keeps the secret")
        self.assertEqual(self.corp.name, "Morning Light")

    def test_new_secret_is_kept_and_must_be_tried_again(self):
        self.corp.action_test_connection()
        settings = self.save(secret_input="replaced")
        self.assertEqual(self.corp.sudo().secret, "replaced")
        self.assertEqual(self.corp.connection_state, "unchecked")
        self.assertFalse(settings.wecom_secret_input, "the row outlives the click, the secret in it must not")

    def test_industries_without_moments_are_shown_kept_and_changed(self):
        forbidden = self.corp.moment_forbidden_industry_ids
        self.assertTrue(forbidden, "a new corp has those that WeCom's rules name")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            page = self.page()
        self.assertEqual(page.wecom_moment_forbidden_industry_ids[:].ids, forbidden.ids)
        page.save().execute()
        self.assertEqual(self.corp.moment_forbidden_industry_ids, forbidden)
        page = self.page()
        page.wecom_moment_forbidden_industry_ids.remove(id=forbidden[0].id)
        page.save().execute()
        self.assertEqual(self.corp.moment_forbidden_industry_ids, forbidden[1:])

    def test_emptied_address_means_wecom_itself(self):
        self.save(base_url=False)
        self.assertEqual(self.corp.base_url, DEFAULT_BASE_URL)

    def test_emptied_corp_id_is_refused_in_plain_words(self):
        with self.assertRaisesRegex(UserError, "corp ID"):
            self.save(corpid=False)
        self.assertEqual(self.corp.corpid, self.credentials["corp_id"])

    def test_unsafe_address_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "https://"):
            self.save(base_url="http://qyapi.weixin.qq.com")

    def test_companies_have_settings_of_their_own(self):
        self.type_credentials(self.new_company, secret_input="of-the-new-company", cap_policy="none")
        self.assertEqual(self.corp.sudo().secret, self.credentials["secret"])
        self.assertEqual(self.corp.cap_policy, "month_days")
        self.assertEqual(self.new_company.wecom_corp_id.sudo().secret, "of-the-new-company")
        self.assertEqual(self.page().wecom_corp_id, self.corp)

    def test_connection_button_saves_and_says_that_it_works(self):
        page = self.page(self.new_company)
        page.wecom_corpid = f"  {self.credentials['corp_id']} "
        page.wecom_secret_input = self.credentials["secret"]
        page.wecom_base_url = self.sandbox.url
        note = page.save().action_wecom_test_connection()["params"]
        self.assertEqual(note["type"], "success")
        page = self.page(self.new_company)
        self.assertEqual((page.wecom_connection_state, page.wecom_connection_message), ("ok", note["message"]))

    def test_connection_button_explains_what_is_wrong(self):
        for typed, words in (
            ({"secret_input": "wrong"}, "Copy the secret of the app"),
            ({"corpid": "ww0000000000000000"}, "does not know this corp id"),
            ({"base_url": "http://127.0.0.1:1"}, "reach"),
        ):
            with self.subTest(typed=typed):
                self.type_credentials(self.company)
                page = self.page()
                for name, value in typed.items():
                    page[f"wecom_{name}"] = value
                note = page.save().action_wecom_test_connection()["params"]
                self.assertEqual((note["type"], note["sticky"]), ("danger", True))
                self.assertIn(words, note["message"])
                page = self.page()
                self.assertEqual(page.wecom_connection_state, "failed")
                self.assertEqual(page.wecom_connection_message, note["message"], "it stays on the page")

    def test_synchronise_button_starts_a_run(self):
        action = self.page().save().action_wecom_synchronise()
        self.assertEqual(self.env["wecom.sync"].browse(action["res_id"]).corp_id, self.corp)

    def test_no_way_of_the_page_shows_the_secret(self):
        secret = self.credentials["secret"]
        self.settings_user.group_ids += self.env.ref("base.group_allow_export")
        settings = self.type_credentials(self.company)
        corp = self.corp.with_user(self.settings_user)
        for record in (settings, corp):
            names = [name for name, field in record.fields_get().items() if "secret" in name]
            wanted = {name: {} for name in names}
            with self.subTest(model=record._name):
                self.assertTrue(names)
                for shown in (
                    record.read(),
                    record.web_read(wanted),
                    record.search_read([("id", "in", record.ids)], names),
                    record.export_data(names)["datas"],
                    record.default_get(names),
                    record.onchange({}, [], wanted),
                    record.fields_get(),
                ):
                    self.assertNotIn(secret, str(shown))

    def test_saving_the_corp_does_not_send_the_secret_back(self):
        corp = self.corp.with_user(self.settings_user)
        [answer] = corp.web_save({"secret_input": "just-typed"}, {"secret_input": {}, "secret_is_set": {}})
        self.assertEqual((answer["secret_input"], answer["secret_is_set"]), (False, True))
        created = corp.browse().web_save(
            {"name": "New", "corpid": "ww2", "company_id": self.new_company.id, "secret_input": "just-typed"},
            {"secret_input": {}},
        )
        self.assertFalse(created[0]["secret_input"])
