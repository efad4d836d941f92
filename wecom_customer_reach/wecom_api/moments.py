"""Moments (客户朋友圈): create, job, cancel, list, tasks, audience, reactions. Source: wecom-api.md § 7.1-7.8.

A moment is made by a job: :func:`add_moment_task` starts it, :func:`get_moment_task_result` tells for 24 hours how it
went. Then members are asked; nothing appears before they publish.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .client import LOOK_IT_UP, WeComClient
from .errors import OutcomeUnknown, Problem, ResponseInvalid
from .limits import (
    MOMENT_CUSTOMERS_PER_PAGE,
    MOMENT_LISTING_SECONDS,
    MOMENT_VIEWERS_PER_PAGE,
    MOMENTS_PER_PAGE,
)
from .moment_content import validate_moment
from .paging import Page, check_limit, iter_pages
from .payload_rules import ensure_valid
from .retry import CallKind
from .translate import _

JOB_UNKNOWN = 40088
JOB_PURGED = 40089
"""Codes with which WeCom says that it no longer, or not at all, knows a job."""

_ADD = "/cgi-bin/externalcontact/add_moment_task"
_JOB = "/cgi-bin/externalcontact/get_moment_task_result"
_CANCEL = "/cgi-bin/externalcontact/cancel_moment_task"
_LIST = "/cgi-bin/externalcontact/get_moment_list"
_TASKS = "/cgi-bin/externalcontact/get_moment_task"
_CUSTOMERS = "/cgi-bin/externalcontact/get_moment_customer_list"
_VIEWERS = "/cgi-bin/externalcontact/get_moment_send_result"
_REACTIONS = "/cgi-bin/externalcontact/get_moment_comments"
_FINISHED = 3


@dataclass(frozen=True)
class MomentJob:
    """How far the making of a moment is.

    Until ``finished`` nothing else means anything. Then ``errcode`` 0 and ``moment_id`` say that members are asked;
    another ``errcode`` (``errmsg`` its text) says that nothing was made. The three lists name senders and tags that do
    not exist or lie outside the app's range; the moment went on without them.
    """

    finished: bool
    moment_id: str = ""
    errcode: int = 0
    errmsg: str = ""
    invalid_userids: list[str] = field(default_factory=list)
    invalid_department_ids: list[int] = field(default_factory=list)
    invalid_tag_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reactions:
    """Likes and comments of one post, each ``{"external_userid" or "userid", "create_time"}``: never a text."""

    comments: list[dict[str, Any]]
    likes: list[dict[str, Any]]


def add_moment_task(client: WeComClient, payload: Mapping[str, Any]) -> str:
    """Start the making of one moment (§ 7.1) from a payload as :func:`moment_content.moment` builds it; return its job.

    Raises PayloadInvalid before any call, QuotaExceeded (41078) when too many are being made, RateLimited past 10 a
    minute. OutcomeUnknown: it may have been made, look it up with :func:`get_moment_list`, never send it again. Every
    other error proves that nothing was made.
    """
    ensure_valid(validate_moment(payload), _ADD)
    jobid = client.call("POST", _ADD, kind=CallKind.CREATE, body=payload).get("jobid")
    if not jobid or not isinstance(jobid, str):
        explanation = _("WeCom took the moment without naming its job.")
        raise OutcomeUnknown(path=_ADD, explanation=explanation, remedy=LOOK_IT_UP)
    return jobid


def get_moment_task_result(client: WeComClient, jobid: str) -> MomentJob:
    """Return how far a job is (§ 7.2). Raises NotFound (40088, 40089) when it is unknown or over 24 hours old."""
    answer = client.call("GET", _JOB, kind=CallKind.READ, params={"jobid": jobid})
    if answer.get("status") != _FINISHED:
        return MomentJob(finished=False)
    result = _object(answer, "result")
    errcode, moment_id = result.get("errcode") or 0, result.get("moment_id") or ""
    if not isinstance(errcode, int) or (not errcode and not moment_id):
        raise ResponseInvalid(
            path=_JOB,
            explanation=_("WeCom finished the moment without naming its id."),
            remedy=_("Ask again; if it stays, look for the moment in the list of moments."),
        )
    senders = _object(result, "invalid_sender_list")
    return MomentJob(
        finished=True,
        moment_id=moment_id,
        errcode=errcode,
        errmsg=str(result.get("errmsg") or ""),
        invalid_userids=list(senders.get("user_list") or []),
        invalid_department_ids=list(senders.get("department_list") or []),
        invalid_tag_ids=list(_object(result, "invalid_external_contact_list").get("tag_list") or []),
    )


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def cancel_moment_task(client: WeComClient, moment_id: str) -> None:
    """Stop members who have not published (§ 7.3); what is published stays.

    Raises RequestInvalid (41067) for a personal moment, NotFound (41060) for an unknown one.
    """
    client.call("POST", _CANCEL, kind=CallKind.WRITE, body={"moment_id": moment_id})


def get_moment_list(
    client: WeComClient,
    *,
    start_time: int,
    end_time: int,
    creator: str | None = None,
    filter_type: int = 2,
    cursor: str = "",
    limit: int = MOMENTS_PER_PAGE,
) -> Iterator[Page]:
    """Yield pages of the moments made strictly between two times at most 30 days apart, in Unix seconds (§ 7.4).

    ``filter_type`` 0 corp, 1 personal, 2 all. Moments made through the API carry no ``creator``; deleted ones are not
    listed. Media ids in them can be read with :func:`media.get`. For a longer time see :func:`listing_spans`.
    """
    check_limit(_LIST, limit, MOMENTS_PER_PAGE)
    span = end_time - start_time
    if not 0 <= span <= MOMENT_LISTING_SECONDS:
        message = _("Choose an end after the start, at most %(limit)s seconds later instead of %(actual)s.")
        ensure_valid([Problem("end_time", message, MOMENT_LISTING_SECONDS, span)], _LIST)
    arguments: dict[str, Any] = {
        "start_time": start_time,
        "end_time": end_time,
        "filter_type": filter_type,
        "limit": limit,
    }
    if creator is not None:
        arguments["creator"] = creator
    return iter_pages(client, "POST", _LIST, "moment_list", arguments, cursor)


def listing_spans(start_time: int, end_time: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) for :func:`get_moment_list` until every second from start to end, both included, is covered.

    WeCom lists what lies strictly between two times (§ 7.4), so each span reaches one second out at both ends, and the
    next one begins where no second falls between the two.
    """
    start = start_time - 1
    while start < end_time:
        end = min(start + MOMENT_LISTING_SECONDS, end_time + 1)
        yield start, end
        start = end - 1


