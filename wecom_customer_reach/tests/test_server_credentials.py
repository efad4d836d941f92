"""A secret that the server gives: used, shown as given, never readable, never sent elsewhere."""

import os
import tempfile
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import config

from ..wecom_api.client import DEFAULT_BASE_URL
from .common import FOLLOW_USERS, WecomCase


@tagged("post_install", "-at_install")
class TestServerCredentials(WecomCase):
    def setUp(self):
        super().setUp()
        self.credentials = self.sandbox.get("/sandbox/credentials")
        self.corp.sudo().write({"secret": False, "agentid": "7", "base_url": DEFAULT_BASE_URL})
        self.corpid = self.corp.corpid

    def configure(self, *lines, **environment):
        """Let the server's configuration file hold ``lines``, and its environment ``environment``."""
        handle, path = tempfile.mkstemp(suffix=".conf")
        self.addCleanup(os.unlink, path)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(["[options]", *lines, ""]))
        self.enterContext(patch.object(config, "options", config.options.new_child({"config": path})))
        self.enterContext(patch.dict(os.environ, environment))
        self.env.invalidate_all()

    def section(self, **values):
        values = {"secret": self.credentials["secret"], "agentid": "1000009", "base_url": self.sandbox.url, **values}
        return [f"[wecom {self.corpid}]", *(f"{name} = {value}" for name, value in values.items() if value)]

    def test_from_the_configuration_file(self):
        self.assertFalse(self.corp.secret_is_set)
        self.configure(*self.section())
        corp = self.corp.with_user(self.administrator)
        self.assertTrue(corp.secret_is_set)
        self.assertEqual(corp.credentials_source, f"[wecom {self.corpid}]")
        self.assertEqual((corp.server_agentid, corp.server_base_url), ("1000009", self.sandbox.url))
        corp.action_test_connection()
        self.assertEqual(corp.connection_state, "ok")
        self.assertEqual(corp._connection().agentid, "1000009")

    def test_the_environment_goes_first(self):
        name = f"WECOM_{self.corpid.upper()}_SECRET"
        self.configure(*self.section(secret="of-the-file"), **{name: self.credentials["secret"]})
        self.assertEqual(self.corp.credentials_source, name)
        self.corp.with_user(self.administrator).action_test_connection()
        self.assertEqual(self.corp.connection_state, "ok")

    def test_each_corp_has_its_own(self):
        self.configure(*self.section())
        company = self.env["res.company"].create({"name": "Evening Light"})
        other = self.env["wecom.corp"].create({"name": "Other", "corpid": "wwother", "company_id": company.id})
        self.assertFalse(other.secret_is_set)
        self.assertFalse(other.credentials_source)

    def test_only_the_databases_named(self):
        self.configure(*self.section(databases="another"))
        self.assertFalse(self.corp.secret_is_set)
        self.configure(*self.section(databases=f"another, {self.env.cr.dbname}"))
        self.assertTrue(self.corp.secret_is_set)

    def test_a_neutralized_copy_uses_none(self):
        self.configure(*self.section())
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "True")
        self.env.invalidate_all()
        self.assertFalse(self.corp.secret_is_set)
        with self.assertRaises(UserError):
            self.corp._client()

    def test_the_secret_goes_to_the_address_of_the_server_alone(self):
        """Whoever may change the corp in Odoo could otherwise have the secret sent to an address of his own."""
        self.configure(*self.section(base_url=None))
        self.assertEqual(self.corp._client().base_url, DEFAULT_BASE_URL)
        corp = self.corp.with_user(self.administrator)
        for change in ({"base_url": self.sandbox.url}, {"secret_input": "mine"}, {"agentid": "8"}):
            with self.assertRaisesRegex(UserError, "configuration of the server"):
                corp.write(change)
        self.assertEqual(self.sandbox.calls(FOLLOW_USERS), 0)

    def test_an_address_that_cannot_work_is_told(self):
        self.configure(*self.section(base_url="http://gateway.example.com"))
        with self.assertRaisesRegex(UserError, "https://"):
            self.corp._client()

    def test_nobody_reads_it(self):
        self.configure(*self.section())
        corp = self.corp.with_user(self.administrator)
        self.assertNotIn(self.credentials["secret"], str(corp.read()))
        self.assertNotIn(self.credentials["secret"], repr(corp._connection()) + repr(corp._server_credentials()))

    def test_the_settings_show_where_it_comes_from_and_save_the_rest(self):
        self.configure(*self.section())
        user = self.add_user("server_settings", "base.group_system,wecom_customer_reach.group_wecom_administrator")
        page = Form(self.env["res.config.settings"].with_user(user).with_company(self.company))
        self.assertEqual(page.wecom_credentials_source, f"[wecom {self.corpid}]")
        page.wecom_cap_policy = "per_day"
        page.save().execute()
        self.assertEqual(self.corp.cap_policy, "per_day")
        self.assertFalse(self.corp.sudo().secret)
