from odoo import models

DEFAULT_SELECTION_LIMIT = 20_000
"""How many ids the web client passes when everything that matches is selected, unless a parameter says otherwise."""


class CustomerTagAction(models.AbstractModel):
    """From a list of customers to putting tags on them or taking them off."""

    _name = "wecom.customer.tag.action"
    _description = "WeCom Tags From a List of Customers"

    def action_wecom_put_tag(self):
        """Ask which tags to put on these customers."""
        return self._action_wecom_mark("put_on", self.env._("Put WeCom tag"))

    def action_wecom_take_tag_off(self):
        """Ask which tags to take off these customers."""
        return self._action_wecom_mark("take_off", self.env._("Take WeCom tag off"))

    def _action_wecom_mark(self, operation, title):
        """When everything the list's filter matches is chosen, the filter is kept: it may be more than is passed."""
        domain = self.env.context.get("active_domain")
        if domain is None or not self._is_whole_list(domain):
            domain = [("id", "in", self.ids)]
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "wecom.tag.marking.start",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_operation": operation,
                "default_customer_model": self._name,
                "default_customer_domain": repr(domain),
                "active_domain": False,
                "active_ids": [],
            },
        }

    def _is_whole_list(self, domain):
        limit = self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", DEFAULT_SELECTION_LIMIT)
        return len(self) >= int(limit) or len(self) == self.search_count(domain)


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "wecom.customer.tag.action"]


class WecomContact(models.Model):
    _name = "wecom.contact"
    _inherit = ["wecom.contact", "wecom.customer.tag.action"]
