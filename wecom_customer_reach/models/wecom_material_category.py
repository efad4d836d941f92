from odoo import fields, models


class WecomMaterialCategory(models.Model):
    """A shelf of the material library."""

    _name = "wecom.material.category"
    _description = "WeCom Material Category"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company, help="Empty: for all companies.")
