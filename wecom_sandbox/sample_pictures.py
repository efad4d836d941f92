"""Pictures out of nothing: what a member photographs for his own moment, and the still of a video."""

import colorsys
import struct
import zlib

SIDE = 240


def sample_picture(number):
    """The bytes of a PNG that fades from one colour to another; each number has its own."""
    start, end = (colorsys.hsv_to_rgb((number * 0.17 + turn) % 1, 0.45, 0.9) for turn in (0, 0.12))
    rows = b"".join(
        b"\0"
        + bytes(
            round(255 * (first + (last - first) * (row + column) / (2 * SIDE)))
            for column in range(SIDE)
            for first, last in zip(start, end, strict=True)
        )
        for row in range(SIDE)
    )
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
