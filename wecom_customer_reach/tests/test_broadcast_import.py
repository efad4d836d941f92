from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.found_broadcast import read_entry
from .broadcast_common import CREATE, LIST, RESULTS, BroadcastCase
from .killing import Killing

IMPORT = "ir_cron_import_broadcasts"
MOST_COMMITS = 30


class ImportCase(BroadcastCase):
    """Members and other apps send as well, and Odoo learns of it."""

    def own_broadcast(self, member, *customers, text="Good morning"):
        """The member sends a broadcast of his own to these customers, on his phone."""
        return self.sandbox.post(
            f"/sandbox/members/{member.userid}/broadcast",
            text=text,
            external_userids=[customer.external_userid for customer in customers],
        )["msgid"]

    def console_broadcast(self, *customers, text="From the console", **values):
        """Somebody makes a broadcast in the console (``creator=``), or another app makes it."""
        return self.sandbox.post(
            "/sandbox/broadcasts",
            text=text,
            external_userids=[customer.external_userid for customer in customers],
            **values,
        )["msgid"]

    def find(self):
        """Run the hourly look, and read the results of what it found."""
        self.run_action(IMPORT)
        self.run_action("ir_cron_read_results")

    def found(self, msgid=None):
        """Return the imported broadcasts, or the one with this id."""
        domain = [("corp_id", "=", self.corp.id), ("origin", "!=", "odoo")]
        if msgid:
            domain.append(("batch_ids.msgid", "=", msgid))
        return self.env["wecom.broadcast"].with_user(self.manager).search(domain)

    def import_state(self):
        return self.env["wecom.broadcast.import"].search([("corp_id", "=", self.corp.id)])


