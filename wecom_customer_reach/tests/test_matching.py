from odoo.tests import BaseCase, tagged

from ..models.partner_matching import Candidates, UnmatchedContact, match
from ..models.phone_numbers import digits_as_typed, e164_forms, numbers_in_text, text_without_numbers
from .common import WecomCase


@tagged("post_install", "-at_install")
class TestPhoneNumbers(BaseCase):
    def test_forms_of_a_number(self):
        for number, country, forms in (
            ("13812345678", "CN", ["+8613812345678"]),
            ("138 1234 5678", None, ["+8613812345678"]),
            ("138-1234-5678", "CN", ["+8613812345678"]),
            ("+86 138 1234 5678", "US", ["+8613812345678"]),
            ("008613812345678", "CN", ["+8613812345678"]),
            ("8613812345678", "CN", ["+8613812345678"]),
            (" 13812345678 ", "BE", ["+8613812345678"]),
            ("0470 12 34 56", "BE", ["+32470123456"]),
            ("+32 470 12 34 56", "CN", ["+32470123456"]),
            ("13012345678", "US", ["+8613012345678", "+13012345678"]),
            ("010 6552 9988", "CN", ["+861065529988"]),
            ("10345678901", "CN", []),
            ("12345", "CN", []),
            ("no number", "CN", []),
            ("", None, []),
        ):
            self.assertEqual(list(e164_forms(number, country)), forms, (number, country))

    def test_numbers_inside_a_text(self):
        for text, numbers in (
            ("王芳 13812345678", ["13812345678"]),
            ("王芳13812345678老客户", ["13812345678"]),
            ("13812345678/13912345678", ["13812345678", "13912345678"]),
            ("+86 138 1234 5678 Li", ["+86 138 1234 5678"]),
            ("order 1381234567890", []),
            ("VIP 2024", []),
        ):
            self.assertEqual(list(numbers_in_text(text, "CN")), numbers, text)
        self.assertEqual(list(numbers_in_text("Jan +32 470 12 34 56", "BE")), ["+32 470 12 34 56"])

    def test_text_without_numbers(self):
        self.assertEqual(text_without_numbers("王芳 13812345678", "CN"), "王芳")
        self.assertEqual(text_without_numbers("13812345678-王芳（老客户）", "CN"), "王芳（老客户")
        self.assertEqual(text_without_numbers("13812345678", "CN"), "")

    def test_digits_as_typed(self):
        self.assertEqual(digits_as_typed("+8613812345678"), ["8613812345678", "008613812345678", "13812345678"])
        self.assertEqual(digits_as_typed("+32470123456"), ["32470123456", "0032470123456"])


@tagged("post_install", "-at_install")
class TestDecision(BaseCase):
    def decide(self, *contacts, unionids=None, numbers=None, taken=()):
        return match(contacts, Candidates(unionids or {}, numbers or {}, set(taken)))

    def contact(self, contact_id=1, unionid=None, mobiles=(), remark_numbers=()):
        return UnmatchedContact(contact_id, "Li", unionid, tuple(mobiles), tuple(remark_numbers), True)

    def test_union_id_comes_before_the_phone(self):
        contact = self.contact(unionid="o1", mobiles=["+861"])
        outcome = self.decide(contact, unionids={"o1": {7}}, numbers={"+861": {8}})
        self.assertEqual(outcome.matched, {1: (7, "unionid")})

    def test_mobiles_come_before_the_remark(self):
        contact = self.contact(mobiles=["+861"], remark_numbers=["+862"])
        self.assertEqual(self.decide(contact, numbers={"+861": {8}, "+862": {9}}).matched, {1: (8, "phone")})
        self.assertEqual(self.decide(contact, numbers={"+862": {9}}).matched, {1: (9, "phone")})

    def test_several_partners_wait_for_a_person(self):
        self.assertEqual(self.decide(self.contact(unionid="o1"), unionids={"o1": {7, 8}}).to_match, {1: {7, 8}})
        contact = self.contact(mobiles=["+861", "+862"])
        self.assertEqual(self.decide(contact, numbers={"+861": {7}, "+862": {8}}).to_match, {1: {7, 8}})

    def test_partner_of_another_contact_is_not_taken_over(self):
        outcome = self.decide(self.contact(mobiles=["+861"]), numbers={"+861": {7}}, taken=[7])
        self.assertEqual((outcome.matched, outcome.to_match), ({}, {1: {7}}))

    def test_two_contacts_that_claim_one_partner_both_wait(self):
        contacts = self.contact(1, mobiles=["+861"]), self.contact(2, remark_numbers=["+861"])
        outcome = self.decide(*contacts, numbers={"+861": {7}})
        self.assertEqual((outcome.matched, outcome.to_match), ({}, {1: {7}, 2: {7}}))

    def test_nobody_fits(self):
        contact = self.contact(mobiles=["+861"])
        self.assertEqual(self.decide(contact).without, [contact])


