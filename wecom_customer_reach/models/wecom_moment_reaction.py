from odoo import fields, models


class WecomMomentReaction(models.Model):
    """A like or comment under what a member published, by a customer or a member (wecom-api.md § 7.8).

    WeCom tells who and when, never the words of a comment. Kept when WeCom forgets.
    """

    _name = "wecom.moment.reaction"
    _description = "WeCom Moment Reaction"
    _log_access = False
    _order = "reacted_at desc, id desc"
    _rec_name = "kind"

    moment_id = fields.Many2one("wecom.moment", required=True, index=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="moment_id.company_id")
    task_id = fields.Many2one("wecom.moment.task", required=True, readonly=True, ondelete="cascade")
    member_id = fields.Many2one("wecom.member", "Published By", readonly=True, ondelete="restrict")
    kind = fields.Selection([("like", "Like"), ("comment", "Comment")], required=True, readonly=True)
    contact_id = fields.Many2one(
        "wecom.contact", "WeCom Contact", index="btree_not_null", readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="contact_id.partner_id")
    reacting_member_id = fields.Many2one("wecom.member", "By Member", readonly=True, ondelete="restrict")
    external_userid = fields.Char("External User ID", required=True, default="", readonly=True)
    userid = fields.Char("User ID", required=True, default="", readonly=True)
    reacted_at = fields.Datetime(required=True, readonly=True)

    _like_uniq = models.UniqueIndex("(task_id, external_userid, userid) WHERE kind = 'like'")
    _comment_uniq = models.UniqueIndex("(task_id, external_userid, userid, reacted_at) WHERE kind = 'comment'")
    _contact_reacted_idx = models.Index("(contact_id, reacted_at)")
