from collections import defaultdict

from odoo import fields, models

from ..wecom_api import contacts
from ..wecom_api.errors import NotFound, PermissionDenied, RateLimited
from .listed_follow import ListedFollow
from .parallel_reading import ParallelReading

READING_THREADS = 8
ADDED, HALF_ADDED = "add_external_contact", "add_half_external_contact"
EDITED = "edit_external_contact"
DELETED_BY_MEMBER, DELETED_BY_CUSTOMER = "del_external_contact", "del_follow_user"
TRANSFER_FAILED = "transfer_fail"
BY_TRANSFER = "DELETE_BY_TRANSFER"


class WecomEvent(models.Model):
    """Events of external contacts: each contact is read again, and its follows are made what WeCom tells.

    Only two things cannot be read and are taken from the event: that the customer deleted the member (WeCom goes on
    listing him), and that a customer waits to be accepted (WeCom does not list him yet).
    """

    _inherit = "wecom.event"

    def _work_on_contacts(self, corp):
        read_at = fields.Datetime.now()
        details, failed = self._read_contacts(corp)
        events = self - failed
        tags_before = {follow: follow.tag_ids for follow in events._follows_by_key(corp).values()}
        events._write_read(corp, details, read_at)
        events._overtake_older_wishes(corp, tags_before)
        listed = _listed_keys(details)
        ended = events._end_unlisted(corp, listed, read_at) | events._apply_what_only_events_tell(corp, listed, read_at)
        self.env["wecom.follow"]._invalidate_written()
        known = events._contacts(corp)
        self.env["wecom.contact"]._refresh_status(known.ids)
        if unmatched := corp._unmatched_contacts(len(known), contact_ids=known.ids):
            corp._match_contacts(unmatched)
        known._apply_tag_categories(known.ids)
        ended._tell_lost()
        events._tell_failed_transfers()
        events._done()

    def _contacts(self, corp):
        return self.env["wecom.contact"].search(
            [("corp_id", "=", corp.id), ("external_userid", "in", self.mapped("external_userid"))]
        )

    def _read_contacts(self, corp):
        """Return ({external_userid: get_contact's answer, None where nobody follows}, events that could not be read).

        What went wrong is written on the events; raises RateLimited.
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
        details, failed = {}, self.filtered(lambda event: not event.external_userid)
        failed._fail(self.env._("WeCom named no contact in this event."))
        for external_userid, future in outcomes.items():
            error = future.exception()
            if isinstance(error, RateLimited):
                raise error
            if error is None or isinstance(error, NotFound | PermissionDenied):
                details[external_userid] = None if error else future.result()
            else:
                about = self.filtered(lambda event, about=external_userid: event.external_userid == about)
                about._try_again(error)
                failed |= about
        return details, failed

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

    def _end_unlisted(self, corp, listed, read_at):
        """End the active follows that WeCom no longer lists, because the member deleted the customer; return them.

        Those of members who left are not among what WeCom lists in the first place.
        """
        deletions = self._latest(DELETED_BY_MEMBER)
        times = defaultdict(list)
        for event in self:
            times[event.external_userid, (event.userid or "").lower()].append(event.made_at)
        ended = self.env["wecom.follow"]
        for key, follow in self._follows_by_key(corp).items():
            deletion = deletions.get(key)
            refused = follow.status == "half" and deletion and deletion.made_at >= follow.followed_at
            ends = follow.status == "active" or refused
            if key in listed or not ends or follow.member_id.status == "left":
                continue
            follow.write(
                {
                    "status": "handed_over" if deletion and BY_TRANSFER in deletion.xml else "deleted_by_member",
                    "lost_at": deletion.made_at if deletion else max([read_at, *times[key]]),
                    "row_hash": False,
                    "read_at": read_at,
                }
            )
            ended |= follow
        return ended

    def _latest(self, *change_types):
        """Return {(external_userid, userid in lower case): the latest event of these kinds}."""
        events = self.filtered(lambda event: event.change_type in change_types and event.userid)
        return {(event.external_userid, event.userid.lower()): event for event in events.sorted(_by_time)}

    def _apply_what_only_events_tell(self, corp, listed, read_at):
        """Mark whom the customer deleted, and keep those who wait to be accepted.

        Return the follows that customers ended. The later of an addition and a deletion holds, by the times WeCom
        gives; in the same second, by their arrival.
        """
        follows = self._follows_by_key(corp)
        ended = self.env["wecom.follow"]
        for key, event in self._latest(ADDED, DELETED_BY_CUSTOMER).items():
            if not (follow := follows.get(key)):
                continue
            if event.change_type == DELETED_BY_CUSTOMER:
                if event._comes_before_the_end_of(follow):
                    follow.write({"status": "deleted_by_customer", "lost_at": event.made_at, "row_hash": False})
                    ended |= follow
                elif follow.status == "deleted_by_customer" and event.made_at > follow.lost_at:
                    follow.write({"lost_at": event.made_at})
            elif key in listed and follow.status == "deleted_by_customer" and follow.lost_at <= event.made_at:
                follow.write({"status": "active", "lost_at": False, "won_back_at": read_at, "row_hash": False})
                follow._tell_won_back()
        contacts = {contact.external_userid: contact for contact in self._contacts(corp)}
        half_added = self._latest(HALF_ADDED)
        deletions = self._known_deletions(corp) if half_added else {}
        for key, event in half_added.items():
            if key not in deletions or _by_time(deletions[key]) < _by_time(event):
                event._keep_half(corp, follows.get(key, self.env["wecom.follow"]), contacts, read_at)
        return ended

    def _known_deletions(self, corp):
        """Return {key: latest event that deleted it}, of all events kept: one may have come before the addition did."""
        deletions = self.search(
            [
                ("corp_id", "=", corp.id),
                ("external_userid", "in", self.mapped("external_userid")),
                ("change_type", "in", (DELETED_BY_MEMBER, DELETED_BY_CUSTOMER)),
            ]
        )
        return deletions._latest(DELETED_BY_MEMBER, DELETED_BY_CUSTOMER)

    def _comes_before_the_end_of(self, follow):
        """Whether the customer's deletion ended this follow: it was going on then, and nobody had ended it before."""
        going_on = follow.status == "active" or (
            follow.status == "deleted_by_member" and follow.lost_at >= self.made_at
        )
        return going_on and (not follow.followed_at or follow.followed_at <= self.made_at)

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

    def _keep_half(self, corp, follow, contacts, read_at):
        """Keep the follow of a customer who waits to be accepted, unless more is known of it than that.

        ``contacts``: {external_userid: contact}; one that had to be made is added.
        """
        if follow.status == "active" or (follow.status == "half" and follow.followed_at >= self.made_at):
            return
        if follow.status == "deleted_by_customer" and follow.lost_at >= self.made_at:
            return
        values = {"status": "half", "followed_at": self.made_at, "lost_at": False, "read_at": read_at}
        if follow:
            follow.write({**values, "row_hash": False})
            return
        if not (contact := contacts.get(self.external_userid)):
            contact = self.env["wecom.contact"].create(
                {"corp_id": corp.id, "external_userid": self.external_userid, "name": self.external_userid}
            )
            contacts[self.external_userid] = contact
        member = self.env["wecom.member"]._known_or_created(corp, [self.userid])[self.userid.lower()]
        self.env["wecom.follow"].sudo().create({**values, "contact_id": contact.id, "member_id": member.id})

    def _tell_failed_transfers(self):
        """Note on the partners why a hand-over failed."""
        reasons = {
            "customer_refused": self.env._("the customer refused"),
            "customer_limit_exceed": self.env._("the new member has as many customers as he may have"),
        }
        notes = defaultdict(list)
        for event in self.filtered(lambda event: event.change_type == TRANSFER_FAILED):
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


def _by_time(event):
    return event.made_at, event.id