@tagged("post_install", "-at_install")
class TestMatching(WecomCase):
    """Partners who stand in Odoo already, contacts who come from WeCom."""

    def partner(self, **values):
        return self.env["res.partner"].create({"name": "Customer", **values})

    def matched(self, external_userid):
        """Return (state, method, partner) of a contact."""
        contact = self.contact(external_userid)
        return contact.match_state, contact.match_method, contact.partner_id

    def test_by_union_id(self):
        partner = self.partner(wecom_unionid="o1", phone="13800000000")
        external_userid = self.add_customer({"userid": "anna", "remark_mobiles": ["13900000000"]}, unionid="o1")
        sync = self.synchronise()
        self.assertEqual(self.matched(external_userid), ("matched", "unionid", partner))
        self.assertEqual((sync.partner_matched, sync.partner_created), (1, 0))
        self.assertEqual(partner.phone, "13800000000", "what a person typed stays")

    def test_by_phone_in_any_form(self):
        china = self.env.ref("base.cn").id
        for number, (typed, noted, country) in enumerate(
            (
                ("138 0000 0000", "13800000000", china),
                ("+86 138-0000-0001", "13800000001", False),
                ("13800000002", "+86 13800000002", False),
                ("(0086)13800000003", "138 0000 0003", False),
                ("13800000004", "13800000004", self.env.ref("base.be").id),
            )
        ):
            partner = self.partner(phone=typed, country_id=country)
            external_userid = self.add_customer({"userid": "anna", "remark_mobiles": [noted]}, name=f"Li {number}")
            self.synchronise()
            self.assertEqual(self.matched(external_userid), ("matched", "phone", partner), typed)
            self.assertEqual(partner.phone, typed)

    def test_two_new_contacts_with_one_number_are_one_new_partner(self):
        for _each in range(2):
            self.add_customer({"userid": "anna", "remark_mobiles": ["13800000000"]})
        sync = self.synchronise()
        first, second = self.env["wecom.contact"].search([("corp_id", "=", self.corp.id)], order="id")
        partner = self.env["res.partner"].search([("phone_sanitized", "=", "+8613800000000")])
        self.assertEqual(len(partner), 1)
        self.assertEqual((first.match_state, first.match_method, first.partner_id), ("matched", "created", partner))
        self.assertEqual((second.match_state, second.partner_id), ("to_match", self.env["res.partner"]))
        self.assertEqual(second.candidate_partner_ids, partner)
        self.assertEqual((sync.partner_created, sync.to_match_count), (1, 1))

    def test_by_number_in_the_remark(self):
        partner = self.partner(phone="+8613812345678")
        external_userid = self.add_customer({"userid": "anna", "remark": "王芳 13812345678"})
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("matched", "phone", partner))
        self.assertEqual(partner.name, "Customer")

    def test_learns_the_union_id(self):
        partner = self.partner(phone="+8613812345678")
        other = self.partner(phone="+8613812345679", wecom_unionid="typed by a person")
        self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]}, unionid="o1")
        self.add_customer({"userid": "anna", "remark_mobiles": ["13812345679"]}, unionid="o2")
        self.synchronise()
        self.assertEqual(partner.wecom_unionid, "o1")
        self.assertEqual(other.wecom_unionid, "typed by a person")

    def test_several_fit(self):
        partners = self.partner(phone="+8613812345678") | self.partner(phone="13812345678", name="Same phone")
        external_userid = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        sync = self.synchronise()
        contact = self.contact(external_userid)
        self.assertEqual(self.matched(external_userid), ("to_match", False, self.env["res.partner"]))
        self.assertEqual(contact.candidate_partner_ids, partners)
        self.assertEqual((sync.to_match_count, sync.partner_created), (1, 0))
        self.assertEqual(self.corp.to_match_count, 1)
        self.assertEqual(set(partners.mapped("wecom_status")), {"to_match"})
        contact.with_user(self.manager).partner_id = partners[0]
        self.assertEqual(self.matched(external_userid), ("matched", "manual", partners[0]))
        self.assertFalse(contact.candidate_partner_ids)
        self.assertEqual(partners.mapped("wecom_status"), ["active", "none"])
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("matched", "manual", partners[0]))

    def test_waiting_contact_matches_when_only_one_partner_is_left(self):
        one, two = self.partner(phone="+8613812345678"), self.partner(phone="+8613812345678")
        external_userid = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        self.synchronise()
        two.action_archive()
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("matched", "phone", one))
        self.assertFalse(self.contact(external_userid).candidate_partner_ids)

    def test_create_partner_although_candidates_exist(self):
        self.partner(phone="+8613812345678")
        self.partner(phone="+8613812345678")
        external_userid = self.add_customer({"userid": "anna", "remark": "小王 13812345678"})
        self.synchronise()
        contact = self.contact(external_userid)
        contact.with_user(self.manager).action_create_partner()
        self.assertEqual((contact.match_state, contact.match_method), ("matched", "created"))
        self.assertRecordValues(contact.partner_id, [{"name": "小王", "phone": "+8613812345678"}])
        self.assertFalse(contact.candidate_partner_ids)

    def test_left_without_partner_by_hand(self):
        external_userid = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        self.partner(phone="+8613812345678")
        self.partner(phone="+8613812345678")
        self.synchronise()
        self.contact(external_userid).with_user(self.manager).action_no_partner()
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("no_partner", "manual", self.env["res.partner"]))

    def test_partner_of_another_living_contact(self):
        partner = self.partner(phone="+8613812345678")
        first = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        self.synchronise()
        second = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        self.synchronise()
        self.assertEqual(self.matched(first), ("matched", "phone", partner))
        self.assertEqual(self.matched(second)[0], "to_match")
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=first)
        self.synchronise()
        self.assertEqual(self.matched(second), ("matched", "phone", partner), "he came back with another account")

    def test_only_partners_of_the_company_or_of_all(self):
        other = self.env["res.company"].create({"name": "Evening Light"})
        self.partner(phone="+8613812345678", company_id=other.id)
        own = self.partner(phone="+8613812345678", company_id=self.company.id)
        external_userid = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("matched", "phone", own))

    def test_addresses_of_a_partner_are_no_customers(self):
        partner = self.partner(phone="+8613812345678")
        self.partner(phone="+8613812345678", parent_id=partner.id, type="delivery")
        external_userid = self.add_customer({"userid": "anna", "remark_mobiles": ["13812345678"]})
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("matched", "phone", partner))

    def test_policy_match_only(self):
        self.corp.partner_policy = "match_only"
        external_userid = self.add_customer(name="Nobody yet")
        sync = self.synchronise()
        self.assertEqual(self.matched(external_userid), ("no_partner", False, self.env["res.partner"]))
        self.assertEqual(sync.partner_created, 0)
        self.corp.partner_policy = "create"
        self.synchronise()
        self.assertEqual(self.matched(external_userid)[:2], ("matched", "created"))

    def test_name_and_phone_of_a_new_partner(self):
        self.add_member("bruno")
        for follows, name, expected, phone in (
            ([{"userid": "anna", "remark": "王芳 13812345670"}], "芳芳", "王芳", "+8613812345670"),
            ([{"userid": "anna", "remark": "13812345671"}], "芳芳", "芳芳", "+8613812345671"),
            ([{"userid": "anna", "remark": "★"}], "芳芳", "芳芳", False),
            ([{"userid": "anna"}], "芳芳", "芳芳", False),
            (
                [
                    {"userid": "anna", "remark": "first", "createtime": 1600000000},
                    {
                        "userid": "bruno",
                        "remark": "second",
                        "createtime": 1500000000,
                        "remark_mobiles": ["+32470123456"],
                    },
                ],
                "芳芳",
                "second",
                "+32470123456",
            ),
        ):
            external_userid = self.add_customer(*follows, name=name)
            self.synchronise()
            self.assertRecordValues(
                self.contact(external_userid).partner_id, [{"name": expected, "phone": phone, "company_id": False}]
            )

    def test_deleted_partner_is_not_made_again(self):
        external_userid = self.add_customer()
        self.synchronise()
        self.contact(external_userid).partner_id.unlink()
        self.synchronise()
        self.assertEqual(self.matched(external_userid), ("no_partner", "manual", self.env["res.partner"]))

    def test_lost_contact_gets_no_new_partner(self):
        self.corp.partner_policy = "match_only"
        external_userid = self.add_customer()
        self.synchronise()
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=external_userid)
        self.corp.partner_policy = "create"
        self.synchronise()
        self.assertEqual(self.matched(external_userid)[0], "no_partner")

    def test_statements_do_not_depend_on_the_contacts(self):
        self.corp.partner_policy = "match_only"
        self.add_member("bruno")
        counts = []
        for customers in (5, 60):
            for number in range(customers):
                phone = f"139{customers:03}{number:05}"
                self.partner(phone=phone)
                self.add_customer({"userid": "anna", "remark_mobiles": [phone]}, name=f"{customers}-{number}")
            before = self.env.cr.sql_log_count
            sync = self.synchronise()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(sync.partner_matched, customers)
        self.assertLessEqual(counts[1], counts[0] + 5)
