"""Which files WeCom takes: size, kind as the first bytes tell it, and for moments pixels and length.

Source: wecom-api.md § 8.1, 8.2, 8.3.
"""

from .errors import Problem
from .limits import (
    MEDIA_BYTES,
    MEDIA_MIN_BYTES,
    MEGABYTE,
    MOMENT_LONG_SIDE_PIXELS,
    MOMENT_MEDIA_BYTES,
    MOMENT_SHORT_SIDE_PIXELS,
    MOMENT_VIDEO_SECONDS,
    UPLOADED_IMAGE_BYTES,
)
from .media_headers import picture_size, read_mp4
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
    return _file_problems(media_type, filename, size, head, _MAX_BYTES[media_type])


def validate_moment_media(
    media_type: str, filename: str, content: bytes, video_seconds: int = MOMENT_VIDEO_SECONDS
) -> list[Problem]:
    """Check a picture or video before it is uploaded for a moment: size, format, pixels, length (§ 8.2).

    ``media_type`` image or video; ``video_seconds`` the longest video allowed: a company may keep to the
    ``MOMENT_VIDEO_SECONDS_2020``. A picture with too many pixels is told by the field ``media.pixels``: it can be
    scaled down.
    """
    if media_type not in MOMENT_MEDIA_BYTES:
        return [Problem("media_type", _("Choose image or video instead of “%(actual)s”."), None, media_type)]
    problems = _file_problems(media_type, filename, len(content), content, MOMENT_MEDIA_BYTES[media_type])
    if problems:
        return problems
    return _pixel_problems(content) if media_type == "image" else _video_problems(content, video_seconds)


def moment_picture_fits(width: int, height: int) -> bool:
    """Return whether a picture of this size in pixels may go into a moment, upright or lying."""
    return max(width, height) <= MOMENT_LONG_SIDE_PIXELS and min(width, height) <= MOMENT_SHORT_SIDE_PIXELS


def _pixel_problems(content: bytes) -> list[Problem]:
    size = picture_size(content)
    if size is None:
        return [Problem("media", _("Choose another picture: this file is damaged."))]
    if moment_picture_fits(*size):
        return []
    message = _("Make the picture smaller: its short side may have %(limit)s pixels, it measures %(actual)s.")
    limit = MOMENT_SHORT_SIDE_PIXELS
    if max(size) > MOMENT_LONG_SIDE_PIXELS:
        message = _("Make the picture smaller: its long side may have %(limit)s pixels, it measures %(actual)s.")
        limit = MOMENT_LONG_SIDE_PIXELS
    return [Problem("media.pixels", message, limit, "{} × {}".format(*size))]


def _video_problems(content: bytes, limit: int) -> list[Problem]:
    video = read_mp4(content)
    if video is None:
        return [Problem("media", _("Save the video as MP4 again: this file is damaged or holds no picture."))]
    if video.seconds <= limit:
        return []
    message = _("Cut the video to %(limit)s seconds; it lasts %(actual)s.")
    # One decimal, never rounded down to the limit itself.
    return [Problem("media.seconds", message, limit, f"{-(-video.seconds * 10 // 1) / 10:.1f}")]


def _file_problems(media_type: str, filename: str, size: int, head: bytes, max_bytes: int) -> list[Problem]:
    problems = []
    if not filename.strip():
        problems.append(Problem("filename", _("Give the file a name: receivers see it.")))
    if size < MEDIA_MIN_BYTES:
        message = _("Choose a file of at least %(limit)s bytes; this one has %(actual)s.")
        problems.append(Problem("media", message, MEDIA_MIN_BYTES, size))
        return problems
    return problems + _size_problems(size, max_bytes) + _format_problems(media_type, head)


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
