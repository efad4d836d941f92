import json

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..wecom_api import contacts, members, tags
from ..wecom_api.errors import WeComError

MEMBERS_PER_STEP = 50
MEMBER_STATUSES = {1: "active", 2: "disabled", 4: "not_activated", 5: "left"}
UNKNOWN_MEMBER_CODES = (60111, 60011, 60021, 40003)


class WecomSync(models.Model):
    """The first stages of a run: who serves customers, and which corp tags there are."""

    _inherit = "wecom.sync"

    def _steps_members(self):
        """Members that WeCom lists (wecom-api.md § 4.1), then the details of each (§ 3.1)."""
        client = self.corp_id._client()
        try:
            if not self.cursor:
                self._mirror_member_list(contacts.get_follow_user_list(client))
                yield 0
            while chunk := self._members_after(self.cursor, MEMBERS_PER_STEP):
                details = {member: self._member_details(client, member) for member in chunk}
                for member, values in details.items():
                    changes = {name: value for name, value in values.items() if member[name] != value}
                    if changes:
                        member.write(changes)
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

    def _member_details(self, client, member):
        """Return what user/get tells of a member; nothing when the app may not read the directory."""
        try:
            answer = members.get_user(client, member.userid)
        except WeComError as error:
            if error.errcode in UNKNOWN_MEMBER_CODES:
                return {}
            raise
        return {
            "name": answer.get("name") or member.userid,
            "position": answer.get("position") or False,
            # A member listed as serving customers has not left, whatever the directory says.
            "status": {"left": "disabled"}.get(status := MEMBER_STATUSES.get(answer.get("status"), "active"), status),
        }

    def _steps_tags(self):
        """The corp tags and their groups (wecom-api.md § 5.1): one step, committed with the end of the stage."""
        client = self.corp_id._client()
        try:
            groups = tags.get_corp_tags(client)
        finally:
            client.close()
        self.env.flush_all()
        for statement in self._tag_statements(groups):
            self.env.cr.execute(statement)
        self.env.invalidate_all()
        return ()

    def _tag_statements(self, groups):
        """Yield the statements that make groups and tags equal to what WeCom lists; unchanged rows are not written."""
        group_rows = [
            {"external_id": group["group_id"], "name": group.get("group_name"), "sequence": group.get("order")}
            for group in groups
        ]
        tag_rows = [
            {
                "external_id": tag["id"],
                "name": tag.get("name"),
                "sequence": tag.get("order"),
                "group": group["group_id"],
            }
            for group in groups
            for tag in group.get("tag") or []
        ]
        common = {
            "corp": self.corp_id.id,
            "company": self.company_id.id,
            "uid": self.env.uid,
            "now": fields.Datetime.now(),
        }
        yield SQL(
            """
            INSERT INTO wecom_tag_group (corp_id, company_id, external_id, name, sequence, active,
                                         create_uid, create_date, write_uid, write_date)
            SELECT %(corp)s, %(company)s, external_id, coalesce(name, external_id),
                   least(coalesce(sequence, 0), 2147483647), TRUE, %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM json_to_recordset(%(rows)s) AS listed(external_id text, name text, sequence bigint)
                ON CONFLICT (corp_id, external_id) DO UPDATE
               SET name = EXCLUDED.name, sequence = EXCLUDED.sequence, active = TRUE,
                   write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
             WHERE (wecom_tag_group.name, wecom_tag_group.sequence, wecom_tag_group.active)
                   IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.sequence, TRUE)
            """,
            rows=json.dumps(group_rows),
            **common,
        )
        yield SQL(
            """
            INSERT INTO wecom_tag (corp_id, company_id, group_id, external_id, name, sequence, active,
                                   create_uid, create_date, write_uid, write_date)
            SELECT %(corp)s, %(company)s, wecom_tag_group.id, listed.external_id,
                   coalesce(listed.name, listed.external_id), least(coalesce(listed.sequence, 0), 2147483647), TRUE,
                   %(uid)s, %(now)s, %(uid)s, %(now)s
              FROM json_to_recordset(%(rows)s)
                   AS listed(external_id text, name text, sequence bigint, "group" text)
              JOIN wecom_tag_group
                ON wecom_tag_group.corp_id = %(corp)s AND wecom_tag_group.external_id = listed."group"
                ON CONFLICT (corp_id, external_id) DO UPDATE
               SET group_id = EXCLUDED.group_id, name = EXCLUDED.name, sequence = EXCLUDED.sequence, active = TRUE,
                   write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
             WHERE (wecom_tag.group_id, wecom_tag.name, wecom_tag.sequence, wecom_tag.active)
                   IS DISTINCT FROM (EXCLUDED.group_id, EXCLUDED.name, EXCLUDED.sequence, TRUE)
            """,
            rows=json.dumps(tag_rows),
            **common,
        )
        for table, rows in ((SQL("wecom_tag"), tag_rows), (SQL("wecom_tag_group"), group_rows)):
            yield SQL(
                """
                UPDATE %(table)s SET active = FALSE, write_uid = %(uid)s, write_date = %(now)s
                 WHERE corp_id = %(corp)s AND active AND external_id != ALL(%(listed)s)
                """,
                table=table,
                listed=[row["external_id"] for row in rows],
                **common,
            )
