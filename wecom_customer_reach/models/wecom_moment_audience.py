from odoo import fields, models

from .bulk_fields import UncheckedMany2one


class WecomMomentAudience(models.Model):
    """A customer who was selected for what a member published, or may see it (wecom-api.md § 7.6, 7.7).

    Rows are written tens of thousands at a time by SQL: no log columns, one foreign key, record rules through the
    moment. WeCom never tells who looked at it.
    """

    _name = "wecom.moment.audience"
    _description = "WeCom Moment Audience"
    _log_access = False
    _order = "id"
    _rec_name = "external_userid"

    moment_id = UncheckedMany2one("wecom.moment", required=True, index=True, readonly=True)
    task_id = fields.Many2one("wecom.moment.task", required=True, readonly=True, ondelete="cascade")
    member_id = UncheckedMany2one("wecom.member", "Published By", readonly=True)
    contact_id = UncheckedMany2one("wecom.contact", "WeCom Contact", index=True, readonly=True)
    partner_id = fields.Many2one(related="contact_id.partner_id")
    external_userid = fields.Char("External User ID", required=True, readonly=True)
    selected = fields.Boolean(readonly=True, help="Selected when the member published.")
    may_see = fields.Boolean(readonly=True, help="WeCom shows it in the feed of this customer.")
    found_at = fields.Datetime("Known Since", readonly=True)

    _task_external_uniq = models.UniqueIndex("(task_id, external_userid)", "A customer stands in a post only once.")
    _unlinked_idx = models.Index("(external_userid) WHERE contact_id IS NULL")
