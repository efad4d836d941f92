import pytest
from caller import AMR, JPG, MP4, PNG
from moment_files import jpeg, mp4, png

MEGABYTE = 1024 * 1024


def padded(start, size):
    return start + b"\0" * (size - len(start))


@pytest.mark.parametrize(
    ("kind", "data", "errcode"),
    [
        ("image", padded(PNG, 10 * MEGABYTE), 0),
        ("image", padded(PNG, 10 * MEGABYTE + 1), 45001),
        ("image", JPG, 0),
        ("image", b"GIF89a" + b"\0" * 50, 40004),
        ("voice", padded(AMR, 2 * MEGABYTE), 0),
        ("voice", padded(AMR, 2 * MEGABYTE + 1), 45001),
        ("voice", PNG, 40004),
        ("video", padded(MP4, 10 * MEGABYTE), 0),
        ("video", padded(MP4, 10 * MEGABYTE + 1), 45001),
        ("video", PNG, 40004),
        ("file", b"\0" * 20 * MEGABYTE, 0),
        ("file", b"\0" * (20 * MEGABYTE + 1), 45001),
        ("file", b"123456", 0),
        ("file", b"12345", 40006),
        ("file", b"", 44001),
        ("picture", PNG, 40005),
        ("", PNG, 40005),
    ],
)
def test_limits_of_uploads(sandbox, kind, data, errcode):
    assert sandbox.upload(data, kind)["errcode"] == errcode


def test_an_upload_answers_as_documented(sandbox):
    answer = sandbox.upload()
    assert (answer["errcode"], answer["errmsg"], answer["type"]) == (0, "", "image")
    assert answer["created_at"] == str(int(answer["created_at"]))
    assert sandbox.upload(field="file")["errcode"] == 44001
    assert sandbox.post("media/upload", b"no form", type="image")["errcode"] == 44001


@pytest.mark.parametrize(
    ("media_type", "attachment_type", "data", "errcode"),
    [
        ("image", "1", png(), 0),
        ("image", "1", png(1080, 10_800), 0),
        ("image", "1", png(1081, 1081), 41081),
        ("image", "1", jpeg(10_801, 3), 41081),
        ("image", "1", jpeg(10_800, 1080, frame=0xC2), 0),
        ("image", "1", PNG, 40123),
        ("image", "1", JPG, 40123),
        ("video", "1", mp4(30), 0),
        ("video", "1", mp4(30, version=1, long=True), 0),
        ("video", "1", mp4(30.1), 41082),
        ("video", "1", mp4(5, film_last=False)[:-300], 41090),
        ("video", "1", MP4, 41090),
        ("file", "1", b"123456", 41072),
        ("image", "2", PNG, 0),
        ("video", "2", MP4, 41072),
        ("image", "3", PNG, 41072),
        ("voice", "1", AMR, 40005),
        ("image", "1", padded(png(), 10 * MEGABYTE), 0),
        ("image", "1", padded(png(), 10 * MEGABYTE + 1), 41080),
        ("video", "1", PNG, 41090),
        ("image", "1", b"12345", 40006),
    ],
)
def test_limits_of_attachments(sandbox, media_type, attachment_type, data, errcode):
    answer = sandbox.upload_for_moment(data, media_type, attachment_type)
    assert answer["errcode"] == errcode
    assert isinstance(answer["created_at"], int)


@pytest.mark.parametrize(
    ("data", "errcode"),
    [
        (padded(PNG, 2 * MEGABYTE), 0),
        (padded(JPG, 2 * MEGABYTE + 1), 45001),
        (b"1234", 40006),
        (b"12345", 40123),
        (b"", 44001),
        (MP4, 40123),
    ],
)
def test_limits_of_permanent_pictures(sandbox, data, errcode):
    assert sandbox.upload_picture(data)["errcode"] == errcode


def test_a_permanent_picture_can_be_looked_at_for_ever(sandbox):
    url = sandbox.upload_picture()["url"]
    sandbox.control("clock", advance=400 * 86400)
    answer = sandbox.http.get(url)
    assert (answer.content, answer.headers["Content-Type"]) == (PNG, "image/png")
    assert sandbox.http.get(url.replace("/0", "x/0")).status_code == 404


def download(sandbox, media_id, span=None):
    query = {"access_token": sandbox.token, "media_id": media_id}
    headers = {"Range": span} if span else {}
    return sandbox.http.get(f"{sandbox.url}/cgi-bin/media/get", params=query, headers=headers)


def test_a_download_is_the_file_with_its_name(sandbox):
    media_id = sandbox.upload(b"0123456789", "file", "护肤 手册.pdf")["media_id"]
    answer = download(sandbox, media_id)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="__ __.pdf"')
    assert "%E6%8A%A4%E8%82%A4%20%E6%89%8B%E5%86%8C.pdf" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("span", "status", "data", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=5-4", 416, b"", "bytes */10"),
        ("bytes=-", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_a_download_in_ranges(sandbox, span, status, data, content_range):
    answer = download(sandbox, sandbox.upload(b"0123456789", "file")["media_id"], span)
    assert (answer.status_code, answer.content, answer.headers.get("Content-Range")) == (status, data, content_range)


def test_media_lives_three_days(sandbox):
    media_id = sandbox.upload()["media_id"]
    sandbox.control("clock", advance=3 * 86400 - 10)
    sandbox.sign_in()
    assert download(sandbox, media_id).content == PNG
    sandbox.control("clock", advance=10)
    assert download(sandbox, media_id).json()["errcode"] == 40007
    assert download(sandbox, "").json()["errcode"] == 41006
    sandbox.upload()
    assert list(sandbox.world.media) != [media_id] and len(sandbox.world.media) == 1
