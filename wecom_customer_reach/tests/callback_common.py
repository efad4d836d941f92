"""What the callback tests share: a corp that listens at an address, and requests as WeCom or an attacker sends them."""

import http.client
import logging
import time
from urllib.parse import urlencode

from odoo.tests import HttpCase

from wecom_sandbox.callback_crypto import encrypt, signature, xml

TOKEN = "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
CORP_ID = "wx5823bf96d3bd56c7"
NONCE = "263014780"
DOOR = "odoo.addons.wecom_customer_reach.controllers.callback"


def message(**elements):
    """Return an event as WeCom encrypts it."""
    elements = {
        "ToUserName": CORP_ID,
        "FromUserName": "sys",
        "CreateTime": 1700000000,
        "MsgType": "event",
        "Event": "change_external_contact",
        "ChangeType": "add_external_contact",
        "UserID": "alice",
        "ExternalUserID": "wm0001",
        **elements,
    }
    return xml(elements).encode()


def envelope(encrypted):
    return xml({"ToUserName": CORP_ID, "Encrypt": encrypted, "AgentID": "218"}).encode()


def signed_query(encrypted, token=TOKEN, timestamp=None, nonce=NONCE, **extra):
    """Return the query that proves that ``encrypted`` was sent by who knows ``token``, now unless said otherwise."""
    timestamp = str(int(time.time())) if timestamp is None else timestamp
    msg_signature = signature(token, timestamp, nonce, encrypted)
    return {"msg_signature": msg_signature, "timestamp": timestamp, "nonce": nonce, **extra}


class CallbackCase(HttpCase):
    """A corp of its own company with the token and key of vector A (wecom-api.md § 16.5)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.corp = cls.add_corp("Morning Light", CORP_ID)

    @classmethod
    def add_corp(cls, name, corpid, **values):
        company = cls.env["res.company"].create({"name": name})
        corp = cls.env["wecom.corp"].create(
            {
                "name": name,
                "company_id": company.id,
                "corpid": corpid,
                "agentid": "1",
                "callback_token": TOKEN,
                "callback_aes_key": AES_KEY,
                **values,
            }
        )
        cls.env.flush_all()
        return corp

    def send(self, method="POST", query=(), body=b"", key=None, headers=(), path=None):
        """Send one request as it is given, without cookies; return status, headers and body of the answer."""
        query = query if isinstance(query, str) else urlencode(query)
        path = path or f"/wecom/callback/{self.corp.callback_key if key is None else key}?{query}"
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            connection = http.client.HTTPConnection(self.base_url().removeprefix("http://"), timeout=10)
            try:
                connection.request(method, path, body, {"Content-Type": "text/xml", **dict(headers)})
                answer = connection.getresponse()
                received = answer.status, answer.headers, answer.read()
            finally:
                connection.close()
        self.env.invalidate_all()
        return received

    def post_event(self, plain=None, corp=None, signed_with=None, **request):
        """Post an event in the way WeCom does; return status, headers and body of the answer."""
        encrypted = encrypt(AES_KEY, (corp or self.corp).corpid, message() if plain is None else plain)
        query = signed_query(encrypted, **(signed_with or {}))
        return self.send(**{"query": query, "body": envelope(encrypted), **request})

    def get_echo(self, text=b"1616140317555161061", **request):
        """Check the address in the way WeCom does; return status, headers and body of the answer."""
        encrypted = encrypt(AES_KEY, self.corp.corpid, text)
        return self.send(**{"method": "GET", "query": signed_query(encrypted, echostr=encrypted), **request})

    def events(self, corp=None):
        return self.env["wecom.event"].search([("corp_id", "=", (corp or self.corp).id)])

    def refusals(self):
        """Return how often requests were refused, by corp and reason."""
        return {
            (row.corp_id, row.reason): row.count for row in self.env["wecom.callback.refusal"].search([]) if row.count
        }

    def assert_accepted(self, received):
        status, headers, body = received
        self.assertEqual((status, body), (200, b""))
        self.assertNotIn("Set-Cookie", headers)

    def assert_refused(self, reason, send, *arguments, status=403, corp=None, **request):
        """``send`` is answered with the bare status, stores nothing, is counted for the corp, and logs one line.

        ``corp`` is False where no corp listens: then nothing at all is written.
        """
        corp = self.corp if corp is None else corp
        events, counts = self.env["wecom.event"].search([]), self.refusals()
        with self.assertLogs(level=logging.INFO) as logs:
            received, headers, body = send(*arguments, **request)
        self.assertEqual((received, body), (status, b""))
        self.assertNotIn("Set-Cookie", headers)
        self.assertEqual(self.env["wecom.event"].search([]), events)
        if corp:
            counts[corp, reason] = counts.get((corp, reason), 0) + 1
        self.assertEqual(self.refusals(), counts)
        lines = [(line.name, line.levelno, line.getMessage()) for line in logs.records if self.is_about_request(line)]
        self.assertEqual(lines, [(DOOR, logging.WARNING, f"A callback was refused: {reason}")])
        self.assertFalse(any(line.exc_info for line in logs.records), "a traceback in the log")

    @staticmethod
    def is_about_request(line):
        """Whether a log line is one of the addon or a complaint of Odoo; not its access log."""
        return line.name.startswith(DOOR.partition(".controllers")[0]) or line.levelno >= logging.WARNING
