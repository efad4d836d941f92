"""How many broadcasts a customer may receive in which time: the presets of the corp's cap policy, in Beijing days.

WeCom counts in windows of the calendar, so whoever has used his cap up is free again when the next window begins.
"""

from datetime import datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
"""WeCom's days begin at midnight in Beijing (wecom-api.md § 1.4)."""


def beijing_date(moment):
    """Return the date in Beijing of a naive UTC datetime."""
    return moment.replace(tzinfo=timezone.utc).astimezone(BEIJING).date()


def beijing_midnight(date):
    """Return when a date begins in Beijing, as naive UTC."""
    return datetime.combine(date, time(), BEIJING).astimezone(timezone.utc).replace(tzinfo=None)


def cap_window(policy, now):
    """Return (start of the counting window as naive UTC, deliveries allowed in it) of a cap policy; None for no cap.

    ``now`` is a naive UTC datetime. A week begins on Monday (wecom-api.md § 6.1, § 19).
    """
    today = beijing_date(now)
    month, following_month = today.replace(day=1), _following_month(today)
    windows = {
        "month_days": (month, (following_month - month).days),
        "per_month": (month, 4),
        "per_week": (today - timedelta(days=today.weekday()), 7),
        "per_day": (today, 1),
    }
    if policy not in windows:
        return None
    start, allowed = windows[policy]
    return beijing_midnight(start), allowed


def next_window_date(policy, now):
    """Return the date in Beijing on which the next counting window begins; None for no cap."""
    today = beijing_date(now)
    following = {
        "month_days": _following_month(today),
        "per_month": _following_month(today),
        "per_week": today + timedelta(days=7 - today.weekday()),
        "per_day": today + timedelta(days=1),
    }
    return following.get(policy)


def _following_month(date):
    return (date.replace(day=1) + timedelta(days=31)).replace(day=1)
