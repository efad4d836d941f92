from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

NUMBER = "+8613900001234"


@tagged("post_install", "-at_install")
class TestMatchingWorkers(BaseCase):
    """Two workers bind contacts at the same moment, in transactions that commit; the rows are deleted at the end."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self.delete_all)
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            corp = env["wecom.corp"].create({"name": "Two workers", "corpid": "ww_two_workers", "active": False})
            member = env["wecom.member"].create({"corp_id": corp.id, "userid": "anna", "name": "Anna"})
            contacts = env["wecom.contact"].create(
                [{"corp_id": corp.id, "external_userid": f"wm{name}", "name": name} for name in ("Li", "Wang")]
            )
            env["wecom.follow"].create(
                [{"contact_id": contact.id, "member_id": member.id, "remark_mobiles": NUMBER} for contact in contacts]
            )
            self.corp_id, self.contact_ids = corp.id, contacts.ids

    def delete_all(self):
        with self.registry.cursor() as cr:
            for table, column in (
                ("wecom_follow", "contact_id"),
                ("wecom_contact_candidate_rel", "contact_id"),
                ("wecom_contact", "id"),
            ):
                cr.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", (self.contact_ids,))  # pylint: disable=sql-injection
            for table in ("wecom_member", "wecom_access_token"):
                cr.execute(f"DELETE FROM {table} WHERE corp_id = %s", (self.corp_id,))  # pylint: disable=sql-injection
            cr.execute("DELETE FROM wecom_corp WHERE id = %s", (self.corp_id,))
            api.Environment(cr, SUPERUSER_ID, {})["res.partner"].search([("phone_sanitized", "=", NUMBER)]).unlink()

    def bind(self, cr, contact_id):
        """Bind one contact as the events and the synchronisation do; return (bound, newly created)."""
        corp = api.Environment(cr, SUPERUSER_ID, {})["wecom.corp"].browse(self.corp_id)
        return corp._match_contacts(corp._unmatched_contacts(1, contact_ids=[contact_id]))

    def test_one_number_becomes_one_partner(self):
        one, other = self.contact_ids
        with self.registry.cursor() as first, self.registry.cursor() as second:
            second.execute("SELECT 1")  # its view of the data is from before the first has written
            self.assertEqual(self.bind(first, one), (0, 1))
            self.assertFalse(self.is_free(), "whoever binds now has to wait")
            first.commit()
            self.assertTrue(self.is_free())
            with self.assertRaises(SerializationFailure):
                self.bind(second, other)
            second.rollback()
            self.assertEqual(self.bind(second, other), (0, 0), "done again, it sees the partner")
            second.commit()
            env = api.Environment(second, SUPERUSER_ID, {})
            partner = env["res.partner"].search([("phone_sanitized", "=", NUMBER)])
            contacts = env["wecom.contact"].browse(self.contact_ids)
            self.assertEqual(len(partner), 1)
            self.assertEqual(contacts.mapped("match_state"), ["matched", "to_match"])
            self.assertEqual(contacts[0].partner_id, contacts[1].candidate_partner_ids)

    def is_free(self):
        """Return whether another worker could bind contacts of the corp at this moment."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT pg_try_advisory_xact_lock(hashtext('wecom_matching'), %s)", (self.corp_id,))
            return cr.fetchone()[0]
