"""Broadcasts that somebody makes in the console, or another app makes (wecom-api.md § 6.1, 6.5)."""

import pytest

LINK = {"msgtype": "link", "link": {"title": "目录", "url": "https://e.example/c"}}


def listed(sandbox, **body):
    span = {"chat_type": "single", "start_time": 0, "end_time": 31 * 86400}
    now = sandbox.control("clock")["now"]
    span |= {"start_time": now - 86400, "end_time": now + 86400}
    return sandbox.contacts("get_groupmsg_list_v2", **span, **body)["group_msg_list"]


@pytest.fixture
def customer(sandbox):
    sandbox.control("members", userid="alice", name="Alice")
    return sandbox.control("customers", name="Li", follows=[{"userid": "alice"}])["external_userid"]


def test_one_made_in_the_console_waits_for_its_members(sandbox, customer):
    sandbox.control("settings", dispatch_delay=0)
    made = sandbox.control("broadcasts", creator="alice", text="早安", attachments=[LINK])
    [shown] = listed(sandbox)
    assert (shown["msgid"], shown["creator"], shown["create_type"]) == (made["msgid"], "alice", 0)
    assert shown["attachments"] == [LINK]
    assert [one["msgid"] for one in listed(sandbox, filter_type=0)] == [made["msgid"]]
    assert listed(sandbox, filter_type=1) == []
    task = {"msgid": made["msgid"]}
    assert sandbox.contacts("get_groupmsg_task", **task)["task_list"] == [{"userid": "alice", "status": 0}]
    assert sandbox.control("members/alice/confirm", **task)["sent"] == 1
    result = sandbox.contacts("get_groupmsg_send_result", userid="alice", **task)["send_list"]
    assert [(row["external_userid"], row["status"]) for row in result] == [(customer, 1)]
    assert sandbox.contacts("remind_groupmsg_send", **task)["errcode"] == 41047, "not made by this app"


def test_one_by_another_app_has_no_creator(sandbox, customer):
    made = sandbox.control("broadcasts", text="早安", external_userids=[customer])
    [shown] = listed(sandbox)
    assert (shown["msgid"], shown["create_type"], "creator" in shown) == (made["msgid"], 0, False)
    assert sandbox.contacts("get_groupmsg_task", msgid=made["msgid"])["errcode"] == 41063, "it is being dispatched"


@pytest.mark.parametrize(
    "body",
    [
        {"creator": "alice"},
        {"text": "x" * 4001},
        {"text": "x", "external_userids": ["wm_none"]},
        {"text": "x", "external_userids": []},
        {"text": "x", "attachments": ["link"]},
        {"text": "x", "attachments": [{"msgtype": "link"}]},
        {"text": "x", "creator": "nobody"},
    ],
)
def test_bad_input_makes_nothing(sandbox, customer, body):
    answer = sandbox.http.post(f"{sandbox.url}/sandbox/broadcasts", json=body)
    assert answer.status_code in (400, 404) and answer.json()["error"]
    assert sandbox.control("broadcasts") == {"broadcasts": []}
