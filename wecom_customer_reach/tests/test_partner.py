from lxml import etree

from odoo.tests import tagged

from .common import WecomCase

STATUSES = ("none", "active", "lost", "to_match")


@tagged("post_install", "-at_install")
class TestPartner(WecomCase):
    def setUp(self):
        super().setUp()
        self.anna = self.env["wecom.member"].create({"corp_id": self.corp.id, "userid": "anna", "name": "Anna"})
        group = self.env["wecom.tag.group"].create({"corp_id": self.corp.id, "external_id": "g", "name": "Level"})
        self.gold = self.env["wecom.tag"].create(
            {"corp_id": self.corp.id, "external_id": "t", "name": "Gold", "group_id": group.id}
        )
        self.category = self.env["res.partner.category"].create({"name": "Partner test"})
        self.number = 0

    def partner(self, name, follow_status=None, **follow):
        """Return a partner, with a contact whose only follow has this status."""
        self.number += 1
        partner = self.env["res.partner"].create({"name": name, "category_id": self.category.ids})
        if follow_status:
            contact = self.env["wecom.contact"].create(
                {
                    "corp_id": self.corp.id,
                    "external_userid": f"wm{self.number}",
                    "name": name,
                    "partner_id": partner.id,
                    "status": "active" if follow_status in ("active", "half") else "lost",
                }
            )
            self.env["wecom.follow"].create(
                {
                    "contact_id": contact.id,
                    "member_id": self.anna.id,
                    "status": follow_status,
                    "tag_ids": self.gold.ids,
                    **follow,
                }
            )
        return partner

    def candidate(self, name):
        partner = self.partner(name)
        self.env["wecom.contact"].create(
            {
                "corp_id": self.corp.id,
                "external_userid": f"candidate{self.number}",
                "name": name,
                "match_state": "to_match",
                "candidate_partner_ids": partner.ids,
            }
        )
        return partner

    def found(self, *domain):
        """Return the names that a manager finds among the partners of this test."""
        domain = [("category_id", "in", self.category.ids), *domain]
        return set(self.env["res.partner"].with_user(self.manager).search(domain).mapped("name"))

    def test_status_and_its_filters(self):
        partners = {
            "none": self.partner("none"),
            "active": self.partner("active", "active"),
            "lost": self.partner("lost", "deleted_by_member"),
            "to_match": self.candidate("to_match"),
        }
        for status, partner in partners.items():
            self.assertEqual(partner.with_user(self.manager).wecom_status, status)
            self.assertEqual(self.found(("wecom_status", "=", status)), {status})
            self.assertEqual(self.found(("wecom_status", "!=", status)), set(STATUSES) - {status})
        self.assertEqual(self.found(("wecom_status", "in", ["lost", "none"])), {"lost", "none"})
        self.assertEqual(self.found(("wecom_status", "not in", ["lost", "none"])), {"active", "to_match"})

    def test_one_living_contact_is_enough(self):
        partner = self.partner("Li", "deleted_by_member")
        living = self.partner("Other account", "active").wecom_contact_ids
        living.partner_id = partner
        self.assertEqual(partner.wecom_status, "active")
        self.assertEqual(partner.wecom_external_userids, "wm1, wm2")
        self.assertEqual(len(partner.wecom_follow_ids), 2)

    def test_reachable(self):
        active = self.partner("active", "active")
        self.partner("half", "half")
        self.partner("deleted", "deleted_by_customer")
        opted_out = self.partner("opted out", "active")
        opted_out.wecom_opt_out = True
        self.partner("nobody")
        reachable = {partner.name for partner in self.category.partner_ids if partner.wecom_reachable}
        self.assertEqual(reachable, {"active"})
        self.assertEqual(self.found(("wecom_reachable", "=", True)), {"active"})
        others = {"half", "deleted", "opted out", "nobody"}
        self.assertEqual(self.found(("wecom_reachable", "=", False)), others)
        self.assertEqual(self.found(("wecom_reachable", "!=", True)), others)
        self.assertEqual(self.found(("wecom_reachable", "in", [True, False])), others | {"active"})
        for change in ({"may_broadcast": False}, {"may_broadcast": True, "status": "left"}, {"status": "disabled"}):
            self.anna.write(change)
            self.assertFalse(active.wecom_reachable, change)
            self.assertFalse(self.found(("wecom_reachable", "=", True)), change)

    def test_members_tags_and_ids(self):
        partner = self.partner("Li", "active")
        self.partner("Lost", "deleted_by_member")
        self.partner("Nobody")
        self.assertEqual((partner.wecom_member_ids, partner.wecom_tag_ids), (self.anna, self.gold))
        for field, value in (("wecom_member_ids", self.anna), ("wecom_tag_ids", self.gold)):
            self.assertEqual(self.found((field, "in", value.ids)), {"Li"})
            self.assertEqual(self.found((field, "not in", value.ids)), {"Lost", "Nobody"})
            self.assertEqual(self.found((field, "ilike", value.name)), {"Li"})
            self.assertEqual(self.found((field, "=", False)), {"Lost", "Nobody"})
            self.assertEqual(self.found((field, "!=", False)), {"Li"})
        self.assertEqual(self.found(("wecom_external_userids", "=", "wm1")), {"Li"})
        self.assertEqual(self.found(("wecom_external_userids", "=", False)), {"Nobody"})

    def test_users_see_of_a_partner_what_their_members_know(self):
        partner = self.partner("Li", "active")
        as_user = partner.with_user(self.user)
        self.assertEqual((as_user.wecom_status, as_user.wecom_reachable), ("none", False))
        self.assertFalse(as_user.search([("id", "=", partner.id), ("wecom_status", "=", "active")]))
        self.anna.user_id = self.user
        self.env.invalidate_all()
        self.assertEqual((as_user.wecom_status, as_user.wecom_reachable), ("active", True))
        self.assertEqual(as_user.search([("id", "=", partner.id), ("wecom_status", "=", "active")]), partner)

    def test_other_companies_see_nothing(self):
        other = self.env["res.company"].create({"name": "Evening Light"})
        stranger = self.add_user("wecom_stranger", "wecom_customer_reach.group_wecom_manager")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        partner = self.partner("Li", "active").with_user(stranger)
        self.assertEqual((partner.wecom_status, partner.wecom_tag_ids.ids), ("none", []))

    def test_partner_is_merged_or_deleted_with_its_contacts_kept(self):
        partner = self.partner("Li", "active")
        contact = partner.wecom_contact_ids
        partner.unlink()
        self.assertRecordValues(contact, [{"partner_id": False, "match_state": "no_partner"}])

    def queries_of_view(self, model, view_type, records):
        """Return how many statements it takes to read what a view shows of these records, as the client asks for it."""
        Model = self.env[model].with_user(self.manager)
        view = Model.get_view(view_type=view_type)
        names = {node.get("name") for node in etree.fromstring(view["arch"]).iter("field")}
        specification = {
            name: {"fields": {"display_name": {}}} if Model._fields[name].relational else {}
            for name in names
            if name in Model._fields
        }
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        Model.browse(records.ids).web_read(specification)
        return self.env.cr.sql_log_count - before

    def test_statements_of_views_do_not_depend_on_the_rows(self):
        few = self.env["res.partner"].union(*(self.partner(f"few {number}", "active") for number in range(5)))
        many = self.env["res.partner"].union(*(self.partner(f"many {number}", "active") for number in range(50)))
        many |= self.env["res.partner"].union(*(self.partner(f"lost {number}", "handed_over") for number in range(5)))
        members = self.env["wecom.member"].create(
            [{"corp_id": self.corp.id, "userid": f"m{number}", "name": f"M {number}"} for number in range(50)]
        )
        for model, small, large in (
            ("res.partner", few, many),
            ("wecom.contact", few.wecom_contact_ids, many.wecom_contact_ids),
            ("wecom.member", members[:5], members),
        ):
            for view_type in ("list", "form"):
                self.queries_of_view(model, view_type, small)
                counts = [self.queries_of_view(model, view_type, records) for records in (small, large)]
                self.assertLessEqual(counts[1], counts[0] + 3, f"{view_type} of {model}")
