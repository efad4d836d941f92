from odoo import api, fields, models
from odoo.exceptions import UserError

SHOWN_FOLLOWERS = 15


class WecomBroadcastMove(models.TransientModel):
    """Shows who follows the selected customers, and asks which of them shall send."""

    _name = "wecom.broadcast.move"
    _description = "Move Customers of a WeCom Broadcast to Another Member"

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, ondelete="cascade")
    row_model = fields.Selection(
        [("wecom.broadcast.reach", "Reach report"), ("wecom.broadcast.recipient", "Recipients")], required=True
    )
    row_ids = fields.Json(help="Ids of the selected rows.")
    possible_member_ids = fields.Many2many("wecom.member", compute="_compute_possible")
    followers_text = fields.Text("Followed By", compute="_compute_possible")
    member_id = fields.Many2one("wecom.member", "To")
    message = fields.Char(compute="_compute_message")

    def _rows(self):
        """Return those of the selected rows that the user may see."""
        return self.env[self.row_model].search([("id", "in", self.row_ids or [])])

    @api.depends("broadcast_id", "row_model", "row_ids")
    def _compute_possible(self):
        for wizard in self:
            possible = wizard.broadcast_id._possible_senders(wizard._rows())
            members = self.env["wecom.member"].browse(sorted(possible, key=lambda number: -len(possible[number])))
            wizard.possible_member_ids = members
            wizard.followers_text = "\n".join(
                f"{member.display_name}: {len(possible[member.id])}" for member in members[:SHOWN_FOLLOWERS]
            )

    @api.depends("member_id", "row_ids")
    def _compute_message(self):
        for wizard in self:
            selected = len(wizard._rows())
            followed = len(wizard.broadcast_id._possible_senders(wizard._rows()).get(wizard.member_id.id, ()))
            numbers = {"moved": followed, "stay": selected - followed, "member": wizard.member_id.name}
            if not wizard.member_id:
                wizard.message = self.env._("%s customers are selected. Choose the member who shall send.", selected)
            elif selected == followed:
                wizard.message = self.env._("%(moved)s customers will be sent to by %(member)s.", **numbers)
            else:
                wizard.message = self.env._(
                    "%(moved)s customers will be sent to by %(member)s. %(stay)s stay as they are: he does not follow "
                    "them, or nobody sends to them.",
                    **numbers,
                )

    def action_move(self):
        """Let the chosen member send, and say how many were moved."""
        self.ensure_one()
        if not self.member_id:
            raise UserError(self.env._("Choose the member who shall send."))
        moved = self.broadcast_id._move(self._rows(), self.member_id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if moved else "warning",
                "message": self.env._(
                    "Moved to %(member)s: %(moved)s of %(selected)s.",
                    member=self.member_id.name,
                    moved=moved,
                    selected=len(self._rows()),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