@tagged("post_install", "-at_install")
class TestBroadcastImport(ImportCase):
    """What was sent outside Odoo is seen, counts, and cannot be touched."""

    def test_a_members_own_broadcast(self):
        customer, other = self.add_customer(self.anna), self.add_customer(self.anna)
        msgid = self.own_broadcast(self.anna, customer, text="Good morning\nThe tea has arrived.")
        self.find()
        broadcast = self.found(msgid)
        self.assertEqual(
            (broadcast.origin, broadcast.name, broadcast.text, broadcast.creator_id, broadcast.state),
            ("personal", "Good morning", "Good morning\nThe tea has arrived.", self.anna, "done"),
        )
        self.assertEqual(self.states(broadcast), {customer.name: ("sent", False)})
        self.assertEqual((broadcast.planned_count, broadcast.sent_count, broadcast.member_count), (1, 1, 1))
        self.assertEqual(broadcast.batch_ids.recipient_count, 1)
        [touch] = self.env["wecom.touch"].search([("contact_id", "=", customer.id)])
        self.assertEqual((touch.origin, touch.member_id), ("personal", self.anna))
        self.corp.cap_policy = "per_day"
        draft = self.broadcast()
        draft.sudo()._plan()
        self.assertEqual(self.states(draft), {customer.name: ("excluded", "cap"), other.name: ("planned", False)})
        self.assertEqual((customer.cap_used, customer.cap_left, other.cap_left), (1, 0, 1))

    def test_one_made_in_the_console_and_one_by_another_app(self):
        first, second = self.add_customer(self.anna), self.add_customer(self.bruno)
        attachments = [
            {"msgtype": "link", "link": {"title": "Catalogue", "url": "https://e.example/c", "desc": "Spring"}},
            {"msgtype": "image", "image": {"media_id": "m1"}},
        ]
        console = self.console_broadcast(first, second, creator="clara", attachments=attachments)
        app = self.console_broadcast(first, text="From another app")
        self.find()
        broadcast = self.found(console)
        self.assertEqual((broadcast.origin, broadcast.creator_id, broadcast.state), ("corp", self.clara, "running"))
        self.assertEqual(
            broadcast.attachment_ids.mapped(lambda line: (line.kind, line.display_name, line.url)),
            [("link", "Catalogue", "https://e.example/c"), ("image", "Image", "")],
        )
        self.assertEqual(set(broadcast.recipient_ids.mapped("state")), {"pending"})
        self.assertEqual(broadcast.member_message, "2 of 2 members have not sent yet.")
        self.assertEqual((self.found(app).origin, bool(self.found(app).creator_id)), ("corp", False))
        self.sandbox.post("/sandbox/members/bruno/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(self.states(broadcast), {first.name: ("pending", False), second.name: ("sent", False)})
        self.assertEqual(broadcast.state, "running")
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual((broadcast.sent_count, broadcast.state), (2, "done"))

    def test_it_can_only_be_looked_at(self):
        customer = self.add_customer(self.anna)
        broadcast = self.found() or (self.console_broadcast(customer, creator="clara"), self.find(), self.found())[-1]
        for button in (
            "action_send",
            "action_schedule",
            "action_cancel",
            "action_draft",
            "action_remind",
            "action_stop",
            "action_open_stop",
        ):
            with self.assertRaisesRegex(UserError, "made outside Odoo", msg=button):
                getattr(broadcast, button)()
        for values in ({"text": "Mine now"}, {"name": "Mine"}, {"partner_domain": "[]"}, {"attachment_ids": []}):
            with self.assertRaisesRegex(UserError, "made outside Odoo"):
                broadcast.write(values)
        with self.assertRaises(AccessError):
            broadcast.origin = "odoo"
        with self.assertRaises(UserError):
            broadcast.unlink()
        self.assertEqual(self.broadcast(origin="personal").origin, "odoo", "nobody can make one up")
        self.assertEqual((broadcast.remind_left, broadcast.state), (0, "running"))
        self.run_action("ir_cron_send_broadcasts")
        self.assertEqual(self.sandbox.calls(CREATE), 0)
        copy = broadcast.copy()
        self.assertEqual((copy.origin, copy.text, copy.audience_count), ("odoo", "From the console", 0))

    def test_buttons_and_marks_on_the_form(self):
        arch = self.env["wecom.broadcast"].get_view(view_type="form")["arch"]
        for button in ("action_remind", "action_open_stop"):
            line = arch[arch.index(f'name="{button}"') :].split("/>")[0]
            self.assertIn("origin != 'odoo'", line)
        self.assertIn("made_outside", self.env["wecom.broadcast"].get_view(view_type="search")["arch"])

    def test_our_own_are_never_imported(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.find()
        self.find()
        self.assertFalse(self.found())
        self.assertEqual(self.env["wecom.broadcast.batch"].search_count([("msgid", "=", broadcast.batch_ids.msgid)]), 1)

    def test_one_whose_answer_was_lost_is_left_to_be_settled(self):
        """The import sees it first; it may be ours, so it waits until settling has decided."""
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="drop_answer")
        self.sandbox.post("/sandbox/faults", path=LIST, kind="errcode", errcode=-1, times=10)
        broadcast = self.broadcast()
        broadcast.action_send()
        self.send()
        self.assertEqual(broadcast.batch_ids.state, "unknown")
        self.sandbox.delete("/sandbox/faults")
        foreign = self.console_broadcast(customer, text="Something else")
        alike = self.console_broadcast(customer, text="We are closed  for two weeks.", creator="clara")
        for state in ("unknown", "claimed"):
            broadcast.batch_ids.sudo().state = state
            self.find()
            self.assertEqual(self.found().batch_ids.mapped("msgid"), [alike, foreign], state)
        broadcast.batch_ids.sudo().state = "unknown"
        self.make_due(broadcast.batch_ids)
        self.send()
        self.assertEqual(broadcast.batch_ids.state, "created")
        self.find()
        self.assertEqual(self.found().batch_ids.mapped("msgid"), [alike, foreign])
        self.assertEqual(len(self.sandbox.broadcasts()), 3)

    def test_one_held_back_that_is_not_ours_comes_later(self):
        customer = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="drop_connection", times=10)
        broadcast = self.broadcast()
        broadcast.action_send()
        self.send()
        batch = broadcast.batch_ids.sudo()
        batch.write({"state": "unknown", "claimed_at": fields.Datetime.now()})
        stranger = self.console_broadcast(customer, text=broadcast.text)
        self.find()
        self.assertFalse(self.found())
        batch.write({"state": "failed", "claimed_at": batch.claimed_at})
        self.find()
        self.assertEqual(self.found().batch_ids.mapped("msgid"), [stranger])

    def test_twice_makes_one(self):
        customer = self.add_customer(self.anna)
        self.own_broadcast(self.anna, customer)
        for _each in range(3):
            self.find()
        self.assertEqual(len(self.found()), 1)
        self.assertEqual(len(self.found().recipient_ids), 1)
        self.assertEqual(self.import_state().found_count, 1)

    def test_unknown_customers_are_linked_once_they_are_known(self):
        customer = self.add_customer(self.anna)
        partner, external_userid = customer.partner_id, customer.external_userid
        customer.follow_ids.unlink()
        customer.unlink()
        self.sandbox.post("/sandbox/members/anna/broadcast", text="Hello", external_userids=[external_userid])
        self.find()
        [recipient] = self.found().recipient_ids
        self.assertEqual((recipient.external_userid, recipient.contact_id.id), (external_userid, False))
        self.assertFalse(self.env["wecom.touch"].search([("corp_id", "=", self.corp.id)]))
        contact = self.env["wecom.contact"].create(
            {"corp_id": self.corp.id, "external_userid": external_userid, "name": "Back", "partner_id": partner.id}
        )
        self.find()
        self.assertEqual((recipient.contact_id, recipient.partner_id), (contact, partner))
        self.assertEqual(self.env["wecom.touch"].search([("corp_id", "=", self.corp.id)]).partner_id, partner)

    def test_who_sees_them(self):
        self.anna.user_id = self.seller
        mine, foreign = self.add_customer(self.anna), self.add_customer(self.bruno)
        own = self.own_broadcast(self.anna, mine)
        self.own_broadcast(self.bruno, foreign)
        self.find()
        self.assertEqual(len(self.found()), 2)
        seen = self.env["wecom.broadcast"].with_user(self.seller).search([("corp_id", "=", self.corp.id)])
        self.assertEqual(seen.batch_ids.mapped("msgid"), [own])
        self.assertEqual(seen.user_id, self.seller)
        self.assertFalse(seen.sudo().message_follower_ids, "nobody is told of what he did himself")
        for user in (self.seller, self.manager):
            with self.assertRaises(AccessError):
                self.env["wecom.broadcast.import"].with_user(user).search([])

    def test_pages_and_statements(self):
        customers = [self.add_customer(self.anna) for _each in range(3)]
        for number in range(120):
            self.own_broadcast(self.anna, customers[number % 3], text=f"Number {number}")
        self.run_action(IMPORT)
        self.assertEqual(len(self.found()), 120)
        self.assertEqual(self.sandbox.calls(LIST), 3, "two pages of the first span, one of what is left")


