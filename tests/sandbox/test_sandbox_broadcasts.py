"""A broadcast from its creation to its results (wecom-api.md § 6)."""

import pytest

from wecom_sandbox.welcome import new_code

TEXT = {"content": "新品到店"}


def create(sandbox, **body):
    return sandbox.contacts("add_msg_template", **{"text": TEXT, **body})


def tasks(sandbox, msgid):
    rows = sandbox.contacts("get_groupmsg_task", msgid=msgid)["task_list"]
    return {row["userid"]: row["status"] for row in rows}


def assigned(sandbox, msgid):
    rows = sandbox.control(f"broadcasts/{msgid}/recipients")["recipients"]
    return {row["external_userid"]: row["userid"] for row in rows}


def test_from_creation_to_results(sandbox, alice, bob):
    mine, lost, bobs = sandbox.add_customer("alice"), sandbox.add_customer("alice"), sandbox.add_customer("bob")
    msgid = sandbox.broadcast(mine, lost, bobs)
    assert tasks(sandbox, msgid) == {"alice": 0, "bob": 0}
    assert sandbox.results(msgid, "alice") == {mine: 0, lost: 0}
    sandbox.control(f"customers/{lost}/delete_member", userid="alice")
    assert sandbox.control("members/alice/confirm", msgid=msgid) == {"sent": 1, "not_friend": 1, "capped": 0}
    answer = sandbox.contacts("get_groupmsg_task", msgid=msgid)["task_list"]
    assert [row["status"] for row in answer] == [2, 0]
    assert "send_time" in answer[0] and "send_time" not in answer[1]
    rows = sandbox.contacts("get_groupmsg_send_result", msgid=msgid, userid="alice")["send_list"]
    assert [("send_time" in row, row["status"]) for row in rows] == [(True, 1), (False, 2)]
    assert sandbox.results(msgid, "bob") == {bobs: 0}
    inbox = sandbox.control(f"customers/{mine}")["inbox"]
    assert [(message["userid"], message["text"], message["msgid"]) for message in inbox] == [("alice", TEXT, msgid)]
    assert sandbox.control(f"customers/{lost}")["inbox"] == []
    book = sandbox.control("broadcasts")["broadcasts"][0]
    assert book["results"] == {"0": 1, "1": 1, "2": 1, "3": 0}


def test_the_member_of_the_latest_chat_gets_the_task(sandbox, alice, bob):
    def follows(**last):
        return [{"userid": "alice", **last.get("alice", {})}, {"userid": "bob", **last.get("bob", {})}]

    chatted = sandbox.add_customer(
        follows=follows(alice={"last_chat": 200, "createtime": 1}, bob={"last_chat": 100, "createtime": 9})
    )
    never = sandbox.add_customer(follows=follows(alice={"createtime": 1}, bob={"createtime": 9}))
    once = sandbox.add_customer(follows=follows(alice={"last_chat": 2, "createtime": 1}, bob={"createtime": 9}))
    expected = {chatted: "alice", never: "bob", once: "alice"}
    assert assigned(sandbox, sandbox.broadcast(*expected)) == expected
    sandbox.control(f"customers/{chatted}/chat", userid="bob")
    assert assigned(sandbox, sandbox.broadcast(chatted)) == {chatted: "bob"}


def test_ids_that_cannot_be_sent_to_come_back(sandbox, alice, bob):
    mine, bobs = sandbox.add_customer("alice"), sandbox.add_customer("bob")
    half = sandbox.add_customer(follows=[{"userid": "alice", "relation": "half"}])
    ids = ["wm_bad", half, mine, bobs, mine]
    answer = create(sandbox, external_userid=ids)
    assert (answer["errcode"], answer["fail_list"]) == (0, ["wm_bad", half])
    answer = create(sandbox, external_userid=ids, sender="ALICE")
    assert (answer["errcode"], answer["fail_list"]) == (0, ["wm_bad", half, bobs])
    assert assigned(sandbox, answer["msgid"]) == {mine: "alice"}
    answer = create(sandbox, external_userid=["wm_bad", half])
    assert (answer["errcode"], answer["fail_list"]) == (41048, ["wm_bad", half])


def test_a_sender_alone_means_all_his_customers(sandbox, alice, bob):
    mine = sandbox.add_customer("alice")
    shared = sandbox.add_customer("alice", "bob")
    sandbox.add_customer("bob")
    msgid = sandbox.broadcast(sender="alice")
    assert assigned(sandbox, msgid) == {mine: "alice", shared: "alice"}


