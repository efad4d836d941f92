"""External contacts: who follows whom, details, remarks. Source: wecom-api.md § 4.1-4.5."""

from collections.abc import Iterator, Sequence
from typing import Any

from .client import WeComClient
from .content import ensure_valid, no_control_characters, too_long_in_characters
from .errors import PayloadInvalid, Problem, WeComError
from .limits import (
    CONTACTS_PER_PAGE,
    DESCRIPTION_CHARACTERS,
    MEMBERS_PER_CONTACT_LISTING,
    REMARK_CHARACTERS,
    REMARK_COMPANY_CHARACTERS,
)
from .paging import Page, check_limit, iter_answers, iter_pages
from .retry import CallKind
from .translate import _

NOT_EXTERNAL_CONTACT = 84061
"""“No relation”; listings answer it for members without any customer, where it means an empty list (§ 4.2)."""

_FOLLOW_USER_LIST = "/cgi-bin/externalcontact/get_follow_user_list"
_LIST = "/cgi-bin/externalcontact/list"
_GET = "/cgi-bin/externalcontact/get"
_BATCH = "/cgi-bin/externalcontact/batch/get_by_user"
_REMARK = "/cgi-bin/externalcontact/remark"


def get_follow_user_list(client: WeComClient) -> list[str]:
    """Return the userids of all members who may follow customers and whom the app can see (§ 4.1)."""
    return client.call("GET", _FOLLOW_USER_LIST, kind=CallKind.READ).get("follow_user") or []


def list_external_userids(client: WeComClient, userid: str) -> list[str]:
    """Return the external_userids of all customers of one member (§ 4.2); none is an empty list, not an error."""
    try:
        answer = client.call("GET", _LIST, kind=CallKind.READ, params={"userid": userid})
    except WeComError as error:
        if error.errcode != NOT_EXTERNAL_CONTACT:
            raise
        return []
    return answer.get("external_userid") or []


def get_contact(client: WeComClient, external_userid: str) -> dict[str, Any]:
    """Return ``external_contact`` and the complete ``follow_user`` list of one customer, all pages joined (§ 4.3).

    Raises NotFound (84061, 40096) when no visible member follows that customer.
    """
    contact: dict[str, Any] = {}
    follow_user: list[dict[str, Any]] = []
    for answer in iter_answers(client, "GET", _GET, {"external_userid": external_userid}):
        contact = contact or answer.get("external_contact") or {}
        follow_user += answer.get("follow_user") or []
    return {"external_contact": contact, "follow_user": follow_user}


def iter_contacts_by_users(
    client: WeComClient, userids: Sequence[str], *, cursor: str = "", limit: int = CONTACTS_PER_PAGE
) -> Iterator[Page]:
    """Yield pages of ``{"external_contact": …, "follow_info": …}``, one item per member and customer (§ 4.4).

    At most 100 members a listing and 100 items a page. ``cursor`` resumes a listing of the same members. Members
    without customers give an empty page. Raises PayloadInvalid before any call when a limit is broken.
    """
    check_limit(_BATCH, limit, CONTACTS_PER_PAGE)
    if not 1 <= len(userids) <= MEMBERS_PER_CONTACT_LISTING:
        message = _("Name at least 1 and at most %(limit)s members at a time instead of %(actual)s.")
        raise PayloadInvalid([Problem("userid_list", message, MEMBERS_PER_CONTACT_LISTING, len(userids))], _BATCH)
    arguments = {"userid_list": list(userids), "limit": limit}
    return _pages_or_none(iter_pages(client, "POST", _BATCH, "external_contact_list", arguments, cursor), cursor)


def _pages_or_none(pages: Iterator[Page], cursor: str) -> Iterator[Page]:
    """Yield the pages. Only the very first answer may say that there is nobody: later on, it would hide the rest."""
    at_start = not cursor
    try:
        for page in pages:
            at_start = False
            yield page
    except WeComError as error:
        if error.errcode != NOT_EXTERNAL_CONTACT or not at_start:
            raise
        yield Page([], "")


def update_remark(
    client: WeComClient,
    userid: str,
    external_userid: str,
    *,
    remark: str | None = None,
    description: str | None = None,
    remark_company: str | None = None,
    remark_mobiles: Sequence[str] | None = None,
    remark_pic_mediaid: str | None = None,
) -> None:
    """Change what one member notes about one customer (§ 4.5); None leaves a part as it is.

    ``remark_mobiles`` replaces the whole list; an empty one clears it. ``remark_company`` works for WeChat customers
    only. ``remark_pic_mediaid`` is an image from media/upload. Raises PayloadInvalid before any call when nothing is
    given or a text is too long.
    """
    changes: dict[str, Any] = {"remark": remark, "description": description, "remark_company": remark_company}
    changes = {field: value for field, value in changes.items() if value is not None}
    problems = _remark_problems(changes)
    if remark_mobiles is not None:
        changes["remark_mobiles"] = list(remark_mobiles) or [""]
    if remark_pic_mediaid is not None:
        changes["remark_pic_mediaid"] = remark_pic_mediaid
    if not changes:
        problems.append(Problem("remark", _("Give at least one of remark, description, company and phone numbers.")))
    ensure_valid(problems, _REMARK)
    body = {"userid": userid, "external_userid": external_userid, **changes}
    client.call("POST", _REMARK, kind=CallKind.WRITE, body=body)


def _remark_problems(texts: dict[str, str]) -> list[Problem]:
    problems: list[Problem] = []
    for field, text in texts.items():
        limit, message = _REMARK_LIMITS[field]
        problems += too_long_in_characters(field, text, limit, message) + no_control_characters(field, text)
    return problems


_REMARK_LIMITS = {
    "remark": (REMARK_CHARACTERS, _("Shorten the remark to %(limit)s characters; it has %(actual)s.")),
    "description": (DESCRIPTION_CHARACTERS, _("Shorten the description to %(limit)s characters; it has %(actual)s.")),
    "remark_company": (REMARK_COMPANY_CHARACTERS, _("Shorten the company to %(limit)s characters; it has %(actual)s.")),
}
