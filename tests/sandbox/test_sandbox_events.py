import queue

import pytest


def test_what_people_do_is_told(corp, receiver):
    credentials = corp.control("credentials")
    customer = corp.add_customer("alice")
    corp.control(f"customers/{customer}/add_member", userid="bob", state="海报]]>")
    corp.control(f"customers/{customer}/delete_member", userid="bob")
    corp.control("members/alice/delete_customer", external_userid=customer)
    added, lost, deleted = (receiver.event(credentials) for _ in range(3))
    common = {"FromUserName": "sys", "MsgType": "event", "Event": "change_external_contact", "ExternalUserID": customer}
    assert common.items() <= added.items() and common.items() <= lost.items() and common.items() <= deleted.items()
    assert (added["ChangeType"], added["UserID"], added["State"]) == ("add_external_contact", "bob", "海报]]>")
    assert (lost["ChangeType"], lost["UserID"]) == ("del_follow_user", "bob")
    assert (deleted["ChangeType"], deleted["UserID"]) == ("del_external_contact", "alice")
    assert "State" not in lost and "WelcomeCode" not in deleted
    corp.wait_for_events()
    assert [(event["attempts"], event["status"]) for event in corp.control("events")["events"]] == [(1, 200)] * 3


def test_a_welcome_code_works_once_and_comes_once(corp, receiver):
    credentials = corp.control("credentials")
    customer = corp.add_customer()
    corp.control(f"customers/{customer}/add_member", userid="alice", half=True)
    half = receiver.event(credentials)
    assert half["ChangeType"] == "add_half_external_contact"
    body = {"welcome_code": half["WelcomeCode"], "text": {"content": "您好"}}
    assert corp.contacts("send_welcome_msg", **body)["errcode"] == 0
    assert corp.contacts("send_welcome_msg", **body)["errcode"] == 41051
    corp.control(f"customers/{customer}/add_member", userid="alice")
    full = receiver.event(credentials)
    assert full["ChangeType"] == "add_external_contact" and "WelcomeCode" not in full


def test_changes_through_the_api_and_set_up_are_not_told(corp, receiver):
    customer = corp.add_customer("alice")
    assert corp.contacts("remark", userid="alice", external_userid=customer, remark="x")["errcode"] == 0
    corp.contacts("add_corp_tag", group_name="g", tag=[{"name": "t"}])
    with pytest.raises(queue.Empty):
        receiver.posts.get(timeout=0.3)
    assert corp.control("events")["total"] == 0


def test_members_out_of_range_are_not_told(corp, receiver):
    customer = corp.add_customer("alice", "bob")
    corp.control("settings", visible_userids=["bob"])
    corp.control("members/alice/delete_customer", external_userid=customer)
    corp.control("members/bob/delete_customer", external_userid=customer)
    assert receiver.event(corp.control("credentials"))["UserID"] == "bob"


def told(corp):
    """(event, change type) of all events sent so far."""
    return [(event["event"], event["change_type"]) for event in corp.control("events")["events"]]


def test_a_new_customer_scans_and_adds(corp, receiver):
    shown = corp.control("members/alice/new_customer", name="小鹿", state="poster")
    added = receiver.event(corp.control("credentials"))
    assert (added["ChangeType"], added["UserID"], added["State"]) == ("add_external_contact", "alice", "poster")
    assert added["ExternalUserID"] == shown["external_userid"] and shown["name"] == "小鹿"
    assert corp.get("externalcontact/list", userid="alice")["external_userid"] == [shown["external_userid"]]
    half = corp.act("members/alice/new_customer", half=True)
    assert half["name"] and half["follows"][0]["relation"] == "half"
    assert receiver.event(corp.control("credentials"))["ChangeType"] == "add_half_external_contact"


