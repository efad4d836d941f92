from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .approval_policy import APPROVAL_POLICIES
from .wecom_broadcast import AUDIENCE_FIELDS, CONTENT_FIELDS

GROUP_APPROVER = "wecom_customer_reach.group_wecom_approver"
ACTIVITY_TYPE = "wecom_customer_reach.mail_activity_type_approval"
GROWTH_PERCENT, GROWTH_LEAST = 10, 50
"""How many more recipients than were counted at the approval may come in until the broadcast is sent."""
NOT_DECIDED = {"approval_decision": False, "decided_by_id": False, "decided_at": False, "decision_comment": False}


class WecomBroadcastApproval(models.Model):
    """Somebody else looks at a broadcast before it goes out, and what he approved is what goes out.

    draft → (asked) to approve → (approved) scheduled or sending, as the author chose; → (refused) draft. An approval
    belongs to one version (``_version``): any change of it takes the approval back. Tests need none.
    """

    _inherit = "wecom.broadcast"

    approval_requested_by_id = fields.Many2one("res.users", "Approval Asked By", readonly=True, copy=False)
    approval_requested_at = fields.Datetime("Approval Asked On", readonly=True, copy=False)
    approval_decision = fields.Selection(
        [("approved", "Approved"), ("refused", "Refused")], "Approval", readonly=True, copy=False, tracking=True
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    decided_at = fields.Datetime("Decided On", readonly=True, copy=False)
    decision_comment = fields.Text(readonly=True, copy=False)
    approved_version = fields.Char(readonly=True, copy=False)
    approved_count = fields.Integer("Recipients When Approved", readonly=True, copy=False)
    needs_approval = fields.Boolean(compute="_compute_approval", help="It cannot be sent until somebody approves it.")
    may_decide = fields.Boolean(compute="_compute_approval")
    approval_message = fields.Text(compute="_compute_approval")

    @api.depends("state", "corp_id.approval_policy", "corp_id.approval_threshold", "reach_counts", "approval_decision")
    @api.depends_context("uid")
    def _compute_approval(self):
        for broadcast in self:
            broadcast.needs_approval = broadcast.state == "draft" and broadcast._lacks_approval()
            broadcast.may_decide = broadcast.state == "to_approve" and self.env.user in broadcast._deciders()
            broadcast.approval_message = broadcast._approval_message()

    def write(self, vals):
        approved = self.browse()
        if (CONTENT_FIELDS | AUDIENCE_FIELDS) & vals.keys():
            approved = self.filtered(lambda broadcast: broadcast.approval_decision == "approved")
        asked = self.filtered(lambda broadcast: broadcast.state == "to_approve") if "state" in vals else self.browse()
        result = super().write(vals)
        approved._take_back_approval()
        asked.filtered(lambda broadcast: broadcast.state != "to_approve").sudo().activity_unlink([ACTIVITY_TYPE])
        return result

    def _take_back_approval(self):
        """An approved broadcast that is another one now is not approved any more."""
        for broadcast in self.filtered(lambda broadcast: not broadcast._is_approved()):
            broadcast.sudo().write(NOT_DECIDED)
            broadcast._note(lambda record: record.env._("It was changed, so its approval does not hold any more."))

    def _is_approved(self):
        """Return whether the version as it is now was approved."""
        self.ensure_one()
        return self.approval_decision == "approved" and self.approved_version == self._version()

    def _policy_demands_approval(self, count):
        """Return whether the corp wants a broadcast to ``count`` customers to be approved."""
        corp = self.corp_id
        return corp.approval_policy == "always" or corp.approval_policy == "above" and count > corp.approval_threshold

    def _lacks_approval(self):
        self.ensure_one()
        if self.is_test or self.origin != "odoo" or self.corp_id.approval_policy == "none":
            return False
        count = self._most_recipients()
        return self._policy_demands_approval(count) and not (self._is_approved() and count <= self._approved_most())

    def _approved_most(self):
        """Return to how many customers this may go by its approval: the audience is a filter, so it can grow."""
        return self.approved_count + max(self.approved_count * GROWTH_PERCENT // 100, GROWTH_LEAST)

    def _check_approved(self, at_once=False):
        """Raise a UserError when this needs an approval it does not have.

        ``at_once``: it is to be sent now, whatever time was chosen and approved.
        """
        self.ensure_one()
        if self._lacks_approval():
            raise UserError(self._approval_demand())
        if at_once and self.send_mode == "scheduled" and self._policy_demands_approval(self._most_recipients()):
            raise UserError(
                self.env._(
                    "%s was approved for the chosen time. To send it now, set it back to draft, choose “Now”, and ask "
                    "for approval again.",
                    self.name,
                )
            )

    def _approval_demand(self):
        """Return the sentence that says why somebody has to approve this."""
        if self.corp_id.approval_policy == "always":
            return self.env._("Every broadcast has to be approved before it is sent. Ask for approval.")
        return self.env._(
            "A broadcast to more than %s customers has to be approved before it is sent. Ask for approval.",
            self._number(self.corp_id.approval_threshold),
        )

    def _authors(self):
        """Return the users whose broadcast this is: none of them approves it while somebody else can."""
        broadcast = self.sudo()
        return broadcast.approval_requested_by_id | broadcast.user_id | broadcast.create_uid

    def _deciders(self):
        """Return the users who may approve or refuse this: approvers of its company who are not its authors.

        When there is no other approver, an author who is one may: a shop of one person could send nothing otherwise.
        """
        self.ensure_one()
        approvers = (
            self.env.ref(GROUP_APPROVER)
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and self.company_id in user.company_ids)
        )
        return approvers - self._authors() or approvers

    def action_request_approval(self):
        """Ask the approvers; the broadcast cannot be changed until one of them has decided or it is taken back."""
        for broadcast in self._in_states(("draft",)):
            broadcast._check_made_here()
            broadcast._check_ready()
            if broadcast.send_mode == "scheduled":
                broadcast._check_time()
            if not broadcast._lacks_approval():
                raise UserError(self.env._("%s needs no approval: it can be sent.", broadcast.name))
            broadcast._check_deciders()
            broadcast.sudo().write(
                {
                    **NOT_DECIDED,
                    "state": "to_approve",
                    "approval_requested_by_id": self.env.uid,
                    "approval_requested_at": fields.Datetime.now(),
                }
            )
            broadcast._ask_approvers()

    def _check_deciders(self):
        """Raise a UserError when nobody could approve this."""
        if not self._deciders():
            raise UserError(
                self.env._("Nobody may approve broadcasts yet: an administrator gives somebody the role Approver.")
            )

    def _ask_approvers(self):
        """Give everybody who may decide an activity, in his language."""
        for user in self._deciders():
            speaking = self.sudo().with_context(lang=user.lang)
            speaking.activity_schedule(
                ACTIVITY_TYPE,
                summary=speaking.env._(
                    "Approve a broadcast to %(count)s customers, asked by %(user)s",
                    count=speaking._number(self.reachable_count),
                    user=self.env.user.name,
                ),
                user_id=user.id,
            )

    def action_open_decision(self):
        """Show what would go out and ask for the decision."""
        self.ensure_one()
        self._check_may_decide()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Approve or refuse"),
            "res_model": "wecom.broadcast.decision",
            "view_mode": "form",
            "target": "new",
            "context": {"default_broadcast_id": self.id, "default_version": self._version()},
        }

    def _check_may_decide(self):
        """Raise unless the user may decide on this now."""
        self.check_access("write")
        if not self.env.user.has_group(GROUP_APPROVER):
            raise AccessError(self.env._("Only approvers decide on broadcasts."))
        if self.state != "to_approve":
            raise UserError(self.env._("%s does not wait for approval any more.", self.name))
        if self.env.user not in self._deciders():
            raise AccessError(self.env._("You take part in this broadcast: another approver has to decide."))

    def _check_seen_version(self, version):
        """Raise a UserError when this is not what the approver has looked at."""
        if version != self._version():
            raise UserError(self.env._("%s was changed meanwhile. Look at it again.", self.name))

    def _approve(self, version, comment):
        """Approve ``version`` and let the broadcast go on as its author chose: at once, or at its time."""
        self.ensure_one()
        self._check_may_decide()
        self._check_seen_version(version)
        self._check_ready()
        if self.send_mode == "scheduled":
            self._check_time()
        own = self.env.user in self._authors()
        self._decide("approved", comment, approved_version=version, approved_count=self.reachable_count)
        self._note(lambda broadcast: broadcast._decision_note(own))
        if self.send_mode == "scheduled":
            self.action_schedule()
        else:
            self.action_send()

    def _refuse(self, version, comment):
        """Refuse: the broadcast is a draft again, and its author reads why."""
        self.ensure_one()
        self._check_may_decide()
        self._check_seen_version(version)
        if not (comment or "").strip():
            raise UserError(self.env._("Say why: the author reads it."))
        self._decide("refused", comment)
        self._note(lambda broadcast: broadcast._decision_note())
        author = self.approval_requested_by_id
        if author.active:
            speaking = self.sudo().with_context(lang=author.lang)
            speaking.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=speaking.env._("The broadcast was refused by %s", self.env.user.name),
                note=comment,
                user_id=author.id,
            )

    def _decide(self, decision, comment, **values):
        self.sudo().write(
            {
                **values,
                "state": "draft",
                "approval_decision": decision,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
                "decision_comment": comment,
            }
        )

    def _decision_note(self, own=False):
        """Return what the chatter keeps of a decision."""
        values = {
            "count": self._number(self.approved_count),
            "version": (self.approved_version or "")[:8],
            "comment": self.decision_comment or "",
        }
        if self.approval_decision == "refused":
            return self.env._("Refused. %s", values["comment"])
        if own:
            return self.env._(
                "Approved by an author, because there is no other approver, for %(count)s customers (version "
                "%(version)s). %(comment)s",
                **values,
            )
        return self.env._("Approved for %(count)s customers (version %(version)s). %(comment)s", **values)

    def _plan(self):
        unplanned = not self.planned_at
        result = super()._plan()
        if unplanned:
            self._check_planned_as_approved()
        return result

    def _reopen(self, reason):
        self.reach_report = False  # it did not come true: whether approval is needed must not rest on it
        return super()._reopen(reason)

    def _check_planned_as_approved(self):
        """Raise a UserError when what was planned is not what was approved: then it must not go out."""
        if not self._policy_demands_approval(self.planned_count):
            return
        if not self._is_approved():
            raise UserError(self._approval_demand())
        if self.planned_count > self._approved_most():
            raise UserError(
                self.env._(
                    "It was approved for %(approved)s customers, but %(planned)s would get it now. Ask for approval "
                    "again.",
                    approved=self._number(self.approved_count),
                    planned=self._number(self.planned_count),
                )
            )

    def _approval_message(self):
        """Return how far the approval is, as one sentence; False when there is nothing to say."""
        who = {"user": self.sudo().decided_by_id.name, "date": self._moment(self.decided_at)}
        if self.state == "to_approve":
            return self.env._(
                "Waits for approval: %(user)s asked on %(date)s. %(deciders)s can decide.",
                user=self.sudo().approval_requested_by_id.name,
                date=self._moment(self.approval_requested_at),
                deciders=", ".join(self._deciders().mapped("name")),
            )
        if self.state == "draft" and self.approval_decision == "refused":
            comment = self.decision_comment
            return self.env._("Refused by %(user)s on %(date)s: %(comment)s", comment=comment, **who)
        if self.needs_approval:
            return self._approval_demand()
        if self.approval_decision == "approved" and self.state == "draft":
            return self.env._("Approved by %(user)s on %(date)s. Any change takes the approval back.", **who)
        return False


class WecomCorpApproval(models.Model):
    """Which broadcasts of a corp have to be approved."""

    _inherit = "wecom.corp"

    approval_policy = fields.Selection(
        APPROVAL_POLICIES,
        required=True,
        default="none",
        help="Which broadcasts somebody else has to approve before they are sent. Tests need no approval.",
    )
    approval_threshold = fields.Integer(
        "Approval Above", required=True, default=500, help="Broadcasts to more customers than this have to be approved."
    )

    _threshold_positive = models.Constraint(
        "CHECK (approval_threshold >= 0)", "The number of recipients above which a broadcast is approved starts at 0."
    )