def test_a_tag_filter_is_any_within_and_all_between_groups(sandbox, alice, bob):
    group = sandbox.control("tags", group="g", tags=["gold", "silver", "north", "south"])
    gold, silver, north, south = (tag["id"] for tag in group["tag"])

    def customer(userid, *tag_ids):
        return sandbox.add_customer(follows=[{"userid": userid, "tag_id": list(tag_ids)}])

    first, second = customer("alice", gold, north), customer("bob", silver, north)
    customer("alice", gold, south), customer("alice", north)
    groups = [{"tag_list": [gold, silver]}, {"tag_list": [north]}]
    assert set(assigned(sandbox, sandbox.broadcast(tag_filter={"group_list": groups}))) == {first, second}
    msgid = sandbox.broadcast(tag_filter={"group_list": groups}, sender="bob")
    assert set(assigned(sandbox, msgid)) == {second}
    other = customer("alice")
    msgid = sandbox.broadcast(other, tag_filter={"group_list": groups})
    assert set(assigned(sandbox, msgid)) == {other}
    unknown = {"group_list": [{"tag_list": ["et_none"]}]}
    assert create(sandbox, tag_filter=unknown)["errcode"] == 40068


@pytest.mark.parametrize(("count", "code"), [(100, 0), (101, 40058)])
def test_a_hundred_tags_in_a_group(sandbox, alice, count, code):
    ids = [tag["id"] for tag in sandbox.control("tags", group="g", tags=[f"t{n}" for n in range(count)])["tag"]]
    sandbox.add_customer(follows=[{"userid": "alice", "tag_id": ids[:1]}])
    assert create(sandbox, tag_filter={"group_list": [{"tag_list": ids}]})["errcode"] == code


@pytest.mark.parametrize(("count", "code"), [(10_000, 0), (10_001, 40058)])
def test_ten_thousand_customers(sandbox, alice, count, code):
    customer = sandbox.add_customer("alice")
    ids = [customer, *(f"wm_{n}" for n in range(count - 1))]
    answer = create(sandbox, external_userid=ids)
    assert answer["errcode"] == code
    assert len(answer["fail_list"]) == (count - 1 if code == 0 else 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 41035),
        ({"external_userid": []}, 41035),
        ({"sender": "ghost"}, 40003),
        ({"chat_type": "everyone", "sender": "alice"}, 40058),
        ({"chat_type": "group"}, 41009),
        ({"chat_type": "group", "sender": "alice"}, 41048),
        ({"chat_type": "group", "sender": "alice", "chat_id_list": ["wr"] * 2000}, 40050),
        ({"chat_type": "group", "sender": "alice", "chat_id_list": ["wr"] * 2001}, 40058),
        ({"sender": "alice", "allow_select": "yes"}, 40058),
        ({"sender": "alice"}, 41048),
    ],
)
def test_targets_that_are_refused(sandbox, alice, body, code):
    assert create(sandbox, **body)["errcode"] == code


def test_reads_wait_for_the_dispatch(sandbox, alice):
    sandbox.control("settings", dispatch_delay=600)
    msgid = sandbox.broadcast(sandbox.add_customer("alice"), dispatched=False)
    reads = [
        ("get_groupmsg_task", {"msgid": msgid}),
        ("get_groupmsg_send_result", {"msgid": msgid, "userid": "alice"}),
        ("remind_groupmsg_send", {"msgid": msgid}),
        ("cancel_groupmsg_send", {"msgid": msgid}),
    ]
    assert [sandbox.contacts(path, **body)["errcode"] for path, body in reads] == [41063] * 4
    sandbox.control("clock", advance=600)
    assert [sandbox.contacts(path, **body)["errcode"] for path, body in reads] == [0] * 4


def test_nobody_confirms_what_is_still_being_handed_out(sandbox, alice):
    msgid = sandbox.broadcast(sandbox.add_customer("alice"), dispatched=False)
    nobody = {"sent": 0, "not_friend": 0, "capped": 0}
    assert sandbox.control("members/alice")["waiting"] == []
    assert sandbox.act("members/alice/confirm_all") == sandbox.act("members/confirm_all") == nobody
    for act in ("confirm", "ignore"):
        refused = sandbox.http.post(f"{sandbox.url}/sandbox/members/alice/{act}", json={"msgid": msgid})
        assert (refused.status_code, "handed out" in refused.text) == (400, True)
    sandbox.control("clock", advance=2)
    assert [task["msgid"] for task in sandbox.control("members/alice")["waiting"]] == [msgid]
    assert sandbox.control("members/alice/confirm", msgid=msgid)["sent"] == 1


