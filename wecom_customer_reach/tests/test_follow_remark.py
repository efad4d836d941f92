from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import WecomCase

REMARK = "/cgi-bin/externalcontact/remark"


@tagged("post_install", "-at_install")
class TestFollowRemark(WecomCase):
    """What is noted about a customer in Odoo stands in WeCom."""

    def setUp(self):
        super().setUp()
        self.add_member("bruno")
        self.external_userid = self.add_customer(
            {"userid": "anna", "remark": "Li", "remark_mobiles": ["13800000001"]}, "bruno"
        )
        self.synchronise()
        self.anna, self.bruno = self.member("anna"), self.member("bruno")
        self.follow = self.contact(self.external_userid).follow_ids.filtered(lambda f: f.member_id == self.anna)
        self.as_manager = self.follow.with_user(self.manager)

    def noted(self):
        follow = self.in_wecom(self.external_userid).follows["anna"]
        return follow.remark, follow.description, follow.company, follow.mobiles

    def test_all_four_in_one_call(self):
        self.assertTrue(self.follow.row_hash)
        self.as_manager.write(
            {
                "remark": " VIP Li ",
                "description": "buys tea",
                "remark_corp_name": "Li Trading",
                "remark_mobiles": "13800000001，139 0000 0002, 13800000001",
            }
        )
        self.assertEqual(self.noted(), ("VIP Li", "buys tea", "Li Trading", ("13800000001", "139 0000 0002")))
        self.assertEqual(self.sandbox.calls(REMARK), 1)
        self.assertRecordValues(
            self.follow,
            [{"remark": "VIP Li", "remark_mobiles": "13800000001,139 0000 0002", "row_hash": False}],
        )
        self.as_manager.write({"remark": "VIP Li"})
        self.assertEqual(self.sandbox.calls(REMARK), 1, "nothing changed, nothing to tell")
        self.synchronise()
        self.assertEqual(self.follow.remark, "VIP Li")

    def test_emptied(self):
        self.as_manager.write({"remark": False, "remark_mobiles": ""})
        self.assertEqual(self.noted(), ("", "", "", ()))
        self.assertRecordValues(self.follow, [{"remark": False, "remark_mobiles": False}])

    def test_listing_that_began_before_does_not_undo_it(self):
        self.in_wecom(self.external_userid).follows["anna"].remark = "Typed on the phone"
        sync = self.start()

        def between(sync):
            if sync.stage == "contacts" and not sync.member_position:
                follow = sync.env["wecom.follow"].browse(self.follow.id)
                follow.write({"remark": "Typed here", "row_hash": False, "read_at": sync.env.cr.now()})

        self.step_by_step(sync, between)
        self.assertEqual(self.follow.remark, "Typed here")

    def test_changed_back_in_wecom(self):
        self.as_manager.remark = "VIP Li"
        self.in_wecom(self.external_userid).follows["anna"].remark = "Li"
        self.follow.read_at = "2000-01-01"  # that was not in the second in which the run begins
        self.synchronise()
        self.assertEqual(self.follow.remark, "Li", "it lists as before, and must not pass for unchanged")

    def test_limits_before_any_call(self):
        for change, words in (
            ({"remark": "x" * 21}, "Shorten the remark to 20"),
            ({"description": "字" * 151}, "Shorten the description to 150"),
            ({"remark_corp_name": "x" * 21}, "Shorten the company to 20"),
            ({"remark_mobiles": "13800000001, call him"}, "call him is no telephone number"),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.as_manager.write(change)
        self.assertFalse(self.sandbox.calls(REMARK))
        self.as_manager.write({"remark": "字" * 20, "description": "x" * 150, "remark_corp_name": "x" * 20})
        self.assertEqual(self.sandbox.calls(REMARK), 1)

    def test_company_of_wechat_users_only(self):
        self.follow.contact_id.contact_type = "wecom"
        with self.assertRaisesRegex(UserError, "WeChat users only"):
            self.as_manager.remark_corp_name = "Li Trading"
        self.assertFalse(self.sandbox.calls(REMARK))
        self.as_manager.remark = "VIP"

    def test_refused(self):
        self.fault(REMARK, errcode=84061)
        with self.assertRaisesRegex(UserError, "84061"):
            self.as_manager.remark = "VIP Li"
        self.assertEqual(self.follow.remark, "Li")

    def test_who_may(self):
        with self.assertRaises(AccessError):
            self.follow.with_user(self.user).remark = "VIP"
        self.anna.user_id = self.user
        self.env.invalidate_all()
        self.follow.with_user(self.user).remark = "VIP"
        self.assertEqual(self.noted()[0], "VIP")
        of_bruno = self.follow.contact_id.follow_ids - self.follow
        with self.assertRaises(AccessError):
            of_bruno.with_user(self.user).remark = "VIP"
        for user in (self.user, self.manager, self.administrator):
            for change in (
                {"status": "half"},
                {"tag_ids": [(5, 0, 0)]},
                {"member_id": self.bruno.id},
                {"row_hash": "x"},
                {"remark": "x", "channel": "y"},
            ):
                with self.assertRaises(AccessError):
                    self.follow.with_user(user).write(change)
        self.assertEqual(self.sandbox.calls(REMARK), 1)

    def test_the_button_opens_the_form(self):
        action = self.as_manager.action_edit_remark()
        self.assertEqual((action["res_model"], action["res_id"]), ("wecom.follow", self.follow.id))
