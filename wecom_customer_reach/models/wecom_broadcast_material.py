from odoo import fields, models


class WecomBroadcastMaterial(models.Model):
    """To and from the material library."""

    _inherit = "wecom.broadcast"

    material_ids = fields.Many2many("wecom.material", string="From the Library")

    def _note_material(self, material):
        self.material_ids += material

    def action_save_as_material(self):
        """Keep this content in the library, as the user's own, and open it to be sorted and shared."""
        self.ensure_one()
        self.check_access("read")
        material = self.env["wecom.material"]._save(self, self.name)
        return {
            "type": "ir.actions.act_window",
            "res_model": material._name,
            "res_id": material.id,
            "views": [(False, "form")],
        }

    def action_insert_material(self):
        """Ask which material to insert."""
        self.ensure_one()
        self._check_content_open()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Insert from the library"),
            "res_model": "wecom.material.insert",
            "view_mode": "form",
            "target": "new",
            "context": {"default_content_ref": f"{self._name},{self.id}"},
        }
