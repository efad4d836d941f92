from odoo import models

from .wecom_event import by_time

ADDED, HALF_ADDED = "add_external_contact", "add_half_external_contact"
DELETED_BY_MEMBER, DELETED_BY_CUSTOMER = "del_external_contact", "del_follow_user"
BY_TRANSFER = "DELETE_BY_TRANSFER"


class WecomEvent(models.Model):
    """What events tell of the beginning and the end of follows, beside what can be read.

    Two things cannot be read at all: that the customer deleted the member (WeCom goes on listing him), and that a
    customer waits to be accepted (WeCom does not list him yet).
    """

    _inherit = "wecom.event"

    def _end_unlisted(self, corp, listed, hidden, read_at):
        """End the follows that WeCom no longer lists, because the member deleted the customer; return them.

        Without the member's own event that holds only for members whom WeCom shows: it lists nothing of one who left
        or is out of the app's range, and the follow may go on.

        :param listed: keys of the follows that WeCom lists
        :param hidden: external_userids of contacts of which it shows no follow at all
        """
        unlisted = {key: follow for key, follow in self._follows_by_key(corp).items() if key not in listed}
        deletions = {
            key: event
            for key, event in self._latest(DELETED_BY_MEMBER).items()
            if key in unlisted and event.made_at >= (unlisted[key].followed_at or event.made_at)
        }
        guesses = {
            key: follow
            for key, follow in unlisted.items()
            if follow.status == "active" and key not in deletions and key[0] not in hidden
        }
        shown = self._shown_members(corp) if guesses else set()
        ended = self.env["wecom.follow"]
        for key, follow in unlisted.items():
            if deletion := deletions.get(key):
                ended |= deletion._end_by_member(follow, read_at)
            elif key in guesses and key[1] in shown:
                lost_at = max([read_at, *(event.made_at for event in self if event.external_userid == key[0])])
                follow.write({"status": "deleted_by_member", "lost_at": lost_at, "row_hash": False, "read_at": read_at})
                ended |= follow
        return ended

    def _end_by_member(self, follow, read_at):
        """End this follow as the member's deletion tells; return it if that was news to tell.

        An end that was found before its event came gets the time, and the reason, that the event gives.
        """
        status = "handed_over" if BY_TRANSFER in self.xml else "deleted_by_member"
        values = {"status": status, "lost_at": self.made_at, "row_hash": False, "read_at": read_at}
        if follow.status == "half":
            # Never accepted, so nobody was lost.
            follow.write({**values, "lost_at": False})
        elif follow.status == "active":
            follow.write(values)
            return follow
        elif follow.status == "deleted_by_member" and follow.lost_at and follow.lost_at >= self.made_at:
            follow.write(values)
            if status == "handed_over":
                follow._tell_handed_over()
            else:
                self.env["wecom.loss"]._record(follow)
        return follow.browse()

    def _apply_what_only_events_tell(self, corp, listed, read_at):
        """Mark whom the customer deleted, and keep those who wait to be accepted.

        Return the follows that customers ended. The later of an addition and a deletion holds, by the times WeCom
        gives; in the same second, by their arrival.
        """
        follows = self._follows_by_key(corp)
        ended = back = self.env["wecom.follow"]
        for key, event in self._latest(ADDED, DELETED_BY_CUSTOMER).items():
            if not (follow := follows.get(key)):
                continue
            if event.change_type == DELETED_BY_CUSTOMER:
                if event._comes_before_the_end_of(follow):
                    follow.write({"status": "deleted_by_customer", "lost_at": event.made_at, "row_hash": False})
                    ended |= follow
                elif follow.status == "deleted_by_customer" and event.made_at > follow.lost_at:
                    follow.write({"lost_at": event.made_at})
                    self.env["wecom.loss"]._record(follow)
            elif key in listed and follow.status == "deleted_by_customer" and follow.lost_at <= event.made_at:
                follow.write({"status": "active", "lost_at": False, "won_back_at": read_at, "row_hash": False})
                back |= follow
        back._tell_won_back()
        known = {contact.external_userid: contact for contact in self._contacts(corp)}
        half_added = self._latest(HALF_ADDED)
        deletions = self._known_deletions(corp) if half_added else {}
        erased = corp._erased({external_userid for external_userid, _userid in half_added})
        for key, event in half_added.items():
            if key[0] in erased:
                continue
            if key not in deletions or by_time(deletions[key]) < by_time(event):
                event._keep_half(corp, follows.get(key, self.env["wecom.follow"]), known, read_at)
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
            follow.status == "deleted_by_member" and follow.lost_at and follow.lost_at >= self.made_at
        )
        return going_on and (not follow.followed_at or follow.followed_at <= self.made_at)

    def _keep_half(self, corp, follow, known, read_at):
        """Keep the follow of a customer who waits to be accepted, unless more is known of it than that.

        ``known``: {external_userid: contact}; one that had to be made is added.
        """
        if follow.status == "active" or (follow.status == "half" and follow.followed_at >= self.made_at):
            return
        if follow.status == "deleted_by_customer" and follow.lost_at >= self.made_at:
            return
        values = {"status": "half", "followed_at": self.made_at, "lost_at": False, "read_at": read_at}
        if follow:
            follow.write({**values, "row_hash": False})
            return
        if not (contact := known.get(self.external_userid)):
            contact = self.env["wecom.contact"].create(
                {"corp_id": corp.id, "external_userid": self.external_userid, "name": self.external_userid}
            )
            known[self.external_userid] = contact
        member = self.env["wecom.member"]._known_or_created(corp, [self.userid])[self.userid.lower()]
        self.env["wecom.follow"].sudo().create({**values, "contact_id": contact.id, "member_id": member.id})
