from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import WecomCase

MARK = "/cgi-bin/externalcontact/mark_tag"


@tagged("post_install", "-at_install")
class TestTagCategory(WecomCase):
    """A corp tag and the partner tag linked with it go together, in both directions."""

    def setUp(self):
        super().setUp()
        self.add_member("bruno")
        listed = self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold", "Silver"])["tag"]
        self.ids = {tag["name"]: tag["id"] for tag in listed}
        self.external_userid = self.add_customer("anna", "bruno")
        self.synchronise()
        self.gold, self.silver = (
            self.env["wecom.tag"].search([("external_id", "=", self.ids[name])]) for name in ("Gold", "Silver")
        )
        self.category, self.other_category = self.env["res.partner.category"].create([{"name": "Key"}, {"name": "O"}])
        self.gold.with_user(self.manager).category_id = self.category
        self.li = self.contact(self.external_userid)
        self.partner = self.li.partner_id

    def tag_in_wecom(self, *names, userid="anna"):
        """Let the member have exactly these tags on the customer, on his phone; Odoo learns it by a run."""
        self.in_wecom(self.external_userid).follows[userid].tag_ids = tuple(self.ids[name] for name in names)
        self.synchronise()

    def tags_in_wecom(self, userid="anna"):
        follow = self.in_wecom(self.external_userid).follows[userid]
        return {name for name, tag_id in self.ids.items() if tag_id in follow.tag_ids}

    def run_marking(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("wecom_customer_reach.ir_cron_mark_tags").method_direct_trigger()
        self.env.invalidate_all()

    def queued(self):
        return self.env["wecom.tag.marking.line"].search([("state", "=", "pending")])

    def test_from_wecom(self):
        self.tag_in_wecom("Gold")
        self.assertEqual(self.partner.category_id, self.category)
        self.tag_in_wecom("Gold", userid="bruno")
        self.tag_in_wecom()
        self.assertEqual(self.partner.category_id, self.category, "the other member's tag stands")
        self.tag_in_wecom(userid="bruno")
        self.assertFalse(self.partner.category_id)
        self.assertFalse(self.env["wecom.tag.marking"].search([]), "what came from WeCom does not go back there")
        self.assertFalse(self.sandbox.calls(MARK))

    def test_what_a_person_put_on_stays(self):
        self.partner.category_id = self.other_category
        self.gold.with_user(self.manager).category_id = False
        self.partner.category_id |= self.category
        self.gold.with_user(self.manager).category_id = self.category
        self.tag_in_wecom("Gold")
        self.tag_in_wecom()
        self.assertEqual(self.partner.category_id, self.category | self.other_category)

    def test_from_odoo(self):
        self.partner.category_id = self.category | self.other_category
        self.assertEqual(self.queued().follow_id, self.li.follow_ids)
        self.assertEqual(set(self.queued().mapped("operation")), {"put_on"})
        self.run_marking()
        self.assertEqual((self.tags_in_wecom(), self.tags_in_wecom("bruno")), ({"Gold"}, {"Gold"}))
        self.assertFalse(self.queued(), "the tag that arrived queues nothing")
        self.partner.category_id = self.other_category
        self.run_marking()
        self.assertEqual((self.tags_in_wecom(), self.tags_in_wecom("bruno")), (set(), set()))
        self.assertEqual(self.partner.category_id, self.other_category)
        calls = self.sandbox.calls(MARK)
        self.synchronise()
        self.run_marking()
        self.assertEqual((self.partner.category_id, self.sandbox.calls(MARK)), (self.other_category, calls))

    def test_taken_off_in_odoo_while_it_waits(self):
        """A run before the tag is off in WeCom does not bring the partner tag back."""
        self.tag_in_wecom("Gold")
        self.partner.category_id = False
        self.synchronise()
        self.assertFalse(self.partner.category_id)
        self.run_marking()
        self.assertFalse(self.partner.category_id)
        self.assertFalse(self.tags_in_wecom())

    def test_taken_off_in_odoo_and_put_on_again_on_the_phone_later(self):
        self.tag_in_wecom("Gold")
        self.partner.category_id = False
        line = self.queued()
        follow_id = self.li.follow_ids.filtered(lambda follow: follow.member_id.userid == "anna").id
        change = {follow_id: (self.gold.ids, [], line.requested_at)}
        self.env["wecom.follow"]._tags_changed_in_wecom(change)
        self.env["wecom.contact"]._apply_tag_categories(self.li.ids)
        self.assertEqual(self.partner.category_id, self.category)
        self.assertFalse(self.queued())

    def test_only_what_differs_is_queued(self):
        self.tag_in_wecom("Gold")
        self.partner.category_id = False
        self.assertEqual(len(self.queued()), 1, "Bruno's follow never had it")
        self.partner.category_id = self.category
        self.assertEqual(len(self.queued()), 2)
        self.assertEqual(set(self.queued().mapped("operation")), {"put_on"})
        self.partner.category_id = self.category
        self.partner.name = "Li Hua"
        self.assertEqual(len(self.queued()), 2)

    def test_from_the_partner_tag(self):
        self.category.partner_ids = [Command.link(self.partner.id)]
        self.assertEqual(len(self.queued()), 2)

    def test_two_tags_of_one_partner_tag(self):
        self.silver.with_user(self.manager).category_id = self.category
        self.tag_in_wecom("Silver")
        self.partner.category_id = False
        self.run_marking()
        self.assertFalse(self.tags_in_wecom())
        self.partner.category_id = self.category
        self.run_marking()
        self.assertEqual(len(self.tags_in_wecom()), 1, "one tag is enough")

    def test_link_and_unlink(self):
        self.tag_in_wecom("Silver")
        self.assertFalse(self.partner.category_id)
        self.silver.with_user(self.manager).category_id = self.other_category
        self.assertEqual(self.partner.category_id, self.other_category)
        self.silver.with_user(self.manager).category_id = False
        self.assertFalse(self.partner.category_id)
        self.assertFalse(self.env["wecom.tag.marking"].search([]))

    def test_the_contact_finds_another_partner(self):
        self.tag_in_wecom("Gold")
        other = self.env["res.partner"].create({"name": "Other Li"})
        self.li.with_user(self.manager).partner_id = other
        self.assertEqual(
            (self.partner.category_id, other.category_id), (self.env["res.partner.category"], self.category)
        )

    def test_deleted_tag(self):
        group = self.env["wecom.tag.group"].with_user(self.manager)
        made = group.create(
            {"name": "Own", "tag_ids": [Command.create({"name": "A", "category_id": self.category.id})]}
        )
        self.assertEqual(made.tag_ids.category_id, self.category)
        self.in_wecom(self.external_userid).follows["anna"].tag_ids = (made.tag_ids.external_id,)
        self.synchronise()
        self.assertEqual(self.partner.category_id, self.category)
        made.tag_ids._delete_in_wecom()
        self.assertFalse(self.partner.category_id)

    def test_lost_contact(self):
        self.tag_in_wecom("Gold")
        self.li.follow_ids.status = "deleted_by_member"
        self.env["wecom.contact"]._apply_tag_categories(self.li.ids)
        self.assertFalse(self.partner.category_id)

    def test_a_person_without_a_wecom_group_may_tag_partners(self):
        seller = new_test_user(
            self.env,
            login="wecom_none",
            groups="base.group_user,base.group_partner_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.partner.with_user(seller).category_id = self.category
        self.assertEqual(len(self.queued()), 2)
        self.assertEqual(self.queued().marking_id.origin, "category")
        self.assertEqual(self.queued().marking_id.user_id, seller)

    def test_who_may_link(self):
        with self.assertRaises(AccessError):
            self.gold.with_user(self.user).category_id = False
        self.assertNotIn("wecom_category_ids", self.env["res.partner"].with_user(self.administrator).fields_get())

    def test_a_bounded_number_of_statements(self):
        partners = self.env["res.partner"].create([{"name": f"P{n}"} for n in range(300)])
        contacts = self.env["wecom.contact"].create(
            [
                {"corp_id": self.corp.id, "external_userid": f"wm{n}", "name": "x", "partner_id": partner.id}
                for n, partner in enumerate(partners)
            ]
        )
        follows = [{"contact_id": contact.id, "member_id": self.member("anna").id} for contact in contacts]
        self.env["wecom.follow"].create(follows)

        def statements(some, category):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            some.category_id = category
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        statements(partners[:1], self.category)
        few = statements(partners[1:3], self.category)
        self.assertLessEqual(statements(partners[3:], self.category), few + 5)
        self.assertEqual(len(self.queued()), 300)
        self.assertEqual(len(self.env["wecom.tag.marking"].search([])), 3)