def test_a_member_edits_a_customer(corp, receiver):
    tag = corp.control("tags", group="等级", tags=["金卡"])["tag"][0]["id"]
    customer = corp.add_customer("alice")
    changes = {
        "remark": "王" * 20,
        "description": "x" * 150,
        "remark_corp_name": "y" * 20,
        "remark_mobiles": ["13800000001"],
        "tag_id": [tag],
    }
    shown = corp.control("members/alice/edit_customer", external_userid=customer, **changes)["follows"][0]
    assert {name: shown[name] for name in changes} == changes
    (info,) = corp.get("externalcontact/get", external_userid=customer)["follow_user"]
    assert (info["remark"], info["remark_mobiles"], info["tags"][0]["tag_id"]) == ("王" * 20, ["13800000001"], tag)
    corp.control("members/alice/edit_customer", external_userid=customer, **changes)
    corp.control("members/alice/edit_customer", external_userid=customer, remark="", remark_mobiles=[], tag_id=[])
    corp.wait_for_events()
    events = [receiver.event(corp.control("credentials")) for _ in range(4)]
    edits = [event for event in events if event["ChangeType"] == "edit_external_contact"]
    assert [(e["UserID"], e["ExternalUserID"]) for e in edits] == [("alice", customer)] * 2  # not of what stayed
    assert corp.control("events")["total"] == 4
    shown = corp.control(f"customers/{customer}")["follows"][0]
    assert (shown["remark"], shown["remark_mobiles"], shown["tag_id"]) == ("", [], [])
    assert shown["description"] == "x" * 150


@pytest.mark.parametrize(
    "changes",
    [
        {"remark": "王" * 21},
        {"description": "x" * 151},
        {"remark_corp_name": "y" * 21},
        {"remark": "fine", "tag_id": ["et_none"]},
        {"remark": 5},
        {"remark_mobiles": [""]},
        {"remark_mobiles": "138"},
    ],
)
def test_an_edit_past_a_limit_changes_and_tells_nothing(corp, changes):
    customer = corp.add_customer("alice")
    before = corp.control("follows")
    address = f"{corp.url}/sandbox/members/alice/edit_customer"
    assert corp.http.post(address, json={"external_userid": customer, **changes}).status_code == 400
    assert corp.control("follows") == before and corp.control("events")["total"] == 0


def test_a_customer_has_3000_tags_of_a_member_at_most(corp):
    customer = corp.add_customer("alice")
    ids = [tag["id"] for tag in corp.control("tags", group="g", tags=[f"t{n}" for n in range(3001)])["tag"]]
    address = f"{corp.url}/sandbox/members/alice/edit_customer"
    assert corp.http.post(address, json={"external_userid": customer, "tag_id": ids}).status_code == 400
    corp.control("members/alice/edit_customer", external_userid=customer, tag_id=ids[:3000])


def test_a_member_deletes_who_deleted_him_and_is_added_again(corp):
    customer = corp.add_customer("alice")
    corp.control(f"customers/{customer}/delete_member", userid="alice")
    assert corp.get("externalcontact/list", userid="alice")["external_userid"] == [customer]
    corp.control("members/alice/delete_customer", external_userid=customer)
    assert corp.get("externalcontact/list", userid="alice")["errcode"] == 84061
    again = corp.control(f"customers/{customer}/add_member", userid="alice")["follows"][0]
    assert again["relation"] == "full" and again["createtime"] > 1700000000
    kinds = ["del_follow_user", "del_external_contact", "add_external_contact"]
    assert told(corp) == [("change_external_contact", kind) for kind in kinds]


def test_a_failed_takeover(corp, receiver):
    customer = corp.add_customer("alice")
    corp.control("transfer_fail", userid="bob", external_userid=customer, reason="customer_limit_exceed")
    event = receiver.event(corp.control("credentials"))
    assert (event["ChangeType"], event["UserID"], event["FailReason"]) == (
        "transfer_fail",
        "bob",
        "customer_limit_exceed",
    )


def test_a_member_leaves(corp, receiver):
    customer = corp.add_customer("alice")
    corp.act("members/alice/leave")
    event = receiver.event(corp.control("credentials"))
    assert (event["Event"], event["ChangeType"], event["UserID"]) == ("change_contact", "delete_user", "alice")
    assert corp.get("externalcontact/get_follow_user_list")["follow_user"] == ["bob"]
    assert corp.get("externalcontact/get", external_userid=customer)["errcode"] == 84061
    assert [follow["member_left"] for follow in corp.control("follows")["follows"]] == [True]
    assert corp.control("customers")["customers"][0]["members"] == []


