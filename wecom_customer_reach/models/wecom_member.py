from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..wecom_api import members
from ..wecom_api.errors import WeComError
from .wecom_follow import ALIVE_FOLLOW_STATUSES

STATUSES = {1: "active", 2: "disabled", 4: "not_activated", 5: "left"}
"""Of user/get (wecom-api.md § 3.1)."""
UNKNOWN_MEMBER_CODES = (60111, 60011, 60021, 40003)


class WecomMember(models.Model):
    """An employee who follows customers in WeCom."""

    _name = "wecom.member"
    _description = "WeCom Member"
    _order = "name, id"
    _rec_names_search = ["name", "userid"]
    _check_company_auto = True

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="corp_id.company_id", store=True, index=True)
    userid = fields.Char(string="User ID", required=True, readonly=True, help="Name of the member's account in WeCom.")
    name = fields.Char(required=True, readonly=True)
    position = fields.Char(readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Odoo User",
        index="btree_not_null",
        help="The user who sees the customers of this member and may send broadcasts to them.",
    )
    manager_user_id = fields.Many2one(
        "res.users",
        string="Manager",
        help="The user who is told when the member has not sent a broadcast by its deadline, if he may manage "
        "broadcasts. Empty: the user responsible for the broadcast.",
    )
    status = fields.Selection(
        [("active", "Active"), ("disabled", "Disabled"), ("not_activated", "Not activated"), ("left", "Left")],
        default="active",
        required=True,
        readonly=True,
        help="Left: WeCom no longer lists the member among those who serve customers.",
    )
    may_broadcast = fields.Boolean(default=True, help="Switch it off to leave the member out of broadcasts.")
    left_at = fields.Datetime(string="Left On", readonly=True)
    active = fields.Boolean(default=True)
    follow_ids = fields.One2many("wecom.follow", "member_id", string="Customers")
    follow_count = fields.Integer(string="Customers Now", compute="_compute_follow_count")

    _corp_userid_uniq = models.UniqueIndex("(corp_id, lower(userid))", "This member exists already.")
    _corp_user_uniq = models.UniqueIndex(
        "(corp_id, user_id) WHERE user_id IS NOT NULL", "This user is linked to another member of the corp already."
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_customers(self):
        if self.env["wecom.follow"].sudo().search_count([("member_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("A member with customers is kept: archive him instead of deleting him."))

    def _compute_follow_count(self):
        domain = Domain("member_id", "in", self.ids) & Domain("status", "in", ALIVE_FOLLOW_STATUSES)
        counts = dict(self.env["wecom.follow"]._read_group(domain, ["member_id"], ["__count"]))
        for member in self:
            member.follow_count = counts.get(member, 0)

    @api.depends("name", "status")
    def _compute_display_name(self):
        for member in self:
            left = member.status == "left"
            member.display_name = self.env._("%(name)s (left)", name=member.name) if left else member.name

    def _living_follow_count(self):
        """Return how many contacts these members follow now, a contact of two members counted twice."""
        return self.env["wecom.follow"].search_count(
            Domain("member_id", "in", self.ids) & Domain("status", "in", ALIVE_FOLLOW_STATUSES)
        )

    @api.model
    def _known_or_created(self, corp, userids):
        """Return {userid in lower case: member} for these members of ``corp``; unknown ones are created."""
        Member = self.with_context(active_test=False)
        wanted = {userid.lower(): userid for userid in userids}
        known = {member.userid.lower(): member for member in Member.search([("corp_id", "=", corp.id)])}
        missing = [userid for key, userid in wanted.items() if key not in known]
        created = Member.create([{"corp_id": corp.id, "userid": userid, "name": userid} for userid in missing])
        known |= {member.userid.lower(): member for member in created}
        return {key: known[key] for key in wanted}

    def _read_details(self, client):
        """Write what user/get tells of these members; those whom the app may not see there stay as they are."""
        for member in self:
            values = member._details(client)
            changes = {name: value for name, value in values.items() if member[name] != value}
            if changes:
                member.write(changes)

    def _details(self, client):
        try:
            answer = members.get_user(client, self.userid)
        except WeComError as error:
            if error.errcode in UNKNOWN_MEMBER_CODES:
                return {}
            raise
        return self._details_of(answer)

    def _details_of(self, answer):
        """Return the values of what user/get answered for this member (wecom-api.md § 3.1)."""
        return {
            "name": answer.get("name") or self.userid,
            "position": answer.get("position") or False,
            # A member listed as serving customers has not left, whatever the directory says.
            "status": {"left": "disabled"}.get(status := STATUSES.get(answer.get("status"), "active"), status),
        }

    def action_open_contacts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_contact_action")
        return {**action, "domain": [("member_ids", "in", self.ids)], "context": {}}
