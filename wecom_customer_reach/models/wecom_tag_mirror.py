import json

from odoo import api, fields, models
from odoo.tools import SQL


class WecomTag(models.Model):
    """Makes the tags of a corp what WeCom lists."""

    _inherit = "wecom.tag"

    @api.model
    def _mirror(self, corp, groups):
        """Take in ``groups``, the answer of get_corp_tag_list for all tags of ``corp`` (wecom-api.md § 5.1)."""
        self.env.flush_all()
        for statement in self._mirror_statements(corp, groups):
            self.env.cr.execute(statement)
        self.env.invalidate_all()

    @api.model
    def _mirror_statements(self, corp, groups):
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
            "corp": corp.id,
            "company": corp.company_id.id,
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
