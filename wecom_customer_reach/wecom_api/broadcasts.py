"""Broadcasts: create, remind, cancel, list, tasks and results. Source: wecom-api.md § 6.1-6.7."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .client import LOOK_IT_UP, WeComClient
from .content import ensure_valid, validate_broadcast
from .errors import OutcomeUnknown, Problem, WeComError
from .limits import BROADCAST_LISTING_SECONDS, BROADCASTS_PER_PAGE, RESULTS_PER_PAGE
from .paging import Page, check_limit, iter_pages
from .retry import CallKind
from .translate import _

ALREADY_CANCELLED = 41093

_ADD = "/cgi-bin/externalcontact/add_msg_template"
_REMIND = "/cgi-bin/externalcontact/remind_groupmsg_send"
_CANCEL = "/cgi-bin/externalcontact/cancel_groupmsg_send"
_LIST = "/cgi-bin/externalcontact/get_groupmsg_list_v2"
_TASKS = "/cgi-bin/externalcontact/get_groupmsg_task"
_RESULTS = "/cgi-bin/externalcontact/get_groupmsg_send_result"


@dataclass(frozen=True)
class CreatedBroadcast:
    """A broadcast that now waits for its members: its id, and the customers WeCom refused at once."""

    msgid: str
    fail_list: list[str]


def add_msg_template(client: WeComClient, payload: Mapping[str, Any]) -> CreatedBroadcast:
    """Create one broadcast (§ 6.2) from a payload as :func:`content.broadcast` builds it.

    Raises PayloadInvalid before any call. OutcomeUnknown: it may have been made, look it up with
    :func:`iter_broadcasts`, never send it again. Every other error proves that nothing was made.
    """
    ensure_valid(validate_broadcast(payload), _ADD)
    answer = client.call("POST", _ADD, kind=CallKind.CREATE, body=payload)
    msgid = answer.get("msgid")
    if not msgid or not isinstance(msgid, str):
        explanation = _("WeCom confirmed the broadcast without naming its id.")
        raise OutcomeUnknown(path=_ADD, explanation=explanation, remedy=LOOK_IT_UP)
    return CreatedBroadcast(msgid, list(answer.get("fail_list") or []))


def remind(client: WeComClient, msgid: str) -> None:
    """Notify members who have not sent yet (§ 6.3). Raises QuotaExceeded (41094) after 3 reminders in 24 hours.

    Each reminder is seen by people and spends the budget, so a lost answer raises OutcomeUnknown and is not repeated.
    """
    client.call("POST", _REMIND, kind=CallKind.CREATE, body={"msgid": msgid})


def cancel(client: WeComClient, msgid: str) -> None:
    """Stop members who have not sent yet (§ 6.4); what was delivered stays. Cancelling twice is not an error."""
    try:
        client.call("POST", _CANCEL, kind=CallKind.WRITE, body={"msgid": msgid})
    except WeComError as error:
        if error.errcode != ALREADY_CANCELLED:
            raise


def iter_broadcasts(
    client: WeComClient,
    *,
    start_time: int,
    end_time: int,
    chat_type: str = "single",
    creator: str | None = None,
    filter_type: int = 2,
    cursor: str = "",
    limit: int = BROADCASTS_PER_PAGE,
) -> Iterator[Page]:
    """Yield pages of the broadcasts created in a span of at most one month, in Unix seconds (§ 6.5).

    ``filter_type`` 0 corp-created, 1 personal, 2 all. Broadcasts made through the API carry no ``creator``.
    """
    check_limit(_LIST, limit, BROADCASTS_PER_PAGE)
    span = end_time - start_time
    if not 0 <= span <= BROADCAST_LISTING_SECONDS:
        message = _("Choose an end after the start, at most %(limit)s seconds later instead of %(actual)s.")
        ensure_valid([Problem("end_time", message, BROADCAST_LISTING_SECONDS, span)], _LIST)
    arguments: dict[str, Any] = {
        "chat_type": chat_type,
        "start_time": start_time,
        "end_time": end_time,
        "filter_type": filter_type,
        "limit": limit,
    }
    if creator is not None:
        arguments["creator"] = creator
    return iter_pages(client, "POST", _LIST, "group_msg_list", arguments, cursor)


def iter_tasks(client: WeComClient, msgid: str, *, cursor: str = "", limit: int = RESULTS_PER_PAGE) -> Iterator[Page]:
    """Yield pages of ``{"userid", "status", "send_time"}``: status 0 not sent, 2 sent (§ 6.6).

    Raises NotReady (41063) while WeCom still hands the broadcast out.
    """
    check_limit(_TASKS, limit, RESULTS_PER_PAGE)
    return iter_pages(client, "POST", _TASKS, "task_list", {"msgid": msgid, "limit": limit}, cursor)


def iter_send_results(
    client: WeComClient, msgid: str, userid: str, *, cursor: str = "", limit: int = RESULTS_PER_PAGE
) -> Iterator[Page]:
    """Yield pages of ``{"external_userid", "userid", "status", "send_time"}`` of one member's task (§ 6.7).

    status 0 not sent, 1 sent, 2 no longer a friend, 3 the customer's cap is reached.
    """
    check_limit(_RESULTS, limit, RESULTS_PER_PAGE)
    arguments = {"msgid": msgid, "userid": userid, "limit": limit}
    return iter_pages(client, "POST", _RESULTS, "send_list", arguments, cursor)
