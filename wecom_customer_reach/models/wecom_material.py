from odoo import api, fields, models

from .wecom_content import MAX_ATTACHMENTS, MAX_TEXT_BYTES


class WecomMaterial(models.Model):
    """An entry of the material library: a content kept for use in anything that is sent, one's own or shared."""

    _name = "wecom.material"
    _inherit = ["wecom.content"]
    _description = "WeCom Material"
    _order = "name, id"
    _rec_names_search = ["name", "text"]
    _check_company_auto = True

    name = fields.Char("Title", required=True)
    active = fields.Boolean(default=True, copy=False)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one("res.users", "Owner", required=True, index=True, default=lambda self: self.env.user)
    is_shared = fields.Boolean(
        "Shared", copy=False, help="Everybody in the company may insert it; the owner changes it."
    )
    category_id = fields.Many2one(
        "wecom.material.category", index="btree_not_null", ondelete="set null", check_company=True
    )
    attachment_ids = fields.One2many("wecom.attachment", "material_id", copy=False)
    attachment_count = fields.Integer("Attachments", compute="_compute_attachment_count")
    picture_url = fields.Char(compute="_compute_picture_url", help="Address of the first picture, for previews.")
    favorite_user_ids = fields.Many2many("res.users", string="Favourite Of", copy=False)
    is_favorite = fields.Boolean("Favourite", compute="_compute_is_favorite", search="_search_is_favorite")
    broadcast_ids = fields.Many2many("wecom.broadcast", string="Broadcasts", copy=False, context={"active_test": False})
    use_count = fields.Integer(
        "Uses", compute="_compute_use_count", store=True, help="Broadcasts it was inserted into, those of others too."
    )
    last_used_at = fields.Datetime("Last Used", readonly=True, copy=False)

    @api.depends("attachment_ids")
    def _compute_attachment_count(self):
        for material in self:
            material.attachment_count = len(material.attachment_ids)

    @api.depends("attachment_ids.kind", "attachment_ids.file", "attachment_ids.cover")
    def _compute_picture_url(self):
        # The files are not read for this: a page of the library shows dozens of pictures.
        attachments = self.attachment_ids
        stored = (
            self.env["ir.attachment"]
            .sudo()
            .search_fetch(
                [
                    ("res_model", "=", "wecom.attachment"),
                    ("res_field", "in", ("file", "cover")),
                    ("res_id", "in", attachments.ids),
                ],
                ["res_id", "res_field"],
            )
        )
        fields_stored = {(file.res_id, file.res_field) for file in stored}
        for material in self:
            shown = (
                attachment.id
                for attachment in material.attachment_ids
                if attachment.kind in ("image", "link", "miniprogram")
                and (attachment.id, attachment._media_use()[0]) in fields_stored
            )
            first = next(shown, None)
            material.picture_url = first and f"/web/image/wecom.attachment/{first}/thumbnail/256x256"

    @api.depends_context("uid")
    @api.depends("favorite_user_ids")
    def _compute_is_favorite(self):
        for material in self:
            material.is_favorite = self.env.user in material.sudo().favorite_user_ids

    def _search_is_favorite(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("favorite_user_ids", "in" if True in value else "not in", [self.env.uid])]

    @api.depends("broadcast_ids")
    def _compute_use_count(self):
        for material in self:
            material.use_count = len(material.broadcast_ids)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if default and "name" in default:
            return vals_list
        return [
            dict(vals, name=self.env._("%s (copy)", material.name), user_id=self.env.uid)
            for material, vals in zip(self, vals_list, strict=True)
        ]

    def action_toggle_favorite(self):
        """Mark as my favourite, or take the mark off; whoever sees a material may."""
        self.check_access("read")
        for material in self.sudo():
            command = fields.Command.unlink if material.is_favorite else fields.Command.link
            material.favorite_user_ids = [command(self.env.uid)]

    def action_view_broadcasts(self):
        """Open the broadcasts this was inserted into, as far as the user may see them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("wecom_customer_reach.wecom_broadcast_action")
        return {**action, "domain": [("material_ids", "in", self.ids)], "context": {"create": False}}

    def action_use_in_broadcast(self):
        """Open a new broadcast with this content."""
        self.ensure_one()
        corp = self.env["wecom.corp"].search([("company_id", "=", self.company_id.id)], limit=1)
        broadcast = self.env["wecom.broadcast"].create({"name": self.name, "corp_id": corp.id})
        self._insert_into(broadcast, replace=True)
        return {
            "type": "ir.actions.act_window",
            "res_model": broadcast._name,
            "res_id": broadcast.id,
            "views": [(False, "form")],
        }

    @api.model
    def _save(self, content, name):
        """Return a new material of the user with the text and the attachments of ``content``."""
        content.ensure_one()
        material = self.create({"name": name, "text": content.text, "company_id": content.company_id.id})
        content.attachment_ids._copy_to(material)
        return material

    def _inserted_text(self, content, replace):
        texts = (self.text,) if replace else (content.text, self.text)
        return "\n\n".join(text for text in texts if text) or False

    def _limit_problems(self, content, replace):
        """Return what would exceed the limits if this were inserted into ``content``, as translated sentences."""
        problems = []
        size = len((self._inserted_text(content, replace) or "").encode())
        if size > MAX_TEXT_BYTES:
            problems.append(
                self.env._(
                    "The text would have %(actual)s bytes; %(limit)s are allowed.", actual=size, limit=MAX_TEXT_BYTES
                )
            )
        count = len(self.attachment_ids) + (0 if replace else len(content.attachment_ids))
        if count > MAX_ATTACHMENTS:
            problems.append(
                self.env._(
                    "There would be %(actual)s attachments; %(limit)s are allowed.", actual=count, limit=MAX_ATTACHMENTS
                )
            )
        return problems

    def _insert_into(self, content, replace):
        """Put text and attachments into ``content``, instead of its own or after them; counts as a use."""
        self.ensure_one()
        self.check_access("read")
        content.check_access("write")
        content._check_content_open()
        if replace:
            content.attachment_ids.unlink()
        content.text = self._inserted_text(content, replace)
        self.attachment_ids._copy_to(content)
        content._note_material(self)
        self.sudo().last_used_at = fields.Datetime.now()
