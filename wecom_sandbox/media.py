"""Media: upload, permanent pictures, download (wecom-api.md § 8.1–8.4)."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from werkzeug.wrappers import Response

from .api import endpoint
from .envelope import ApiError
from .media_sizes import pixels, seconds

LIFE = 3 * 86400
SMALLEST = 6  # every file is larger than 5 bytes
MEGABYTE = 1024 * 1024
UPLOAD, MOMENT_ATTACHMENT, ALBUM_ATTACHMENT = "upload", "moment_attachment", "album_attachment"
UPLOAD_LIMITS = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
ATTACHMENT_LIMITS = {"image": 10 * MEGABYTE, "video": 10 * MEGABYTE, "file": 10 * MEGABYTE}
ATTACHMENT_KINDS = {"1": (MOMENT_ATTACHMENT, ("image", "video")), "2": (ALBUM_ATTACHMENT, ("image",))}
LONG_SIDE, SHORT_SIDE, VIDEO_SECONDS = 10_800, 1080, 30  # of moments
PICTURE_LIMIT = 2 * MEGABYTE
LARGEST_PIECE = 20 * MEGABYTE  # of one download
PICTURE_PATH = "/pic_wework/"


@dataclass(slots=True)
class Media:
    """One uploaded file; ``source`` is the endpoint that took it, which decides where its id may be used."""

    media_id: str
    kind: str
    source: str
    filename: str
    content_type: str
    data: bytes
    created_at: int


@dataclass(slots=True)
class Picture:
    """One picture of uploadimg: permanent, known by its URL."""

    url: str
    content_type: str
    data: bytes


def image_type(data):
    """The content type of a JPG or PNG, None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if data.startswith(b"\x89PNG\r\n\x1a\n") else None


def _content_type(kind, data):
    """The content type of ``data`` as a ``kind`` of media, None when it is not of that kind."""
    if kind == "image":
        return image_type(data)
    if kind == "video":
        return "video/mp4" if data[4:8] == b"ftyp" else None
    if kind == "voice":
        return "audio/amr" if data.startswith(b"#!AMR") else None
    return "application/octet-stream"


def _uploaded(call, name=None):
    """File name and bytes of the multipart field ``name`` (of any field without one)."""
    files = call.request.files
    part = files.get(name) if name else next(iter(files.values()), None)
    if part is None:
        raise ApiError(44001)
    data = part.read()
    if not data:
        raise ApiError(44001)
    return part.filename or "file", data


def _forget_expired(world):
    now = world.clock.now()
    for media_id in [media.media_id for media in world.media.values() if media.created_at + LIFE <= now]:
        del world.media[media_id]


def _keep(world, kind, source, filename, content_type, data):
    _forget_expired(world)
    media_id = world.new_id("3") + world.new_id("")
    media = Media(media_id, kind, source, filename, content_type, data, world.clock.now())
    world.media[media_id] = media
    return media


@endpoint("/cgi-bin/media/upload", "POST", empty={"type": "", "media_id": "", "created_at": ""})
def upload(call):
    """wecom-api.md § 8.1: temporary media; created_at is a string here."""
    kind = call.query.get("type", "")
    if kind not in UPLOAD_LIMITS:
        raise ApiError(40005)
    filename, data = _uploaded(call, "media")
    if len(data) < SMALLEST:
        raise ApiError(40006)
    if len(data) > UPLOAD_LIMITS[kind]:
        raise ApiError(45001)
    content_type = _content_type(kind, data)
    if content_type is None:
        raise ApiError(40004)
    media = _keep(call.world, kind, UPLOAD, filename, content_type, data)
    return {"errmsg": "", "type": kind, "media_id": media.media_id, "created_at": str(media.created_at)}


@endpoint("/cgi-bin/media/upload_attachment", "POST", empty={"type": "", "media_id": "", "created_at": 0})
def upload_attachment(call):
    """wecom-api.md § 8.2: attachments of moments and of the product album; created_at is an integer here."""
    kind = call.query.get("media_type", "")
    source, kinds = ATTACHMENT_KINDS.get(call.query.get("attachment_type", ""), (None, ()))
    if kind not in ATTACHMENT_LIMITS:
        raise ApiError(40005)
    if kind not in kinds:
        raise ApiError(41072)
    filename, data = _uploaded(call, "media")
    if len(data) < SMALLEST:
        raise ApiError(40006)
    if len(data) > ATTACHMENT_LIMITS[kind]:
        raise ApiError(41080)
    content_type = _content_type(kind, data)
    if content_type is None:
        raise ApiError(41090 if kind == "video" else 40004)
    if source == MOMENT_ATTACHMENT:
        _check_measures(kind, data)
    media = _keep(call.world, kind, source, filename, content_type, data)
    return {"errmsg": "", "type": kind, "media_id": media.media_id, "created_at": media.created_at}


