"""What the sandbox measures of pictures and videos before it takes them for a moment (wecom-api.md § 8.2)."""

import re

_PNG_HEADER = re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR(.{4})(.{4})", re.DOTALL)


def pixels(data):
    """(width, height) of a PNG or JPG; raises ValueError when the file is damaged."""
    header = _PNG_HEADER.match(data)
    width, height = map(int.from_bytes, header.groups()) if header else _jpg_pixels(data)
    if not width or not height:
        raise ValueError("a picture without pixels")
    return width, height


def _jpg_pixels(data):
    position = 2
    while 0 <= position < len(data) - 9:
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        sign, kind = data[position], data[position + 1]
        if sign != 0xFF or kind == 0xDA:
            break
        if kind >> 4 == 0xC and kind not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[position + 7 : position + 9]), int.from_bytes(data[position + 5 : position + 7])
        alone = kind == 0x01 or 0xD0 <= kind <= 0xD8
        position += 2 if alone else 2 + int.from_bytes(data[position + 2 : position + 4])
    raise ValueError("no size in this JPG")


def seconds(data):
    """The length of an MP4, as its film header says; raises ValueError when the file is damaged."""
    film = _inside(_inside(data, b"moov"), b"mvhd")
    wide = film[:1] == b"\x01"
    scale_at, size = (20, 8) if wide else (12, 4)
    scale, length = film[scale_at : scale_at + 4], film[scale_at + 4 : scale_at + 4 + size]
    if len(length) < size or not int.from_bytes(scale) or not int.from_bytes(length):
        raise ValueError("a film header that is cut off or empty")
    return int.from_bytes(length) / int.from_bytes(scale)


def _inside(data, wanted):
    """The content of the first box ``wanted`` in ``data``; raises ValueError when there is none that is whole."""
    position = 0
    while position + 8 <= len(data):
        size, kind, head = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[position + 8 : position + 16]), 16
        end = position + size if size else len(data)
        if end > len(data) or end < position + head:
            break
        if kind == wanted:
            return data[position + head : end]
        position = end
    raise ValueError(f"no whole box {wanted.decode()}")
