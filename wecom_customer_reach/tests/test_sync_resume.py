from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import wecom_sync_contacts, wecom_sync_directory, wecom_sync_partners
from .common import BATCH, FOLLOW_USERS, TAG_LIST, USER_GET, WecomCase

CUSTOMERS = 250


class Killed(Exception):
    """The worker was killed."""


@tagged("post_install", "-at_install")
class TestSyncResume(CronMixinCase, WecomCase):
    def setUp(self):
        super().setUp()
        # Small steps, so that there are many places to be killed at.
        self.startPatcher(patch.object(wecom_sync_contacts, "PAGES_PER_STEP", 1))
        self.startPatcher(patch.object(wecom_sync_directory, "MEMBERS_PER_STEP", 1))
        self.startPatcher(patch.object(wecom_sync_partners, "CONTACTS_PER_STEP", 100))
        self.add_member("bruno")
        self.tags = self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold"])["tag"]

    def add_customers(self, count=CUSTOMERS):
        for number in range(count):
            self.add_customer(
                {"userid": "anna", "tag_id": [self.tags[0]["id"]], "remark_mobiles": [f"1381234{number:04}"]},
                "bruno",
                name=f"Customer {number}",
            )

    def assert_everything_is_there(self):
        """What one run without any trouble would have made."""
        contacts = self.env["wecom.contact"].search([("corp_id", "=", self.corp.id)])
        self.assertEqual(len(contacts), CUSTOMERS)
        self.assertEqual(set(contacts.mapped("status")), {"active"})
        self.assertEqual(len(contacts.follow_ids), 2 * CUSTOMERS)
        self.assertEqual(set(contacts.follow_ids.mapped("status")), {"active"})
        self.assertEqual(len(contacts.partner_id), CUSTOMERS, "one partner each, none twice")
        self.assertEqual(len(contacts.partner_id.filtered("phone")), CUSTOMERS)
        self.assertEqual(len(self.env["wecom.contact"].search([("tag_ids.name", "=", "Gold")])), CUSTOMERS)
        self.assertFalse(self.env["wecom.sync.seen"].search([]))

    def test_killed_in_every_step(self):
        """The worker dies before the commit of each of its steps, and comes back each time."""
        self.add_customers()
        sync = self.start()
        lives = 0
        while sync.state == "running":
            lives += 1
            self.assertLess(lives, 60, "the run does not come to its end")
            committed = []

            def die_in_the_second_step(_sync, committed=committed):
                if committed:
                    raise Killed
                committed.append(True)

            with suppress(Killed):
                self.step_by_step(sync, die_in_the_second_step)
        self.assertGreater(lives, 10)
        self.assertEqual(sync.state, "done")
        self.assert_everything_is_there()

    def fails_once(self, path, **fault):
        """Let ``path`` fail, see the run fail in plain words, press "Continue" and see it end."""
        sync = self.start()
        self.fault(path, **fault)
        self.run_cron()
        self.assertEqual(sync.state, "failed")
        self.assertTrue(sync.ended_at)
        self.sandbox.delete("/sandbox/faults")
        message = sync.error_message
        sync.with_user(self.administrator).action_continue()
        self.assertRecordValues(sync, [{"state": "running", "error_message": False, "ended_at": False}])
        self.run_cron()
        self.assertEqual(sync.state, "done")
        return message

    def test_error_in_each_stage(self):
        self.add_customers()
        self.assertIn("48002", self.fails_once(FOLLOW_USERS, errcode=48002))
        self.assert_everything_is_there()
        self.assertIn("60020", self.fails_once(USER_GET, errcode=60020))
        self.assertIn("48002", self.fails_once(TAG_LIST, errcode=48002))
        self.assertIn("60011", self.fails_once(BATCH, errcode=60011))
        self.assert_everything_is_there()

    def test_connection_breaks_in_the_middle_of_the_contacts(self):
        self.add_customers()
        sync = self.start()

        def break_after_a_page(sync):
            if sync.contact_seen == 100:
                self.fault(BATCH, kind="drop_connection", times=100)

        with patch("odoo.addons.wecom_customer_reach.wecom_api.client.BACK_OFF_SECONDS", (0, 0, 0)):
            self.step_by_step(sync, break_after_a_page)
        self.assertEqual((sync.state, sync.stage), ("failed", "contacts"))
        self.assertGreaterEqual(sync.contact_seen, 100, "what was read stays")
        self.assertTrue(sync.cursor)
        self.sandbox.delete("/sandbox/faults")
        sync.action_continue()
        calls = self.sandbox.calls(BATCH)
        self.run_cron()
        self.assertEqual(sync.state, "done")
        self.assertLess(self.sandbox.calls(BATCH) - calls, 5, "it goes on at the cursor")
        self.assert_everything_is_there()

    def test_expired_cursor(self):
        self.add_customers()
        sync = self.start()

        def expire(sync):
            if sync.contact_seen == 100 and not sync.cursor_restarts:
                self.fault(BATCH, errcode=50100, times=1)

        self.step_by_step(sync, expire)
        self.assertEqual(sync.state, "done")
        self.assertEqual(sync.follow_lost, 0, "what was seen before the cursor expired is not lost")
        self.assertGreater(sync.contact_seen, 2 * CUSTOMERS)
        self.assert_everything_is_there()

    def test_cursor_that_always_expires(self):
        self.add_customers()
        sync = self.start()

        def expire(sync):
            if sync.cursor and sync.stage == "contacts":
                self.fault(BATCH, errcode=50100, times=1)

        self.step_by_step(sync, expire)
        self.assertEqual(sync.state, "failed")
        self.assertIn("50100", sync.error_message)

    def test_token_ends_in_the_middle(self):
        """The reading thread asks the main one for the new token, which all workers then share."""
        self.add_customers()
        sync = self.start()

        def revoke(sync):
            if sync.contact_seen == 100:
                self.fault(BATCH, errcode=42001, times=1)

        self.step_by_step(sync, revoke)
        self.assertEqual(sync.state, "done")
        self.assert_everything_is_there()

    def test_rate_limit_is_waited_for(self):
        self.add_customers()
        sync = self.start()
        self.fault(BATCH, errcode=45009)
        with self.capture_triggers("wecom_customer_reach.ir_cron_synchronise") as captured:
            self.run_cron()
        self.assertEqual((sync.state, sync.stage), ("running", "contacts"))
        self.assertGreater(sync.next_attempt_at, fields.Datetime.now())
        self.assertIn(sync.next_attempt_at, captured.records.mapped("call_at"))
        self.sandbox.delete("/sandbox/faults")
        calls = self.sandbox.calls(BATCH)
        self.run_cron()
        self.assertEqual(self.sandbox.calls(BATCH), calls, "not before the pause is over")
        sync.next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
        self.let_rate_limits_pass()
        self.run_cron()
        self.assertEqual(sync.state, "done")
        self.assert_everything_is_there()

    def test_two_clicks_make_one_run(self):
        self.assertEqual(self.start(), self.start())

    def test_click_does_no_network(self):
        self.sandbox.delete("/sandbox/calls")
        with self.capture_triggers("wecom_customer_reach.ir_cron_synchronise") as captured:
            self.start()
        self.assertEqual(len(captured.records), 1)
        self.assertFalse(self.sandbox.get("/sandbox/calls")["calls"])

    def test_cancel_and_continue(self):
        self.add_customers()
        sync = self.start().with_user(self.administrator)

        def cancel(working):
            if working.stage == "contacts" and working.contact_seen:
                working.action_cancel()

        self.step_by_step(sync, cancel)
        self.assertEqual(sync.state, "cancelled")
        self.assertLess(sync.contact_seen, 2 * CUSTOMERS)
        self.run_cron()
        self.assertEqual(sync.state, "cancelled")
        sync.action_continue()
        self.run_cron()
        self.assertEqual(sync.state, "done")
        self.assert_everything_is_there()

    def test_continue_while_another_runs(self):
        first = self.start()
        first.action_cancel()
        self.start()
        with self.assertRaises(UserError):
            first.action_continue()

    def test_only_administrators_run_it(self):
        sync = self.start()
        for user in (self.user, self.manager):
            for action in ("action_cancel", "action_continue"):
                with self.assertRaises(AccessError):
                    getattr(sync.with_user(user), action)()

    def test_run_of_another_worker_is_left_alone(self):
        """A second worker that cannot lock the run does nothing."""
        sync = self.start()
        with patch.object(type(sync), "try_lock_for_update", lambda self, **options: self.browse()):
            self.run_cron()
        self.assertEqual((sync.state, sync.stage), ("running", "members"))

    def test_progress_grows(self):
        self.add_customers()
        sync = self.start()
        seen = []
        self.step_by_step(sync, lambda sync: seen.append(sync.progress))
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[-1], 100)
