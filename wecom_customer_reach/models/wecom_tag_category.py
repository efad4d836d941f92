from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL

from .wecom_follow import ALIVE_FOLLOW_STATUSES


class WecomTag(models.Model):
    """The optional link of a corp tag with a partner tag: whoever carries the one gets the other."""

    _inherit = "wecom.tag"
    _user_fields = ("name", "sequence", "category_id")

    category_id = fields.Many2one(
        "res.partner.category",
        string="Partner Tag",
        index="btree_not_null",
        ondelete="set null",
        help="Partners whose contact carries this tag get the partner tag; putting the partner tag on a partner, or "
        "taking it off, does so with this tag in WeCom.",
    )

    def write(self, vals):
        done = super().write(vals)
        if "category_id" in vals:
            self.env["wecom.contact"]._apply_tag_categories()
        return done

    def _keep(self, group, wanted, listed):
        kept = super()._keep(group, wanted, listed)
        for tag in kept.filtered(lambda tag: wanted[tag.name].get("category_id")):
            tag.category_id = wanted[tag.name]["category_id"]
        return kept

    def _delete_in_wecom(self):
        done = super()._delete_in_wecom()
        self.env["wecom.contact"]._apply_tag_categories()
        return done

    @api.model
    def _mapped_category_ids(self):
        """Return the ids of the partner tags that are linked with a tag."""
        groups = (
            self.sudo().with_context(active_test=False)._read_group([("category_id", "!=", False)], ["category_id"])
        )
        return [category.id for (category,) in groups]


class WecomContact(models.Model):
    """From WeCom to Odoo: the partner tags of contacts follow their corp tags."""

    _inherit = "wecom.contact"

    def write(self, vals):
        if "partner_id" not in vals:
            return super().write(vals)
        before = self.partner_id.ids
        done = super().write(vals)
        self._apply_tag_categories(partner_ids=[*before, *self.partner_id.ids])
        return done

    @api.model
    def _apply_tag_categories(self, contact_ids=None, partner_ids=None):
        """Bring the partner tags of these contacts' partners in line with their corp tags; of all, when None is given.

        A partner gets the partner tag while a living follow of one of his contacts carries a tag linked with it. It
        goes with the last of these, if it had come from there: what a person put on the partner stays. A tag that is
        still to be taken off in WeCom counts as if it were off already. A fixed number of statements.
        """
        self.env.flush_all()
        if not self._has_tag_categories():
            return
        if contact_ids is not None:
            rows = self.env.execute_query(
                SQL("SELECT DISTINCT partner_id FROM wecom_contact WHERE id = ANY(%s)", list(contact_ids))
            )
            partner_ids = [partner_id for (partner_id,) in rows if partner_id]
        scope = SQL("TRUE") if partner_ids is None else SQL("%s.partner_id = ANY(%s)", SQL("pair"), list(partner_ids))
        self.env.cr.execute(
            SQL(
                """
                WITH carried AS MATERIALIZED (
                    SELECT DISTINCT pair.partner_id, tag.category_id
                      FROM wecom_contact pair
                      JOIN wecom_follow follow ON follow.contact_id = pair.id AND follow.status IN %(alive)s
                      JOIN wecom_follow_tag_rel rel ON rel.follow_id = follow.id
                      JOIN wecom_tag tag ON tag.id = rel.tag_id AND tag.category_id IS NOT NULL AND tag.active
                     WHERE pair.partner_id IS NOT NULL AND %(scope)s
                       AND NOT EXISTS (SELECT FROM wecom_tag_marking_line line
                                        WHERE line.follow_id = follow.id AND line.tag_id = tag.id
                                          AND line.state = 'pending' AND line.operation = 'take_off')
                ), gone AS (
                    DELETE FROM wecom_partner_category_rel pair
                     WHERE %(scope)s AND (partner_id, category_id) NOT IN (SELECT partner_id, category_id FROM carried)
                    RETURNING partner_id, category_id
                ), taken_off AS (
                    DELETE FROM res_partner_res_partner_category_rel rel
                     USING gone
                     WHERE rel.partner_id = gone.partner_id AND rel.category_id = gone.category_id
                ), put_on AS (
                    INSERT INTO res_partner_res_partner_category_rel (partner_id, category_id)
                    SELECT partner_id, category_id FROM carried
                        ON CONFLICT DO NOTHING
                    RETURNING partner_id, category_id
                )
                INSERT INTO wecom_partner_category_rel (partner_id, category_id)
                SELECT partner_id, category_id FROM put_on
                    ON CONFLICT DO NOTHING
                """,
                alive=ALIVE_FOLLOW_STATUSES,
                scope=scope,
            )
        )
        self.env["res.partner"].invalidate_model(["category_id", "wecom_category_ids"], flush=False)
        self.env["res.partner.category"].invalidate_model(["partner_ids"], flush=False)

    @api.model
    def _has_tag_categories(self):
        """Return whether a tag is linked, or partners still have what came from a tag that no longer is."""
        query = SQL(
            """SELECT EXISTS (SELECT FROM wecom_tag WHERE category_id IS NOT NULL)
                   OR EXISTS (SELECT FROM wecom_partner_category_rel)"""
        )
        [(found,)] = self.env.execute_query(query)
        return found


