from odoo import api, fields, models
from odoo.fields import Domain


class WecomBroadcastTest(models.TransientModel):
    """Asks to which customer a test is sent, and by which member; remembers what the user chose last."""

    _name = "wecom.broadcast.test"
    _description = "Send a WeCom Test"

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, ondelete="cascade")
    corp_id = fields.Many2one(related="broadcast_id.corp_id")
    member_domain = fields.Binary(compute="_compute_member_domain")
    member_id = fields.Many2one(
        "wecom.member", "Sent By", compute="_compute_member_id", store=True, readonly=False, required=True
    )
    contact_domain = fields.Binary(compute="_compute_contact_domain")
    contact_id = fields.Many2one(
        "wecom.contact",
        "To",
        compute="_compute_contact_id",
        store=True,
        readonly=False,
        required=True,
        help="A customer of this member who knows that tests arrive, such as a colleague's own WeChat account.",
    )
    test_id = fields.Many2one("wecom.broadcast", readonly=True)

    def _last_test(self):
        """Return the last test this user sent in the corp."""
        self.ensure_one()
        return self.env["wecom.broadcast"].search(
            [("is_test", "=", True), ("user_id", "=", self.env.uid), ("corp_id", "=", self.corp_id.id)],
            order="id desc",
            limit=1,
        )

    @api.depends("broadcast_id")
    def _compute_member_domain(self):
        for wizard in self:
            wizard.member_domain = list(wizard.broadcast_id._testable_members(wizard.corp_id))

    @api.depends("broadcast_id")
    def _compute_member_id(self):
        for wizard in self:
            allowed = self.env["wecom.member"].search(wizard.broadcast_id._testable_members(wizard.corp_id))
            own = allowed.filtered(lambda member: member.user_id == self.env.user)
            last = wizard._last_test().batch_ids.sender_id
            wizard.member_id = (last & allowed or own)[:1]

    @api.depends("member_id")
    def _compute_contact_domain(self):
        for wizard in self:
            followed = Domain("member_id", "=", wizard.member_id.id) & Domain("status", "=", "active")
            wizard.contact_domain = list(
                Domain("corp_id", "=", wizard.corp_id.id)
                & Domain("follow_ids", "any", list(followed))
                & Domain("partner_id.wecom_opt_out", "!=", True)
            )

    @api.depends("member_id")
    def _compute_contact_id(self):
        for wizard in self:
            last = wizard._last_test().recipient_ids.contact_id
            wizard.contact_id = last if last and last.filtered_domain(wizard.contact_domain) else False

    def action_send(self):
        """Send the test; a second click sends nothing more."""
        self.ensure_one()
        if not self.test_id:
            self.test_id = self.broadcast_id._send_test(self.member_id, self.contact_id)
        return {"type": "ir.actions.act_window_close"}
