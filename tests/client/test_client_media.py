"""Media: which files are taken, what is uploaded, what comes back (wecom-api.md § 8.1, 8.3, 8.4)."""

import pytest
from scripted_wecom import NO_ANSWER, ok, refused, reply

from wecom_api import media
from wecom_api.content import UPLOADED_IMAGE, validate_media
from wecom_api.errors import NotFound, PayloadInvalid, ResponseInvalid, TransportError

MEGABYTE = 1024 * 1024
JPEG = b"\xff\xd8\xff\xe0 picture"
PNG = b"\x89PNG\r\n\x1a\n picture"
MP4 = b"\x00\x00\x00\x18ftypisom rest"
AMR = b"#!AMR\n rest"
HEAD = {"image": JPEG, "voice": AMR, "video": MP4, "file": b"%PDF-1.7", UPLOADED_IMAGE: PNG}

UPLOAD = "/cgi-bin/media/upload"
UPLOAD_IMAGE = "/cgi-bin/media/uploadimg"
GET = "/cgi-bin/media/get"


@pytest.mark.parametrize(
    ("media_type", "megabytes"), [("image", 10), ("voice", 2), ("video", 10), ("file", 20), (UPLOADED_IMAGE, 2)]
)
def test_the_largest_file_passes_and_one_byte_more_does_not(media_type, megabytes):
    limit = megabytes * MEGABYTE
    assert validate_media(media_type, "name", limit, HEAD[media_type]) == []
    (problem,) = validate_media(media_type, "name", limit + 1, HEAD[media_type])
    assert (problem.field, problem.limit) == ("media", megabytes)
    assert str(problem) == f"Choose a file of at most {megabytes} MB; this one has {megabytes}.01 MB."


@pytest.mark.parametrize("media_type", HEAD)
def test_six_bytes_are_enough_and_five_are_not(media_type):
    assert validate_media("file", "name", 6, b"123456") == []
    (problem,) = validate_media(media_type, "name", 5, HEAD[media_type][:5])
    assert (problem.limit, problem.actual) == (6, 5)


@pytest.mark.parametrize(
    ("media_type", "head", "accepted"),
    [
        ("image", JPEG, True),
        ("image", PNG, True),
        ("image", b"GIF89a picture", False),
        ("image", b"RIFF\x00\x00\x00\x00WEBP", False),
        ("image", b"<svg xmlns=''>", False),
        (UPLOADED_IMAGE, JPEG, True),
        (UPLOADED_IMAGE, b"BM bitmap", False),
        ("video", MP4, True),
        ("video", b"\x00\x00\x00\x18ftypmp42 rest", True),
        ("video", b"\x00\x00\x00\x14ftypqt   rest", False),
        ("video", b"\x00\x00\x00\x18ftypheic rest", False),
        ("video", b"\x1aE\xdf\xa3 webm", False),
        ("voice", AMR, True),
        ("voice", b"ID3 music", False),
        ("file", b"anything at all", True),
    ],
)
def test_the_format_is_told_by_the_first_bytes_not_by_the_name(media_type, head, accepted):
    assert (validate_media(media_type, "name.jpg", 1000, head) == []) is accepted


def test_a_file_needs_a_name_and_a_known_kind():
    assert [problem.field for problem in validate_media("file", " ", 1000, b"123456")] == ["filename"]
    assert [problem.field for problem in validate_media("music", "a.mp3", 1000, b"123456")] == ["type"]


@pytest.mark.parametrize("created_at", ["1700000000", 1700000000])
def test_an_upload_returns_its_id_and_its_time_whether_text_or_number(wecom, client, created_at):
    wecom.script(UPLOAD, ok(type="image", media_id="m1", created_at=created_at))
    uploaded = media.upload(client, "image", "新茶.jpg", JPEG, "image/jpeg")
    assert (uploaded.media_id, uploaded.created_at) == ("m1", 1700000000)
    (request,) = wecom.calls(UPLOAD)
    assert request.query["type"] == "image"
    assert 'name="media"; filename="新茶.jpg"'.encode() in request.data
    assert JPEG in request.data


