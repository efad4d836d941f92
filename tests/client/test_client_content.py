"""Contents of broadcasts: every documented limit, at the edge and one past it (wecom-api.md § 6.2, § 17)."""

import pytest

from wecom_api import broadcasts, content
from wecom_api.errors import PayloadInvalid

ADDRESS = "https://e.example/"


def fields(problems):
    return [problem.field for problem in problems]


def message(**changes):
    return content.broadcast(**{"text": "New tea has arrived", "external_userids": ["wm1"], **changes})


def attachment_problems(attachment):
    return content.validate_broadcast(message(attachments=[attachment]))


def chinese(length):
    """A text of exactly ``length`` UTF-8 bytes, mostly three-byte characters."""
    return "茶" * (length // 3) + "x" * (length % 3)


AT_AND_PAST = {
    "text": (lambda size: message(text=chinese(size)), 4000, "text.content"),
    "attachments": (
        lambda size: message(attachments=[content.file("m")] * size),
        9,
        "attachments",
    ),
    "customers": (lambda size: message(external_userids=[f"wm{i}" for i in range(size)]), 10_000, "external_userid"),
    "tags in a group": (
        lambda size: message(external_userids=(), tag_groups=[["et"], ["et"] * size]),
        100,
        "tag_filter.group_list[1].tag_list",
    ),
    "customer groups": (
        lambda size: message(external_userids=(), chat_type="group", sender="alice", chat_ids=["wr"] * size),
        2000,
        "chat_id_list",
    ),
    "link title": (
        lambda size: message(attachments=[content.link(chinese(size), ADDRESS)]),
        128,
        "attachments[0].link.title",
    ),
    "link description": (
        lambda size: message(attachments=[content.link("t", ADDRESS, desc=chinese(size))]),
        512,
        "attachments[0].link.desc",
    ),
    "link address": (
        lambda size: message(attachments=[content.link("t", ADDRESS.ljust(size, "x"))]),
        2048,
        "attachments[0].link.url",
    ),
    "link picture": (
        lambda size: message(attachments=[content.link("t", ADDRESS, picurl=ADDRESS.ljust(size, "x"))]),
        2048,
        "attachments[0].link.picurl",
    ),
    "mini-program title": (
        lambda size: message(attachments=[content.miniprogram(chinese(size), "m", "wx1", "p")]),
        64,
        "attachments[0].miniprogram.title",
    ),
}


@pytest.mark.parametrize(("build", "limit", "field"), AT_AND_PAST.values(), ids=AT_AND_PAST)
def test_each_limit_holds_at_its_edge_and_names_itself_one_past_it(build, limit, field):
    assert content.validate_broadcast(build(limit)) == []
    (problem,) = content.validate_broadcast(build(limit + 1))
    assert (problem.field, problem.limit, problem.actual) == (field, limit, limit + 1)
    assert str(limit) in str(problem)
    assert str(limit + 1) in str(problem)


def test_every_kind_of_attachment_in_one_message_is_valid_and_holds_only_what_is_used():
    payload = message(
        sender="alice",
        attachments=[
            content.image(media_id="m1"),
            content.image(pic_url="http://p.qpic.cn/x/0"),
            content.link("Catalogue", ADDRESS),
            content.miniprogram("Shop", "m2", "wx00", "pages/home.html"),
            content.video("m3"),
            content.file("m4"),
        ],
    )
    assert content.validate_broadcast(payload) == []
    assert payload == {
        "chat_type": "single",
        "external_userid": ["wm1"],
        "sender": "alice",
        "text": {"content": "New tea has arrived"},
        "attachments": [
            {"msgtype": "image", "image": {"media_id": "m1"}},
            {"msgtype": "image", "image": {"pic_url": "http://p.qpic.cn/x/0"}},
            {"msgtype": "link", "link": {"title": "Catalogue", "url": ADDRESS}},
            {
                "msgtype": "miniprogram",
                "miniprogram": {"title": "Shop", "pic_media_id": "m2", "appid": "wx00", "page": "pages/home.html"},
            },
            {"msgtype": "video", "video": {"media_id": "m3"}},
            {"msgtype": "file", "file": {"media_id": "m4"}},
        ],
    }


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (content.broadcast(text="hi"), "external_userid"),
        (content.broadcast(external_userids=["wm1"]), "text.content"),
        (message(text="  \n"), "text.content"),
        (message(tag_groups=[["et1"]]), "tag_filter"),
        (message(external_userids=["wm1", ""]), "external_userid"),
        (message(external_userids=(), tag_groups=[[]]), "tag_filter.group_list[0].tag_list"),
        (message(chat_ids=["wr1"]), "chat_id_list"),
        (message(external_userids=(), chat_type="group"), "sender"),
        (message(chat_type="group", sender="alice"), "external_userid"),
        (message(external_userids=(), chat_type="group", sender="alice", allow_select=True), "allow_select"),
        (message(chat_type="everyone"), "chat_type"),
        ({**message(), "attachments": []}, "attachments"),
        ({**message(), "sender": ""}, "sender"),
    ],
)
def test_what_wecom_would_refuse_or_misread_is_named(payload, field):
    assert fields(content.validate_broadcast(payload)) == [field]


