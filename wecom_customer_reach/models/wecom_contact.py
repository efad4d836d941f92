from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .bulk_fields import UncheckedMany2one
from .phone_numbers import e164_forms, numbers_in_text, text_without_numbers
from .wecom_follow import ALIVE_FOLLOW_STATUSES


class WecomContact(models.Model):
    """An external contact of a corp: how WeCom knows a customer. Bound to the partner who is that customer.

    Written in bulk by the synchronisation, so it has neither log columns nor more foreign keys than it needs.
    """

    _name = "wecom.contact"
    _description = "WeCom Contact"
    _order = "name, id"
    _rec_names_search = ["name", "external_userid", "follow_ids.remark"]
    _check_company_auto = True
    _log_access = False

    corp_id = UncheckedMany2one("wecom.corp", required=True, readonly=True)
    company_id = fields.Many2one(related="corp_id.company_id")
    external_userid = fields.Char(string="External User ID", required=True, readonly=True)
    name = fields.Char(required=True, readonly=True, help="Nickname in WeChat, or name in WeCom.")
    contact_type = fields.Selection(
        [("wechat", "WeChat user"), ("wecom", "WeCom user")],
        string="Type",
        default="wechat",
        required=True,
        readonly=True,
    )
    gender = fields.Selection([("male", "Male"), ("female", "Female")], readonly=True)
    avatar_url = fields.Char(string="Avatar", readonly=True)
    unionid = fields.Char(string="Union ID", readonly=True)
    position = fields.Char(readonly=True)
    corp_name = fields.Char(string="Company of the Contact", readonly=True)
    partner_id = fields.Many2one("res.partner", index="btree_not_null", ondelete="set null", check_company=True)
    match_state = fields.Selection(
        [("new", "New"), ("matched", "Matched"), ("to_match", "To match"), ("no_partner", "No partner")],
        string="Matching",
        default="new",
        required=True,
        readonly=True,
    )
    match_method = fields.Selection(
        [("unionid", "Union ID"), ("phone", "Phone"), ("manual", "By hand"), ("created", "Created")],
        string="Matched By",
        readonly=True,
    )
    candidate_partner_ids = fields.Many2many(
        "res.partner",
        "wecom_contact_candidate_rel",
        "contact_id",
        "partner_id",
        string="Candidates",
        readonly=True,
        help="Partners who could be this contact; a person has to decide.",
    )
    follow_ids = fields.One2many("wecom.follow", "contact_id", string="Follows")
    member_ids = fields.Many2many(
        "wecom.member", string="Members", compute="_compute_from_follows", search="_search_member_ids"
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Odoo Users",
        compute="_compute_user_ids",
        compute_sudo=True,
        search="_search_user_ids",
        help="Users linked to a member who follows the contact, or did: they may see it.",
    )
    tag_ids = fields.Many2many(
        "wecom.tag", string="Corp Tags", compute="_compute_from_follows", search="_search_tag_ids"
    )
    status = fields.Selection(
        [("active", "Active"), ("lost", "Lost")],
        default="active",
        required=True,
        readonly=True,
        help="Lost: no member follows this contact any more.",
    )
    lost_at = fields.Datetime(string="Lost On", readonly=True)

    _corp_external_uniq = models.UniqueIndex("(corp_id, external_userid)", "This WeCom contact exists already.")

    @api.depends("follow_ids.status", "follow_ids.member_id", "follow_ids.tag_ids")
    def _compute_from_follows(self):
        follows_by_contact = self.env["wecom.follow"]._follows_by("contact_id", self.ids)
        for contact in self:
            follows = follows_by_contact[contact._origin.id]
            alive = follows.filtered(lambda follow: follow.status in ALIVE_FOLLOW_STATUSES)
            contact.member_ids = alive.member_id
            contact.tag_ids = alive.tag_ids

    @api.depends("follow_ids.member_id.user_id")
    def _compute_user_ids(self):
        """Not by way of ``follow_ids``.

        The record rule reads this with all rights; the cache of that field would then show what the user must not see.
        """
        follows_by_contact = self.env["wecom.follow"]._follows_by("contact_id", self.ids)
        for contact in self:
            contact.user_ids = follows_by_contact[contact._origin.id].member_id.user_id

    @api.model
    def _search_user_ids(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("follow_ids", "any!", Domain("member_id", "any!", Domain("user_id", "in", value)))

    @api.model
    def _search_member_ids(self, operator, value):
        return self._domain_through_follows("member_id", operator, value)

    @api.model
    def _search_tag_ids(self, operator, value):
        return self._domain_through_follows("tag_ids", operator, value)

    @api.model
    def _domain_through_follows(self, field, operator, value):
        """Return the domain of contacts with a living follow whose ``field`` satisfies the condition."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        alive = Domain("status", "in", ALIVE_FOLLOW_STATUSES)
        found = Domain("follow_ids", "any", alive & Domain(field, operator, value))
        if operator == "in" and False in value:
            found |= ~Domain("follow_ids", "any", alive & Domain(field, "!=", False))
        return found

    def write(self, vals):
        """A partner that is set or taken away by itself was so by a person: the synchronisation leaves it alone."""
        if vals.keys() - {"partner_id"} and not self.env.su:
            raise AccessError(self.env._("WeCom says who a contact is. Only his partner can be chosen here."))
        if "partner_id" in vals and "match_state" not in vals:
            vals = {
                **vals,
                "match_state": "matched" if vals["partner_id"] else "no_partner",
                "match_method": "manual",
                "candidate_partner_ids": [fields.Command.clear()],
            }
        return super().write(vals)

    def unlink(self):
        self.env["wecom.follow"].sudo().search([("contact_id", "in", self.ids)]).unlink()
        return super().unlink()

    def action_create_partner(self):
        """Create a partner for each contact that has none, although candidates exist."""
        self.check_access("write")
        without = self.filtered(lambda contact: not contact.partner_id)
        # Whoever may match contacts may make this decision, also without the right to create partners of his own.
        partners = self.env["res.partner"].sudo().create(without._partner_values()).sudo(False)
        for contact, partner in zip(without, partners, strict=True):
            contact.sudo().write(
                {
                    "partner_id": partner.id,
                    "match_state": "matched",
                    "match_method": "created",
                    "candidate_partner_ids": [fields.Command.clear()],
                }
            )
        return True

    def action_no_partner(self):
        """Decide that these contacts stay without a partner."""
        self.write({"partner_id": False})
        return True

    def action_open_partner(self):
        self.ensure_one()
        if not self.partner_id:
            raise UserError(self.env._("%(name)s has no partner yet. Pick one or create one.", name=self.name))
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    def _partner_values(self):
        """Return the values of a new partner for each of these contacts, in their order."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contact.id, contact.corp_id, contact.name, contact.unionid,
                       array_agg(follow.remark ORDER BY follow.followed_at, follow.id) AS remarks,
                       string_agg(follow.remark_mobiles, ',' ORDER BY follow.followed_at, follow.id) AS mobiles
                  FROM wecom_contact contact
             LEFT JOIN wecom_follow follow ON follow.contact_id = contact.id
                 WHERE contact.id = ANY(%s)
              GROUP BY contact.id
                """,
                self.ids,
            )
        )
        corps = self.env["wecom.corp"].browse({corp_id for _contact_id, corp_id, *_known in rows})
        countries = {corp.id: corp.company_id.country_id.code or None for corp in corps}
        values = {contact_id: self._partner_value(countries[corp_id], *known) for contact_id, corp_id, *known in rows}
        return [values[contact_id] for contact_id in self.ids]

    @api.model
    def _partner_value(self, country, name, unionid, remarks, mobiles):
        """Name by the first member's remark that holds a name, phone from what the members noted."""
        remarks = [remark for remark in remarks if remark]
        names = [text_without_numbers(remark, country) for remark in remarks]
        numbers = [number for number in (mobiles or "").split(",") if number]
        numbers += [number for remark in remarks for number in numbers_in_text(remark, country)]
        forms = [form for number in numbers for form in e164_forms(number, country)[:1]]
        return {
            "name": next((known for known in names if any(map(str.isalpha, known))), name),
            "phone": next(iter(forms), False),
            "wecom_unionid": unionid or False,
        }

    @api.model
    def _awaiting_partners_sql(self, corp):
        """Return a query of the ids of partners who may be a contact of ``corp`` that waits for a person to choose."""
        candidates = self._fields["candidate_partner_ids"]
        return SQL(
            """SELECT link.%(partner)s FROM %(table)s link
                 JOIN wecom_contact contact ON contact.id = link.%(contact)s
                WHERE contact.corp_id = %(corp)s AND contact.match_state = 'to_match'""",
            partner=SQL.identifier(candidates.column2),
            contact=SQL.identifier(candidates.column1),
            table=SQL.identifier(candidates.relation),
            corp=corp.id,
        )

    @api.model
    def _refresh_status(self, contact_ids):
        """Bring ``status`` and ``lost_at`` of these contacts in line with their follows, in one statement."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE wecom_contact contact
                   SET status = CASE WHEN fact.alive THEN 'active' ELSE 'lost' END,
                       lost_at = CASE WHEN fact.alive THEN NULL ELSE fact.lost_at END
                  FROM (SELECT contact_id, bool_or(status IN %(alive)s) AS alive, max(lost_at) AS lost_at
                          FROM wecom_follow
                         WHERE contact_id = ANY(%(ids)s)
                         GROUP BY contact_id) fact
                 WHERE contact.id = fact.contact_id
                   AND (contact.status = 'active') IS DISTINCT FROM fact.alive
                """,
                alive=ALIVE_FOLLOW_STATUSES,
                ids=list(contact_ids),
            )
        )
        self.env["wecom.contact"].invalidate_model(["status", "lost_at"])
