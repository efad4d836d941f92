from odoo import fields, models
from odoo.tools import SQL

from .exclusion import EXCLUSION_SELECTION
from .message_class import MESSAGE_CLASSES
from .wecom_broadcast_recipient import RECIPIENT_STATES


class WecomBroadcastReport(models.Model):
    """Recipients of all broadcasts, to be counted by broadcast, campaign, member, status, reason and day."""

    _name = "wecom.broadcast.report"
    _description = "WeCom Broadcast Analysis"
    _auto = False
    _rec_name = "broadcast_id"
    _order = "id desc"

    broadcast_id = fields.Many2one("wecom.broadcast", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)
    message_class = fields.Selection(MESSAGE_CLASSES, "Class", readonly=True)
    sending_at = fields.Datetime("Sent On", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    member_id = fields.Many2one("wecom.member", "Sent By", readonly=True)
    state = fields.Selection(RECIPIENT_STATES, "Status", readonly=True)
    exclusion = fields.Selection(EXCLUSION_SELECTION, "Reason", readonly=True)
    delivered_at = fields.Datetime(readonly=True)
    planned_count = fields.Integer("Planned", readonly=True)
    delivered_count = fields.Integer("Delivered", readonly=True)
    excluded_count = fields.Integer("Left Out", readonly=True)
    delivered_rate = fields.Float(
        "Delivered %", readonly=True, aggregator="avg", help="Of those planned; those left out do not count."
    )

    @property
    def _table_query(self):
        return SQL(
            """SELECT recipient.id, recipient.broadcast_id, broadcast.company_id, broadcast.campaign_id,
                      broadcast.user_id, broadcast.message_class, broadcast.sending_at, recipient.partner_id,
                      recipient.member_id, recipient.state, recipient.exclusion, recipient.sent_at AS delivered_at,
                      (recipient.state != 'excluded')::integer AS planned_count,
                      (recipient.state = 'sent')::integer AS delivered_count,
                      (recipient.state = 'excluded')::integer AS excluded_count,
                      CASE WHEN recipient.state = 'sent' THEN 100.0 WHEN recipient.state != 'excluded' THEN 0.0
                      END AS delivered_rate
                 FROM wecom_broadcast_recipient recipient
                 JOIN wecom_broadcast broadcast ON broadcast.id = recipient.broadcast_id"""
        )
