from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from .sender_rule import MOVED
from .wecom_broadcast_approval import NOT_DECIDED

REACH, RECIPIENT = "wecom.broadcast.reach", "wecom.broadcast.recipient"


class WecomBroadcastMove(models.Model):
    """Letting another follower send to some customers: of a draft, or of what WeCom has not been asked to send yet."""

    _inherit = "wecom.broadcast"

    def action_view_senders(self):
        """Open who sends to whom and why: of a draft as its reach report has it, afterwards the recipients."""
        self.ensure_one()
        self.check_access("read")
        if self.planned_at:
            domain = [("broadcast_id", "=", self.id), ("state", "!=", "excluded")]
            return self._recipient_action(RECIPIENT, self.env._("Who Sends"), domain, ())
        if self.audience_count <= self._live_reach_limit or not self.reach_report:
            self._work_out_reach()
        domain = [("broadcast_id", "=", self.id), ("exclusion", "=", False)]
        action = self._recipient_action(REACH, self.env._("Who Sends"), domain, ())
        return {**action, "view_mode": "list", "views": [(False, "list")]}

    def _open_move(self, rows):
        """Ask which member shall send to the customers of ``rows``, of its reach report or its recipients."""
        if len(self) != 1:
            raise UserError(self.env._("Select customers of one broadcast."))
        self._check_may_be_moved()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Move to another member"),
            "res_model": "wecom.broadcast.move",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_broadcast_id": self.id,
                "default_row_model": rows._name,
                "default_row_ids": rows.ids,
            },
        }

    def _check_may_be_moved(self):
        """Raise a UserError unless the senders of this broadcast may still be changed."""
        self.check_access("write")
        if self.state == "draft" or (self.state == "sending" and self.planned_at):
            if self.state == "sending" and self._policy_demands_approval(self.planned_count):
                raise UserError(self.env._("%s goes out as it was approved: its senders stay.", self.name))
            return
        if self.state in ("to_approve", "scheduled"):
            raise UserError(self.env._("Set %s back to draft to change who sends it.", self.name))
        raise UserError(self.env._("%s is with WeCom already: its senders stay.", self.name))

    def _possible_senders(self, rows):
        """Return {member id: ids of those of ``rows`` whose customer he could send to}."""
        members = self._own_members()
        of_row = SQL("contact.id = row.contact_id")
        if rows._name == REACH:
            of_row = SQL("contact.partner_id = row.partner_id AND contact.corp_id = %s", self.corp_id.id)
        found = self.env.execute_query(
            SQL(
                """SELECT follow.member_id, array_agg(DISTINCT row.id)
                     FROM %s row
                     JOIN wecom_contact contact ON %s
                     JOIN wecom_follow follow ON follow.contact_id = contact.id AND follow.status = 'active'
                     JOIN wecom_member member ON member.id = follow.member_id
                                             AND member.status = 'active' AND member.may_broadcast
                    WHERE row.id = ANY(%s) AND row.broadcast_id = %s AND row.exclusion IS NULL AND %s
                 GROUP BY follow.member_id""",
                SQL.identifier(rows._table),
                of_row,
                rows.ids,
                self.id,
                SQL("TRUE") if members is None else SQL("member.id = ANY(%s)", members.ids),
            )
        )
        return dict(found)

    def _move(self, rows, member):
        """Let ``member`` send to those of ``rows`` whom he follows; return how many were moved.

        The others stay. Recipients are moved while their batch has not been claimed: a worker that wants to claim it
        meanwhile waits, or finds it changed and tries again.
        """
        self._check_may_be_moved()
        self.env.flush_all()
        possible = self._possible_senders(rows).get(member.id, [])
        if rows._name == REACH:
            moved = self.sudo()._choose_sender(possible, member)
        else:
            moved = self.sudo()._move_recipients(possible, member)
        if moved:
            self._note(lambda record: record.env._("Moved to %(member)s: %(moved)s.", member=member.name, moved=moved))
        return moved

    def _choose_sender(self, row_ids, member):
        """Keep for the plan of this draft who shall send to the customers of these rows of the reach report."""
        self.env.cr.execute(
            SQL(
                """INSERT INTO wecom_broadcast_sender (broadcast_id, partner_id, member_id)
                   SELECT broadcast_id, partner_id, %s FROM wecom_broadcast_reach WHERE id = ANY(%s)
                       ON CONFLICT (broadcast_id, partner_id) DO UPDATE SET member_id = EXCLUDED.member_id""",
                member.id,
                row_ids,
            )
        )
        self.env.cr.execute(
            SQL(
                "UPDATE wecom_broadcast_reach SET member_id = %s, sender_rule = %s WHERE id = ANY(%s)",
                member.id,
                MOVED,
                row_ids,
            )
        )
        self.env.invalidate_all()
        if row_ids and self.approval_decision == "approved":
            self.write(NOT_DECIDED)
            self._note(lambda record: record.env._("It was changed, so its approval does not hold any more."))
        return len(row_ids)

    def _move_recipients(self, row_ids, member):
        """Put these recipients, as far as their batches wait, into new batches of ``member``."""
        waiting = self.env.execute_query(
            SQL(
                """SELECT id FROM wecom_broadcast_batch
                    WHERE broadcast_id = %s AND state = 'planned' AND cancel_requested_at IS NULL
                      FOR UPDATE SKIP LOCKED""",
                self.id,
            )
        )
        moving = self.env.execute_query(
            SQL(
                """SELECT id FROM wecom_broadcast_recipient
                    WHERE id = ANY(%s) AND batch_id = ANY(%s) AND state = 'planned'
                      AND member_id IS DISTINCT FROM %s ORDER BY id""",
                row_ids,
                [row[0] for row in waiting],
                member.id,
            )
        )
        left = self.env["wecom.broadcast.batch"].browse(row[0] for row in waiting)
        sequence = max(self.batch_ids.mapped("sequence"), default=0)
        for rows in split_every(left._slice_size, moving):
            sequence += 1
            batch = left.create(
                {
                    "broadcast_id": self.id,
                    "sequence": sequence,
                    "sender_id": member.id,
                    "recipient_count": len(rows),
                }
            )
            batch.flush_recordset()
            self.env.cr.execute(
                SQL(
                    """UPDATE wecom_broadcast_recipient SET batch_id = %s, member_id = %s, sender_rule = %s
                        WHERE id = ANY(%s)""",
                    batch.id,
                    member.id,
                    MOVED,
                    [row[0] for row in rows],
                )
            )
        self.env.invalidate_all()
        if moving:
            left._count_recipients()
            self._wake_sender()
        return len(moving)


class WecomBroadcastBatchMove(models.Model):
    _inherit = "wecom.broadcast.batch"

    def _count_recipients(self):
        """Count again how many wait in these planned batches; those that nobody waits in any more are given up."""
        counts = dict(
            self.env[RECIPIENT]._read_group(
                [("batch_id", "in", self.ids), ("state", "=", "planned")], ["batch_id"], ["__count"]
            )
        )
        for batch in self:
            batch.recipient_count = counts.get(batch, 0)
        self.filtered(lambda batch: not batch.recipient_count)._give_up()


class WecomBroadcastReachMove(models.Model):
    _inherit = REACH

    def action_open_move(self):
        """Ask which member shall send to these customers."""
        return self.broadcast_id._open_move(self)


class WecomBroadcastRecipientMove(models.Model):
    _inherit = RECIPIENT

    def action_open_move(self):
        """Ask which member shall send to these customers."""
        return self.broadcast_id._open_move(self)
