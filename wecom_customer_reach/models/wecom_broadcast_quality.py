from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from .cap_policy import beijing_date, beijing_midnight
from .link_check import LINK_PROBLEMS, check_links
from .message_class import MARKETING
from .quality_rules import HINT, NEAR_SAME, QUALITY_RULES, WARNING, Draft, find_all, similarity

UNSENT = ("draft", "to_approve", "scheduled")
SIMILAR_DAYS = 30
SIMILAR_LIMIT = 200
"""How far back, and at how many broadcasts at most, is looked for nearly the same text."""


class WecomBroadcastQuality(models.Model):
    """What should be looked at before sending: content (B-71) and frequency (B-72). It warns, it never blocks.

    Until the broadcast is planned it is worked out anew each time it is shown; then it is kept as it was. Only links
    are opened on demand, because that takes seconds.
    """

    _inherit = "wecom.broadcast"

    link_checks = fields.Json(readonly=True, copy=False, help="What is wrong by link; empty when it opened.")
    quality_report = fields.Json(readonly=True, copy=False, help="What the rules found when it was planned.")
    quality_warnings = fields.Text(compute="_compute_quality")
    quality_hints = fields.Text(compute="_compute_quality")
    has_links = fields.Boolean(compute="_compute_quality")

    @api.depends(
        "text",
        "attachment_ids.kind",
        "attachment_ids.title",
        "attachment_ids.description",
        "attachment_ids.url",
        "attachment_ids.cover",
        "message_class",
        "partner_domain",
        "scheduled_at",
        "link_checks",
        "planned_at",
    )
    def _compute_quality(self):
        for broadcast in self:
            findings = broadcast._quality_findings()
            broadcast.quality_warnings = broadcast._quality_text(findings, WARNING)
            broadcast.quality_hints = broadcast._quality_text(findings, HINT)
            broadcast.has_links = bool(broadcast._own_links())

    def _quality_findings(self):
        """Return what the rules find in this broadcast, see ``quality_rules.find_all``."""
        self.ensure_one()
        if self.origin != "odoo" or self.is_test:
            return []
        return self.quality_report or [] if self.planned_at else find_all(self._quality_draft())

    def _quality_text(self, findings, severity):
        """Return the findings of one severity as translated sentences, one a line; False when there is none."""
        rules = {rule.code: rule for rule in QUALITY_RULES}
        lines = []
        for finding in findings:
            rule = rules.get(finding["code"])
            if rule and finding["severity"] == severity:
                values = {name: self._spoken(value) for name, value in finding["values"].items()}
                message = self.env._(rule.message, **values)  # pylint: disable=translation-not-lazy
                lines.append(f"{message} {self.env._(rule.remedy)}")  # pylint: disable=translation-not-lazy
        return "\n".join(lines) or False

    def _spoken(self, value):
        """Return a value of a finding in words; a list holds pairs of a link and what is wrong with it."""
        if not isinstance(value, list):
            return value
        labels = {code: self.env._(label) for code, label in LINK_PROBLEMS.items()}  # pylint: disable=translation-not-lazy
        return ", ".join(f"{link} ({labels.get(code, code)})" for link, code in value)

    def _quality_draft(self):
        """Return what the rules look at."""
        corp = self.corp_id.sudo()
        cards = self.attachment_ids
        return Draft(
            text=self.text or "",
            other_texts=tuple(filter(None, [*cards.mapped("title"), *cards.mapped("description")])),
            links=tuple(self._own_links()),
            has_picture=any(card.kind in ("image", "video", "miniprogram") or card.cover for card in cards),
            is_marketing=self.message_class == MARKETING,
            watched_words=tuple(filter(None, map(str.strip, (corp.watched_words or "").splitlines()))),
            link_problems=self.link_checks or {},
            similar=self._similar_lately(),
            campaign_count=self._campaigns_of_the_month(),
            campaign_limit=corp.campaigns_per_month,
        )

    def _similar_lately(self):
        """Return count, date and name of the latest broadcast with nearly the same text to some of these customers.

        Two statements for any number of customers: the texts of the last days, and, only when one is similar, how many
        of the audience got it. None when nobody did.
        """
        if not (self.text or "").strip():
            return None
        since = fields.Datetime.now() - timedelta(days=SIMILAR_DAYS)
        family = self._family_ids() if self._origin else []
        lately = self.sudo().search(
            [
                ("corp_id", "=", self.corp_id._origin.id),
                ("sending_at", ">=", since),
                ("planned_at", "!=", False),
                ("is_test", "=", False),
                ("id", "not in", [*family, self._origin.id]),
            ],
            order="sending_at DESC, id DESC",
            limit=SIMILAR_LIMIT,
        )
        similar = lately.filtered(lambda other: similarity(self.text, other.text) >= NEAR_SAME)
        if not similar:
            return None
        counts = self._overlaps(similar)
        for other in similar:
            if count := counts.get(other.id):
                seen = other.sudo(False).has_access("read")
                return {
                    "count": count,
                    "date": format_date(self.env, other.sending_at),
                    "name": other.name if seen else self.env._("another broadcast"),
                }
        return None

    def _overlaps(self, others):
        """Return {id of a broadcast: how many of this audience it has reached or may still reach}."""
        try:
            with self.env.cr.savepoint():
                audience = self._audience_query()
                rows = self.env.execute_query(
                    SQL(
                        """SELECT broadcast_id, count(DISTINCT partner_id) FROM wecom_broadcast_recipient
                            WHERE broadcast_id = ANY(%s) AND state IN ('sent', 'pending', 'planned')
                              AND partner_id IN %s
                         GROUP BY broadcast_id""",
                        others.ids,
                        audience.subselect(),
                    )
                )
        except (UserError, AccessError, psycopg2.DataError, ValueError):
            return {}  # the audience is half typed: sending explains it
        return dict(rows)

    def _campaigns_of_the_month(self):
        """Return how many other marketing campaigns of the corp were sent, or will be, in the month of this one."""
        first = beijing_date(self.scheduled_at or fields.Datetime.now()).replace(day=1)
        start = beijing_midnight(first)
        end = beijing_midnight((first + timedelta(days=31)).replace(day=1))
        return self.sudo().search_count(
            [
                ("corp_id", "=", self.corp_id._origin.id),
                ("id", "!=", self._origin.id),
                ("origin", "=", "odoo"),
                ("is_test", "=", False),
                ("retry_of_id", "=", False),
                ("message_class", "=", MARKETING),
                "|",
                "&",
                ("sending_at", ">=", start),
                ("sending_at", "<", end),
                "&",
                ("state", "=", "scheduled"),
                "&",
                ("scheduled_at", ">=", start),
                ("scheduled_at", "<", end),
            ]
        )

    def action_check_links(self):
        """Open every link of the message and keep what came of it; private addresses are never asked."""
        self.ensure_one()
        self.check_access("write")
        if self.state not in UNSENT:
            raise UserError(self.env._("%s has been sent: its links are what they were.", self.name))
        self.sudo().link_checks = check_links(self._own_links())

    def _plan(self):
        unplanned = not self.planned_at
        findings = self._quality_findings()
        result = super()._plan()
        if unplanned:
            self.sudo().quality_report = findings
        return result


class WecomCorpQuality(models.Model):
    """What a corp wants to be warned of."""

    _inherit = "wecom.corp"

    watched_words = fields.Text(help="One word or phrase a line. A broadcast that holds one is warned of.")
    campaigns_per_month = fields.Integer(
        default=8, required=True, help="Marketing campaigns of a month beyond this are warned of; 0: no warning."
    )
