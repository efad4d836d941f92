import io
import json
from urllib.parse import quote, urlsplit

import requests
from werkzeug.test import Client

from odoo.http import root
from odoo.tests import HttpCase, tagged

from .broadcast_common import UPLOAD, BroadcastCase
from .common import TAG_LIST
from .test_tours import BrowserActions

ANY_CALL = "/cgi-bin/get_api_domain_ip"


class OwnRequests:
    """Answers Odoo's requests to itself in the same thread: the one cursor of a browser test cannot serve two."""

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        parts = urlsplit(request.url)
        if not parts.path.startswith("/wecom/callback/") or f"{parts.scheme}://{parts.netloc}" != cls.base_url():
            return super()._request_handler(session, request, **options)
        answer = Client(root).get(f"{parts.path}?{parts.query}", base_url=cls.base_url())
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(answer.headers)
        response.raw = io.BytesIO(answer.data)
        return response


@tagged("post_install", "-at_install")
class TestSetupTour(OwnRequests, BrowserActions, BroadcastCase, HttpCase):
    """From empty to ten green lights in the browser; each light is made red on the way as WeCom does it, and mended."""

    def setUp(self):
        super().setUp()
        self.administrator = self.add_user("setup_tour", "wecom_customer_reach.group_wecom_administrator")
        self.credentials = self.sandbox.get("/sandbox/credentials")

    def look(self, *broken, mended=(), progress=""):
        values = quote(json.dumps({"mended": mended, "broken": broken, "progress": progress}))
        self.start_tour(
            "/odoo/wecom-setup",
            "wecom_setup_lights",
            login=self.administrator.login,
            cookies={"wecom_tour": values},
        )
        self.env.invalidate_all()

    def send_test(self, contact):
        """Send the test of the checklist to ``contact`` and let the member confirm it."""
        row = self.corp.setup_check_ids.filtered(lambda row: row.code == "broadcast")
        context = row.with_user(self.administrator).action_send_test()["context"]
        wizard = self.env["wecom.broadcast.test"].with_user(self.administrator).with_context(**context)
        wizard.create({"member_id": self.anna.id, "contact_id": contact.id}).action_send()
        self.run_action("ir_cron_send_broadcasts")
        self.sandbox.post("/sandbox/members/confirm_all")
        self.env["wecom.broadcast"].search([("is_test", "=", True)]).action_refresh_results()
        self.run_action("ir_cron_read_results")

    def save_callback_in_console(self):
        """WeCom's console keeps address, token and key, and checks them."""
        keys = self.corp.sudo()
        self.sandbox.post(
            "/sandbox/callback",
            url=keys.callback_url,
            token=keys.callback_token,
            encoding_aes_key=keys.callback_aes_key,
        )
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            self.assertTrue(self.sandbox.post("/sandbox/callback/verify")["ok"])
        # No events: they would come at any moment, and the one cursor of a browser test cannot serve two.
        self.sandbox.post("/sandbox/callback", url=None)
        self.env.invalidate_all()

    def test_from_empty_to_green(self):
        settings, parameters = self.corp.sudo(), self.env["ir.config_parameter"]
        settings.corpid = "ww0000000000000000"
        self.look(["corp_id", "does not know this corp id"], progress="0 of 10")

        settings.write({"corpid": self.credentials["corp_id"], "secret_input": "not-the-secret"})
        self.look(["secret", "Copy the secret of the app"], mended=["corp_id"])

        settings.secret_input = self.credentials["secret"]
        self.sandbox.post("/sandbox/faults", path=ANY_CALL, kind="errcode", errcode=40014, times=100)
        self.look(["token", "access token"], mended=["secret"])

        self.sandbox.delete("/sandbox/faults")
        self.sandbox.post("/sandbox/settings", trusted_ips=["203.0.113.7"])
        self.look(["trusted_ip", "127.0.0.1"], mended=["token"])

        self.sandbox.post("/sandbox/settings", trusted_ips=None, app_allowed=False)
        self.sandbox.post("/sandbox/faults", path=UPLOAD, kind="errcode", errcode=40009, times=1)
        parameters.set_param("web.base.url", "http://127.0.0.1:1")
        self.look(
            ["callable", "48002"],
            ["media", "40009"],
            ["callback", "cannot reach the callback address"],
            mended=["trusted_ip"],
        )

        parameters.set_param("web.base.url", self.base_url())
        self.save_callback_in_console()
        self.sandbox.post("/sandbox/settings", app_allowed=True, usage_userids=[])
        self.sandbox.post("/sandbox/faults", path=TAG_LIST, kind="errcode", errcode=40058, times=1)
        self.look(
            ["range", "none of them may use customer contact"],
            ["tags", "40058"],
            mended=["callable", "media", "callback"],
        )

        self.sandbox.post("/sandbox/settings", usage_userids=None)
        lost, kept = self.add_customer(self.anna), self.add_customer(self.anna)
        self.sandbox.post(f"/sandbox/customers/{lost.external_userid}/delete_member", userid="anna")
        self.send_test(lost)
        self.look(["broadcast", "has deleted"], mended=["range", "tags"], progress="9 of 10")

        self.send_test(kept)
        self.look(mended=["broadcast"], progress="10 of 10")
        self.assertEqual(self.corp.setup_state, "done")

    def test_first_steps(self):
        self.corp.action_test_connection()
        self.env["wecom.sync"].create({"corp_id": self.corp.id, "state": "done"})
        self.start_tour("/odoo/wecom-broadcasts", "wecom_first_steps", login=self.manager.login)
