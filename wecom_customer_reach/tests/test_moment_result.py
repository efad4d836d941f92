from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .killing import Killing
from .moment_common import MOMENT_TASKS, REACTIONS, VIEWERS, MomentCase


@tagged("post_install", "-at_install")
class TestMomentResult(Killing, MomentCase):
    """Who may see what a member published, who reacted: read again and again, kept, never twice."""

    def task(self, customers=0):
        """Return a published part of Anna with so many customers known here."""
        moment = self.moment()
        contacts = self.env["wecom.contact"].create(
            [
                {"corp_id": self.corp.id, "external_userid": f"wm{moment.id}_{number}", "name": "Customer"}
                for number in range(customers)
            ]
        )
        values = {"moment_id": moment.id, "member_id": self.anna.id, "state": "published"}
        return self.env["wecom.moment.task"].create(values), contacts.mapped("external_userid")

    def rows(self, task):
        return self.env["wecom.moment.audience"].search([("task_id", "=", task.id)])

    def test_taking_in_an_audience_twice_changes_nothing(self):
        task, ids = self.task(3)
        for _time in range(2):
            task._take_in_audience([*ids, ids[0], "wm_nobody_knows"], "selected")
            task._take_in_audience(ids[:2], "may_see")
        self.assertEqual((len(self.rows(task)), len(self.rows(task).filtered("contact_id"))), (4, 3))
        self.assertEqual(len(self.rows(task).filtered("may_see")), 2)
        self.env["wecom.contact"].create({"corp_id": self.corp.id, "external_userid": "wm_nobody_knows", "name": "Li"})
        self.env["wecom.moment.import"]._link_recipients()
        self.assertEqual(len(self.rows(task).filtered("contact_id")), 4)

    def test_statements_do_not_grow_with_the_audience(self):
        def statements(customers):
            task, ids = self.task(customers)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            task._take_in_audience(ids, "may_see")
            task._count()
            task.moment_id._refresh_counts()
            return self.env.cr.sql_log_count - before

        statements(1)
        self.assertEqual(statements(10), statements(100))

    def test_statements_of_the_estimate_do_not_grow(self):
        def statements(customers):
            contacts = self.env["wecom.contact"].union(*(self.add_customer(self.anna) for _number in range(customers)))
            moment = self.to_partners(*contacts)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(moment._estimate()[2], {"": customers})
            return self.env.cr.sql_log_count - before

        statements(1)
        self.assertEqual(statements(2), statements(20))

    def test_a_reaction_is_kept_once_and_stays_when_it_is_taken_back(self):
        customer = self.add_customer(self.anna)
        moment = self.published()
        self.publishes(self.anna, moment)
        for what in ("like", "comment", "comment"):
            values = {"text": "Nice"} if what == "comment" else {}
            self.reacts(customer, what, moment, self.anna, **values)
            self.sandbox.post("/sandbox/clock", advance=2)
        self.sandbox.post("/sandbox/members/anna/comment_moment", moment_id=moment.moment_id, text="Thank you")
        for _look in range(2):
            self.read_moment(moment)
        self.assertEqual((moment.like_count, moment.comment_count), (1, 3))
        reactions = self.env["wecom.moment.reaction"].search([("moment_id", "=", moment.id)])
        self.assertEqual((reactions.contact_id, reactions.reacting_member_id), (customer, self.anna))
        self.reacts(customer, "like", moment, self.anna, undo=True)
        self.read_moment(moment)
        self.assertEqual(moment.like_count, 1)

    def test_looks_become_rarer_and_end_after_thirty_days(self):
        self.add_customer(self.anna)
        moment = self.published()
        self.publishes(self.anna, moment)
        self.read_moment(moment)
        now, pauses = fields.Datetime.now(), []
        for hours in (1, 30, 24 * 10):
            with freeze_time(now + timedelta(hours=hours)):
                self.read_moment(moment)
                pauses.append(moment.task_ids.next_poll_at - fields.Datetime.now())
        self.assertEqual(pauses, sorted(pauses))
        self.assertGreater(pauses[-1], pauses[0])
        with freeze_time(now + timedelta(days=30, hours=1)):
            self.read_moment(moment)
            self.assertFalse(moment.task_ids.next_poll_at or moment.next_poll_at)
            self.assertTrue(moment.final_at)
            calls = self.sandbox.calls(VIEWERS)
            self.read_moment(moment)
        self.assertEqual(self.sandbox.calls(VIEWERS), calls)
        self.assertEqual(moment.may_see_count, 1, "what was read is kept")

    def test_a_problem_is_told_and_does_not_hold_up_others(self):
        customer = self.add_customer(self.anna)
        first, second = self.published(), self.published(text="Second")
        self.sandbox.post("/sandbox/faults", path=MOMENT_TASKS, kind="errcode", errcode=48002, times=1)
        self.sandbox.post("/sandbox/members/anna/publish_all")
        moments = first | second
        moments.action_refresh_results()
        self.run_action("ir_cron_read_moments")
        self.assertEqual(sorted(moments.mapped("published_count")), [0, 1])
        self.assertEqual(len(moments.filtered("error_message")), 1)
        self.read_moment(moments)
        self.assertEqual((moments.mapped("published_count"), any(moments.mapped("error_message"))), ([1, 1], False))
        self.assertEqual(len(self.sees(customer)), 2)

    def test_killed_at_every_commit_the_figures_are_right_in_the_end(self):
        customers = [self.add_customer(self.anna) for _number in range(2)]
        self.sandbox.post("/sandbox/settings", moments_per_minute=None)
        for after in (False, True):
            for number in range(1, 30):
                with self.subTest(commit=number, after=after):
                    moment = self.published(text=f"Killed {number} {after}")
                    self.publishes(self.anna, moment)
                    self.reacts(customers[0], "like", moment, self.anna)
                    moment.action_refresh_results()
                    killed = self.run_and_kill("ir_cron_read_moments", number, after)
                    self.read_moment(moment)
                    figures = (moment.state, moment.may_see_count, moment.like_count, moment.published_count)
                    self.assertEqual(figures, ("done", 2, 1, 1))
                if not killed:
                    self.assertGreater(number, 3)
                    break
        self.assertGreater(self.sandbox.calls(REACTIONS), 0)

    def test_figures_by_post_and_by_member_equal_their_lists(self):
        customers = [self.add_customer(self.anna) for _number in range(4)]
        self.add_customer(self.bruno)
        moment = self.published()
        self.publishes(self.anna, moment)
        for customer in customers[:2]:
            self.reacts(customer, "like", moment, self.anna)
        self.reacts(customers[0], "comment", moment, self.anna, text="How much?")
        self.let_time_pass(moment)
        self.read_moment(moment)
        of_anna = moment.task_ids.filtered(lambda task: task.member_id == self.anna)
        self.assertEqual((of_anna.asked_count, of_anna.published_count, of_anna.reaction_rate), (1, 1, 75))
        self.assertEqual(moment.reaction_rate, 75)
        measures = ["asked_count", "published_count", "may_see_count", "like_count", "comment_count"]
        [totals] = self.env["wecom.moment.task"]._read_group(
            [("moment_id", "=", moment.id)], [], [f"{measure}:sum" for measure in measures]
        )
        self.assertEqual(totals, (2, 1, 4, 2, 1))
        audience, reactions = self.env["wecom.moment.audience"], self.env["wecom.moment.reaction"]
        self.assertEqual(audience.search_count(moment.action_view_audience()["domain"]), moment.may_see_count)
        for kind, count in (("like", moment.like_count), ("comment", moment.comment_count)):
            action = moment.with_context(reaction_kind=kind).action_view_reactions()
            self.assertEqual(reactions.search_count(action["domain"]), count)

    def test_reactions_can_be_exported(self):
        self.manager.group_ids += self.env.ref("base.group_allow_export")
        customer = self.add_customer(self.anna)
        moment = self.published()
        self.publishes(self.anna, moment)
        self.reacts(customer, "like", moment, self.anna)
        self.let_time_pass(moment)
        self.read_moment(moment)
        reactions = self.env["wecom.moment.reaction"].with_user(self.manager).search([("moment_id", "=", moment.id)])
        [row] = reactions.export_data(["kind", "partner_id/name", "member_id/name", "moment_id/name"])["datas"]
        self.assertEqual(row, ["Like", customer.partner_id.name, "Anna", "New teas"])