def get_moment_task(
    client: WeComClient, moment_id: str, *, cursor: str = "", limit: int = MOMENT_CUSTOMERS_PER_PAGE
) -> Iterator[Page]:
    """Yield pages of ``{"userid", "publish_status"}`` of a corp moment: 0 not published, 1 published (§ 7.5).

    Raises RequestInvalid (41067) for a personal moment, NotReady (41079) while WeCom still hands the moment out.
    """
    check_limit(_TASKS, limit, MOMENT_CUSTOMERS_PER_PAGE)
    return iter_pages(client, "POST", _TASKS, "task_list", {"moment_id": moment_id, "limit": limit}, cursor)


def get_moment_customer_list(
    client: WeComClient, moment_id: str, userid: str, *, cursor: str = "", limit: int = MOMENT_CUSTOMERS_PER_PAGE
) -> Iterator[Page]:
    """Yield pages of ``{"userid", "external_userid"}``: the customers selected when ``userid`` published (§ 7.6).

    Raises Conflict: he has not published yet (41062), or is not asked or not the creator (41061).
    """
    check_limit(_CUSTOMERS, limit, MOMENT_CUSTOMERS_PER_PAGE)
    return _iter_customers(client, _CUSTOMERS, moment_id, userid, limit, cursor)


def get_moment_send_result(
    client: WeComClient, moment_id: str, userid: str, *, cursor: str = "", limit: int = MOMENT_VIEWERS_PER_PAGE
) -> Iterator[Page]:
    """Yield pages of ``{"external_userid"}``: the customers who can really see what ``userid`` published (§ 7.7).

    Raises as :func:`get_moment_customer_list` does.
    """
    check_limit(_VIEWERS, limit, MOMENT_VIEWERS_PER_PAGE)
    return _iter_customers(client, _VIEWERS, moment_id, userid, limit, cursor)


def _iter_customers(
    client: WeComClient, path: str, moment_id: str, userid: str, limit: int, cursor: str
) -> Iterator[Page]:
    arguments = {"moment_id": moment_id, "userid": userid, "limit": limit}
    return iter_pages(client, "POST", path, "customer_list", arguments, cursor)


def get_moment_comments(client: WeComClient, moment_id: str, userid: str) -> Reactions:
    """Return likes and comments of what ``userid`` published, all of them: there are no pages (§ 7.8).

    Raises as :func:`get_moment_customer_list` does.
    """
    body = {"moment_id": moment_id, "userid": userid}
    answer = client.call("POST", _REACTIONS, kind=CallKind.READ, body=body)
    return Reactions(list(answer.get("comment_list") or []), list(answer.get("like_list") or []))
