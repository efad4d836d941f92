import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .exclusion import exclusion_case
from .moment_exclusion import MOMENT_EXCLUSION_RULES
from .partner_audience import read_domain, search_partners
from .wecom_broadcast_audience import GROUP_USER

FOLLOWED = SQL("follow.status = 'active'")
NOT_INTERESTED = SQL("COALESCE(contact.no_moments_until > now() AT TIME ZONE 'UTC', FALSE)")


class WecomMomentEstimate(models.Model):
    """Who would be asked, who may see it, who not and why: one statement over contacts or partners."""

    _inherit = "wecom.moment"

    estimate_counts = fields.Json(compute="_compute_estimate", help="Customers by reason; the empty one may see it.")
    estimate_member_count = fields.Integer("Members Who Would Be Asked", compute="_compute_estimate")
    estimate_may_see_count = fields.Integer("Customers Who May See It", compute="_compute_estimate")
    estimate_opted_out_count = fields.Integer(
        "Would See It Against Their Wish", compute="_compute_estimate", help="WeCom cannot leave them out here."
    )
    estimate_not_interested_count = fields.Integer(
        "Would See It Though Not Interested", compute="_compute_estimate", help="WeCom cannot leave them out here."
    )
    estimate_lines = fields.Json(compute="_compute_estimate_lines", help="Who may see it, and who not and why.")

    @api.depends(
        "corp_id",
        "user_id",
        "post_type",
        "member_id",
        "audience_mode",
        "member_ids",
        "department_ids",
        "tag_ids",
        "partner_domain",
    )
    def _compute_estimate(self):
        for moment in self:
            members, unwilling, counts = moment._estimate_or_nothing()
            moment.estimate_member_count = members
            moment.estimate_opted_out_count, moment.estimate_not_interested_count = unwilling
            moment.estimate_counts = counts
            moment.estimate_may_see_count = counts.get("", 0)

    @api.depends("estimate_counts")
    def _compute_estimate_lines(self):
        for moment in self:
            moment.estimate_lines = moment._estimate_report()

    def _estimate_report(self):
        """Return one dict per reason, those who may see it first: code, label, meaning, action, count, share."""
        counts, translate = self.estimate_counts or {}, self.env._
        total = sum(counts.values())
        lines = [
            {
                "code": "",
                "label": translate("May see it"),
                "meaning": translate("Followed by a member who is asked; he sees it once that member has published."),
                "action": "",
                "count": counts.get("", 0),
            }
        ]
        lines += [
            {
                "code": rule.code,
                "label": translate(rule.label),
                "meaning": translate(rule.meaning),
                "action": translate(rule.action),
                "count": counts[rule.code],
            }
            for rule in MOMENT_EXCLUSION_RULES
            if counts.get(rule.code)
        ]
        return [dict(line, share=100 * line["count"] / total if total else 0) for line in lines]

    def _estimate_or_nothing(self):
        """Return :meth:`_estimate`, zeros while the audience is half chosen: publishing explains what is missing."""
        if not self.corp_id:
            return 0, (0, 0), {}
        try:
            with self.env.cr.savepoint():
                return self._estimate()
        except (UserError, psycopg2.DataError, ValueError):
            return 0, (0, 0), {}

    def _estimate(self):
        """Return who is asked and who sees it, as numbers.

        These are: members asked; of those who may see it, how many opted out and how many are not interested; and
        {reason or "": customers}.
        """
        self.ensure_one()
        judged = self._judged_sql()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """WITH %s
                   SELECT exclusion, count(*), count(*) FILTER (WHERE opted_out),
                          count(*) FILTER (WHERE not_interested),
                          (SELECT count(DISTINCT member_id) FROM judged, unnest(sender_ids) AS member_id
                            WHERE judged.exclusion IS NULL)
                     FROM judged GROUP BY exclusion""",
                judged,
            )
        )
        counts = {code or "": count for code, count, *_others in rows}
        [unwilling] = [tuple(row[2:4]) for row in rows if not row[0]] or [(0, 0)]
        return (rows[0][4] if rows else 0), unwilling, counts

    def _judged_sql(self):
        """Return the common table expressions that end in ``judged``: one row per partner and contact, with its reason.

        ``candidate`` has the columns the exclusion rules speak of; ``sender_ids`` are the members who would show it to
        him, ``follow_ids`` their follows.
        """
        return SQL(
            """audience AS MATERIALIZED (%(audience)s),
               reach AS (
                   SELECT audience.contact_id,
                          bool_or(%(followed)s) AS followed,
                          bool_or(follow.status = 'half') AS half,
                          bool_or(follow.status = 'deleted_by_customer') AS deleted_by_customer,
                          bool_or(%(followed)s AND member.status != 'left') AS employed,
                          bool_or(%(askable)s) AS askable,
                          array_agg(follow.member_id) FILTER (WHERE %(asked)s) AS sender_ids,
                          array_agg(follow.id) FILTER (WHERE %(asked)s) AS follow_ids
                     FROM audience
                     JOIN wecom_follow follow ON follow.contact_id = audience.contact_id
                     JOIN wecom_member member ON member.id = follow.member_id
                 GROUP BY audience.contact_id
               ),
               candidate AS (
                   SELECT audience.*, sender_ids, follow_ids,
                          COALESCE(followed, FALSE) AS followed, COALESCE(half, FALSE) AS half,
                          COALESCE(deleted_by_customer, FALSE) AS deleted_by_customer,
                          COALESCE(employed, FALSE) AS employed, COALESCE(askable, FALSE) AS askable,
                          sender_ids IS NOT NULL AS chosen
                     FROM audience
                LEFT JOIN reach ON reach.contact_id = audience.contact_id
               ),
               judged AS (SELECT *, %(exclusion)s AS exclusion FROM candidate)""",
            audience=self._candidates_sql(),
            followed=FOLLOWED,
            askable=self._askable_sql(),
            asked=SQL("%s AND %s AND %s", self._askable_sql(), self._chosen_members_sql(), self._tagged_sql()),
            exclusion=exclusion_case(MOMENT_EXCLUSION_RULES),
        )

    def _candidates_sql(self):
        """Return the customers meant: the partners of the list, or the contacts of the corp, with the chosen tags."""
        corp = self.corp_id._origin.id
        if self.audience_mode == "partners":
            return SQL(
                """SELECT partner.id AS partner_id, COALESCE(partner.wecom_opt_out, FALSE) AS opted_out,
                          %(not_interested)s AS not_interested,
                          COALESCE(partner.industry_id = ANY(%(forbidden)s), FALSE) AS forbidden_industry,
                          contact.id AS contact_id, TRUE AS listed,
                          contact.id IS NULL AND partner.id IN (%(waiting)s) AS awaiting_match
                     FROM res_partner partner
                LEFT JOIN wecom_contact contact ON contact.partner_id = partner.id AND contact.corp_id = %(corp)s
                    WHERE partner.id IN %(partners)s""",
                waiting=self.env["wecom.contact"]._awaiting_partners_sql(self.corp_id._origin),
                not_interested=NOT_INTERESTED,
                forbidden=self.corp_id.moment_forbidden_industry_ids._origin.ids,
                corp=corp,
                partners=self._partner_query().subselect(),
            )
        tagged = SQL("TRUE")
        if self.audience_mode == "tags":
            tagged = SQL(
                "EXISTS (SELECT FROM wecom_follow follow WHERE follow.contact_id = contact.id AND %s)",
                self._tagged_sql(),
            )
        return SQL(
            """SELECT contact.partner_id, COALESCE(partner.wecom_opt_out, FALSE) AS opted_out,
                      %s AS not_interested, FALSE AS forbidden_industry, contact.id AS contact_id,
                      FALSE AS listed, FALSE AS awaiting_match
                 FROM wecom_contact contact
            LEFT JOIN res_partner partner ON partner.id = contact.partner_id
                WHERE contact.corp_id = %s AND %s""",
            NOT_INTERESTED,
            corp,
            tagged,
        )

    def _partner_query(self):
        """Return the query of the partners meant. Raises a UserError when the filter or the user cannot be used."""
        user, company = self.user_id, self.corp_id.company_id
        if not user.active or not user.has_group(GROUP_USER) or company not in user.company_ids:
            raise UserError(
                self.env._(
                    "%(user)s may not publish moments for %(company)s. Choose another responsible user.",
                    user=user.name,
                    company=company.name,
                )
            )
        return search_partners(user, company, read_domain(self.env, self.partner_domain))

    def _askable_sql(self):
        """Return whether a member, with his follow, may be asked to publish this moment."""
        allowed = SQL("member.may_post_moment" if self.post_type == "employee" else "member.may_be_asked_moment")
        return SQL("%s AND member.status = 'active' AND %s", FOLLOWED, allowed)

    def _chosen_members_sql(self):
        """Return whether a member is one of those chosen for this moment."""
        members = self._chosen_members()
        return SQL("TRUE") if members is None else SQL("member.id = ANY(%s)", members.ids)

    def _chosen_members(self):
        """Return the members chosen to publish this moment; None when everybody is meant."""
        if self.post_type == "employee":
            return self.member_id._origin
        if self.audience_mode == "all" or not (self.member_ids or self.department_ids):
            return None
        below = [("department_ids", "child_of", self.department_ids._origin.ids)]
        return self.member_ids._origin | self.env["wecom.member"].search(below)

    def _tagged_sql(self):
        """Return whether a follow carries one of the chosen tags, TRUE when none are chosen."""
        if self.audience_mode != "tags":
            return SQL("TRUE")
        return SQL(
            "EXISTS (SELECT FROM wecom_follow_tag_rel tagged WHERE tagged.follow_id = follow.id AND tag_id = ANY(%s))",
            self.tag_ids._origin.ids,
        )

    def _senders(self):
        """Return the members this moment asks: those who would show it to at least one customer."""
        judged = self._judged_sql()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "WITH %s SELECT DISTINCT unnest(sender_ids) FROM judged WHERE exclusion IS NULL ORDER BY 1",
                judged,
            )
        )
        return self.env["wecom.member"].browse(member_id for (member_id,) in rows)

    def action_view_reason(self, code):
        """Open the contacts, or the partners without one, that a reason holds for; "" those who may see it."""
        self.ensure_one()
        judged = self._judged_sql()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "WITH %s SELECT partner_id, contact_id FROM judged WHERE exclusion IS NOT DISTINCT FROM %s",
                judged,
                code or None,
            )
        )
        contacts = [contact_id for _partner_id, contact_id in rows if contact_id]
        model, ids = ("wecom.contact", contacts) if contacts else ("res.partner", [partner for partner, _c in rows])
        label = next((line["label"] for line in self._estimate_report() if line["code"] == code), "")
        return {
            "type": "ir.actions.act_window",
            "name": label,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", ids)],
            "context": {"create": False},
        }
