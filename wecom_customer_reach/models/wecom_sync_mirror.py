import hashlib
import json
import marshal

from odoo import fields, models
from odoo.tools import SQL

CONTACT_TYPES = {1: "wechat", 2: "wecom"}
GENDERS = {1: "male", 2: "female"}

CONTACT_TEXTS = (
    ("avatar_url", "avatar"),
    ("unionid", "unionid"),
    ("position", "position"),
    ("corp_name", "corp_name"),
)
FOLLOW_TEXTS = (
    ("remark", "remark"),
    ("description", "description"),
    ("remark_corp_name", "remark_corp_name"),
    ("channel", "state"),
    ("operator_userid", "oper_userid"),
)
as_json = json.JSONEncoder(ensure_ascii=False).encode
MARSHAL_VERSION = 2
"""The last format that depends on the values alone, not on how Python holds them in memory."""


UPSERT = """
    WITH listed AS MATERIALIZED (
        SELECT *
          FROM json_to_recordset(%(rows)s) AS listed(
               member_id int, external_userid text, name text, contact_type text, gender text, avatar_url text,
               unionid text, position text, corp_name text, createtime bigint, remark text, description text,
               remark_corp_name text, remark_mobiles text, add_way text, channel text, operator_userid text,
               tag_ids json, row_hash text)
    ), written_contact AS (
        INSERT INTO wecom_contact AS contact (
               corp_id, external_userid, name, contact_type, gender, avatar_url, unionid, position, corp_name, status,
               match_state)
        SELECT DISTINCT ON (external_userid)
               %(corp)s, external_userid, name, contact_type, gender, avatar_url, unionid, position, corp_name,
               'active', 'new'
          FROM listed
         ORDER BY external_userid
            ON CONFLICT (corp_id, external_userid) DO UPDATE
           SET name = EXCLUDED.name, contact_type = EXCLUDED.contact_type, gender = EXCLUDED.gender,
               avatar_url = EXCLUDED.avatar_url, unionid = coalesce(EXCLUDED.unionid, contact.unionid),
               position = EXCLUDED.position, corp_name = EXCLUDED.corp_name
         WHERE (contact.name, contact.contact_type, contact.gender, contact.avatar_url, contact.unionid,
                contact.position, contact.corp_name)
               IS DISTINCT FROM
               (EXCLUDED.name, EXCLUDED.contact_type, EXCLUDED.gender, EXCLUDED.avatar_url,
                coalesce(EXCLUDED.unionid, contact.unionid), EXCLUDED.position, EXCLUDED.corp_name)
        RETURNING id, external_userid, xmax = 0 AS created
    ), pair AS MATERIALIZED (
        SELECT listed.*,
               coalesce(written_contact.id, (SELECT id FROM wecom_contact
                                              WHERE corp_id = %(corp)s AND external_userid = listed.external_userid)
                       ) AS contact_id
          FROM listed
          LEFT JOIN written_contact USING (external_userid)
    ), written_follow AS (
        INSERT INTO wecom_follow AS follow (
               member_id, contact_id, status, followed_at, remark, description, remark_corp_name, remark_mobiles,
               add_way, channel, operator_userid, row_hash)
        SELECT member_id, contact_id, 'active',
               to_timestamp(nullif(createtime, 0)) AT TIME ZONE 'UTC', remark, description,
               remark_corp_name, remark_mobiles, add_way, channel, operator_userid, row_hash
          FROM pair
            ON CONFLICT (contact_id, member_id) DO UPDATE
           SET status = CASE WHEN follow.status = 'deleted_by_customer'
                              AND coalesce(EXCLUDED.followed_at <= follow.lost_at, TRUE)
                             THEN follow.status ELSE 'active' END,
               lost_at = CASE WHEN follow.status = 'deleted_by_customer'
                               AND coalesce(EXCLUDED.followed_at <= follow.lost_at, TRUE)
                              THEN follow.lost_at END,
               followed_at = EXCLUDED.followed_at, remark = EXCLUDED.remark, description = EXCLUDED.description,
               remark_corp_name = EXCLUDED.remark_corp_name, remark_mobiles = EXCLUDED.remark_mobiles,
               add_way = EXCLUDED.add_way, channel = EXCLUDED.channel, operator_userid = EXCLUDED.operator_userid,
               row_hash = EXCLUDED.row_hash
        RETURNING id, contact_id, member_id, xmax = 0 AS created
    ), listed_tag AS MATERIALIZED (
        SELECT DISTINCT written_follow.id AS follow_id, tag.id AS tag_id
          FROM written_follow
          JOIN pair USING (contact_id, member_id)
         CROSS JOIN json_array_elements_text(pair.tag_ids) AS tagged(external_id)
          JOIN wecom_tag tag ON tag.corp_id = %(corp)s AND tag.external_id = tagged.external_id
    ), taken_off AS (
        DELETE FROM wecom_follow_tag_rel rel
         USING written_follow
         WHERE NOT written_follow.created AND rel.follow_id = written_follow.id
           AND (rel.follow_id, rel.tag_id) NOT IN (SELECT follow_id, tag_id FROM listed_tag)
    ), put_on AS (
        INSERT INTO wecom_follow_tag_rel (follow_id, tag_id)
        SELECT follow_id, tag_id FROM listed_tag
            ON CONFLICT DO NOTHING
    ), seen AS (
        INSERT INTO wecom_sync_seen (sync_number, follow_numbers)
        SELECT %(sync)s, jsonb_agg(id) FROM written_follow
    )
    SELECT count(*) FILTER (WHERE written_contact.created),
           array_agg(pair.contact_id) FILTER (WHERE written_contact.created IS NOT TRUE)
      FROM (SELECT DISTINCT contact_id FROM pair) pair
      LEFT JOIN written_contact ON written_contact.id = pair.contact_id
"""
"""Writes ``rows`` into contacts, follows and their tags: one statement, so that a page is read and joined once.

WeCom goes on listing a member whom the customer has deleted: such a follow comes back to life only when the customer
was added again after the loss. A union ID once known stays true.
"""