class ResPartner(models.Model):
    """From Odoo to WeCom: a linked partner tag put on or taken off queues the corp tag for the partner's follows."""

    _inherit = "res.partner"

    wecom_category_ids = fields.Many2many(
        "res.partner.category",
        "wecom_partner_category_rel",
        "partner_id",
        "category_id",
        string="Partner Tags From WeCom",
        groups=fields.NO_ACCESS,
        copy=False,
        help="Those that came from a corp tag, and so go with it.",
    )

    def write(self, vals):
        if "category_id" not in vals:
            return super().write(vals)
        with self.env["res.partner.category"]._queueing_tags(SQL("partner_id = ANY(%s)", self.ids)):
            return super().write(vals)


class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"

    def write(self, vals):
        if "partner_ids" not in vals:
            return super().write(vals)
        with self._queueing_tags(SQL("category_id = ANY(%s)", self.ids)):
            return super().write(vals)

    @api.model
    @contextmanager
    def _queueing_tags(self, scope):
        """Queue in WeCom what the block changes about linked partner tags, within the rows of ``scope``."""
        category_ids = self.env["wecom.tag"]._mapped_category_ids()
        if not category_ids:
            yield
            return
        before = self._partner_categories(category_ids, scope)
        yield
        after = self._partner_categories(category_ids, scope)
        self._queue_tags(after - before, before - after)

    def _partner_categories(self, category_ids, scope):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id, category_id FROM res_partner_res_partner_category_rel
                    WHERE category_id = ANY(%s) AND %s""",
                category_ids,
                scope,
            )
        )
        return set(rows)

    def _queue_tags(self, added, removed):
        """Queue the tags of partner tags that were added to or removed from partners: {(partner id, category id)}.

        A partner tag that was added puts on the first of its tags, unless one of them stands; one that was removed
        takes off all that stand. Whoever may change the partner may do this: the link is the managers' decision.
        """
        changed = [(*pair, "put_on") for pair in added] + [(*pair, "take_off") for pair in removed]
        if not changed:
            return
        # A person has decided now: what he put on does not go with a tag, what he took off does not come back by one.
        self.env.cr.execute(
            SQL(
                """DELETE FROM wecom_partner_category_rel rel
                    USING unnest(%s::int[], %s::int[]) AS gone(partner_id, category_id)
                    WHERE rel.partner_id = gone.partner_id AND rel.category_id = gone.category_id""",
                [partner_id for partner_id, _category in removed],
                [category_id for _partner, category_id in removed],
            )
        )
        linked = self.env["wecom.tag"].sudo().search([("category_id", "in", [pair[1] for pair in changed])])
        for corp, tags in linked.grouped("corp_id").items():
            operations = {tag.id: operation for tag in tags for _p, c, operation in changed if c == tag.category_id.id}
            wanted = self._wanted_marks(corp, changed)
            self.env["wecom.tag.marking"]._queue(corp, wanted, operations, origin="category")

    def _wanted_marks(self, corp, changed):
        """Return the query of (follow_id, tag_id, operation) that makes the tags of a corp what was changed here."""
        partner_ids, category_ids, operations = zip(*changed, strict=True)
        return SQL(
            """
            SELECT follow_id, tag_id, operation
              FROM (SELECT follow.id AS follow_id, tag.id AS tag_id, changed.operation, stands.yes,
                           bool_or(stands.yes) OVER same AS one_stands,
                           row_number() OVER (same ORDER BY tag.sequence DESC, tag.id) AS place
                      FROM unnest(%(partners)s::int[], %(categories)s::int[], %(operations)s::text[])
                           AS changed(partner_id, category_id, operation)
                      JOIN wecom_contact contact ON contact.partner_id = changed.partner_id
                                                AND contact.corp_id = %(corp)s
                      JOIN wecom_follow follow ON follow.contact_id = contact.id AND follow.status IN %(alive)s
                      JOIN wecom_tag tag ON tag.category_id = changed.category_id AND tag.corp_id = %(corp)s
                                        AND tag.active
                      LEFT JOIN LATERAL (
                           SELECT operation FROM wecom_tag_marking_line line
                            WHERE line.follow_id = follow.id AND line.tag_id = tag.id AND line.state = 'pending'
                            ORDER BY id DESC LIMIT 1) pending ON TRUE
                     CROSS JOIN LATERAL (
                           SELECT coalesce(pending.operation = 'put_on',
                                           EXISTS (SELECT FROM wecom_follow_tag_rel rel
                                                    WHERE rel.follow_id = follow.id AND rel.tag_id = tag.id))
                           ) AS stands(yes)
                    WINDOW same AS (PARTITION BY follow.id, changed.category_id)) mark
             WHERE CASE operation WHEN 'take_off' THEN yes ELSE NOT one_stands AND place = 1 END
            """,
            partners=list(partner_ids),
            categories=list(category_ids),
            operations=list(operations),
            corp=corp.id,
            alive=ALIVE_FOLLOW_STATUSES,
        )
