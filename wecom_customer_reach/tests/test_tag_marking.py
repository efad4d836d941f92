from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged

from ..models import wecom_tag_marking_run
from .common import WecomCase
from .killing import Killing

MARK = "/cgi-bin/externalcontact/mark_tag"
MOST_COMMITS = 30


@tagged("post_install", "-at_install")
class TestTagMarking(Killing, CronMixinCase, WecomCase):
    """Tags are put on customers and taken off, in the background and in bulk."""

    def setUp(self):
        super().setUp()
        self.add_member("bruno")
        listed = self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold", "Silver"])["tag"]
        self.ids = {tag["name"]: tag["id"] for tag in listed}

    def set_up_customers(self, *follows_of_each):
        """Add customers and synchronise; return their contacts in that order."""
        external_userids = [self.add_customer(*follows, name=f"C{n}") for n, follows in enumerate(follows_of_each)]
        self.synchronise()
        self.gold, self.silver = (
            self.env["wecom.tag"].search([("external_id", "=", self.ids[name])]) for name in ("Gold", "Silver")
        )
        return [self.contact(external_userid) for external_userid in external_userids]

    def tags_in_wecom(self, contact, userid="anna"):
        """Return the names of the tags that this member's customer carries in WeCom."""
        world = self.server.world
        follow = world.contacts[contact.external_userid].follows[userid]
        return {world.tags[tag_id].name for tag_id in follow.tag_ids}

    def ask(self, customers, action="action_wecom_put_tag", tags=None, user=None, context=None, **values):
        """Fill in the wizard that the list's action opens, and return the marking."""
        user = user or self.manager
        opened = getattr(customers.with_user(user).with_context(**(context or {})), action)()
        wizard = self.env["wecom.tag.marking.start"].with_user(user).with_context(**opened["context"])
        wizard = wizard.create({"tag_ids": [(6, 0, (tags or self.gold).ids)], **values})
        return self.env["wecom.tag.marking"].browse(wizard.action_start()["res_id"])

    def run_marking(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref("wecom_customer_reach.ir_cron_mark_tags").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotIsInstance(outcome, dict, "the scheduled action failed, see the log")

    def test_put_on_and_take_off(self):
        one, two, other = self.set_up_customers(["anna", "bruno"], ["anna"], ["anna"])
        with self.capture_triggers("wecom_customer_reach.ir_cron_mark_tags") as capture:
            marking = self.ask(one | two, tags=self.gold | self.silver)
        self.assertTrue(capture.records)
        self.assertRecordValues(marking, [{"state": "running", "total_count": 6, "pending_count": 6, "progress": 0}])
        self.assertEqual(marking.user_id, self.manager)
        self.run_marking()
        self.assertRecordValues(marking, [{"state": "done", "done_count": 6, "failed_count": 0, "progress": 100}])
        self.assertEqual(self.sandbox.calls(MARK), 3, "one call for each follow, with all tags")
        for contact, userid in ((one, "anna"), (one, "bruno"), (two, "anna")):
            self.assertEqual(self.tags_in_wecom(contact, userid), {"Gold", "Silver"})
        self.assertFalse(self.tags_in_wecom(other))
        self.assertEqual((one | two).tag_ids, self.gold | self.silver)
        self.assertFalse(other.tag_ids)
        self.assertFalse((one | two).follow_ids.filtered("row_hash"), "the next listing is compared in full")
        self.ask(one, "action_wecom_take_tag_off")
        self.run_marking()
        self.assertEqual(self.tags_in_wecom(one, "bruno"), {"Silver"})
        self.assertEqual(one.tag_ids, self.silver)
        self.assertEqual(two.tag_ids, self.gold | self.silver)
        self.synchronise()
        self.assertEqual(one.tag_ids, self.silver)

    def test_only_the_chosen_member(self):
        [contact] = self.set_up_customers(["anna", "bruno"])
        self.ask(contact, member_ids=[(6, 0, self.member("bruno").ids)])
        self.run_marking()
        self.assertEqual(self.tags_in_wecom(contact, "bruno"), {"Gold"})
        self.assertFalse(self.tags_in_wecom(contact, "anna"))

    def test_from_partners_and_from_the_whole_list(self):
        one, two, _other = self.set_up_customers(["anna"], ["anna"], ["anna"])
        self.ask(one.partner_id)
        partners = one.partner_id | two.partner_id
        partners.write({"ref": "marked"})
        marking = self.ask(partners, tags=self.silver, context={"active_domain": [("ref", "=", "marked")]})
        self.assertEqual(marking.total_count, 2)
        self.run_marking()
        self.assertEqual([contact.tag_ids for contact in (one, two)], [self.gold | self.silver, self.silver])

    def test_nobody_and_nothing_chosen(self):
        [contact] = self.set_up_customers(["anna"])
        partner = self.env["res.partner"].create({"name": "Not in WeCom"})
        with self.assertRaisesRegex(UserError, "followed in WeCom"):
            self.ask(partner)
        with self.assertRaisesRegex(UserError, "at least one tag"):
            self.ask(contact, tag_ids=[(5, 0, 0)])
        contact.follow_ids.status = "deleted_by_member"
        with self.assertRaisesRegex(UserError, "followed in WeCom"):
            self.ask(contact)
        self.assertFalse(self.env["wecom.tag.marking"].search([]))

    def test_users_mark_what_they_may_see(self):
        both, of_bruno = self.set_up_customers(["anna", "bruno"], ["bruno"])
        self.member("anna").user_id = self.user
        self.env.invalidate_all()
        marking = self.ask((both | of_bruno).sudo().partner_id, user=self.user)
        self.assertEqual(marking.line_ids.follow_id, both.follow_ids.filtered(lambda f: f.member_id.userid == "anna"))
        own = marking.with_user(self.user)
        self.assertEqual(own.total_count, 1)
        others = self.ask(both).with_user(self.user)
        with self.assertRaises(AccessError):
            others.action_cancel()
        with self.assertRaises(AccessError):
            own.write({"state": "done"})
        own.action_cancel()
        self.assertEqual(marking.state, "cancelled")

    def test_the_number_of_statements_does_not_grow(self):
        """Queueing costs the same statements for one follow as for hundreds."""

        def statements(count):
            contacts = self.env["wecom.contact"].create(
                [{"corp_id": self.corp.id, "external_userid": f"wm{count}-{n}", "name": "x"} for n in range(count)]
            )
            self.env["wecom.follow"].create(
                [{"contact_id": contact.id, "member_id": self.member("anna").id} for contact in contacts]
            )
            domain = Domain("contact_id.external_userid", "=like", f"wm{count}-%")
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            marking = self.env["wecom.tag.marking"].with_user(self.manager)._start(self.corp, domain, self.gold)
            self.env.flush_all()
            used = self.env.cr.sql_log_count - before
            self.assertEqual(marking.total_count, count)
            return used

        self.set_up_customers(["anna"])
        statements(1)
        few = statements(2)
        self.assertLessEqual(statements(500), few)
        self.assertLess(few, 25)

    def test_failures_have_their_reason_and_can_be_tried_again(self):
        one, two = self.set_up_customers(["anna"], ["anna"])
        marking = self.ask(one | two)
        self.fault(MARK, errcode=84061)
        self.run_marking()
        self.assertRecordValues(marking, [{"state": "done", "done_count": 1, "failed_count": 1, "progress": 100}])
        self.assertIn("84061", marking.failed_line_ids.error_message)
        self.assertEqual(marking.failed_line_ids.contact_id, one)
        self.assertFalse(one.tag_ids)
        marking.with_user(self.manager).action_retry_failed()
        self.assertEqual((marking.state, marking.pending_count), ("running", 1))
        self.run_marking()
        self.assertEqual((marking.done_count, marking.failed_count, one.tag_ids), (2, 0, self.gold))
        with self.assertRaisesRegex(UserError, "nothing to try"):
            marking.action_retry_failed()

    def test_what_concerns_all_stops_the_marking(self):
        one, two = self.set_up_customers(["anna"], ["anna"])
        for errcode in (48002, 60020, 40068):
            marking = self.ask(one | two)
            self.fault(MARK, errcode=errcode, times=100)
            calls = self.sandbox.calls(MARK)
            self.run_marking()
            self.assertEqual(self.sandbox.calls(MARK), calls + 1, "not one refusal for each line")
            self.assertRecordValues(marking, [{"state": "failed", "pending_count": 2, "failed_count": 0}])
            self.assertIn(str(errcode), marking.error_message)
            self.sandbox.delete("/sandbox/faults")
            marking.with_user(self.manager).action_continue()
            self.run_marking()
            self.assertRecordValues(marking, [{"state": "done", "done_count": 2, "error_message": False}])

    def test_rate_limit_pauses(self):
        one, two, three = self.set_up_customers(["anna"], ["anna"], ["anna"])
        marking = self.ask(one | two | three)
        later = self.ask(one, tags=self.silver)
        self.fault(MARK, errcode=45009, after=1, times=1)
        with self.capture_triggers("wecom_customer_reach.ir_cron_mark_tags") as capture:
            self.run_marking()
        self.assertRecordValues(marking, [{"state": "running", "done_count": 1, "failed_count": 0}])
        self.assertTrue(marking.next_attempt_at > fields.Datetime.now() + timedelta(seconds=30))
        self.assertIn(marking.next_attempt_at, capture.records.mapped("call_at"))
        self.assertIn("45009", marking.error_message)
        self.assertEqual(later.pending_count, 1, "the other markings of the corp wait as well")
        calls = self.sandbox.calls(MARK)
        self.run_marking()
        self.assertEqual(self.sandbox.calls(MARK), calls, "no call before the pause is over")
        (marking | later).write({"next_attempt_at": fields.Datetime.now() - timedelta(seconds=1)})
        self.let_rate_limits_pass()
        self.run_marking()
        self.assertEqual((marking | later).mapped("state"), ["done", "done"])
        self.assertEqual(self.tags_in_wecom(one), {"Gold", "Silver"})

    def test_without_connection_it_goes_on_later(self):
        [one] = self.set_up_customers(["anna"])
        marking = self.ask(one)
        self.fault(MARK, kind="drop_connection", times=100)
        with patch("odoo.addons.wecom_customer_reach.wecom_api.client.BACK_OFF_SECONDS", (0, 0, 0)):
            self.run_marking()
        self.assertRecordValues(marking, [{"state": "running", "pending_count": 1, "failed_count": 0}])
        self.assertTrue(marking.next_attempt_at and marking.error_message)

    def test_without_secret_it_stops_and_says_so(self):
        [one] = self.set_up_customers(["anna"])
        marking = self.ask(one)
        self.corp.sudo().secret = False
        self.run_marking()
        self.assertEqual(marking.state, "failed")
        self.assertIn("secret", marking.error_message)

    def test_deleted_meanwhile(self):
        one, two = self.set_up_customers(["anna"], ["anna"])
        marking = self.ask(one | two)
        one.unlink()
        self.run_marking()
        self.assertRecordValues(marking, [{"state": "done", "done_count": 1, "failed_count": 1}])
        self.assertIn("no longer in Odoo", marking.failed_line_ids.error_message)

    def test_cancel(self):
        one, two = self.set_up_customers(["anna"], ["anna"])
        marking = self.ask(one | two)
        marking.with_user(self.manager).action_cancel()
        self.run_marking()
        self.assertRecordValues(marking, [{"state": "cancelled", "pending_count": 0}])
        self.assertEqual(set(marking.line_ids.mapped("state")), {"cancelled"})
        self.assertFalse(self.sandbox.calls(MARK))

    def test_the_last_wish_in_odoo_wins(self):
        one, two = self.set_up_customers(["anna"], ["anna"])
        first = self.ask(one | two)
        last = self.ask(one, "action_wecom_take_tag_off")
        self.assertEqual((first.overtaken_count, first.pending_count, last.pending_count), (1, 1, 1))
        self.run_marking()
        self.assertFalse(self.tags_in_wecom(one))
        self.assertEqual(self.tags_in_wecom(two), {"Gold"})

    def test_a_failed_wish_that_was_overtaken_is_not_tried_again(self):
        [one] = self.set_up_customers(["anna"])
        first = self.ask(one)
        self.fault(MARK, errcode=84061)
        self.run_marking()
        self.ask(one, "action_wecom_take_tag_off")
        first.action_retry_failed()
        self.assertEqual(first.line_ids.state, "overtaken")

    def test_the_person_in_wecom_was_last(self):
        one, two, three, four = self.set_up_customers(*[["anna"]] * 4)
        marking = self.ask(one | two | three | four, tags=self.gold | self.silver)
        wished_at = marking.line_ids[0].requested_at
        second = timedelta(seconds=1)
        self.env["wecom.follow"]._tags_changed_in_wecom(
            {
                one.follow_ids.id: ([], self.gold.ids, wished_at + second),
                two.follow_ids.id: ([], self.gold.ids, wished_at),
                three.follow_ids.id: ([], self.gold.ids, wished_at - second),
            }
        )
        self.env["wecom.follow"]._tags_changed_in_wecom({})
        overtaken = marking.line_ids.filtered(lambda line: line.state == "overtaken")
        self.assertEqual(overtaken.contact_id, one | two, "later wins, and WeCom wins a tie")
        self.assertEqual(overtaken.tag_id, self.gold, "the other tag was not decided about")
        self.run_marking()
        self.assertEqual(self.tags_in_wecom(one), {"Silver"})
        self.assertEqual(self.tags_in_wecom(two), {"Silver"})
        self.assertEqual(self.tags_in_wecom(three), {"Gold", "Silver"})
        self.assertEqual(self.tags_in_wecom(four), {"Gold", "Silver"})

    def test_the_synchronisation_overtakes_nothing_and_pushes_nothing(self):
        [one] = self.set_up_customers(["anna"])
        marking = self.ask(one)
        calls = self.sandbox.calls(MARK)
        self.synchronise()
        self.assertEqual((self.sandbox.calls(MARK), marking.pending_count), (calls, 1))

    def test_undone_in_wecom_before_the_next_synchronisation(self):
        """What was marked here and taken back there lists as it did before: it must not pass for unchanged."""
        [one] = self.set_up_customers(["anna"])
        self.ask(one)
        self.run_marking()
        self.server.world.contacts[one.external_userid].follows["anna"].tag_ids = ()
        one.follow_ids.read_at = "2000-01-01"  # that was not in the second in which the run begins
        self.synchronise()
        self.assertFalse(one.tag_ids)

    def test_killed_at_every_commit(self):
        contacts = self.env["wecom.contact"].union(*self.set_up_customers(*[["anna", "bruno"]] * 3))
        self.startPatcher(patch.object(wecom_tag_marking_run, "FOLLOWS_PER_STEP", 2))
        for after in (False, True):
            for number in range(1, MOST_COMMITS):
                with self.subTest(commit=number, after=after):
                    put_on = self.ask(contacts)
                    killed = self.run_and_kill("ir_cron_mark_tags", number, after, wecom_tag_marking_run.__name__)
                    self.run_marking()
                    self.assertRecordValues(put_on, [{"state": "done", "done_count": 6, "failed_count": 0}])
                    for contact in contacts:
                        self.assertEqual(self.tags_in_wecom(contact, "bruno"), {"Gold"})
                    self.assertEqual(contacts.tag_ids, self.gold)
                    self.ask(contacts, "action_wecom_take_tag_off")
                    self.run_marking()
                    self.assertFalse(contacts.tag_ids)
                if not killed:
                    self.assertGreater(number, 3, "a run has more steps than that")
                    break
