from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .wecom_broadcast_audience import GROUP_MANAGER
from .wecom_broadcast_origin import ORIGINS

MOMENT_STATES = [
    ("draft", "Draft"),
    ("to_approve", "To Approve"),
    ("scheduled", "Scheduled"),
    ("creating", "Creating"),
    ("waiting", "Waiting for Members"),
    ("published", "Published"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
CONTENT_FIELDS = {"text", "kind", "attachment_ids"}
AUDIENCE_FIELDS = {
    "corp_id",
    "user_id",
    "post_type",
    "member_id",
    "audience_mode",
    "member_ids",
    "department_ids",
    "tag_ids",
    "partner_domain",
    "publish_mode",
    "scheduled_at",
}
COURSE_FIELDS = {
    "state",
    "origin",
    "creator_id",
    "moment_id",
    "job_id",
    "source_id",
    "creating_at",
    "published_at",
    "stop_requested_at",
    "final_at",
    "error_message",
    "creation_state",
    "claimed_at",
    "settled_at",
    "attempt_count",
    "next_attempt_at",
    "temporary_tag_id",
    "marking_id",
    "untag_at",
    "withdrawn_at",
    "withdraw_at",
    "remind_times",
    "remind_requested_at",
    "next_poll_at",
    "polled_at",
    "asked_count",
    "published_count",
    "selected_count",
    "may_see_count",
    "like_count",
    "comment_count",
}
"""How far a moment is and what came of it: moved by its buttons and the scheduled actions alone."""
OPEN_STATES = ("draft", "to_approve")


class WecomMoment(models.Model):
    """A post in customers' moments feeds (wecom-api.md § 7): made once by WeCom, published by each member who agrees.

    draft → (to approve →) (scheduled →) creating → waiting for members → published by at least one → done or cancelled.
    """

    _name = "wecom.moment"
    _inherit = ["wecom.content", "mail.thread", "mail.activity.mixin"]
    _description = "WeCom Moment"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char("Title", required=True, tracking=True, help="For you alone: customers do not see it.")
    active = fields.Boolean(default=True, copy=False)
    corp_id = fields.Many2one(
        "wecom.corp", required=True, index=True, ondelete="restrict", default=lambda self: self._default_corp_id()
    )
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        index=True,
        default=lambda self: self.env.user,
        tracking=True,
        help="A partner list is limited to the customers this user may see.",
    )
    post_type = fields.Selection(
        [("company", "Company post"), ("employee", "Employee post")],
        "Type",
        required=True,
        default=lambda self: "company" if self.env.user.has_group(GROUP_MANAGER) else "employee",
        help="Company post: the members concerned are asked to publish it. Employee post: one member publishes it to "
        "his own customers.",
    )
    member_id = fields.Many2one(
        "wecom.member",
        "Published By",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        compute="_compute_member_id",
        store=True,
        readonly=False,
        precompute=True,
        help="The member of an employee post.",
    )
    state = fields.Selection(
        MOMENT_STATES, required=True, default="draft", copy=False, index=True, tracking=True, group_expand=True
    )
    origin = fields.Selection(ORIGINS, "Made In", required=True, default="odoo", copy=False, readonly=True, index=True)
    creator_id = fields.Many2one("wecom.member", "Made By", readonly=True, copy=False, ondelete="restrict")
    kind = fields.Selection(
        [("image", "Pictures"), ("video", "Video"), ("link", "Link")],
        required=True,
        default="image",
        help="Up to 9 pictures, or one video, or one link: they exclude each other.",
    )
    text = fields.Text(help="At most 2000 characters and 4000 bytes: about 1,300 Chinese characters.")
    attachment_ids = fields.One2many("wecom.attachment", "moment_id", copy=False)
    audience_mode = fields.Selection(
        [
            ("all", "All customers"),
            ("members", "Customers of members"),
            ("tags", "Customers with tags"),
            ("partners", "Partner list"),
        ],
        "Who May See It",
        required=True,
        default="all",
        help="Partner list: a temporary corp tag is put on exactly these customers and taken off afterwards.",
    )
    member_ids = fields.Many2many("wecom.member", string="Members Asked", help="Empty: every member who may be asked.")
    department_ids = fields.Many2many(
        "wecom.department", string="Departments Asked", help="Their members, and those of the departments below."
    )
    tag_ids = fields.Many2many("wecom.tag", help="Customers with one of these corp tags.")
    partner_domain = fields.Char("Partners", default="[]", required=True)
    publish_mode = fields.Selection(
        [("now", "Now"), ("scheduled", "At a time")], "Publish", required=True, default="now"
    )
    scheduled_at = fields.Datetime("Publish At", copy=False)
    deadline = fields.Datetime(copy=False, help="When the members should have published. Who has not is then skipped.")
    campaign_id = fields.Many2one("utm.campaign", index="btree_not_null", ondelete="set null")
    source_id = fields.Many2one("utm.source", readonly=True, copy=False, index="btree_not_null", ondelete="set null")
    moment_id = fields.Char("Moment ID", readonly=True, copy=False, help="WeCom's id of this moment.")
    job_id = fields.Char(readonly=True, copy=False, help="WeCom's id of the job that makes the moment.")
    task_ids = fields.One2many("wecom.moment.task", "moment_id", copy=False)
    creating_at = fields.Datetime("Publishing Since", copy=False, readonly=True)
    published_at = fields.Datetime("First Published", copy=False, readonly=True)
    stop_requested_at = fields.Datetime("Stopped At", copy=False, readonly=True)
    final_at = fields.Datetime("Final Since", copy=False, readonly=True)
    error_message = fields.Text("Problem", copy=False, readonly=True)
    asked_count = fields.Integer("Members Asked Count", copy=False, readonly=True)
    published_count = fields.Integer("Members Published", copy=False, readonly=True)
    selected_count = fields.Integer("Selected", copy=False, readonly=True, help="Customers selected at publication.")
    may_see_count = fields.Integer("May See", copy=False, readonly=True, help="Customers who may see it.")
    like_count = fields.Integer("Likes", copy=False, readonly=True)
    comment_count = fields.Integer("Comments", copy=False, readonly=True)
    reaction_rate = fields.Float(
        copy=False, readonly=True, aggregator="avg", help="Likes and comments by 100 customers who may see it."
    )

    _corp_moment_uniq = models.UniqueIndex(
        "(corp_id, moment_id) WHERE moment_id IS NOT NULL", "This moment of WeCom is known already."
    )
    _under_way_idx = models.Index("(id) WHERE state IN ('scheduled', 'creating', 'waiting', 'published')")

    @api.model
    def _default_corp_id(self):
        return self.env["wecom.corp"].search([("company_id", "=", self.env.company.id)], limit=1)

    @api.depends("post_type", "corp_id", "user_id")
    def _compute_member_id(self):
        for moment in self:
            if moment.post_type != "employee":
                moment.member_id = False
            elif moment.member_id.corp_id != moment.corp_id or not moment.member_id:
                moment.member_id = moment._member_of(moment.user_id)

    def _member_of(self, user):
        """Return the member of this moment's corp who is linked to ``user``."""
        domain = [("corp_id", "=", self.corp_id._origin.id), ("user_id", "=", user._origin.id)]
        return self.env["wecom.member"].sudo().search(domain, limit=1).sudo(False)

    @api.constrains("corp_id", "tag_ids", "member_ids", "member_id")
    def _check_one_corp(self):
        for moment in self:
            members = moment.member_ids | moment.member_id | moment.creator_id
            if (moment.tag_ids.corp_id | members.corp_id) - moment.corp_id:
                raise ValidationError(self.env._("Choose tags and members of %s only.", moment.corp_id.name))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [{name: vals[name] for name in vals.keys() - COURSE_FIELDS} for vals in vals_list]
        # A default in the context is no more allowed than a given value.
        closed = {f"default_{name}" for name in COURSE_FIELDS}
        context = {key: value for key, value in self.env.context.items() if key not in closed}
        opened = self.with_context(context)  # pylint: disable=context-overridden
        moments = super(WecomMoment, opened).create(vals_list)
        moments._check_post_rights()
        return moments

    def write(self, vals):
        if COURSE_FIELDS & vals.keys() and not self.env.su:
            raise AccessError(self.env._("The state of a moment is moved by its buttons only."))
        if (CONTENT_FIELDS | AUDIENCE_FIELDS) & vals.keys():
            self._check_content_open()
        if vals.get("active") is False and any(
            moment.state in ("scheduled", "creating", "waiting", "published") for moment in self
        ):
            raise UserError(self.env._("This moment is under way. Stop it before archiving it."))
        result = super().write(vals)
        if {"user_id", "post_type", "member_id"} & vals.keys():
            self._check_post_rights()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if default and "name" in default:
            return vals_list
        return [
            dict(vals, name=self.env._("%s (copy)", moment.name)) for moment, vals in zip(self, vals_list, strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if any(moment.state not in ("draft", "to_approve", "cancelled") or moment.creating_at for moment in self):
            raise UserError(self.env._("A moment that has been published is kept: archive it instead of deleting it."))

    def _check_content_open(self):
        """Raise a UserError when content, audience or time can no longer be changed."""
        if self.env.su and self.env.context.get("wecom_moment_import"):
            return
        for moment in self:
            if moment.origin != "odoo":
                raise UserError(self.env._("%s was made in WeCom: it can only be looked at here.", moment.name))
            if moment.state == "scheduled":
                raise UserError(self.env._("%s is scheduled: set it back to draft to change it.", moment.name))
            if moment.state not in OPEN_STATES:
                raise UserError(self.env._("%s has been published and cannot be changed. Duplicate it.", moment.name))

    def _check_post_rights(self):
        """Only a manager makes posts of the company, or posts in the name of somebody else."""
        if self.env.su or self.env.user.has_group(GROUP_MANAGER):
            return
        for moment in self:
            if moment.user_id != self.env.user:
                raise AccessError(self.env._("Only a manager can make somebody else responsible for a moment."))
            if moment.post_type == "employee" and moment.member_id - moment._member_of(self.env.user):
                raise AccessError(self.env._("You can publish as your own WeCom member only."))
