from odoo import fields, models
from odoo.fields import Domain

from ..wecom_api import contacts, tags

MEMBERS_PER_STEP = 50


class WecomSync(models.Model):
    """The first stages of a run: who serves customers, and which corp tags there are."""

    _inherit = "wecom.sync"

    def _steps_members(self):
        """Members that WeCom lists (wecom-api.md § 4.1), then the details of each (§ 3.1)."""
        client = self.corp_id._client()
        try:
            if not self.cursor:
                self.env["wecom.department"]._mirror(self.corp_id, client)
                self._mirror_member_list(contacts.get_follow_user_list(client))
                yield 0
            while chunk := self._members_after(self.cursor, MEMBERS_PER_STEP):
                chunk._read_details(client)
                self.write({"cursor": str(chunk[-1].id), "member_position": self.member_position + len(chunk)})
                yield self.member_position / self.member_total
        finally:
            client.close()

    def _mirror_member_list(self, userids):
        """Create new members, welcome back those who return, and mark those WeCom no longer lists as left."""
        Member = self.env["wecom.member"].with_context(active_test=False)
        known = {member.userid.lower(): member for member in Member.search([("corp_id", "=", self.corp_id.id)])}
        listed = {userid.lower(): userid for userid in userids}
        Member.create(
            [
                {"corp_id": self.corp_id.id, "userid": userid, "name": userid}
                for key, userid in listed.items()
                if key not in known
            ]
        )
        back = Member.union(*(member for key, member in known.items() if key in listed and member.status == "left"))
        back.write({"status": "active", "left_at": False})
        gone = Member.union(*(member for key, member in known.items() if key not in listed and member.status != "left"))
        gone.write({"status": "left", "left_at": fields.Datetime.now()})
        self.write({"cursor": "0", "member_position": 0, "member_total": len(listed)})

    def _members_after(self, member_id, limit):
        """Return the next members who serve customers, by id."""
        domain = Domain("corp_id", "=", self.corp_id.id) & Domain("status", "!=", "left")
        domain &= Domain("id", ">", int(member_id))
        return self.env["wecom.member"].with_context(active_test=False).search(domain, order="id", limit=limit)

    def _steps_tags(self):
        """The corp tags and their groups (wecom-api.md § 5.1): one step, committed with the end of the stage."""
        client = self.corp_id._client()
        try:
            self.env["wecom.tag"]._mirror(self.corp_id, tags.get_corp_tags(client))
        finally:
            client.close()
        return ()