def test_a_lost_upload_is_repeated_because_nobody_sees_a_second_copy(wecom, client):
    wecom.script(UPLOAD, NO_ANSWER, ok(media_id="m1", created_at="1"))
    assert media.upload(client, "file", "a.pdf", b"%PDF-1.7", "application/pdf").media_id == "m1"


def test_a_picture_gets_a_permanent_address(wecom, client):
    wecom.script(UPLOAD_IMAGE, ok(url="http://p.qpic.cn/pic_wework/1/0"))
    assert media.upload_image(client, "a.png", PNG, "image/png") == "http://p.qpic.cn/pic_wework/1/0"


def test_a_lost_permanent_picture_is_not_uploaded_again(wecom, client):
    wecom.script(UPLOAD_IMAGE, NO_ANSWER)
    with pytest.raises(TransportError):
        media.upload_image(client, "a.png", PNG, "image/png")
    assert len(wecom.calls(UPLOAD_IMAGE)) == 1


def test_an_upload_confirmed_without_an_id_is_refused(wecom, client):
    wecom.script(UPLOAD, ok(), ok(media_id="m", created_at="soon"))
    wecom.script(UPLOAD_IMAGE, ok())
    for _attempt in range(2):
        with pytest.raises(ResponseInvalid):
            media.upload(client, "image", "a.jpg", JPEG, "image/jpeg")
    with pytest.raises(ResponseInvalid):
        media.upload_image(client, "a.jpg", JPEG, "image/jpeg")


def test_a_file_that_breaks_the_rules_is_never_sent(wecom, client):
    with pytest.raises(PayloadInvalid):
        media.upload(client, "image", "a.jpg", b"GIF89a picture", "image/jpeg")
    with pytest.raises(PayloadInvalid):
        media.upload_image(client, "a.jpg", b"", "image/jpeg")
    assert wecom.requests == []


@pytest.mark.parametrize("mimetype", ["image/jpeg", "application/json"])
def test_a_file_is_told_by_its_disposition_whatever_its_type(wecom, client, mimetype):
    headers = {"Content-Type": mimetype, "Content-disposition": 'attachment; filename="tea.jpg"'}
    wecom.script(GET, reply(b'{"errcode": 40007}', headers=headers))
    assert media.get(client, "m1") == (b'{"errcode": 40007}', "tea.jpg")
    assert wecom.calls(GET)[0].query["media_id"] == "m1"


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('attachment; filename="新茶.jpg"', "新茶.jpg"),
        ("attachment; filename=tea.jpg", "tea.jpg"),
        ("attachment; filename=\"__.jpg\"; filename*=UTF-8''%E6%96%B0%E8%8C%B6.jpg", "新茶.jpg"),
        ("attachment", ""),
    ],
)
def test_the_file_name_is_read_in_every_form(wecom, client, disposition, filename):
    wecom.script(GET, reply(JPEG, headers={"Content-disposition": disposition}))
    assert media.get(client, "m1") == (JPEG, filename)


def test_an_expired_file_and_an_answer_without_a_file_are_errors(wecom, client):
    wecom.script(GET, refused(40007, "invalid media_id"), ok())
    with pytest.raises(NotFound):
        media.get(client, "m1")
    with pytest.raises(ResponseInvalid, match="no file"):
        media.get(client, "m1")


def test_a_file_over_the_size_limit_is_refused_and_one_at_the_limit_is_not(wecom, client):
    headers = {"Content-disposition": 'attachment; filename="a"'}
    wecom.script(GET, reply(b"x" * 1000, headers=headers))
    assert media.get(client, "m1", max_bytes=1000)[0] == b"x" * 1000
    with pytest.raises(ResponseInvalid, match="larger than"):
        media.get(client, "m1", max_bytes=999)
