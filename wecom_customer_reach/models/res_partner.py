from odoo import api, fields, models
from odoo.fields import Domain

from .wecom_follow import ALIVE_FOLLOW_STATUSES

USER = "wecom_customer_reach.group_wecom_user"

WECOM_STATUSES = [
    ("none", "Not in WeCom"),
    ("active", "In WeCom"),
    ("lost", "Lost on WeCom"),
    ("to_match", "To match"),
]
REACHING_FOLLOW = Domain(
    [("status", "=", "active"), ("member_id.status", "=", "active"), ("member_id.may_broadcast", "=", True)]
)
HAS_CONTACT = Domain("wecom_contact_ids", "any", Domain.TRUE)
IS_ACTIVE = Domain("wecom_contact_ids", "any", [("status", "=", "active")])
IS_CANDIDATE = Domain("wecom_candidate_contact_ids", "any", [("match_state", "=", "to_match")])
STATUS_DOMAINS = {
    "active": IS_ACTIVE,
    "to_match": IS_CANDIDATE & ~IS_ACTIVE,
    "lost": HAS_CONTACT & ~IS_ACTIVE & ~IS_CANDIDATE,
    "none": ~HAS_CONTACT & ~IS_CANDIDATE,
}


class ResPartner(models.Model):
    """What WeCom knows of a partner. A user sees of it what the record rules of contacts and follows let him see."""

    _inherit = "res.partner"

    wecom_contact_ids = fields.One2many("wecom.contact", "partner_id", string="WeCom Contacts", groups=USER)
    wecom_candidate_contact_ids = fields.Many2many(
        "wecom.contact",
        "wecom_contact_candidate_rel",
        "partner_id",
        "contact_id",
        string="Possible WeCom Contacts",
        groups=USER,
        readonly=True,
        copy=False,
    )
    wecom_unionid = fields.Char(
        string="WeChat Union ID",
        index="btree_not_null",
        copy=False,
        groups=USER,
        help="Identifies a WeChat user in the official accounts, mini programs and WeCom corp of one company.",
    )
    wecom_opt_out = fields.Boolean(
        string="No WeCom Broadcasts",
        tracking=True,
        groups=USER,
        help="The customer does not want broadcasts: he is left out of every one.",
    )
    wecom_external_userids = fields.Char(
        string="External User IDs",
        compute="_compute_wecom_contacts",
        search="_search_wecom_external_userids",
        groups=USER,
    )
    wecom_status = fields.Selection(
        WECOM_STATUSES,
        string="WeCom",
        compute="_compute_wecom_contacts",
        search="_search_wecom_status",
        groups=USER,
    )
    wecom_follow_ids = fields.Many2many(
        "wecom.follow", string="WeCom Follows", compute="_compute_wecom_follows", groups=USER
    )
    wecom_member_ids = fields.Many2many(
        "wecom.member",
        string="WeCom Members",
        compute="_compute_wecom_follows",
        search="_search_wecom_member_ids",
        groups=USER,
        help="Members who follow the customer now.",
    )
    wecom_tag_ids = fields.Many2many(
        "wecom.tag",
        string="WeCom Tags",
        compute="_compute_wecom_follows",
        search="_search_wecom_tag_ids",
        groups=USER,
    )
    wecom_reachable = fields.Boolean(
        string="Reachable by WeCom",
        compute="_compute_wecom_follows",
        search="_search_wecom_reachable",
        groups=USER,
        help="Followed by a member who may broadcast, and not opted out.",
    )

    _wecom_phone_sanitized_idx = models.Index("(phone_sanitized) WHERE phone_sanitized IS NOT NULL")
    _wecom_phone_digits_idx = models.Index(
        r"(regexp_replace(phone, '\D', '', 'g')) WHERE phone IS NOT NULL AND phone_sanitized IS NULL"
    )

    @api.depends("wecom_contact_ids.status", "wecom_contact_ids.external_userid", "wecom_candidate_contact_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_wecom_contacts(self):
        contacts = {
            partner: (external_userids, set(statuses))
            for partner, external_userids, statuses in self.env["wecom.contact"]._read_group(
                [("partner_id", "in", self.ids)],
                ["partner_id"],
                ["external_userid:array_agg", "status:array_agg"],
            )
        }
        candidates = dict(
            self.env["wecom.contact"]._read_group(
                [("candidate_partner_ids", "in", self.ids), ("match_state", "=", "to_match")],
                ["candidate_partner_ids"],
                ["__count"],
            )
        )
        for partner in self:
            external_userids, statuses = contacts.get(partner._origin, ([], set()))
            partner.wecom_external_userids = ", ".join(sorted(external_userids)) or False
            if "active" in statuses:
                partner.wecom_status = "active"
            elif partner._origin in candidates:
                partner.wecom_status = "to_match"
            else:
                partner.wecom_status = "lost" if statuses else "none"

    @api.depends(
        "wecom_contact_ids.follow_ids.status",
        "wecom_contact_ids.follow_ids.tag_ids",
        "wecom_contact_ids.follow_ids.member_id.status",
        "wecom_contact_ids.follow_ids.member_id.may_broadcast",
        "wecom_opt_out",
    )
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_wecom_follows(self):
        follows_by_partner = self.env["wecom.follow"]._follows_by("contact_id.partner_id", self.ids)
        for partner in self:
            follows = follows_by_partner[partner._origin.id]
            alive = follows.filtered(lambda follow: follow.status in ALIVE_FOLLOW_STATUSES)
            partner.wecom_follow_ids = follows
            partner.wecom_member_ids = alive.member_id
            partner.wecom_tag_ids = alive.tag_ids
            partner.wecom_reachable = not partner.wecom_opt_out and bool(follows.filtered_domain(REACHING_FOLLOW))

    @api.model
    def _search_wecom_external_userids(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain("wecom_contact_ids", "any", [("external_userid", operator, value)])
        return found | ~HAS_CONTACT if operator == "in" and False in value else found

    @api.model
    def _search_wecom_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(STATUS_DOMAINS.get(status, Domain.FALSE) for status in value)

    @api.model
    def _search_wecom_member_ids(self, operator, value):
        return self._domain_through_wecom_contacts("member_ids", operator, value)

    @api.model
    def _search_wecom_tag_ids(self, operator, value):
        return self._domain_through_wecom_contacts("tag_ids", operator, value)

    @api.model
    def _domain_through_wecom_contacts(self, field, operator, value):
        """Return the domain of partners with a contact whose ``field`` satisfies the condition."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain("wecom_contact_ids", "any", Domain(field, operator, value))
        if operator == "in" and False in value:
            found |= ~Domain("wecom_contact_ids", "any", Domain(field, "!=", False))
        return found

    @api.model
    def _search_wecom_reachable(self, operator, value):
        if operator != "in":
            return NotImplemented
        reachable = Domain("wecom_opt_out", "=", False) & Domain(
            "wecom_contact_ids", "any", Domain("follow_ids", "any", REACHING_FOLLOW)
        )
        return Domain.OR(reachable if wanted else ~reachable for wanted in value)

    def unlink(self):
        """A person who deletes a customer does not want the next synchronisation to make him again."""
        contacts = self.env["wecom.contact"].sudo().search([("partner_id", "in", self.ids)])
        done = super().unlink()
        contacts.write({"partner_id": False})
        return done

    def action_wecom_contacts(self):
        """Show how WeCom knows this partner: his contacts, or those that may be his."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_contact_action")
        domain = [("partner_id", "=", self.id)]
        if self.wecom_status == "to_match":
            action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_contact_action_to_match")
            domain = [("candidate_partner_ids", "in", self.ids), ("match_state", "=", "to_match")]
        return {**action, "domain": domain, "context": {}}