class WecomSync(models.Model):
    """Writes what WeCom lists into contacts, follows and tags: a fixed number of statements for any rows.

    Raw SQL, because these narrow tables are ours alone and the ORM would need a minute for what takes a second here.
    """

    _inherit = "wecom.sync"

    def _mirror_contacts(self, listed, member_ids):
        """Take in listed follows; those that are as they were last time are only noted as seen.

        ``listed``: ListedFollow of any members, those of other members than ``member_ids`` are passed over.
        ``member_ids``: {userid in lower case: member id} of the members whose customers were asked for.
        """
        self.env.flush_all()
        changed = self._note_unchanged({follow.row_hash: follow for follow in listed}, list(member_ids.values()))
        # A listing that changes while it is read can show a follow on two pages.
        changed = {key: follow for follow in changed if (key := follow.key(member_ids))}
        if changed:
            self._keep_unlisted_tags({tag_id for follow in changed.values() for tag_id in follow.tag_ids})
            rows = f"[{','.join(follow.row(member_ids) for follow in changed.values())}]"
            [(created, known_ids)] = self.env.execute_query(SQL(UPSERT, corp=self.corp_id.id, sync=self.id, rows=rows))
            self.env["wecom.contact"]._refresh_status(known_ids or [])
            self.contact_created += created
            self.contact_changed += len(known_ids or [])
            self._invalidate_mirror()
        self.contact_seen += len(listed)

    def _note_unchanged(self, by_hash, member_ids):
        """Note as seen the listed follows that Odoo has just as they are listed; return the others.

        ``by_hash``: {row hash: ListedFollow}.
        """
        query = SQL(
            """
            WITH unchanged AS MATERIALIZED (
                SELECT row_hash, id FROM wecom_follow
                 WHERE row_hash = ANY(string_to_array(%(hashes)s, ','))
                   AND member_id = ANY(%(members)s) AND status != 'half'
            ), seen AS (
                INSERT INTO wecom_sync_seen (sync_number, follow_numbers)
                SELECT %(sync)s, jsonb_agg(id) FROM unchanged HAVING count(*) > 0
            )
            SELECT listed.row_hash FROM unnest(string_to_array(%(hashes)s, ',')) AS listed(row_hash)
              LEFT JOIN unchanged USING (row_hash)
             WHERE unchanged.id IS NULL
            """,
            sync=self.id,
            hashes=",".join(by_hash),  # one text: a list costs more than the look-up
            members=member_ids,
        )
        return [by_hash[row_hash] for (row_hash,) in self.env.execute_query(query)]

    def _keep_unlisted_tags(self, external_ids):
        """A tag that the list of tags did not show (made since, or of a rule group) is kept archived under its id.

        When that list names it, it comes to life, and no relation to it has been missed.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO wecom_tag (corp_id, company_id, external_id, name, sequence, active,
                                       create_uid, create_date, write_uid, write_date)
                SELECT %(corp)s, %(company)s, listed.external_id, listed.external_id, 0, FALSE,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(external_ids)s::text[]) AS listed(external_id)
                 WHERE NOT EXISTS (SELECT FROM wecom_tag
                                    WHERE corp_id = %(corp)s AND external_id = listed.external_id)
                """,
                corp=self.corp_id.id,
                company=self.company_id.id,
                uid=self.env.uid,
                now=fields.Datetime.now(),
                external_ids=list(external_ids),
            )
        )

    def _mark_lost(self, members):
        """Mark the follows of these members that WeCom no longer lists; they are kept, never deleted."""
        self.env.flush_all()
        lost = self.env.execute_query(
            SQL(
                """
                UPDATE wecom_follow
                   SET status = 'deleted_by_member', lost_at = %(now)s, row_hash = NULL
                 WHERE member_id = ANY(%(members)s) AND status = 'active'
                   AND id NOT IN (SELECT jsonb_array_elements_text(follow_numbers)::int
                                    FROM wecom_sync_seen WHERE sync_number = %(sync)s)
                RETURNING contact_id
                """,
                members=members.ids,
                sync=self.id,
                now=fields.Datetime.now(),
            )
        )
        self.env.cr.execute(SQL("DELETE FROM wecom_sync_seen WHERE sync_number = %s", self.id))
        if lost:
            self.env["wecom.contact"]._refresh_status([contact_id for (contact_id,) in lost])
        self.follow_lost += len(lost)
        self._invalidate_mirror()

    def _invalidate_mirror(self):
        for model in ("wecom.contact", "wecom.follow", "wecom.tag", "wecom.sync.seen", "res.partner"):
            self.env[model].invalidate_model()


