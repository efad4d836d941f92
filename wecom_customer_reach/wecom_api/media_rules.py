"""Which files WeCom takes: size, and kind as the first bytes tell it. Source: wecom-api.md § 8.1, § 8.3."""

from .errors import Problem
from .limits import MEDIA_BYTES, MEDIA_MIN_BYTES, MEGABYTE, UPLOADED_IMAGE_BYTES
from .translate import _

UPLOADED_IMAGE = "uploadimg"
"""The permanent pictures of ``media.upload_image``; not one of WeCom's media types."""

_MAX_BYTES = {**MEDIA_BYTES, UPLOADED_IMAGE: UPLOADED_IMAGE_BYTES}
_NOT_MP4_BRANDS = (b"qt  ", b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ")
"""Other formats that share the container of MP4: QuickTime, HEIC and AVIF pictures, audio."""


def validate_media(media_type: str, filename: str, size: int, head: bytes) -> list[Problem]:
    """Check a file before it is uploaded.

    ``media_type`` image, voice, video, file or :data:`UPLOADED_IMAGE`; ``size`` in bytes; ``head`` its first bytes, at
    least 12 of them when the file has so many.
    """
    if media_type not in _MAX_BYTES:
        message = _("Choose image, voice, video or file instead of “%(actual)s”.")
        return [Problem("type", message, None, media_type)]
    problems = []
    if not filename.strip():
        problems.append(Problem("filename", _("Give the file a name: receivers see it.")))
    if size < MEDIA_MIN_BYTES:
        message = _("Choose a file of at least %(limit)s bytes; this one has %(actual)s.")
        problems.append(Problem("media", message, MEDIA_MIN_BYTES, size))
        return problems
    problems += _size_problems(size, _MAX_BYTES[media_type])
    problems += _format_problems(media_type, head)
    return problems


def _size_problems(size: int, limit: int) -> list[Problem]:
    if size <= limit:
        return []
    message = _("Choose a file of at most %(limit)s MB; this one has %(actual)s MB.")
    # Two decimals, never rounded down to the limit itself.
    actual = f"{-(-size * 100 // MEGABYTE) / 100:.2f}"
    return [Problem("media", message, limit // MEGABYTE, actual)]


def _format_problems(media_type: str, head: bytes) -> list[Problem]:
    if media_type in ("image", UPLOADED_IMAGE) and not _is_jpeg_or_png(head):
        return [Problem("media", _("Choose a JPG or PNG picture; this file is neither, whatever its name says."))]
    if media_type == "video" and not _is_mp4(head):
        return [Problem("media", _("Choose an MP4 video; this file is none, whatever its name says."))]
    if media_type == "voice" and not head.startswith(b"#!AMR"):
        return [Problem("media", _("Choose an AMR recording; this file is none, whatever its name says."))]
    return []


def _is_jpeg_or_png(head: bytes) -> bool:
    return head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def _is_mp4(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] not in _NOT_MP4_BRANDS
