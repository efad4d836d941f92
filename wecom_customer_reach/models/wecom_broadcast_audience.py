import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .partner_audience import read_domain, search_partners

GROUP_MANAGER = "wecom_customer_reach.group_wecom_manager"
GROUP_USER = "wecom_customer_reach.group_wecom_user"


class WecomBroadcastAudience(models.Model):
    """Who is meant: a query over partners, with the rights of the responsible user, never a list of ids."""

    _inherit = "wecom.broadcast"

    audience_count = fields.Integer("Audience", compute="_compute_audience_counts", help="Partners who match.")
    reachable_count = fields.Integer(
        "Reachable", compute="_compute_audience_counts", help="Customers who would receive this broadcast now."
    )
    reach_counts = fields.Json(
        compute="_compute_audience_counts",
        help="Number of customers by code of the rule that leaves them out; the empty code: those who receive it.",
    )

    @api.depends(
        "state",
        "planned_at",
        "corp_id",
        "user_id",
        "message_class",
        "partner_domain",
        "tag_any_ids",
        "tag_all_ids",
        "tag_none_ids",
        "member_ids",
        "retry_of_id",
        "sender_policy",
        "reach_report",
    )
    def _compute_audience_counts(self):
        for broadcast in self:
            audience_count, counts = broadcast._audience_counts()
            broadcast.audience_count = audience_count
            broadcast.reachable_count = (counts or {}).get("", 0)
            broadcast.reach_counts = counts or {}
            broadcast.reach_unknown = counts is None

    def _audience_counts(self):
        """Return (partners who match, number by reason): before sending as it is now, afterwards as planned.

        The reason is the code of an exclusion rule, empty for those who receive it. A large audience is only counted
        by the reach report; the numbers by reason are None until it has been worked out.
        """
        self.ensure_one()
        if self.planned_at:
            recipients = SQL("wecom_broadcast_recipient WHERE broadcast_id = %s", self._origin.id)
            [(audience,)] = self.env.execute_query(SQL("SELECT count(DISTINCT partner_id) FROM %s", recipients))
            counts = self.env.execute_query(SQL("SELECT exclusion, count(*) FROM %s GROUP BY exclusion", recipients))
            return audience, {code or "": count for code, count in counts}
        try:
            with self.env.cr.savepoint():
                query = self._audience_query()
                audience = len(query)
                if audience > self._live_reach_limit:
                    return audience, (self.reach_report or {}).get("counts")
                return audience, {code or "": count for code, count in self._live_reach().items()}
        except (UserError, psycopg2.DataError, ValueError):
            # Half-typed conditions or missing rights: sending explains them, the form only cannot count yet.
            return 0, {}

    @api.model
    def _read_domain(self, text):
        """Return the Domain over partners that ``text`` holds; raises a UserError when it cannot be read."""
        return read_domain(self.env, text)

    def _audience_domain(self):
        """Return the Domain over partners; raises a UserError when the stored one cannot be read."""
        self.ensure_one()
        domain = self._read_domain(self.partner_domain)
        corp = Domain("corp_id", "=", self.corp_id._origin.id)
        if tags := self.tag_any_ids._origin:
            domain &= Domain("wecom_contact_ids", "any", corp & Domain("tag_ids", "in", tags.ids))
        for tag in self.tag_all_ids._origin:
            domain &= Domain("wecom_contact_ids", "any", corp & Domain("tag_ids", "in", tag.ids))
        if tags := self.tag_none_ids._origin:
            domain &= Domain("wecom_contact_ids", "not any", corp & Domain("tag_ids", "in", tags.ids))
        if members := self.member_ids._origin:
            follow = Domain("member_id", "in", members.ids) & Domain("status", "=", "active")
            domain &= Domain("wecom_contact_ids", "any", corp & Domain("follow_ids", "any", follow))
        return domain & self._retry_domain()

    def _audience_query(self):
        """Return the query of the partners meant, seen with the rights of the responsible user in the corp's company.

        Raises a UserError when the filter cannot be used or the user may not use it.
        """
        self.ensure_one()
        user, company = self.user_id, self.corp_id.company_id
        if not user.active or not user.has_group(GROUP_USER) or company not in user.company_ids:
            raise UserError(
                self.env._(
                    "%(user)s may not send broadcasts for %(company)s. Choose another responsible user.",
                    user=user.name,
                    company=company.name,
                )
            )
        return search_partners(user, company, self._audience_domain())

    def _own_members(self):
        """Return the members the responsible user may send as; None when he may send as everybody (managers)."""
        self.ensure_one()
        if self.user_id.has_group(GROUP_MANAGER):
            return None
        return (
            self.env["wecom.member"]
            .sudo()
            .search([("corp_id", "=", self.corp_id._origin.id), ("user_id", "=", self.user_id.id)])
        )

    def _check_own_member(self):
        """Raise when a user who may only send to his own customers is not linked to a member."""
        members = self._own_members()
        if members is not None and not members:
            raise UserError(
                self.env._(
                    "%s is not linked to a WeCom member, so there are no customers to send to. Ask an administrator "
                    "to link them under Configuration, Members.",
                    self.user_id.name,
                )
            )
