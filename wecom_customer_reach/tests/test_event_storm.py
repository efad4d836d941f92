"""Many acts on few customers, told doubled and out of order: in the end Odoo holds what WeCom holds."""

import random

from odoo.addons.wecom_customer_reach.wecom_api.events import parse_event

from wecom_sandbox.callback_crypto import xml

from .test_event import EventCase

STATUSES = {"full": "active", "half": "half", "deleted_by_customer": "deleted_by_customer"}


class TestEventStorm(EventCase):
    def setUp(self):
        super().setUp()
        self.add_member("bert")
        for number in range(3):
            self.add_customer("anna", name=f"C{number}")
        self.synchronise()

    def rage(self, acts, seed):
        """Let random acts happen on the phones; return what WeCom tells of each, in their order."""
        messages = []
        sender = self.server.world.sender
        sender.url = "http://127.0.0.1/"
        self.patch(sender, "send", lambda _world, fields: messages.append(xml(fields).encode()))
        self.sandbox.post("/sandbox/acts/storm", acts=acts, seed=seed, pause=1)
        return messages

    def keep(self, messages):
        for message in messages:
            self.env["wecom.event"]._keep(self.corp, parse_event(message))

    def check(self, seed):
        """Compare every follow with the sandbox's book."""
        for row in self.sandbox.get("/sandbox/follows")["follows"]:
            follow = self.follow(row["external_userid"], row["userid"])
            status = STATUSES.get(row["relation"])
            if status is None:
                self.assertNotIn(follow.status, ("active", "half"), (seed, row))
                continue
            self.assertEqual(follow.status, status, (seed, row))
            if status == "active":
                self.assertEqual(follow.remark or "", row["remark"], seed)
                self.assertEqual(set(follow.tag_ids.mapped("external_id")), set(row["tag_id"]), seed)

    def test_shuffled_and_doubled(self):
        for seed in range(15):
            draw = random.Random(seed)
            messages = []
            for part in range(4):
                messages += self.rage(10, seed * 10 + part)
                draw.shuffle(messages)
                # Some are told now, twice perhaps, the others after what happens next.
                told, messages = messages[:6], messages[6:]
                self.keep(told + draw.sample(told, 2))
                self.work()
            self.keep(messages)
            self.work()
            self.check(seed)
            self.assertEqual(set(self.events().mapped("state")), {"done"})
