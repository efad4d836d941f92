from datetime import date

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .wecom_contact_erase import NAMED
from .wecom_corp import MANAGER

FILE_TYPES = ("binary", "image")
LISTS = ("one2many", "many2many")


class PersonalData(models.AbstractModel):
    """What a customer may ask for: all that WeCom told of him, and that it goes away."""

    _name = "wecom.personal.data"
    _description = "Personal Data From WeCom"

    def action_wecom_export(self):
        """Download what WeCom knows of these customers; on the partner it stays noted who did so."""
        contacts = self._wecom_contacts_to_tell()
        for partner in contacts.partner_id:
            partner._message_log(body=self.env._("What WeCom knows of this customer was exported."))
        ids = ",".join(map(str, self.ids))
        return {"type": "ir.actions.act_url", "url": f"/wecom/personal_data/{self._name}/{ids}", "target": "download"}

    def action_wecom_erase(self):
        """Ask before what WeCom told of these customers is erased."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Erase WeCom data"),
            "res_model": "wecom.erasure.start",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_contact_ids": self._wecom_contacts_to_tell().ids},
        }

    def _wecom_contacts_to_tell(self):
        """Return the contacts of these records that the user may see. Only managers may answer such requests.

        :raise UserError: when there is none
        """
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a WeCom manager may export or erase what WeCom knows of a customer."))
        contacts = self._wecom_own_contacts()
        if not contacts:
            raise UserError(self.env._("WeCom knows nothing of this customer."))
        contacts.check_access("read")
        return contacts

    def _wecom_personal_data(self):
        """Return what is kept of these customers, contact by contact, ready to be written as JSON."""
        return [contact._wecom_all_rows() for contact in self._wecom_contacts_to_tell()]


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "wecom.personal.data"]

    def _wecom_own_contacts(self):
        return self.wecom_contact_ids


class WecomContact(models.Model):
    _name = "wecom.contact"
    _inherit = ["wecom.contact", "wecom.personal.data"]

    def _wecom_own_contacts(self):
        return self

    def _wecom_all_rows(self):
        """Return the contact and every row of every model that names it, whatever the reader may else see of them."""
        self.ensure_one()
        contact = self.sudo()
        follows = self.env["wecom.follow"].sudo().search([("contact_id", "=", self.id)])
        found = {"wecom.contact": contact}
        if contact.partner_id:
            found["res.partner"] = contact.partner_id
        for model, field in self._fields_naming(*NAMED):
            named = contact if field.comodel_name == self._name else follows
            rows = model.sudo().with_context(active_test=False).search([(field.name, "in", named.ids)])
            found[model._name] = found.get(model._name, rows) | rows
        recipients = found.get("wecom.broadcast.recipient")
        if recipients:
            Line = self.env["wecom.broadcast.fallback.line"].sudo()
            found[Line._name] = Line.search([("recipient_id", "in", recipients.ids)])
        same_person = Domain("corp_id", "=", contact.corp_id.id) & Domain(
            "external_userid", "=", contact.external_userid
        )
        found["wecom.event"] = self.env["wecom.event"].sudo().search(same_person)
        return {
            model: [self._described(row, partner=model == "res.partner") for row in rows]
            for model, rows in found.items()
            if rows
        }

    @api.model
    def _described(self, row, partner=False):
        """Return {field: value} of what is stored in a row; of a partner only what this product added to it."""
        described = {}
        for name, field in row._fields.items():
            if partner and not name.startswith("wecom_") and name not in ("name", "phone"):
                continue
            if not field.store or field.groups == "." or field.type in FILE_TYPES or name == "id":
                continue
            value = row[name]
            if field.type == "many2one":
                value = value.display_name
            elif field.type in LISTS:
                value = value.mapped("display_name")
            elif isinstance(value, date):
                value = value.isoformat()
            if value or value == 0 and field.type in ("integer", "float"):
                described[name] = value
        if message := "broadcast_id" in row._fields and row.broadcast_id.text:
            described["message"] = message
        return described
