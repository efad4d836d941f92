"""What happens on a phone is in Odoo as soon as WeCom told it; late, doubled, shuffled and lost events do no harm."""

import itertools
from unittest.mock import patch

from odoo.addons.wecom_customer_reach.models import wecom_event_work
from odoo.addons.wecom_customer_reach.wecom_api.events import parse_event
from odoo.exceptions import AccessError
from odoo.fields import Domain

from .common import TAG_LIST, USER_GET, WecomCase

CONTACT_GET = "/cgi-bin/externalcontact/get"


class EventCase(WecomCase):
    """Events as the callback route keeps them, and the scheduled action that works on them."""

    def setUp(self):
        super().setUp()
        self.seconds = itertools.count(self.server.world.clock.now())

    def tell(
        self, change_type, userid="anna", external_userid="", made_at=None, event="change_external_contact", **more
    ):
        """Keep an event as if WeCom had just sent it; return whether there is work."""
        values = {"CreateTime": made_at or next(self.seconds), "MsgType": "event", "Event": event}
        values |= {"ChangeType": change_type, "UserID": userid, "ExternalUserID": external_userid, **more}
        xml = "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value != "")
        return self.env["wecom.event"]._keep(self.corp, parse_event(f"<xml>{xml}</xml>".encode()))

    def work(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref("wecom_customer_reach.ir_cron_process_events").method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(isinstance(outcome, dict), "the scheduled action failed, see the log")

    def events(self):
        return self.env["wecom.event"].search([("corp_id", "=", self.corp.id)])

    def follow(self, external_userid, userid="anna"):
        return self.contact(external_userid).follow_ids.filtered(lambda follow: follow.member_id.userid == userid)

    def delete_member(self, external_userid, userid="anna"):
        """The customer deletes the member on his phone; return when."""
        self.sandbox.post(f"/sandbox/customers/{external_userid}/delete_member", userid=userid)
        return self.server.world.clock.now()


class TestEventContact(EventCase):
    def test_customer_scans_and_is_a_partner(self):
        customer = self.add_customer({"userid": "anna", "remark": "Li 13800000001", "state": "expo"}, name="Li")
        self.tell("add_external_contact", external_userid=customer)
        self.work()
        follow = self.follow(customer)
        self.assertEqual((follow.status, follow.channel, follow.remark), ("active", "expo", "Li 13800000001"))
        self.assertEqual(follow.partner_id.name, "Li")
        self.assertEqual(self.events().state, "done")
        self.assertEqual(self.events().contact_id, follow.contact_id)

    def test_unknown_member_is_made(self):
        self.add_member("bert")
        customer = self.add_customer("bert")
        self.tell("add_external_contact", userid="bert", external_userid=customer)
        self.work()
        self.assertEqual(self.member("bert").name, "Bert")
        self.assertEqual(self.follow(customer, "bert").status, "active")

    def test_edit_brings_remark_and_tags(self):
        customer = self.add_customer("anna")
        self.synchronise()
        self.in_wecom(customer).follows["anna"].remark = "Tea"
        self.tell("edit_external_contact", external_userid=customer)
        self.work()
        self.assertEqual(self.follow(customer).remark, "Tea")

    def test_member_who_changes_a_tag_overtakes_an_older_wish(self):
        customer = self.add_customer("anna")
        self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold"])
        self.synchronise()
        tag = self.env["wecom.tag"].search([("corp_id", "=", self.corp.id), ("name", "=", "Gold")])
        self.sandbox.post("/sandbox/members/anna/edit_customer", external_userid=customer, tag_id=[tag.external_id])
        self.tell("edit_external_contact", external_userid=customer)
        self.work()
        self.assertEqual(self.follow(customer).tag_ids, tag)
        of_anna = Domain("contact_id.external_userid", "=", customer)
        marking = self.env["wecom.tag.marking"].with_user(self.manager)._start(self.corp, of_anna, add_tags=tag)
        self.sandbox.post("/sandbox/members/anna/edit_customer", external_userid=customer, tag_id=[])
        self.tell("edit_external_contact", external_userid=customer, made_at=self.server.world.clock.now() + 5)
        self.work()
        self.assertFalse(self.follow(customer).tag_ids)
        self.assertEqual(marking.sudo().line_ids.state, "overtaken")

    def test_customer_lost_the_same_minute(self):
        customer = self.add_customer("anna")
        self.synchronise()
        self.corp.lost_activity_policy = "salesperson"
        partner = self.contact(customer).partner_id
        partner.user_id = self.user
        when = self.delete_member(customer)
        self.tell("del_follow_user", external_userid=customer, made_at=when)
        self.work()
        follow = self.follow(customer)
        self.assertEqual(follow.status, "deleted_by_customer")
        self.assertEqual(follow.contact_id.status, "lost")
        self.assertEqual(int(follow.lost_at.timestamp()), when)
        self.assertIn("the customer deleted Anna", partner.message_ids[0].body)
        self.assertEqual(partner.activity_ids.user_id, self.user)
        return customer, partner

    def test_sync_does_not_revive_whom_the_customer_deleted(self):
        customer, _partner = self.test_customer_lost_the_same_minute()
        self.synchronise()
        self.assertEqual(self.follow(customer).status, "deleted_by_customer")

    def test_won_back(self):
        customer, partner = self.test_customer_lost_the_same_minute()
        self.sandbox.post("/sandbox/clock", advance=60)
        self.sandbox.post(f"/sandbox/customers/{customer}/add_member", userid="anna")
        self.tell("add_external_contact", external_userid=customer, made_at=self.server.world.clock.now())
        self.work()
        follow = self.follow(customer)
        self.assertEqual((follow.status, follow.lost_at, follow.contact_id.status), ("active", False, "active"))
        loss = self.env["wecom.loss"].search([("follow_id", "=", follow.id)])
        self.assertEqual(loss.ended_by, "deleted_by_customer", "the past stays true")
        self.assertTrue(loss.lost_at and loss.won_back_at)
        self.assertTrue(follow.won_back_at)
        self.assertFalse(partner.activity_ids)
        self.assertTrue(any("Won back on WeCom by Anna" in body for body in partner.message_ids.mapped("body")))

    def test_nobody_gets_an_activity_by_policy(self):
        self.corp.lost_activity_policy = "none"
        customer = self.add_customer("anna")
        self.synchronise()
        partner = self.contact(customer).partner_id
        partner.user_id = self.user
        self.tell("del_follow_user", external_userid=customer, made_at=self.delete_member(customer))
        self.work()
        self.assertFalse(partner.activity_ids)

    def test_activity_for_the_member_or_the_team_leader(self):
        team = self.env["crm.team"].create({"name": "Shop", "user_id": self.manager.id, "company_id": self.company.id})
        self.env["crm.team.member"].create({"crm_team_id": team.id, "user_id": self.user.id})
        for policy, expected in (("member", self.administrator), ("manager", self.manager)):
            with self.subTest(policy):
                self.corp.lost_activity_policy = policy
                customer = self.add_customer("anna")
                self.synchronise()
                self.member("anna").user_id = self.administrator
                partner = self.contact(customer).partner_id
                partner.user_id = self.user
                self.tell("del_follow_user", external_userid=customer, made_at=self.delete_member(customer))
                self.work()
                self.assertEqual(partner.activity_ids.user_id, expected)

    def test_member_deletes_and_hands_over(self):
        deleted, handed_over = self.add_customer("anna"), self.add_customer("anna")
        self.synchronise()
        for customer in (deleted, handed_over):
            self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
        self.tell("del_external_contact", external_userid=deleted)
        self.tell("del_external_contact", external_userid=handed_over, Source="DELETE_BY_TRANSFER")
        self.work()
        self.assertEqual(self.follow(deleted).status, "deleted_by_member")
        self.assertEqual(self.follow(handed_over).status, "handed_over")
        self.assertFalse(any("Lost" in body for body in self.follow(handed_over).partner_id.message_ids.mapped("body")))

    def test_hand_over_told_in_two_steps_is_no_loss(self):
        self.corp.lost_activity_policy = "salesperson"
        self.add_member("bert")
        customer = self.add_customer("anna")
        self.synchronise()
        partner = self.contact(customer).partner_id
        partner.user_id = self.user
        self.sandbox.post(f"/sandbox/customers/{customer}/add_member", userid="bert")
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
        when = self.server.world.clock.now()
        self.tell("add_external_contact", userid="bert", external_userid=customer, made_at=when)
        self.work()
        self.tell("del_external_contact", external_userid=customer, made_at=when, Source="DELETE_BY_TRANSFER")
        self.work()
        self.assertEqual(self.follow(customer).status, "handed_over")
        self.assertFalse(partner.activity_ids)
        self.assertFalse(self.env["wecom.loss"].search([("follow_id", "=", self.follow(customer).id)]))

    def test_members_whom_wecom_does_not_show_are_not_blamed(self):
        self.add_member("bert")
        customer = self.add_customer("anna", "bert")
        self.synchronise()
        self.sandbox.post("/sandbox/members/bert/leave")
        self.tell("edit_external_contact", external_userid=customer)
        self.work()
        self.assertEqual(self.follow(customer, "bert").status, "active")
        self.fault(CONTACT_GET, errcode=60011)
        self.tell("edit_external_contact", external_userid=customer)
        self.work()
        self.assertEqual(self.follow(customer).status, "active")

    def test_a_late_deletion_corrects_the_date_that_was_guessed(self):
        customer = self.add_customer("anna")
        self.synchronise()
        when = self.server.world.clock.now()
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
        self.synchronise()
        self.follow(customer).lost_at = "2099-01-01"
        self.tell("del_external_contact", external_userid=customer, made_at=when)
        self.work()
        self.assertEqual(int(self.follow(customer).lost_at.timestamp()), when)

    def test_refused_customer_was_never_one(self):
        customer = self.add_customer({"userid": "anna", "relation": "half"})
        self.tell("add_half_external_contact", external_userid=customer)
        self.work()
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
        self.tell("del_external_contact", external_userid=customer)
        self.work()
        follow = self.follow(customer)
        self.assertEqual((follow.status, follow.lost_at), ("deleted_by_member", False))
        self.assertFalse(any("Lost" in body for body in follow.partner_id.message_ids.mapped("body")))

    def test_half_added_waits_and_is_accepted(self):
        customer = self.add_customer({"userid": "anna", "relation": "half"})
        self.tell("add_half_external_contact", external_userid=customer)
        self.work()
        self.assertEqual(self.follow(customer).status, "half")
        self.in_wecom(customer).follows["anna"].relation = "full"
        self.tell("add_external_contact", external_userid=customer)
        self.work()
        self.assertEqual(self.follow(customer).status, "active")

    def test_half_added_and_refused_in_every_order(self):
        for together, order in itertools.product((True, False), ((0, 1), (1, 0))):
            customer = self.add_customer({"userid": "anna", "relation": "half"})
            times = next(self.seconds), next(self.seconds)
            self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
            for number in order:
                kind = ("add_half_external_contact", "del_external_contact")[number]
                self.tell(kind, external_userid=customer, made_at=times[number])
                if not together:
                    self.work()
            self.work()
            self.assertNotIn("half", self.follow(customer).mapped("status"), (together, order))

    def test_two_members_wait_for_the_same_new_customer(self):
        self.add_member("bert")
        customer = self.add_customer({"userid": "anna", "relation": "half"}, {"userid": "bert", "relation": "half"})
        for userid in ("anna", "bert"):
            self.tell("add_half_external_contact", userid=userid, external_userid=customer)
        self.work()
        self.assertEqual(self.contact(customer).follow_ids.mapped("status"), ["half", "half"])

    def test_every_order_ends_in_the_same_state(self):
        """Added, deleted by the customer, added again: six orders of arrival, each event twice."""
        outcomes = set()
        for order in itertools.permutations(range(3)):
            customer = self.add_customer("anna")
            added = self.server.world.clock.now()
            deleted = self.delete_member(customer)
            self.sandbox.post("/sandbox/clock", advance=30)
            self.sandbox.post(f"/sandbox/customers/{customer}/add_member", userid="anna")
            again = self.server.world.clock.now()
            kinds = [("add_external_contact", added), ("del_follow_user", deleted), ("add_external_contact", again)]
            for number in (*order, *order):
                kind, made_at = kinds[number]
                self.tell(kind, external_userid=customer, made_at=made_at)
                self.work()
            outcomes.add((self.follow(customer).status, self.contact(customer).status))
        self.assertEqual(outcomes, {("active", "active")})

    def test_deletions_by_both_in_every_order(self):
        for order in itertools.permutations(("del_follow_user", "del_external_contact")):
            customer = self.add_customer("anna")
            self.synchronise()
            times = {"del_follow_user": self.delete_member(customer)}
            self.sandbox.post("/sandbox/clock", advance=30)
            self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
            times["del_external_contact"] = self.server.world.clock.now()
            for kind in order:
                self.tell(kind, external_userid=customer, made_at=times[kind])
                self.work()
            self.assertEqual(self.follow(customer).status, "deleted_by_customer", order)

    def test_listing_that_was_read_before_the_event_does_not_undo_it(self):
        customer = self.add_customer("anna")
        self.synchronise()
        sync = self.start()

        def between(sync):
            if sync.stage == "contacts" and self.in_wecom(customer).follows["anna"].relation == "full":
                self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=customer)
                follow = sync.env["wecom.follow"].search([("contact_id.external_userid", "=", customer)])
                now = sync.env.cr.now()
                follow.write({"status": "deleted_by_member", "lost_at": now, "row_hash": False, "read_at": now})

        self.step_by_step(sync, between)
        self.assertEqual(self.follow(customer).status, "deleted_by_member")

    def test_failed_transfer_is_noted(self):
        customer = self.add_customer("anna")
        self.synchronise()
        self.tell("transfer_fail", external_userid=customer, FailReason="customer_refused")
        self.work()
        self.assertIn("the customer refused", self.contact(customer).partner_id.message_ids[0].body)

    def test_statements_do_not_grow_with_the_contacts(self):
        def statements(count):
            customers = [self.add_customer("anna") for _ in range(count)]
            for customer in customers:
                self.tell("add_external_contact", external_userid=customer)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            events = self.env["wecom.event"]._take()
            self.assertEqual(len(events), count)
            events._work()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        statements(2)
        self.assertLessEqual(statements(60), statements(5) + 40)


