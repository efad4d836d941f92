"""The tiles of the overview: each a number, and the rows it counts. Domains are built for now and for the user.

Nothing is counted but ``search_count`` of the domain that a click opens, so that no number differs from its list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from odoo import fields
from odoo.fields import Domain

from ..wecom_api.translate import _
from .cap_policy import beijing_date, beijing_midnight

RECENT = timedelta(days=30)


@dataclass(frozen=True)
class Tile:
    """One number. ``domain`` takes now (naive UTC); ``tone``: a colour, never the only sign; ``views``: of the list."""

    code: str
    section: str
    label: str
    model: str
    domain: Callable
    tone: str = ""
    views: str = "list,form"


SECTIONS = {
    "customers": _("Customers"),
    "broadcasts": _("Broadcasts of the last 30 days"),
    "members": _("Members"),
    "losses": _("Lost and won back"),
    "caps": _("Caps"),
    "moments": _("Moments of the last 30 days"),
}


def _recent(now):
    return fields.Datetime.to_string(now - RECENT)


def _month(now, back=0):
    """When this month, or an earlier one, began in Beijing."""
    first = beijing_date(now).replace(day=1)
    for _number in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return fields.Datetime.to_string(beijing_midnight(first))


def _recipients(*states):
    def domain(now):
        return Domain("state", "in", states) & Domain(
            "broadcast_id", "any", [("is_test", "=", False), ("sending_at", ">=", _recent(now))]
        )

    return domain


def _reactions(kind):
    return lambda now: Domain("kind", "=", kind) & Domain("reacted_at", ">=", _recent(now))


RECIPIENT, PARTNER = "wecom.broadcast.recipient", "res.partner"
TILES = (
    Tile("in_wecom", "customers", _("In WeCom"), PARTNER, lambda now: Domain("wecom_status", "=", "active"), "success"),
    Tile("lost", "customers", _("Lost on WeCom"), PARTNER, lambda now: Domain("wecom_status", "=", "lost"), "danger"),
    Tile("to_match", "customers", _("To match"), "wecom.contact", lambda now: Domain("match_state", "=", "to_match")),
    Tile(
        "opted_out",
        "customers",
        _("Opted out"),
        PARTNER,
        lambda now: Domain("wecom_status", "=", "active") & Domain("wecom_opt_out", "=", True),
    ),
    Tile("delivered", "broadcasts", _("Delivered"), RECIPIENT, _recipients("sent"), "success"),
    Tile("pending", "broadcasts", _("Not confirmed by the member"), RECIPIENT, _recipients("pending"), "warning"),
    Tile("not_friend", "broadcasts", _("Not a friend"), RECIPIENT, _recipients("not_friend"), "danger"),
    Tile("capped", "broadcasts", _("Capped"), RECIPIENT, _recipients("capped"), "danger"),
    Tile(
        "tasks",
        "members",
        _("Tasks waiting in WeCom"),
        "wecom.member.task",
        lambda now: Domain.TRUE,
        "warning",
        "list,kanban,form",
    ),
    Tile(
        "late_tasks",
        "members",
        _("Overdue tasks"),
        "wecom.member.task",
        lambda now: Domain("is_late", "=", True),
        "danger",
        "list,kanban,form",
    ),
    Tile(
        "lost_this_month",
        "losses",
        _("Lost this month"),
        "wecom.loss",
        lambda now: Domain("lost_at", ">=", _month(now)),
    ),
    Tile(
        "lost_last_month",
        "losses",
        _("Lost last month"),
        "wecom.loss",
        lambda now: Domain("lost_at", ">=", _month(now, 1)) & Domain("lost_at", "<", _month(now)),
    ),
    Tile(
        "won_back_this_month",
        "losses",
        _("Won back this month"),
        "wecom.loss",
        lambda now: Domain("won_back_at", ">=", _month(now)),
        "success",
    ),
    Tile(
        "cap_left",
        "caps",
        _("Can receive a broadcast now"),
        "wecom.contact",
        lambda now: Domain("status", "=", "active") & Domain("cap_used_up", "=", False),
        "success",
    ),
    Tile(
        "cap_used_up",
        "caps",
        _("Cap used up"),
        "wecom.contact",
        lambda now: Domain("status", "=", "active") & Domain("cap_used_up", "=", True),
        "warning",
    ),
    Tile(
        "open_moments",
        "moments",
        _("Waiting for members"),
        "wecom.moment",
        lambda now: Domain("state", "in", ("creating", "waiting", "published")),
        "",
        "list,kanban,form",
    ),
    Tile("likes", "moments", _("Likes"), "wecom.moment.reaction", _reactions("like"), "", "list"),
    Tile("comments", "moments", _("Comments"), "wecom.moment.reaction", _reactions("comment"), "", "list"),
)
