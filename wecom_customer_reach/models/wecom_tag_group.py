from odoo import fields, models


class WecomTagGroup(models.Model):
    """A group of corp tags."""

    _name = "wecom.tag.group"
    _description = "WeCom Tag Group"
    _order = "sequence desc, name, id"

    corp_id = fields.Many2one("wecom.corp", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    external_id = fields.Char(required=True)
    name = fields.Char(required=True)
    sequence = fields.Integer(help="WeCom's order: the larger number stands first.")
    active = fields.Boolean(default=True)
    tag_ids = fields.One2many("wecom.tag", "group_id", string="Tags")

    _corp_external_uniq = models.UniqueIndex("(corp_id, external_id)")
