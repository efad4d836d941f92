from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..wecom_api import broadcasts
from ..wecom_api.errors import RateLimited, ResponseInvalid, WeComError
from .epoch import to_epoch
from .found_broadcast import read_entry, words
from .wecom_broadcast_settle import CLOCK_MARGIN

FURTHEST_BACK = timedelta(days=31)
"""The longest counting window of the caps is a month; WeCom's results end there as well (§ 6.5)."""
LISTING_SPAN = timedelta(days=30)
OVERLAP = timedelta(days=1)
"""So much is listed again each time: a list may lag behind, and clocks may differ."""
ALL_CREATORS = 2
INVALID_CURSOR = 50100
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
QUIETLY = {"tracking_disable": True, "mail_create_nosubscribe": True, "mail_create_nolog": True}
NOBODY = "[('id', '=', False)]"


class WecomBroadcastImport(models.Model):
    """How far the broadcasts made outside Odoo have been listed, one row for each corp (wecom-api.md § 6.5).

    The list is read in spans of a month, page by page; each page is committed with the cursor of the next one. Tasks
    and results of what was found are read by the same scheduled action as those of our own broadcasts.
    """

    _name = "wecom.broadcast.import"
    _description = "WeCom Import of Broadcasts"
    _rec_name = "corp_id"

    corp_id = fields.Many2one("wecom.corp", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="corp_id.company_id", store=True)
    listed_until = fields.Datetime("Complete Until", readonly=True, help="What was made before is all in Odoo.")
    span_start = fields.Datetime(readonly=True)
    span_end = fields.Datetime(readonly=True, help="End of the span that is being listed.")
    cursor = fields.Char(readonly=True, help="WeCom's mark of the page with which the span goes on.")
    held_back_from = fields.Datetime(
        readonly=True, help="The first broadcast that may be one of ours whose answer was lost: it is listed again."
    )
    found_count = fields.Integer("Broadcasts Found", readonly=True)
    attempt_count = fields.Integer("Failed Attempts", readonly=True)
    next_attempt_at = fields.Datetime("Goes On At", readonly=True)
    error_message = fields.Text("Problem", readonly=True)

    _corp_uniq = models.UniqueIndex("(corp_id)")

    def action_import(self):
        """Look for broadcasts made outside Odoo at once."""
        self.corp_id.check_access("write")
        self.sudo().next_attempt_at = False
        self._wake()

    @api.model
    def _wake(self, at=None):
        self.env.ref("wecom_customer_reach.ir_cron_import_broadcasts").sudo()._trigger(at)

    @api.model
    def _cron_import(self):
        """List what was made outside Odoo, for every connected corp, one committed page at a time."""
        progress = self.env["ir.cron"]._commit_progress
        self._add_missing()
        due = self.search(
            [
                ("corp_id.active", "=", True),
                "|",
                ("next_attempt_at", "=", False),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ]
        )
        progress(remaining=len(due))
        for position, record in enumerate(due):
            if not record._carry_on(partial(progress, remaining=len(due) - position)):
                return
            progress(1, remaining=len(due) - position - 1)
        self._link_recipients()
        progress(remaining=0)

    @api.model
    def _add_missing(self):
        connected = self.env["wecom.corp"].sudo().search([("secret", "!=", False)])
        self.create([{"corp_id": corp.id} for corp in connected - self.search([]).corp_id])

    def _carry_on(self, progress):
        """List span after span until now; return whether there was time for it. Problems are kept on the record."""
        self.ensure_one()
        now = fields.Datetime.now()
        try:
            client = self.corp_id._client()
            reached = False
            while not reached:
                if not self._list_span(client, now, progress):
                    return False
                reached = self.span_end >= now
                self._close_span(reached)
                if not progress() and not reached:
                    return False
        except (WeComError, UserError) as error:
            self._pause(error)
        else:
            self.write({"attempt_count": 0, "next_attempt_at": False, "error_message": False})
        self._wake_reader()
        return True

    def _wake_reader(self):
        """Wake the scheduled action that reads what came of what was found."""
        self.env["wecom.broadcast"]._wake_poller()

    def _list_span(self, client, now, progress):
        """List the open span, or the next one, from its cursor on; return whether there was time for all of it."""
        if not self.span_end:
            furthest = now - FURTHEST_BACK
            start = max(self.listed_until - OVERLAP, furthest) if self.listed_until else furthest
            self.write({"span_start": start, "span_end": min(start + LISTING_SPAN, now), "cursor": False})
        for page in self._pages(client):
            # A fresh snapshot: what our own workers recorded before WeCom gave this page must be known here.
            progress()
            self.env.invalidate_all()
            self._take(page.items)
            self.cursor = page.next_cursor
            if not progress(1) and page.next_cursor:
                return False
        return True

    def _pages(self, client):
        """Return the pages of the open span, from its cursor on."""
        return broadcasts.iter_broadcasts(
            client,
            start_time=to_epoch(self.span_start),
            end_time=to_epoch(self.span_end),
            filter_type=ALL_CREATORS,
            cursor=self.cursor or "",
        )

    def _close_span(self, reached_now):
        """Everything of the span is in Odoo; what was held back is listed again in the next run."""
        self.write({"listed_until": self.span_end, "span_start": False, "span_end": False, "cursor": False})
        if reached_now and self.held_back_from:
            self.write({"listed_until": self.held_back_from, "held_back_from": False})

    def _pause(self, error):
        """Try again later: longer and longer, and at least as long as WeCom said. What was listed stays."""
        pause = min(SHORTEST_PAUSE * 2 ** min(self.attempt_count, 10), LONGEST_PAUSE)
        if isinstance(error, RateLimited):
            pause = max(pause, timedelta(seconds=error.retry_after or 0))
        values = {
            "attempt_count": self.attempt_count + 1,
            "next_attempt_at": fields.Datetime.now() + pause,
            "error_message": self.corp_id._explained(error) if isinstance(error, WeComError) else str(error),
        }
        if isinstance(error, ResponseInvalid) or getattr(error, "errcode", 0) == INVALID_CURSOR:
            values["cursor"] = False  # the span is listed again from its first page
        self.write(values)
        self._wake(values["next_attempt_at"])

    def _take(self, entries):
        """Keep the broadcasts of one page that are neither known nor possibly our own."""
        read = [found for entry in entries if (found := read_entry(entry))]
        known = self.env["wecom.broadcast.batch"].search([("msgid", "in", [found.msgid for found in read])])
        known_ids = set(known.mapped("msgid"))
        new = {found.msgid: found for found in read if found.msgid not in known_ids}
        unsettled = self._unsettled()
        held_back = [found for found in new.values() if self._may_be_ours(found, unsettled)]
        if held_back:
            first = min(found.created_at for found in held_back)
            self.held_back_from = min(first, self.held_back_from or first)
        self._keep([found for found in new.values() if found not in held_back])

    def _unsettled(self):
        """Return (words, claimed at) of the batches of this corp of which nobody knows yet whether WeCom has them."""
        batches = self.env["wecom.broadcast.batch"].search(
            [("state", "in", ("claimed", "unknown")), ("broadcast_id.corp_id", "=", self.corp_id.id)]
        )
        return [(words(batch.broadcast_id.sent_text or batch.broadcast_id.text), batch.claimed_at) for batch in batches]

    @api.model
    def _may_be_ours(self, found, unsettled):
        """Return whether a broadcast may be one whose answer was lost: settling decides that, never the import."""
        return not found.creator and any(
            words(found.text) == own and abs(found.created_at - claimed_at) <= CLOCK_MARGIN
            for own, claimed_at in unsettled
        )

    def _keep(self, found):
        """Write broadcasts and batches of what was found; their tasks and results are due at once."""
        if not found:
            return
        members = {
            member.userid.lower(): member
            for member in self.env["wecom.member"]
            .with_context(active_test=False)
            .search([("corp_id", "=", self.corp_id.id)])
        }
        made = (
            self.env["wecom.broadcast"]
            .sudo()
            .with_context(**QUIETLY)
            .create([self._broadcast_values(one, members.get(one.creator)) for one in found])
        )
        # Attachments can be added to drafts only, so the course begins now.
        made.write({"state": "running"})
        self.env["wecom.broadcast.batch"].sudo().create(
            [
                {
                    "broadcast_id": broadcast.id,
                    "sequence": 1,
                    "state": "created",
                    "msgid": one.msgid,
                    "created_at": one.created_at,
                    "next_poll_at": fields.Datetime.now(),
                }
                for broadcast, one in zip(made, found, strict=True)
            ]
        )
        self.found_count += len(made)

    def _broadcast_values(self, found, creator):
        """Return the values of the record; ``creator`` is a member, or None when WeCom names nobody we know."""
        owner = creator and creator.user_id or self.env.ref("base.user_root")
        attachments = [fields.Command.create(values) for values in found.attachments]
        return {
            "name": found.name or self.env._("Broadcast without text"),
            "corp_id": self.corp_id.id,
            "origin": "personal" if found.personal else "corp",
            "creator_id": creator and creator.id,
            "message_class": False,
            "user_id": owner.id,
            "partner_domain": NOBODY,
            "sender_policy": "wecom",
            "text": found.text,
            "attachment_ids": attachments,
            "sending_at": found.created_at,
            "planned_at": found.created_at,
            "sent_at": found.created_at,
        }

    @api.model
    def _link_recipients(self):
        """Give customers of such broadcasts their contact and partner, once the synchronisation has found them."""
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE wecom_broadcast_recipient recipient
                  SET contact_id = contact.id, partner_id = contact.partner_id
                 FROM wecom_broadcast broadcast, wecom_contact contact
                WHERE recipient.partner_id IS NULL AND recipient.batch_id IS NOT NULL
                  AND broadcast.id = recipient.broadcast_id AND broadcast.origin != 'odoo'
                  AND contact.corp_id = broadcast.corp_id AND contact.external_userid = recipient.external_userid
                  AND (recipient.contact_id IS NULL OR contact.partner_id IS NOT NULL)"""
        )
        self.env["wecom.broadcast.recipient"].invalidate_model()
