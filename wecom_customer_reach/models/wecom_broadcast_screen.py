from odoo import api, fields, models
from odoo.tools import format_datetime, formatLang

RESULT_PREVIEW = 40


class WecomBroadcastScreen(models.Model):
    """What the screens of a broadcast say: sentences for its alerts, the reach report, and what its numbers open."""

    _inherit = "wecom.broadcast"

    corp_name = fields.Char(related="corp_id.name", string="Corp Name", help="Stands beside the member's name.")
    reach_lines = fields.Json(compute="_compute_reach", help="Who will receive the broadcast, and who not and why.")
    reach_message = fields.Char(compute="_compute_reach")
    member_message = fields.Char(compute="_compute_member_message")
    batch_message = fields.Char(compute="_compute_batch_message")
    result_message = fields.Char(compute="_compute_result_message")
    progress_text = fields.Char("Progress", compute="_compute_progress_text")
    shown_date = fields.Datetime("Date", compute="_compute_shown_date", help="When it was or will be sent.")
    recipient_preview_ids = fields.Many2many(
        "wecom.broadcast.recipient", compute="_compute_recipient_preview_ids", string="First Recipients"
    )

    @api.depends("reach_counts", "reach_unknown")
    def _compute_reach(self):
        for broadcast in self:
            lines = broadcast._reach_lines()
            total = sum(line["count"] for line in lines)
            left_out = sum(line["count"] for line in lines if line["code"])
            numbers = {"left_out": broadcast._number(left_out), "total": broadcast._number(total)}
            broadcast.reach_lines = lines
            if not left_out:
                broadcast.reach_message = False
            elif broadcast.planned_at:
                broadcast.reach_message = self.env._("%(left_out)s of %(total)s could not be reached.", **numbers)
            else:
                broadcast.reach_message = self.env._("%(left_out)s of %(total)s cannot be reached.", **numbers)

    def _reach_lines(self):
        """Return the reach report: dicts with code ("" for those who receive it), label, meaning, action, count, share.

        ``share`` is in percent of the audience.
        """
        self.ensure_one()
        reachable = self.reachable_count
        report = self._exclusion_report()
        total = reachable + sum(line["count"] for line in report)
        first = {
            "code": "",
            "label": self.env._("Will receive") if not self.planned_at else self.env._("Planned"),
            "meaning": self.env._("Followed by a member who may send, with room under the cap."),
            "action": "",
            "buttons": [],
            "count": reachable,
        }
        return [dict(line, share=100 * line["count"] / total if total else 0) for line in (first, *report)]

    def _compute_member_message(self):
        for broadcast in self:
            waiting = broadcast.member_count - broadcast.member_sent_count
            if broadcast.state not in ("sending", "running") or broadcast.stop_requested_at or not waiting:
                broadcast.member_message = False
                continue
            numbers = {
                "waiting": broadcast._number(waiting),
                "members": broadcast._number(broadcast.member_count),
                "left": broadcast.remind_left,
            }
            if not broadcast.remind_left:
                text = self.env._(
                    "%(waiting)s of %(members)s members have not sent yet; no reminder left today.", **numbers
                )
            elif broadcast.remind_left == 1:
                text = self.env._(
                    "%(waiting)s of %(members)s members have not sent yet; 1 reminder left today.", **numbers
                )
            else:
                text = self.env._(
                    "%(waiting)s of %(members)s members have not sent yet; %(left)s reminders left today.", **numbers
                )
            broadcast.member_message = text

    def _compute_batch_message(self):
        for broadcast in self:
            parts = []
            if broadcast.failed_count:
                failed = broadcast.batch_ids.filtered(lambda batch: batch.state == "failed")[:1]
                parts.append(
                    self.env._(
                        "WeCom refused %(count)s batches; nothing of them was sent. %(problem)s",
                        count=broadcast.failed_count,
                        problem=failed.error_message or "",
                    )
                )
            if broadcast.unknown_count:
                parts.append(
                    self.env._(
                        "WeCom's answer for %s batches was lost. They are looked up in WeCom; nothing is sent twice.",
                        broadcast.unknown_count,
                    )
                )
            broadcast.batch_message = " ".join(parts).strip() or False

    def _compute_result_message(self):
        for broadcast in self:
            broadcast.result_message = broadcast._result_message()

    def _result_message(self):
        """Return how final the figures are, as one sentence."""
        match self.state:
            case "scheduled":
                return self.env._("Goes out on %s.", self._moment(self.scheduled_at))
            case "sending":
                return self.env._("Is being handed to WeCom. The figures appear as WeCom takes it.")
            case "running" if self.stop_requested_at:
                return self.env._(
                    "Stopped on %s; the last results are being read.", self._moment(self.stop_requested_at)
                )
            case "running" if self.next_poll_at:
                return self.env._("Next look at the results: %s.", self._moment(self.next_poll_at))
            case "done":
                return self.env._("Final since %s.", self._moment(self.final_at))
            case "cancelled" if self.planned_at:
                return self.env._(
                    "Stopped. %(sent)s customers had received it before; that cannot be recalled. "
                    "Final since %(date)s.",
                    sent=self._number(self.sent_count),
                    date=self._moment(self.final_at),
                )
            case "cancelled":
                return self.env._("Given up before it was sent.")
            case _:
                return False

    def _compute_progress_text(self):
        for broadcast in self:
            if not broadcast.planned_at:
                broadcast.progress_text = False
                continue
            numbers = {
                "sent": broadcast._number(broadcast.sent_count),
                "planned": broadcast._number(broadcast.planned_count),
                "done": broadcast.member_sent_count,
                "members": broadcast.member_count,
            }
            if broadcast.member_count:
                text = self.env._("%(sent)s of %(planned)s delivered · %(done)s of %(members)s members", **numbers)
            else:
                text = self.env._("%(sent)s of %(planned)s delivered", **numbers)
            broadcast.progress_text = text

    @api.depends("sending_at", "scheduled_at", "state")
    def _compute_shown_date(self):
        for broadcast in self:
            scheduled = broadcast.scheduled_at if broadcast.state in ("draft", "to_approve", "scheduled") else False
            broadcast.shown_date = broadcast.sending_at or scheduled or broadcast.create_date

    def _compute_recipient_preview_ids(self):
        # The form shows a page; the whole list, tens of thousands of rows, opens on its own.
        for broadcast in self:
            broadcast.recipient_preview_ids = self.env["wecom.broadcast.recipient"].search(
                [("broadcast_id", "=", broadcast._origin.id), ("state", "!=", "excluded")], limit=RESULT_PREVIEW
            )

    def _number(self, value):
        return formatLang(self.env, value, digits=0)

    def _moment(self, value):
        return format_datetime(self.env, value, dt_format="short") if value else ""

    def action_duplicate(self):
        """Open a copy as a draft."""
        self.ensure_one()
        copy = self.copy()
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": copy.id, "view_mode": "form"}

    def action_open_stop(self):
        """Ask before stopping, and say what has gone out already; the results are read anew meanwhile."""
        self.ensure_one()
        self.action_refresh_results()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Stop this broadcast?"),
            "res_model": "wecom.broadcast.stop",
            "view_mode": "form",
            "target": "new",
            "context": {"default_broadcast_id": self.id},
        }

    def action_view_reason(self, code):
        """Open exactly the rows of one line of the reach report: ``code`` of the rule, or "" for those reached."""
        self.ensure_one()
        label = next((line["label"] for line in self._reach_lines() if line["code"] == code), "")
        if self.planned_at:
            narrowing = [("exclusion", "=", code)] if code else [("state", "!=", "excluded")]
            domain = [("broadcast_id", "=", self.id), *narrowing]
            return dict(self._recipient_action("wecom.broadcast.recipient", label, domain, ()))
        self.check_access("read")
        if self.audience_count <= self._live_reach_limit:
            self._work_out_reach()
        return self._recipient_action("res.partner", label, self._reason_domain(code), ())

    def action_view_tasks(self):
        """Open the members' tasks."""
        return self._recipient_action(
            "wecom.broadcast.task", self.env._("Members"), [("broadcast_id", "in", self.ids)], ()
        )
