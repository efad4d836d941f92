from psycopg2.errors import SerializationFailure

from odoo import models
from odoo.tools import SQL

from .partner_matching import Candidates, UnmatchedContact, match, without_same_number
from .phone_numbers import digits_as_typed, e164_forms, numbers_in_text


class WecomCorp(models.Model):
    """Which partner each contact of the corp is: looked up and written for a batch of contacts at a time."""

    _inherit = "wecom.corp"

    def _unmatched_contacts(self, limit, after=0, contact_ids=None):
        """Return the next contacts without a partner, by id, except those whom a person left without one.

        :param after: only those with a larger id
        :param contact_ids: only those among these
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contact.id, contact.name, contact.unionid, contact.status = 'active',
                       known.mobiles, known.remarks
                  FROM (SELECT * FROM wecom_contact
                         WHERE corp_id = %(corp)s AND id > %(after)s AND match_state != 'matched' AND %(among)s
                           AND match_method IS DISTINCT FROM 'manual'
                         ORDER BY id LIMIT %(limit)s) contact
                  LEFT JOIN LATERAL (
                       SELECT string_agg(remark_mobiles, ',' ORDER BY followed_at) AS mobiles,
                              string_agg(remark, E'\n' ORDER BY followed_at) AS remarks
                         FROM wecom_follow WHERE contact_id = contact.id) known ON TRUE
                 ORDER BY contact.id
                """,
                corp=self.id,
                after=after,
                among=SQL("TRUE") if contact_ids is None else SQL("id = ANY(%s)", list(contact_ids)),
                limit=limit,
            )
        )
        country = self.company_id.country_id.code or None
        return [
            UnmatchedContact(
                contact_id,
                name,
                unionid,
                _e164(mobiles.split(",") if mobiles else (), country),
                _e164(numbers_in_text(remarks, country) if remarks else (), country),
                is_active,
            )
            for contact_id, name, unionid, is_active, mobiles, remarks in rows
        ]

    def _match_contacts(self, contacts):
        """Bind these unmatched contacts to partners, new ones where the policy says so.

        Return (number bound to partners that exist, number of new partners).
        """
        matching = match(contacts, self._candidates(contacts))
        newcomers, like_newcomers = [], []
        if self.partner_policy == "create":
            newcomers, like_newcomers = without_same_number(
                [contact for contact in matching.without if contact.is_active]
            )
        if newcomers or matching.matched:
            self._ensure_nobody_was_faster(matching, newcomers)
        created = self._create_partners(newcomers)
        self._write_matching(contacts, matching, created)
        matched_count, created_count = len(matching.matched), len(created)
        if like_newcomers:
            more_matched, more_created = self._match_contacts(like_newcomers)
            matched_count, created_count = matched_count + more_matched, created_count + more_created
        return matched_count, created_count

    def _ensure_nobody_was_faster(self, matching, newcomers):
        """Let no other worker bind contacts of this corp before this transaction ends.

        What one has bound since this transaction began is invisible in it, and is looked for in another transaction.

        :raise SerializationFailure: when it concerns these contacts; the step is done again then, on what is there now
        """
        self.env.flush_all()
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(hashtext('wecom_matching'), %s)", self.id))
        claimed = [partner_id for partner_id, method in matching.matched.values() if method == "phone"]
        known = self._bound_contact_ids(claimed)
        with self.env.registry.cursor() as cr:
            now = self.with_env(self.env(cr=cr)).exists()  # nobody else knows a corp that is not committed yet
            candidates = now._candidates(newcomers) if now else Candidates({}, {}, set())
            bound = now._bound_contact_ids(claimed) if now else set()
        if candidates.by_number or candidates.by_unionid or bound - known:
            raise SerializationFailure("Another worker has just bound a contact with the same number.")

    def _bound_contact_ids(self, partner_ids):
        """Return the contacts of this corp that are one of these partners."""
        rows = self.env.execute_query(
            SQL("SELECT id FROM wecom_contact WHERE corp_id = %s AND partner_id = ANY(%s)", self.id, partner_ids)
        )
        return {contact_id for (contact_id,) in rows}

    def _candidates(self, contacts):
        """Look up, in one query each, who could be one of these contacts."""
        unionids = [contact.unionid for contact in contacts if contact.unionid]
        numbers = list({number for contact in contacts for number in (*contact.mobiles, *contact.remark_numbers)})
        by_unionid = self._partners_by(
            SQL(
                """SELECT wecom_unionid, partner.id FROM res_partner partner
                    WHERE wecom_unionid = ANY(%(unionids)s) AND %(comparable)s""",
                unionids=unionids,
                comparable=self._comparable_partner(),
            )
        )
        by_number = self._partners_by(
            SQL(
                """
                SELECT phone_sanitized, partner.id FROM res_partner partner
                 WHERE phone_sanitized = ANY(%(numbers)s) AND %(comparable)s
                 UNION ALL
                SELECT typed.number, partner.id
                  FROM unnest(%(typed_digits)s::text[], %(typed_numbers)s::text[]) AS typed(digits, number)
                  JOIN res_partner partner ON regexp_replace(partner.phone, '\\D', '', 'g') = typed.digits
                 WHERE partner.phone IS NOT NULL AND partner.phone_sanitized IS NULL AND %(comparable)s
                """,
                numbers=numbers,
                typed_digits=[digits for number in numbers for digits in digits_as_typed(number)],
                typed_numbers=[number for number in numbers for _digits in digits_as_typed(number)],
                comparable=self._comparable_partner(),
            )
        )
        return Candidates(by_unionid, by_number, self._taken(set().union(*by_number.values())))

    def _comparable_partner(self):
        """Partners of the company or of all companies; addresses of a partner are not customers of their own."""
        return SQL(
            """partner.active AND coalesce(partner.type, 'contact') = 'contact'
               AND (partner.company_id IS NULL OR partner.company_id = %s)""",
            self.company_id.id,
        )

    def _partners_by(self, query):
        partners = {}
        for key, partner_id in self.env.execute_query(query):
            partners.setdefault(key, set()).add(partner_id)
        return partners

    def _taken(self, partner_ids):
        """Return which of the partners are a living contact of this corp already."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT partner_id FROM wecom_contact
                    WHERE corp_id = %s AND status = 'active' AND partner_id = ANY(%s)""",
                self.id,
                list(partner_ids),
            )
        )
        return {partner_id for (partner_id,) in rows}

    def _create_partners(self, contacts):
        """Create a partner for each contact; return contact id to partner id."""
        records = self.env["wecom.contact"].browse([contact.id for contact in contacts])
        Partner = self.env["res.partner"].with_context(tracking_disable=True)
        partners = Partner.create(records._partner_values())
        return dict(zip(records.ids, partners.ids, strict=True))

    def _write_matching(self, contacts, matching, created):
        """Write the outcome of a batch in two statements; what is as it was is not written."""
        outcomes = {contact.id: ("no_partner", None, None) for contact in matching.without}
        outcomes |= {contact_id: ("to_match", None, None) for contact_id in matching.to_match}
        outcomes |= {contact_id: ("matched", *how[::-1]) for contact_id, how in matching.matched.items()}
        outcomes |= {contact_id: ("matched", "created", partner_id) for contact_id, partner_id in created.items()}
        pairs = [(contact_id, partner) for contact_id, fitting in matching.to_match.items() for partner in fitting]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE wecom_contact contact
                   SET match_state = outcome.state, match_method = outcome.method, partner_id = outcome.partner_id
                  FROM unnest(%(ids)s::int[], %(states)s::text[], %(methods)s::text[], %(partners)s::int[])
                       AS outcome(id, state, method, partner_id)
                 WHERE contact.id = outcome.id
                   AND (contact.match_state, contact.match_method, contact.partner_id)
                       IS DISTINCT FROM (outcome.state, outcome.method, outcome.partner_id)
                """,
                ids=list(outcomes),
                states=[state for state, _method, _partner in outcomes.values()],
                methods=[method for _state, method, _partner in outcomes.values()],
                partners=[partner for _state, _method, partner in outcomes.values()],
            )
        )
        self.env.cr.execute(
            SQL(
                """
                WITH candidate AS (
                    SELECT * FROM unnest(%(contacts)s::int[], %(partners)s::int[]) AS pair(contact_id, partner_id)
                ), removed AS (
                    DELETE FROM wecom_contact_candidate_rel rel
                     WHERE rel.contact_id = ANY(%(ids)s)
                       AND NOT EXISTS (SELECT FROM candidate WHERE candidate.contact_id = rel.contact_id
                                          AND candidate.partner_id = rel.partner_id)
                )
                INSERT INTO wecom_contact_candidate_rel (contact_id, partner_id)
                SELECT contact_id, partner_id FROM candidate
                    ON CONFLICT DO NOTHING
                """,
                contacts=[contact_id for contact_id, _partner in pairs],
                partners=[partner for _contact_id, partner in pairs],
                ids=[contact.id for contact in contacts],
            )
        )
        self.env.invalidate_all()

    def _learn_unionids(self):
        """Fill the empty union IDs of partners from their contacts; what stands there already stays."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner partner SET wecom_unionid = contact.unionid
                  FROM wecom_contact contact
                 WHERE contact.corp_id = %s AND contact.partner_id = partner.id AND contact.unionid IS NOT NULL
                   AND coalesce(partner.wecom_unionid, '') = ''
                """,
                self.id,
            )
        )
        self.env["res.partner"].invalidate_model(["wecom_unionid"])


def _e164(numbers, country):
    return tuple(dict.fromkeys(form for number in numbers for form in e164_forms(number, country)))
