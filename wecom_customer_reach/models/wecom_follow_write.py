from odoo import api, fields, models
from odoo.tools import SQL

from .wecom_follow import ALIVE_FOLLOW_STATUSES

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
        SELECT listed.*, to_timestamp(nullif(createtime, 0)) AT TIME ZONE 'UTC' AS followed_at,
               written_contact.created IS TRUE AS is_of_new_contact,
               coalesce(written_contact.id, (SELECT id FROM wecom_contact
                                              WHERE corp_id = %(corp)s AND external_userid = listed.external_userid)
                       ) AS contact_id
          FROM listed
          LEFT JOIN written_contact USING (external_userid)
    ), first_follow AS (
        INSERT INTO wecom_follow (
               member_id, contact_id, status, followed_at, remark, description, remark_corp_name, remark_mobiles,
               add_way, channel, operator_userid, row_hash, read_at)
        SELECT member_id, contact_id, 'active', followed_at, remark, description, remark_corp_name, remark_mobiles,
               add_way, channel, operator_userid, row_hash, %(read_at)s
          FROM pair
         WHERE is_of_new_contact
        RETURNING id, contact_id, member_id
    ), other_follow AS (
        INSERT INTO wecom_follow AS follow (
               member_id, contact_id, status, followed_at, remark, description, remark_corp_name, remark_mobiles,
               add_way, channel, operator_userid, row_hash, read_at)
        SELECT member_id, contact_id, 'active', followed_at, remark, description, remark_corp_name, remark_mobiles,
               add_way, channel, operator_userid, row_hash, %(read_at)s
          FROM pair
         WHERE NOT is_of_new_contact
            ON CONFLICT (contact_id, member_id) DO UPDATE
           SET status = CASE WHEN follow.status = 'deleted_by_customer'
                              AND coalesce(EXCLUDED.followed_at <= follow.lost_at, TRUE)
                             THEN follow.status ELSE 'active' END,
               lost_at = CASE WHEN follow.status = 'deleted_by_customer'
                               AND coalesce(EXCLUDED.followed_at <= follow.lost_at, TRUE)
                              THEN follow.lost_at END,
               won_back_at = CASE WHEN follow.status IN %(alive)s
                                    OR follow.status = 'deleted_by_customer'
                                       AND coalesce(EXCLUDED.followed_at <= follow.lost_at, TRUE)
                                  THEN follow.won_back_at ELSE %(now)s END,
               followed_at = EXCLUDED.followed_at, remark = EXCLUDED.remark, description = EXCLUDED.description,
               remark_corp_name = EXCLUDED.remark_corp_name, remark_mobiles = EXCLUDED.remark_mobiles,
               add_way = EXCLUDED.add_way, channel = EXCLUDED.channel, operator_userid = EXCLUDED.operator_userid,
               row_hash = EXCLUDED.row_hash, read_at = coalesce(EXCLUDED.read_at, follow.read_at)
         WHERE coalesce(follow.read_at < %(listed_at)s, TRUE)
        RETURNING id, contact_id, member_id, xmax = 0 AS created, won_back_at = %(now)s AS won_back
    ), written_follow AS MATERIALIZED (
        SELECT id, contact_id, member_id, TRUE AS created, FALSE AS won_back FROM first_follow
         UNION ALL
        SELECT id, contact_id, member_id, created, won_back FROM other_follow
    ), tag AS MATERIALIZED (
        SELECT jsonb_object_agg(external_id, id) AS id_by_external_id
          FROM wecom_tag
         WHERE corp_id = %(corp)s AND external_id = ANY(%(tags)s::text[])
    ), listed_tag AS MATERIALIZED (
        SELECT DISTINCT written_follow.id AS follow_id, (tag.id_by_external_id ->> tagged.external_id)::int AS tag_id,
               written_follow.created
          FROM written_follow
          JOIN pair USING (contact_id, member_id)
         CROSS JOIN tag
         CROSS JOIN json_array_elements_text(pair.tag_ids) AS tagged(external_id)
    ), taken_off AS (
        DELETE FROM wecom_follow_tag_rel rel
         USING written_follow
         WHERE NOT written_follow.created AND rel.follow_id = written_follow.id
           AND (rel.follow_id, rel.tag_id) NOT IN (SELECT follow_id, tag_id FROM listed_tag)
    ), put_on_new AS (
        INSERT INTO wecom_follow_tag_rel (follow_id, tag_id)
        SELECT follow_id, tag_id FROM listed_tag WHERE created
    ), put_on_known AS (
        INSERT INTO wecom_follow_tag_rel (follow_id, tag_id)
        SELECT follow_id, tag_id FROM listed_tag WHERE NOT created
            ON CONFLICT DO NOTHING
    ), seen AS (
        INSERT INTO wecom_sync_seen (sync_number, follow_numbers)
        SELECT %(sync)s, jsonb_agg(id) FROM written_follow WHERE %(sync)s IS NOT NULL HAVING count(*) > 0
    )
    SELECT count(*) FILTER (WHERE written_contact.created),
           coalesce(array_agg(pair.contact_id) FILTER (WHERE written_contact.created IS NOT TRUE), '{}'),
           ARRAY(SELECT id FROM written_follow WHERE won_back)
      FROM (SELECT DISTINCT contact_id FROM pair) pair
      LEFT JOIN written_contact ON written_contact.id = pair.contact_id