@pytest.mark.parametrize("path", ["get_groupmsg_task", "get_groupmsg_send_result", "remind_groupmsg_send"])
def test_ids_of_broadcasts(sandbox, alice, path):
    assert sandbox.contacts(path, userid="alice")["errcode"] == 41046
    assert sandbox.contacts(path, userid="alice", msgid="msg_none")["errcode"] == 41047


def test_results_want_a_member(sandbox, alice, bob):
    msgid = sandbox.broadcast(sandbox.add_customer("alice"))
    assert sandbox.contacts("get_groupmsg_send_result", msgid=msgid)["errcode"] == 41009
    assert sandbox.contacts("get_groupmsg_send_result", msgid=msgid, userid="ghost")["errcode"] == 40003
    assert sandbox.results(msgid, "bob") == {}


def test_three_reminders_in_24_hours(sandbox, alice):
    msgid = sandbox.broadcast(sandbox.add_customer("alice"))

    def remind():
        return sandbox.contacts("remind_groupmsg_send", msgid=msgid)["errcode"]

    assert remind() == 0
    sandbox.control("clock", advance=3600)
    assert [remind(), remind(), remind()] == [0, 0, 41094]
    sandbox.control("clock", advance=82800 - 5)
    sandbox.sign_in()
    assert remind() == 41094
    sandbox.control("clock", advance=5)
    assert [remind(), remind()] == [0, 41094]


def test_a_reminder_brings_an_ignored_task_back(sandbox, alice):
    msgid = sandbox.broadcast(sandbox.add_customer("alice"))
    sandbox.control("members/alice/ignore", msgid=msgid)
    assert sandbox.control("members/alice")["waiting"] == []
    assert sandbox.act("members/alice/confirm_all") == {"sent": 0, "not_friend": 0, "capped": 0}
    assert tasks(sandbox, msgid) == {"alice": 0}
    sandbox.contacts("remind_groupmsg_send", msgid=msgid)
    assert [task["reminded"] for task in sandbox.control("members/alice")["waiting"]] == [1]
    assert sandbox.act("members/alice/confirm_all")["sent"] == 1


def test_cancelling_stops_those_who_have_not_sent(sandbox, alice, bob):
    mine, bobs = sandbox.add_customer("alice"), sandbox.add_customer("bob")
    msgid = sandbox.broadcast(mine, bobs)
    sandbox.control("members/alice/confirm", msgid=msgid)
    assert sandbox.contacts("cancel_groupmsg_send", msgid=msgid)["errcode"] == 0
    assert sandbox.contacts("cancel_groupmsg_send", msgid=msgid)["errcode"] == 41093
    assert sandbox.contacts("remind_groupmsg_send", msgid=msgid)["errcode"] == 41093
    refused = sandbox.http.post(f"{sandbox.url}/sandbox/members/bob/confirm", json={"msgid": msgid})
    assert refused.status_code == 400
    assert tasks(sandbox, msgid) == {"alice": 2, "bob": 0}
    assert sandbox.results(msgid, "alice") == {mine: 1} and sandbox.results(msgid, "bob") == {bobs: 0}


def listed(sandbox, **body):
    now = sandbox.control("clock")["now"]
    body = {"chat_type": "single", "start_time": now - 86400, "end_time": now + 60, **body}
    return sandbox.contacts("get_groupmsg_list_v2", **body)


