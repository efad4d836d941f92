"""Contents of broadcasts: builders that send only what is used, and every documented limit, checked before any call.

A validator returns a list of problems, empty when all is well; :func:`ensure_valid` turns a list into PayloadInvalid.
"bytes" are UTF-8 bytes, "characters" code points (wecom-api.md § 1.4). Source: wecom-api.md § 6.2, § 17.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import limits
from .errors import Problem
from .media_rules import UPLOADED_IMAGE, validate_media
from .payload_rules import (
    address_problems,
    blank_ids,
    empty_parts,
    ensure_valid,
    missing,
    no_control_characters,
    too_long_in_bytes,
    too_long_in_characters,
    too_many,
    wrong_types,
)
from .translate import _

__all__ = [
    "UPLOADED_IMAGE",
    "broadcast",
    "ensure_valid",
    "file",
    "image",
    "link",
    "miniprogram",
    "no_control_characters",
    "too_long_in_bytes",
    "too_long_in_characters",
    "validate_attachment",
    "validate_broadcast",
    "validate_media",
    "validate_text",
    "video",
]


# Builders


def image(*, media_id: str | None = None, pic_url: str | None = None) -> dict[str, Any]:
    """Return an image attachment: a media id, or an address that ``media.upload_image`` returned."""
    return _attachment("image", media_id=media_id, pic_url=pic_url)


def link(title: str, url: str, *, desc: str | None = None, picurl: str | None = None) -> dict[str, Any]:
    """Return a link card."""
    return _attachment("link", title=title, picurl=picurl, desc=desc, url=url)


def miniprogram(title: str, pic_media_id: str, appid: str, page: str) -> dict[str, Any]:
    """Return a mini-program card; the mini-program must be linked to the corp."""
    return _attachment("miniprogram", title=title, pic_media_id=pic_media_id, appid=appid, page=page)


def video(media_id: str) -> dict[str, Any]:
    """Return a video attachment."""
    return _attachment("video", media_id=media_id)


def file(media_id: str) -> dict[str, Any]:
    """Return a file attachment."""
    return _attachment("file", media_id=media_id)


def broadcast(
    *,
    text: str | None = None,
    attachments: Sequence[Mapping[str, Any]] = (),
    external_userids: Sequence[str] = (),
    sender: str | None = None,
    tag_groups: Sequence[Sequence[str]] = (),
    chat_type: str = "single",
    chat_ids: Sequence[str] = (),
    allow_select: bool = False,
) -> dict[str, Any]:
    """Return the payload of ``add_msg_template``, holding only what is used (§ 6.2).

    ``tag_groups``: lists of corp tag ids, OR inside a list, AND between lists. ``allow_select``: the member may choose
    among the recipients again.
    """
    parts = {
        "chat_type": chat_type,
        "external_userid": list(external_userids),
        "chat_id_list": list(chat_ids),
        "tag_filter": {"group_list": [{"tag_list": list(tags)} for tags in tag_groups]} if tag_groups else None,
        "sender": sender,
        "allow_select": allow_select,
        "text": {"content": text} if text else None,
        "attachments": [dict(attachment) for attachment in attachments],
    }
    return {key: part for key, part in parts.items() if part}


def _attachment(kind: str, **members: str | None) -> dict[str, Any]:
    return {"msgtype": kind, kind: {key: value for key, value in members.items() if value}}


# Validators


def validate_text(text: str, field: str = "text.content") -> list[Problem]:
    """Check the text of a broadcast: not blank, at most 4000 bytes, nothing WeCom cannot read."""
    if not text.strip():
        return [Problem(field, _("Write a text, or leave the text out altogether."))]
    message = _("Shorten the text to %(limit)s bytes; it has %(actual)s. A Chinese character counts as 3 bytes.")
    return too_long_in_bytes(field, text, limits.TEXT_BYTES, message) + no_control_characters(field, text)


def validate_attachment(attachment: Mapping[str, Any], field: str = "attachment") -> list[Problem]:
    """Check one attachment: a known kind, every required member, every length (§ 6.2)."""
    kind = attachment.get("msgtype") if isinstance(attachment, Mapping) else None
    if not isinstance(kind, str) or kind not in _ATTACHMENT_RULES:
        message = _("Choose image, link, mini-program, video or file as attachment instead of “%(actual)s”.")
        return [Problem(f"{field}.msgtype", message, None, str(kind))]
    members = attachment.get(kind)
    if not isinstance(members, Mapping):
        return [Problem(f"{field}.{kind}", _("Fill in the attachment: it has no content."))]
    wrong = wrong_types(members, dict.fromkeys(members, str), f"{field}.{kind}.")
    return wrong or _ATTACHMENT_RULES[kind](members, f"{field}.{kind}")


def validate_broadcast(payload: Mapping[str, Any]) -> list[Problem]:
    """Check a whole ``add_msg_template`` payload: recipients, text, attachments."""
    problems = _shape_problems(payload)
    if problems:
        return problems
    problems = empty_parts(payload) + _recipient_problems(payload)
    text = (payload.get("text") or {}).get("content")
    attachments = payload.get("attachments") or []
    if text is None and not attachments:
        problems.append(Problem("text.content", _("Write a text or add an attachment: a broadcast cannot be empty.")))
    if text is not None:
        problems += validate_text(text)
    message = _("Keep at most %(limit)s attachments; there are %(actual)s.")
    problems += too_many("attachments", attachments, limits.ATTACHMENTS, message)
    for index, attachment in enumerate(attachments):
        problems += validate_attachment(attachment, f"attachments[{index}]")
    return problems


def _shape_problems(payload: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each part of a wrong type, from the outside inwards: only what is well shaped is judged."""
    problems = wrong_types(payload, _SHAPE)
    if problems:
        return problems
    groups = (payload.get("tag_filter") or {}).get("group_list") or []
    problems = wrong_types(payload.get("text") or {}, {"content": str}, "text.")
    problems += wrong_types({"group_list": groups}, {"group_list": list}, "tag_filter.")
    if problems:
        return problems
    for index, group in enumerate(groups):
        field = f"tag_filter.group_list[{index}]"
        shape = wrong_types({field: group}, {field: Mapping})
        problems += shape or wrong_types(group or {}, {"tag_list": list}, f"{field}.")
    return problems


