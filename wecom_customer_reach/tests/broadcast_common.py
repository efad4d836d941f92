"""What the broadcast tests share: a corp on a running sandbox, customers known on both sides, scheduled actions."""

import base64
import json
import struct
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone

from odoo import fields
from odoo.tests import TransactionCase, new_test_user

from wecom_sandbox.server import SandboxServer

CREATE = "/cgi-bin/externalcontact/add_msg_template"
LIST = "/cgi-bin/externalcontact/get_groupmsg_list_v2"
TASKS = "/cgi-bin/externalcontact/get_groupmsg_task"
RESULTS = "/cgi-bin/externalcontact/get_groupmsg_send_result"
REMIND = "/cgi-bin/externalcontact/remind_groupmsg_send"
CANCEL = "/cgi-bin/externalcontact/cancel_groupmsg_send"
UPLOAD = "/cgi-bin/media/upload"


def png(size=1):
    """Return a picture of ``size`` × ``size`` pixels as base64 bytes."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * size for _row in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(picture)


def mp4():
    """Return the beginning of a video as base64 bytes."""
    return base64.b64encode(struct.pack(">I", 24) + b"ftypisom" + bytes(12) + bytes(64))


class Sandbox:
    """The control surface of a running sandbox."""

    def __init__(self, url):
        self.url = url

    def get(self, path, /):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path, /, **data):
        return self._send("POST", path, data)

    def delete(self, path):
        return self._send("DELETE", path, {})

    def _send(self, method, path, data):
        request = urllib.request.Request(self.url + path, json.dumps(data).encode(), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def broadcasts(self):
        """Return the broadcasts made through the API, oldest first."""
        return [row for row in self.get("/sandbox/broadcasts")["broadcasts"] if row["create_type"] == 0]

    def calls(self, path):
        """Return how often ``path`` was called."""
        return self.get("/sandbox/counters")["calls"].get(path, 0)

    def received(self, external_userid):
        """Return the broadcasts a customer has on his phone."""
        return [message for message in self.get(f"/sandbox/customers/{external_userid}")["inbox"] if message["msgid"]]


def set_up_corp(env, sandbox, company, **values):
    """Create the corp of the sandbox for a company."""
    credentials = sandbox.get("/sandbox/credentials")
    return env["wecom.corp"].create(
        {
            "name": "Morning Light",
            "corpid": credentials["corp_id"],
            "agentid": str(credentials["agent_id"]),
            "secret_input": credentials["secret"],
            "base_url": sandbox.url,
            "company_id": company.id,
            **values,
        }
    )


class SandboxRequests:
    """Lets the client's requests through Odoo's guard of outgoing requests, which understands one timeout only."""

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        timeout = options.get("timeout")
        if isinstance(timeout, tuple):
            options["timeout"] = max(timeout)
        return super()._request_handler(session, request, **options)

    def let_rate_limits_pass(self):
        """As when the time for which WeCom wants no more calls has passed."""
        self.env["wecom.rate.limit"].sudo().search([("corp_id", "=", self.corp.id)]).blocked_until = 0


class BroadcastCase(SandboxRequests, TransactionCase):
    """A corp with three members on a sandbox of its own, and a manager."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = SandboxServer(scenario="empty")
        server.__enter__()
        cls.addClassCleanup(server.__exit__, None, None, None)
        cls.sandbox = Sandbox(server.url)
        cls.company = cls.env["res.company"].create({"name": "Morning Light"})
        cls.corp = set_up_corp(cls.env, cls.sandbox, cls.company)
        cls.manager = cls.add_user("broadcast_manager", "wecom_customer_reach.group_wecom_manager")
        cls.seller = cls.add_user("broadcast_seller", "wecom_customer_reach.group_wecom_user")
        cls.category = cls.env["res.partner.category"].create({"name": "Broadcast test"})

    @classmethod
    def add_user(cls, login, group):
        """Return a user of the corp's company in one group."""
        return new_test_user(
            cls.env, login=login, groups=group, company_id=cls.company.id, company_ids=[(6, 0, cls.company.ids)]
        )

    def setUp(self):
        super().setUp()
        self.sandbox.post("/sandbox/reset", scenario="empty")
        self.sandbox.post("/sandbox/settings", dispatch_delay=0)
        self.anna, self.bruno, self.clara = (self.add_member(name) for name in ("anna", "bruno", "clara"))
        self.customer_number = 0

    def add_member(self, userid, **values):
        """Add a member on both sides."""
        self.sandbox.post("/sandbox/members", userid=userid, name=userid.title())
        return self.env["wecom.member"].create(
            {"corp_id": self.corp.id, "userid": userid, "name": userid.title(), **values}
        )

    def add_customer(self, *members, days_ago=10, last_chat=None, partner=None, **partner_values):
        """Add a customer on both sides, followed by ``members`` (first ``days_ago`` days ago, then a day later).

        Returns the contact; its partner belongs to the audience of :meth:`broadcast`. ``last_chat``: the member who
        chatted last.
        """
        self.customer_number += 1
        name = f"Customer {self.customer_number}"
        now = datetime.now(timezone.utc).replace(microsecond=0)
        added = {member: now - timedelta(days=days_ago - index) for index, member in enumerate(members)}
        external_userid = self.sandbox.post(
            "/sandbox/customers",
            name=name,
            follows=[
                {
                    "userid": member.userid,
                    "createtime": int(moment.timestamp()),
                    "last_chat": int(now.timestamp()) if member == last_chat else 0,
                }
                for member, moment in added.items()
            ],
        )["external_userid"]
        partner = partner or self.add_partner(name, **partner_values)
        contact = self.env["wecom.contact"].create(
            {
                "corp_id": self.corp.id,
                "external_userid": external_userid,
                "name": name,
                "partner_id": partner.id,
                "match_state": "matched",
            }
        )
        self.env["wecom.follow"].create(
            [
                {
                    "corp_id": self.corp.id,
                    "contact_id": contact.id,
                    "member_id": member.id,
                    "followed_at": moment.replace(tzinfo=None),
                }
                for member, moment in added.items()
            ]
        )
        return contact

    def add_partner(self, name="No contact", **values):
        """Add a partner of the audience who is not in WeCom."""
        return self.env["res.partner"].create({"name": name, "category_id": self.category.ids, **values})

    def broadcast(self, **values):
        """Return a draft of the manager to everybody added by this test."""
        return (
            self.env["wecom.broadcast"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Closed for two weeks",
                    "corp_id": self.corp.id,
                    "partner_domain": repr([("category_id", "in", self.category.ids)]),
                    "text": "We are closed for two weeks.",
                    **values,
                }
            )
        )

    def run_action(self, name):
        """Run a scheduled action as the server does; fails the test when it raised."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref(f"wecom_customer_reach.{name}").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotIsInstance(outcome, dict, f"{name} failed")

    def send(self):
        self.run_action("ir_cron_send_broadcasts")

    def read_results(self, broadcast=None):
        """Read results now, of one broadcast or of what is due."""
        if broadcast:
            broadcast.action_refresh_results()
        self.run_action("ir_cron_read_results")

    def sent_broadcast(self, **values):
        """Return a broadcast that the members have received."""
        broadcast = self.broadcast(**values)
        broadcast.action_send()
        self.send()
        return broadcast

    def make_due(self, batches):
        """Let the pauses of these batches be over."""
        batches.sudo().write({"next_attempt_at": fields.Datetime.now() - timedelta(seconds=1)})
        self.let_rate_limits_pass()

    def states(self, broadcast):
        """Return {name of the customer: (state, reason or False)}."""
        return {
            recipient.partner_id.name: (recipient.state, recipient.exclusion) for recipient in broadcast.recipient_ids
        }

    def notes(self, broadcast):
        """Return the texts of the chatter as one string."""
        self.env.cr.flush()
        return " ".join(str(body) for body in broadcast.message_ids.mapped("body"))

    def outlast_grace(self, broadcast):
        """Let the time pass after which a broadcast missing in WeCom's list is believed to be missing."""
        for batch in broadcast.batch_ids.sudo().filtered("claimed_at"):
            batch.claimed_at -= batch._absence_grace

    def assert_arrives_once(self, broadcast, *customers):
        """The members confirm: every customer gets it exactly once, and Odoo knows."""
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        for customer in customers:
            self.assertEqual(len(self.sandbox.received(customer.external_userid)), 1, customer.name)
        self.assertEqual(broadcast.sent_count, len(customers))
        self.assertEqual(broadcast.state, "done")
        self.assertEqual(
            sorted(broadcast.batch_ids.filtered("msgid").mapped("msgid")),
            sorted(made["msgid"] for made in self.sandbox.broadcasts() if made["text"] == broadcast.text),
        )
