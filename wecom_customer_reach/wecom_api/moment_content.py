"""Contents and visible range of moments: builders that send only what is used, every limit checked before any call.

Pictures, one video or one link: the kinds exclude each other. Source: wecom-api.md § 7.1, § 17.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from . import limits
from .content import image, video
from .errors import Problem
from .payload_rules import (
    address_problems,
    blank_ids,
    empty_parts,
    missing,
    no_control_characters,
    too_long_in_bytes,
    too_long_in_characters,
    too_many,
    wrong_types,
)
from .translate import _

__all__ = ["image", "link", "moment", "validate_attachments", "validate_moment", "validate_text", "video"]

KINDS = ("image", "video", "link")
_MOST = {"image": limits.MOMENT_IMAGES, "video": 1, "link": 1}


# Builders; a picture is ``image(media_id=…)``, a video ``video(…)``, with ids of ``media.upload_attachment``


def link(url: str, media_id: str, *, title: str | None = None) -> dict[str, Any]:
    """Return a link with its cover, a picture from ``media.upload_attachment``."""
    members = {"title": title, "url": url, "media_id": media_id}
    return {"msgtype": "link", "link": {key: value for key, value in members.items() if value}}


def moment(
    *,
    text: str | None = None,
    attachments: Sequence[Mapping[str, Any]] = (),
    userids: Sequence[str] = (),
    department_ids: Sequence[int] = (),
    tag_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the payload of ``add_moment_task``, holding only what is used (§ 7.1).

    ``userids`` and ``department_ids``: only these members are asked to publish, all of the app's range when both are
    empty. ``tag_ids``: only customers with one of these corp tags may see it, all customers of the members otherwise.
    """
    senders = _used(user_list=list(userids), department_list=list(department_ids))
    visible_range = _used(sender_list=senders, external_contact_list=_used(tag_list=list(tag_ids)))
    return _used(
        text={"content": text} if text else None,
        attachments=[dict(attachment) for attachment in attachments],
        visible_range=visible_range,
    )


def _used(**parts: Any) -> dict[str, Any]:
    return {key: part for key, part in parts.items() if part}


# Validators


def validate_text(text: str, field: str = "text.content") -> list[Problem]:
    """Check the text of a moment: not blank, at most 2000 characters and 4000 bytes, nothing WeCom cannot read."""
    if not text.strip():
        return [Problem(field, _("Write a text, or leave the text out altogether."))]
    message = _("Shorten the text to %(limit)s characters; it has %(actual)s.")
    problems = too_long_in_characters(field, text, limits.MOMENT_TEXT_CHARACTERS, message)
    if not problems:
        message = _("Shorten the text to %(limit)s bytes; it has %(actual)s. A Chinese character counts as 3 bytes.")
        problems = too_long_in_bytes(field, text, limits.MOMENT_TEXT_BYTES, message)
    return problems + no_control_characters(field, text)


def validate_attachments(attachments: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Check the attachments of a moment: up to 9 pictures, or one video, or one link, each with what it needs."""
    problems: list[Problem] = []
    kinds = []
    for index, attachment in enumerate(attachments):
        field = f"attachments[{index}]"
        kind = attachment.get("msgtype") if isinstance(attachment, Mapping) else None
        if kind not in KINDS:
            message = _("Choose picture, video or link for a moment instead of “%(actual)s”.")
            problems.append(Problem(f"{field}.msgtype", message, None, str(kind)))
            continue
        kinds.append(kind)
        problems += _attachment_problems(kind, attachment.get(kind), f"{field}.{kind}")
    return problems + _mixing_problems(kinds)


def validate_moment(payload: Mapping[str, Any]) -> list[Problem]:
    """Check a whole ``add_moment_task`` payload: text, attachments, visible range."""
    problems = _shape_problems(payload)
    if problems:
        return problems
    problems = empty_parts(payload)
    text = payload.get("text")
    attachments = payload.get("attachments") or []
    if not text and not attachments:
        problems.append(Problem("text.content", _("Write a text or add a picture, video or link.")))
    if text:
        problems += validate_text(text.get("content") or "")
    return problems + validate_attachments(attachments) + _range_problems(payload.get("visible_range") or {})


def _shape_problems(payload: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each part of a wrong type, from the outside inwards: only what is well shaped is judged."""
    problems = wrong_types(payload, {"text": Mapping, "attachments": list, "visible_range": Mapping})
    if problems:
        return problems
    visible_range = payload.get("visible_range") or {}
    parts = {"sender_list": Mapping, "external_contact_list": Mapping}
    problems = wrong_types(payload.get("text") or {}, {"content": str}, "text.")
    problems += wrong_types(visible_range, parts, "visible_range.")
    if problems:
        return problems
    lists = {
        "sender_list": {"user_list": list, "department_list": list},
        "external_contact_list": {"tag_list": list},
    }
    for name, shape in lists.items():
        problems += wrong_types(visible_range.get(name) or {}, shape, f"visible_range.{name}.")
    return problems


def _mixing_problems(kinds: Sequence[str]) -> list[Problem]:
    if len(set(kinds)) > 1:
        return [Problem("attachments", _("Choose pictures, or one video, or one link: they exclude each other."))]
    if not kinds:
        return []
    messages = {
        "image": _("Keep at most %(limit)s pictures; there are %(actual)s."),
        "video": _("Keep one video; there are %(actual)s."),
        "link": _("Keep one link; there are %(actual)s."),
    }
    (kind,) = set(kinds)
    return too_many("attachments", kinds, _MOST[kind], messages[kind])


def _attachment_problems(kind: str, members: Any, field: str) -> list[Problem]:
    if not isinstance(members, Mapping):
        return [Problem(field, _("Fill in the attachment: it has no content."))]
    wrong = wrong_types(members, dict.fromkeys(members, str), f"{field}.")
    if wrong:
        return wrong
    if kind != "link":
        return missing(members, field, {"media_id": _("Choose a file and upload it.")})
    messages = {"url": _("Give the link an address."), "media_id": _("Choose a cover picture for the link.")}
    problems = missing(members, field, messages)
    title = members.get("title") or ""
    message = _("Shorten the title of the link to %(limit)s characters; it has %(actual)s.")
    too_long = too_long_in_characters(f"{field}.title", title, limits.MOMENT_LINK_TITLE_CHARACTERS, message)
    if not too_long:
        message = _("Shorten the title of the link to %(limit)s bytes; it has %(actual)s.")
        too_long = too_long_in_bytes(f"{field}.title", title, limits.MOMENT_LINK_TITLE_BYTES, message)
    problems += too_long + no_control_characters(f"{field}.title", title)
    if members.get("url"):
        problems += address_problems(f"{field}.url", members["url"])
    return problems


def _range_problems(visible_range: Mapping[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    senders = visible_range.get("sender_list") or {}
    members, departments = senders.get("user_list") or [], senders.get("department_list") or []
    tags = (visible_range.get("external_contact_list") or {}).get("tag_list") or []
    field = "visible_range.sender_list.user_list"
    message = _("Ask at most %(limit)s members in one go; there are %(actual)s. Choose departments instead.")
    problems += too_many(field, members, limits.MOMENT_SENDERS, message) + blank_ids(field, members)
    if not all(isinstance(department, int) and department > 0 for department in departments):
        message = _("Give the departments as numbers.")
        problems.append(Problem("visible_range.sender_list.department_list", message))
    problems += blank_ids("visible_range.external_contact_list.tag_list", tags)
    return problems
