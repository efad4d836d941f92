from functools import partial

from odoo import fields, models
from odoo.fields import Domain

from ..wecom_api import contacts
from ..wecom_api.errors import WeComError
from ..wecom_api.limits import CONTACTS_PER_PAGE, MEMBERS_PER_CONTACT_LISTING
from .listed_follow import ListedFollow
from .read_ahead import ReadAhead

PAGES_PER_STEP = 40
INVALID_CURSOR = 50100
MOST_CURSOR_RESTARTS = 3


class WecomSync(models.Model):
    """The contacts stage: members in groups of 100, each group read page by page (wecom-api.md § 4.4)."""

    _inherit = "wecom.sync"

    def _steps_contacts(self):
        Member = self.env["wecom.member"].with_context(active_test=False)
        serving = Domain("corp_id", "=", self.corp_id.id) & Domain("status", "!=", "left")
        self.member_total = Member.search_count(serving)
        # By id, so that a resumed run finds the same groups.
        group = {"order": "id", "limit": MEMBERS_PER_CONTACT_LISTING}
        while members := Member.search(serving, offset=self.member_position, **group):
            member_ids = {member.userid.lower(): member.id for member in members}
            with ReadAhead(PAGES_PER_STEP, partial(_listed_follows, member_ids)) as pages:
                yield from self._steps_member_group(members, member_ids, pages)

    def _steps_member_group(self, members, member_ids, pages):
        """Read the contacts of these members from the kept cursor on, a few pages a step."""
        if not self.cursor:
            self.listing_started_at = fields.Datetime.now()
        expected = members._living_follow_count()
        client = self.corp_id._client(run=pages.run_in_owner)
        cursor, limit = self.cursor or "", CONTACTS_PER_PAGE
        pages.start(contacts.iter_contacts_by_users(client, list(member_ids), cursor=cursor, limit=limit))
        try:
            more = True
            seen = self._seen_count()
            while more:
                taken = pages.take(PAGES_PER_STEP)
                listed = [follow for follows, _cursor in taken for follow in follows]
                self._mirror_contacts(listed, member_ids)
                seen += len(listed)
                more = bool(taken and taken[-1][1])
                if more:
                    self.cursor = taken[-1][1]
                    share_of_group = min(seen / expected, 0.95) if expected else 0
                    yield (self.member_position + share_of_group * len(members)) / self.member_total
        except WeComError as error:
            if error.errcode != INVALID_CURSOR or not self.cursor or self.cursor_restarts >= MOST_CURSOR_RESTARTS:
                raise
            # The cursor has expired: the group is listed again from its start; what was seen of it stays seen.
            self.write({"cursor": False, "cursor_restarts": self.cursor_restarts + 1})
        else:
            self._mark_lost(members)
            position = self.member_position + len(members)
            self.write({"cursor": False, "cursor_restarts": 0, "member_position": position})
        finally:
            client.close()
        yield self.member_position / self.member_total

    def _seen_count(self):
        steps = self.env["wecom.sync.seen"].search([("sync_number", "=", self.id)])
        return sum(map(len, steps.mapped("follow_numbers")))


def _listed_follows(member_ids, page, far_ahead):
    """Return (follows, next cursor) of a page.

    Whoever reads far ahead of the writing also makes the rows: what is written slowly has changed.
    """
    follows = [ListedFollow(item) for item in page.items]
    if far_ahead:
        for follow in follows:
            if follow.key(member_ids):
                follow.row(member_ids)
    return follows, page.next_cursor
