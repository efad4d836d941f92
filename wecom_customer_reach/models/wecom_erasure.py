import hashlib
import secrets

from odoo import fields, models
from odoo.tools import SQL

PSEUDONYM = "erased:"
"""Stands before the hash where a result that WeCom still changes has to be found again."""


class WecomErasure(models.Model):
    """That a customer was erased, as a salted hash: nothing that WeCom tells later brings him back.

    It names nobody. Whoever deletes the row allows the customer to come back with the next synchronisation.
    """

    _name = "wecom.erasure"
    _description = "WeCom Erasure"
    _order = "id desc"
    _rec_name = "create_date"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    contact_hash = fields.Char(required=True, readonly=True, groups=fields.NO_ACCESS)

    _corp_hash_uniq = models.UniqueIndex("(corp_id, contact_hash)")


class WecomCorp(models.Model):
    """Knows whom it must not keep."""

    _inherit = "wecom.corp"

    erasure_salt = fields.Char(groups=fields.NO_ACCESS, copy=False, help="Made for the first customer erased.")

    def _erasure_hashes(self, external_userids):
        """Return {external_userid: hash}; an empty one while nobody of this corp has been erased."""
        self.ensure_one()
        salt = self.sudo().erasure_salt
        if not salt:
            return {}
        return {
            external_userid: hashlib.sha256(f"{salt}{external_userid}".encode()).hexdigest()
            for external_userid in external_userids
        }

    def _erased(self, external_userids):
        """Return {external_userid: pseudonym} of those who were erased: one statement for any number, mostly none."""
        hashes = self._erasure_hashes(external_userids)
        if not hashes:
            return {}
        self.env["wecom.erasure"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT contact_hash FROM wecom_erasure WHERE corp_id = %s AND contact_hash = ANY(%s)",
                self.id,
                list(hashes.values()),
            )
        )
        known = {contact_hash for (contact_hash,) in rows}
        return {
            external_userid: f"{PSEUDONYM}{contact_hash}"
            for external_userid, contact_hash in hashes.items()
            if contact_hash in known
        }

    def _remember_erasure(self, external_userids):
        """Note that these customers are erased; return {external_userid: pseudonym}."""
        corp = self.sudo()
        if not corp.erasure_salt:
            corp.erasure_salt = secrets.token_hex(16)
        hashes = corp._erasure_hashes(external_userids)
        known = corp._erased(external_userids)
        self.env["wecom.erasure"].sudo().create(
            [
                {"corp_id": corp.id, "contact_hash": contact_hash}
                for external_userid, contact_hash in hashes.items()
                if external_userid not in known
            ]
        )
        return corp._erased(external_userids)

    def _under_pseudonyms(self, rows):
        """Return WeCom's rows of results, with pseudonyms in place of the customers who were erased."""
        told = [row["external_userid"] for row in rows if isinstance(row.get("external_userid"), str)]
        erased = self._erased(told)
        if not erased:
            return rows
        return [
            {**row, "external_userid": erased[userid]}
            if isinstance(userid := row.get("external_userid"), str) and userid in erased
            else row
            for row in rows
        ]
