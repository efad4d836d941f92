from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..wecom_api import messages, moments
from ..wecom_api.errors import NotFound, WeComError
from ..wecom_api.limits import MESSAGE_MEMBERS
from .epoch import to_epoch

REMINDERS_PER_DAY = 3
RETRY_PAUSE = timedelta(minutes=5)


class WecomMomentCommand(models.Model):
    """Withdrawing from members who have not published (wecom-api.md § 7.3), and reminding them (§ 14)."""

    _inherit = "wecom.moment"

    withdrawn_at = fields.Datetime(copy=False, readonly=True, help="When WeCom was told to ask nobody any more.")
    withdraw_at = fields.Datetime(copy=False, readonly=True, help="When withdrawing is tried again.")
    remind_times = fields.Json(copy=False, readonly=True, help="When reminders went out, in Unix seconds.")
    remind_requested_at = fields.Datetime(copy=False, readonly=True)
    remind_left = fields.Integer("Reminders Left", compute="_compute_remind_left", help="Of 3 in 24 hours.")

    @api.depends("remind_times", "asked_count", "published_count", "state")
    def _compute_remind_left(self):
        for moment in self:
            waiting = moment.state in ("waiting", "published") and moment.asked_count > moment.published_count
            moment.remind_left = max(REMINDERS_PER_DAY - len(moment._recent_reminders()), 0) if waiting else 0

    def _recent_reminders(self):
        """Return the Unix seconds of the reminders of the last 24 hours."""
        self.ensure_one()
        since = to_epoch(fields.Datetime.now() - timedelta(days=1))
        return [moment for moment in self.remind_times or [] if moment > since]

    def action_remind(self):
        """Write to the members who have not published, at most 3 times in 24 hours."""
        for moment in self._in_states(("waiting", "published")):
            if not moment.remind_left or moment.stop_requested_at:
                raise UserError(
                    self.env._("There is nobody to remind, or the 3 reminders of the last 24 hours are used up.")
                )
            moment.sudo().remind_requested_at = fields.Datetime.now()
        self._wake_publisher()

    @api.model
    def _step_remind(self):
        """Send one reminder that was asked for; return whether there was one.

        It is written down as sent before the call: people see every message, so none goes out twice.
        """
        moment = self.search([("remind_requested_at", "!=", False)], limit=1).try_lock_for_update(
            allow_referencing=True
        )
        if not moment:
            return False
        moment = moment._speaking()
        pending = moment.task_ids.filtered(lambda task: task.state == "pending")
        now = fields.Datetime.now()
        moment.write({"remind_requested_at": False, "remind_times": [*moment._recent_reminders(), to_epoch(now)]})
        pending.reminded_at = now
        self.env["ir.cron"]._commit_progress()
        userids = pending.member_id.mapped("userid")
        text = self.env._(
            "A moment of your company waits for you: %(name)s. Open WeCom, Customer moments, and publish it to your "
            "customers.",
            name=moment.name,
        )
        try:
            client = moment.corp_id._client()
            for start in range(0, len(userids), MESSAGE_MEMBERS):
                part = userids[start : start + MESSAGE_MEMBERS]
                messages.send_text(client, int(moment.corp_id.agentid or 0), part, text)
        except (WeComError, UserError) as error:
            reason = moment._explained(error)
            moment._note(lambda record: record.env._("The reminder did not reach the members: %s", reason))
        else:
            moment._note(lambda record: record.env._("Members reminded: %s.", len(userids)))
        return True

    @api.model
    def _step_withdraw(self):
        """Tell WeCom to ask nobody any more, for one moment that was stopped or is past its deadline."""
        now = fields.Datetime.now()
        moment = self.search(
            [
                ("state", "in", ("waiting", "published")),
                ("origin", "!=", "personal"),
                ("withdrawn_at", "=", False),
                "|",
                ("stop_requested_at", "!=", False),
                "&",
                ("deadline", "<=", now),
                ("origin", "=", "odoo"),
                "|",
                ("withdraw_at", "=", False),
                ("withdraw_at", "<=", now),
            ],
            limit=1,
        )._speaking()
        if not moment:
            return False
        moment.withdraw_at = now + RETRY_PAUSE
        self.env["ir.cron"]._commit_progress()
        try:
            moments.cancel_moment_task(moment.corp_id._client(), moment.moment_id)
        except NotFound:
            moment._withdrawn()  # deleted in WeCom: nobody is asked any more
        except (WeComError, UserError) as error:
            moment.error_message = moment._explained(error)
            self._wake_publisher(moment.withdraw_at)
        else:
            moment._withdrawn()
        return True

    def _withdrawn(self):
        """Look once more who has published; the others are withdrawn then."""
        now = fields.Datetime.now()
        self.write({"withdrawn_at": now, "error_message": False, "next_poll_at": now})
        self._wake_poller()
