import pytest


def rows(sandbox, *userids):
    return sandbox.contacts("batch/get_by_user", userid_list=list(userids), limit=100)["external_contact_list"]


def test_members_who_follow(sandbox, alice, bob):
    assert sandbox.get("externalcontact/get_follow_user_list")["follow_user"] == ["alice", "bob"]
    sandbox.act("members/bob/leave")
    assert sandbox.get("externalcontact/get_follow_user_list")["follow_user"] == ["alice"]


def test_the_visible_range_narrows_everything(sandbox, alice, bob):
    customer, bobs = sandbox.add_customer("alice", "bob"), sandbox.add_customer("bob")
    sandbox.control("settings", visible_userids=["ALICE"])
    assert sandbox.get("externalcontact/get_follow_user_list")["follow_user"] == ["alice"]
    assert sandbox.get("externalcontact/list", userid="bob")["errcode"] == 60011
    assert sandbox.contacts("batch/get_by_user", userid_list=["alice", "bob"])["errcode"] == 60011
    assert [f["userid"] for f in sandbox.get("externalcontact/get", external_userid=customer)["follow_user"]] == [
        "alice"
    ]
    assert sandbox.get("externalcontact/get", external_userid=bobs)["errcode"] == 60011
    assert sandbox.get("user/get", userid="bob")["errcode"] == 60111
    assert sandbox.contacts("add_msg_template", sender="bob", text={"content": "x"})["errcode"] == 60011
    assert sandbox.contacts("add_msg_template", external_userid=[bobs], text={"content": "x"})["errcode"] == 41048


def test_the_usage_range_hides_customers_not_the_member(sandbox, alice, bob):
    customer, bobs = sandbox.add_customer("alice", "bob"), sandbox.add_customer("bob")
    sandbox.control("settings", usage_userids=["ALICE"])
    assert sandbox.get("user/get", userid="bob")["userid"] == "bob"
    assert sandbox.get("externalcontact/get_follow_user_list")["follow_user"] == ["alice"]
    assert sandbox.get("externalcontact/list", userid="bob")["errcode"] == 60011
    assert sandbox.contacts("batch/get_by_user", userid_list=["bob"])["errcode"] == 60011
    shown = sandbox.get("externalcontact/get", external_userid=customer)["follow_user"]
    assert [follow["userid"] for follow in shown] == ["alice"]
    assert sandbox.contacts("add_msg_template", external_userid=[bobs], text={"content": "x"})["errcode"] == 41048
    sandbox.control("settings", visible_userids=["bob"])
    assert sandbox.get("externalcontact/get_follow_user_list")["follow_user"] == [], "it takes both ranges"
    sandbox.control("settings", visible_userids=None, usage_userids=None)
    assert sandbox.get("externalcontact/get_follow_user_list")["follow_user"] == ["alice", "bob"]


def test_a_member_without_customers_gives_84061(sandbox, alice, bob):
    answer = sandbox.get("externalcontact/list", userid="alice")
    assert (answer["errcode"], answer["external_userid"]) == (84061, [])
    assert sandbox.contacts("batch/get_by_user", userid_list=["alice"])["errcode"] == 84061
    sandbox.add_customer("bob")
    assert len(rows(sandbox, "alice", "bob")) == 1


def test_both_views_of_a_follow(sandbox, alice):
    group = sandbox.control("tags", group="等级", tags=["金卡"])
    tag = group["tag"][0]
    customer = sandbox.add_customer(
        name="小鹿",
        unionid="o123",
        follows=[
            {
                "userid": "alice",
                "remark": "王芳",
                "remark_mobiles": ["13800000001"],
                "add_way": 16,
                "state": "expo",
                "tag_id": [tag["id"]],
                "createtime": 1700000000,
            }
        ],
    )
    common = {
        "userid": "alice",
        "remark": "王芳",
        "description": "",
        "createtime": 1700000000,
        "remark_mobiles": ["13800000001"],
        "remark_corp_name": "",
        "oper_userid": "alice",
        "add_way": 16,
        "state": "expo",
    }
    answer = sandbox.get("externalcontact/get", external_userid=customer)
    contact = {"external_userid": customer, "name": "小鹿", "type": 1, "avatar": "", "gender": 0, "unionid": "o123"}
    assert answer["external_contact"] == contact
    shown_tag = {"group_name": "等级", "tag_name": "金卡", "tag_id": tag["id"], "type": 1}
    assert answer["follow_user"] == [{**common, "tags": [shown_tag]}]
    row = {"external_contact": contact, "follow_info": {**common, "tag_id": [tag["id"]]}}
    assert rows(sandbox, "alice") == [row]


