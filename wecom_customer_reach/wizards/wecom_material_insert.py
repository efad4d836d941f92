from odoo import api, fields, models
from odoo.fields import Domain


class WecomMaterialInsert(models.TransientModel):
    """Chooses a material of the library and inserts it into a content that is being written."""

    _name = "wecom.material.insert"
    _description = "Insert a WeCom Material"

    content_ref = fields.Reference([("wecom.broadcast", "Broadcast")], required=True)
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    category_id = fields.Many2one("wecom.material.category")
    only_favorites = fields.Boolean("Only My Favourites")
    material_domain = fields.Binary(compute="_compute_material_domain")
    material_id = fields.Many2one(
        "wecom.material",
        compute="_compute_material_id",
        store=True,
        readonly=False,
        help="Type a part of its title or text.",
    )
    mode = fields.Selection(
        [("append", "After what is there"), ("replace", "Instead of what is there")], required=True, default="append"
    )
    text = fields.Text(related="material_id.text")
    attachment_ids = fields.One2many(related="material_id.attachment_ids")
    limit_problems = fields.Text(compute="_compute_limit_problems")

    @api.depends("content_ref")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.content_ref.company_id

    @api.depends("company_id", "category_id", "only_favorites")
    def _compute_material_domain(self):
        for wizard in self:
            domain = Domain("company_id", "=", wizard.company_id.id)
            if wizard.category_id:
                domain &= Domain("category_id", "=", wizard.category_id.id)
            if wizard.only_favorites:
                domain &= Domain("is_favorite", "=", True)
            wizard.material_domain = list(domain)

    @api.depends("category_id", "only_favorites")
    def _compute_material_id(self):
        """What was chosen stays unless the category no longer holds it."""
        for wizard in self:
            chosen = wizard.material_id
            wrong = wizard.category_id and chosen.category_id != wizard.category_id
            wizard.material_id = False if wrong or wizard.only_favorites and not chosen.is_favorite else chosen

    @api.depends("material_id", "mode")
    def _compute_limit_problems(self):
        for wizard in self:
            problems = ()
            if wizard.material_id:
                problems = wizard.material_id._limit_problems(wizard.content_ref, wizard.mode == "replace")
            wizard.limit_problems = "\n".join(problems)

    def action_insert(self):
        """Insert the material."""
        self.ensure_one()
        self.material_id._insert_into(self.content_ref, self.mode == "replace")
        return {"type": "ir.actions.act_window_close"}
