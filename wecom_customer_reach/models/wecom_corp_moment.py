from odoo import api, fields, models

MAY_POST = [("allowed", "Allowed"), ("not_allowed", "Not allowed")]
VIDEO_PRESETS = [("current", "30 seconds, as WeCom allows"), ("2020", "15 seconds, as in 2020")]


class WecomCorpMoment(models.Model):
    """What a company decides about moments."""

    _inherit = "wecom.corp"

    moment_own_posts = fields.Selection(
        MAY_POST,
        "Own Posts of Members",
        required=True,
        default="allowed",
        help="Whether members may publish moments of their own from Odoo. Each member may differ.",
    )
    moment_company_posts = fields.Selection(
        MAY_POST,
        "Asked for Company Posts",
        required=True,
        default="allowed",
        help="Whether members are asked to publish moments of the company. Each member may differ.",
    )
    moment_video_preset = fields.Selection(
        VIDEO_PRESETS,
        "Longest Video in a Moment",
        required=True,
        default="current",
    )


class WecomMemberMoment(models.Model):
    """What a member may publish in customers' moments: the company's default, or an exception for him."""

    _inherit = "wecom.member"

    moment_own_posts = fields.Selection(MAY_POST, "Own Moments", help="Empty: as the company's settings say.")
    moment_company_posts = fields.Selection(MAY_POST, "Company Moments", help="Empty: as the company's settings say.")
    may_post_moment = fields.Boolean(
        "May Publish Own Moments", compute="_compute_may_moment", store=True, help="Moments of his own, from Odoo."
    )
    may_be_asked_moment = fields.Boolean(
        "May Be Asked for Moments", compute="_compute_may_moment", store=True, help="Moments of the company."
    )
    moment_task_ids = fields.One2many("wecom.moment.task", "member_id", string="Moments")

    @api.depends("moment_own_posts", "moment_company_posts", "corp_id.moment_own_posts", "corp_id.moment_company_posts")
    def _compute_may_moment(self):
        for member in self:
            corp = member.corp_id
            member.may_post_moment = (member.moment_own_posts or corp.moment_own_posts) == "allowed"
            member.may_be_asked_moment = (member.moment_company_posts or corp.moment_company_posts) == "allowed"
