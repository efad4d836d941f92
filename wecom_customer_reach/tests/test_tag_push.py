from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import TAG_LIST, WecomCase

ADD = "/cgi-bin/externalcontact/add_corp_tag"
EDIT = "/cgi-bin/externalcontact/edit_corp_tag"
DELETE = "/cgi-bin/externalcontact/del_corp_tag"


@tagged("post_install", "-at_install")
class TestTagPush(WecomCase):
    """Tags and groups made, renamed and deleted in Odoo are so in WeCom first."""

    def listed(self):
        """Return {group: {tag names}} as WeCom has them."""
        groups = self.server.world.tag_groups.values()
        return {
            group.name: {tag.name for tag in group.tags if not tag.deleted} for group in groups if not group.deleted
        }

    def make_group(self, name="Level", *tags, **values):
        lines = [(0, 0, {"name": tag}) for tag in tags or ["Gold"]]
        groups = self.env["wecom.tag.group"].with_user(self.manager)
        return groups.create({"name": name, "tag_ids": lines, **values})

    def add_tag(self, group, name):
        return self.env["wecom.tag"].with_user(self.manager).create({"group_id": group.id, "name": name})

    def test_a_group_is_made_with_its_tags(self):
        group = self.make_group("Level", "Gold", " Silver ")
        self.assertEqual(self.listed(), {"Level": {"Gold", "Silver"}})
        self.assertEqual(set(group.tag_ids.mapped("name")), {"Gold", "Silver"})
        self.assertEqual(group.corp_id, self.corp)
        self.assertEqual(self.sandbox.calls(ADD), 1)
        self.synchronise()
        self.assertEqual(len(self.env["wecom.tag"].search([("corp_id", "=", self.corp.id)])), 2, "none twice")
        with self.assertRaises(ValidationError):
            self.env["wecom.tag.group"].with_user(self.manager).create({"name": "Empty"})

    def test_tags_of_a_group_in_one_call(self):
        group = self.make_group()
        tags = self.env["wecom.tag"].with_user(self.manager)
        made = tags.create([{"group_id": group.id, "name": name} for name in ("Silver", "Bronze")])
        self.assertEqual(made.mapped("name"), ["Silver", "Bronze"])
        self.assertEqual(self.listed(), {"Level": {"Gold", "Silver", "Bronze"}})
        self.assertEqual(self.sandbox.calls(ADD), 2)

    def test_lost_answer(self):
        """WeCom made the tag and the answer did not come: it is looked up, not made again."""
        group = self.make_group()
        self.fault(ADD, kind="drop_answer")
        tag = self.add_tag(group, "Silver")
        self.assertEqual(self.listed(), {"Level": {"Gold", "Silver"}})
        self.assertEqual(tag.external_id, next(i for i, t in self.server.world.tags.items() if t.name == "Silver"))
        self.assertEqual(self.sandbox.calls(ADD), 2, "the creation was sent once")

    def test_nothing_made_and_answer_lost(self):
        group = self.make_group()
        self.fault(ADD, kind="drop_connection")
        with self.assertRaises(UserError):
            self.add_tag(group, "Silver")
        self.assertEqual(self.listed(), {"Level": {"Gold"}})
        self.add_tag(group, "Silver")
        self.assertEqual(self.listed(), {"Level": {"Gold", "Silver"}})

    def undone(self):
        """Return a group whose second tag WeCom made in a transaction that was rolled back here."""
        group = self.make_group("Level")
        with self.assertRaises(ZeroDivisionError):
            self.add_tag(group, "Silver")
            raise ZeroDivisionError
        self.assertEqual(group.tag_ids.mapped("name"), ["Gold"])
        return group

    def test_second_try_after_the_transaction_was_undone(self):
        group = self.undone()
        self.add_tag(group, "Silver")
        self.assertEqual(set(group.tag_ids.mapped("name")), {"Gold", "Silver"})
        self.assertEqual(self.sandbox.calls(ADD), 2)

    def test_synchronisation_after_the_transaction_was_undone(self):
        group = self.undone()
        self.synchronise()
        self.assertEqual(set(group.tag_ids.mapped("name")), {"Gold", "Silver"})

    def test_name_taken(self):
        group = self.make_group("Level", "Gold", "Silver")
        with self.assertRaisesRegex(UserError, "stands here already"):
            self.add_tag(group, "Gold")
        gold = group.tag_ids.filtered(lambda tag: tag.name == "Gold")
        with self.assertRaisesRegex(UserError, "40071"):
            gold.name = "Silver"
        self.assertEqual(gold.name, "Gold")
        with self.assertRaisesRegex(ValidationError, "twice"):
            self.make_group("Other", "A", "A")

    def test_limits_before_any_call(self):
        group = self.make_group()
        before = self.sandbox.calls(ADD), self.sandbox.calls(EDIT)
        for name in ("x" * 31, "  "):
            with self.assertRaises(ValidationError):
                self.add_tag(group, name)
            with self.assertRaises(ValidationError):
                group.tag_ids.name = name
        self.assertEqual((self.sandbox.calls(ADD), self.sandbox.calls(EDIT)), before)
        self.add_tag(group, "金" * 30)

    def test_rename(self):
        group = self.make_group()
        group.tag_ids.name = "Platinum"
        group.name = "Rank"
        self.assertEqual(self.listed(), {"Rank": {"Platinum"}})
        calls = self.sandbox.calls(EDIT)
        group.name = "Rank"
        self.assertEqual(self.sandbox.calls(EDIT), calls, "nothing changed, nothing to tell")
        self.fault(EDIT, errcode=48002)
        with self.assertRaisesRegex(UserError, "48002"):
            group.tag_ids.name = "Steel"
        self.assertEqual(group.tag_ids.name, "Platinum")

    def test_in_one_form(self):
        """The form of a group renames it, renames a tag and adds one."""
        group = self.make_group()
        group.write({"name": "Rank", "tag_ids": [(1, group.tag_ids.id, {"name": "A"}), (0, 0, {"name": "B"})]})
        self.assertEqual(self.listed(), {"Rank": {"A", "B"}})
        self.assertEqual(set(group.tag_ids.mapped("name")), {"A", "B"})

    def test_made_elsewhere_is_learned_and_kept(self):
        self.sandbox.post("/sandbox/tags", group="Console", tags=["VIP"])
        self.synchronise()
        tag = self.env["wecom.tag"].search([("name", "=", "VIP")])
        self.assertFalse(tag.made_elsewhere)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            with self.assertRaisesRegex(UserError, "60011"):
                tag.with_user(self.manager).name = "Very important"
            self.env.cr.postrollback.run()
        self.env.invalidate_all()
        self.assertTrue(tag.made_elsewhere)
        self.assertEqual(tag.name, "VIP")
        calls = self.sandbox.calls(EDIT)
        for change in (
            lambda: tag.with_user(self.manager).write({"name": "X"}),
            tag.with_user(self.manager).action_delete,
        ):
            with self.assertRaisesRegex(UserError, "Another app made"):
                change()
        self.assertEqual(self.sandbox.calls(EDIT), calls)
        self.synchronise()
        self.assertTrue(tag.made_elsewhere)

    def test_delete(self):
        group = self.make_group("Level", "Gold", "Silver")
        gold, silver = (group.tag_ids.filtered(lambda tag, name=name: tag.name == name) for name in ("Gold", "Silver"))
        self.add_customer({"userid": "anna", "tag_id": [gold.external_id]})
        self.synchronise()
        wizard = self.env["wecom.tag.delete"].with_user(self.manager).browse(gold.action_delete()["res_id"])
        self.assertIn("Level: Gold: on 1 contacts", wizard.message)
        self.assertEqual(self.listed(), {"Level": {"Gold", "Silver"}}, "asking deletes nothing")
        wizard.action_delete()
        self.assertEqual(self.listed(), {"Level": {"Silver"}})
        self.assertFalse(gold.active)
        self.assertFalse(self.env["wecom.contact"].search([("tag_ids", "in", gold.ids)]))
        self.assertTrue(group.active)
        silver._delete_in_wecom()
        self.assertEqual(self.listed(), {})
        self.assertFalse(group.active, "the group goes with its last tag")
        silver._delete_in_wecom()
        self.assertEqual(self.sandbox.calls(DELETE), 2, "what WeCom has no more is not deleted again")

    def test_delete_refused(self):
        own = self.make_group().tag_ids
        self.sandbox.post("/sandbox/tags", group="Console", tags=["VIP"])
        self.synchronise()
        foreign = self.env["wecom.tag"].search([("name", "=", "VIP")]).with_user(self.manager)
        with self.assertRaisesRegex(UserError, "one by one"):
            (own | foreign)._delete_in_wecom()
        with self.assertRaisesRegex(UserError, "60011"):
            foreign._delete_in_wecom()
        self.assertEqual(self.listed(), {"Level": {"Gold"}, "Console": {"VIP"}})
        self.assertTrue(own.active and foreign.active)

    def test_who_may(self):
        group = self.make_group()
        calls = self.sandbox.get("/sandbox/counters")["calls"]
        tag = group.tag_ids.with_user(self.user)
        for attempt in (
            lambda: self.env["wecom.tag"].with_user(self.user).create({"group_id": group.id, "name": "Silver"}),
            lambda: tag.write({"name": "Silver"}),
            tag.action_delete,
            tag._delete_in_wecom,
            lambda: group.tag_ids.write({"external_id": "et"}),
            lambda: group.tag_ids.write({"active": False}),
            lambda: self.add_tag(group, "Silver").create({"group_id": group.id, "name": "X", "external_id": "et"}),
            lambda: group.write({"made_elsewhere": True}),
        ):
            with self.assertRaises(AccessError):
                attempt()
        after = self.sandbox.get("/sandbox/counters")["calls"]
        self.assertEqual(after[EDIT] if EDIT in after else 0, calls.get(EDIT, 0))
        self.assertNotIn(DELETE, after)
        self.assertIn(TAG_LIST, after)
        other = self.env["res.company"].create({"name": "Evening Light"})
        stranger = self.add_user("wecom_stranger", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            self.env["wecom.tag"].with_user(stranger).create({"group_id": group.id, "name": "Silver"})
        with self.assertRaises(AccessError):
            self.env["wecom.tag.group"].with_user(stranger).create(
                {"corp_id": self.corp.id, "name": "Level 2", "tag_ids": [(0, 0, {"name": "Gold"})]}
            )
