from odoo import api, fields, models

from ..models.wecom_broadcast_retry import PRESELECTED


class WecomBroadcastRetry(models.TransientModel):
    """Shows whom a broadcast has missed and why, and asks for which reasons to try again."""

    _name = "wecom.broadcast.retry"
    _description = "Retry Those Missed by a WeCom Broadcast"

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, ondelete="cascade")
    line_ids = fields.One2many(
        "wecom.broadcast.retry.line",
        "wizard_id",
        "Missed",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )
    chosen_count = fields.Integer("Customers", compute="_compute_chosen_count")

    @api.depends("broadcast_id")
    def _compute_line_ids(self):
        for wizard in self:
            lines = [
                {"code": line["code"], "missed_count": line["count"], "chosen": line["code"] in PRESELECTED}
                for line in (wizard.broadcast_id._missed() if wizard.broadcast_id else ())
            ]
            wizard.line_ids = [fields.Command.clear(), *(fields.Command.create(line) for line in lines)]

    @api.depends("line_ids.chosen")
    def _compute_chosen_count(self):
        for wizard in self:
            wizard.chosen_count = sum(wizard.line_ids.filtered("chosen").mapped("missed_count"))

    def action_retry(self):
        """Open a new draft to those chosen."""
        self.ensure_one()
        retry = self.broadcast_id._retry(self.line_ids.filtered("chosen").mapped("code"))
        return {
            "type": "ir.actions.act_window",
            "res_model": retry._name,
            "res_id": retry.id,
            "views": [(False, "form")],
        }


class WecomBroadcastRetryLine(models.TransientModel):
    """One reason why customers were missed."""

    _name = "wecom.broadcast.retry.line"
    _description = "Reason for a WeCom Retry"

    wizard_id = fields.Many2one("wecom.broadcast.retry", required=True, ondelete="cascade")
    code = fields.Char(required=True)
    label = fields.Char("Reason", compute="_compute_label")
    missed_count = fields.Integer("Customers")
    chosen = fields.Boolean("Try Again")

    @api.depends("code")
    def _compute_label(self):
        labels = self.env["wecom.broadcast"]._missed_labels()
        for line in self:
            line.label = labels.get(line.code)
