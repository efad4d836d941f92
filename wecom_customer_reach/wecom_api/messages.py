"""App messages to members. Source: wecom-api.md § 14."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import limits
from .client import WeComClient
from .errors import Problem
from .payload_rules import (
    address_problems,
    blank_ids,
    ensure_valid,
    no_control_characters,
    too_long_in_bytes,
    too_long_in_characters,
    too_many,
)
from .retry import CallKind
from .translate import _

_SEND = "/cgi-bin/message/send"


@dataclass(frozen=True)
class SentMessage:
    """A message on its way: its id, and the members whom WeCom did not take, in lower case as WeCom names them."""

    msgid: str
    invalid_userids: list[str]


def send_text(client: WeComClient, agentid: int, userids: Sequence[str], text: str) -> SentMessage:
    """Send a text of at most 2048 bytes to at most 1000 members. WeCom would cut a longer one, so it is refused here.

    ``agentid`` is the number of the app. Raises PayloadInvalid before any call, RequestInvalid (81013) when WeCom takes
    none of the members. People see every message, so a lost answer raises OutcomeUnknown and is not repeated.
    """
    problems = _required("text.content", text, _("Write a text."))
    message = _("Shorten the text to %(limit)s bytes; it has %(actual)s. A Chinese character counts as 3 bytes.")
    problems += too_long_in_bytes("text.content", text, limits.MESSAGE_TEXT_BYTES, message)
    problems += no_control_characters("text.content", text)
    return _send(client, agentid, userids, problems, {"msgtype": "text", "text": {"content": text}})


def send_textcard(
    client: WeComClient,
    agentid: int,
    userids: Sequence[str],
    *,
    title: str,
    description: str,
    url: str,
    button: str | None = None,
) -> SentMessage:
    """Send a card that opens ``url`` to at most 1000 members; ``button`` is its label, at most 4 characters.

    The title has at most 128 characters, the description 512. Raises as :func:`send_text` does.
    """
    too_long = {
        "title": _("Shorten the title to %(limit)s characters; it has %(actual)s."),
        "description": _("Shorten the description to %(limit)s characters; it has %(actual)s."),
        "btntxt": _("Shorten the label of the button to %(limit)s characters; it has %(actual)s."),
    }
    card = {"title": title, "description": description, "url": url, **({"btntxt": button} if button else {})}
    problems = _required("textcard.title", title, _("Give the card a title."))
    problems += _required("textcard.description", description, _("Give the card a description."))
    for name, message in too_long.items():
        field, text = f"textcard.{name}", card.get(name, "")
        problems += too_long_in_characters(field, text, limits.MESSAGE_CARD_CHARACTERS[name], message)
        problems += no_control_characters(field, text)
    problems += address_problems("textcard.url", url)
    return _send(client, agentid, userids, problems, {"msgtype": "textcard", "textcard": card})


def _required(field: str, text: str, message: str) -> list[Problem]:
    return [] if text.strip() else [Problem(field, message)]


def _send(
    client: WeComClient, agentid: int, userids: Sequence[str], problems: list[Problem], content: Mapping[str, Any]
) -> SentMessage:
    if not userids:
        problems = [*problems, Problem("touser", _("Choose at least one member."))]
    message = _("Send to at most %(limit)s members in one go; there are %(actual)s.")
    problems = problems + too_many("touser", userids, limits.MESSAGE_MEMBERS, message) + blank_ids("touser", userids)
    if any("|" in userid or userid == "@all" for userid in userids if isinstance(userid, str)):
        problems.append(Problem("touser", _("Name members one by one: this is no id of a member.")))
    ensure_valid(problems, _SEND)
    body = {"touser": "|".join(userids), "agentid": agentid, **content}
    answer = client.call("POST", _SEND, kind=CallKind.CREATE, body=body)
    invalid = [userid for userid in str(answer.get("invaliduser") or "").split("|") if userid]
    return SentMessage(str(answer.get("msgid") or ""), invalid)
