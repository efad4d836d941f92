from odoo import fields, models
from odoo.exceptions import UserError

from .wecom_broadcast import AUDIENCE_FIELDS, CONTENT_FIELDS
from .wecom_broadcast_result import RECIPIENT_STATE

ORIGINS = [
    ("odoo", "Odoo"),
    ("corp", "WeCom console or another app"),
    ("personal", "The member himself"),
]
LOCKED_FIELDS = CONTENT_FIELDS | AUDIENCE_FIELDS | {"name", "deadline"}


class WecomBroadcastOrigin(models.Model):
    """Where a broadcast was made. Those made outside Odoo are looked at, never changed, sent, reminded or stopped."""

    _inherit = "wecom.broadcast"

    origin = fields.Selection(ORIGINS, "Made In", required=True, readonly=True, default="odoo", copy=False, index=True)
    creator_id = fields.Many2one(
        "wecom.member",
        "Made By",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The member who made it in WeCom.",
    )

    def write(self, vals):
        if LOCKED_FIELDS & vals.keys():
            self._check_made_here()
        return super().write(vals)

    def action_send(self):
        self._check_made_here()
        return super().action_send()

    def action_schedule(self):
        self._check_made_here()
        return super().action_schedule()

    def action_cancel(self):
        self._check_made_here()
        return super().action_cancel()

    def action_draft(self):
        self._check_made_here()
        return super().action_draft()

    def action_remind(self):
        self._check_made_here()
        return super().action_remind()

    def action_stop(self):
        self._check_made_here()
        return super().action_stop()

    def action_open_stop(self):
        self._check_made_here()
        return super().action_open_stop()

    def _check_made_here(self):
        """Raise a UserError when one of these was made outside Odoo."""
        for broadcast in self:
            if broadcast.origin != "odoo":
                raise UserError(
                    self.env._(
                        "%s was made outside Odoo: it can only be looked at. Duplicate it to send it from here.",
                        broadcast.name,
                    )
                )

    def _compute_batch_summary(self):
        result = super()._compute_batch_summary()
        self.filtered(lambda broadcast: broadcast.origin != "odoo").remind_left = 0
        return result

    def _compute_member_message(self):
        made_here = self.filtered(lambda broadcast: broadcast.origin == "odoo")
        result = super(WecomBroadcastOrigin, made_here)._compute_member_message()
        for broadcast in self - made_here:
            waiting = broadcast.member_count - broadcast.member_sent_count
            broadcast.member_message = (
                broadcast.state == "running"
                and waiting
                and self.env._(
                    "%(waiting)s of %(members)s members have not sent yet.",
                    waiting=broadcast._number(waiting),
                    members=broadcast._number(broadcast.member_count),
                )
            )
        return result


class WecomBroadcastBatchOrigin(models.Model):
    """A batch that was found in WeCom: who receives it is only told by its results."""

    _inherit = "wecom.broadcast.batch"

    def _can_be_reminded(self):
        return self.broadcast_id.origin == "odoo" and super()._can_be_reminded()

    def _write_results(self, rows, tasks):
        if self.broadcast_id.origin != "odoo":
            rows = self._readable_results(rows)
            self._add_recipients(rows)
        return super()._write_results(rows, tasks)

    def _readable_results(self, rows):
        """Return one row (WeCom's row, member id) for each customer; what makes no sense is left out."""
        readable = {}
        for row, member_id in rows:
            external_userid, state = row.get("external_userid"), RECIPIENT_STATE.get(row.get("status"))
            if isinstance(external_userid, str) and state:
                known = readable.get(external_userid)
                if not known or RECIPIENT_STATE[known[0]["status"]] != "sent":
                    readable[external_userid] = (row, member_id)
        return list(readable.values())

    def _add_recipients(self, rows):
        """Write the customers of results (WeCom's row, member id) who are not known yet, as not sent."""
        self.env.flush_all()
        self.env.cr.execute(
            """INSERT INTO wecom_broadcast_recipient
                      (broadcast_id, batch_id, external_userid, contact_id, partner_id, member_id, state)
               SELECT %(broadcast)s, %(batch)s, result.external_userid, contact.id, contact.partner_id,
                      result.member_id, 'pending'
                 FROM unnest(%(external_userids)s::varchar[], %(members)s::integer[])
                      AS result(external_userid, member_id)
            LEFT JOIN wecom_contact contact ON contact.corp_id = %(corp)s
                                           AND contact.external_userid = result.external_userid
          ON CONFLICT (batch_id, external_userid) WHERE batch_id IS NOT NULL DO NOTHING""",
            {
                "broadcast": self.broadcast_id.id,
                "batch": self.id,
                "corp": self.broadcast_id.corp_id.id,
                "external_userids": [row["external_userid"] for row, _member_id in rows],
                "members": [member_id for _row, member_id in rows],
            },
        )
        self.recipient_count += self.env.cr.rowcount
        self.env["wecom.broadcast.recipient"].invalidate_model()
