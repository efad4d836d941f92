"""Text and attachments of a message: the rules of wecom-api.md § 6.2 that broadcasts and welcome messages share."""

from .api import check_length
from .envelope import ApiError, invalid
from .media import UPLOAD, live_media

TEXT_BYTES = 4000
ATTACHMENTS = 9
LINK_TITLE_BYTES, LINK_DESC_BYTES, LINK_URL_BYTES = 128, 512, 2048
MINIPROGRAM_TITLE_BYTES = 64


def read_content(call):
    """The checked content of a message: ``{"text"?: {"content"}, "attachments": [...]}``; raises ApiError."""
    text = call.text("content", call.object("text"))
    check_length(text, "text.content", TEXT_BYTES, bytes_counted=True)
    given = call.objects("attachments")
    if len(given) > ATTACHMENTS:
        raise ApiError(41064)
    attachments = [_read_attachment(call, attachment) for attachment in given]
    if not text and not attachments:
        raise ApiError(44004)
    return {**({"text": {"content": text}} if text else {}), "attachments": attachments}


def _read_attachment(call, attachment):
    kind = call.text("msgtype", attachment)
    if kind not in _READERS:
        raise ApiError(41065)
    part = call.object(kind, attachment)
    if not part:
        raise invalid(f"attachments.{kind} missing")
    return {"msgtype": kind, kind: _READERS[kind](call, part)}


def _read_image(call, part):
    media_id, url = call.text("media_id", part), call.text("pic_url", part)
    if media_id or not url:
        live_media(call.world, media_id, ("image",), UPLOAD)
        return {"media_id": media_id}
    if url not in call.world.pictures:
        raise invalid("pic_url must come from media/uploadimg")
    return {"pic_url": url}


def _read_link(call, part):
    title, url = call.text("title", part, missing=41016), call.text("url", part, missing=41010)
    picture, description = call.text("picurl", part), call.text("desc", part)
    check_length(title, "link.title", LINK_TITLE_BYTES, bytes_counted=True)
    check_length(description, "link.desc", LINK_DESC_BYTES, bytes_counted=True)
    check_length(url, "link.url", LINK_URL_BYTES, bytes_counted=True)
    check_length(picture, "link.picurl", LINK_URL_BYTES, bytes_counted=True)
    return {"title": title, "picurl": picture, "desc": description, "url": url}


def _read_miniprogram(call, part):
    title, appid, page = call.text("title", part, missing=41016), call.text("appid", part), call.text("page", part)
    check_length(title, "miniprogram.title", MINIPROGRAM_TITLE_BYTES, bytes_counted=True)
    cover = call.text("pic_media_id", part)
    live_media(call.world, cover, ("image",), UPLOAD)
    if not appid or not page:
        raise invalid(f"miniprogram.{'page' if appid else 'appid'} missing")
    if not appid.startswith("wx"):
        raise ApiError(90207)
    return {"title": title, "pic_media_id": cover, "appid": appid, "page": page}


def _read_file_of(kind):
    def read(call, part):
        media_id = call.text("media_id", part)
        live_media(call.world, media_id, (kind,), UPLOAD)
        return {"media_id": media_id}

    return read


_READERS = {
    "image": _read_image,
    "link": _read_link,
    "miniprogram": _read_miniprogram,
    "video": _read_file_of("video"),
    "file": _read_file_of("file"),
}


def show_content(content):
    """The content as get_groupmsg_list_v2 shows it: a mini-program's cover stays hidden (wecom-api.md § 6.5)."""
    attachments = []
    for attachment in content["attachments"]:
        kind = attachment["msgtype"]
        part = {name: value for name, value in attachment[kind].items() if name != "pic_media_id"}
        attachments.append({"msgtype": kind, kind: part})
    return {**({"text": content["text"]} if "text" in content else {}), "attachments": attachments}
