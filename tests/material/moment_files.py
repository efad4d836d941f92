"""The smallest real pictures and videos of a wanted size and length, built byte by byte."""

import struct
import zlib


def png(width=4, height=3):
    """A grey PNG that opens anywhere."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width=4, height=3, frame=0xC0, before=b""):
    """The headers of a JPEG: ``before`` stands between its start and its frame, ``frame`` is 0xC2 when progressive."""
    application = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    huffman = b"\xff\xc4" + struct.pack(">H", 19) + bytes(17)
    size = struct.pack(">BBHBHHB", 0xFF, frame, 11, 8, height, width, 1) + bytes(3)
    return b"\xff\xd8" + application + before + huffman + size + b"\xff\xda" + bytes(20) + b"\xff\xd9"


def box(kind, content, long=False):
    """One box of an MP4; ``long`` writes its size in 64 bits."""
    if long:
        return struct.pack(">I4sQ", 1, kind, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, kind) + content


def mp4(seconds=5.0, width=640, height=360, *, brand=b"isom", version=0, film_last=True, padding=0, long=False):
    """A film without frames: header, one track of sound and one of pictures, ``padding`` bytes of data."""
    scale, duration = 1000, round(seconds * 1000)
    if version:
        times = struct.pack(">IQQIQ", 1 << 24, 0, 0, scale, duration)
    else:
        times = struct.pack(">IIIII", 0, 0, 0, scale, duration)
    film = box(b"mvhd", times + bytes(80))
    sound = _track(times, 0, 0)
    picture = _track(times, width, height)
    movie = box(b"moov", film + sound + picture, long)
    data = box(b"mdat", bytes(padding), long)
    kind = box(b"ftyp", brand + bytes(4) + brand)
    return kind + (data + movie if film_last else movie + data)


def _track(times, width, height):
    head = box(b"tkhd", bytes(76) + struct.pack(">II", width << 16, height << 16))
    return box(b"trak", head + box(b"mdia", box(b"mdhd", times + bytes(4))))