def test_tags_made_and_changed_in_the_console(corp, receiver):
    credentials = corp.control("credentials")
    group = corp.control("tags", group="等级", tags=["金卡", "银卡"])
    gold, silver = (tag["id"] for tag in group["tag"])
    corp.control(f"tags/{gold}/rename", name="黑卡")
    corp.control(f"tags/{gold}/rename", name="黑卡")
    corp.control(f"tags/{group['group_id']}/rename", name="级别")
    corp.control("tags/shuffle", group_id=group["group_id"], ids=[silver, gold])
    corp.act("tags/shuffle")
    shown = corp.get("externalcontact/get_follow_user_list") and corp.contacts("get_corp_tag_list")["tag_group"]
    assert [(g["group_name"], [tag["name"] for tag in g["tag"]]) for g in shown] == [("级别", ["银卡", "黑卡"])]
    corp.act(f"tags/{gold}/delete")
    corp.wait_for_events()
    events = [receiver.event(credentials) for _ in range(corp.control("events")["total"])]
    assert {event["Event"] for event in events} == {"change_external_tag"}
    assert [(event["ChangeType"], event.get("TagType"), event["Id"]) for event in events] == [
        ("create", "tag_group", group["group_id"]),
        ("create", "tag", gold),
        ("create", "tag", silver),
        ("update", "tag", gold),
        ("update", "tag_group", group["group_id"]),
        ("shuffle", None, group["group_id"]),
        ("shuffle", None, None),
        ("delete", "tag", gold),
    ]


def test_a_deleted_group_is_one_event_and_the_last_tag_takes_its_group_along(corp, receiver):
    credentials = corp.control("credentials")
    first, second = (corp.control("tags", group=name, tags=["a", "b"]) for name in ("g", "h"))
    corp.act(f"tags/{first['group_id']}/delete")
    for tag in second["tag"]:
        corp.act(f"tags/{tag['id']}/delete")
    assert corp.control("tags") == {"tag_group": []}
    deletions = [
        (event["TagType"], event["Id"])
        for event in (receiver.event(credentials) for _ in range(10))
        if event["ChangeType"] == "delete"
    ]
    tags = [("tag", tag["id"]) for tag in second["tag"]]
    assert deletions == [("tag_group", first["group_id"]), *tags, ("tag_group", second["group_id"])]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("tags/{tag}/rename", {"name": "x" * 31}, 400),
        ("tags/{tag}/rename", {"name": "b"}, 400),
        ("tags/{group}/rename", {"name": "other"}, 400),
        ("tags/{group}/rename", {}, 400),
        ("tags/et_none/rename", {"name": "x"}, 404),
        ("tags/et_none/delete", {}, 404),
        ("tags/shuffle", {"group_id": "et_none"}, 404),
        ("tags/shuffle", {"group_id": "{group}", "ids": []}, 400),
        ("tags/shuffle", {"group_id": "{group}", "ids": ["{tag}", "{tag}"]}, 400),
    ],
)
def test_bad_changes_of_tags(corp, path, body, status):
    group = corp.control("tags", group="g", tags=["a", "b"])
    corp.control("tags", group="other", tags=["c"])
    before = corp.control("tags"), corp.control("events")["total"]
    names = {"group": group["group_id"], "tag": group["tag"][0]["id"]}
    body = {
        name: [item.format(**names) for item in value] if isinstance(value, list) else value.format(**names)
        for name, value in body.items()
    }
    answer = corp.http.post(f"{corp.url}/sandbox/{path.format(**names)}", json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert (corp.control("tags"), corp.control("events")["total"]) == before


def test_a_name_of_30_characters_and_a_freed_one(corp):
    tags = corp.control("tags", group="g", tags=["a", "b"])["tag"]
    corp.control(f"tags/{tags[0]['id']}/rename", name="x" * 30)
    corp.control(f"tags/{tags[1]['id']}/rename", name="a")
    assert [tag["name"] for tag in corp.control("tags")["tag_group"][0]["tag"]] == ["x" * 30, "a"]


def test_a_group_chat_from_its_creation_to_its_end(corp, receiver):
    credentials = corp.control("credentials")
    chat = corp.control("chats", userid="alice")["chat_id"]
    corp.control(f"chats/{chat}/update", detail="add_member", members=["wm_li", "bob"], scene=3)
    corp.control(f"chats/{chat}/update", detail="del_member", members=["bob"], scene=1)
    corp.control(f"chats/{chat}/update", detail="change_name")
    corp.act(f"chats/{chat}/dismiss")
    created, added, gone, renamed, dismissed = (receiver.event(credentials) for _ in range(5))
    for event in (created, added, gone, renamed, dismissed):
        assert (event["Event"], event["ChatId"]) == ("change_external_chat", chat)
    changes = [event["ChangeType"] for event in (created, added, gone, renamed, dismissed)]
    assert changes == ["create", "update", "update", "update", "dismiss"]
    assert (added["UpdateDetail"], added["JoinScene"], added["MemChangeCnt"]) == ("add_member", "3", "2")
    assert added["MemChangeList"] == ["wm_li", "bob"] and gone["QuitScene"] == "1"
    assert added["CurMemVer"] == gone["LastMemVer"] != gone["CurMemVer"]
    assert renamed["UpdateDetail"] == "change_name" and "MemChangeCnt" not in renamed
    answer = corp.http.post(f"{corp.url}/sandbox/chats/{chat}/update", json={"detail": "change_name"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "explode"},
        {"detail": "add_member"},
        {"detail": "change_name", "members": ["bob"]},
        {"detail": "add_member", "members": ["bob"], "scene": 4},
        {"detail": "del_member", "members": ["bob"], "scene": 2},
    ],
)
def test_bad_changes_of_a_group_chat(corp, body):
    chat = corp.control("chats", userid="alice")["chat_id"]
    assert corp.http.post(f"{corp.url}/sandbox/chats/{chat}/update", json=body).status_code == 400
    assert corp.control("events")["total"] == 1