def test_the_list_of_broadcasts(sandbox, alice, bob):
    customer = sandbox.add_customer("alice")
    media_id, picture = sandbox.upload()["media_id"], sandbox.upload_picture()["url"]
    mini = {"title": "商城", "appid": "wx00", "page": "p"}
    link = {"title": "t", "picurl": "", "desc": "", "url": "https://e.example"}
    msgid = sandbox.broadcast(
        customer,
        attachments=[
            {"msgtype": "image", "image": {"media_id": media_id}},
            {"msgtype": "image", "image": {"pic_url": picture}},
            {"msgtype": "link", "link": link},
            {"msgtype": "miniprogram", "miniprogram": {**mini, "pic_media_id": media_id}},
        ],
    )
    own = sandbox.control("members/alice/broadcast", text="早安", external_userids=[customer])
    assert (own["sent"], own["not_friend"], own["capped"]) == (1, 0, 0)
    made_by_corp, made_by_member = listed(sandbox)["group_msg_list"]
    assert (made_by_corp["msgid"], made_by_corp["create_type"]) == (msgid, 0)
    assert "creator" not in made_by_corp
    assert made_by_corp["attachments"] == [
        {"msgtype": "image", "image": {"media_id": media_id}},
        {"msgtype": "image", "image": {"pic_url": picture}},
        {"msgtype": "link", "link": link},
        {"msgtype": "miniprogram", "miniprogram": mini},
    ]
    assert (made_by_member["creator"], made_by_member["create_type"]) == ("alice", 1)
    assert sandbox.results(own["msgid"], "alice") == {customer: 1}

    def ids(**body):
        return [broadcast["msgid"] for broadcast in listed(sandbox, **body)["group_msg_list"]]

    assert ids(filter_type=0) == [msgid] and ids(filter_type=1) == [own["msgid"]]
    assert ids(filter_type=2) == ids() == [msgid, own["msgid"]]
    assert ids(creator="ALICE") == [own["msgid"]] and ids(creator="bob") == []
    assert ids(chat_type="group") == []
    created = made_by_corp["create_time"]
    assert ids(start_time=created, end_time=created, filter_type=0) == [msgid]
    assert ids(start_time=created + 1, filter_type=0) == [] and ids(end_time=created - 1) == []
    sandbox.control("settings", visible_userids=["bob"])
    assert ids() == [msgid]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"start_time": 1700000000, "end_time": 1700000000 + 31 * 86400}, 0),
        ({"start_time": 1700000000, "end_time": 1700000001 + 31 * 86400}, 40058),
        ({"start_time": 1700000000, "end_time": 1699999999}, 40058),
        ({"start_time": None}, 40058),
        ({"end_time": None}, 40058),
        ({"chat_type": ""}, 40058),
        ({"filter_type": 3}, 40058),
        ({"start_time": "today"}, 40058),
    ],
)
def test_spans_and_filters_of_the_list(sandbox, body, code):
    assert listed(sandbox, **body)["errcode"] == code


def test_a_leaver_sends_no_more(sandbox, alice):
    msgid = sandbox.broadcast(sandbox.add_customer("alice"))
    sandbox.act("members/alice/leave")
    assert sandbox.act("members/confirm_all") == {"sent": 0, "not_friend": 0, "capped": 0}
    assert tasks(sandbox, msgid) == {}


def test_everyone_but_some_confirm(sandbox, alice, bob):
    msgid = sandbox.broadcast(sandbox.add_customer("alice"), sandbox.add_customer("bob"))
    assert sandbox.act("members/confirm_all", **{"except": ["Bob"]})["sent"] == 1
    assert tasks(sandbox, msgid) == {"alice": 2, "bob": 0}
    assert sandbox.act("members/confirm_all")["sent"] == 1


def test_a_welcome_message(sandbox, alice):
    customer = sandbox.add_customer("alice")
    follow = sandbox.world.contacts[customer].follows["alice"]
    follow.last_chat = 0

    def send(code, **body):
        return sandbox.contacts("send_welcome_msg", welcome_code=code, **body)["errcode"]

    code = new_code(sandbox.world, follow)
    assert send("", text=TEXT) == 41049
    assert send("WC_none", text=TEXT) == 41050
    assert send(code) == 44004
    assert send(code, text={"content": "x" * 4001}) == 40058
    assert send(code, text=TEXT) == 0
    assert send(code, text=TEXT) == 41051
    inbox = sandbox.control(f"customers/{customer}")["inbox"]
    assert [(message["text"], message["msgid"]) for message in inbox] == [(TEXT, None)]
    late = new_code(sandbox.world, follow)
    sandbox.control("clock", advance=20)
    assert send(late, text=TEXT) == 41050


def test_an_ignored_task_is_sent_once(sandbox, alice):
    customer = sandbox.add_customer("alice")
    msgid = sandbox.broadcast(customer)
    sandbox.control("members/alice/ignore", msgid=msgid)
    sandbox.control("members/alice/confirm", msgid=msgid)
    again = sandbox.http.post(f"{sandbox.url}/sandbox/members/alice/confirm", json={"msgid": msgid})
    assert again.status_code == 400
    assert len(sandbox.control(f"customers/{customer}")["inbox"]) == 1


def test_a_reminder_does_not_count_who_has_sent(sandbox, alice):
    customer = sandbox.add_customer("alice")
    msgid = sandbox.broadcast(customer)
    sandbox.control("members/alice/ignore", msgid=msgid)
    sandbox.control("members/alice/confirm", msgid=msgid)
    assert sandbox.contacts("remind_groupmsg_send", msgid=msgid)["errcode"] == 0
    [task] = sandbox.world.broadcasts[msgid].tasks.values()
    assert task.reminded == 0
