from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import WecomCase
from .roles_table import ALLOWED

OPERATIONS = ("read", "write", "create", "unlink")
ROWS_ELSEWHERE = (
    "wecom.broadcast",
    "wecom.attachment",
    "wecom.channel.report",
    "wecom.erasure.start",
    "wecom.material",
    "wecom.media",
    "wecom.member.completion",
    "wecom.member.task",
    "wecom.moment",
    "wecom.tag.delete",
    "wecom.tag.marking.start",
    "wecom.timeline.entry",
    "wecom.touch",
)
WITH_ROWS = [model for model in ALLOWED if not model.startswith(ROWS_ELSEWHERE)]
"""The rows of these are tried in the tests of their own; the row of a wizard is only for whoever opened it."""
LETTERS = dict(zip("rwcd", OPERATIONS, strict=True))


@tagged("post_install", "-at_install")
class TestAccess(WecomCase):
    def setUp(self):
        super().setUp()
        self.anna, self.bruno = self.env["wecom.member"].create(
            [
                {"corp_id": self.corp.id, "userid": "anna", "name": "Anna", "user_id": self.user.id},
                {"corp_id": self.corp.id, "userid": "bruno", "name": "Bruno"},
            ]
        )
        self.of_anna, self.of_bruno, self.of_both = self.env["wecom.contact"].create(
            [
                {"corp_id": self.corp.id, "external_userid": f"wm{name}", "name": name}
                for name in ("anna", "bruno", "both")
            ]
        )
        self.env["wecom.follow"].create(
            [
                {"contact_id": contact.id, "member_id": member.id}
                for contact, members in (
                    (self.of_anna, self.anna),
                    (self.of_bruno, self.bruno),
                    (self.of_both, self.anna | self.bruno),
                )
                for member in members
            ]
        )

    def one_of(self, model):
        """Return a row that every group may see, as far as it may see any."""
        group = self.env["wecom.tag.group"].search([("corp_id", "=", self.corp.id)], limit=1)
        values = {
            "wecom.tag.group": {"corp_id": self.corp.id, "external_id": "g", "name": "Level"},
            "wecom.tag": {"corp_id": self.corp.id, "external_id": "t", "name": "Gold", "group_id": group.id},
            "wecom.tag.marking": {"corp_id": self.corp.id, "user_id": self.user.id},
            "wecom.tag.marking.line": {
                "marking_id": self.env["wecom.tag.marking"].search([("corp_id", "=", self.corp.id)], limit=1).id,
                "follow_id": self.of_anna.follow_ids.id,
                "tag_id": self.env["wecom.tag"].search([("corp_id", "=", self.corp.id)], limit=1).id,
                "operation": "put_on",
            },
            "wecom.department": {"corp_id": self.corp.id, "external_id": "1", "name": "Shop"},
            "wecom.sync": {"corp_id": self.corp.id},
            "wecom.sync.seen": {"sync_number": 1, "follow_numbers": [1]},
            "wecom.event": {
                "corp_id": self.corp.id,
                "event_hash": "h",
                "event_type": "change_external_tag",
                "subject": "change_external_tag",
                "xml": "<xml/>",
                "made_at": "2026-01-01",
                "received_at": "2026-01-01",
                "state": "done",
            },
            "wecom.loss": {
                "follow_id": self.of_anna.follow_ids.id,
                "member_id": self.anna.id,
                "contact_id": self.of_anna.id,
                "ended_by": "deleted_by_customer",
                "lost_at": "2026-01-01",
            },
            "wecom.rate.limit": {"corp_id": self.corp.id, "path": "/cgi-bin/user/get"},
            "wecom.erasure": {"corp_id": self.corp.id, "contact_hash": "h"},
            "wecom.callback.refusal": {"corp_id": self.corp.id, "reason": "signature", "count": 1},
        }
        rows = {
            "wecom.corp": self.corp,
            "wecom.member": self.anna,
            "wecom.contact": self.of_anna,
            "wecom.follow": self.of_anna.follow_ids,
            "wecom.access.token": self.env["wecom.access.token"].search([("corp_id", "=", self.corp.id)]),
            "wecom.setup.check": self.corp.setup_check_ids[:1],
        }
        return rows[model] if model in rows else self.env[model].create(values[model])

    def test_each_group_on_each_model(self):
        for model in WITH_ROWS:
            rights, row = ALLOWED[model], self.one_of(model)
            for user, letters in zip((self.user, self.manager, self.administrator), rights, strict=True):
                allowed = {LETTERS[letter] for letter in letters}
                for operation in OPERATIONS:
                    with self.subTest(model=model, user=user.login, operation=operation):
                        target = row.browse() if operation == "create" else row
                        self.assertEqual(target.with_user(user).has_access(operation), operation in allowed)
                if "read" not in allowed:
                    with self.assertRaises(AccessError):
                        row.with_user(user).search([])
                if "write" not in allowed:
                    with self.assertRaises(AccessError):
                        row.with_user(user).write({row._rec_name or "id": "x"})

    def test_each_group_on_each_model_as_a_whole(self):
        own = self.env["ir.model"].search([("model", "=like", "wecom.%")]).mapped("model")
        concrete = {model for model in own if not self.env[model]._abstract}
        self.assertEqual(concrete, set(ALLOWED), "every model of the addon has a row in the table")
        for model, rights in ALLOWED.items():
            for user, letters in zip((self.user, self.manager, self.administrator), rights, strict=True):
                allowed = {LETTERS[letter] for letter in letters}
                for operation in OPERATIONS:
                    with self.subTest(model=model, user=user.login, operation=operation):
                        self.assertEqual(self.env[model].with_user(user).has_access(operation), operation in allowed)

    def test_nobody_else_sees_anything(self):
        portal = new_test_user(self.env, login="wecom_portal", groups="base.group_portal")
        employee = new_test_user(self.env, login="wecom_employee", groups="base.group_user")
        for model in ALLOWED:
            for user in (portal, employee, self.env.ref("base.public_user")):
                for operation in OPERATIONS:
                    self.assertFalse(self.env[model].with_user(user).has_access(operation), (model, user.login))
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(employee).search([("wecom_status", "=", "active")])
        self.assertNotIn("wecom_status", self.env["res.partner"].with_user(employee).fields_get())

    def test_users_see_the_customers_of_their_members(self):
        own = self.of_anna | self.of_both
        self.env.invalidate_all()
        Contact = self.env["wecom.contact"].with_user(self.user)
        self.assertEqual(Contact.search([("corp_id", "=", self.corp.id)]), own)
        self.assertEqual(self.env["wecom.follow"].with_user(self.user).search([]).member_id, self.anna)
        self.assertEqual(self.of_both.with_user(self.user).follow_ids.member_id, self.anna)
        form = self.of_both.with_user(self.user).web_read({"name": {}, "follow_ids": {"fields": {"remark": {}}}})
        self.assertEqual(len(form[0]["follow_ids"]), 1)
        with self.assertRaises(AccessError):
            self.of_bruno.with_user(self.user).read(["name"])
        self.assertEqual(self.env["wecom.member"].with_user(self.user).search_count([]), 2)

    def test_managers_see_all_of_their_company(self):
        contacts = self.of_anna | self.of_bruno | self.of_both
        for user in (self.manager, self.administrator):
            self.assertEqual(self.env["wecom.contact"].with_user(user).search([]), contacts)
            self.assertEqual(len(self.env["wecom.follow"].with_user(user).search([])), 4)

    def test_a_manager_chooses_the_partner_and_nothing_else(self):
        contact = self.of_anna.with_user(self.manager)
        for change in ({"external_userid": "wmother"}, {"status": "lost"}, {"match_state": "matched"}):
            with self.assertRaises(AccessError):
                contact.write(change)
        contact.action_no_partner()
        self.assertEqual(contact.match_state, "no_partner")
        contact.action_create_partner()
        self.assertEqual((contact.match_state, contact.match_method), ("matched", "created"))

    def test_companies_are_kept_apart(self):
        closed = ("wecom.access.token", "wecom.rate.limit", "wecom.sync.seen")
        rows = [self.one_of(model) for model in WITH_ROWS if model not in closed]
        other = self.env["res.company"].create({"name": "Evening Light"})
        stranger = self.add_user("wecom_stranger", "wecom_customer_reach.group_wecom_administrator")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        for row in rows:
            self.assertFalse(row.with_user(stranger).search([]), row._name)
            self.assertFalse(row.with_user(stranger).has_access("read"), row._name)

    def test_settings_open_for_who_has_nothing_to_do_with_wecom(self):
        """An administrator of Odoo without a WeCom group can still change the settings of other apps."""
        system = self.add_user("wecom_system", "base.group_system")
        settings = self.env["res.config.settings"].with_user(system).create({})
        settings.execute()
        self.assertTrue(self.corp.sudo().secret)
