from odoo import api, fields, models
from odoo.tools import SQL

from .wecom_broadcast_origin import ORIGINS

KINDS = [("broadcast", "Broadcast"), ("moment", "Moment")]


class WecomTouch(models.Model):
    """A message that reached a customer, or a moment he may see.

    Nothing is copied: the rows are read from where the results are kept. Each kind of message adds one part to
    :meth:`_parts`; timeline, caps and reports read them all.
    """

    _name = "wecom.touch"
    _description = "WeCom Touch"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "contact_id"
    _depends = {
        "wecom.broadcast": ["corp_id", "company_id", "origin"],
        "wecom.broadcast.recipient": ["broadcast_id", "contact_id", "member_id", "state", "sent_at"],
        "wecom.contact": ["partner_id"],
        "wecom.moment": ["corp_id", "company_id", "origin"],
        "wecom.moment.audience": ["moment_id", "task_id", "contact_id", "member_id", "may_see", "found_at"],
        "wecom.moment.task": ["published_at"],
    }

    kind = fields.Selection(KINDS, readonly=True)
    origin = fields.Selection(ORIGINS, "Made In", readonly=True)
    date = fields.Datetime(
        "Delivered At", readonly=True, help="When a broadcast was delivered, or a moment he may see was published."
    )
    contact_id = fields.Many2one("wecom.contact", "WeCom Contact", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    member_id = fields.Many2one("wecom.member", "Sent By", readonly=True)
    broadcast_id = fields.Many2one("wecom.broadcast", readonly=True)
    moment_id = fields.Many2one("wecom.moment", readonly=True)
    corp_id = fields.Many2one("wecom.corp", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(self._parts())

    @api.model
    def _parts(self):
        """Return one SELECT for each kind of message, all with the columns of this model in the order of the first.

        The joins with broadcast and contact are outer ones on unique keys, so PostgreSQL leaves out those that a
        reader does not ask for. Ids of broadcasts are those of the recipients; another kind takes negative ones.
        """
        return [
            SQL(
                """SELECT recipient.id, 'broadcast'::varchar AS kind, broadcast.origin, recipient.sent_at AS date,
                          recipient.contact_id, contact.partner_id, recipient.member_id, recipient.broadcast_id,
                          NULL::integer AS moment_id, broadcast.corp_id, broadcast.company_id
                     FROM wecom_broadcast_recipient recipient
                LEFT JOIN wecom_broadcast broadcast ON broadcast.id = recipient.broadcast_id
                LEFT JOIN wecom_contact contact ON contact.id = recipient.contact_id
                    WHERE recipient.state = 'sent' AND recipient.contact_id IS NOT NULL"""
            ),
            SQL(
                """SELECT -audience.id, 'moment', moment.origin, COALESCE(task.published_at, audience.found_at),
                          audience.contact_id, contact.partner_id, audience.member_id, NULL, audience.moment_id,
                          moment.corp_id, moment.company_id
                     FROM wecom_moment_audience audience
                LEFT JOIN wecom_moment_task task ON task.id = audience.task_id
                LEFT JOIN wecom_moment moment ON moment.id = audience.moment_id
                LEFT JOIN wecom_contact contact ON contact.id = audience.contact_id
                    WHERE audience.may_see AND audience.contact_id IS NOT NULL"""
            ),
        ]

    @api.model
    def _counted_sql(self):
        """Return (contact_id, date) of everything that counts for the cap of broadcasts, whoever made it (§ 6.1)."""
        return SQL("SELECT contact_id, date FROM (%s) touch WHERE kind = 'broadcast'", self._table_query)
