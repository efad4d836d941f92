from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from .cap_policy import cap_window, next_window_date


class WecomContactCaps(models.Model):
    """The ledger of the caps: what a customer has received in the counting window, what is left, when he is free again.

    It counts touches, so broadcasts made outside Odoo count as well.
    """

    _inherit = "wecom.contact"

    cap_used = fields.Integer("Received", compute="_compute_caps", help="Broadcasts received in the counting window.")
    cap_allowed = fields.Integer("Allowed", compute="_compute_caps", help="0: no cap is counted.")
    cap_left = fields.Integer("Left", compute="_compute_caps")
    cap_free_date = fields.Date(
        "Next Free Day", compute="_compute_caps", help="The first day, in Beijing, on which he can receive a broadcast."
    )
    cap_message = fields.Char("Broadcast Cap", compute="_compute_caps")
    cap_used_up = fields.Boolean(
        compute="_compute_cap_used_up", search="_search_cap_used_up", help="He can receive no broadcast now."
    )

    def _compute_caps(self):
        now = fields.Datetime.now()
        for corp, contacts in self.grouped("corp_id").items():
            policy = corp.cap_policy
            window = cap_window(policy, now)
            if not window:
                contacts.update(
                    {"cap_used": 0, "cap_allowed": 0, "cap_left": 0, "cap_free_date": False, "cap_message": False}
                )
                continue
            start, allowed = window
            used_by_contact = contacts._cap_used_since(start)
            for contact in contacts:
                used = used_by_contact.get(contact._origin.id, 0)
                contact.cap_used = used
                contact.cap_allowed = allowed
                contact.cap_left = max(allowed - used, 0)
                contact.cap_free_date = next_window_date(policy, now) if used >= allowed else False
                contact.cap_message = contact._cap_sentence(policy)

    def _compute_cap_used_up(self):
        for contact in self:
            contact.cap_used_up = bool(contact.cap_free_date)

    def _search_cap_used_up(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        self.env["wecom.broadcast.recipient"].flush_model()
        used_up = Domain.FALSE
        for corp in self.env["wecom.corp"].sudo().search([("company_id", "in", self.env.companies.ids)]):
            if window := cap_window(corp.cap_policy, now):
                start, allowed = window
                counted = SQL(
                    "(SELECT contact_id FROM (%s) counted WHERE date >= %s GROUP BY contact_id HAVING count(*) >= %s)",
                    self.env["wecom.touch"]._counted_sql(),
                    start,
                    allowed,
                )
                used_up |= Domain("corp_id", "=", corp.id) & Domain("id", "in", counted)
        return used_up if True in value else ~used_up

    def _cap_used_since(self, start):
        """Return {contact id: broadcasts received since ``start``, naive UTC}; who received none is missing."""
        self.env["wecom.broadcast.recipient"].flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """SELECT contact_id, count(*) FROM (%s) counted
                        WHERE contact_id = ANY(%s) AND date >= %s GROUP BY contact_id""",
                    self.env["wecom.touch"]._counted_sql(),
                    self._origin.ids,
                    start,
                )
            )
        )

    def _cap_sentence(self, policy):
        numbers = {"used": self.cap_used, "allowed": self.cap_allowed, "left": self.cap_left}
        if self.cap_free_date:
            return self.env._(
                "%(used)s of %(allowed)s broadcasts received: the cap is used up. Free again on %(date)s.",
                date=format_date(self.env, self.cap_free_date),
                **numbers,
            )
        if policy == "per_day":
            return self.env._("No broadcast received today; %(left)s left.", **numbers)
        if policy == "per_week":
            return self.env._("%(used)s of %(allowed)s broadcasts received this week; %(left)s left.", **numbers)
        return self.env._("%(used)s of %(allowed)s broadcasts received this month; %(left)s left.", **numbers)