def test_a_wecom_user_of_another_corp_has_no_unionid(sandbox, alice):
    customer = sandbox.add_customer("alice", type=2, unionid="o123")
    answer = sandbox.get("externalcontact/get", external_userid=customer)
    assert customer.startswith("wo")
    assert answer["external_contact"]["type"] == 2
    assert "unionid" not in answer["external_contact"] and "corp_name" in answer["external_contact"]
    assert "remark_corp_name" not in answer["follow_user"][0]


def test_a_customer_of_two_members_is_two_rows(sandbox, alice, bob):
    customer = sandbox.add_customer("alice", "bob")
    found = rows(sandbox, "alice", "BOB", "Alice")
    assert [row["follow_info"]["userid"] for row in found] == ["alice", "bob"]
    assert {row["external_contact"]["external_userid"] for row in found} == {customer}


@pytest.mark.parametrize("relation", ["half", "deleted_by_member"])
def test_half_and_deleted_by_member_are_not_readable(sandbox, alice, relation):
    customer = sandbox.add_customer(follows=[{"userid": "alice", "relation": relation}])
    assert sandbox.get("externalcontact/get", external_userid=customer)["errcode"] == 84061
    assert sandbox.get("externalcontact/list", userid="alice")["errcode"] == 84061
    assert sandbox.contacts("batch/get_by_user", userid_list=["alice"])["errcode"] == 84061
    body = {"userid": "alice", "external_userid": customer}
    assert sandbox.contacts("remark", **body, remark="x")["errcode"] == 84061
    tag = sandbox.control("tags", group="g", tags=["t"])["tag"][0]["id"]
    assert sandbox.contacts("mark_tag", **body, add_tag=[tag])["errcode"] == 84061


def test_what_the_customer_deleted_stays_readable(sandbox, alice):
    customer = sandbox.add_customer("alice")
    sandbox.control(f"customers/{customer}/delete_member", userid="alice")
    assert sandbox.get("externalcontact/list", userid="alice")["external_userid"] == [customer]
    assert sandbox.get("externalcontact/get", external_userid=customer)["errcode"] == 0


def test_deleting_and_adding_again(sandbox, alice):
    customer = sandbox.add_customer("alice")
    sandbox.control("members/alice/delete_customer", external_userid=customer)
    assert sandbox.get("externalcontact/get", external_userid=customer)["errcode"] == 84061
    now = sandbox.control("clock", advance=100)["now"]
    sandbox.control(f"customers/{customer}/add_member", userid="alice", half=True)
    assert sandbox.get("externalcontact/get", external_userid=customer)["errcode"] == 84061
    sandbox.control(f"customers/{customer}/add_member", userid="alice", state="poster")
    follow = sandbox.get("externalcontact/get", external_userid=customer)["follow_user"][0]
    assert follow["createtime"] in (now, now + 1) and follow["state"] == "poster"


@pytest.mark.parametrize(
    ("path", "query", "errcode"),
    [
        ("externalcontact/list", {}, 41009),
        ("externalcontact/list", {"userid": "ghost"}, 40003),
        ("externalcontact/get", {}, 41035),
        ("externalcontact/get", {"external_userid": "wm_foreign"}, 40096),
    ],
)
def test_ids_that_are_missing_or_unknown(sandbox, alice, path, query, errcode):
    assert sandbox.get(path, **query)["errcode"] == errcode


