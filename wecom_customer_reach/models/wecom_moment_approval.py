from odoo import models
from odoo.exceptions import UserError

from .wecom_broadcast_audience import GROUP_MANAGER

ACTIVITY_TYPE = "wecom_customer_reach.mail_activity_type_moment_approval"


class WecomMomentApproval(models.Model):
    """A post of the company that somebody else than a manager wrote: a manager publishes it or sends it back."""

    _inherit = "wecom.moment"

    def write(self, vals):
        asked = self.filtered(lambda moment: moment.state == "to_approve") if "state" in vals else self.browse()
        result = super().write(vals)
        asked.filtered(lambda moment: moment.state != "to_approve").sudo().activity_unlink([ACTIVITY_TYPE])
        return result

    def action_ask_approval(self):
        """Ask the managers to publish a post of the company: each finds it among his activities."""
        for moment in self._in_states(("draft",)):
            moment._check_content()
            deciders = moment._deciders()
            if not deciders:
                raise UserError(
                    self.env._("Nobody may publish posts of the company yet: an administrator names a manager.")
                )
            moment.sudo().write({"state": "to_approve", "error_message": False})
            moment._note(lambda record: record.env._("%s asks for approval.", record.env.user.name))
            for user in deciders:
                speaking = moment.sudo().with_context(lang=user.lang)
                speaking.activity_schedule(
                    ACTIVITY_TYPE,
                    summary=speaking.env._("Approve a moment, asked by %s", self.env.user.name),
                    user_id=user.id,
                )

    def _deciders(self):
        """Return the managers of the moment's company."""
        managers = self.env.ref(GROUP_MANAGER).sudo().all_user_ids
        return managers.filtered(lambda user: user.active and self.company_id in user.company_ids)

    def action_refuse(self):
        """Send a post that waits for approval back to its author, who is told."""
        self._check_manager()
        for moment in self._in_states(("to_approve",)):
            moment.sudo().write({"state": "draft"})
            moment._note(lambda record: record.env._("%s sent it back to be changed.", record.env.user.name))
            author = moment.user_id
            speaking = moment.sudo().with_context(lang=author.lang)
            speaking.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=speaking.env._("%s sent the moment back to be changed", self.env.user.name),
                user_id=author.id,
            )
