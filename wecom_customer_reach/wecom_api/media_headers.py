"""What the headers of pictures and videos say: pixels and length, read without a library.

Every reader returns None for a file that is cut off, damaged or of another format; it never raises and never reads
more than the headers. Formats: PNG (W3C), JPEG (ITU T.81 § B.2), MP4 (ISO/IEC 14496-12 § 8).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
# The markers that start a frame carry its size: SOF0 to SOF15, without DHT, JPG and DAC, which lie between them.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_END_OF_HEADERS = (0xD9, 0xDA)
_PARENTS = (b"moov", b"trak", b"mdia")
_LONGEST_UNKNOWN = (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True)
class VideoFacts:
    """What an MP4 says of itself: its length in ``seconds``, ``width`` and ``height`` of its picture in pixels."""

    seconds: float
    width: int
    height: int


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels of a PNG or JPEG, as stored: a camera's turn of the picture is not applied."""
    size = _png_size(content) if content.startswith(_PNG) else _jpeg_size(content)
    return size if size and all(size) else None


def _png_size(content: bytes) -> tuple[int, int] | None:
    if content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return struct.unpack_from(">II", content, 16)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(_JPEG):
        return None
    position = 2
    while position + 4 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF or marker in _JPEG_WITHOUT_LENGTH:  # 0xFF: a fill byte
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_END_OF_HEADERS:
            return None
        if marker in _JPEG_FRAMES and position + 9 <= len(content):
            height, width = struct.unpack_from(">HH", content, position + 5)
            return width, height
        position += 2 + int.from_bytes(content[position + 2 : position + 4])
    return None


def read_mp4(content: bytes) -> VideoFacts | None:
    """Return the facts of an MP4 that has a picture; the length is that of its longest track, or of the whole film."""
    if content[4:8] != b"ftyp":
        return None
    try:
        boxes = list(_boxes(content, 0, len(content)))
        lengths = [_length(content, start) for kind, start, _end in boxes if kind in (b"mvhd", b"mdhd")]
        sizes = [_track_size(content, start, end) for kind, start, end in boxes if kind == b"tkhd"]
    except (struct.error, ValueError):
        return None
    seconds = max((length for length in lengths if length is not None), default=None)
    width, height = max(sizes, default=(0, 0))
    if not seconds or not width or not height:
        return None
    return VideoFacts(float(seconds), width, height)


def _boxes(content: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, start of what it holds, end) of each box and of those in it; raises ValueError when one overruns."""
    while position + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, position)
        start = position + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, start)
            start += 8
        after = end if size == 0 else position + size
        if not start <= after <= end:
            raise ValueError("a box is cut off")
        yield kind, start, after
        if kind in _PARENTS:
            yield from _boxes(content, start, after)
        position = after


def _length(content: bytes, start: int) -> Fraction | None:
    """Return the seconds of a film (mvhd) or a track (mdhd); None when it leaves its length open."""
    layout, offset = (">IQ", 20) if content[start] == 1 else (">II", 12)
    timescale, duration = struct.unpack_from(layout, content, start + offset)
    if not timescale:
        raise ValueError("no time scale")
    return None if duration in _LONGEST_UNKNOWN else Fraction(duration, timescale)


def _track_size(content: bytes, start: int, end: int) -> tuple[int, int]:
    """Return (width, height) of a track; (0, 0) for sound. They are the last eight bytes, in 16.16 fixed point."""
    if end - start < 84:
        raise ValueError("the header of a track is cut off")
    width, height = struct.unpack_from(">II", content, end - 8)
    return width >> 16, height >> 16
