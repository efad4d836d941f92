import json

import pytest
from caller import Caller

from wecom_sandbox.control import Control
from wecom_sandbox.server import SandboxServer


@pytest.fixture(scope="module")
def steady():
    """A sandbox that many tests share, because none of them may change it."""
    with SandboxServer("empty") as server:
        caller = Caller(server)
        caller.add_member("alice")
        caller.add_customer("alice", external_userid="wm_li")
        yield caller


def send(sandbox, method, path, body=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sandbox.http.request(method, f"{sandbox.url}/sandbox/{path}", data=data)


BAD = [
    ("clock", {}),
    ("clock", {"advance": -1}),
    ("clock", {"advance": "1"}),
    ("clock", {"advance": True}),
    ("clock", {"advance": 1.5}),
    ("clock", {"advance": 10**15}),
    ("clock", {"advance": 1, "extra": 1}),
    ("clock", b"{"),
    ("clock", b"[]"),
    ("clock", b"\xff"),
    ("clock", b"[" * 9999),
    ("clock", b'{"advance": NaN}'),
    ("reset", {"scenario": "bakery"}),
    ("reset", {"scenario": 1}),
    ("reset", {"contacts": -1}),
    ("reset", {"contacts": 10**9, "scenario": "cosmetics"}),
    ("reset", {"scenario": "empty", "contacts": 5}),
    ("reset", {"seed": "one"}),
    ("settings", {"unknown": 1}),
    ("settings", {"cap_rule": "per_year"}),
    ("settings", {"moment_cap_rule": "2019"}),
    ("settings", {"moment_job_errcode": 0}),
    ("settings", {"moment_job_delay": -1}),
    ("settings", {"moment_jobs_at_once": None}),
    ("settings", {"dispatch_delay": -1}),
    ("settings", {"dispatch_delay": None}),
    ("settings", {"token_lifetime": 0}),
    ("settings", {"same_token": 1}),
    ("settings", {"trusted_ips": ["localhost"]}),
    ("settings", {"trusted_ips": "127.0.0.1"}),
    ("settings", {"rate_limit_per_minute": -1}),
    ("settings", {"visible_userids": [1]}),
    ("settings", {"visible_lower": []}),
    ("settings", {"usage_userids": [""]}),
    ("members", {"userid": "bob"}),
    ("members", {"userid": "", "name": "B"}),
    ("members", {"userid": "b b", "name": "B"}),
    ("members", {"userid": "b" * 65, "name": "B"}),
    ("members", {"userid": "ALICE", "name": "A"}),
    ("members/alice/leave", {"when": 1}),
    ("members/alice/confirm", {}),
    ("members/alice/ignore", {"msgid": 1}),
    ("members/alice/broadcast", {}),
    ("members/alice/broadcast", {"text": " "}),
    ("members/alice/broadcast", {"text": "x" * 4001}),
    ("members/alice/broadcast", {"text": "x", "external_userids": ["wm_none"]}),
    ("members/alice/broadcast", {"text": "x", "external_userids": []}),
    ("members/alice/broadcast", {"text": "x", "external_userids": [["x"]]}),
    ("members/alice/delete_customer", {}),
    ("members/alice/new_customer", {"name": 5}),
    ("members/alice/edit_customer", {}),
    ("members/alice/edit_customer", {"external_userid": "wm_li", "remark": "x" * 21}),
    ("members/confirm_all", {"except": "alice"}),
    ("members/confirm_all", {"except": [1]}),
    ("customers", {}),
    ("customers", {"name": "", "follows": []}),
    ("customers", {"name": "Li", "type": 3}),
    ("customers", {"name": "Li", "gender": 9}),
    ("customers", {"name": "Li", "external_userid": "wm li"}),
    ("customers", {"name": "Li", "follows": ["alice"]}),
    ("customers", {"name": "Li", "follows": [{}]}),
    ("customers", {"name": "Li", "follows": [{"userid": "alice"}, {"userid": "Alice"}]}),
    ("customers", {"name": "Li", "follows": [{"userid": "alice", "add_way": 99}]}),
    ("customers", {"name": "Li", "follows": [{"userid": "alice", "relation": "enemy"}]}),
    ("customers", {"name": "Li", "follows": [{"userid": "alice", "tag_id": ["et_none"]}]}),
    ("customers", {"name": "Li", "follows": [{"userid": "alice", "createtime": -5}]}),
    ("customers", {"name": "Li", "follows": [{"userid": "alice", "remark_mobiles": [138]}]}),
    ("customers", b'{"name": "\\ud800"}'),
    ("customers/wm_li/add_member", {"userid": "alice"}),
    ("customers/wm_li/add_member", {}),
    ("customers/wm_li/delete_member", {}),
    ("customers/wm_li/chat", {"userid": 7}),
    ("tags", {"group": "g"}),
    ("tags", {"group": "g", "tags": []}),
    ("tags", {"group": "g", "tags": ["x" * 31]}),
    ("tags", {"group": "g" * 31, "tags": ["x"]}),
    ("chats", {}),
    ("transfer_fail", {"userid": "alice", "external_userid": "wm_li"}),
    ("transfer_fail", {"userid": "alice", "external_userid": "wm_li", "reason": "bad_mood"}),
    ("faults", {}),
    ("faults", {"path": "/nothing", "kind": "drop_answer"}),
    ("faults", {"path": "*", "kind": "earthquake"}),
    ("faults", {"path": "*", "kind": "delay"}),
    ("faults", {"path": "*", "kind": "delay", "seconds": -1}),
    ("faults", {"path": "*", "kind": "delay", "seconds": 1, "status": 500}),
    ("faults", {"path": "*", "kind": "http_error"}),
    ("faults", {"path": "*", "kind": "http_error", "status": 200}),
    ("faults", {"path": "*", "kind": "errcode", "errcode": 0}),
    ("faults", {"path": "*", "kind": "drop_answer", "times": 0}),
    ("faults", {"path": "*", "kind": "drop_answer", "share": 1.1}),
    ("faults", b'{"path": "*", "kind": "drop_answer", "share": NaN}'),
    ("faults", b'{"path": "*", "kind": "delay", "seconds": 1e999}'),
]


@pytest.mark.parametrize(("path", "body"), BAD, ids=[f"{path} {str(body)[:60]}" for path, body in BAD])
def test_bad_input_is_refused_with_a_reason_and_changes_nothing(steady, path, body):
    before = steady.control("state"), steady.control("faults"), steady.control("members")
    answer = send(steady, "POST", path, body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"] and len(answer.json()["error"]) > 10
    after = steady.control("state"), steady.control("faults"), steady.control("members")
    before[0].pop("now"), after[0].pop("now")
    assert before == after


UNKNOWN = [
    ("POST", "members/ghost/leave", {}),
    ("POST", "members/ghost/confirm", {"msgid": "msg1"}),
    ("POST", "members/alice/confirm", {"msgid": "msg1"}),
    ("POST", "members/ghost/confirm_all", {}),
    ("POST", "members/confirm_all", {"except": ["ghost"]}),
    ("POST", "members/alice/delete_customer", {"external_userid": "wm_none"}),
    ("POST", "members/ghost/new_customer", {}),
    ("POST", "members/alice/edit_customer", {"external_userid": "wm_none"}),
    ("POST", "transfer_fail", {"userid": "ghost", "external_userid": "wm_li", "reason": "customer_refused"}),
    ("POST", "transfer_fail", {"userid": "alice", "external_userid": "wm_none", "reason": "customer_refused"}),
    ("POST", "chats", {"userid": "ghost"}),
    ("POST", "chats/wr_none/dismiss", {}),
    ("POST", "customers/wm_none/chat", {"userid": "alice"}),
    ("POST", "customers/wm_li/chat", {"userid": "ghost"}),
    ("POST", "customers", {"name": "Li", "follows": [{"userid": "ghost"}]}),
    ("GET", "members/ghost", None),
    ("GET", "members/ghost/customers", None),
    ("GET", "customers/wm_none", None),
    ("GET", "broadcasts/msg1/recipients", None),
    ("GET", "media/none", None),
    ("GET", "nothing", None),
    ("GET", "nothing/%ff%00", None),
]


@pytest.mark.parametrize(("method", "path", "body"), UNKNOWN)
def test_what_is_unknown_is_a_404_with_a_reason(steady, method, path, body):
    answer = send(steady, method, path, body)
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("query", ["calls?limit=x", "calls?limit=-1", "calls?limit=", "customers?limit=1001"])
def test_bad_queries(steady, query):
    assert send(steady, "GET", query).status_code == 400


def test_the_wrong_method_says_which_is_right(sandbox):
    answer = send(sandbox, "GET", "reset")
    assert (answer.status_code, answer.json()) == (405, {"error": "use POST for /sandbox/reset"})


def test_no_route_fails_on_an_empty_object_or_a_wrong_one(sandbox):
    """Every route of the control surface, called with nothing and with nonsense, answers and never with a 500."""
    rules = list(Control(sandbox.server.app)._map.iter_rules())
    assert len(rules) > 35
    for rule in rules:
        path = rule.rule.removeprefix("/sandbox/").replace("<", "").replace(">", "")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            for body in (b"", b"{}", b'{"nonsense": []}', b'"x"'):
                answer = send(sandbox, method, path, body)
                assert answer.status_code in (200, 400, 404), (method, path, body, answer.text)


def test_settings_are_kept_and_shown(sandbox):
    changes = {"dispatch_delay": 0, "trusted_ips": ["127.0.0.1", "::1"], "visible_userids": ["a"], "short_pages": True}
    shown = sandbox.control("settings", **changes)
    assert {name: shown[name] for name in changes} == changes
    assert sandbox.control("settings") == shown == sandbox.control("state")["settings"]
    assert set(shown) == {
        "dispatch_delay",
        "cap_rule",
        "moment_job_delay",
        "moment_job_errcode",
        "moment_jobs_at_once",
        "moments_per_minute",
        "moment_cap_rule",
        "trusted_ips",
        "token_lifetime",
        "same_token",
        "rate_limit_per_minute",
        "rate_limit_per_hour",
        "visible_userids",
        "usage_userids",
        "app_allowed",
        "omit_final_cursor",
        "short_pages",
    }


def test_the_clock_runs_and_can_be_moved(sandbox):
    first = sandbox.control("clock")["now"]
    moved = sandbox.control("clock", advance=86400)["now"]
    assert 86400 <= moved - first <= 86405
    assert sandbox.control("state")["now"] - moved in (0, 1, 2)
    assert sandbox.control("clock", advance=0)["now"] >= moved


def test_reset_starts_anew(sandbox, alice):
    sandbox.add_customer("alice")
    sandbox.broadcast(sender="alice")
    sandbox.control("settings", cap_rule="per_day")
    sandbox.control("clock", advance=86400)
    sandbox.control("faults", path="*", kind="drop_answer", share=1)
    state = sandbox.control("reset", scenario="cosmetics", contacts=46, seed=7)
    assert (state["scenario"], state["seed"], state["customers"]) == ("cosmetics", 7, 46)
    assert state["settings"]["cap_rule"] == "month_days"
    assert sandbox.control("faults") == {"faults": []}
    assert sandbox.control("counters")["total"] == 0
    assert sandbox.get("externalcontact/get_follow_user_list")["errcode"] == 40014
    empty = sandbox.control("reset", scenario="empty")
    assert (empty["customers"], empty["members"], empty["broadcasts"]) == (0, 0, 0)


def test_state_counts(sandbox, alice, bob):
    sandbox.add_customer("alice", "bob")
    sandbox.add_customer(follows=[{"userid": "bob", "relation": "deleted_by_member"}])
    sandbox.act("members/alice/leave")
    state = sandbox.control("state")
    assert (state["members"], state["customers"], state["follows"], state["broadcasts"]) == (1, 2, 2, 0)


def test_finding_customers(sandbox, alice):
    first = sandbox.add_customer("alice", name="小鹿")
    second = sandbox.add_customer(name="晴天", follows=[{"userid": "alice", "remark": "鹿女士"}])
    sandbox.add_customer("alice", name="豆豆")
    found = sandbox.control("customers?search=鹿")
    assert found["total"] == 2
    assert [row["external_userid"] for row in found["customers"]] == [first, second]
    sandbox.control("members/alice/broadcast", text="早", external_userids=[second])
    newest = sandbox.control("customers?search=鹿&limit=1")
    assert (newest["total"], [row["external_userid"] for row in newest["customers"]]) == (2, [second])
    assert newest["customers"][0]["members"] == ["Alice"] and newest["customers"][0]["received"] == 1


def test_the_customers_on_a_members_phone(sandbox, alice, bob):
    old = sandbox.add_customer(name="小鹿", follows=[{"userid": "alice", "createtime": 5, "remark": "鹿女士"}])
    new = sandbox.add_customer(name="晴天", follows=[{"userid": "alice", "createtime": 6}])
    sandbox.add_customer("bob", name="鹿鹿")
    gone = sandbox.add_customer(follows=[{"userid": "alice", "relation": "deleted_by_member"}])
    sandbox.control(f"customers/{old}/delete_member", userid="alice")
    listed = sandbox.control("members/alice/customers")
    assert [row["external_userid"] for row in listed["customers"]] == [new, old]
    assert (listed["total"], listed["customers"][1]["relation"]) == (2, "deleted_by_customer")
    for search, found in (("鹿", [old]), ("晴", [new]), (new, [new]), (gone, []), ("bob", [])):
        rows = sandbox.control(f"members/alice/customers?search={search}")["customers"]
        assert [row["external_userid"] for row in rows] == found
    limited = sandbox.control("members/alice/customers?limit=1")
    assert (limited["total"], len(limited["customers"])) == (2, 1)
    assert send(sandbox, "GET", "members/alice/customers?limit=1001").status_code == 400


def test_people_act_only_where_they_are_connected(sandbox, alice, bob):
    customer = sandbox.add_customer("alice")
    for path, body in [
        (f"customers/{customer}/delete_member", {"userid": "bob"}),
        (f"customers/{customer}/chat", {"userid": "bob"}),
        ("members/bob/delete_customer", {"external_userid": customer}),
        ("members/bob/edit_customer", {"external_userid": customer, "remark": "x"}),
        ("members/bob/broadcast", {"text": "x", "external_userids": [customer]}),
    ]:
        assert send(sandbox, "POST", path, body).status_code == 400
    shown = sandbox.control(f"customers/{customer}/add_member", userid="bob", state="poster")
    assert [(f["userid"], f["relation"], f["state"]) for f in shown["follows"]] == [
        ("alice", "full", ""),
        ("bob", "full", "poster"),
    ]