def _check_measures(kind, data):
    """Pixels or length of a file for a moment; raises ApiError 40123, 41081, 41082 or 41090."""
    try:
        measured = pixels(data) if kind == "image" else seconds(data)
    except ValueError as error:
        raise ApiError(40123 if kind == "image" else 41090) from error
    if kind == "image" and (max(measured) > LONG_SIDE or min(measured) > SHORT_SIDE):
        raise ApiError(41081)
    if kind == "video" and measured > VIDEO_SECONDS:
        raise ApiError(41082)


@endpoint("/cgi-bin/media/uploadimg", "POST", empty={"url": ""})
def uploadimg(call):
    """wecom-api.md § 8.3: a permanent picture; the URL is one of the sandbox, so that it can be looked at."""
    world = call.world
    _, data = _uploaded(call)
    if len(data) < SMALLEST - 1:
        raise ApiError(40006)
    if len(data) > PICTURE_LIMIT:
        raise ApiError(45001)
    content_type = image_type(data)
    if content_type is None:
        raise ApiError(40123)
    world.limits.check_uploadimg(world.clock.now())
    url = f"{call.request.host_url.rstrip('/')}{PICTURE_PATH}{world.new_id('p')}/0"
    world.pictures[url] = Picture(url, content_type, data)
    return {"errmsg": "", "url": url}


def live_media(world, media_id, kinds, source):
    """The media ``media_id`` when alive, of one of ``kinds`` and from ``source``; raises ApiError 41006 or 40007."""
    if not media_id:
        raise ApiError(41006)
    media = world.media.get(media_id)
    if media is None or media.created_at + LIFE <= world.clock.now():
        raise ApiError(40007)
    if media.kind not in kinds or media.source != source:
        raise ApiError(40007)
    return media


def with_file_facts(world, content):
    """``content`` for a phone to show: files carry their name and size in bytes, while they are kept."""
    attachments = []
    for attachment in content["attachments"]:
        media = world.media.get(attachment["file"]["media_id"]) if attachment["msgtype"] == "file" else None
        if media is not None:
            facts = {"filename": media.filename, "size": len(media.data)}
            attachment = {"msgtype": "file", "file": {**attachment["file"], **facts}}
        attachments.append(attachment)
    return {**content, "attachments": attachments}


@endpoint("/cgi-bin/media/get", "GET")
def get_media(call):
    """wecom-api.md § 8.4: the file itself, whole (200) or a range of it (206)."""
    media_id = call.query.get("media_id")
    if not media_id:
        raise ApiError(41006)
    media = call.world.media.get(media_id)
    if media is None or media.created_at + LIFE <= call.world.clock.now():
        media = call.world.moment_files.get(media_id)
    if media is None:
        raise ApiError(40007)
    range_header = call.request.headers.get("Range")
    first, last = _span(range_header, len(media.data)) or (0, len(media.data) - 1)
    if last - first + 1 > LARGEST_PIECE:
        raise ApiError(830002)
    return file_response(media, range_header)


def file_response(media, range_header=None):
    """A download of ``media``; an unsatisfiable range gives status 416."""
    data, size = media.data, len(media.data)
    headers = {
        "Content-Disposition": f'attachment; filename="{_ascii_name(media.filename)}"; '
        f"filename*=UTF-8''{quote(media.filename, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
    }
    span = _span(range_header, size)
    if span is None:
        return Response(data, content_type=media.content_type, headers=headers)
    first, last = span
    if first > last or first >= size:
        return Response(b"", status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(data[first : last + 1], status=206, content_type=media.content_type, headers=headers)


def _span(range_header, size):
    """First and last byte asked for; None without a range of the form ``bytes=a-b``, ``bytes=a-`` or ``bytes=-n``."""
    match = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", (range_header or "").strip(), re.ASCII)
    if not match or match[0] == "bytes=-":
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size - 1
    return int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)


def _ascii_name(filename):
    return re.sub(r'[^\x20-\x7e]|["\\]', "_", filename)
