import logging
from collections import defaultdict

from odoo import fields, models

from ..wecom_api import contacts
from ..wecom_api.errors import RateLimited, WeComError
from .listed_follow import ListedFollow
from .parallel_reading import ParallelReading
from .wecom_event import by_time
from .wecom_event_work import CONCERNS_ALL

_logger = logging.getLogger(__name__)

READING_THREADS = 8
NO_VISIBLE_FOLLOWER = 60011
"""Of externalcontact/get: the app may see none of those who follow (wecom-api.md § 4.3); they may still do so."""
EDITED = "edit_external_contact"
TRANSFER_FAILED = "transfer_fail"


class WecomEvent(models.Model):
    """Events of external contacts: each contact is read again, and its follows are made what WeCom tells."""

    _inherit = "wecom.event"

    def _work_on_contacts(self, corp):
        read_at = fields.Datetime.now()
        details, hidden, failed = self._read_contacts(corp)
        events = self - failed
        tags_before = {follow: follow.tag_ids for follow in events._follows_by_key(corp).values()}
        events._write_read(corp, details, read_at)
        events._overtake_older_wishes(corp, tags_before)
        listed = _listed_keys(details)
        ended = events._end_unlisted(corp, listed, hidden, read_at)
        ended |= events._apply_what_only_events_tell(corp, listed, read_at)
        self.env["wecom.follow"]._invalidate_written()
        known = events._contacts(corp)
        self.env["wecom.contact"]._refresh_status(known.ids)
        if unmatched := corp._unmatched_contacts(len(known), contact_ids=known.ids):
            corp._match_contacts(unmatched)
        known._apply_tag_categories(known.ids)
        ended._tell_lost()
        events._tell_failed_transfers()
        events._done(read_at)

    def _contacts(self, corp):
        return self.env["wecom.contact"].search(
            [("corp_id", "=", corp.id), ("external_userid", "in", self.mapped("external_userid"))]
        )

    def _read_contacts(self, corp):
        """Return what WeCom tells of each contact, the contacts it hides, and the events that could not be read.

        The first is {external_userid: get_contact's answer, None where nobody follows}. What went wrong with one
        contact is written on its events; raises what concerns all.
        """
        reading = ParallelReading(READING_THREADS)
        client = corp._client(run=reading.run_in_owner)
        try:
            outcomes = reading.outcomes(
                lambda external_userid: contacts.get_contact(client, external_userid),
                dict.fromkeys(event.external_userid for event in self if event.external_userid),
            )
        finally:
            client.close()
        details, hidden, failed = {}, set(), self.filtered(lambda event: not event.external_userid)
        failed._fail(self.env._("WeCom named no contact in this event."))
        for external_userid, future in outcomes.items():
            error = future.exception()
            if isinstance(error, (RateLimited, *CONCERNS_ALL)) or not isinstance(error, WeComError | None):
                raise error
            if error is None or error.errcode == contacts.NOT_EXTERNAL_CONTACT:
                details[external_userid] = None if error else future.result()
            elif error.errcode == NO_VISIBLE_FOLLOWER:
                details[external_userid] = None
                hidden.add(external_userid)
            else:
                about = self.filtered(lambda event, about=external_userid: event.external_userid == about)
                about._try_again(error)
                failed |= about
        return details, hidden, failed

    def _members(self, corp, details):
        """Return {userid in lower case: member} of all who follow these contacts or are named in the events."""
        userids = {event.userid for event in self if event.userid}
        userids |= {follow["userid"] for detail in details.values() if detail for follow in detail["follow_user"]}
        Member = self.env["wecom.member"]
        known = Member._known_or_created(corp, userids)
        new = Member.union(*(member for member in known.values() if member.create_date >= self.env.cr.now()))
        if new:
            client = corp._client()
            try:
                new._read_details(client)
            except RateLimited:
                raise
            except WeComError as error:
                # The name comes with the next synchronisation; what happened is not to wait for it.
                _logger.info("The names of new members could not be read: %s", error.errcode)
            finally:
                client.close()
        return known

    def _write_read(self, corp, details, read_at):
        """Write the follows that WeCom lists of these contacts."""
        members = self._members(corp, details)
        member_ids = {userid: member.id for userid, member in members.items()}
        listed = [
            ListedFollow.read_alone(detail["external_contact"], follow)
            for detail in details.values()
            if detail
            for follow in detail["follow_user"]
        ]
        listed = {follow.key(member_ids): follow for follow in listed}
        if listed:
            self.env["wecom.follow"]._write_listed(
                corp, listed.values(), member_ids, fields.Datetime.to_datetime("9999-01-01"), read_at=read_at
            )

    def _overtake_older_wishes(self, corp, tags_before):
        """What a member did with the tags of a customer is newer than what was wished here before."""
        edits = self._latest(EDITED)
        changes = {}
        for key, follow in self._follows_by_key(corp).items():
            before, now = tags_before.get(follow, follow.tag_ids), follow.tag_ids
            if key in edits and before != now:
                changes[follow.id] = (now - before).ids, (before - now).ids, edits[key].made_at
        self.env["wecom.follow"]._tags_changed_in_wecom(changes)

    def _latest(self, *change_types):
        """Return {(external_userid, userid in lower case): the latest event of these kinds}."""
        events = self.filtered(lambda event: event.change_type in change_types and event.userid)
        return {(event.external_userid, event.userid.lower()): event for event in events.sorted(by_time)}

    def _follows_by_key(self, corp):
        follows = (
            self.env["wecom.follow"]
            .sudo()
            .search(
                [
                    ("member_id.corp_id", "=", corp.id),
                    ("contact_id.external_userid", "in", self.mapped("external_userid")),
                ]
            )
        )
        return {(follow.contact_id.external_userid, follow.member_id.userid.lower()): follow for follow in follows}

    def _tell_failed_transfers(self):
        """Note on the partners why a hand-over failed."""
        reasons = {
            "customer_refused": self.env._("the customer refused"),
            "customer_limit_exceed": self.env._("the new member has as many customers as he may have"),
        }
        notes = defaultdict(list)
        for event in self.filtered(lambda event: event.change_type == TRANSFER_FAILED and not event.done_at):
            for partner in event.contact_id.partner_id:
                reason = next((text for code, text in reasons.items() if code in event.xml), "")
                notes[partner].append(
                    self.env._(
                        "WeCom: the hand-over to %(member)s failed: %(reason)s.", member=event.userid, reason=reason
                    )
                )
        for partner, lines in notes.items():
            partner._message_log(body=" ".join(lines))


def _listed_keys(details):
    """Return the (external_userid, userid in lower case) of all follows that WeCom lists of the contacts read."""
    return {
        (external_userid, follow["userid"].lower())
        for external_userid, detail in details.items()
        if detail
        for follow in detail["follow_user"]
    }
