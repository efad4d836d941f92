"""Temporary media, files of moments and permanent images. Source: wecom-api.md § 8.1-8.4."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from .client import WeComClient
from .content import UPLOADED_IMAGE, ensure_valid, validate_media
from .errors import ResponseInvalid
from .limits import MEDIA_BYTES, MOMENT_VIDEO_SECONDS
from .media_rules import validate_moment_media
from .retry import CallKind
from .translate import _
from .transport import FilePart

_UPLOAD = "/cgi-bin/media/upload"
_UPLOAD_ATTACHMENT = "/cgi-bin/media/upload_attachment"
_UPLOAD_IMAGE = "/cgi-bin/media/uploadimg"
_GET = "/cgi-bin/media/get"
_FILENAME = re.compile(r'filename="?([^";]*)"?', re.IGNORECASE)
_ENCODED_FILENAME = re.compile(r"filename\*=UTF-8''([^;\s]+)", re.IGNORECASE)
_HEAD_BYTES = 64
_FOR_MOMENTS = 1

NOT_UNDERSTOOD = _("WeCom confirmed the upload without naming the file.")
UPLOAD_AGAIN = _("Upload the file again.")


@dataclass(frozen=True)
class UploadedMedia:
    """A file in WeCom's temporary store: usable for 3 days from ``created_at`` (Unix seconds)."""

    media_id: str
    created_at: int


def upload(client: WeComClient, media_type: str, filename: str, content: bytes, mimetype: str) -> UploadedMedia:
    """Upload ``content`` as image, voice, video or file (§ 8.1). Raises PayloadInvalid before any call."""
    ensure_valid(validate_media(media_type, filename, len(content), content[:_HEAD_BYTES]), _UPLOAD)
    part = FilePart("media", filename, content, mimetype)
    answer = client.call("POST", _UPLOAD, kind=CallKind.UPLOAD, params={"type": media_type}, files=part)
    return _uploaded(answer, _UPLOAD)


def upload_attachment(
    client: WeComClient,
    media_type: str,
    filename: str,
    content: bytes,
    mimetype: str,
    *,
    video_seconds: int = MOMENT_VIDEO_SECONDS,
) -> UploadedMedia:
    """Upload ``content`` as image or video of a moment (§ 8.2); its id works in moments only, and only there.

    Raises PayloadInvalid before any call: see :func:`media_rules.validate_moment_media`, also for ``video_seconds``.
    """
    ensure_valid(validate_moment_media(media_type, filename, content, video_seconds), _UPLOAD_ATTACHMENT)
    part = FilePart("media", filename, content, mimetype)
    params = {"media_type": media_type, "attachment_type": _FOR_MOMENTS}
    answer = client.call("POST", _UPLOAD_ATTACHMENT, kind=CallKind.UPLOAD, params=params, files=part)
    return _uploaded(answer, _UPLOAD_ATTACHMENT)


def _uploaded(answer: dict[str, Any], path: str) -> UploadedMedia:
    """Return the media named in ``answer``; its time is a string in one endpoint and a number in the other (§ 19)."""
    try:
        return UploadedMedia(str(answer["media_id"]), int(answer["created_at"]))
    except (KeyError, TypeError, ValueError):
        error = ResponseInvalid(path=path, explanation=NOT_UNDERSTOOD, remedy=UPLOAD_AGAIN)
    raise error


def upload_image(client: WeComClient, filename: str, content: bytes, mimetype: str) -> str:
    """Upload a picture of at most 2 MB and return its permanent address for ``pic_url`` (§ 8.3).

    WeCom keeps it for ever and takes 1000 a day, so a lost answer raises TransportError and is not repeated here.
    """
    ensure_valid(validate_media(UPLOADED_IMAGE, filename, len(content), content[:_HEAD_BYTES]), _UPLOAD_IMAGE)
    part = FilePart("media", filename, content, mimetype)
    answer = client.call("POST", _UPLOAD_IMAGE, kind=CallKind.KEEP, files=part)
    if not answer.get("url"):
        raise ResponseInvalid(path=_UPLOAD_IMAGE, explanation=NOT_UNDERSTOOD, remedy=UPLOAD_AGAIN)
    return answer["url"]


def get(client: WeComClient, media_id: str, *, max_bytes: int = MEDIA_BYTES["file"]) -> tuple[bytes, str]:
    """Return (content, file name) of one media file (§ 8.4). Raises NotFound (40007) when it has expired."""
    answer = client.download(_GET, params={"media_id": media_id}, max_bytes=max_bytes)
    return answer.body, _filename(answer.headers["Content-Disposition"])


def _filename(disposition: str) -> str:
    """Return the file name of a Content-Disposition header: the encoded form when there is one, else the plain one."""
    encoded = _ENCODED_FILENAME.search(disposition)
    if encoded:
        return unquote(encoded.group(1))
    plain = _FILENAME.search(disposition)
    # The HTTP library reads headers as Latin-1; the documentation shows the name in the plain form, so as raw UTF-8.
    return plain.group(1).encode("latin-1", "replace").decode("utf-8", "replace") if plain else ""
