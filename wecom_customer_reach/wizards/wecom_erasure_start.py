from odoo import api, fields, models


class WecomErasureStart(models.TransientModel):
    """Asks before customers are erased: it cannot be undone."""

    _name = "wecom.erasure.start"
    _description = "Erase Customers"

    contact_ids = fields.Many2many("wecom.contact", string="Contacts", required=True)
    message = fields.Text(compute="_compute_message")
    created_partner_count = fields.Integer(compute="_compute_created_partner_count")
    erase_partners = fields.Boolean(
        string="Also erase the name and telephone number of customers that WeCom brought",
        default=True,
        help="Customers who were in Odoo before WeCom knew them keep both.",
    )

    @api.depends("contact_ids")
    def _compute_message(self):
        for wizard in self:
            wizard.message = self.env._(
                "%(names)s: names, pictures, remarks, tags and events from WeCom are deleted. Results stay as figures "
                "without a name. No synchronisation brings these customers back. This cannot be undone.",
                names=", ".join(wizard.contact_ids.mapped("name")),
            )

    @api.depends("contact_ids")
    def _compute_created_partner_count(self):
        for wizard in self:
            wizard.created_partner_count = len(wizard._created_partners())

    def _created_partners(self):
        return self.contact_ids.filtered(lambda contact: contact.match_method == "created").partner_id

    def action_erase(self):
        """Erase the customers here; in WeCom the members still have them."""
        self.ensure_one()
        contacts = self.contact_ids._wecom_contacts_to_tell()
        partners = self._created_partners() if self.erase_partners else self.env["res.partner"]
        contacts._erase()
        partners._wecom_erase_name()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("What WeCom knew of these customers is erased."),
                "next": {
                    "type": "ir.actions.act_window",
                    "res_model": "wecom.contact",
                    "views": [(False, "list"), (False, "form")],
                    "name": self.env._("Customers"),
                },
            },
        }