"""
"""Writes ``rows`` into contacts, follows and their tags: one statement, so that a page is read and joined once.

WeCom goes on listing a member whom the customer has deleted: such a follow comes back to life only when the customer
was added again after the loss. A union ID once known stays true. What was read by itself since the listing began
(``read_at``) is newer than the listing.

``ON CONFLICT`` doubles the cost of an insertion. What hangs on a row that this very statement inserted cannot be there
yet, whoever else is writing, and goes in without it. Tags are looked up in one object: how many rows a JSON text holds
is unknown to the planner, and a join with the table could become a loop over all tags for each tag of each follow.
"""


class WecomFollow(models.Model):
    """Writes what WeCom lists into contacts, follows and tags: a fixed number of statements for any rows.

    Raw SQL, because these narrow tables are ours alone and the ORM would need a minute for what takes a second here.
    """

    _inherit = "wecom.follow"

    @api.model
    def _write_listed(self, corp, follows, member_ids, listed_at, sync_number=None, read_at=None):
        """Write these follows, their contacts and tags; return (number of new contacts, ids of the known ones).

        :param follows: ListedFollow, each with a key of its own
        :param member_ids: {userid in lower case: member id}
        :param listed_at: when WeCom was asked; a follow that was read by itself since then is left as it is
        :param sync_number: of the synchronisation that notes what it saw
        :param read_at: when WeCom was asked for just these contacts
        """
        self.env.flush_all()
        erased = corp._erased({follow.external_userid for follow in follows})
        follows = [follow for follow in follows if follow.external_userid not in erased]
        tag_ids = list({tag_id for follow in follows for tag_id in follow.tag_ids})
        self._keep_unlisted_tags(corp, tag_ids)
        query = SQL(
            UPSERT,
            corp=corp.id,
            rows=f"[{','.join(follow.row(member_ids) for follow in follows)}]",
            tags=tag_ids,
            sync=sync_number,
            listed_at=listed_at,
            read_at=read_at,
            now=fields.Datetime.now(),
            alive=ALIVE_FOLLOW_STATUSES,
        )
        [(created, known_contact_ids, won_back_ids)] = self.env.execute_query(query)
        self.env["wecom.contact"]._refresh_status(known_contact_ids)
        self._invalidate_written()
        self.browse(won_back_ids)._tell_won_back()
        return created, known_contact_ids

    @api.model
    def _keep_unlisted_tags(self, corp, external_ids):
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
                corp=corp.id,
                company=corp.company_id.id,
                uid=self.env.uid,
                now=fields.Datetime.now(),
                external_ids=external_ids,
            )
        )

    @api.model
    def _invalidate_written(self):
        for model in ("wecom.contact", "wecom.follow", "wecom.tag", "res.partner"):
            self.env[model].invalidate_model()
