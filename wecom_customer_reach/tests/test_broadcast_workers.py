import multiprocessing
import os
import signal
import time
import traceback
from contextlib import suppress

import psycopg2

from odoo import SUPERUSER_ID, api, fields, sql_db
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from wecom_sandbox.server import SandboxServer

from .broadcast_common import CREATE, Sandbox, SandboxRequests, set_up_corp
from .moment_common import ADD

CUSTOMERS = 6
PATIENCE = 60


@tagged("post_install", "-at_install")
class TestBroadcastWorkers(SandboxRequests, BaseCase):
    """Workers as processes of their own, with transactions that commit; the rows are deleted at the end."""

    def setUp(self):
        super().setUp()
        server = SandboxServer(scenario="empty")
        server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        self.sandbox = Sandbox(server.url)
        self.sandbox.post("/sandbox/settings", dispatch_delay=0)
        self.sandbox.post("/sandbox/members", userid="anna", name="Anna")
        self.registry = Registry(get_db_name())
        self.addCleanup(self.delete_all)
        with self.registry.cursor() as cr:
            self.set_up_rows(api.Environment(cr, SUPERUSER_ID, {}))

    def set_up_rows(self, env):
        """Create a corp (archived, so that a real one may stand beside it), a member and his customers."""
        corp = set_up_corp(env, self.sandbox, env.company, active=False)
        member = env["wecom.member"].create({"corp_id": corp.id, "userid": "anna", "name": "Anna"})
        self.external_userids = []
        partners = env["res.partner"].create([{"name": f"Worker test {number}"} for number in range(CUSTOMERS)])
        for partner in partners:
            external_userid = self.sandbox.post("/sandbox/customers", name=partner.name, follows=[{"userid": "anna"}])[
                "external_userid"
            ]
            self.external_userids.append(external_userid)
            contact = env["wecom.contact"].create(
                {
                    "corp_id": corp.id,
                    "external_userid": external_userid,
                    "name": partner.name,
                    "partner_id": partner.id,
                    "match_state": "matched",
                }
            )
            env["wecom.follow"].create({"corp_id": corp.id, "contact_id": contact.id, "member_id": member.id})
        broadcast = env["wecom.broadcast"].create(
            {
                "name": "Two workers",
                "corp_id": corp.id,
                "user_id": env.ref("base.user_admin").id,
                "partner_domain": repr([("id", "in", partners.ids)]),
                "text": "Once",
            }
        )
        self.broadcast_id, self.corp_id = broadcast.id, corp.id
        self.partner_ids = partners.ids

    def delete_all(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cr.execute("DELETE FROM wecom_broadcast_recipient WHERE broadcast_id = %s", (self.broadcast_id,))
            cr.execute("DELETE FROM wecom_broadcast_batch WHERE broadcast_id = %s", (self.broadcast_id,))
            broadcast = env["wecom.broadcast"].browse(self.broadcast_id)
            moments = env["wecom.moment"].search([("corp_id", "=", self.corp_id)])
            (broadcast.message_ids | moments.message_ids).unlink()
            cr.execute("DELETE FROM wecom_moment WHERE corp_id = %s", (self.corp_id,))
            cr.execute("DELETE FROM wecom_broadcast WHERE id = %s", (self.broadcast_id,))
            cr.execute(
                "DELETE FROM wecom_follow WHERE member_id IN (SELECT id FROM wecom_member WHERE corp_id = %s)",
                (self.corp_id,),
            )
            for table in ("wecom_contact", "wecom_member", "wecom_access_token"):
                cr.execute(f"DELETE FROM {table} WHERE corp_id = %s", (self.corp_id,))  # pylint: disable=sql-injection
            cr.execute("DELETE FROM wecom_corp WHERE id = %s", (self.corp_id,))
            env["res.partner"].browse(self.partner_ids).unlink()

    def in_transaction(self, work):
        """Run ``work(broadcast)`` in a transaction of its own, again after a conflict, as Odoo runs a request."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            return retrying(lambda: work(env["wecom.broadcast"].browse(self.broadcast_id)), env)

    def fork(self, work, *arguments):
        """Run ``work`` in a process of its own, with connections of its own; returns the process id."""
        process_id = os.fork()
        if process_id:
            self.addCleanup(self.kill, process_id)
            return process_id
        try:
            sql_db._Pool = sql_db._Pool_readonly = None
            self.registry._db = sql_db.db_connect(get_db_name())
            work(*arguments)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    @staticmethod
    def kill(process_id):
        """End a process at once, wherever it is; one that has ended is no error."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(process_id, signal.SIGKILL)
            os.waitpid(process_id, 0)

    def assert_ends_well(self, *process_ids):
        for process_id in process_ids:
            self.assertEqual(os.waitpid(process_id, 0)[1], 0)

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end, "this takes too long")
            time.sleep(0.05)

    def work(self, barrier=None):
        """Run the sending action until everything is with WeCom, as the scheduler does."""
        if barrier:
            barrier.wait(PATIENCE)
        for _run in range(20):
            with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
                env = api.Environment(cr, SUPERUSER_ID, {})
                try:
                    env["wecom.broadcast.batch"]._cron_send()
                except psycopg2.OperationalError:
                    cr.rollback()
                    continue
                if env["wecom.broadcast"].browse(self.broadcast_id).state == "running":
                    return

    def publish(self, barrier):
        """Run the publishing action until the moment is with WeCom, as the scheduler does."""
        barrier.wait(PATIENCE)
        for _run in range(20):
            with self.registry.cursor() as cr, mute_logger("odoo.sql_db"):
                env = api.Environment(cr, SUPERUSER_ID, {})
                try:
                    env["wecom.moment"]._cron_publish()
                except psycopg2.OperationalError:
                    cr.rollback()
                    continue
                if env["wecom.moment"].search([("corp_id", "=", self.corp_id)]).state == "waiting":
                    return

    def batch_states(self):
        return self.in_transaction(lambda broadcast: broadcast.batch_ids.mapped("state"))

    def assert_received_once(self):
        self.sandbox.post("/sandbox/members/confirm_all")
        for external_userid in self.external_userids:
            self.assertEqual(len(self.sandbox.received(external_userid)), 1)

    def test_two_workers_send_each_batch_once(self):
        self.patch(self.registry["wecom.broadcast.batch"], "_slice_size", 1)
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="delay", seconds=0.1, times=CUSTOMERS)
        self.in_transaction(lambda broadcast: broadcast.action_send())
        barrier = multiprocessing.get_context("fork").Barrier(2)
        self.assert_ends_well(self.fork(self.work, barrier), self.fork(self.work, barrier))
        self.work()
        self.assertEqual(self.sandbox.calls(CREATE), CUSTOMERS)
        self.assertEqual(self.batch_states(), ["created"] * CUSTOMERS)
        self.assertEqual(self.in_transaction(lambda broadcast: broadcast.planned_count), CUSTOMERS)
        self.assert_received_once()

    def test_two_workers_publish_a_moment_once(self):
        self.sandbox.post("/sandbox/settings", moment_job_delay=0)
        self.sandbox.post("/sandbox/faults", path=ADD, kind="delay", seconds=0.3, times=2)

        def create_and_publish(broadcast):
            values = {"name": "Two workers", "corp_id": self.corp_id, "text": "Once", "user_id": broadcast.user_id.id}
            broadcast.env["wecom.moment"].create(values).action_publish()

        self.in_transaction(create_and_publish)
        barrier = multiprocessing.get_context("fork").Barrier(2)
        self.assert_ends_well(self.fork(self.publish, barrier), self.fork(self.publish, barrier))
        self.assertEqual(self.sandbox.calls(ADD), 1)
        waiting = self.sandbox.get("/sandbox/members/anna/moments")["waiting"]
        self.assertEqual([moment["text"]["content"] for moment in waiting], ["Once"])

    def test_two_clicks_at_the_same_moment(self):
        barrier = multiprocessing.get_context("fork").Barrier(2)

        def click():
            tries = iter(range(10))

            def send(broadcast):
                state = broadcast.state
                if not next(tries):
                    assert state == "draft", state
                    barrier.wait(PATIENCE)
                broadcast.action_send()

            with mute_logger("odoo.sql_db", "odoo.service.model"):
                self.in_transaction(send)

        self.assert_ends_well(self.fork(click), self.fork(click))
        self.work()
        self.assertEqual(self.sandbox.calls(CREATE), 1)
        self.assert_received_once()

    def test_worker_killed_in_the_middle_of_the_call(self):
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="delay", seconds=1)
        self.in_transaction(lambda broadcast: broadcast.action_send())
        worker = self.fork(self.work)
        self.wait_until(lambda: not self.sandbox.get("/sandbox/faults")["faults"])  # the call is under way
        self.assertEqual(self.batch_states(), ["claimed"])
        self.kill(worker)
        self.wait_until(self.sandbox.broadcasts)
        self.in_transaction(lambda broadcast: broadcast.batch_ids.write({"next_attempt_at": fields.Datetime.now()}))
        self.work()
        self.assertEqual(self.batch_states(), ["created"])
        self.assertEqual(self.sandbox.calls(CREATE), 1)
        self.assert_received_once()

    def test_slow_worker_is_not_overtaken(self):
        """A claim that looks old is left alone while its worker lives."""
        self.sandbox.post("/sandbox/faults", path=CREATE, kind="delay", seconds=2)
        self.in_transaction(lambda broadcast: broadcast.action_send())
        worker = self.fork(self.work)
        self.wait_until(lambda: self.batch_states() == ["claimed"])
        self.in_transaction(lambda broadcast: broadcast.batch_ids.write({"next_attempt_at": fields.Datetime.now()}))
        self.assertTrue(self.in_transaction(lambda broadcast: broadcast.batch_ids._step_lost_claim()))
        self.assertEqual(self.batch_states(), ["claimed"], "its worker holds the lock")
        self.assert_ends_well(worker)
        self.assertEqual(self.batch_states(), ["created"])
        self.assertEqual(self.sandbox.calls(CREATE), 1)
