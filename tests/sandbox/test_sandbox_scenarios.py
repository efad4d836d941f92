import time

import pytest
from caller import Caller

from wecom_sandbox.scenarios import build_world
from wecom_sandbox.server import SandboxServer


@pytest.fixture(scope="module")
def shop():
    with SandboxServer("cosmetics") as server:
        yield Caller(server)


@pytest.fixture(scope="module")
def mirror(shop):
    """All rows the API gives of all members."""
    userids = shop.get("externalcontact/get_follow_user_list")["follow_user"]
    rows, body = [], {"userid_list": userids, "limit": 100}
    while True:
        answer = shop.contacts("batch/get_by_user", **body)
        rows += answer["external_contact_list"]
        if not answer["next_cursor"]:
            return rows
        body["cursor"] = answer["next_cursor"]


def snapshot(world):
    return (
        world.customer_list,
        [(member.userid, member.name) for member in world.members.values()],
        [
            (
                c.external_userid,
                c.name,
                c.unionid,
                [(f.member.userid, f.createtime, f.remark, f.tag_ids) for f in follows],
            )
            for c in world.contacts.values()
            for follows in [c.follows.values()]
        ],
        [(tag.id, tag.name, tag.create_time) for tag in world.tags.values()],
        [(b.msgid, b.create_time, b.text) for b in world.broadcast_list],
    )


@pytest.mark.parametrize("scenario", ["cosmetics", "clothing"])
def test_a_seed_gives_the_same_people_and_another_others(scenario):
    first, again, other = (snapshot(build_world(scenario, 300, seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_the_cosmetics_shop_is_as_large_as_said(shop, mirror):
    state = shop.control("state")
    assert (state["members"], state["customers"]) == (12, 4600)
    assert len(shop.control("customer_list")["customers"]) == 5000
    assert len(mirror) == state["follows"]
    groups = shop.contacts("get_corp_tag_list")["tag_group"]
    assert [group["group_name"] for group in groups] == ["会员等级", "肤质", "门店"]


def test_old_customers_can_be_found_the_way_the_requirement_says(shop, mirror):
    """By unionid about 55 %, else by remark mobile about 35 %, else by a number in the remark text about 10 %."""
    till = shop.control("customer_list")["customers"]
    by_unionid = {entry["unionid"] for entry in till if entry["unionid"]}
    phones = {"".join(filter(str.isdigit, entry["phone"]))[-11:] for entry in till}
    ways = {"unionid": set(), "mobile": set(), "text": set(), "none": set()}
    for row in mirror:
        contact, follow = row["external_contact"], row["follow_info"]
        if contact["unionid"] in by_unionid:
            way = "unionid"
        elif phones & set(follow["remark_mobiles"]):
            way = "mobile"
        elif follow["remark"][-11:] in phones:
            way = "text"
        else:
            way = "none"
        ways[way].add(contact["external_userid"])
    counts = {way: len(ids) for way, ids in ways.items()}
    found = counts["unionid"] + counts["mobile"] + counts["text"]
    assert 4350 <= found <= 4480 and counts["none"] == 120
    assert counts["unionid"] / found == pytest.approx(0.55, abs=0.02)
    assert counts["mobile"] / found == pytest.approx(0.35, abs=0.02)
    assert counts["text"] / found == pytest.approx(0.10, abs=0.02)


def test_some_are_shared_lost_or_at_their_cap(shop, mirror):
    relations = shop.control("state")["relations"]
    assert relations["deleted_by_customer"] / 4480 == pytest.approx(0.02, abs=0.008)
    assert relations["deleted_by_member"] / 4480 == pytest.approx(0.015, abs=0.007)
    ids = [row["external_contact"]["external_userid"] for row in mirror]
    assert (len(ids) - len(set(ids))) / 4480 == pytest.approx(0.06, abs=0.015)


def test_ten_pairs_share_a_phone(shop):
    phones = [entry["phone"][-4:] + entry["phone"] for entry in shop.control("customer_list")["customers"]]
    digits = ["".join(filter(str.isdigit, phone[4:]))[-11:] for phone in phones]
    assert len(digits) - len(set(digits)) == 10


def test_a_broadcast_to_all_meets_every_outcome():
    with SandboxServer("cosmetics", contacts=600) as server:
        shop = Caller(server)
        ids = list(server.world.contacts)
        answer = shop.contacts("add_msg_template", external_userid=ids, text={"content": "停业两周"})
        shop.control("clock", advance=2)
        totals = shop.act("members/confirm_all")
        assert totals["capped"] == 6 and totals["not_friend"] > 3
        assert sum(totals.values()) + len(answer["fail_list"]) == 600
        assert len(answer["fail_list"]) == sum(
            all(follow.relation == "deleted_by_member" for follow in contact.follows.values())
            for contact in server.world.contacts.values()
        )


def test_the_members_own_broadcasts_lie_in_this_month(shop):
    now = shop.control("clock")["now"]
    body = {"chat_type": "single", "filter_type": 1, "start_time": now - 31 * 86400, "end_time": now, "limit": 100}
    made = shop.contacts("get_groupmsg_list_v2", **body)["group_msg_list"]
    assert 28 <= len(made) <= 31
    assert {broadcast["create_type"] for broadcast in made} == {1}


def test_the_clothing_chain():
    world = build_world("clothing", 2300)
    assert (len(world.members), len(world.contacts), len(world.customer_list)) == (60, 2300, 2500)
    assert len({member.userid for member in world.members.values()}) == 60


@pytest.mark.parametrize("contacts", [0, 1, 7])
def test_tiny_numbers_of_contacts(contacts):
    assert len(build_world("cosmetics", contacts).contacts) == contacts


def test_a_hundred_thousand_contacts_load_in_20_seconds():
    started = time.monotonic()
    world = build_world("clothing", 100_000)
    assert time.monotonic() - started < 20
    assert len(world.contacts) == 100_000


@pytest.mark.parametrize(("scenario", "contacts"), [("bakery", None), ("cosmetics", -1), ("empty", 1)])
def test_scenarios_that_do_not_exist(scenario, contacts):
    with pytest.raises(ValueError):
        SandboxServer(scenario, contacts)
