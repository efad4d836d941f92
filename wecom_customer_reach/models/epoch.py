"""WeCom's times are Unix seconds, Odoo's are naive UTC datetimes (wecom-api.md § 1.4)."""

from datetime import datetime, timezone


def to_epoch(moment):
    """Return the Unix seconds of a naive UTC datetime."""
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


def from_epoch(seconds):
    """Return the naive UTC datetime of Unix seconds; False for none (0, absent)."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).replace(tzinfo=None) if seconds else False
