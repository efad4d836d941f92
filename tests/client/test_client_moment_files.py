"""Files of moments: what their headers say, and which are taken (wecom-api.md § 8.2)."""

import struct

import pytest
from moment_files import box, jpeg, mp4, png
from scripted_wecom import NO_ANSWER, ok

from wecom_api import media
from wecom_api.errors import PayloadInvalid
from wecom_api.limits import MOMENT_VIDEO_SECONDS_2020
from wecom_api.media_headers import VideoFacts, picture_size, read_mp4
from wecom_api.media_rules import validate_moment_media

MEGABYTE = 1024 * 1024
UPLOAD = "/cgi-bin/media/upload_attachment"


def problems(media_type, content, **options):
    return [(problem.field, str(problem)) for problem in validate_moment_media(media_type, "a", content, **options)]


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (png(1080, 20), (1080, 20)),
        (jpeg(3000, 1080), (3000, 1080)),
        (jpeg(7, 9, frame=0xC2), (7, 9)),
        (jpeg(7, 9, before=b"\xff\xe1" + struct.pack(">H", 60_000) + bytes(59_998)), (7, 9)),
        (jpeg(7, 9, before=b"\xff\xff\xff\xd0"), (7, 9)),
        (png()[:20], None),
        (jpeg()[:12], None),
        (b"\xff\xd8\xff\xe0\x00\x00" + bytes(50), None),
        (b"\xff\xd8\xff\xda" + bytes(50), None),
        (png(0, 5), None),
        (b"GIF89a" + bytes(50), None),
        (b"", None),
    ],
)
def test_the_size_of_a_picture(picture, size):
    assert picture_size(picture) == size


@pytest.mark.parametrize(
    ("video", "facts"),
    [
        (mp4(29.5, 1280, 720), VideoFacts(29.5, 1280, 720)),
        (mp4(29.5, version=1), VideoFacts(29.5, 640, 360)),
        (mp4(film_last=False, padding=5000), VideoFacts(5, 640, 360)),
        (mp4(padding=5000, long=True), VideoFacts(5, 640, 360)),
        (mp4(0), None),
        (mp4(5, 0, 0), None),
        (mp4()[:-30], None),
        (box(b"ftyp", b"isom") + box(b"mdat", bytes(50)), None),
        (box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", bytes(16))), None),
        (png(), None),
        (b"", None),
    ],
)
def test_the_facts_of_a_video(video, facts):
    assert read_mp4(video) == facts


def test_no_cut_and_no_broken_byte_of_a_file_is_an_error():
    for whole in (png(), jpeg(), mp4(), mp4(version=1, long=True)):
        for end in range(len(whole)):
            picture_size(whole[:end])
            read_mp4(whole[:end])
            broken = whole[:end] + b"\xff" + whole[end + 1 :]
            picture_size(broken)
            read_mp4(broken)


def test_a_length_left_open_is_found_in_the_tracks():
    video = bytearray(mp4(7))
    place = video.index(b"mvhd") + 20
    video[place : place + 4] = b"\xff" * 4
    assert read_mp4(bytes(video)).seconds == 7


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((1080, 10_800), None),
        ((10_800, 1080), None),
        ((1081, 1081), "Make the picture smaller: its short side may have 1080 pixels, it measures 1081 × 1081."),
        ((10_801, 1), "Make the picture smaller: its long side may have 10800 pixels, it measures 10801 × 1."),
        ((10_801, 1081), "Make the picture smaller: its long side may have 10800 pixels, it measures 10801 × 1081."),
    ],
)
@pytest.mark.parametrize("picture", [png, jpeg])
def test_pixels_at_the_edge_and_past_it(picture, size, said):
    assert problems("image", picture(*size)) == ([("media.pixels", said)] if said else [])


@pytest.mark.parametrize(
    ("video", "limit", "said"),
    [
        (mp4(30), 30, None),
        (mp4(30.001), 30, "Cut the video to 30 seconds; it lasts 30.1."),
        (mp4(15), MOMENT_VIDEO_SECONDS_2020, None),
        (mp4(15.04), MOMENT_VIDEO_SECONDS_2020, "Cut the video to 15 seconds; it lasts 15.1."),
    ],
)
def test_the_length_of_a_video_at_the_edge_and_past_it(video, limit, said):
    assert problems("video", video, video_seconds=limit) == ([("media.seconds", said)] if said else [])


def test_the_largest_files_pass_and_one_byte_more_does_not():
    for media_type, whole in (("image", png(4, 3)), ("video", mp4(film_last=False))):
        tail = 10 * MEGABYTE - len(whole)
        filling = bytes(tail) if media_type == "image" else box(b"free", bytes(tail - 8))
        assert problems(media_type, whole + filling) == []
        (problem,) = validate_moment_media(media_type, "a", whole + filling + b"x")
        assert str(problem) == "Choose a file of at most 10 MB; this one has 10.01 MB."


@pytest.mark.parametrize(
    ("media_type", "content", "field"),
    [
        ("file", b"%PDF-1.7", "media_type"),
        ("image", mp4(), "media"),
        ("image", png()[:20], "media"),
        ("video", png(), "media"),
        ("video", mp4()[:-10], "media"),
        ("video", mp4(brand=b"qt  "), "media"),
        ("image", b"12345", "media"),
    ],
)
def test_other_kinds_and_damaged_files_are_refused(media_type, content, field):
    assert [name for name, _said in problems(media_type, content)] == [field]


def test_a_picture_of_a_moment_is_uploaded_for_moments_and_again_when_the_answer_is_lost(wecom, client):
    wecom.script(UPLOAD, NO_ANSWER, ok(type="image", media_id="a1", created_at=1700000000))
    uploaded = media.upload_attachment(client, "image", "新茶.png", png(), "image/png")
    assert (uploaded.media_id, uploaded.created_at) == ("a1", 1700000000)
    for request in wecom.calls(UPLOAD):
        assert (request.query["media_type"], request.query["attachment_type"]) == ("image", "1")
        assert 'name="media"; filename="新茶.png"'.encode() in request.data


def test_a_file_that_breaks_the_rules_is_never_sent(wecom, client):
    for arguments in (("image", "a.png", png(1081, 1081), "image/png"), ("video", "a.mp4", mp4(31), "video/mp4")):
        with pytest.raises(PayloadInvalid):
            media.upload_attachment(client, *arguments)
    with pytest.raises(PayloadInvalid):
        media.upload_attachment(client, "video", "a.mp4", mp4(16), "video/mp4", video_seconds=MOMENT_VIDEO_SECONDS_2020)
    assert wecom.requests == []
