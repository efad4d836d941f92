"""Pages of a listing, and the one loop that follows WeCom's cursors. Source: wecom-api.md § 1.3."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import PayloadInvalid, Problem, ResponseInvalid
from .retry import CallKind
from .translate import _

if TYPE_CHECKING:
    from .client import WeComClient


@dataclass(frozen=True)
class Page:
    """One page: its rows, and the cursor with which the listing goes on ("" = this was the last page)."""

    items: list[dict[str, Any]]
    next_cursor: str


def iter_pages(
    client: "WeComClient",
    method: str,
    path: str,
    items_key: str,
    arguments: Mapping[str, Any],
    cursor: str = "",
) -> Iterator[Page]:
    """Yield the pages of a listing from ``cursor`` on ("" = from the start); see :func:`iter_answers`."""
    for answer in iter_answers(client, method, path, arguments, cursor):
        yield Page(answer.get(items_key) or [], answer.get("next_cursor") or "")


def iter_answers(
    client: "WeComClient", method: str, path: str, arguments: Mapping[str, Any], cursor: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield the answers of a listing, one a page.

    ``arguments`` go into the body of a POST and into the query of a GET. Only an empty or absent ``next_cursor`` ends
    the listing: a page may be short or empty in the middle. Raises :class:`ResponseInvalid` when a cursor repeats.
    """
    where = "params" if method == "GET" else "body"
    seen = {cursor}
    while True:
        given = {**arguments, "cursor": cursor} if cursor else dict(arguments)
        answer = client.call(method, path, kind=CallKind.READ, **{where: given})
        next_cursor = answer.get("next_cursor") or ""
        if next_cursor and next_cursor in seen:
            raise ResponseInvalid(
                path=path,
                explanation=_("WeCom sent the same page mark twice, so the listing would never end."),
                remedy=_("Start the listing again."),
            )
        yield answer
        if not next_cursor:
            return
        cursor = next_cursor
        seen.add(cursor)


def check_limit(path: str, limit: int, maximum: int) -> None:
    """Raise PayloadInvalid unless 1 ≤ limit ≤ maximum: WeCom quietly falls back to a smaller page otherwise."""
    if not 1 <= limit <= maximum:
        message = _("Ask for at least 1 and at most %(limit)s rows a page instead of %(actual)s.")
        raise PayloadInvalid([Problem("limit", message, maximum, limit)], path)
