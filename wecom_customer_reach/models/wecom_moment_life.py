from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from .wecom_broadcast_audience import GROUP_MANAGER


class WecomMomentLife(models.Model):
    """The buttons that move a moment. They only write rows and wake the scheduled action."""

    _inherit = "wecom.moment"

    def action_publish(self):
        """Publish now: members are asked. A second click changes nothing."""
        for moment in self._in_states(("draft", "to_approve", "scheduled")):
            moment._check_ready()
            moment._begin()
        self._wake_publisher()

    def action_schedule(self):
        """Publish at the chosen time."""
        for moment in self._in_states(("draft", "to_approve")):
            if not moment.scheduled_at or moment.scheduled_at <= fields.Datetime.now():
                raise UserError(self.env._("Choose a time in the future, or publish now."))
            moment._check_ready()
            moment.sudo().write({"state": "scheduled", "error_message": False})
            self._wake_publisher(moment.scheduled_at)

    def action_draft(self):
        """Open a scheduled moment, or one given up before it was handed over, for changes again."""
        reopened = self._in_states(("scheduled", "cancelled"))
        if reopened.filtered(lambda moment: moment.moment_id or moment.task_ids):
            raise UserError(self.env._("A moment that has been published cannot be changed. Duplicate it instead."))
        reopened.sudo().write(
            {
                "state": "draft",
                "creation_state": False,
                "creating_at": False,
                "stop_requested_at": False,
                "final_at": False,
                "job_id": False,
            }
        )

    def action_cancel(self):
        """Give up a moment that has not been handed over."""
        self._in_states(("draft", "to_approve", "scheduled")).sudo().write({"state": "cancelled"})

    def action_stop(self):
        """Withdraw what has not been published: members who have not agreed are no longer asked."""
        for moment in self._in_states(("creating", "waiting", "published")):
            if moment.origin == "personal":
                raise UserError(self.env._("A moment that a member made himself can only be deleted by him."))
            values = {"stop_requested_at": fields.Datetime.now()}
            if moment.creation_state in ("tagging", "planned"):
                values["next_attempt_at"] = False  # nothing is with WeCom yet: there is nothing to wait for
            moment.sudo().write(values)
            moment._note(lambda record: record.env._("Stopped by %s.", record.env.user.name))
        self._wake_publisher()

    def action_duplicate(self):
        """Open a copy."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.copy().id,
            "views": [(False, "form")],
        }

    def action_declare_not_made(self):
        """End looking up a moment that a manager did not find in WeCom's console either; it is a draft again then."""
        self._check_manager()
        unknown = (
            self.sudo()
            .try_lock_for_update(allow_referencing=True)
            .filtered(lambda moment: moment.state == "creating" and moment.creation_state == "unknown")
        )
        if not unknown:
            raise UserError(self.env._("Only a moment that is being looked up can be declared not made."))
        for moment in unknown:
            moment.settled_at = fields.Datetime.now()
            moment._set_back(self.env._("%s has looked in WeCom's console: it was not made.", self.env.user.name))

    def _check_manager(self):
        self.check_access("write")
        if not self.env.user.has_group(GROUP_MANAGER):
            raise AccessError(self.env._("Only a manager can decide this."))

    def _in_states(self, states):
        """Return the records that are in one of ``states`` and may be written.

        No lock is needed: when two clicks meet, the second write fails with a serialization error, Odoo runs that
        request again, and it then finds the new state here.
        """
        self.check_access("write")
        return self.filtered(lambda moment: moment.state in states)

    def _check_ready(self):
        """Raise when this cannot be published: content, audience, rights or permission."""
        self.ensure_one()
        if self.origin != "odoo":
            raise UserError(self.env._("%s was made in WeCom: it can only be looked at here.", self.name))
        self._check_content()
        self._check_permission()
        missing = {
            "members": not (self.member_ids or self.department_ids) and self.post_type == "company",
            "tags": not self.tag_ids,
        }
        if missing.get(self.audience_mode):
            raise UserError(self.env._("Choose who may see it."))
        if self.audience_mode == "partners":
            self._partner_query()
        if not self._senders():
            raise UserError(self.env._("No customer may see this moment: nobody would be asked. See why below."))

    def _check_permission(self):
        """Raise when the responsible user may not publish this kind of post, or its member may not."""
        if self.post_type == "company":
            deciding = self.env.su or self.env.user.has_group(GROUP_MANAGER)
            if not deciding and not self.user_id.has_group(GROUP_MANAGER):
                raise AccessError(self.env._("Only a manager publishes posts of the company. Ask for approval."))
            return
        if not self.member_id:
            raise UserError(
                self.env._(
                    "%s is not linked to a WeCom member, so there are no customers to publish to. Ask an "
                    "administrator to link them under Configuration, Members.",
                    self.user_id.name,
                )
            )
        if not self.member_id.may_post_moment:
            raise AccessError(
                self.env._(
                    "%s may not publish moments of his own. An administrator allows it under Configuration, Members.",
                    self.member_id.name,
                )
            )
        if not self.user_id.has_group(GROUP_MANAGER) and self.member_id != self._member_of(self.user_id):
            raise AccessError(self.env._("You can publish as your own WeCom member only."))

    def _speaking(self):
        """This moment in the language of its responsible user, who reads what the scheduled actions write."""
        return self.with_context(lang=self.user_id.lang) if self else self

    def _note(self, text):
        """Post a note on each record; ``text`` returns the translated sentence for a record."""
        for moment in self:
            moment.message_post(body=text(moment))