def _recipient_problems(payload: Mapping[str, Any]) -> list[Problem]:
    chat_type = payload.get("chat_type", "single")
    if chat_type == "single":
        return _customer_problems(payload)
    if chat_type == "group":
        return _group_chat_problems(payload)
    message = _("Send to single (customers) or group (customer groups) instead of “%(actual)s”.")
    return [Problem("chat_type", message, None, str(chat_type))]


def _customer_problems(payload: Mapping[str, Any]) -> list[Problem]:
    customers = payload.get("external_userid") or []
    tag_groups = (payload.get("tag_filter") or {}).get("group_list") or []
    problems = blank_ids("sender", [payload["sender"]]) if payload.get("sender") else []
    if not customers and not tag_groups and not payload.get("sender"):
        problems.append(Problem("external_userid", _("Name recipients: customers, tags, or the member who sends.")))
    if customers and tag_groups:
        message = _("Choose either customers or tags: WeCom ignores the tags when customers are named.")
        problems.append(Problem("tag_filter", message))
    if payload.get("chat_id_list"):
        problems.append(Problem("chat_id_list", _("Customer groups can only be named in a broadcast to groups.")))
    message = _("Send to at most %(limit)s customers in one go; there are %(actual)s. Split the audience.")
    problems += too_many("external_userid", customers, limits.BROADCAST_CONTACTS, message)
    problems += blank_ids("external_userid", customers)
    for index, group in enumerate(tag_groups):
        field = f"tag_filter.group_list[{index}].tag_list"
        tags = (group or {}).get("tag_list") or []
        if not tags:
            problems.append(Problem(field, _("Name at least one tag in each group of tags.")))
        message = _("Name at most %(limit)s tags in each group of tags; there are %(actual)s.")
        problems += too_many(field, tags, limits.BROADCAST_TAGS_PER_GROUP, message) + blank_ids(field, tags)
    return problems


def _group_chat_problems(payload: Mapping[str, Any]) -> list[Problem]:
    problems = blank_ids("sender", [payload["sender"]]) if payload.get("sender") else []
    if not payload.get("sender"):
        problems.append(Problem("sender", _("Name the member who sends: broadcasts to customer groups need one.")))
    for key in ("external_userid", "tag_filter", "allow_select"):
        if payload.get(key):
            message = _("Leave %(field)s out: it works for broadcasts to customers only, not to customer groups.")
            problems.append(Problem(key, message))
    chats = payload.get("chat_id_list") or []
    message = _("Send to at most %(limit)s customer groups in one go; there are %(actual)s.")
    return (
        problems
        + too_many("chat_id_list", chats, limits.BROADCAST_GROUP_CHATS, message)
        + blank_ids("chat_id_list", chats)
    )


def _image_problems(members: Mapping[str, Any], field: str) -> list[Problem]:
    if members.get("media_id"):
        return []
    if not members.get("pic_url"):
        return [Problem(f"{field}.media_id", _("Choose a picture."))]
    return address_problems(f"{field}.pic_url", members["pic_url"])


def _link_problems(members: Mapping[str, Any], field: str) -> list[Problem]:
    problems = missing(members, field, {"title": _("Give the link a title."), "url": _("Give the link an address.")})
    message = _("Shorten the title of the link to %(limit)s bytes; it has %(actual)s.")
    problems += _text_problems(f"{field}.title", members.get("title"), limits.LINK_TITLE_BYTES, message)
    message = _("Shorten the description of the link to %(limit)s bytes; it has %(actual)s.")
    problems += _text_problems(f"{field}.desc", members.get("desc"), limits.LINK_DESCRIPTION_BYTES, message)
    for name in ("url", "picurl"):
        if members.get(name):
            problems += address_problems(f"{field}.{name}", members[name])
    return problems


def _miniprogram_problems(members: Mapping[str, Any], field: str) -> list[Problem]:
    messages = {
        "title": _("Give the mini-program card a title."),
        "pic_media_id": _("Choose a cover picture for the mini-program card."),
        "appid": _("Enter the app id of the mini-program."),
        "page": _("Enter the page of the mini-program to open."),
    }
    message = _("Shorten the title of the mini-program card to %(limit)s bytes; it has %(actual)s.")
    limit = limits.MINIPROGRAM_TITLE_BYTES
    return missing(members, field, messages) + _text_problems(f"{field}.title", members.get("title"), limit, message)


def _media_problems(members: Mapping[str, Any], field: str) -> list[Problem]:
    return missing(members, field, {"media_id": _("Choose a file and upload it.")})


def _text_problems(field: str, text: str | None, limit: int, message: str) -> list[Problem]:
    return too_long_in_bytes(field, text or "", limit, message) + no_control_characters(field, text or "")


_SHAPE = {
    "chat_type": str,
    "external_userid": list,
    "chat_id_list": list,
    "tag_filter": Mapping,
    "sender": str,
    "allow_select": bool,
    "text": Mapping,
    "attachments": list,
}
_ATTACHMENT_RULES: dict[str, Callable[[Mapping[str, Any], str], list[Problem]]] = {
    "image": _image_problems,
    "link": _link_problems,
    "miniprogram": _miniprogram_problems,
    "video": _media_problems,
    "file": _media_problems,
}