def test_any_event_at_all(corp, receiver):
    fields = {"Event": "customer_acquisition", "ChangeType": "quota_expire_soon", "ExpireTime": 5, "List": {"Item": []}}
    fields["List"]["Item"] = ["a", "b<&]]>"]
    corp.control("events", **fields)
    corp.control("events", Event="x", CreateTime=7, ToUserName="other", FromUserName="alice")
    credentials = corp.control("credentials")
    first, second = receiver.event(credentials), receiver.event(credentials)
    assert (first["Event"], first["ExpireTime"], first["List"]) == ("customer_acquisition", "5", ["a", "b<&]]>"])
    assert (first["ToUserName"], first["FromUserName"]) == (credentials["corp_id"], "sys")
    assert (second["CreateTime"], second["ToUserName"], second["FromUserName"]) == ("7", "other", "alice")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Event": 1},
        {"Event": "x", "CreateTime": "now"},
        {"Event": "x", "a b": "y"},
        {"Event": "x", "A": None},
        {"Event": "x", "A": True},
        {"Event": "x", "A": 1.5},
        {"Event": "x", "A": [["y"]]},
        {"Event": "x", "A": "\x00"},
        {"Event": "x", "A": {"B": {"C": {"D": {"E": {"F": "deep"}}}}}},
    ],
)
def test_what_cannot_be_an_event(corp, body):
    assert corp.http.post(f"{corp.url}/sandbox/events", json=body).status_code == 400
    assert corp.control("events")["total"] == 0


def test_without_an_address_people_act_and_nothing_is_told(sandbox, alice):
    customer = sandbox.add_customer("alice")
    sandbox.control("members/alice/delete_customer", external_userid=customer)
    assert sandbox.control("events")["total"] == 0
    assert sandbox.http.post(f"{sandbox.url}/sandbox/events", json={"Event": "x"}).status_code == 400
