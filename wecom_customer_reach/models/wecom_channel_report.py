from odoo import fields, models
from odoo.tools import SQL


class WecomChannelReport(models.Model):
    """WeCom, SMS and e-mail side by side: what each did for a broadcast, and so for its campaign.

    Only WeCom tells what arrived; nobody tells what was read.
    """

    _name = "wecom.channel.report"
    _description = "WeCom Channel Comparison"
    _auto = False
    _rec_name = "broadcast_id"
    _order = "broadcast_id desc, channel"

    broadcast_id = fields.Many2one("wecom.broadcast", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    sending_at = fields.Datetime("Sent On", readonly=True)
    channel = fields.Selection([("wecom", "WeCom"), ("sms", "SMS"), ("email", "E-mail")], readonly=True)
    handed_over_count = fields.Integer(
        "Handed Over", readonly=True, help="WeCom: customers of the plan. SMS, e-mail: put into Odoo's queue."
    )
    delivered_count = fields.Integer("Delivered", readonly=True, help="Known of WeCom only.")
    click_count = fields.Integer("Clicks", readonly=True)
    lead_count = fields.Integer("Leads", readonly=True)

    @property
    def _table_query(self):
        media = {channel: self.env["wecom.broadcast"]._channel_medium(channel).id for channel in ("sms", "email")}
        channel = SQL(
            "CASE medium_id WHEN %s THEN 'sms' WHEN %s THEN 'email' ELSE 'wecom' END", media["sms"], media["email"]
        )
        return SQL(
            """WITH handed_over AS (
                   SELECT broadcast_id, 'wecom' AS channel, count(*) AS number,
                          count(*) FILTER (WHERE state = 'sent') AS delivered
                     FROM wecom_broadcast_recipient WHERE state != 'excluded' GROUP BY broadcast_id
                UNION ALL
                   SELECT line.broadcast_id, fallback.way, count(*), 0
                     FROM wecom_broadcast_fallback_line line
                     JOIN wecom_broadcast_fallback fallback ON fallback.id = line.fallback_id
                    WHERE line.state = 'done' AND fallback.way != 'activity' GROUP BY line.broadcast_id, fallback.way
               ),
               clicked AS (
                   SELECT link.source_id, %(channel)s AS channel, count(*) AS number
                     FROM link_tracker_click click JOIN link_tracker link ON link.id = click.link_id
                    WHERE link.source_id IN (SELECT source_id FROM wecom_broadcast) GROUP BY 1, 2
               ),
               lead AS (
                   SELECT source_id, company_id, %(channel)s AS channel, count(*) AS number
                     FROM crm_lead WHERE source_id IN (SELECT source_id FROM wecom_broadcast) GROUP BY 1, 2, 3
               )
               SELECT broadcast.id * 3
                          + array_position(ARRAY['wecom', 'sms', 'email'], handed_over.channel::text) AS id,
                      broadcast.id AS broadcast_id, broadcast.company_id, broadcast.campaign_id, broadcast.sending_at,
                      handed_over.channel, handed_over.number AS handed_over_count,
                      handed_over.delivered AS delivered_count,
                      COALESCE((SELECT sum(number) FROM clicked WHERE clicked.source_id = broadcast.source_id
                                   AND clicked.channel = handed_over.channel), 0) AS click_count,
                      COALESCE((SELECT sum(number) FROM lead WHERE lead.source_id = broadcast.source_id
                                   AND COALESCE(lead.company_id, broadcast.company_id) = broadcast.company_id
                                   AND lead.channel = handed_over.channel), 0) AS lead_count
                 FROM handed_over JOIN wecom_broadcast broadcast ON broadcast.id = handed_over.broadcast_id""",
            channel=channel,
        )
