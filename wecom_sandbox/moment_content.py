"""Text and attachments of a moment: the rules of wecom-api.md § 7.1, and how § 7.4 shows them."""

from .api import check_length
from .envelope import ApiError, invalid
from .media import MOMENT_ATTACHMENT, live_media

TEXT_LENGTH, TEXT_BYTES = 2000, 4000
PICTURES = 9
LINK_TITLE_LENGTH, LINK_TITLE_BYTES = 64, 128
LINK_URL_BYTES = 2048
KINDS = ("image", "video", "link")


def read_content(call):
    """The checked content of a moment, laid out as that of a broadcast; raises ApiError."""
    text = call.text("content", call.object("text"))
    if len(text) > TEXT_LENGTH or len(text.encode()) > TEXT_BYTES:
        raise invalid("invalid text size")
    given = call.objects("attachments")
    kinds = [call.text("msgtype", attachment) for attachment in given]
    if any(kind not in KINDS for kind in kinds) or len(set(kinds)) > 1:
        raise ApiError(41065, "invalid attachments msgtype")
    if len(given) > (PICTURES if kinds[:1] == ["image"] else 1):
        raise ApiError(41064, "invalid attachments size")
    attachments = [_read_attachment(call, kind, attachment) for kind, attachment in zip(kinds, given, strict=True)]
    if not text and not attachments:
        raise ApiError(41089)
    return {**({"text": {"content": text}} if text else {}), "attachments": attachments}


def _read_attachment(call, kind, attachment):
    part = call.object(kind, attachment)
    if not part:
        raise invalid("invalid msg")
    media_id = call.text("media_id", part)
    live_media(call.world, media_id, ("video",) if kind == "video" else ("image",), MOMENT_ATTACHMENT)
    if kind != "link":
        return {"msgtype": kind, kind: {"media_id": media_id}}
    url, title = call.text("url", part, missing=41010), call.text("title", part)
    check_length(title, "link.title", LINK_TITLE_LENGTH)
    check_length(title, "link.title", LINK_TITLE_BYTES, bytes_counted=True)
    check_length(url, "link.url", LINK_URL_BYTES, bytes_counted=True)
    return {"msgtype": "link", "link": {"title": title, "url": url, "media_id": media_id}}


def show_content(content):
    """The content as get_moment_list shows it: pictures in a list, a link without its cover (wecom-api.md § 7.4)."""
    shown = {name: content[name] for name in ("text", "location") if name in content}
    for attachment in content["attachments"]:
        kind = attachment["msgtype"]
        if kind == "image":
            shown.setdefault("image", []).append(attachment["image"])
        elif kind == "video":
            shown["video"] = attachment["video"]
        else:
            shown["link"] = {"title": attachment["link"]["title"], "url": attachment["link"]["url"]}
    return shown
