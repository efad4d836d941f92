"""Client and sandbox agree about members, contacts and tags."""

import pytest

from wecom_api import contacts, media, members, tags
from wecom_api.errors import Conflict, NotFound, WeComError

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
BATCH = "/cgi-bin/externalcontact/batch/get_by_user"


@pytest.fixture
def alice(control):
    control.add_members("alice")
    return "alice"


def pairs(pages):
    return [
        (item["follow_info"]["userid"], item["external_contact"]["external_userid"])
        for page in pages
        for item in page.items
    ]


def test_members_and_departments(client, alice):
    assert members.get_user(client, alice)["name"] == "Alice"
    departments = members.simplelist_departments(client)
    assert {department["id"] for department in members.list_departments(client)} == {d["id"] for d in departments}
    listed = [user for department in departments for user in members.list_simple(client, department["id"])]
    assert "alice" in {user["userid"] for user in listed}
    detailed = [user for department in departments for user in members.list_detailed(client, department["id"])]
    assert [user["userid"] for user in detailed] == [user["userid"] for user in listed]
    assert all(user["status"] == 1 for user in detailed)
    first = members.list_departments(client)[0]
    assert members.get_department(client, first["id"]) == first
    with pytest.raises(NotFound):
        members.get_user(client, "ghost")


@pytest.mark.parametrize("settings", [{}, {"omit_final_cursor": True}, {"short_pages": True}])
def test_every_contact_is_listed_exactly_once_however_the_pages_fall(control, client, settings):
    control.add_members("alice", "bob", "carol")
    expected = set()
    for number in range(250):
        userids = ("alice", "bob") if number % 5 == 0 else ("alice",)
        external_userid = control.add_customer(f"c{number}", *userids)
        expected |= {(userid, external_userid) for userid in userids}
    control.post("settings", **settings)
    pages = list(contacts.iter_contacts_by_users(client, ["alice", "bob", "carol"]))
    found = pairs(pages)
    assert len(found) == 300
    assert set(found) == expected
    assert pages[-1].next_cursor == ""


def test_a_listing_can_be_left_and_resumed_by_another_client(control, client, make_client, alice):
    for number in range(30):
        control.add_customer(f"c{number}", alice)
    first = next(contacts.iter_contacts_by_users(client, [alice], limit=10))
    rest = contacts.iter_contacts_by_users(make_client(), [alice], cursor=first.next_cursor, limit=10)
    assert len(set(pairs([first, *rest]))) == 30


def test_a_listing_survives_lost_answers(control, client, alice):
    for number in range(30):
        control.add_customer(f"c{number}", alice)
    for kind in ("drop_answer", "truncated", "not_json"):
        control.fault(BATCH, kind)
    assert len(set(pairs(contacts.iter_contacts_by_users(client, [alice], limit=7)))) == 30


def test_a_cursor_that_is_not_valid(client, control, alice):
    control.add_customer("Li", alice)
    with pytest.raises(WeComError) as caught:
        list(contacts.iter_contacts_by_users(client, [alice], cursor="nonsense"))
    assert caught.value.errcode == 50100


def test_a_member_without_customers(client, alice):
    assert contacts.list_external_userids(client, alice) == []
    assert pairs(contacts.iter_contacts_by_users(client, [alice])) == []


def test_details_come_from_every_follower_and_a_deleted_relation_is_gone(control, client):
    control.add_members("alice", "bob")
    li = control.add_customer("Li", "alice", "bob", unionid="o123")
    contact = contacts.get_contact(client, li)
    assert contact["external_contact"]["unionid"] == "o123"
    assert {follow["userid"] for follow in contact["follow_user"]} == {"alice", "bob"}
    control.post("members/alice/delete_customer", external_userid=li)
    control.post("members/bob/delete_customer", external_userid=li)
    with pytest.raises(NotFound):
        contacts.get_contact(client, li)


def test_more_followers_than_one_page_holds(control, client):
    userids = [f"u{number}" for number in range(501)]
    control.add_members(*userids)
    li = control.add_customer("Li", *userids)
    assert {follow["userid"] for follow in contacts.get_contact(client, li)["follow_user"]} == set(userids)


def test_remarks_are_written_and_cleared(control, client, alice):
    li = control.add_customer("Li", alice)
    mobiles = ["13800000001"]
    contacts.update_remark(client, alice, li, remark="王芳" * 10, description="茶" * 150, remark_mobiles=mobiles)
    (follow,) = contacts.get_contact(client, li)["follow_user"]
    assert follow["remark"] == "王芳" * 10
    assert follow["description"] == "茶" * 150
    assert follow["remark_mobiles"] == mobiles
    picture = media.upload(client, "image", "a.jpg", JPEG, "image/jpeg")
    contacts.update_remark(client, alice, li, remark_pic_mediaid=picture.media_id)
    contacts.update_remark(client, alice, li, remark_mobiles=[])
    (follow,) = contacts.get_contact(client, li)["follow_user"]
    assert not follow.get("remark_mobiles")
    assert follow["remark"] == "王芳" * 10


def test_tags_from_first_to_last(control, client, alice):
    li = control.add_customer("Li", alice)
    group = tags.add_corp_tags(client, [{"name": "Gold"}, {"name": "Silver"}], group_name="Level")
    gold, silver = (tag["id"] for tag in group["tag"])
    tags.mark_tags(client, alice, li, add=[gold, silver])
    tags.mark_tags(client, alice, li, remove=[silver])
    (follow,) = contacts.get_contact(client, li)["follow_user"]
    assert [tag["tag_id"] for tag in follow["tags"]] == [gold]
    tags.edit_corp_tag(client, gold, name="Platinum")
    assert "Platinum" in {tag["name"] for tag in tags.get_corp_tags(client, tag_ids=[gold])[0]["tag"]}
    with pytest.raises(Conflict):
        tags.edit_corp_tag(client, gold, name="Silver")
    tags.delete_corp_tags(client, group_ids=[group["group_id"]])
    assert tags.get_corp_tags(client) == []
    with pytest.raises(NotFound):
        tags.mark_tags(client, alice, li, add=[gold])
