from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .killing import Killing
from .moment_common import ADD, JOB, MOMENT_LIST, MomentCase

MOST_COMMITS = 40


@tagged("post_install", "-at_install")
class TestMomentExactlyOnce(Killing, MomentCase):
    """Lost answers and killed workers: WeCom is asked to make a moment once, whatever happens."""

    def setUp(self):
        super().setUp()
        self.sandbox.post("/sandbox/settings", moments_per_minute=None)

    def made(self, text):
        """Return how many moments with this text members are asked to publish."""
        return self.waiting_on_phone(self.anna).count(text)

    def finish(self, moment, runs=3):
        """Run the publisher until the moment is made, long after every grace."""
        for _run in range(runs):
            if moment.state != "creating":
                break
            if moment.claimed_at:
                moment.sudo().claimed_at -= moment._absence_grace
            self.let_time_pass(moment)
            self.run_publisher()
            self.mark_tags()

    def outlast(self, moment):
        """Let the time pass in which the list may lag behind; claims alone are made older, as WeCom's clock stays."""
        moment.sudo().claimed_at = fields.Datetime.now() - moment._absence_grace - timedelta(minutes=1)
        self.let_time_pass(moment)

    def test_a_lost_answer_is_found_in_the_list(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/faults", path=ADD, kind="drop_answer")
        moment.action_publish()
        self.run_publisher()
        self.sandbox.delete("/sandbox/faults")
        self.let_time_pass(moment)
        self.run_publisher()
        self.assertEqual((moment.state, moment.creation_state), ("waiting", "made"))
        self.assertTrue(moment.moment_id)
        self.assertTrue(moment.settled_at)
        self.assertEqual((self.sandbox.calls(ADD), self.made(moment.text)), (1, 1))

    def test_a_lost_call_is_made_again_when_the_complete_list_shows_it_was_never_made(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/faults", path=ADD, kind="drop_connection")
        moment.action_publish()
        self.run_publisher()
        self.sandbox.delete("/sandbox/faults")
        if moment.creation_state == "unknown":
            self.let_time_pass(moment)
            self.run_publisher()
            self.assertEqual(moment.creation_state, "unknown", "a job may take a day")
            self.outlast(moment)
            self.run_publisher()
        self.finish(moment)
        self.assertEqual((moment.state, self.made(moment.text)), ("waiting", 1))

    def test_a_moment_with_the_same_words_is_not_mistaken(self):
        self.add_customer(self.anna)
        first, second = self.moment(), self.moment()
        first.action_publish()
        self.run_publisher()
        self.sandbox.post("/sandbox/faults", path=ADD, kind="drop_answer")
        second.action_publish()
        self.run_publisher()
        self.sandbox.delete("/sandbox/faults")
        self.let_time_pass(second)
        self.run_publisher()
        self.assertEqual(second.state, "waiting")
        self.assertNotEqual(first.moment_id, second.moment_id)
        self.assertEqual(self.made(first.text), 2)

    def test_two_lost_answers_with_the_same_words_are_left_to_a_manager(self):
        self.add_customer(self.anna)
        moments = self.moment() | self.moment()
        self.sandbox.post("/sandbox/faults", path=ADD, kind="drop_answer", times=2)
        moments.action_publish()
        self.run_publisher()
        self.sandbox.delete("/sandbox/faults")
        for moment in moments:
            self.outlast(moment)
        self.run_publisher()
        self.assertEqual(set(moments.mapped("creation_state")), {"unknown"})
        self.assertEqual(self.sandbox.calls(ADD), 2)
        moments[0].action_declare_not_made()
        self.assertEqual(moments[0].state, "draft")

    def test_a_job_wecom_has_forgotten_is_looked_up(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/faults", path=JOB, kind="errcode", errcode=40088)
        moment.action_publish()
        self.run_publisher()
        self.sandbox.delete("/sandbox/faults")
        self.let_time_pass(moment)
        self.run_publisher()
        self.assertEqual((moment.state, self.sandbox.calls(ADD)), ("waiting", 1))

    def test_a_job_is_followed_until_it_ends(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/settings", moment_job_delay=3600)
        moment.action_publish()
        for _look in range(3):
            self.let_time_pass(moment)
            self.run_publisher()
            self.assertEqual((moment.state, moment.creation_state), ("creating", "started"))
        self.assertGreater(moment.next_attempt_at, fields.Datetime.now())
        self.sandbox.post("/sandbox/clock", advance=3700)
        self.let_time_pass(moment)
        self.run_publisher()
        self.assertEqual((moment.state, self.sandbox.calls(ADD), self.sandbox.calls(MOMENT_LIST)), ("waiting", 1, 0))

    def test_killed_at_every_commit_it_is_made_once(self):
        for after in (False, True):
            for number in range(1, MOST_COMMITS):
                with self.subTest(commit=number, after=after):
                    customer = self.add_customer(self.anna)
                    text = f"Killed {number} {after}"
                    moment = self.to_partners(customer, text=text)
                    moment.action_publish()
                    killed = [self.run_and_kill("ir_cron_publish_moments", number, after)]
                    for _round in range(6):
                        self.let_time_pass(moment)
                        self.mark_tags()
                        killed.append(self.run_and_kill("ir_cron_publish_moments", number, after))
                    self.finish(moment, 8)
                    self.assertEqual((moment.state, self.made(text)), ("waiting", 1))
                    self.sandbox.post("/sandbox/members/anna/publish_all")
                    self.assertEqual(self.sees(customer).count(text), 1)
                if not any(killed):
                    self.assertGreater(number, 5, "a run has more steps than that")
                    break
