import pytest


def add(sandbox, *names, **body):
    body.setdefault("group_name", "等级")
    return sandbox.contacts("add_corp_tag", tag=[{"name": name} for name in names], **body)


def names(answer):
    return {group["group_name"]: [tag["name"] for tag in group["tag"]] for group in answer["tag_group"]}


def test_adding_makes_a_group_and_then_fills_it(sandbox):
    first = add(sandbox, "金", "银", "金", order=3)["tag_group"]
    assert [tag["name"] for tag in first["tag"]] == ["金", "银"]
    assert first["order"] == 3 and first["group_id"].startswith("et")
    second = add(sandbox, "铜")["tag_group"]
    assert second["group_id"] == first["group_id"]
    assert [tag["name"] for tag in second["tag"]] == ["铜"]
    third = sandbox.contacts(
        "add_corp_tag", group_id=first["group_id"], group_name="x", tag=[{"name": "铁", "order": 9}]
    )
    assert third["tag_group"]["group_name"] == "等级"
    assert names(sandbox.contacts("get_corp_tag_list")) == {"等级": ["铁", "金", "银", "铜"]}


def test_larger_orders_come_first(sandbox):
    add(sandbox, "a", group_name="low", order=1)
    add(sandbox, "b", group_name="high", order=2**32 - 1)
    assert list(names(sandbox.contacts("get_corp_tag_list"))) == ["high", "low"]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"group_name": "一" * 30, "tag": [{"name": "一" * 30}]}, 0),
        ({"group_name": "一" * 31, "tag": [{"name": "x"}]}, 40072),
        ({"group_name": "g", "tag": [{"name": "一" * 31}]}, 40072),
        ({"group_name": "g", "tag": [{"name": ""}]}, 41018),
        ({"group_name": "g", "tag": []}, 40063),
        ({"tag": [{"name": "x"}]}, 40063),
        ({"group_id": "et_none", "tag": [{"name": "x"}]}, 40068),
        ({"group_name": "g", "tag": [{"name": "x", "order": 2**32}]}, 40058),
        ({"group_name": "g", "tag": [{"name": "x", "order": -1}]}, 40058),
        ({"group_name": "g", "tag": ["x"]}, 40058),
    ],
)
def test_limits_of_new_tags(sandbox, body, errcode):
    assert sandbox.contacts("add_corp_tag", **body)["errcode"] == errcode


def test_a_name_is_unique_in_its_group(sandbox):
    add(sandbox, "金")
    assert add(sandbox, "金")["errcode"] == 40071
    assert add(sandbox, "金", group_name="other")["errcode"] == 0


def test_ten_thousand_tags_in_a_corp(sandbox):
    for start in range(0, 9999, 3333):
        assert add(sandbox, *[f"t{number}" for number in range(start, start + 3333)])["errcode"] == 0
    assert add(sandbox, "a", "b")["errcode"] == 40126
    assert add(sandbox, "a")["errcode"] == 0
    assert add(sandbox, "b")["errcode"] == 40126


def test_filters_and_what_they_tell_of_the_deleted(sandbox):
    group = add(sandbox, "金", "银")["tag_group"]
    gold, silver = group["tag"]
    sandbox.contacts("del_corp_tag", tag_id=[gold["id"]])
    everything = sandbox.contacts("get_corp_tag_list")["tag_group"]
    assert [tag["name"] for tag in everything[0]["tag"]] == ["银"]
    assert "deleted" not in everything[0] and "deleted" not in everything[0]["tag"][0]
    by_group = sandbox.contacts("get_corp_tag_list", group_id=[group["group_id"]], tag_id=["ignored"])["tag_group"][0]
    assert "deleted" not in by_group
    assert {tag["name"]: tag["deleted"] for tag in by_group["tag"]} == {"金": True, "银": False}
    by_tag = sandbox.contacts("get_corp_tag_list", tag_id=[gold["id"]])["tag_group"][0]
    assert (by_tag["deleted"], by_tag["tag"][0]["deleted"], len(by_tag["tag"])) == (False, True, 1)
    sandbox.contacts("del_corp_tag", tag_id=[silver["id"]])
    assert sandbox.contacts("get_corp_tag_list")["tag_group"] == []
    assert sandbox.contacts("get_corp_tag_list", tag_id=[gold["id"]])["tag_group"][0]["deleted"] is True
    assert sandbox.contacts("get_corp_tag_list", tag_id=["et_none"])["errcode"] == 40068
    assert sandbox.contacts("get_corp_tag_list", group_id=["et_none"])["errcode"] == 40068


