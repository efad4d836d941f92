import time
from collections import Counter

import pytest


@pytest.fixture
def shop(corp):
    corp.control("tags", group="g", tags=["a", "b", "c"])
    for userid in ("alice", "bob"):
        corp.add_crowd(userid, 30)
    return corp


def test_every_act_is_told(shop, receiver):
    before = shop.control("events")["total"]
    storm = shop.control("acts/storm", acts=500, seed=3)
    assert (storm["acts"], sum(storm["done"].values())) == (500, 500)
    assert set(storm["done"]) == {"add", "add_half", "delete_by_customer", "delete_by_member", "edit"}
    shown = shop.wait_for_events()
    assert shown["total"] - before == shown["delivered"] - before == 500
    kinds = Counter(event["change_type"] for event in shown["events"][before:])
    assert kinds == {
        "add_external_contact": storm["done"]["add"],
        "add_half_external_contact": storm["done"]["add_half"],
        "edit_external_contact": storm["done"]["edit"],
        "del_external_contact": storm["done"]["delete_by_member"],
        "del_follow_user": storm["done"]["delete_by_customer"],
    }
    credentials = shop.control("credentials")
    assert "edit_external_contact" in {receiver.event(credentials).get("ChangeType") for _ in range(before + 500)}


def test_the_same_seed_gives_the_same_storm(shop):
    def state(seed):
        shop.control("reset", scenario="cosmetics", contacts=100, seed=1)
        done = shop.control("acts/storm", acts=300, seed=seed)["done"]
        rows = [
            {name: value for name, value in row.items() if name != "createtime"}
            for row in shop.control("follows")["follows"]
        ]
        return done, rows

    first, again, other = state(5), state(5), state(6)
    assert first == again != other


def test_the_dump_is_what_the_api_shows_of_readable_follows(shop):
    shop.control("acts/storm", acts=400)
    follows = shop.control("follows")["follows"]
    assert {follow["relation"] for follow in follows} == {"full", "half", "deleted_by_member", "deleted_by_customer"}
    api = {}
    cursor = ""
    while True:
        page = shop.contacts("batch/get_by_user", userid_list=["alice", "bob"], limit=100, cursor=cursor)
        for row in page["external_contact_list"]:
            info = row["follow_info"]
            api[info["userid"], row["external_contact"]["external_userid"]] = info
        if not (cursor := page["next_cursor"]):
            break
    readable = {
        (f["userid"], f["external_userid"]): f for f in follows if f["relation"] in ("full", "deleted_by_customer")
    }
    assert set(api) == set(readable)
    names = ("remark", "description", "remark_corp_name", "remark_mobiles", "tag_id", "createtime", "state")
    for key, info in api.items():
        assert {name: info[name] for name in names} == {name: readable[key][name] for name in names}


def test_a_tag_that_was_deleted_is_not_in_the_dump(corp):
    first, second = (tag["id"] for tag in corp.control("tags", group="g", tags=["a", "b"])["tag"])
    corp.add_customer(follows=[{"userid": "alice", "tag_id": [first, second]}])
    corp.act(f"tags/{first}/delete")
    assert [follow["tag_id"] for follow in corp.control("follows")["follows"]] == [[second]]


def test_members_who_left_do_nothing(shop):
    shop.act("members/bob/leave")
    before = [follow for follow in shop.control("follows")["follows"] if follow["userid"] == "bob"]
    shop.control("acts/storm", acts=300)
    assert [follow for follow in shop.control("follows")["follows"] if follow["userid"] == "bob"] == before


def test_a_storm_of_ten_thousand_is_fast(shop):
    shop.control("callback", url=None)
    started = time.monotonic()
    shop.control("acts/storm", acts=10_000)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("body", [{}, {"acts": 0}, {"acts": 100_001}, {"acts": "many"}, {"acts": 1, "seed": "x"}])
def test_bad_storms(shop, body):
    before = shop.control("events")["total"]
    assert shop.http.post(f"{shop.url}/sandbox/acts/storm", json=body).status_code == 400
    assert shop.control("events")["total"] == before


def test_a_storm_needs_people(sandbox, alice):
    answer = sandbox.http.post(f"{sandbox.url}/sandbox/acts/storm", json={"acts": 1})
    assert answer.status_code == 400 and "needs a member and a customer" in answer.json()["error"]
