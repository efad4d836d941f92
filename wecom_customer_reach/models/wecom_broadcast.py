from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .wecom_corp import SENDER_POLICIES

CONTENT_FIELDS = {"text", "attachment_ids", "track_links"}
AUDIENCE_FIELDS = {
    "corp_id",
    "message_class",
    "partner_domain",
    "tag_any_ids",
    "tag_all_ids",
    "tag_none_ids",
    "member_ids",
    "sender_policy",
    "send_mode",
    "scheduled_at",
    "user_id",
    "retry_of_id",
    "retry_reasons",
}
COURSE_FIELDS = {
    "state",
    "sending_at",
    "planned_at",
    "sent_at",
    "stop_requested_at",
    "final_at",
    "is_test",
    "test_of_id",
    "last_auto_reminder_at",
    "overdue_told_at",
    "origin",
    "source_id",
    "sent_text",
    "reach_report",
    "reach_changes",
    "approval_requested_by_id",
    "approval_requested_at",
    "approval_decision",
    "decided_by_id",
    "decided_at",
    "decision_comment",
    "approved_version",
    "approved_count",
    "link_checks",
    "quality_report",
}
"""How far a broadcast is, and where it was made: moved by its buttons and the scheduled actions alone, or
customers would get it twice.
"""

COURSE_DEFAULTS = {f"default_{name}" for name in COURSE_FIELDS}


