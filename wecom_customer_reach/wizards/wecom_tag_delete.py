from odoo import api, fields, models
from odoo.fields import Domain

from ..models.wecom_follow import ALIVE_FOLLOW_STATUSES


class WecomTagDelete(models.TransientModel):
    """Asks before corp tags are deleted in WeCom: it takes them off every customer and cannot be undone."""

    _name = "wecom.tag.delete"
    _description = "Delete WeCom Tags"

    tag_ids = fields.Many2many("wecom.tag", string="Corp Tags", required=True)
    message = fields.Text(compute="_compute_message")

    @api.depends("tag_ids")
    def _compute_message(self):
        for wizard in self:
            carrying = Domain("tag_ids", "in", wizard.tag_ids.ids) & Domain("status", "in", ALIVE_FOLLOW_STATUSES)
            [(count,)] = self.env["wecom.follow"]._read_group(carrying, [], ["contact_id:count_distinct"])
            wizard.message = self.env._(
                "%(tags)s: on %(count)s contacts now. Deleting takes it off all of them, here and in WeCom, and "
                "cannot be undone.",
                tags=", ".join(wizard.tag_ids.mapped("display_name")),
                count=count,
            )

    def action_delete(self):
        """Delete the tags in WeCom, then here."""
        self.tag_ids._delete_in_wecom()
        return {"type": "ir.actions.act_window_close"}
