import base64

import pytest

BATCH = "batch/get_by_user"


@pytest.fixture
def crowd(sandbox, alice, bob):
    """Alice has 130 customers, bob 120."""
    sandbox.add_crowd("alice", 130)
    sandbox.add_crowd("bob", 120)


def pages(sandbox, path, rows, **body):
    """All pages; stops at an empty or absent cursor."""
    found = []
    while True:
        answer = sandbox.contacts(path, **body)
        assert answer["errcode"] == 0, answer
        found.append(answer[rows])
        if not answer.get("next_cursor"):
            return found
        body["cursor"] = answer["next_cursor"]


@pytest.mark.parametrize(("limit", "size"), [(None, 50), (0, 50), (1, 1), (100, 100), (101, 100), (5000, 100)])
def test_get_by_user_clamps_to_100(sandbox, crowd, limit, size):
    body = {} if limit is None else {"limit": limit}
    answer = sandbox.contacts(BATCH, userid_list=["alice", "bob"], **body)
    assert len(answer["external_contact_list"]) == size


def test_get_by_user_gives_every_pair_once(sandbox, crowd):
    found = pages(sandbox, BATCH, "external_contact_list", userid_list=["alice", "bob"], limit=100)
    assert [len(page) for page in found] == [100, 100, 50]
    pairs = [(row["external_contact"]["external_userid"], row["follow_info"]["userid"]) for p in found for row in p]
    assert len(set(pairs)) == 250
    assert sorted({userid for _, userid in pairs}) == ["alice", "bob"]


def test_customers_added_or_lost_between_pages_disturb_no_other(sandbox, crowd):
    before = set(sandbox.get("externalcontact/list", userid="alice")["external_userid"])
    first = sandbox.contacts(BATCH, userid_list=["alice"], limit=60)
    gone = first["external_contact_list"][0]["external_contact"]["external_userid"]
    sandbox.control("members/alice/delete_customer", external_userid=gone)
    newcomer = sandbox.add_customer("alice")
    rest = pages(sandbox, BATCH, "external_contact_list", userid_list=["alice"], limit=60, cursor=first["next_cursor"])
    ids = [
        row["external_contact"]["external_userid"] for page in [first["external_contact_list"], *rest] for row in page
    ]
    assert len(ids) == len(set(ids))
    assert set(ids) == before | {newcomer}


def test_a_page_that_ends_exactly_has_no_cursor(sandbox, alice):
    sandbox.add_crowd("alice", 50)
    assert sandbox.contacts(BATCH, userid_list=["alice"], limit=50)["next_cursor"] == ""
    assert sandbox.contacts(BATCH, userid_list=["alice"], limit=49)["next_cursor"] != ""


def test_the_last_cursor_can_be_left_out(sandbox, crowd):
    sandbox.control("settings", omit_final_cursor=True)
    found = pages(sandbox, BATCH, "external_contact_list", userid_list=["alice"], limit=100)
    assert sum(map(len, found)) == 130
    assert "next_cursor" not in sandbox.get("externalcontact/get", external_userid=next(iter(sandbox.world.contacts)))


def test_short_and_empty_pages_in_the_middle(sandbox, crowd):
    sandbox.control("settings", short_pages=True)
    found = pages(sandbox, BATCH, "external_contact_list", userid_list=["alice", "bob"], limit=60)
    sizes = [len(page) for page in found]
    assert 0 in sizes[:-1] and max(sizes) == 40
    ids = [row["external_contact"]["external_userid"] for page in found for row in page]
    assert len(ids) == len(set(ids)) == 250


def tampered(cursor):
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for place in (0, len(raw) - 1):
        changed = raw.copy()
        changed[place] ^= 1
        yield base64.urlsafe_b64encode(changed).decode().rstrip("=")
    yield from ("nonsense", "=", "x" * 1000, cursor[:-1], cursor + "A", cursor + "=", "中")


def test_a_changed_cursor_is_refused(sandbox, crowd):
    cursor = sandbox.contacts(BATCH, userid_list=["alice"])["next_cursor"]
    for wrong in tampered(cursor):
        assert sandbox.contacts(BATCH, userid_list=["alice"], cursor=wrong)["errcode"] == 50100, wrong


def test_a_cursor_belongs_to_its_endpoint_and_filter(sandbox, crowd):
    cursor = sandbox.contacts(BATCH, userid_list=["alice"])["next_cursor"]
    assert sandbox.contacts(BATCH, userid_list=["bob"], cursor=cursor)["errcode"] == 50100
    assert sandbox.contacts(BATCH, userid_list=["alice", "bob"], cursor=cursor)["errcode"] == 50100
    msgid = sandbox.broadcast(sender="alice")
    assert sandbox.contacts("get_groupmsg_task", msgid=msgid, cursor=cursor)["errcode"] == 50100
    assert sandbox.contacts(BATCH, userid_list=["alice"], limit=7, cursor=cursor)["errcode"] == 0


def test_a_contact_of_more_than_500_members_comes_in_pages(sandbox):
    userids = [sandbox.world.add_member(f"m{number}", "张").userid for number in range(501)]
    contact = sandbox.add_customer(*userids)
    first = sandbox.get("externalcontact/get", external_userid=contact)
    assert len(first["follow_user"]) == 500
    second = sandbox.get("externalcontact/get", external_userid=contact, cursor=first["next_cursor"])
    assert len(second["follow_user"]) == 1 and second["next_cursor"] == ""
    seen = {follow["userid"] for follow in first["follow_user"] + second["follow_user"]}
    assert seen == set(userids)


@pytest.mark.parametrize(("limit", "size"), [(None, 50), (100, 100), (101, 50)])
def test_the_broadcast_list_falls_back_to_50(sandbox, alice, limit, size):
    customer = sandbox.add_customer("alice")
    for _ in range(101):
        sandbox.contacts("add_msg_template", external_userid=[customer], text={"content": "x"})
    now = sandbox.control("clock")["now"]
    body = {"chat_type": "single", "start_time": now - 3600, "end_time": now + 60}
    answer = sandbox.contacts("get_groupmsg_list_v2", **body, **({} if limit is None else {"limit": limit}))
    assert len(answer["group_msg_list"]) == size
    found = pages(sandbox, "get_groupmsg_list_v2", "group_msg_list", **body, limit=40)
    assert [len(page) for page in found] == [40, 40, 21]


@pytest.mark.parametrize(("limit", "size"), [(None, 500), (1000, 1000), (1001, 500)])
def test_results_fall_back_to_500(sandbox, alice, limit, size):
    customers = sandbox.add_crowd("alice", 1001)
    msgid = sandbox.broadcast(*customers)
    body = {"msgid": msgid, "userid": "alice", **({} if limit is None else {"limit": limit})}
    assert len(sandbox.contacts("get_groupmsg_send_result", **body)["send_list"]) == size
    found = pages(sandbox, "get_groupmsg_send_result", "send_list", msgid=msgid, userid="alice", limit=1000)
    assert [row["external_userid"] for page in found for row in page] == customers


def test_tasks_fall_back_to_500(sandbox):
    userids = [sandbox.world.add_member(f"m{number}", "张").userid for number in range(1001)]
    msgid = sandbox.broadcast(*[sandbox.add_crowd(userid, 1)[0] for userid in userids])
    sizes = [len(sandbox.contacts("get_groupmsg_task", msgid=msgid, limit=n)["task_list"]) for n in (1000, 1001, 3)]
    assert sizes == [1000, 500, 3]
    found = pages(sandbox, "get_groupmsg_task", "task_list", msgid=msgid)
    assert [task["userid"] for page in found for task in page] == userids
