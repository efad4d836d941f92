from collections import defaultdict

from odoo import api, fields, models

from .bulk_fields import BulkMany2many, UncheckedMany2one

ALIVE_FOLLOW_STATUSES = ("active", "half")
FOLLOW_STATUSES = [
    ("active", "Active"),
    ("half", "Not accepted yet"),
    ("deleted_by_customer", "Deleted by the customer"),
    ("deleted_by_member", "Deleted by the member"),
    ("handed_over", "Handed over"),
]
ADD_WAYS = [
    ("0", "Unknown"),
    ("1", "QR code"),
    ("2", "Mobile number search"),
    ("3", "Card shared"),
    ("4", "Group chat"),
    ("5", "Phone book"),
    ("6", "WeChat contact"),
    ("7", "Friend request from WeChat"),
    ("8", "Service staff of a third-party app"),
    ("9", "Email search"),
    ("10", "Channels"),
    ("11", "Calendar participant"),
    ("12", "Meeting participant"),
    ("13", "WeCom account of a WeChat friend"),
    ("14", "Smart hardware service"),
    ("15", "On-site service"),
    ("16", "Acquisition link"),
    ("17", "Custom development"),
    ("18", "Demand reply"),
    ("21", "Third-party presales"),
    ("22", "Possible business partner"),
    ("24", "Friend request received by the WeChat account"),
    ("201", "Shared by a colleague"),
    ("202", "Assigned by an administrator"),
]


class WecomFollow(models.Model):
    """The relation of one member to one external contact.

    Written in bulk by the synchronisation, so it has neither log columns nor more foreign keys than it needs.
    """

    _name = "wecom.follow"
    _description = "WeCom Follow"
    _order = "followed_at desc, id desc"
    _log_access = False

    corp_id = fields.Many2one(related="member_id.corp_id")
    company_id = fields.Many2one(related="member_id.company_id")
    member_id = UncheckedMany2one("wecom.member", required=True, index=True)
    contact_id = UncheckedMany2one("wecom.contact", "WeCom Contact", required=True)
    partner_id = fields.Many2one(related="contact_id.partner_id")
    contact_type = fields.Selection(related="contact_id.contact_type")
    status = fields.Selection(FOLLOW_STATUSES, default="active", required=True)
    followed_at = fields.Datetime(string="Since")
    lost_at = fields.Datetime(string="Lost On")
    won_back_at = fields.Datetime(string="Won Back On", readonly=True)
    remark = fields.Char(help="What the member calls the customer.")
    description = fields.Char()
    remark_corp_name = fields.Char(string="Remark: Company")
    remark_mobiles = fields.Char(string="Remark: Mobiles", help="Separated by commas.")
    add_way = fields.Selection(ADD_WAYS, string="Added By")
    channel = fields.Char(help="Value of the contact way or acquisition link by which the customer came.")
    operator_userid = fields.Char(string="Initiated By")
    tag_ids = BulkMany2many("wecom.tag", "wecom_follow_tag_rel", "follow_id", "tag_id", string="Corp Tags")
    row_hash = fields.Char(
        help="Of what WeCom listed last, with the ids of both: an equal listing is found by it and not written again."
    )

    read_at = fields.Datetime(help="When WeCom was last asked for this contact alone, because something had happened.")

    _row_hash_idx = models.Index("(row_hash) WHERE row_hash IS NOT NULL")
    _contact_member_uniq = models.UniqueIndex("(contact_id, member_id)", "This member follows the contact already.")

    @api.depends("member_id", "contact_id")
    def _compute_display_name(self):
        for follow in self:
            follow.display_name = self.env._(
                "%(member)s – %(contact)s",
                member=follow.member_id.display_name,
                contact=follow.contact_id.display_name,
            )

    @api.model
    def _follows_by(self, owner, owner_ids):
        """Return {owner id: follows} for the owners at the end of the path ``owner``, in few statements for any number.

        Searched for, so that the rules of the user hold, whoever has read the same rows before.
        """
        follows = self.search([(owner, "in", owner_ids)])
        # Read for all at once what callers look at one by one.
        follows.tag_ids.fetch(["name"])
        follows.member_id.fetch(["status"])
        ids_by_owner = defaultdict(list)
        for follow in follows:
            ids_by_owner[follow.sudo().mapped(owner).id].append(follow.id)
        return defaultdict(self.browse, {owner_id: self.browse(ids) for owner_id, ids in ids_by_owner.items()})
