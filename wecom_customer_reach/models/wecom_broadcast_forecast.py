from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .cap_policy import beijing_date, beijing_midnight, cap_window, next_window_date
from .wecom_broadcast import AUDIENCE_FIELDS

FORECAST_DAYS = 7


class WecomBroadcastForecast(models.Model):
    """On which day how many customers of a draft would be refused, their cap being used up (wecom-api.md § 6.1)."""

    _inherit = "wecom.broadcast"

    cap_forecast = fields.Json(
        readonly=True,
        copy=False,
        help="Keys: at (UTC, ISO format), total, days (pairs of ISO date and number refused), waiting, hinted.",
    )
    cap_forecast_message = fields.Text(compute="_compute_cap_forecast_view")
    cap_forecast_lines = fields.Json(compute="_compute_cap_forecast_view")

    def write(self, vals):
        if AUDIENCE_FIELDS & vals.keys():
            vals = {**vals, "cap_forecast": False}
        return super().write(vals)

    def action_forecast_caps(self):
        """Work out on which of the next days how many customers would be refused. It can be repeated at any time."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft":
            raise UserError(self.env._("Only a draft can be forecast. Duplicate this broadcast."))
        self.cap_forecast = self._forecast_caps()

    def _forecast_caps(self):
        """Return the forecast, as ``cap_forecast`` keeps it: one statement for any number of customers.

        ``waiting``: messages to these customers that others have not sent yet; they count as received, those of
        scheduled broadcasts from their time on. ``hinted``: customers whom WeCom refused in this window although
        fewer deliveries are known than the cap allows.
        """
        self.ensure_one()
        policy, now = self.corp_id.cap_policy, fields.Datetime.now()
        if not cap_window(policy, now):
            raise UserError(
                self.env._("The corp's settings say that no cap is checked, so there is nothing to forecast.")
            )
        days = self._forecast_dates(policy, now)
        judged = self._judged_sql()
        statement = self._forecast_sql(judged, policy, now, days)
        self.env.flush_all()
        # As for the plan: compiling such a long statement costs more than it saves.
        self.env.cr.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        [(total, waiting, hinted, *refused)] = self.env.execute_query(statement)
        return {
            "at": fields.Datetime.to_string(now),
            "total": total,
            "days": [[fields.Date.to_string(day), count] for day, count in zip(days, refused, strict=True)],
            "waiting": waiting,
            "hinted": hinted,
        }

    @api.model
    def _forecast_dates(self, policy, now):
        """Return the next days in Beijing, and the first day of the next counting window when it begins after them."""
        today = beijing_date(now)
        days = [today + timedelta(days=number) for number in range(FORECAST_DAYS)]
        turn = next_window_date(policy, now)
        return days if turn <= days[-1] else [*days, turn]

    def _forecast_sql(self, judged, policy, now, days):
        """Return the statement that gives total, waiting, hinted, and the number refused on each of ``days``."""
        windows = [cap_window(policy, beijing_midnight(day)) for day in days]
        counted = SQL(", ").join(
            SQL(
                "count(*) FILTER (WHERE date >= %s AND date < %s) >= %s AS refused_%s",
                start,
                beijing_midnight(day + timedelta(days=1)),
                allowed,
                SQL(str(number)),
            )
            for number, (day, (start, allowed)) in enumerate(zip(days, windows, strict=True))
        )
        totals = SQL(", ").join(
            SQL("count(*) FILTER (WHERE refused_%s)", SQL(str(number))) for number in range(len(days))
        )
        return SQL(
            """WITH %(judged)s,
               customer AS MATERIALIZED (
                   SELECT contact_id FROM judged WHERE exclusion IS NULL OR exclusion = 'cap'
               ),
               waiting AS MATERIALIZED (
                   SELECT contact_id, date FROM (%(waiting)s) message
                    WHERE contact_id IN (SELECT contact_id FROM customer)
               ),
               message AS (
                   SELECT contact_id, date FROM (%(delivered)s) delivered
                    WHERE date >= %(start)s AND contact_id IN (SELECT contact_id FROM customer)
                UNION ALL
                   SELECT contact_id, date FROM waiting
               ),
               ledger AS (SELECT contact_id, %(counted)s FROM message GROUP BY contact_id),
               hint AS (
                   SELECT DISTINCT recipient.contact_id
                     FROM wecom_broadcast_batch batch
                     JOIN wecom_broadcast_recipient recipient ON recipient.batch_id = batch.id
                    WHERE batch.created_at >= %(start)s AND recipient.state = 'capped'
                      AND recipient.contact_id IN (SELECT contact_id FROM customer)
               )
               SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM waiting),
                      (SELECT count(*) FROM hint LEFT JOIN ledger USING (contact_id) WHERE refused_0 IS NOT TRUE),
                      %(totals)s
                 FROM ledger""",
            judged=judged,
            waiting=self._waiting_sql(now, days[-1]),
            delivered=self.env["wecom.touch"]._counted_sql(),
            start=windows[0][0],
            counted=counted,
            totals=totals,
        )

    def _waiting_sql(self, now, last_day):
        """Return (contact_id, date) of what other broadcasts will still deliver until the end of ``last_day``."""
        parts = [
            SQL(
                """SELECT recipient.contact_id, %s::timestamp AS date
                     FROM wecom_broadcast_recipient recipient
                    WHERE recipient.state IN ('planned', 'pending') AND recipient.broadcast_id IN (
                              SELECT id FROM wecom_broadcast WHERE corp_id = %s AND state IN ('sending', 'running'))""",
                now,
                self.corp_id._origin.id,
            )
        ]
        scheduled = self.sudo().search(
            [
                ("corp_id", "=", self.corp_id._origin.id),
                ("state", "=", "scheduled"),
                ("scheduled_at", "<", beijing_midnight(last_day + timedelta(days=1))),
                ("id", "!=", self._origin.id),
            ]
        )
        for broadcast in scheduled:
            try:
                judged = broadcast._judged_sql()
            except UserError:
                continue  # it cannot be planned as it stands, so it delivers nothing
            parts.append(
                SQL(
                    """SELECT planned.contact_id, %s::timestamp AS date
                         FROM (WITH %s SELECT contact_id FROM judged
                                WHERE exclusion IS NULL OR exclusion = 'cap') planned""",
                    max(broadcast.scheduled_at, now),
                    judged,
                )
            )
        return SQL(" UNION ALL ").join(parts)

    @api.depends("cap_forecast")
    def _compute_cap_forecast_view(self):
        for broadcast in self:
            forecast = broadcast.cap_forecast or {}
            broadcast.cap_forecast_message = broadcast._forecast_sentence(forecast) if forecast else False
            broadcast.cap_forecast_lines = [
                {
                    "date": day,
                    "label": broadcast._forecast_day(day),
                    "count": count,
                    "share": 100 * count / forecast["total"] if forecast["total"] else 0,
                }
                for day, count in forecast.get("days", ())
            ]

    def _forecast_sentence(self, forecast):
        """Return what the forecast says: today, the best day, and what it rests on."""
        days = forecast["days"]
        today_count = days[0][1]
        best_day, best_count = min(days, key=lambda line: line[1])
        numbers = {"refused": self._number(today_count), "total": self._number(forecast["total"])}
        if not today_count:
            parts = [self.env._("None of %(total)s customers would be refused today.", **numbers)]
        elif best_count == today_count:
            parts = [
                self.env._(
                    "%(refused)s of %(total)s customers would be refused today; no later day is better.", **numbers
                )
            ]
        else:
            parts = [
                self.env._(
                    "%(refused)s of %(total)s customers would be refused today; best day: %(day)s (%(best)s refused).",
                    day=self._forecast_day(best_day),
                    best=self._number(best_count),
                    **numbers,
                )
            ]
        if forecast["waiting"]:
            parts.append(
                self.env._(
                    "%s messages of other broadcasts that are scheduled or wait for their members count as received.",
                    self._number(forecast["waiting"]),
                )
            )
        if forecast["hinted"]:
            parts.append(
                self.env._(
                    "WeCom has refused %s more of them in this period: its own cap may be tighter than the one chosen "
                    "in the settings.",
                    self._number(forecast["hinted"]),
                )
            )
        parts.append(self.env._("Worked out on %s.", self._moment(fields.Datetime.to_datetime(forecast["at"]))))
        return " ".join(parts)

    def _forecast_day(self, day):
        return format_date(self.env, day, date_format="full")
