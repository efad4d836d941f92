"""A customer asks what is kept of him, and then that it goes away. It goes, and does not come back."""

import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .broadcast_common import BroadcastCase
from .common import WecomCase
from .moment_common import MomentCase
from .test_event import EventCase


def rows_that_name(env, *texts):
    """Return (table, column) of everything in the addon's tables, and in partners, that holds one of these texts."""
    env.flush_all()
    env.cr.execute(
        """SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND data_type IN ('character varying', 'text', 'jsonb')
              AND (table_name LIKE 'wecom%%' OR table_name IN ('res_partner', 'mail_message', 'mail_activity'))
              AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')"""
    )
    found = []
    for table, column in env.cr.fetchall():
        for text in texts:
            env.cr.execute(
                f'SELECT count(*) FROM "{table}" WHERE position(%s IN "{column}"::text) > 0',  # noqa: S608
                (text,),
            )
            if env.cr.fetchone()[0]:
                found.append((table, column, text))
    return found


@tagged("post_install", "-at_install")
class TestErase(EventCase):
    def setUp(self):
        super().setUp()
        self.customer = self.add_customer(
            {"userid": "anna", "remark": "Wang the violinist", "description": "Plays at night"}, name="Wang Nightingale"
        )
        self.other = self.add_customer(name="Zhao")
        self.synchronise()

    def contact(self, external_userid):
        return self.env["wecom.contact"].search([("external_userid", "=", external_userid)])

    def erase(self, customer, **values):
        action = self.contact(customer).with_user(self.manager).action_wecom_erase()
        wizard = self.env["wecom.erasure.start"].with_user(self.manager).with_context(**action["context"])
        wizard.create(values).action_erase()
        self.env.invalidate_all()

    def test_nothing_of_him_is_left(self):
        self.tell("edit_external_contact", external_userid=self.customer)
        self.work()
        partner = self.contact(self.customer).partner_id
        self.assertEqual(partner.name, "Wang the violinist", "WeCom brought the partner")
        self.assertTrue(rows_that_name(self.env, self.customer, "Nightingale", "violinist", "Plays at night"))
        self.erase(self.customer)
        self.assertEqual(rows_that_name(self.env, self.customer, "Nightingale", "violinist", "Plays at night"), [])
        self.assertTrue(partner.exists() and partner.wecom_opt_out)
        self.assertEqual(partner.name, "Erased customer")
        self.assertTrue(self.contact(self.other), "the others stay")

    def test_a_partner_who_was_there_before_keeps_his_name(self):
        partner = self.contact(self.customer).partner_id
        partner.name = "Wang Ltd"
        self.erase(self.customer, erase_partners=False)
        self.assertEqual((partner.name, partner.wecom_status), ("Wang Ltd", "none"))

    def test_no_synchronisation_brings_him_back(self):
        self.erase(self.customer)
        for _night in range(2):
            sync = self.synchronise()
            self.assertEqual(sync.state, "done", sync.error_message)
        self.assertFalse(self.contact(self.customer))
        self.assertEqual(rows_that_name(self.env, self.customer), [])
        self.assertEqual(self.contact(self.other).status, "active")

    def test_no_callback_brings_him_back(self):
        self.erase(self.customer)
        for change in ("add_external_contact", "add_half_external_contact", "del_follow_user"):
            self.assertFalse(self.tell(change, external_userid=self.customer))
        self.work()
        self.assertFalse(self.contact(self.customer))
        self.assertEqual(rows_that_name(self.env, self.customer), [], "the callback is not even kept")
        self.assertTrue(self.tell("edit_external_contact", external_userid=self.other))

    def test_who_slipped_in_during_a_run_is_erased_the_next_night(self):
        self.erase(self.customer)
        self.env["wecom.contact"].create(
            {"corp_id": self.corp.id, "external_userid": self.customer, "name": "Wang Nightingale"}
        )
        self.forget()
        self.assertFalse(self.contact(self.customer))

    def test_an_administrator_may_let_him_come_back(self):
        self.erase(self.customer)
        erasure = self.env["wecom.erasure"].search([("corp_id", "=", self.corp.id)])
        self.assertEqual(erasure.create_uid, self.manager)
        with self.assertRaises(AccessError):
            erasure.with_user(self.manager).unlink()
        with self.assertRaises(AccessError):
            erasure.with_user(self.administrator).read(["contact_hash"])
        erasure.with_user(self.administrator).unlink()
        self.synchronise()
        self.assertEqual(self.contact(self.customer).name, "Wang Nightingale")

    def test_losses_are_still_counted(self):
        self.tell("del_follow_user", external_userid=self.customer, made_at=self.delete_member(self.customer))
        self.work()
        losses = self.env["wecom.loss"].search([("member_id.corp_id", "=", self.corp.id)])
        self.assertEqual(losses.contact_id, self.contact(self.customer))
        self.erase(self.customer)
        self.assertEqual(len(losses.exists()), 1)
        self.assertFalse(losses.contact_id or losses.follow_id)

    def test_only_managers_may(self):
        self.env["wecom.member"].search([("userid", "=", "anna")]).user_id = self.user
        contact = self.contact(self.customer).with_user(self.user)
        for action in (contact.action_wecom_erase, contact.action_wecom_export, contact._wecom_personal_data):
            with self.assertRaises(AccessError):
                action()
        with self.assertRaises(AccessError):
            self.env["wecom.erasure.start"].with_user(self.user).create({"contact_ids": contact.ids})

    def test_not_those_of_another_company(self):
        other = self.env["res.company"].create({"name": "Evening Light"})
        stranger = self.add_user("wecom_stranger", "wecom_customer_reach.group_wecom_administrator")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        contact = self.contact(self.customer)
        with self.assertRaises(AccessError):
            contact.with_user(stranger).action_wecom_export()
        with self.assertRaises(AccessError):
            wizard = self.env["wecom.erasure.start"].with_user(stranger).create({"contact_ids": contact.ids})
            wizard.action_erase()
        self.assertTrue(contact.exists())

    def test_who_is_not_in_wecom_has_nothing_to_erase(self):
        partner = self.env["res.partner"].create({"name": "Paper only"})
        with self.assertRaisesRegex(UserError, "knows nothing"):
            partner.with_user(self.manager).action_wecom_erase()

    def forget(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            outcome = self.env.ref("wecom_customer_reach.ir_cron_forget").method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(isinstance(outcome, dict), "the scheduled action failed, see the log")

    def test_as_many_statements_for_many(self):
        """Erasures are looked up once for each page, not for each customer."""
        self.erase(self.customer)
        erased = self.corp._erased
        erased([])  # reads the salt
        for number in (2, 50):
            with self.assertQueryCount(1):
                self.assertEqual(list(erased([self.customer, *map(str, range(number))])), [self.customer])


@tagged("post_install", "-at_install")
class TestEraseFromBroadcasts(BroadcastCase):
    """The figures of what was sent stay as they are, and go on being counted."""

    def erase(self, contact):
        wizard = self.env["wecom.erasure.start"].with_user(self.manager).create({"contact_ids": contact.ids})
        wizard.action_erase()
        self.env.invalidate_all()

    def figures(self, broadcast):
        names = ("planned_count", "sent_count", "pending_count", "not_friend_count", "excluded_count")
        return [broadcast[name] for name in names]

    def test_of_a_broadcast_that_is_over(self):
        erased, stays = self.add_customer(self.anna), self.add_customer(self.anna)
        external_userid = erased.external_userid
        broadcast = self.sent_broadcast()
        self.assert_arrives_once(broadcast, erased, stays)
        before = self.figures(broadcast)
        self.erase(erased)
        self.assertEqual(self.figures(broadcast), before)
        self.assertEqual(broadcast.recipient_ids.partner_id, stays.partner_id)
        self.assertEqual(rows_that_name(self.env, external_userid), [])

    def test_of_a_broadcast_that_is_running(self):
        erased, _stays = self.add_customer(self.anna), self.add_customer(self.anna)
        external_userid = erased.external_userid
        broadcast = self.sent_broadcast()
        self.erase(erased)
        self.assertEqual(broadcast.pending_count, 2)
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual((broadcast.sent_count, broadcast.state), (2, "done"), "he still counts")
        self.assertEqual(rows_that_name(self.env, external_userid), [])
        self.assertEqual(len(rows_that_name(self.env, "erased:")), 1)
        self.run_action("ir_cron_forget")
        self.assertEqual(rows_that_name(self.env, "erased:"), [], "nothing can be linked with him any more")
        self.assertEqual(broadcast.sent_count, 2)

    def test_of_a_broadcast_that_has_not_gone_out(self):
        erased, stays = self.add_customer(self.anna), self.add_customer(self.anna)
        external_userid = erased.external_userid
        broadcast = self.broadcast()
        broadcast.action_send()
        self.env["wecom.broadcast"].sudo()._step_plan()
        self.erase(erased)
        self.send()
        self.sandbox.post("/sandbox/members/confirm_all")
        self.read_results(broadcast)
        self.assertEqual(self.sandbox.received(external_userid), [])
        self.assertEqual(len(self.sandbox.received(stays.external_userid)), 1)
        self.assertEqual((broadcast.sent_count, broadcast.excluded_count), (1, 1))

    def test_not_while_nobody_knows_what_came_of_it(self):
        contact = self.add_customer(self.anna)
        self.sandbox.post("/sandbox/faults", path="/cgi-bin/externalcontact/add_msg_template", kind="drop_connection")
        broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.batch_ids.state, "unknown")
        with self.assertRaisesRegex(UserError, "outcome is not known"):
            self.erase(contact)
        self.assertTrue(contact.exists())