def test_a_leaver_can_no_longer_be_listed(sandbox, alice):
    customer = sandbox.add_customer("alice")
    sandbox.act("members/alice/leave")
    assert sandbox.get("externalcontact/list", userid="alice")["errcode"] == 40003
    assert sandbox.get("externalcontact/get", external_userid=customer)["errcode"] == 84061


@pytest.mark.parametrize(("count", "errcode"), [(1, 0), (100, 0), (101, 40058), (0, 40063)])
def test_get_by_user_takes_100_members(sandbox, count, errcode):
    userids = [sandbox.add_member(f"m{number}") for number in range(max(count, 1))]
    sandbox.add_customer(userids[0])
    answer = sandbox.contacts("batch/get_by_user", userid_list=userids[:count])
    assert answer["errcode"] == errcode


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"remark": "一" * 20}, 0),
        ({"remark": "一" * 21}, 40058),
        ({"description": "一" * 150}, 0),
        ({"description": "一" * 151}, 40058),
        ({"remark_company": "一" * 20}, 0),
        ({"remark_company": "一" * 21}, 40058),
        ({}, 40058),
        ({"remark_mobiles": "138"}, 40058),
        ({"remark_pic_mediaid": "nothing"}, 40007),
    ],
)
def test_limits_of_a_remark(sandbox, alice, change, errcode):
    customer = sandbox.add_customer("alice")
    assert sandbox.contacts("remark", userid="alice", external_userid=customer, **change)["errcode"] == errcode


def test_a_remark_replaces_what_is_given(sandbox, alice):
    customer = sandbox.add_customer(follows=[{"userid": "alice", "remark": "old", "remark_mobiles": ["1", "2"]}])

    def change(**values):
        answer = sandbox.contacts("remark", userid="alice", external_userid=customer, **values)
        assert answer["errcode"] == 0
        follow = sandbox.get("externalcontact/get", external_userid=customer)["follow_user"][0]
        return follow["remark"], follow["description"], follow["remark_mobiles"], follow["remark_corp_name"]

    assert change(description="茶") == ("old", "茶", ["1", "2"], "")
    assert change(remark_mobiles=["3"], remark_company="李记") == ("old", "茶", ["3"], "李记")
    assert change(remark_mobiles=[""]) == ("old", "茶", [], "李记")
    assert change(remark="", remark_pic_mediaid=sandbox.upload()["media_id"]) == ("", "茶", [], "李记")


def test_departments_and_members(sandbox, alice):
    sandbox.world.add_department(2, "静安店", parent=1, order=10)
    sandbox.world.add_department(3, "彩妆组", parent=2)
    sandbox.world.members["alice"].department = 3
    assert [d["id"] for d in sandbox.get("department/list")["department"]] == [1, 2, 3]
    assert [d["id"] for d in sandbox.get("department/list", id=2)["department"]] == [2, 3]
    assert sandbox.get("department/simplelist", id=3)["department_id"] == [{"id": 3, "parentid": 2, "order": 0}]
    assert sandbox.get("department/get", id=2)["department"]["name"] == "静安店"
    assert sandbox.get("user/simplelist", department_id=1)["userlist"] == []
    entry = {"userid": "alice", "name": "Alice", "department": [3], "open_userid": ""}
    assert sandbox.get("user/simplelist", department_id=3)["userlist"] == [entry]
    assert sandbox.get("user/list", department_id=3)["userlist"] == [
        {k: v for k, v in sandbox.get("user/get", userid="ALICE").items() if k not in ("errcode", "errmsg")}
    ]


@pytest.mark.parametrize(
    ("path", "query", "errcode"),
    [
        ("user/get", {}, 41009),
        ("user/get", {"userid": "ghost"}, 60111),
        ("user/simplelist", {}, 41019),
        ("user/simplelist", {"department_id": "9"}, 60123),
        ("user/simplelist", {"department_id": "one"}, 40058),
        ("department/get", {}, 41019),
        ("department/list", {"id": "99999999999999"}, 40058),
    ],
)
def test_departments_and_members_that_do_not_exist(sandbox, path, query, errcode):
    assert sandbox.get(path, **query)["errcode"] == errcode
