from odoo import api, fields, models

from .wecom_broadcast_audience import GROUP_MANAGER


class WecomMomentScreen(models.Model):
    """What the form of a moment shows and opens."""

    _inherit = "wecom.moment"

    may_publish = fields.Boolean(compute="_compute_may_publish", help="Whether you may publish this kind of post.")

    corp_name = fields.Char(related="corp_id.name", string="Corp Name", help="Stands beside the member's name.")

    @api.depends("post_type")
    @api.depends_context("uid")
    def _compute_may_publish(self):
        manager = self.env.user.has_group(GROUP_MANAGER)
        for moment in self:
            moment.may_publish = manager or moment.post_type == "employee"

    def action_view_tasks(self):
        """Open the parts of the members."""
        return self._rows_action("wecom.moment.task", self.env._("Members"))

    def action_view_audience(self):
        """Open the customers who may see it."""
        name = self.env._("May see it")
        return self._rows_action("wecom.moment.audience", name, [("may_see", "=", True)])

    def action_view_reactions(self):
        """Open likes and comments; the context key ``reaction_kind`` narrows them."""
        kind = self.env.context.get("reaction_kind")
        return self._rows_action(
            "wecom.moment.reaction", self.env._("Reactions"), [("kind", "=", kind)] if kind else []
        )

    def _rows_action(self, model, name, domain=()):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": [("moment_id", "in", self.ids), *domain],
            "context": {"create": False},
        }
