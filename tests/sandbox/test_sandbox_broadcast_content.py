"""Each limit of the content of a broadcast, at it and past it (wecom-api.md § 6.2)."""

import pytest
from caller import MP4

TEXT = {"content": "x"}


def link(**changes):
    return {"title": "t", "url": "https://e.example", **changes}


def errcode(sandbox, attachments=(), text=TEXT, **body):
    customer = next(iter(sandbox.world.contacts), None) or sandbox.add_customer("alice")
    body = {"external_userid": [customer], "attachments": list(attachments), **({"text": text} if text else {}), **body}
    return sandbox.contacts("add_msg_template", **body)["errcode"]


@pytest.mark.parametrize(("text", "code"), [("中" * 1333 + "x", 0), ("中" * 1333 + "xx", 40058), ("x" * 4000, 0)])
def test_text_of_4000_bytes(sandbox, alice, text, code):
    assert errcode(sandbox, text={"content": text}) == code


def test_text_or_attachments(sandbox, alice):
    assert errcode(sandbox, text=None) == 44004
    assert errcode(sandbox, text={"content": ""}) == 44004
    assert errcode(sandbox, [{"msgtype": "link", "link": link()}], text=None) == 0


@pytest.mark.parametrize(("count", "code"), [(9, 0), (10, 41064)])
def test_nine_attachments(sandbox, alice, count, code):
    assert errcode(sandbox, [{"msgtype": "link", "link": link()}] * count) == code


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (link(title="中" * 42 + "xx"), 0),
        (link(title="中" * 43), 40058),
        (link(title=""), 41016),
        (link(url="u" * 2048), 0),
        (link(url="u" * 2049), 40058),
        (link(url=""), 41010),
        (link(desc="d" * 512), 0),
        (link(desc="d" * 513), 40058),
        (link(picurl="p" * 2048), 0),
        (link(picurl="p" * 2049), 40058),
    ],
)
def test_links(sandbox, alice, part, code):
    assert errcode(sandbox, [{"msgtype": "link", "link": part}]) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"title": "x" * 64}, 0),
        ({"title": "x" * 65}, 40058),
        ({"title": ""}, 41016),
        ({"pic_media_id": ""}, 41006),
        ({"pic_media_id": "nothing"}, 40007),
        ({"appid": ""}, 40058),
        ({"appid": "shop"}, 90207),
        ({"page": ""}, 40058),
    ],
)
def test_mini_programs(sandbox, alice, changes, code):
    part = {"title": "商城", "pic_media_id": sandbox.upload()["media_id"], "appid": "wx00", "page": "p", **changes}
    assert errcode(sandbox, [{"msgtype": "miniprogram", "miniprogram": part}]) == code


def test_media_of_the_right_kind(sandbox, alice):
    ids = {
        "image": sandbox.upload()["media_id"],
        "video": sandbox.upload(MP4, "video", "a.mp4")["media_id"],
        "file": sandbox.upload(b"%PDF-1.4", "file", "a.pdf")["media_id"],
    }
    for kind in ids:
        for uploaded_as, media_id in ids.items():
            code = errcode(sandbox, [{"msgtype": kind, kind: {"media_id": media_id}}])
            assert code == (0 if kind == uploaded_as else 40007), (kind, uploaded_as)
        assert errcode(sandbox, [{"msgtype": kind, kind: {"media_id": ""}}]) in (41006, 40058)


def test_media_lives_three_days(sandbox, alice):
    media_id = sandbox.upload()["media_id"]
    attachment = {"msgtype": "image", "image": {"media_id": media_id}}
    sandbox.control("clock", advance=3 * 86400 - 10)
    sandbox.sign_in()
    assert errcode(sandbox, [attachment]) == 0
    sandbox.control("clock", advance=10)
    assert errcode(sandbox, [attachment]) == 40007


def test_media_of_upload_attachment_is_refused(sandbox, alice):
    answer = sandbox.upload_for_moment()
    assert errcode(sandbox, [{"msgtype": "image", "image": {"media_id": answer["media_id"]}}]) == 40007


def test_a_picture_by_its_address(sandbox, alice):
    url = sandbox.upload_picture()["url"]
    assert errcode(sandbox, [{"msgtype": "image", "image": {"pic_url": url}}]) == 0
    assert errcode(sandbox, [{"msgtype": "image", "image": {"pic_url": "https://elsewhere.example/a.png"}}]) == 40058
    media_id = sandbox.upload()["media_id"]
    assert errcode(sandbox, [{"msgtype": "image", "image": {"media_id": media_id, "pic_url": "ignored"}}]) == 0


@pytest.mark.parametrize(
    ("attachment", "code"),
    [
        ({"msgtype": "voice", "voice": {"media_id": "x"}}, 41065),
        ({"image": {"media_id": "x"}}, 41065),
        ({"msgtype": "link"}, 40058),
        ({"msgtype": "link", "image": {"media_id": "x"}}, 40058),
        ("link", 40058),
    ],
)
def test_attachments_that_are_none(sandbox, alice, attachment, code):
    assert errcode(sandbox, [attachment]) == code


def test_what_is_refused_creates_nothing(sandbox, alice):
    assert errcode(sandbox, text={"content": "x" * 4001}) == 40058
    assert sandbox.control("broadcasts") == {"broadcasts": []}