@pytest.mark.parametrize(
    "targets",
    [
        {"external_userids": ["wm1"]},
        {"external_userids": ["wm1"], "sender": "alice"},
        {"external_userids": (), "sender": "alice"},
        {"external_userids": (), "tag_groups": [["et1", "st2"], ["et3"]]},
        {"external_userids": (), "chat_type": "group", "sender": "alice"},
        {"allow_select": True},
    ],
)
def test_every_way_to_name_recipients_is_accepted(targets):
    assert content.validate_broadcast(message(**targets)) == []


@pytest.mark.parametrize(
    ("attachment", "field"),
    [
        ({"msgtype": "voice", "voice": {"media_id": "m"}}, "attachments[0].msgtype"),
        ({}, "attachments[0].msgtype"),
        ({"msgtype": "image"}, "attachments[0].image"),
        (content.image(), "attachments[0].image.media_id"),
        (content.image(pic_url="file:///etc/passwd"), "attachments[0].image.pic_url"),
        (content.link("", ADDRESS), "attachments[0].link.title"),
        (content.link("t", ""), "attachments[0].link.url"),
        (content.link("t", "e.example/catalogue"), "attachments[0].link.url"),
        (content.link("t", "javascript:alert(1)"), "attachments[0].link.url"),
        (content.link("t", "https:///path"), "attachments[0].link.url"),
        (content.link("t", ADDRESS, picurl="c.png"), "attachments[0].link.picurl"),
        (content.miniprogram("t", "", "wx1", "p"), "attachments[0].miniprogram.pic_media_id"),
        (content.miniprogram("t", "m", "", "p"), "attachments[0].miniprogram.appid"),
        (content.miniprogram("t", "m", "wx1", ""), "attachments[0].miniprogram.page"),
        (content.miniprogram("", "m", "wx1", "p"), "attachments[0].miniprogram.title"),
        (content.video(""), "attachments[0].video.media_id"),
        (content.file(""), "attachments[0].file.media_id"),
    ],
)
def test_an_incomplete_or_impossible_attachment_names_its_field(attachment, field):
    assert fields(attachment_problems(attachment)) == [field]


def test_control_characters_that_json_must_escape_are_refused_but_line_ends_are_not():
    assert content.validate_text("one\ntwo\r\n\tthree") == []
    for character in "\x00\x01\x0b\x1f":
        assert fields(content.validate_text(f"one{character}two")) == ["text.content"]
    assert fields(attachment_problems(content.link("t\x01", ADDRESS))) == ["attachments[0].link.title"]


def test_all_problems_are_reported_at_once_and_nothing_is_sent(wecom, client):
    payload = message(text=chinese(4001), attachments=[content.link("", "nowhere")] * 10)
    with pytest.raises(PayloadInvalid) as caught:
        broadcasts.add_msg_template(client, payload)
    assert len(caught.value.problems) == 1 + 1 + 10 * 2
    assert wecom.requests == []


def test_messages_can_be_translated_their_placeholders_are_all_known():
    payload = message(text=chinese(4001), chat_type="x", attachments=[content.link("x" * 129, "nowhere")] * 10)
    for problem in content.validate_broadcast(payload):
        assert set(problem.values) == {"field", "limit", "actual"}
        assert "%(" not in problem.message % problem.values


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "New tea"}, "text"),
        ({"text": {"content": 5}}, "text.content"),
        ({"external_userid": "wm1"}, "external_userid"),
        ({"external_userid": ["wm1", 5]}, "external_userid"),
        ({"external_userid": ["wm1", " "]}, "external_userid"),
        ({"sender": ["alice"]}, "sender"),
        ({"sender": "  "}, "sender"),
        ({"sender": True}, "sender"),
        ({"chat_type": 1}, "chat_type"),
        ({"allow_select": "yes"}, "allow_select"),
        ({"tag_filter": ["et"]}, "tag_filter"),
        ({"tag_filter": {"group_list": {"tag_list": ["et"]}}}, "tag_filter.group_list"),
        ({"tag_filter": {"group_list": ["et"]}}, "tag_filter.group_list[0]"),
        ({"tag_filter": {"group_list": [{"tag_list": "et"}]}}, "tag_filter.group_list[0].tag_list"),
        ({"attachments": {"msgtype": "file"}}, "attachments"),
        ({"attachments": ["file"]}, "attachments[0].msgtype"),
        ({"attachments": [{"msgtype": ["file"]}]}, "attachments[0].msgtype"),
        ({"attachments": [{"msgtype": "file", "file": "m"}]}, "attachments[0].file"),
        ({"attachments": [{"msgtype": "link", "link": {"title": 5, "url": ADDRESS}}]}, "attachments[0].link.title"),
    ],
)
def test_a_part_of_a_wrong_type_and_a_blank_id_are_named(changes, field):
    assert fields(content.validate_broadcast({**message(), **changes})) == [field]


def test_no_odd_shape_makes_the_check_fail():
    odd = [None, True, 0, 5, "", "x", [], ["x"], [None], [[]], {}, {"x": 1}, {"content": []}, {"group_list": [None]}]
    for name in message():
        for value in odd:
            content.validate_broadcast({**message(), name: value})
    for name in ("chat_type", "sender", "tag_filter", "attachments", "chat_id_list", "allow_select"):
        for value in odd:
            content.validate_broadcast({**message(), name: value})
