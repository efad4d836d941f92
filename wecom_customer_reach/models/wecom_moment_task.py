from odoo import api, fields, models


class WecomMomentTask(models.Model):
    """One member's part of a moment: whether he has published it, and what came of what he published (§ 7.5)."""

    _name = "wecom.moment.task"
    _description = "WeCom Moment Task"
    _order = "moment_id desc, id"
    _rec_name = "member_id"

    moment_id = fields.Many2one("wecom.moment", required=True, index=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="moment_id.company_id", store=True)
    member_id = fields.Many2one("wecom.member", required=True, index=True, readonly=True, ondelete="restrict")
    state = fields.Selection(
        [("pending", "Pending"), ("published", "Published"), ("cancelled", "Withdrawn")],
        required=True,
        default="pending",
        readonly=True,
    )
    published_at = fields.Datetime(
        readonly=True, help="When Odoo found it published; a personal moment: when it was made. WeCom tells no time."
    )
    audience_ids = fields.One2many("wecom.moment.audience", "task_id", readonly=True)
    reaction_ids = fields.One2many("wecom.moment.reaction", "task_id", readonly=True)
    selected_count = fields.Integer("Selected", readonly=True)
    may_see_count = fields.Integer("May See", readonly=True)
    like_count = fields.Integer("Likes", readonly=True)
    comment_count = fields.Integer("Comments", readonly=True)
    reaction_rate = fields.Float(
        readonly=True, aggregator="avg", help="Likes and comments by 100 customers who may see it."
    )
    asked_count = fields.Integer("Asked", compute="_compute_shares", store=True, help="Withdrawn ones left aside.")
    published_count = fields.Integer("Published", compute="_compute_shares", store=True)
    reminded_at = fields.Datetime("Last Reminded", readonly=True)
    next_poll_at = fields.Datetime("Next Look At", readonly=True)

    _moment_member_uniq = models.UniqueIndex("(moment_id, member_id)", "This member is asked already.")

    @api.depends("state")
    def _compute_shares(self):
        for task in self:
            task.asked_count = int(task.state != "cancelled")
            task.published_count = int(task.state == "published")
