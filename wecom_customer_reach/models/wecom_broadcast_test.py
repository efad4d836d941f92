from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .wecom_broadcast_audience import GROUP_MANAGER


class WecomBroadcastTest(models.Model):
    """Sending the content to one customer first.

    A test is a broadcast of its own, planned by hand with one batch and one recipient: it goes the way of every other
    one, counts in no figure of the campaign, and keeps what was sent while the campaign is being changed.
    """

    _inherit = "wecom.broadcast"

    is_test = fields.Boolean("Test", readonly=True, copy=False, index=True)
    test_of_id = fields.Many2one(
        "wecom.broadcast", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    test_ids = fields.One2many("wecom.broadcast", "test_of_id", "Tests", copy=False)
    test_message = fields.Char("How Far", compute="_compute_test_message")

    @api.depends("is_test", "state")
    def _compute_test_message(self):
        for broadcast in self:
            broadcast.test_message = broadcast._test_message() if broadcast.is_test else False

    def _test_message(self):
        """Return what has become of this test, as one sentence."""
        recipient = self.recipient_ids[:1]
        batch = self.batch_ids[:1]
        names = {
            "customer": recipient.contact_id.display_name or recipient.external_userid,
            "member": batch.sender_id.display_name,
        }
        match (batch.state, recipient.state):
            case ("unknown", _):
                return self.env._("WeCom's answer was lost. It is looked up; it is not sent again.")
            case (_, "planned"):
                return self.env._("Is being handed to WeCom.")
            case (_, "pending"):
                return self.env._("%(member)s has to confirm it on the phone; then %(customer)s gets it.", **names)
            case (_, "sent"):
                return self.env._("Delivered to %(customer)s by %(member)s.", **names)
            case (_, "not_friend"):
                return self.env._("Not delivered: %(customer)s has deleted %(member)s.", **names)
            case (_, "capped"):
                return self.env._("Not delivered: %(customer)s has received as much as WeCom allows.", **names)
            case (_, "refused"):
                return self.env._("WeCom refused it. %s", batch.error_message or "")
            case _:
                return self.env._("It was not sent.")

    def action_open_test(self):
        """Ask to whom the test is sent, and by whom."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send a test"),
            "res_model": "wecom.broadcast.test",
            "view_mode": "form",
            "target": "new",
            "context": {"default_broadcast_id": self.id},
        }

    def action_open_record(self):
        """Open this broadcast."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    @api.model
    def _testable_members(self, corp):
        """Return the Domain over members of ``corp`` the user may send a test as: himself, for managers everybody."""
        domain = Domain([("corp_id", "=", corp.id), ("status", "=", "active"), ("may_broadcast", "=", True)])
        if not self.env.user.has_group(GROUP_MANAGER):
            domain &= Domain("user_id", "=", self.env.uid)
        return domain

    def _check_test(self, member, contact):
        """Raise a UserError unless the user may have ``member`` send a test to ``contact``."""
        if not member.filtered_domain(self._testable_members(self.corp_id)):
            raise UserError(self.env._("You cannot send a test as this member. Choose another."))
        if contact.corp_id != self.corp_id or not member.sudo().follow_ids.filtered(
            lambda follow: follow.contact_id == contact and follow.status == "active"
        ):
            raise UserError(
                self.env._(
                    "%(member)s does not follow %(customer)s in WeCom, so the test would not arrive.",
                    member=member.name,
                    customer=contact.display_name,
                )
            )
        if contact.sudo().partner_id.wecom_opt_out:
            raise UserError(self.env._("%s does not want broadcasts on WeCom.", contact.display_name))

    def _send_test(self, member, contact):
        """Have ``member`` send the content as it is now to ``contact`` alone; return the test.

        Raises a UserError when the content cannot be sent or the two do not fit.
        """
        self.ensure_one()
        self.check_access("write")
        contact.check_access("read")
        self._check_content()
        self._check_test(member, contact)
        partner = contact.partner_id
        test = self.copy(self._test_values(partner))
        now = fields.Datetime.now()
        test = test.sudo()
        batch = self.env["wecom.broadcast.batch"].sudo()
        batch = batch.create({"broadcast_id": test.id, "sequence": 1, "sender_id": member.id, "recipient_count": 1})
        self.env["wecom.broadcast.recipient"].sudo().create(
            {
                "broadcast_id": test.id,
                "partner_id": partner.id,
                "contact_id": contact.id,
                "external_userid": contact.external_userid,
                "member_id": member.id,
                "batch_id": batch.id,
            }
        )
        test.write({"is_test": True, "test_of_id": self.id, "state": "sending", "sending_at": now, "planned_at": now})
        self._wake_sender()
        return test.sudo(False)

    def _test_values(self, partner):
        """Return what a test does not take over: audience, campaign and course are its own."""
        return {
            "name": self.env._("Test: %s", self.name),
            "user_id": self.env.uid,
            "partner_domain": repr([("id", "=", partner.id)]),
            "tag_any_ids": False,
            "tag_all_ids": False,
            "tag_none_ids": False,
            "member_ids": False,
            "campaign_id": False,
            "material_ids": False,
            "retry_of_id": False,
            "retry_reasons": False,
            "send_mode": "now",
        }
