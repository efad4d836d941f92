from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .broadcast_common import BroadcastCase, png

ENGINE_MODELS = ("wecom.broadcast.batch", "wecom.broadcast.task", "wecom.broadcast.recipient")


@tagged("post_install", "-at_install")
class TestBroadcastAccess(BroadcastCase):
    """Users reach their own customers with their own broadcasts, managers everybody of their company."""

    def own_broadcast(self, **values):
        return (
            self.env["wecom.broadcast"]
            .with_user(self.seller)
            .create(
                {
                    "name": "Mine",
                    "corp_id": self.corp.id,
                    "partner_domain": repr([("category_id", "in", self.category.ids)]),
                    "text": "From me",
                    **values,
                }
            )
        )

    def test_user_reaches_only_his_own_customers_as_himself(self):
        self.anna.user_id = self.seller
        own = self.add_customer(self.anna)
        shared = self.add_customer(self.anna, self.bruno, last_chat=self.bruno)
        foreign = self.add_customer(self.bruno)
        for policy in ("wecom", "salesperson", "first", "last"):
            with self.subTest(policy=policy):
                broadcast = self.own_broadcast(sender_policy=policy)
                self.assertEqual(broadcast.reachable_count, 2)
                broadcast.action_send()
                self.send()
                states = self.states(broadcast)
                self.assertEqual(states[own.name], ("pending", False))
                self.assertEqual(states[shared.name], ("pending", False))
                self.assertEqual(states[foreign.name], ("excluded", "not_own"))
                self.assertEqual(broadcast.batch_ids.sender_id, self.anna)
        for made in self.sandbox.broadcasts():
            self.assertEqual([task["userid"] for task in made["tasks"]], ["anna"])

    def test_user_without_member_cannot_send(self):
        self.add_customer(self.anna)
        broadcast = self.own_broadcast()
        with self.assertRaisesRegex(UserError, "not linked to a WeCom member"):
            broadcast.action_send()

    def test_user_cannot_borrow_the_rights_of_a_manager(self):
        with self.assertRaises(AccessError):
            self.own_broadcast(user_id=self.manager.id)
        broadcast = self.own_broadcast()
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            broadcast.user_id = self.manager

    def test_user_sees_only_his_own_broadcasts(self):
        self.anna.user_id = self.seller
        self.add_customer(self.anna)
        other = self.sent_broadcast(attachment_ids=[(0, 0, {"kind": "image", "file": png()})])
        self.read_results(other)
        mine = self.own_broadcast()
        found = self.env["wecom.broadcast"].with_user(self.seller).search([("corp_id", "=", self.corp.id)])
        self.assertEqual(found, mine)
        for model in (*ENGINE_MODELS, "wecom.attachment"):
            self.assertFalse(self.env[model].with_user(self.seller).search([("broadcast_id", "=", other.id)]), model)
        with self.assertRaises(AccessError):
            other.with_user(self.seller).read(["name"])
        for button in ("action_send", "action_stop", "action_remind", "action_refresh_results", "action_cancel"):
            with self.assertRaises(AccessError, msg=button):
                getattr(other.with_user(self.seller), button)()

    def test_manager_sees_all_of_his_company_only(self):
        self.anna.user_id = self.seller
        self.add_customer(self.anna)
        mine = self.own_broadcast()
        mine.action_send()
        self.send()
        self.assertEqual(mine.with_user(self.manager).planned_count, 1)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.add_user("broadcast_elsewhere", "wecom_customer_reach.group_wecom_administrator")
        stranger.write({"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id})
        for model in ("wecom.broadcast", *ENGINE_MODELS):
            self.assertFalse(self.env[model].with_user(stranger).search_count([]), model)

    def test_results_are_written_by_the_engine_only(self):
        self.add_customer(self.anna)
        broadcast = self.sent_broadcast()
        self.read_results(broadcast)
        rows = (broadcast.batch_ids, broadcast.task_ids, broadcast.recipient_ids)
        for user in (self.manager, self.seller):
            for records in rows:
                with self.assertRaises(AccessError):
                    records.with_user(user).write({"state": "sent"})
                with self.assertRaises(AccessError):
                    records.with_user(user).unlink()
                with self.assertRaises(AccessError):
                    self.env[records._name].with_user(user).create({})
            with self.assertRaises(AccessError):
                self.env["wecom.media"].with_user(user).search([])

    def test_only_managers_retry(self):
        self.anna.user_id = self.seller
        self.add_customer(self.anna)
        broadcast = self.own_broadcast()
        broadcast.action_send()
        self.send()
        with self.assertRaisesRegex(UserError, "manager"):
            broadcast.batch_ids.with_user(self.seller).action_retry()
        with self.assertRaisesRegex(UserError, "refused"):
            broadcast.batch_ids.with_user(self.manager).action_retry()

    def test_others_see_nothing(self):
        outsider = self.add_user("broadcast_outsider", "base.group_user")
        for model in ("wecom.broadcast", "wecom.attachment", "wecom.media", *ENGINE_MODELS):
            with self.assertRaises(AccessError):
                self.env[model].with_user(outsider).search([])

    def test_record_rules_of_partners_hold(self):
        """The audience is what the responsible user may see, whoever runs the scheduled action."""
        visible, hidden = self.add_customer(self.anna), self.add_customer(self.anna)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        hidden.partner_id.company_id = elsewhere
        broadcast = self.sent_broadcast()
        self.assertEqual(broadcast.recipient_ids.contact_id, visible)

    def test_tags_and_members_of_another_corp_are_refused(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        corp = self.env["wecom.corp"].create({"name": "Other", "corpid": "wwother", "company_id": elsewhere.id})
        member = self.env["wecom.member"].create({"corp_id": corp.id, "userid": "x", "name": "X"})
        self.manager.company_ids |= elsewhere
        with self.assertRaisesRegex(UserError, "Morning Light only"):
            self.broadcast(member_ids=member.ids)
