from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..wecom_api.transport import LOOPBACK_HOSTS

OPEN_WECOM = "wxwork://"
"""Opens the WeCom app on the phone or computer where it is installed."""


class WecomMemberTask(models.Model):
    """What a member is still asked to confirm or publish in WeCom: broadcasts and moments in one list, no table.

    It holds the text itself: a member reads what he is to send, though the campaign belongs to somebody else.
    """

    _name = "wecom.member.task"
    _description = "WeCom Member Task"
    _auto = False
    _order = "deadline, asked_at, id"
    _depends = {
        "wecom.broadcast": ["name", "text", "sent_text", "deadline", "state"],
        "wecom.broadcast.batch": ["created_at"],
        "wecom.broadcast.task": ["batch_id", "broadcast_id", "member_id", "state", "recipient_count"],
        "wecom.member": ["user_id", "corp_id"],
        "wecom.moment": ["name", "text", "deadline", "state", "creating_at"],
        "wecom.moment.task": ["moment_id", "member_id", "state", "selected_count"],
    }

    name = fields.Char("Title", readonly=True)
    kind = fields.Selection([("broadcast", "Broadcast"), ("moment", "Moment")], readonly=True)
    member_id = fields.Many2one("wecom.member", readonly=True)
    user_id = fields.Many2one("res.users", "Of", readonly=True)
    corp_id = fields.Many2one("wecom.corp", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    asked_at = fields.Datetime("Asked On", readonly=True)
    deadline = fields.Datetime("To Be Done By", readonly=True)
    customer_count = fields.Integer("Customers", readonly=True, help="Who get it from this member, as far as known.")
    text = fields.Text(readonly=True)
    broadcast_id = fields.Many2one("wecom.broadcast", readonly=True)
    moment_id = fields.Many2one("wecom.moment", readonly=True)
    is_late = fields.Boolean("Overdue", compute="_compute_is_late", search="_search_is_late")
    may_open = fields.Boolean(compute="_compute_may_open", help="The broadcast or moment itself.")
    attachment_summary = fields.Char("With It", compute="_compute_attachment_summary")
    wecom_url = fields.Char("WeCom", compute="_compute_wecom_url", help="The WeCom app; with the sandbox, its phones.")

    @property
    def _table_query(self):
        """Ids of both kinds are kept apart: even for broadcasts, odd for moments."""
        return SQL(
            """SELECT 2 * task.id AS id, 'broadcast' AS kind, broadcast.name, task.member_id, member.user_id,
                      member.corp_id, task.company_id, batch.created_at AS asked_at, broadcast.deadline,
                      task.recipient_count AS customer_count, coalesce(broadcast.sent_text, broadcast.text) AS text,
                      broadcast.id AS broadcast_id, NULL::integer AS moment_id
                 FROM wecom_broadcast_task task
                 JOIN wecom_broadcast_batch batch ON batch.id = task.batch_id
                 JOIN wecom_broadcast broadcast ON broadcast.id = task.broadcast_id
                 JOIN wecom_member member ON member.id = task.member_id
                WHERE task.state = 'pending' AND broadcast.state = 'running'
            UNION ALL
               SELECT 2 * task.id + 1, 'moment', moment.name, task.member_id, member.user_id,
                      member.corp_id, task.company_id, moment.creating_at, moment.deadline,
                      task.selected_count, moment.text, NULL, moment.id
                 FROM wecom_moment_task task
                 JOIN wecom_moment moment ON moment.id = task.moment_id
                 JOIN wecom_member member ON member.id = task.member_id
                WHERE task.state = 'pending' AND moment.state IN ('waiting', 'published')"""
        )

    @api.depends("deadline")
    def _compute_is_late(self):
        now = fields.Datetime.now()
        for task in self:
            task.is_late = bool(task.deadline) and task.deadline < now

    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("deadline", "<", fields.Datetime.now())
        return late if True in value else Domain("deadline", "=", False) | ~late

    @api.depends("broadcast_id", "moment_id")
    @api.depends_context("uid")
    def _compute_may_open(self):
        broadcasts = self.broadcast_id._filtered_access("read")
        moments = self.moment_id._filtered_access("read")
        for task in self:
            task.may_open = task.broadcast_id in broadcasts or task.moment_id in moments

    @api.depends("broadcast_id", "moment_id")
    def _compute_attachment_summary(self):
        """The member may not read a broadcast of others, but what he is to send with it."""
        tasks = self.sudo()
        tasks.broadcast_id.attachment_ids.fetch(["kind"])
        tasks.moment_id.attachment_ids.fetch(["kind"])
        labels = dict(self.env["wecom.attachment"]._fields["kind"]._description_selection(self.env))
        for task in tasks:
            kinds = (task.broadcast_id or task.moment_id).attachment_ids.mapped("kind")
            task.attachment_summary = ", ".join(
                self.env._("%(kind)s × %(count)s", kind=labels[kind], count=kinds.count(kind))
                for kind in dict.fromkeys(kinds)
            )

    @api.depends("corp_id")
    def _compute_wecom_url(self):
        for task in self:
            task.wecom_url = task.corp_id.sudo()._phone_url()

    def action_open_source(self):
        """Open the broadcast or moment the task belongs to."""
        self.ensure_one()
        source = self.broadcast_id or self.moment_id
        source.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": source._name,
            "res_id": source.id,
            "views": [(False, "form")],
        }


class WecomCorp(models.Model):
    _inherit = "wecom.corp"

    def _phone_url(self):
        """Return where members act: the WeCom app, or the phones of a sandbox on this machine."""
        base_url = self._connection().base_url
        return base_url if urlsplit(base_url).hostname in LOOPBACK_HOSTS else OPEN_WECOM
