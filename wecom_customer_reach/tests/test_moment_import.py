from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .broadcast_common import png
from .moment_common import ADD, MOMENT_LIST, MomentCase

MEDIA_GET = "/cgi-bin/media/get"


@tagged("post_install", "-at_install")
class TestMomentImport(MomentCase):
    """Posts that members and other apps make stand beside our own."""

    def own_post(self, member, text="My shop", **values):
        """The member posts on his phone."""
        self.sandbox.post(f"/sandbox/members/{member.userid}/moment", text=text, **values)

    def find(self):
        self.run_action("ir_cron_import_moments")
        self.run_action("ir_cron_read_moments")

    def elsewhere(self):
        return self.env["wecom.moment"].search([("corp_id", "=", self.corp.id), ("origin", "!=", "odoo")])

    def test_a_personal_post_with_its_pictures_audience_and_reactions(self):
        customer = self.add_customer(self.anna)
        picture = png(3).decode()
        self.own_post(self.anna, pictures=[picture] * 2)
        moment_id = self.sandbox.get(f"/sandbox/customers/{customer.external_userid}/moments")["moments"][0][
            "moment_id"
        ]
        address = f"/sandbox/customers/{customer.external_userid}/like"
        self.sandbox.post(address, moment_id=moment_id, userid="anna")
        self.find()
        moment = self.elsewhere()
        self.assertEqual((moment.origin, moment.post_type, moment.member_id), ("personal", "employee", self.anna))
        self.assertEqual((moment.name, moment.text, moment.state), ("My shop", "My shop", "done"))
        self.assertEqual(moment.attachment_ids.mapped("file"), [png(3)] * 2)
        self.assertEqual((moment.published_count, moment.may_see_count, moment.like_count), (1, 1, 1))
        self.assertEqual(moment.with_user(self.seller).name, "My shop", "his member's post is his")
        self.find()
        self.assertEqual(len(self.elsewhere()), 1)
        with self.assertRaises(UserError):
            moment.text = "x"
        moment.with_user(self.manager).action_publish()
        moment.with_user(self.manager).action_stop()
        self.assertEqual((moment.state, moment.stop_requested_at), ("done", False))
        with self.assertRaises(AccessError):
            moment.attachment_ids.with_user(self.manager).moment_media_id = "stolen"

    def test_a_link_and_pages_of_posts(self):
        for number in range(45):
            self.own_post(self.anna, text=f"Post {number}", link={"url": "https://tea.example/", "title": "Tea"})
        self.find()
        self.assertEqual(len(self.elsewhere()), 45)
        self.assertEqual(set(self.elsewhere().attachment_ids.mapped("title")), {"Tea"})
        self.assertGreaterEqual(self.sandbox.calls(MOMENT_LIST), 3)

    def test_our_own_are_not_found_again(self):
        self.add_customer(self.anna)
        moment = self.published()
        self.find()
        self.assertFalse(self.elsewhere())
        self.assertEqual(moment.state, "waiting")

    def test_what_may_be_ours_is_left_to_settling(self):
        self.add_customer(self.anna)
        moment = self.moment()
        self.sandbox.post("/sandbox/faults", path=ADD, kind="drop_answer")
        moment.action_publish()
        self.run_publisher()
        self.sandbox.delete("/sandbox/faults")
        moment.sudo().next_attempt_at = fields.Datetime.now() + timedelta(hours=1)
        self.find()
        self.assertFalse(self.elsewhere())
        self.let_time_pass(moment)
        self.run_publisher()
        self.find()
        self.assertFalse(self.elsewhere())
        self.assertEqual(moment.state, "waiting")

    def test_a_post_of_another_app_is_followed_with_its_members(self):
        customer = self.add_customer(self.anna)
        moment = self.published()
        self.env.cr.execute("DELETE FROM wecom_moment_task; DELETE FROM wecom_moment")
        self.env.invalidate_all()
        self.find()
        found = self.elsewhere()
        self.assertEqual((found.origin, found.state, found.asked_count), ("corp", "waiting", 1))
        self.publishes(self.anna, found)
        self.read_moment(found)
        self.assertEqual((found.state, found.may_see_count), ("done", 1))
        self.assertEqual(len(self.sees(customer)), 1)
        self.assertNotEqual(found.id, moment.id)

    def test_a_picture_that_cannot_be_read_is_tried_again_or_given_up(self):
        self.own_post(self.anna, pictures=[png().decode()])
        self.sandbox.post("/sandbox/faults", path=MEDIA_GET, kind="errcode", errcode=48002)
        self.find()
        attachment = self.elsewhere().attachment_ids
        self.assertTrue(attachment.moment_media_id)
        self.sandbox.delete("/sandbox/faults")
        self.sandbox.post("/sandbox/faults", path=MEDIA_GET, kind="errcode", errcode=40007)
        self.find()
        self.assertFalse(attachment.moment_media_id)
        self.assertFalse(attachment.file)
