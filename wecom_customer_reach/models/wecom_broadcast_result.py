from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..wecom_api import broadcasts
from ..wecom_api.errors import NotReady, WeComError
from .epoch import from_epoch

POLL_MINUTES = (1, 2, 5, 10, 30, 60, 120, 360, 720, 1440)
"""Pause before the next look, by the number of looks so far; the last one stays."""
HORIZON = timedelta(days=30)
"""Nobody confirms a broadcast after a month; WeCom's own list ends there as well (§ 6.5)."""
TASK_SENT = 2
RECIPIENT_STATE = {0: "pending", 1: "sent", 2: "not_friend", 3: "capped"}
ROWS_PER_WRITE = 5_000
TASKS_PER_WRITE = 100
"""So many members are read at most before what was read is committed: a run that is cut off goes on from there."""


class WecomBroadcastResult(models.Model):
    """Reads what became of a batch: first its tasks, then the results of members whose task moved (§ 6.6, 6.7)."""

    _inherit = "wecom.broadcast.batch"

    @api.model
    def _cron_read_results(self):
        """Look at every batch whose time has come, one committed step per batch."""
        progress = self.env["ir.cron"]._commit_progress
        due = [("msgid", "!=", False), ("final_at", "=", False), ("next_poll_at", "<=", fields.Datetime.now())]
        progress(remaining=self.search_count(due))
        clients = {}
        while batch := self.search(due, order="next_poll_at, id", limit=1):
            batch._speaking()._poll(clients)
            if not progress(1):
                return
        self.env["wecom.broadcast"]._step_progress()
        while self.env["wecom.broadcast"]._step_overdue():
            if not progress(1):
                return
        self._wake_for_next_poll()
        progress(remaining=0)

    def _wake_for_next_poll(self):
        """Wake the scheduled action when the next batch is due."""
        [(next_poll_at,)] = self.env.execute_query(
            SQL("SELECT min(next_poll_at) FROM wecom_broadcast_batch WHERE final_at IS NULL AND msgid IS NOT NULL")
        )
        if next_poll_at:
            self.env["wecom.broadcast"]._wake_poller(next_poll_at)

    def _poll(self, clients):
        """Look at this batch once; ``clients`` keeps one client per corp for the run."""
        self.ensure_one()
        # Pushed on and committed first: no other worker looks meanwhile, and a look that breaks off holds up nobody.
        pause = timedelta(minutes=POLL_MINUTES[min(self.poll_count, len(POLL_MINUTES) - 1)])
        self.write({"poll_count": self.poll_count + 1, "next_poll_at": fields.Datetime.now() + pause})
        self.env["ir.cron"]._commit_progress()
        corp = self.broadcast_id.corp_id
        try:
            client = clients.get(corp.id) or clients.setdefault(corp.id, corp._client())
            self._read(client)
        except NotReady as error:
            self.write(
                {"poll_count": 0, "next_poll_at": fields.Datetime.now() + timedelta(seconds=error.retry_after or 30)}
            )
        except (WeComError, UserError) as error:
            if getattr(error, "errcode", 0) == broadcasts.ALREADY_CANCELLED:
                self._finish_withdrawn()
            else:
                self.error_message = self._explain(error)
                self._finish_at_horizon()
        else:
            self.error_message = False
            self._finish_if_final()

    def _read(self, client):
        """Read tasks and results of this batch, and commit. Raises the client's errors."""
        self._read_tasks(client)
        self._read_results(client)

    def _read_tasks(self, client):
        """Bring the tasks of this batch up to date: one row per member, new members included."""
        rows = {row["userid"]: row for page in broadcasts.iter_tasks(client, self.msgid) for row in page.items}
        if not rows:
            return
        members = self._members_by_userid(rows)
        self.env.flush_all()
        self.env.cr.execute_values(
            """INSERT INTO wecom_broadcast_task AS task
                      (batch_id, broadcast_id, company_id, member_id, state, sent_at, result_complete,
                       create_uid, write_uid, create_date, write_date)
               VALUES %s
               ON CONFLICT (batch_id, member_id) DO UPDATE
                  SET state = EXCLUDED.state, sent_at = EXCLUDED.sent_at, result_complete = FALSE,
                      write_date = EXCLUDED.write_date
                WHERE task.state != EXCLUDED.state""",
            [
                (
                    self.id,
                    self.broadcast_id.id,
                    self.company_id.id,
                    members[userid.lower()],
                    "sent" if row["status"] == TASK_SENT else "pending",
                    from_epoch(row.get("send_time")) or None,
                    False,
                    self.env.uid,
                    self.env.uid,
                    fields.Datetime.now(),
                    fields.Datetime.now(),
                )
                for userid, row in rows.items()
            ],
        )
        self.env["wecom.broadcast.task"].invalidate_model()

    def _members_by_userid(self, userids):
        """Return {lower-case userid: member id} (§ 1.4: case does not count); unknown members are created."""
        corp = self.broadcast_id.corp_id
        members = self.env["wecom.member"].with_context(active_test=False)
        known = {
            member.userid.lower(): member.id for member in members.search_fetch([("corp_id", "=", corp.id)], ["userid"])
        }
        missing = {userid.lower(): userid for userid in userids if userid.lower() not in known}
        created = members.create(
            [{"corp_id": corp.id, "userid": userid, "name": userid} for userid in missing.values()]
        )
        return known | {member.userid.lower(): member.id for member in created}

    def _read_results(self, client):
        """Read the results of members whose task is new or has moved, and write them some thousand rows at a time."""
        corp = self.broadcast_id.corp_id
        rows, tasks = [], self.env["wecom.broadcast.task"]
        for task in self.task_ids.filtered(lambda task: not task.result_complete):
            for page in broadcasts.iter_send_results(client, self.msgid, task.member_id.userid):
                rows += [(row, task.member_id.id) for row in corp._under_pseudonyms(page.items)]
            tasks |= task
            if len(rows) >= ROWS_PER_WRITE or len(tasks) >= TASKS_PER_WRITE:
                self._write_results(rows, tasks)
                rows, tasks = [], self.env["wecom.broadcast.task"]
        if tasks:
            self._write_results(rows, tasks)
        self.env["ir.cron"]._commit_progress()

    def _write_results(self, rows, tasks):
        """Write results (WeCom's row, member id) to recipients, follows and tasks. ``tasks`` were read whole."""
        results = [
            (
                row["external_userid"],
                RECIPIENT_STATE.get(row["status"], "pending"),
                member_id,
                from_epoch(row.get("send_time")) or None,
            )
            for row, member_id in rows
        ]
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE wecom_broadcast_recipient recipient
                  SET state = result.state, member_id = result.member_id, sent_at = result.sent_at
                 FROM unnest(%s::varchar[], %s::varchar[], %s::integer[], %s::timestamp[])
                      AS result(external_userid, state, member_id, sent_at)
                WHERE recipient.batch_id = %s AND recipient.external_userid = result.external_userid
                  AND recipient.state != 'sent'
                  AND (recipient.state, recipient.member_id, recipient.sent_at)
                      IS DISTINCT FROM (result.state, result.member_id, result.sent_at)""",
            (*(list(column) for column in zip(*results, strict=True)), self.id)
            if results
            else ([], [], [], [], self.id),
        )
        self._mark_deleted_by_customer(
            [
                (external_userid, member_id)
                for external_userid, state, member_id, _at in results
                if state == "not_friend"
            ]
        )
        self._count_results(tasks, results)
        self.env.invalidate_all()
        self.env["ir.cron"]._commit_progress()

    def _count_results(self, tasks, results):
        """Note on the tasks how many customers they have, and whether their results are all there."""
        totals = Counter(member_id for _userid, _state, member_id, _at in results)
        waiting = {member_id for _userid, state, member_id, _at in results if state == "pending"}
        member_ids = tasks.member_id.ids
        self.env.cr.execute(
            """UPDATE wecom_broadcast_task task
                  SET recipient_count = total.recipient_count,
                      result_complete = task.state = 'pending' OR NOT total.waiting
                 FROM unnest(%s::integer[], %s::integer[], %s::boolean[]) AS total(member_id, recipient_count, waiting)
                WHERE task.batch_id = %s AND task.member_id = total.member_id""",
            (
                member_ids,
                [totals[member_id] for member_id in member_ids],
                [member_id in waiting for member_id in member_ids],
                self.id,
            ),
        )

    def _mark_deleted_by_customer(self, not_friends):
        """Mark the follows (external user id, member id) whose customer has deleted the member."""
        if not not_friends:
            return
        external_userids, member_ids = (list(column) for column in zip(*not_friends, strict=True))
        now = fields.Datetime.now()
        self.env.cr.execute(
            """UPDATE wecom_follow follow SET status = 'deleted_by_customer', lost_at = %s
                 FROM unnest(%s::varchar[], %s::integer[]) AS lost(external_userid, member_id)
                 JOIN wecom_contact contact ON contact.external_userid = lost.external_userid AND contact.corp_id = %s
                WHERE follow.contact_id = contact.id AND follow.member_id = lost.member_id AND follow.status = 'active'
            RETURNING follow.id, contact.id""",
            (now, external_userids, member_ids, self.broadcast_id.corp_id.id),
        )
        if lost := self.env.cr.fetchall():
            self.env["wecom.follow"]._invalidate_written()
            self.env["wecom.contact"]._refresh_status([contact_id for _follow_id, contact_id in lost])
            self.env["wecom.follow"].browse([follow_id for follow_id, _contact_id in lost])._tell_lost()

    def _finish_if_final(self):
        """End this batch when nothing can change any more."""
        tasks = self.task_ids
        read = all(task.result_complete for task in tasks)
        if self.withdrawn_at and read:
            self._finish_withdrawn()
        elif tasks and read and all(task.state == "sent" for task in tasks):
            self._refuse_unassigned()
            self._finish("created")
        else:
            self._finish_at_horizon()

    def _finish_at_horizon(self):
        """End this batch when it is so old that nothing can be expected or asked any more."""
        if fields.Datetime.now() >= self.created_at + HORIZON:
            self._finish("created")

    def _finish_withdrawn(self):
        """What has not gone out never will: it was stopped, from here or in WeCom itself."""
        self.task_ids.filtered(lambda task: task.state == "pending").write({"state": "cancelled"})
        self._set_recipient_state("cancelled", ("pending",))
        self._finish("cancelled")

    def _finish(self, state):
        self.write({"state": state, "final_at": fields.Datetime.now(), "next_poll_at": False})
        self.broadcast_id._update_progress()

    def _refuse_unassigned(self):
        """WeCom took these customers, but in the end gave them to no member: nobody will send to them."""
        waiting = self.env["wecom.broadcast.recipient"].search_count(
            [("batch_id", "=", self.id), ("state", "=", "pending")]
        )
        if waiting:
            self._set_recipient_state("refused", ("pending",))
            self._note_batch(self.env._("WeCom gave %s customers to no member, so they count as refused.", waiting))
