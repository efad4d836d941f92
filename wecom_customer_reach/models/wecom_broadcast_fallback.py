from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .exclusion import EXCLUSION_RULES, NOT_A_CUSTOMER, OPTED_OUT

NO_FALLBACK = {OPTED_OUT, NOT_A_CUSTOMER, "duplicate", "quiet"}
"""Exclusions that are no reason for another message: the customer does not want one, it does not concern him, or he is
reached already.
"""
ANY = "any"
UNCONFIRMED = "pending"
RESULT_REASONS = ("refused", "not_friend", "capped")
FALLBACK_REASONS = [
    (ANY, "Any reason, except not confirmed"),
    *((rule.code, rule.label) for rule in EXCLUSION_RULES if rule.code not in NO_FALLBACK),
    ("refused", "Refused by WeCom"),
    ("not_friend", "Not a friend"),
    ("capped", "Capped"),
    (UNCONFIRMED, "Not confirmed by the member"),
]
ANY_REASONS = tuple(code for code, _label in FALLBACK_REASONS if code not in (ANY, UNCONFIRMED))
LOCKED_FIELDS = {
    "broadcast_id",
    "reason",
    "wait_hours",
    "way",
    "sms_template_id",
    "sms_text",
    "mail_template_id",
    "activity_assignee",
    "activity_summary",
}


