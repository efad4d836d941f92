"""Messages of the app to members (wecom-api.md § 14)."""

import pytest

AGENT = 1000002


def send(sandbox, **body):
    return sandbox.post(
        "message/send", {"agentid": AGENT, "touser": "alice", "msgtype": "text", "text": {"content": "请发表"}, **body}
    )


def notices(sandbox, userid="alice"):
    return sandbox.control(f"members/{userid}/moments")["notices"]


def test_a_text_and_a_card_arrive_and_unknown_members_are_named_in_lower_case(sandbox, alice, bob):
    answer = send(sandbox, touser="ALICE|Ghost|bob")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "ghost")
    card = {"title": "t", "description": "d", "url": "https://e.example/", "btntxt": "打开"}
    assert send(sandbox, msgtype="textcard", textcard=card)["errcode"] == 0
    assert [notice["msgtype"] for notice in notices(sandbox)] == ["textcard", "text"]
    assert notices(sandbox)[0]["textcard"] == card
    assert [notice["text"] for notice in notices(sandbox, "bob")] == ["请发表"]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"touser": "ghost"}, 81013),
        ({"touser": ""}, 82001),
        ({"touser": "|".join(["alice"] * 1000)}, 0),
        ({"touser": "|".join(["alice"] * 1001)}, 40058),
        ({"touser": "@all"}, 0),
        ({"touser": "", "toparty": "1"}, 0),
        ({"touser": "", "toparty": "9"}, 81013),
        ({"touser": "", "totag": "1"}, 81013),
        ({"agentid": None}, 41011),
        ({"agentid": 7}, 40056),
        ({"msgtype": "news"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"msgtype": "textcard", "textcard": {"title": "t" * 128, "description": "d", "url": "u"}}, 0),
        ({"msgtype": "textcard", "textcard": {"title": "t" * 129, "description": "d", "url": "u"}}, 40058),
        ({"msgtype": "textcard", "textcard": {"description": "d", "url": "u"}}, 41016),
        ({"msgtype": "textcard", "textcard": {"title": "t", "url": "u"}}, 40058),
        ({"msgtype": "textcard", "textcard": {"title": "t", "description": "d"}}, 41010),
    ],
)
def test_what_is_taken_and_what_not(sandbox, alice, body, errcode):
    assert send(sandbox, **body)["errcode"] == errcode


def test_a_long_text_is_cut(sandbox, alice):
    send(sandbox, text={"content": "茶" * 700})
    assert notices(sandbox)[0]["text"] == "茶" * 682


def test_thirty_a_minute_to_one_member_arrive_and_the_rest_is_dropped_in_silence(sandbox, alice, bob):
    assert {send(sandbox, touser="alice")["errcode"] for _ in range(31)} == {0}
    with sandbox.world.lock:
        assert len(sandbox.world.members["alice"].notices) == 30
    send(sandbox, touser="bob")
    assert len(notices(sandbox, "bob")) == 1


def test_messages_are_not_counted_in_the_base_limit(sandbox, alice):
    sandbox.sign_in()
    sandbox.control("settings", rate_limit_per_minute=1)
    assert {send(sandbox)["errcode"] for _ in range(3)} == {0}
