from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .message_class import CLASS_MEANINGS, CUSTOMER_POLICIES, MARKETING, MESSAGE_CLASSES, NOTICE, REFUSED_CLASSES

CUSTOMER_TAG = "wecom_customer_reach.partner_category_existing_customer"


class WecomBroadcastClass(models.Model):
    """What kind of message a broadcast is: it decides who may get it, and whether it may be a broadcast at all."""

    _inherit = "wecom.broadcast"

    message_class = fields.Selection(
        MESSAGE_CLASSES,
        "Class",
        default=MARKETING,
        index=True,
        tracking=True,
        help="Unknown only where the broadcast was made outside Odoo.",
    )
    class_message = fields.Char(compute="_compute_class_message")
    is_class_refused = fields.Boolean(compute="_compute_class_message")

    _has_class = models.Constraint(
        "CHECK (message_class IS NOT NULL OR origin != 'odoo')", "Say which class of message the broadcast is."
    )

    @api.depends("message_class")
    def _compute_class_message(self):
        for broadcast in self:
            meaning = CLASS_MEANINGS.get(broadcast.message_class)
            broadcast.class_message = meaning and self.env._(meaning)  # pylint: disable=translation-not-lazy
            broadcast.is_class_refused = broadcast.message_class in REFUSED_CLASSES

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        return [dict(vals, message_class=vals.get("message_class") or MARKETING) for vals in vals_list]

    def _check_class(self):
        """Raise a UserError when this class of message cannot be a broadcast, saying why and what to do instead."""
        for broadcast in self.filtered("is_class_refused"):
            labels = dict(self._fields["message_class"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(class_name)s: this cannot be sent as a broadcast. %(reason)s",
                    class_name=labels[broadcast.message_class],
                    reason=broadcast.class_message,
                )
            )

    def _check_ready(self):
        self._check_class()
        return super()._check_ready()

    def _plan(self):
        self._check_class()
        return super()._plan()

    def _send_test(self, member, contact):
        self._check_class()
        return super()._send_test(member, contact)

    def _existing_customer_sql(self):
        """Return whether the partner of ``audience`` may get this as far as its class goes."""
        if self.message_class != NOTICE:
            return SQL("TRUE")
        return SQL("audience.partner_id IN %s", self.corp_id._origin._existing_customers().subselect())

    def action_write_sms(self):
        """Open Odoo's SMS composer for the audience: its templates fill in what differs by customer."""
        return self._composer_action(self._sms_composer(), self._audience_partners())

    def action_write_email(self):
        """Open Odoo's e-mail composer for the audience."""
        return self._composer_action(self._email_composer(), self._audience_partners())

    def _sms_composer(self):
        values = {"composition_mode": "mass", "res_model": "res.partner", "body": self.text or ""}
        return "sms.composer", self.env._("Send an SMS instead"), values

    def _email_composer(self):
        values = {"composition_mode": "mass_mail", "model": "res.partner", "subject": self.name}
        return "mail.compose.message", self.env._("Send an e-mail instead"), values

    def _audience_partners(self):
        """Return those of the audience whom the user may see."""
        self.ensure_one()
        self.check_access("read")
        partners = self.env["res.partner"].search(Domain("id", "in", self._audience_query()))
        if not partners:
            raise UserError(self.env._("Nobody is meant yet: choose the audience first."))
        return partners

    def _composer_action(self, composer, partners):
        """Return the action that opens ``composer`` (model, name, values) to these partners."""
        model, name, values = composer
        values = {**values, "res_ids": repr(partners.ids)}
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {f"default_{key}": value for key, value in values.items()},
        }


class WecomCorpCustomers(models.Model):
    """Who is an existing customer of the corp's company."""

    _inherit = "wecom.corp"

    customer_policy = fields.Selection(
        CUSTOMER_POLICIES,
        "Existing Customers",
        required=True,
        default="bought",
        help="Who may get notices. The contacts of a company that bought count as well.",
    )
    customer_domain = fields.Char("Filter of Existing Customers", default="[]", required=True)

    @api.constrains("customer_policy", "customer_domain")
    def _check_customer_domain(self):
        for corp in self.filtered(lambda corp: corp.customer_policy == "filter"):
            corp._existing_customers()

    def _existing_customers(self):
        """Return the query of the partners who are existing customers; raises a UserError when it cannot be used."""
        self.ensure_one()
        partners = (
            self.env["res.partner"]
            .sudo()
            .with_context(allowed_company_ids=self.company_id.ids, active_test=True, lang=None)
        )
        if self.customer_policy == "bought":
            return partners._search(self._bought_domain(partners))
        try:
            domain = self.env["wecom.broadcast"]._read_domain(self.customer_domain)
            return partners._search(domain)
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(self.env._("The filter of existing customers cannot be used: %s", error)) from error

    def _bought_domain(self, partners):
        """Return the Domain of the default rule; sales orders count where the Sales app is installed."""
        companies = Domain("company_id", "in", (self.company_id.id, False))
        bought = Domain("opportunity_ids", "any", companies & Domain("won_status", "=", "won"))
        if tag := self.env.ref(CUSTOMER_TAG, raise_if_not_found=False):
            bought |= Domain("category_id", "in", tag.ids)
        if "sale_order_ids" in partners._fields:
            bought |= Domain("sale_order_ids", "any", companies & Domain("state", "=", "sale"))
        query = partners._search(bought)
        entities = query.subselect(SQL.identifier(query.table, "commercial_partner_id"))
        return Domain("commercial_partner_id", "in", entities)