class WecomBroadcastFallback(models.Model):
    """How customers whom a broadcast did not reach are told instead: for which reason, after how long, which way.

    Nobody gets a second message who may still get the first: whose member has not confirmed is withdrawn in WeCom
    first, and a broadcast that was stopped has no fallback.
    """

    _name = "wecom.broadcast.fallback"
    _description = "WeCom Broadcast Fallback"
    _order = "sequence, id"
    _rec_name = "reason"

    broadcast_id = fields.Many2one("wecom.broadcast", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="broadcast_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    reason = fields.Selection(
        FALLBACK_REASONS,
        required=True,
        default=ANY,
        help="Why the broadcast does not reach the customer. The first fallback of the list that fits is taken. "
        "Not confirmed: when the hours are over, the members who have not sent are withdrawn in WeCom; only "
        "then do their customers get the fallback, so that nobody is told twice.",
    )
    wait_hours = fields.Integer(
        "After (Hours)",
        compute="_compute_wait_hours",
        store=True,
        readonly=False,
        precompute=True,
        help="Counted from when the broadcast was planned, or the customer's batch was created in WeCom.",
    )
    way = fields.Selection(
        [("sms", "SMS"), ("email", "E-mail"), ("activity", "Activity")], "How", required=True, default="sms"
    )
    sms_template_id = fields.Many2one("sms.template", "SMS Template", domain=[("model", "=", "res.partner")])
    sms_text = fields.Text("SMS", compute="_compute_sms_text", store=True, readonly=False, precompute=True)
    mail_template_id = fields.Many2one("mail.template", "E-mail Template", domain=[("model", "=", "res.partner")])
    activity_assignee = fields.Selection(
        [("salesperson", "Salesperson"), ("member", "Member"), ("responsible", "Responsible of the broadcast")],
        "Assigned To",
        required=True,
        default="salesperson",
        help="Where a customer has no salesperson, or his member no user: the responsible of the broadcast.",
    )
    activity_summary = fields.Char("What to Do", translate=False)
    started_at = fields.Datetime("Started", readonly=True, copy=False, help="Set by sending, or by the button.")
    done_at = fields.Datetime(readonly=True, copy=False, help="When nothing more could be due.")
    error_message = fields.Text("Problem", readonly=True, copy=False)
    line_ids = fields.One2many("wecom.broadcast.fallback.line", "fallback_id")
    waiting_count = fields.Integer("Waiting", compute="_compute_line_counts")
    done_count = fields.Integer("Handed Over", compute="_compute_line_counts")
    impossible_count = fields.Integer("Impossible", compute="_compute_line_counts")
    dropped_count = fields.Integer("Not Needed", compute="_compute_line_counts")

    _wait_not_negative = models.Constraint("CHECK (wait_hours >= 0)", "The hours cannot be negative.")
    _open_idx = models.Index("(broadcast_id) WHERE started_at IS NOT NULL AND done_at IS NULL")

    @api.depends("reason")
    def _compute_wait_hours(self):
        for fallback in self:
            by_result = fallback.reason in (*RESULT_REASONS, UNCONFIRMED)
            fallback.wait_hours = 24 if by_result else 0

    @api.depends("sms_template_id")
    def _compute_sms_text(self):
        for fallback in self:
            fallback.sms_text = fallback.sms_template_id.body or fallback.sms_text

    def _compute_line_counts(self):
        groups = self.env["wecom.broadcast.fallback.line"]._read_group(
            [("fallback_id", "in", self.ids)], ["fallback_id", "state"], ["__count"]
        )
        counts = {(fallback.id, state): count for fallback, state, count in groups}
        for fallback in self:
            for state in ("waiting", "done", "impossible", "dropped"):
                fallback[f"{state}_count"] = counts.get((fallback.id, state), 0)

    @api.constrains("way", "sms_text", "mail_template_id", "sms_template_id")
    def _check_message(self):
        for fallback in self:
            templates = (fallback.sms_template_id, fallback.mail_template_id)
            if fallback.way == "sms" and not (fallback.sms_text or "").strip():
                raise ValidationError(self.env._("Write the text of the SMS, or choose a template."))
            if fallback.way == "email" and not fallback.mail_template_id:
                raise ValidationError(self.env._("Choose the e-mail template."))
            if any(template and template.model != "res.partner" for template in templates):
                raise ValidationError(self.env._("Choose a template made for contacts."))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            own = ("started_at", "done_at", "error_message")
            vals_list = [{name: value for name, value in vals.items() if name not in own} for vals in vals_list]
        fallbacks = super().create(vals_list)
        fallbacks._check_broadcast_open()
        return fallbacks

    def write(self, vals):
        if {"started_at", "done_at", "error_message"} & vals.keys() and not self.env.su:
            raise AccessError(self.env._("A fallback is started by sending the broadcast, or by its button."))
        if LOCKED_FIELDS & vals.keys():
            if any(self.mapped("started_at")):
                raise UserError(self.env._("This fallback has started and cannot be changed any more. Add another."))
            self._check_broadcast_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        if any(fallback.started_at and fallback.broadcast_id.planned_at for fallback in self):
            raise UserError(self.env._("This fallback has started: it is kept with what came of it."))
        self.filtered(lambda fallback: fallback.broadcast_id.state == "to_approve")._check_broadcast_open()

    def _check_broadcast_open(self):
        """Raise when the broadcast takes no changes now: it waits for approval or its time, or was given up."""
        for broadcast in self.broadcast_id:
            if broadcast.state in ("to_approve", "scheduled"):
                broadcast._check_content_open()
            if broadcast.state == "cancelled" or broadcast.stop_requested_at:
                raise UserError(self.env._("%s was given up or stopped: it has no fallback.", broadcast.name))

    def action_start(self):
        """Start a fallback that was added after the broadcast had been sent."""
        self.check_access("write")
        self._check_broadcast_open()
        to_start = self.filtered(lambda fallback: not fallback.started_at and fallback.broadcast_id.planned_at)
        to_start._start()

    def _start(self):
        self.sudo().write({"started_at": fields.Datetime.now()})
        self._wake()

    @api.model
    def _wake(self):
        self.env.ref("wecom_customer_reach.ir_cron_fall_back").sudo()._trigger()

    def action_view_lines(self):
        """Open what came of this fallback, customer by customer; context key ``line_state`` narrows it."""
        return self.broadcast_id._fallback_action([("fallback_id", "in", self.ids)])
