from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BATCH, FOLLOW_USERS, USER_GET, WecomCase

DAY = 24 * 3600


@tagged("post_install", "-at_install")
class TestSync(WecomCase):
    """What a person sees in Odoo after "Synchronise", while members and customers act in WeCom."""

    def row_versions(self):
        """Return which row version stands in each table of the mirror: another one means that a row was written."""
        versions = {}
        for table in ("wecom_member", "wecom_contact", "wecom_follow", "wecom_tag", "wecom_tag_group", "res_partner"):
            self.env.cr.execute(f"SELECT id, ctid::text FROM {table} ORDER BY id")  # pylint: disable=sql-injection
            versions[table] = self.env.cr.fetchall()
        self.env.cr.execute("SELECT follow_id, tag_id, ctid::text FROM wecom_follow_tag_rel ORDER BY 1, 2")
        versions["tags of follows"] = self.env.cr.fetchall()
        return versions

    def test_first_sync(self):
        group = self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold", "Silver"])
        gold = group["tag"][0]["id"]
        external_userid = self.add_customer(
            {
                "userid": "anna",
                "remark": "王芳 老客户",
                "remark_mobiles": ["138 1234 5678"],
                "tag_id": [gold],
                "add_way": 16,
                "state": "expo",
                "createtime": 1700000000,
            },
            name="芳芳",
            unionid="o1",
        )
        sync = self.synchronise()
        self.assertRecordValues(
            sync,
            [
                {
                    "state": "done",
                    "stage": "partners",
                    "progress": 100,
                    "contact_seen": 1,
                    "contact_created": 1,
                    "contact_changed": 0,
                    "follow_lost": 0,
                    "partner_created": 1,
                    "error_message": False,
                }
            ],
        )
        self.assertTrue(sync.ended_at)
        self.assertRecordValues(
            self.member("anna"), [{"name": "Anna", "status": "active", "may_broadcast": True, "follow_count": 1}]
        )
        contact = self.contact(external_userid)
        self.assertRecordValues(
            contact,
            [
                {
                    "name": "芳芳",
                    "contact_type": "wechat",
                    "unionid": "o1",
                    "status": "active",
                    "match_state": "matched",
                    "match_method": "created",
                }
            ],
        )
        self.assertEqual(contact.tag_ids.mapped("display_name"), ["Level: Gold"])
        self.assertRecordValues(
            contact.follow_ids,
            [{"remark": "王芳 老客户", "remark_mobiles": "138 1234 5678", "add_way": "16", "channel": "expo"}],
        )
        self.assertEqual(str(contact.follow_ids.followed_at), "2023-11-14 22:13:20")
        self.assertRecordValues(
            contact.partner_id, [{"name": "王芳 老客户", "phone": "+8613812345678", "wecom_unionid": "o1"}]
        )
        self.assertEqual(contact.partner_id.wecom_status, "active")
        self.assertTrue(contact.partner_id.wecom_reachable)

    def test_unchanged_sync_writes_nothing(self):
        tag = self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold"])["tag"][0]["id"]
        self.add_member("bruno")
        for number in range(120):
            self.add_customer(
                {"userid": "anna", "tag_id": [tag], "remark_mobiles": [f"138{number:08}"]}, "bruno", name=f"Li {number}"
            )
        self.synchronise()
        before = self.row_versions()
        sync = self.synchronise()
        self.assertEqual(sync.contact_seen, 240)
        self.assertEqual(sync.contact_created + sync.contact_changed + sync.partner_created, 0)
        self.assertEqual(self.row_versions(), before)

    def test_what_changed_is_written_and_nothing_else(self):
        changing, same = self.add_customer(name="Old name"), self.add_customer(name="Same")
        self.synchronise()
        before = dict(self.row_versions()["wecom_contact"])
        self.in_wecom(changing).name = "New name"
        sync = self.synchronise()
        after = dict(self.row_versions()["wecom_contact"])
        self.assertEqual(self.contact(changing).name, "New name")
        self.assertEqual(self.contact(changing).partner_id.name, "Old name", "the partner belongs to people")
        self.assertEqual(sync.contact_changed, 1)
        self.assertEqual(after[self.contact(same).id], before[self.contact(same).id])

    def test_deleted_by_the_member(self):
        external_userid = self.add_customer("anna")
        self.synchronise()
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=external_userid)
        sync = self.synchronise()
        contact = self.contact(external_userid)
        self.assertEqual(sync.follow_lost, 1)
        self.assertEqual(contact.follow_ids.status, "deleted_by_member")
        self.assertTrue(contact.follow_ids.lost_at)
        self.assertEqual((contact.status, contact.lost_at), ("lost", contact.follow_ids.lost_at))
        self.assertEqual(contact.partner_id.wecom_status, "lost")
        self.assertFalse(contact.member_ids)
        self.sandbox.post(f"/sandbox/customers/{external_userid}/add_member", userid="anna")
        self.synchronise()
        self.assertEqual((contact.status, contact.lost_at), ("active", False))
        self.assertEqual((contact.follow_ids.status, contact.follow_ids.lost_at), ("active", False))

    def test_customer_with_two_members_is_lost_with_the_last(self):
        self.add_member("bruno")
        external_userid = self.add_customer("anna", "bruno")
        self.synchronise()
        contact = self.contact(external_userid)
        self.assertEqual(contact.member_ids, self.member("anna") | self.member("bruno"))
        self.sandbox.post("/sandbox/members/anna/delete_customer", external_userid=external_userid)
        self.synchronise()
        self.assertEqual(contact.status, "active")
        self.assertEqual(contact.member_ids.userid, "bruno")
        self.sandbox.post("/sandbox/members/bruno/delete_customer", external_userid=external_userid)
        self.synchronise()
        self.assertEqual(contact.status, "lost")

    def test_deleted_by_the_customer_stays_so_until_he_comes_back(self):
        external_userid = self.add_customer("anna")
        self.synchronise()
        follow = self.contact(external_userid).follow_ids
        self.sandbox.post(f"/sandbox/customers/{external_userid}/delete_member", userid="anna")
        # A result of a broadcast shows it; WeCom goes on listing the follow.
        follow.write({"status": "deleted_by_customer", "lost_at": "2030-01-01 00:00:00"})
        self.env["wecom.contact"]._refresh_status(follow.contact_id.ids)
        self.in_wecom(external_userid).name = "Renamed"
        self.synchronise()
        self.assertEqual(follow.contact_id.name, "Renamed")
        self.assertEqual((follow.status, follow.contact_id.status), ("deleted_by_customer", "lost"))
        follow.lost_at = follow.followed_at
        self.sandbox.post("/sandbox/clock", advance=DAY)
        self.sandbox.post(f"/sandbox/customers/{external_userid}/add_member", userid="anna")
        self.synchronise()
        self.assertEqual((follow.status, follow.lost_at), ("active", False))
        self.assertEqual(follow.contact_id.status, "active")

    def test_member_leaves(self):
        external_userid = self.add_customer("anna")
        self.synchronise()
        anna = self.member("anna")
        self.sandbox.post("/sandbox/members/anna/leave")
        self.synchronise()
        self.assertRecordValues(anna, [{"status": "left"}])
        self.assertTrue(anna.left_at)
        contact = self.contact(external_userid)
        self.assertEqual(contact.status, "active", "the customer is not lost: he waits for another member")
        self.assertFalse(contact.partner_id.wecom_reachable)

    def test_member_returns_to_those_who_serve_customers(self):
        self.synchronise()
        self.sandbox.post("/sandbox/settings", visible_userids=[])
        self.synchronise()
        self.assertRecordValues(self.member("anna"), [{"status": "left"}])
        self.sandbox.post("/sandbox/settings", visible_userids=None)
        self.synchronise()
        self.assertRecordValues(self.member("anna"), [{"status": "active", "may_broadcast": True, "left_at": False}])

    def test_a_contact_that_is_deleted_takes_its_follows_along(self):
        external_userid = self.add_customer("anna")
        self.synchronise()
        follow = self.contact(external_userid).follow_ids
        self.contact(external_userid).unlink()
        self.assertFalse(follow.exists())

    def test_what_has_customers_is_kept(self):
        self.add_customer("anna")
        self.synchronise()
        for record in (self.member("anna"), self.corp):
            with self.assertRaisesRegex(UserError, "is kept"):
                record.unlink()

    def test_switched_off_member_stays_switched_off(self):
        self.synchronise()
        self.member("anna").may_broadcast = False
        self.sandbox.post("/sandbox/settings", visible_userids=[])
        self.synchronise()
        self.sandbox.post("/sandbox/settings", visible_userids=None)
        self.synchronise()
        self.assertRecordValues(self.member("anna"), [{"status": "active", "may_broadcast": False}])

    def test_unexpected_error_ends_the_run_in_plain_words(self):
        def broken(_sync, _listed):
            raise RuntimeError

        self.add_customer("anna")
        self.patch(type(self.env["wecom.sync"]), "_mirror_contacts", broken)
        with self.assertLogs("odoo.addons.wecom_customer_reach.models.wecom_sync", "ERROR"):
            sync = self.synchronise()
        self.assertEqual(sync.state, "failed")
        self.assertIn("unexpected", sync.error_message)

    def test_member_whose_details_are_not_visible(self):
        self.fault(USER_GET, errcode=60011)
        self.assertEqual(self.synchronise().state, "done")
        self.assertEqual(self.member("anna").name, "anna")

    def test_member_ids_differ_only_in_case(self):
        self.synchronise()
        self.member("anna").userid = "ANNA"
        external_userid = self.add_customer("anna")
        self.synchronise()
        self.assertEqual(self.contact(external_userid).member_ids.userid, "ANNA")

    def test_tags_come_and_go(self):
        group = self.sandbox.post("/sandbox/tags", group="Level", tags=["Gold"])
        gold = group["tag"][0]["id"]
        self.sandbox.post("/sandbox/tags", group="Skin", tags=["Dry", "Oily"])
        external_userid = self.add_customer({"userid": "anna", "tag_id": [gold]})
        self.synchronise()
        contact = self.contact(external_userid)
        self.assertEqual(contact.tag_ids.mapped("name"), ["Gold"])
        self.assertIn(contact, self.env["wecom.contact"].search([("tag_ids.name", "=", "Gold")]))
        tags = self.env["wecom.tag"].search([("corp_id", "=", self.corp.id)])
        self.assertEqual(set(tags.mapped("display_name")), {"Level: Gold", "Skin: Dry", "Skin: Oily"})
        self.sandbox.post("/sandbox/reset", scenario="empty")
        self.add_member("anna")
        self.synchronise()
        self.assertFalse(self.env["wecom.tag"].search([("corp_id", "=", self.corp.id)]))
        self.assertTrue(tags.exists(), "archived, not deleted")

    def test_tag_that_is_made_while_the_contacts_are_read(self):
        external_userid = self.add_customer("anna")

        def make_tag(sync):
            if sync.stage == "contacts" and not self.server.world.tags:
                new = self.sandbox.post("/sandbox/tags", group="Level", tags=["New"])["tag"][0]["id"]
                self.in_wecom(external_userid).follows["anna"].tag_ids = (new,)

        sync = self.start()
        self.step_by_step(sync, make_tag)
        self.assertEqual(sync.state, "done")
        contact = self.contact(external_userid)
        self.assertFalse(contact.tag_ids.filtered("active"), "nobody knows the tag's name yet")
        self.synchronise()
        self.assertEqual(contact.tag_ids.mapped("display_name"), ["Level: New"])

    def test_many_members_are_read_a_hundred_at_a_time(self):
        for number in range(249):
            self.add_member(f"m{number:03}")
        customers = [self.add_customer(f"m{number:03}") for number in (0, 99, 100, 199, 200, 248)]
        sync = self.synchronise()
        self.assertEqual((sync.state, sync.contact_created, sync.member_total), ("done", 6, 250))
        self.assertEqual(self.sandbox.calls(BATCH), 3)
        self.assertEqual(self.env["wecom.contact"].search_count([("external_userid", "in", customers)]), 6)
        self.sandbox.post("/sandbox/members/m000/delete_customer", external_userid=customers[0])
        self.sandbox.post("/sandbox/members/m248/delete_customer", external_userid=customers[-1])
        self.assertEqual(self.synchronise().follow_lost, 2)

    def test_nobody_listed(self):
        external_userid = self.add_customer("anna")
        self.synchronise()
        self.sandbox.post("/sandbox/settings", visible_userids=[])
        self.assertEqual(self.synchronise().state, "done")
        self.assertEqual(self.contact(external_userid).status, "active", "nobody said that the customer is lost")

    def test_statements_of_a_page_do_not_depend_on_its_rows(self):
        counts = []
        for customers in (5, 50):
            for number in range(customers):
                tags = self.sandbox.post("/sandbox/tags", group="Level", tags=[f"{customers}-{number}"])["tag"]
                self.add_customer({"userid": "anna", "tag_id": [tags[-1]["id"]]}, name=f"{customers}-{number}")
            before = self.env.cr.sql_log_count
            self.synchronise()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5)

    def test_two_companies(self):
        """A second company with the same corp ID keeps its own rows."""
        other = self.env["res.company"].create({"name": "Evening Light"})
        external_userid = self.add_customer("anna")
        self.synchronise()
        credentials = self.sandbox.get("/sandbox/credentials")
        second = self.env["wecom.corp"].create(
            {
                "name": "Second",
                "company_id": other.id,
                "corpid": credentials["corp_id"],
                "secret_input": credentials["secret"],
                "base_url": self.sandbox.url,
            }
        )
        second.action_synchronise()
        self.run_cron()
        contacts = self.env["wecom.contact"].search([("external_userid", "=", external_userid)])
        self.assertEqual(contacts.corp_id, self.corp | second)
        self.assertEqual(contacts.company_id, self.company | other)


@tagged("post_install", "-at_install")
class TestSyncNightly(WecomCase):
    def test_nightly_run_starts_by_itself(self):
        self.add_customer("anna")
        self.run_cron()
        sync = self.corp.sync_ids
        self.assertEqual((len(sync), sync.state), (1, "done"))
        self.run_cron()
        self.assertEqual(len(self.corp.sync_ids), 1, "once a night is enough")
        sync.started_at = "2020-01-01 00:00:00"
        self.run_cron()
        self.assertEqual(len(self.corp.sync_ids), 2)

    def test_corp_without_secret_is_left_out(self):
        self.corp.sudo().secret = False
        self.run_cron()
        self.assertFalse(self.corp.sync_ids)
        self.assertEqual(self.sandbox.calls(FOLLOW_USERS), 0)