@tagged("post_install", "-at_install")
class TestEraseFromMoments(MomentCase):
    def test_what_he_liked_is_counted_without_him(self):
        contact = self.add_customer(self.anna)
        external_userid = contact.external_userid
        moment = self.published()
        self.publishes(self.anna, moment)
        self.reacts(contact, "like", moment, self.anna)
        self.read_moment(moment)
        figures = moment.like_count, moment.may_see_count
        self.assertEqual(figures, (1, 1))
        wizard = self.env["wecom.erasure.start"].with_user(self.manager).create({"contact_ids": contact.ids})
        wizard.action_erase()
        self.assertEqual(rows_that_name(self.env, external_userid), [])
        self.read_moment(moment)
        self.assertEqual((moment.like_count, moment.may_see_count), figures)
        self.assertEqual(rows_that_name(self.env, external_userid), [], "WeCom tells it again, and it is not taken in")


@tagged("post_install", "-at_install")
class TestExport(WecomCase, HttpCase):
    def setUp(self):
        super().setUp()
        member = self.env["wecom.member"].create({"corp_id": self.corp.id, "userid": "anna", "name": "Anna"})
        partner = self.env["res.partner"].create({"name": "Wang"})
        self.contact = self.env["wecom.contact"].create(
            {"corp_id": self.corp.id, "external_userid": "wmwang", "name": "Wang", "partner_id": partner.id}
        )
        self.env["wecom.follow"].create(
            {"contact_id": self.contact.id, "member_id": member.id, "remark": "Wang the violinist"}
        )

    def test_a_manager_downloads_all_that_is_kept(self):
        partner = self.contact.partner_id
        action = partner.with_user(self.manager).action_wecom_export()
        self.assertIn("exported", partner.message_ids[0].body)
        self.authenticate("wecom_manager", "wecom_manager")
        answer = self.url_open(action["url"])
        self.assertEqual(answer.headers["Content-Disposition"].split(";")[0], "attachment")
        [told] = json.loads(answer.content)
        self.assertEqual(told["wecom.contact"][0]["external_userid"], "wmwang")
        self.assertEqual(told["wecom.follow"][0]["remark"], "Wang the violinist")
        self.assertEqual(told["res.partner"][0]["name"], partner.name)

    def test_nobody_else_gets_it(self):
        contact = self.contact
        self.authenticate("wecom_user", "wecom_user")
        for address in (f"wecom.contact/{contact.id}", f"wecom.corp/{self.corp.id}", "wecom.contact/1;2"):
            self.assertEqual(self.url_open(f"/wecom/personal_data/{address}").status_code, 404)
        self.authenticate(None, None)
        answer = self.url_open(f"/wecom/personal_data/wecom.contact/{contact.id}", allow_redirects=False)
        self.assertEqual(answer.status_code, 303, "to the login")