class TestEventQueue(EventCase):
    def test_same_event_is_kept_once(self):
        customer = self.add_customer("anna")
        self.assertTrue(self.tell("add_external_contact", external_userid=customer, made_at=1_700_000_000))
        self.assertFalse(self.tell("add_external_contact", external_userid=customer, made_at=1_700_000_000))
        self.assertEqual(len(self.events()), 1)
        self.work()
        self.assertFalse(self.tell("add_external_contact", external_userid=customer, made_at=1_700_000_000))
        self.assertEqual(self.events().state, "done")

    def test_two_customers_in_one_second_are_two_events(self):
        for customer in (self.add_customer("anna"), self.add_customer("anna")):
            self.tell("add_external_contact", external_userid=customer, made_at=1_700_000_000)
        self.work()
        self.assertEqual(self.events().mapped("state"), ["done", "done"])
        self.assertEqual(len(self.member("anna").follow_ids), 2)

    def test_equal_event_of_the_second_in_which_it_was_done_is_done_again(self):
        customer = self.add_customer("anna")
        now = int(self.env.cr.now().timestamp()) + 5
        self.tell("edit_external_contact", external_userid=customer, made_at=now)
        self.work()
        self.in_wecom(customer).follows["anna"].remark = "Later in that second"
        self.assertTrue(self.tell("edit_external_contact", external_userid=customer, made_at=now))
        self.work()
        self.assertEqual(self.follow(customer).remark, "Later in that second")

    def test_unknown_kinds_are_ignored(self):
        self.assertFalse(self.tell("create", event="change_external_chat", ChatId="wr1"))
        self.assertFalse(self.tell("", event="something_new"))
        self.work()
        self.assertEqual(set(self.events().mapped("state")), {"ignored"})

    def test_tags_are_read_again(self):
        self.tell("create", event="change_external_tag", Id="et1", TagType="tag")
        self.tell("update", event="change_external_tag", Id="et1", TagType="tag")
        before = self.sandbox.calls(TAG_LIST)
        self.work()
        self.assertEqual(self.events().mapped("state"), ["done", "done"])
        self.assertEqual(self.sandbox.calls(TAG_LIST) - before, 1)

    def test_member_who_left(self):
        self.synchronise()
        self.tell("delete_user", event="change_contact", userid="ANNA")
        self.work()
        self.assertEqual(self.member("anna").status, "active", "WeCom still lists her: an old event, or she came back")
        self.sandbox.post("/sandbox/members/anna/leave")
        self.tell("delete_user", event="change_contact", userid="ANNA")
        self.work()
        self.assertEqual(self.member("anna").status, "left")

    def test_no_answer_is_tried_again_and_says_why(self):
        customer = self.add_customer("anna")
        self.tell("add_external_contact", external_userid=customer)
        self.fault(CONTACT_GET, kind="http_error", status=502, times=5)
        with patch("odoo.addons.wecom_customer_reach.wecom_api.client.time.sleep"):
            self.work()
        event = self.events()
        self.assertEqual((event.state, event.attempt_count), ("new", 1))
        self.assertTrue(event.next_attempt_at)
        self.assertTrue(event.error_message)
        event.next_attempt_at = False
        self.sandbox.delete("/sandbox/faults")
        self.work()
        self.assertEqual((event.state, event.error_message), ("done", False))
        self.assertEqual(self.follow(customer).status, "active")

    def test_one_bad_contact_does_not_hold_up_the_others(self):
        good = self.add_customer("anna")
        self.tell("add_external_contact", external_userid="wm-nonsense")
        self.tell("add_external_contact", external_userid=good)
        self.tell("add_external_contact", userid="", external_userid="")
        self.work()
        self.assertEqual(self.follow(good).status, "active")
        self.assertEqual(sorted(self.events().mapped("state")), ["done", "failed", "failed"])
        self.assertIn("does not know this customer", " ".join(filter(None, self.events().mapped("error_message"))))

    def test_rate_limit_pauses_all(self):
        for customer in (self.add_customer("anna"), self.add_customer("anna")):
            self.tell("add_external_contact", external_userid=customer)
        self.fault(CONTACT_GET, errcode=45009, times=9)
        self.work()
        self.assertEqual(self.events().mapped("state"), ["new", "new"])
        self.assertTrue(all(self.events().mapped("next_attempt_at")))

    def test_broken_connection_holds_all_until_it_is_mended(self):
        for customer in (self.add_customer("anna"), self.add_customer("anna")):
            self.tell("del_follow_user", external_userid=customer)
        self.fault(CONTACT_GET, errcode=60020, times=9)
        self.work()
        self.assertEqual(self.events().mapped("state"), ["new", "new"])
        self.assertTrue(all(self.events().mapped("next_attempt_at")))
        self.assertEqual(self.corp.connection_state, "failed")
        self.sandbox.delete("/sandbox/faults")
        self.corp.with_user(self.administrator).action_test_connection()
        self.work()
        self.assertEqual(self.events().mapped("state"), ["done", "done"])

    def test_names_of_new_members_are_not_waited_for(self):
        self.add_member("bert")
        customer = self.add_customer("bert")
        self.tell("add_external_contact", userid="bert", external_userid=customer)
        self.fault(USER_GET, errcode=48002, times=3)
        self.work()
        self.assertEqual(self.follow(customer, "bert").status, "active")

    def test_killed_before_the_commit_nothing_is_forgotten(self):
        customer = self.add_customer("anna")
        self.tell("add_external_contact", external_userid=customer)
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            events = self.env(cr=cr, su=True)["wecom.event"]._take()
            events._work()
            cr.rollback()
        self.env.invalidate_all()
        self.work()
        self.assertEqual(self.events().state, "done")
        self.assertEqual(self.follow(customer).status, "active")

    def test_unexpected_error_with_one_contact_leaves_the_others(self):
        good, bad = self.add_customer("anna"), self.add_customer("anna")
        for customer in (good, bad):
            self.tell("add_external_contact", external_userid=customer)
        original = type(self.env["wecom.event"])._write_read

        def write_read(events, corp, details, read_at):
            if bad in details:
                raise ValueError
            return original(events, corp, details, read_at)

        with (
            patch.object(type(self.env["wecom.event"]), "_write_read", write_read),
            self.assertLogs(wecom_event_work._logger, "ERROR"),
        ):
            self.work()
        self.assertEqual({event.external_userid: event.state for event in self.events()}, {good: "done", bad: "failed"})

    def test_a_storm_wakes_the_worker_once(self):
        trigger = [("cron_id", "=", self.env.ref("wecom_customer_reach.ir_cron_process_events").id)]
        before = self.env["ir.cron.trigger"].search_count(trigger)
        for number in range(5):
            message = f"<xml><CreateTime>{number + 1}</CreateTime><MsgType>event</MsgType>"
            message += "<Event>change_external_tag</Event></xml>"
            self.corp._receive(parse_event(message.encode()))
        self.assertEqual(self.env["ir.cron.trigger"].search_count(trigger) - before, 1)

    def test_unexpected_error_fails_the_event_and_can_be_retried(self):
        customer = self.add_customer("anna")
        self.tell("add_external_contact", external_userid=customer)
        with (
            patch.object(type(self.env["wecom.event"]), "_write_read", side_effect=ValueError),
            self.assertLogs(wecom_event_work._logger, "ERROR"),
        ):
            self.work()
        self.assertEqual(self.events().state, "failed")
        with self.assertRaises(AccessError):
            self.events().with_user(self.manager).action_retry()
        self.events().with_user(self.administrator).action_retry()
        self.work()
        self.assertEqual(self.events().state, "done")