def test_editing(sandbox):
    group = add(sandbox, "金", "银")["tag_group"]
    add(sandbox, "x", group_name="other")
    gold = group["tag"][0]["id"]

    def edit(**body):
        return sandbox.contacts("edit_corp_tag", **body)["errcode"]

    assert edit(id=gold, name="黄金", order=5) == 0
    assert edit(id=gold, name="黄金") == 0
    assert edit(id=gold, name="银") == 40071
    assert edit(id=gold, name="x") == 0
    assert edit(id=group["group_id"], name="级别") == 0
    assert edit(id=group["group_id"], name="other") == 40071
    assert edit(id=gold, name="一" * 31) == 40072
    assert edit(id=gold, order=2**32) == 40058
    assert edit(name="x") == 41017
    assert edit(id="et_none", name="x") == 40068
    assert names(sandbox.contacts("get_corp_tag_list"))["级别"] == ["x", "银"]


def test_tags_of_another_app_can_be_used_but_not_changed(sandbox, alice):
    group = sandbox.control("tags", group="总部", tags=["甲"])
    tag = group["tag"][0]["id"]
    assert sandbox.contacts("edit_corp_tag", id=tag, name="乙")["errcode"] == 60011
    assert sandbox.contacts("del_corp_tag", tag_id=[tag])["errcode"] == 60011
    assert sandbox.contacts("del_corp_tag", group_id=[group["group_id"]])["errcode"] == 60011
    body = {"userid": "alice", "external_userid": sandbox.add_customer("alice")}
    assert sandbox.contacts("mark_tag", **body, add_tag=[tag])["errcode"] == 0


def test_deleting_takes_all_or_nothing(sandbox):
    group = add(sandbox, "金", "银")["tag_group"]
    gold = group["tag"][0]["id"]
    assert sandbox.contacts("del_corp_tag")["errcode"] == 41017
    assert sandbox.contacts("del_corp_tag", tag_id=[gold, "et_none"])["errcode"] == 40068
    assert names(sandbox.contacts("get_corp_tag_list")) == {"等级": ["金", "银"]}
    assert sandbox.contacts("del_corp_tag", group_id=[group["group_id"]])["errcode"] == 0
    assert sandbox.contacts("get_corp_tag_list")["tag_group"] == []
    assert sandbox.contacts("del_corp_tag", tag_id=[gold])["errcode"] == 40068


def test_marking(sandbox, alice):
    group = add(sandbox, "金", "银")["tag_group"]
    gold, silver = (tag["id"] for tag in group["tag"])
    customer = sandbox.add_customer("alice")

    def mark(**body):
        body = {"userid": "alice", "external_userid": customer, **body}
        return sandbox.contacts("mark_tag", **body)["errcode"]

    def tags():
        answer = sandbox.contacts("batch/get_by_user", userid_list=["alice"])
        return answer["external_contact_list"][0]["follow_info"]["tag_id"]

    assert mark(add_tag=[gold, silver]) == 0 and tags() == [gold, silver]
    assert mark(add_tag=[gold], remove_tag=[silver]) == 0 and tags() == [gold]
    assert mark() == 41017
    assert mark(add_tag=["et_none"]) == 40068
    assert mark(add_tag=[gold], userid="ghost") == 40003
    assert mark(add_tag=[gold], external_userid="wm_none") == 40096
    sandbox.contacts("del_corp_tag", tag_id=[gold])
    assert tags() == []
    assert sandbox.get("externalcontact/get", external_userid=customer)["follow_user"][0]["tags"] == []


def test_three_thousand_tags_on_one_customer(sandbox, alice):
    ids = [tag["id"] for tag in add(sandbox, *[f"t{n}" for n in range(3001)])["tag_group"]["tag"]]
    body = {"userid": "alice", "external_userid": sandbox.add_customer("alice")}
    assert sandbox.contacts("mark_tag", **body, add_tag=ids)["errcode"] == 40058
    assert sandbox.contacts("mark_tag", **body, add_tag=ids[:3000])["errcode"] == 0
    assert sandbox.contacts("mark_tag", **body, add_tag=ids[3000:])["errcode"] == 40058
    assert sandbox.contacts("mark_tag", **body, add_tag=ids[3000:], remove_tag=ids[:1])["errcode"] == 0
