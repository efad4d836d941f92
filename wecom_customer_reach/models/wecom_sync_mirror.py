from odoo import fields, models
from odoo.tools import SQL


class WecomSync(models.Model):
    """What becomes of listed follows: the unchanged are noted, the changed written, the vanished marked lost."""

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
            created, known_ids = self.env["wecom.follow"]._write_listed(
                self.corp_id, changed.values(), member_ids, self.listing_started_at, sync_number=self.id
            )
            self.contact_created += created
            self.contact_changed += len(known_ids)
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

    def _mark_lost(self, members):
        """Mark the follows of these members that WeCom no longer lists; they are kept, never deleted."""
        self.env.flush_all()
        lost = self.env.execute_query(
            SQL(
                """
                UPDATE wecom_follow
                   SET status = 'deleted_by_member', lost_at = %(now)s, row_hash = NULL
                 WHERE member_id = ANY(%(members)s) AND status = 'active'
                   AND coalesce(read_at < %(listed_at)s, TRUE)
                   AND id NOT IN (SELECT jsonb_array_elements_text(follow_numbers)::int
                                    FROM wecom_sync_seen WHERE sync_number = %(sync)s)
                RETURNING id, contact_id
                """,
                members=members.ids,
                sync=self.id,
                now=fields.Datetime.now(),
                listed_at=self.listing_started_at,
            )
        )
        self.env.cr.execute(SQL("DELETE FROM wecom_sync_seen WHERE sync_number = %s", self.id))
        self.follow_lost += len(lost)
        self.env["wecom.sync.seen"].invalidate_model()
        self.env["wecom.follow"]._invalidate_written()
        if lost:
            self.env["wecom.contact"]._refresh_status([contact_id for _follow_id, contact_id in lost])
            self.env["wecom.follow"].browse([follow_id for follow_id, _contact_id in lost])._tell_lost()
