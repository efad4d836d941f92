import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .cap_policy import beijing_date, cap_window, next_window_date

MOMENT_CAP_POLICIES = [
    ("current", "4 company posts a month, 3 posts of members a day"),
    ("2020", "As in 2020: 4 company posts a month, 1 post of members a day"),
    ("none", "No caps"),
]
_CAPS = {
    # (policy, type of post): (window of cap_policy, posts shown to each customer in it)
    ("current", "company"): ("per_month", 4),
    ("current", "employee"): ("per_day", 3),
    ("2020", "company"): ("per_month", 4),
    ("2020", "employee"): ("per_day", 1),
}
OPEN_STATES = ("draft", "to_approve", "scheduled")
UNDER_WAY = ("scheduled", "creating", "waiting", "published", "done")


class WecomCorpMomentCaps(models.Model):
    _inherit = "wecom.corp"

    moment_cap_policy = fields.Selection(
        MOMENT_CAP_POLICIES,
        "Moment Cap",
        required=True,
        default="current",
        help="How many moments WeCom shows to each customer. A moment goes out all the same: the form says for how "
        "many customers it would be one too many.",
    )
    """WeCom documents no numbers (wecom-api.md § 7.10); these are what its client and the article of 2020 say."""


class WecomMomentCaps(models.Model):
    """How scarce posts are: each customer is shown a few only, so what is planned says how many would miss it."""

    _inherit = "wecom.moment"

    calendar_at = fields.Datetime("On", compute="_compute_calendar_at", store=True)
    cap_over_count = fields.Integer("Would Not Be Shown To", compute="_compute_cap_forecast")
    cap_message = fields.Text("Cap", compute="_compute_cap_forecast")
    cap_level = fields.Selection(
        [
            ("past", "Published"),
            ("within", "Shown to all"),
            ("some", "Not shown to some"),
            ("most", "Not shown to most"),
        ],
        "Within the Cap",
        compute="_compute_cap_forecast",
    )

    @api.depends("creating_at", "scheduled_at", "publish_mode")
    def _compute_calendar_at(self):
        for moment in self:
            planned = moment.publish_mode == "scheduled" and moment.scheduled_at
            moment.calendar_at = moment.creating_at or planned or moment.create_date or fields.Datetime.now()

    @api.depends(
        "state",
        "estimate_counts",
        "post_type",
        "publish_mode",
        "scheduled_at",
        "corp_id.moment_cap_policy",
    )
    def _compute_cap_forecast(self):
        for moment in self:
            over, total, message = moment._cap_forecast_or_nothing()
            moment.cap_over_count = over
            moment.cap_message = message
            if moment.state not in OPEN_STATES:
                moment.cap_level = "past"
            else:
                moment.cap_level = ("most" if 2 * over > total else "some") if over else "within"

    def _cap_forecast_or_nothing(self):
        """Return (customers it would be one too many for, customers who may see it, the sentence or False)."""
        cap = _CAPS.get((self.corp_id.moment_cap_policy, self.post_type))
        if self.state not in OPEN_STATES or not cap:
            return 0, 0, False
        try:
            with self.env.cr.savepoint():
                return self._cap_forecast(*cap)
        except (UserError, psycopg2.DataError, ValueError):
            return 0, 0, False  # half an audience: publishing explains what is missing

    def _cap_forecast(self, window, allowed):
        """As :meth:`_cap_forecast_or_nothing`, in two statements, for ``allowed`` posts in a ``window``."""
        when = self._planned_for()
        start, _per_broadcast = cap_window(window, when)
        judged = self._judged_sql()
        self.env.flush_all()
        [(over, total)] = self.env.execute_query(
            SQL(
                """WITH %(judged)s,
                   shown AS (
                       SELECT audience.contact_id, count(DISTINCT audience.moment_id) AS posts
                         FROM wecom_moment_audience audience
                         JOIN wecom_moment_task task ON task.id = audience.task_id
                         JOIN wecom_moment moment ON moment.id = audience.moment_id
                        WHERE audience.may_see AND moment.corp_id = %(corp)s AND moment.post_type = %(type)s
                          AND COALESCE(task.published_at, audience.found_at) >= %(start)s
                     GROUP BY audience.contact_id
                   )
                   SELECT count(*) FILTER (WHERE shown.posts >= %(allowed)s), count(*)
                     FROM judged LEFT JOIN shown USING (contact_id)
                    WHERE judged.exclusion IS NULL""",
                judged=judged,
                corp=self.corp_id._origin.id,
                type=self.post_type,
                start=start,
                allowed=allowed,
            )
        )
        return over, total, self._cap_sentence(window, allowed, start, when, over, total)

    def _planned_for(self):
        """Return when it would be published."""
        now = fields.Datetime.now()
        return max(self.scheduled_at or now, now) if self.publish_mode == "scheduled" else now

    def _cap_sentence(self, window, allowed, start, when, over, total):
        sentences = []
        if self.post_type == "company":
            others = [
                ("id", "!=", self._origin.id),
                ("corp_id", "=", self.corp_id._origin.id),
                ("post_type", "=", "company"),
                ("state", "in", UNDER_WAY),
                ("calendar_at", ">=", start),
                ("calendar_at", "<=", when),
            ]
            number = self.sudo().search_count(others) + 1
            month = format_date(self.env, beijing_date(when), date_format="MMMM y")
            sentences.append(
                self.env._(
                    "Company post no. %(number)s in %(month)s; each customer is shown %(allowed)s a month.",
                    number=number,
                    month=month,
                    allowed=allowed,
                )
            )
        if over:
            free = format_date(self.env, next_window_date(window, when))
            sentences.append(
                self.env._(
                    "%(over)s of the %(total)s customers have seen as many already: they are not shown this one. They "
                    "are free again on %(free)s.",
                    over=over,
                    total=total,
                    free=free,
                )
            )
        return " ".join(sentences) or False
