from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..wecom_api import broadcasts
from ..wecom_api.errors import NotReady, WeComError
from .epoch import from_epoch, to_epoch
from .found_broadcast import words
from .wecom_broadcast_batch import longer_and_longer

CLOCK_MARGIN = timedelta(days=15)
"""How far the clocks of WeCom and Odoo may differ when a broadcast is looked up: as far as one listing reaches (§ 6.5).

A broadcast that is missed only because of a wrong clock would be sent a second time.
"""
CORP_CREATED = 0


class WecomBroadcastSettle(models.Model):
    """Settles batches whose answer was lost, by reading what exists in WeCom (wecom-api.md § 6.5–6.7).

    Found → created. Proven absent → planned again. Anything in between → looked up again later.
    """

    _inherit = "wecom.broadcast.batch"

    @api.model
    def _step_settle(self):
        """Look one unknown batch up in WeCom; return whether one was due."""
        batch = self.search(
            [("state", "=", "unknown"), ("next_attempt_at", "<=", fields.Datetime.now())],
            order="next_attempt_at",
            limit=1,
        )._speaking()
        if not batch:
            return False
        # Pushed on and committed first: a look-up that breaks off must not hold up the others.
        now = fields.Datetime.now()
        batch.next_attempt_at = now + longer_and_longer(now - batch.claimed_at)
        self.env["ir.cron"]._commit_progress()
        try:
            batch._look_up(batch.broadcast_id.corp_id._client())
        except (WeComError, UserError) as error:
            batch.error_message = self._explain(error)
        return True

    def _look_up(self, client):
        """Read WeCom's list and settle this batch when the list leaves no doubt. Raises the client's errors."""
        self.ensure_one()
        started_at = fields.Datetime.now()
        own = set(self._external_userids())
        undecided = False
        for entry in self._candidates(client):
            found = self._recipients_in_wecom(client, entry["msgid"])
            if not found:
                undecided = True  # still being handed out
            elif found <= own and not self._fits_another_batch_better(found, len(own - found)):
                self._settle_created(entry, own - found)
                return
        if not undecided and started_at >= self.claimed_at + self._absence_grace:
            self._settle_absent()

    def _candidates(self, client):
        """Return the broadcasts in WeCom that may be this batch: same content, known to no batch, oldest first.

        A broadcast made by a person carries its creator, one made through the API does not (§ 6.5).
        """
        kinds = sorted(self.broadcast_id.attachment_ids.mapped("kind"))
        own = words(self.broadcast_id.sent_text or self.broadcast_id.text)
        pages = broadcasts.iter_broadcasts(
            client,
            start_time=to_epoch(self.claimed_at - CLOCK_MARGIN),
            end_time=to_epoch(self.claimed_at + CLOCK_MARGIN),
            filter_type=CORP_CREATED,
        )
        entries = [
            entry
            for page in pages
            for entry in page.items
            if not entry.get("creator")
            and words((entry.get("text") or {}).get("content")) == own
            and sorted(attachment.get("msgtype", "") for attachment in entry.get("attachments") or ()) == kinds
        ]
        known = set(self.search([("msgid", "in", [entry["msgid"] for entry in entries])]).mapped("msgid"))
        return sorted(
            (entry for entry in entries if entry["msgid"] not in known), key=lambda entry: entry.get("create_time", 0)
        )

    def _recipients_in_wecom(self, client, msgid):
        """Return the external user ids a broadcast in WeCom goes to; empty while WeCom is still handing it out."""
        try:
            userids = [task["userid"] for page in broadcasts.iter_tasks(client, msgid) for task in page.items]
            return {
                row["external_userid"]
                for userid in userids
                for page in broadcasts.iter_send_results(client, msgid, userid)
                for row in page.items
            }
        except NotReady:
            return set()

    def _fits_another_batch_better(self, found, missing):
        """Return whether another batch whose answer is out misses fewer of its recipients in ``found``.

        Recipients may be missing because WeCom refused them, so a subset has to do; but the same text may be on its way
        to a smaller audience as well.
        """
        rivals = self.env.execute_query(
            SQL(
                """SELECT COALESCE(broadcast.sent_text, broadcast.text)
                     FROM wecom_broadcast_batch batch
                     JOIN wecom_broadcast broadcast ON broadcast.id = batch.broadcast_id
                     JOIN wecom_broadcast_recipient recipient ON recipient.batch_id = batch.id
                    WHERE batch.id != %s AND batch.state IN ('claimed', 'unknown') AND broadcast.corp_id = %s
                 GROUP BY batch.id, broadcast.sent_text, broadcast.text
                   HAVING count(*) FILTER (WHERE recipient.external_userid = ANY(%s)) = %s
                      AND count(*) - %s < %s""",
                self.id,
                self.broadcast_id.corp_id.id,
                list(found),
                len(found),
                len(found),
                missing,
            )
        )
        own = words(self.broadcast_id.sent_text or self.broadcast_id.text)
        return any(words(text) == own for (text,) in rivals)

    def _settle_created(self, entry, missing):
        """It was made after all: record it as if the answer had come."""
        created_at = from_epoch(entry.get("create_time")) or fields.Datetime.now()
        self._record_created(entry["msgid"], missing, created_at)
        self.write(
            {
                "settled_at": fields.Datetime.now(),
                "next_poll_at": fields.Datetime.now(),
                "error_message": False,
                "error_code": False,
            }
        )
        self._note_batch(self.env._("It was found in WeCom: it has been sent, once."))

    def _settle_absent(self):
        """It was never made: send it, unless it was stopped meanwhile."""
        self.settled_at = fields.Datetime.now()
        if self.cancel_requested_at:
            self._give_up()
            return
        self.write({"state": "planned", "next_attempt_at": False, "error_message": False})
        self._note_batch(self.env._("WeCom's complete list shows that it was never made. It is sent now."))