class ListedFollow:
    """One item of batch/get_by_user (wecom-api.md § 4.4), and a hash of all it says.

    Where an argument is ``member_ids``, it is {userid in lower case: member id} of the members asked for.
    """

    __slots__ = ("_item", "_row", "row_hash")

    def __init__(self, item):
        self._item, self._row = item, None
        self.row_hash = hashlib.blake2b(marshal.dumps(item, MARSHAL_VERSION), digest_size=8).hexdigest()

    def key(self, member_ids):
        """Return (member id, external_userid), or None when the member was not asked for."""
        # Member ids are not case-sensitive (wecom-api.md § 1.4).
        member_id = member_ids.get(self._item["follow_info"]["userid"].lower())
        return member_id and (member_id, self._item["external_contact"]["external_userid"])

    @property
    def tag_ids(self):
        """The external ids of the tags."""
        return self._item["follow_info"].get("tag_id") or ()

    def row(self, member_ids):
        """Return the values as the tables hold them, as JSON, without those that are empty or absent."""
        if self._row is None:
            self._row = as_json(self._values(*self.key(member_ids)))
        return self._row

    def _values(self, member_id, external_userid):
        contact, follow = self._item["external_contact"], self._item["follow_info"]
        values = {
            "member_id": member_id,
            "external_userid": external_userid,
            "name": _text(contact.get("name")) or external_userid,
            "contact_type": CONTACT_TYPES.get(contact.get("type"), "wechat"),
            "createtime": follow.get("createtime"),
            "row_hash": self.row_hash,
        }
        for source, texts in ((contact, CONTACT_TEXTS), (follow, FOLLOW_TEXTS)):
            for name, key in texts:
                if text := source.get(key):
                    values[name] = _text(text)
        if gender := GENDERS.get(contact.get("gender")):
            values["gender"] = gender
        if mobiles := follow.get("remark_mobiles"):
            values["remark_mobiles"] = _text(",".join(mobiles))
        if (add_way := follow.get("add_way")) is not None:
            values["add_way"] = str(add_way)
        if self.tag_ids:
            values["tag_ids"] = self.tag_ids
        return values


def _text(value):
    """Return the text without the null character, which PostgreSQL cannot hold; None for an empty one."""
    return value and (value.replace("\0", "") if "\0" in value else value).strip() or None
