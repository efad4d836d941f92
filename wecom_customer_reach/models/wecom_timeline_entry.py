from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

ENTRY_KINDS = [
    ("broadcast", "Broadcast"),
    ("moment", "Moment"),
    ("like", "Like"),
    ("comment", "Comment"),
    ("added", "Added"),
    ("lost", "Lost"),
    ("won_back", "Won back"),
    ("handed_over", "Handed over"),
]
PAGE = 30


class WecomTimelineEntry(models.Model):
    """Something that happened between a customer and the members he knows; a query, nothing is copied.

    Clicks are missing on purpose: all customers get the same link, so nobody knows who clicked.
    """

    _name = "wecom.timeline.entry"
    _description = "WeCom Timeline Entry"
    _auto = False
    _order = "date desc, id desc"
    _depends = {
        "wecom.broadcast": ["name", "corp_id", "company_id", "origin"],
        "wecom.broadcast.recipient": ["broadcast_id", "contact_id", "member_id", "state", "sent_at"],
        "wecom.contact": ["partner_id"],
        "wecom.follow": ["contact_id", "member_id", "status", "followed_at", "lost_at"],
        "wecom.loss": ["contact_id", "member_id", "ended_by", "lost_at", "won_back_at"],
        "wecom.member": ["company_id"],
        "wecom.moment": ["name", "corp_id", "company_id", "origin"],
        "wecom.moment.audience": ["moment_id", "task_id", "contact_id", "member_id", "may_see", "found_at"],
        "wecom.moment.reaction": ["moment_id", "member_id", "kind", "contact_id", "reacted_at"],
        "wecom.moment.task": ["published_at"],
    }

    kind = fields.Selection(ENTRY_KINDS, readonly=True)
    date = fields.Datetime(readonly=True)
    contact_id = fields.Many2one("wecom.contact", "WeCom Contact", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    member_id = fields.Many2one("wecom.member", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    title = fields.Char(readonly=True, help="Of the broadcast or moment.")
    by_customer = fields.Boolean(readonly=True, help="A loss: whether the customer ended it, or the member.")
    broadcast_id = fields.Many2one("wecom.broadcast", readonly=True)
    moment_id = fields.Many2one("wecom.moment", readonly=True)
    reaction_id = fields.Many2one("wecom.moment.reaction", readonly=True)

    @property
    def _table_query(self):
        """The parts are told apart by the remainder of the id; each is found by an index on the contact."""
        return SQL(
            """SELECT 8 * touch.id::bigint AS id, touch.kind, touch.date, touch.contact_id, touch.partner_id,
                      touch.member_id, touch.company_id, COALESCE(broadcast.name, moment.name) AS title,
                      FALSE AS by_customer, touch.broadcast_id, touch.moment_id, NULL::integer AS reaction_id
                 FROM (%(touches)s) touch
            LEFT JOIN wecom_broadcast broadcast ON broadcast.id = touch.broadcast_id
            LEFT JOIN wecom_moment moment ON moment.id = touch.moment_id
            UNION ALL
               SELECT 8 * reaction.id::bigint + 1, reaction.kind, reaction.reacted_at, reaction.contact_id,
                      contact.partner_id, reaction.member_id, moment.company_id, moment.name,
                      TRUE, NULL, reaction.moment_id, reaction.id
                 FROM wecom_moment_reaction reaction
                 JOIN wecom_moment moment ON moment.id = reaction.moment_id
                 JOIN wecom_contact contact ON contact.id = reaction.contact_id
            UNION ALL
               SELECT 8 * follow.id::bigint + 2, 'added', follow.followed_at, follow.contact_id, contact.partner_id,
                      follow.member_id, member.company_id, NULL, FALSE, NULL, NULL, NULL
                 FROM wecom_follow follow
                 JOIN wecom_contact contact ON contact.id = follow.contact_id
                 JOIN wecom_member member ON member.id = follow.member_id
                WHERE follow.followed_at IS NOT NULL AND follow.status != 'half'
            UNION ALL
               SELECT 8 * follow.id::bigint + 3, 'handed_over', follow.lost_at, follow.contact_id, contact.partner_id,
                      follow.member_id, member.company_id, NULL, FALSE, NULL, NULL, NULL
                 FROM wecom_follow follow
                 JOIN wecom_contact contact ON contact.id = follow.contact_id
                 JOIN wecom_member member ON member.id = follow.member_id
                WHERE follow.status = 'handed_over' AND follow.lost_at IS NOT NULL
            UNION ALL
               SELECT 8 * loss.id::bigint + 4, 'lost', loss.lost_at, loss.contact_id, contact.partner_id,
                      loss.member_id, member.company_id, NULL, loss.ended_by = 'deleted_by_customer', NULL, NULL, NULL
                 FROM wecom_loss loss
                 JOIN wecom_contact contact ON contact.id = loss.contact_id
                 JOIN wecom_member member ON member.id = loss.member_id
            UNION ALL
               SELECT 8 * loss.id::bigint + 5, 'won_back', loss.won_back_at, loss.contact_id, contact.partner_id,
                      loss.member_id, member.company_id, NULL, FALSE, NULL, NULL, NULL
                 FROM wecom_loss loss
                 JOIN wecom_contact contact ON contact.id = loss.contact_id
                 JOIN wecom_member member ON member.id = loss.member_id
                WHERE loss.won_back_at IS NOT NULL""",
            touches=self.env["wecom.touch"]._table_query,
        )

    @api.model
    @api.readonly
    def get_timeline(self, partner_id, kinds=(), before=None, limit=PAGE):
        """Return a page of what happened with a partner and his contact persons, the latest first.

        :param kinds: only these codes of ENTRY_KINDS; empty: all
        :param before: the ``[date, id]`` of the last entry of the page before
        :return: ``entries`` (list of dicts with ``id``, ``kind``, ``date``, ``text``, ``person`` (his
            name, when it is not the partner himself), ``source`` ([model, id] when the user may open it), and for
            likes and comments ``reaction_id`` (when the user may make leads) and ``has_lead``),
            ``more`` (whether there are older ones) and ``kinds`` ([code, label] of all kinds)
        """
        partners = self.env["res.partner"].with_context(active_test=False).search([("id", "child_of", partner_id)])
        domain = Domain("partner_id", "in", partners.ids)
        if kinds:
            domain &= Domain("kind", "in", list(kinds))
        if before:
            date, last_id = before
            domain &= Domain("date", "<", date) | (Domain("date", "=", date) & Domain("id", "<", last_id))
        found = self.search(domain, limit=min(limit, 10 * PAGE) + 1)
        page = found[: min(limit, 10 * PAGE)]
        labels = self._fields["kind"]._description_selection(self.env)
        return {
            "entries": page._as_lines(partner_id),
            "more": len(found) > len(page),
            "kinds": [list(label) for label in labels],
        }

    def _as_lines(self, partner_id):
        """Return what the screen shows of these entries, in few statements for any number."""
        broadcasts = self.broadcast_id._filtered_access("read")
        moments = self.moment_id._filtered_access("read")
        self.reaction_id.sudo().fetch(["lead_id"])
        may_make_leads = self.env["crm.lead"].has_access("create")
        lines = []
        for entry in self:
            source = (entry.broadcast_id & broadcasts) or (entry.moment_id & moments)
            lines.append(
                {
                    "id": entry.id,
                    "kind": entry.kind,
                    "date": fields.Datetime.to_string(entry.date),
                    "text": entry._text(),
                    "person": entry.partner_id.sudo().display_name if entry.partner_id.id != partner_id else False,
                    "source": [source._name, source.id] if source else False,
                    "reaction_id": entry.reaction_id.id if may_make_leads else False,
                    "has_lead": bool(entry.reaction_id.sudo().lead_id),
                }
            )
        return lines

    def _text(self):
        """Return the entry as one sentence; names of members are no secret."""
        values = {"member": self.member_id.sudo().name or self.env._("a member"), "title": self.title or ""}
        match self.kind:
            case "broadcast":
                return self.env._("“%(title)s” was delivered, from %(member)s", **values)
            case "moment":
                return self.env._("May see the moment “%(title)s” of %(member)s", **values)
            case "like":
                return self.env._("Liked the moment “%(title)s” of %(member)s", **values)
            case "comment":
                return self.env._("Commented on the moment “%(title)s” of %(member)s", **values)
            case "added":
                return self.env._("%(member)s and the customer added each other", **values)
            case "lost" if self.by_customer:
                return self.env._("The customer deleted %(member)s", **values)
            case "lost":
                return self.env._("%(member)s deleted the customer", **values)
            case "won_back":
                return self.env._("%(member)s won the customer back", **values)
            case _:
                return self.env._("%(member)s handed the customer over", **values)