@tagged("post_install", "-at_install")
class TestBroadcastImportTrouble(Killing, ImportCase):
    """Killed, limited, lied to: nothing is lost, nothing is twice, nothing stands still."""

    def test_killed_at_every_commit(self):
        for after in (False, True):
            for number in range(1, MOST_COMMITS):
                customer = self.add_customer(self.anna)
                msgids = [self.own_broadcast(self.anna, customer, text=f"{number} {after} {each}") for each in range(2)]
                with self.subTest(commit=number, after=after):
                    killed = self.run_and_kill(IMPORT, number, after)
                    self.find()
                    for msgid in msgids:
                        self.assertEqual(len(self.found(msgid)), 1)
                    self.assertEqual(len(self.env["wecom.touch"].search([("contact_id", "=", customer.id)])), 2)
                if not killed:
                    self.assertGreater(number, 3)
                    break

    def test_results_killed_at_every_commit(self):
        for number in range(1, MOST_COMMITS):
            customer = self.add_customer(self.anna)
            self.own_broadcast(self.anna, customer, text=f"Number {number}")
            self.run_action(IMPORT)
            with self.subTest(commit=number):
                killed = self.run_and_kill("ir_cron_read_results", number, True)
                self.found().action_refresh_results()
                self.run_action("ir_cron_read_results")
                self.assertEqual(len(self.env["wecom.touch"].search([("contact_id", "=", customer.id)])), 1)
            if not killed:
                break

    def test_time_runs_out_after_the_first_page(self):
        """A worker whose time is up stops at a page; the next one goes on there."""
        customer = self.add_customer(self.anna)
        for number in range(101):
            self.own_broadcast(self.anna, customer, text=f"Number {number}")
        cron_class = type(self.env["ir.cron"])
        commit = cron_class._commit_progress

        def hurried(records, processed=0, **options):
            return commit(records, processed, **options) if not processed else 0 * commit(records, processed, **options)

        cron, found = "odoo.addons.base.models.ir_cron", []
        # No time at all: one piece of work for each run, as for a worker that is always late.
        with (
            patch.object(cron_class, "_commit_progress", hurried),
            patch(f"{cron}.MIN_RUNS_PER_JOB", 1),
            patch(f"{cron}.MIN_TIME_PER_JOB", 0),
        ):
            for _run in range(3):
                self.run_action(IMPORT)
                found.append(len(self.found()))
        self.assertEqual(found, [0, 100, 101])

    def test_a_rate_limit_is_waited_for(self):
        customer = self.add_customer(self.anna)
        self.own_broadcast(self.anna, customer)
        self.sandbox.post("/sandbox/faults", path=LIST, kind="errcode", errcode=45009, times=1)
        self.run_action(IMPORT)
        state = self.import_state()
        self.assertGreater(state.next_attempt_at, fields.Datetime.now() + timedelta(seconds=30))
        self.assertIn("45009", state.error_message)
        calls = self.sandbox.calls(LIST)
        self.run_action(IMPORT)
        self.assertEqual(self.sandbox.calls(LIST), calls, "nobody asks before the pause is over")
        state.next_attempt_at = fields.Datetime.now()
        self.let_rate_limits_pass()
        self.find()
        self.assertEqual(len(self.found()), 1)
        self.assertFalse(state.error_message or state.attempt_count or state.next_attempt_at)

    def test_pauses_grow(self):
        self.sandbox.post("/sandbox/faults", path=LIST, kind="errcode", errcode=48002, times=100)
        pauses = []
        for _each in range(3):
            self.run_action(IMPORT)
            state = self.import_state()
            pauses.append(state.next_attempt_at - fields.Datetime.now())
            state.next_attempt_at = fields.Datetime.now()
        self.assertLess(pauses[0], pauses[1])
        self.assertLess(pauses[1], pauses[2])

    def test_a_dead_cursor_starts_the_span_again(self):
        customer = self.add_customer(self.anna)
        self.own_broadcast(self.anna, customer)
        self.run_action(IMPORT)
        now = fields.Datetime.now()
        state = self.import_state()
        state.write({"span_start": now - timedelta(days=2), "span_end": now, "cursor": "long-forgotten"})
        self.own_broadcast(self.anna, customer, text="Another")
        self.run_action(IMPORT)
        self.assertFalse(state.cursor)
        state.next_attempt_at = now
        self.run_action(IMPORT)
        self.assertEqual(len(self.found()), 2)

    def test_lies(self):
        """Entries without sense are left out; the rest of the page is kept."""
        customer = self.add_customer(self.anna)
        self.console_broadcast(
            customer,
            text="Odd \u0000 text",
            attachments=[
                {"msgtype": "hologram", "hologram": {"title": "?"}},
                {"msgtype": "link", "link": {"title": ["no", "text"], "url": None}},
            ],
        )
        good = self.own_broadcast(self.anna, customer)
        self.find()
        self.assertEqual(len(self.found()), 2)
        odd = self.found() - self.found(good)
        self.assertEqual(odd.text, "Odd  text")
        self.assertEqual(odd.attachment_ids.mapped("kind"), ["link"])
        for entry in (
            None,
            "text",
            {},
            {"msgid": "m"},
            {"msgid": "m", "create_time": "yesterday"},
            {"msgid": "m", "create_time": 10**15},
            {"msgid": 5, "create_time": 1_700_000_000},
        ):
            self.assertIsNone(read_entry(entry), entry)
        bare = read_entry({"msgid": "m", "create_time": 1_700_000_000, "text": "no object", "attachments": {}})
        self.assertEqual((bare.text, bare.attachments, bare.personal, bare.name), ("", [], False, ""))

    def test_results_that_make_no_sense(self):
        customer = self.add_customer(self.anna)
        self.own_broadcast(self.anna, customer)
        self.run_action(IMPORT)
        batch = self.found().batch_ids.sudo()
        rows = [
            ({"external_userid": customer.external_userid, "status": 1, "send_time": 1_700_000_000}, self.anna.id),
            ({"external_userid": customer.external_userid, "status": 0}, self.anna.id),
            ({"chat_id": "wr1", "status": 1}, self.anna.id),
            ({"external_userid": "wm_new", "status": 9}, self.anna.id),
        ]
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            working = batch.with_env(self.env(cr=cr))
            working._write_results(rows, working.task_ids)
        self.env.invalidate_all()
        self.assertEqual(self.states(batch.broadcast_id), {customer.name: ("sent", False)})
        self.assertEqual(self.sandbox.calls(RESULTS), 0)