class WecomBroadcast(models.Model):
    """A campaign: one text to many customers, each told by the member he knows (wecom-api.md § 6.1).

    draft → (to approve →) (scheduled →) sending: planned and handed to WeCom batch by batch → running: every batch is
    with WeCom, the members confirm → done: every result is final; or cancelled. Buttons only write rows and wake the
    scheduled actions.
    """

    _name = "wecom.broadcast"
    _inherit = ["wecom.content", "mail.thread", "mail.activity.mixin"]
    _description = "WeCom Broadcast"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char("Title", required=True, tracking=True)
    active = fields.Boolean(default=True, copy=False)
    corp_id = fields.Many2one(
        "wecom.corp", required=True, index=True, ondelete="restrict", default=lambda self: self._default_corp_id()
    )
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        index=True,
        default=lambda self: self.env.user,
        tracking=True,
        help="The audience is limited to the customers this user may see.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("to_approve", "To approve"),
            ("scheduled", "Scheduled"),
            ("sending", "Sending"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    partner_domain = fields.Char("Partners", default="[]", required=True)
    tag_any_ids = fields.Many2many("wecom.tag", "wecom_broadcast_tag_any_rel", string="Any of these tags")
    tag_all_ids = fields.Many2many("wecom.tag", "wecom_broadcast_tag_all_rel", string="All of these tags")
    tag_none_ids = fields.Many2many("wecom.tag", "wecom_broadcast_tag_none_rel", string="None of these tags")
    member_ids = fields.Many2many(
        "wecom.member", string="Followed By", help="Customers followed by one of these members."
    )
    sender_policy = fields.Selection(
        SENDER_POLICIES,
        "Sender",
        required=True,
        compute="_compute_sender_policy",
        store=True,
        readonly=False,
        precompute=True,
        help="Who sends when several members follow a customer. WeCom decides: the member who chatted with him last. "
        "Salesperson: the member of the partner's salesperson; where he does not follow the customer, WeCom decides "
        "or, as chosen, nobody sends.",
    )
    send_mode = fields.Selection([("now", "Now"), ("scheduled", "At a time")], "Send", required=True, default="now")
    scheduled_at = fields.Datetime("Send At", copy=False)
    deadline = fields.Datetime(copy=False, help="When the members should have confirmed.")
    campaign_id = fields.Many2one("utm.campaign", index="btree_not_null", ondelete="set null")
    attachment_ids = fields.One2many("wecom.attachment", "broadcast_id", copy=False)
    batch_ids = fields.One2many("wecom.broadcast.batch", "broadcast_id", copy=False)
    task_ids = fields.One2many("wecom.broadcast.task", "broadcast_id", copy=False)
    recipient_ids = fields.One2many("wecom.broadcast.recipient", "broadcast_id", copy=False)
    sending_at = fields.Datetime("Sending Since", copy=False)
    planned_at = fields.Datetime(copy=False, help="When the recipients were worked out.")
    sent_at = fields.Datetime("Handed Over At", copy=False, help="When every batch was with WeCom.")
    stop_requested_at = fields.Datetime("Stopped At", copy=False)
    final_at = fields.Datetime("Final Since", copy=False)

    _to_plan_idx = models.Index("(id) WHERE state IN ('scheduled', 'sending')")

    @api.model
    def _default_corp_id(self):
        return self.env["wecom.corp"].search([("company_id", "=", self.env.company.id)], limit=1)

    @api.depends("corp_id")
    def _compute_sender_policy(self):
        for broadcast in self:
            broadcast.sender_policy = broadcast.corp_id.sender_policy or "wecom"

    @api.constrains("corp_id", "tag_any_ids", "tag_all_ids", "tag_none_ids", "member_ids")
    def _check_one_corp(self):
        for broadcast in self:
            tags = broadcast.tag_any_ids | broadcast.tag_all_ids | broadcast.tag_none_ids
            if (tags.corp_id | broadcast.member_ids.corp_id) - broadcast.corp_id:
                raise ValidationError(self.env._("Choose tags and members of %s only.", broadcast.corp_id.name))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # Defaults of the context would fill in what is taken out of the values.
            context = {name: value for name, value in self.env.context.items() if name not in COURSE_DEFAULTS}
            self = self.with_env(self.env(context=context))
            vals_list = [{name: vals[name] for name in vals.keys() - COURSE_FIELDS} for vals in vals_list]
        broadcasts = super().create(vals_list)
        broadcasts._check_responsible()
        return broadcasts

    def write(self, vals):
        if COURSE_FIELDS & vals.keys() and not self.env.su:
            raise AccessError(self.env._("The state of a broadcast is moved by its buttons only."))
        if (CONTENT_FIELDS | AUDIENCE_FIELDS) & vals.keys():
            self._check_content_open()
        if vals.get("active") is False:
            self._check_may_be_archived()
        result = super().write(vals)
        if "user_id" in vals:
            self._check_responsible()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if default and "name" in default:
            return vals_list
        return [
            dict(vals, name=self.env._("%s (copy)", broadcast.name))
            for broadcast, vals in zip(self, vals_list, strict=True)
        ]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent(self):
        if any(
            broadcast.state not in ("draft", "to_approve", "cancelled") or broadcast.planned_at for broadcast in self
        ):
            raise UserError(self.env._("A broadcast that has been sent is kept: archive it instead of deleting it."))

    def _check_responsible(self):
        """Only a manager may let a broadcast run with the rights of another user."""
        if self.env.su or self.env.user.has_group("wecom_customer_reach.group_wecom_manager"):
            return
        if self.user_id - self.env.user:
            raise AccessError(self.env._("Only a manager can make somebody else responsible for a broadcast."))

    def _check_content_open(self):
        """Raise a UserError when content, audience or time can no longer be changed."""
        for broadcast in self:
            if broadcast.state == "to_approve":
                raise UserError(self.env._("%s waits for approval: take it back to change it.", broadcast.name))
            if broadcast.state == "scheduled":
                raise UserError(self.env._("%s is scheduled: set it back to draft to change it.", broadcast.name))
            if broadcast.state != "draft":
                raise UserError(
                    self.env._("%s has been sent and cannot be changed. Duplicate it to send another.", broadcast.name)
                )

    def _check_may_be_archived(self):
        """Raise when a broadcast is under way: it would go on unseen."""
        if any(broadcast.state in ("to_approve", "scheduled", "sending", "running") for broadcast in self):
            raise UserError(self.env._("This broadcast is under way. Stop it before archiving it."))

    def action_send(self):
        """Send now. A second click changes nothing."""
        for broadcast in self._in_states(("draft", "scheduled")):
            broadcast._check_ready()
            broadcast._check_approved(at_once=True)
            broadcast.sudo().write({"state": "sending", "sending_at": fields.Datetime.now()})
        self._wake_sender()

    def action_schedule(self):
        """Send at the chosen time."""
        for broadcast in self._in_states(("draft",)):
            broadcast._check_time()
            broadcast._check_ready()
            broadcast._check_approved()
            broadcast.sudo().write({"state": "scheduled"})
            self._wake_sender(broadcast.scheduled_at)

    def action_cancel(self):
        """Give up a broadcast that has not been sent."""
        self._in_states(("draft", "to_approve", "scheduled")).sudo().write({"state": "cancelled"})

    def action_draft(self):
        """Open a broadcast that waits, for approval or for its time, or was given up, for changes again."""
        reopened = self._in_states(("to_approve", "scheduled", "cancelled"))
        if reopened.filtered("planned_at"):
            raise UserError(self.env._("A broadcast that has been sent cannot be changed. Duplicate it instead."))
        reopened.sudo().write({"state": "draft", "sending_at": False, "stop_requested_at": False, "final_at": False})

    def action_remind(self):
        """Ask the members who have not confirmed once more, where WeCom's budget of 3 reminders in 24 hours allows."""
        self.check_access("write")
        batches = self.sudo().batch_ids.filtered(lambda batch: batch._can_be_reminded())
        if not batches:
            raise UserError(
                self.env._("There is nobody to remind, or the 3 reminders of the last 24 hours are used up.")
            )
        batches.write({"remind_requested_at": fields.Datetime.now()})
        self._wake_sender()

    def action_stop(self):
        """Withdraw what has not gone out: batches not sent are given up, waiting members are stopped in WeCom."""
        for broadcast in self._in_states(("sending", "running")):
            broadcast.sudo().stop_requested_at = fields.Datetime.now()
            broadcast._note(lambda record: record.env._("Stopped by %s.", record.env.user.name))
            broadcast.sudo().batch_ids._stop()
            if broadcast.planned_at:
                broadcast._update_progress()
            else:
                broadcast.sudo().write({"state": "cancelled", "final_at": fields.Datetime.now()})
        self._wake_sender()

    def action_refresh_results(self):
        """Read the results at once instead of at the next look."""
        self.check_access("write")
        self.sudo().batch_ids.filtered(lambda batch: batch.msgid and not batch.final_at).write(
            {"next_poll_at": fields.Datetime.now()}
        )
        self._wake_poller()

    def action_view_recipients(self):
        """Open the recipients; the context keys ``recipient_state`` and ``exclusion`` (values or lists) narrow them."""
        return self._recipient_action(
            "wecom.broadcast.recipient", self.env._("Recipients"), [("broadcast_id", "in", self.ids)]
        )

    def _recipient_action(self, model, name, domain, narrowing=None):
        narrowing = self._recipient_filter() if narrowing is None else narrowing
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,kanban,form",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "mobile_view_mode": "kanban",
            "domain": [*domain, *narrowing],
            "context": {"create": False, "one_broadcast": len(self) == 1},
        }

    def _recipient_filter(self):
        context = self.env.context
        wanted = {"state": context.get("recipient_state"), "exclusion": context.get("exclusion")}
        return [
            (name, "in", [value] if isinstance(value, str) else list(value)) for name, value in wanted.items() if value
        ]

    def _in_states(self, states):
        """Return the records that are in one of ``states`` and may be written.

        No lock is needed: when two clicks meet, the second write fails with a serialization error, Odoo runs that
        request again, and it then finds the new state here.
        """
        self.check_access("write")
        return self.filtered(lambda broadcast: broadcast.state in states)

    def _check_time(self):
        """Raise a UserError unless the chosen time is to come."""
        if not self.scheduled_at or self.scheduled_at <= fields.Datetime.now():
            raise UserError(self.env._("Choose a time in the future, or send now."))

    def _check_ready(self):
        """Raise when this cannot be sent: content, audience or set-up."""
        self.ensure_one()
        self._check_content()
        self._audience_query()
        self._check_own_member()

    def _speaking(self):
        """This broadcast in the language of its responsible user, who reads what the scheduled actions write."""
        return self.with_context(lang=self.user_id.lang)

    def _note(self, text):
        """Post a note on each record; ``text`` returns the translated sentence for a record."""
        for broadcast in self:
            broadcast.message_post(body=text(broadcast))

    @api.model
    def _wake_sender(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_send_broadcasts").sudo()._trigger(at)

    @api.model
    def _wake_poller(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_read_results").sudo()._trigger(at)

    def _update_progress(self):
        """Move on the state when every batch is with WeCom, or every result is final."""
        for broadcast in self.filtered(lambda record: record.state in ("sending", "running") and record.planned_at):
            batches = broadcast.batch_ids
            now = fields.Datetime.now()
            if any(batch.state in ("planned", "claimed", "unknown") for batch in batches):
                continue
            values = {} if broadcast.sent_at else {"sent_at": now}
            if all(batch.final_at for batch in batches):
                values |= {"state": "cancelled" if broadcast.stop_requested_at else "done", "final_at": now}
            elif broadcast.state == "sending":
                values["state"] = "running"
            if values:
                broadcast.sudo().write(values)

    @api.model
    def _step_start(self):
        """Begin sending one scheduled broadcast whose time has come; return whether there was one."""
        due = self.search(
            [("state", "=", "scheduled"), ("scheduled_at", "<=", fields.Datetime.now())], order="scheduled_at", limit=1
        )
        due._speaking().write({"state": "sending", "sending_at": fields.Datetime.now()})
        return bool(due)

    @api.model
    def _step_plan(self):
        """Plan one broadcast that is to be sent; return whether there was one."""
        waiting = self.search([("state", "=", "sending"), ("planned_at", "=", False)], order="id", limit=1)
        broadcast = waiting.try_lock_for_update(allow_referencing=True)
        if broadcast:
            broadcast._speaking()._plan_or_reopen()
        return bool(broadcast)

    @api.model
    def _step_progress(self):
        """Bring every open broadcast's state up to date. Returns False: once per run is enough."""
        for broadcast in self.search([("state", "in", ("sending", "running")), ("planned_at", "!=", False)]):
            broadcast._speaking()._update_progress()
        return False
