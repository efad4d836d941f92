import time

import pytest
import requests

LIST = "/cgi-bin/externalcontact/get_follow_user_list"
CREATE = "/cgi-bin/externalcontact/add_msg_template"


def call(sandbox):
    return sandbox.http.get(f"{sandbox.url}{LIST}", params={"access_token": sandbox.token})


def create(sandbox, customer):
    return sandbox.contacts("add_msg_template", external_userid=[customer], text={"content": "x"})


def made(sandbox):
    return len(sandbox.control("broadcasts")["broadcasts"])


@pytest.fixture
def customer(sandbox, alice):
    sandbox.sign_in()
    return sandbox.add_customer("alice")


def test_delay(sandbox, customer):
    sandbox.control("faults", path=LIST, kind="delay", seconds=0.3)
    started = time.monotonic()
    assert call(sandbox).json()["errcode"] == 0
    assert time.monotonic() - started >= 0.3
    started = time.monotonic()
    call(sandbox)
    assert time.monotonic() - started < 0.3


def test_a_delay_holds_nobody_else_up(sandbox, customer):
    sandbox.control("faults", path=LIST, kind="delay", seconds=2)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{sandbox.url}{LIST}", timeout=0.2)
    started = time.monotonic()
    assert call(sandbox).json()["errcode"] == 0
    assert time.monotonic() - started < 1


def test_drop_answer_does_the_work(sandbox, customer):
    sandbox.control("faults", path=CREATE, kind="drop_answer")
    with pytest.raises(requests.ConnectionError):
        create(sandbox, customer)
    assert made(sandbox) == 1
    assert create(sandbox, customer)["errcode"] == 0


def test_drop_connection_does_nothing(sandbox, customer):
    sandbox.control("faults", path=CREATE, kind="drop_connection")
    with pytest.raises(requests.ConnectionError):
        create(sandbox, customer)
    assert made(sandbox) == 0
    assert create(sandbox, customer)["errcode"] == 0


def test_truncated_does_the_work_and_breaks_off(sandbox, customer):
    sandbox.control("faults", path=CREATE, kind="truncated")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        create(sandbox, customer)
    assert made(sandbox) == 1


def test_not_json_does_the_work_and_answers_a_page(sandbox, customer):
    sandbox.control("faults", path=CREATE, kind="not_json")
    with pytest.raises(requests.JSONDecodeError):
        create(sandbox, customer)
    assert made(sandbox) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_http_error(sandbox, customer, status):
    sandbox.control("faults", path=CREATE, kind="http_error", status=status)
    answer = sandbox.http.post(f"{sandbox.url}{CREATE}", params={"access_token": sandbox.token}, json={})
    assert answer.status_code == status
    assert made(sandbox) == 0


@pytest.mark.parametrize("errcode", [-1, 40014, 45009, 45033])
def test_errcode(sandbox, customer, errcode):
    sandbox.control("faults", path=CREATE, kind="errcode", errcode=errcode)
    answer = create(sandbox, customer)
    assert (answer["errcode"], answer["fail_list"]) == (errcode, [])
    assert made(sandbox) == 0


def test_a_number_of_calls_on_any_path(sandbox, customer):
    sandbox.control("faults", path="*", kind="errcode", errcode=-1, times=3)
    codes = [call(sandbox).json()["errcode"], create(sandbox, customer)["errcode"]]
    codes += [call(sandbox).json()["errcode"] for _ in range(2)]
    assert codes == [-1, -1, -1, 0]
    assert sandbox.control("faults") == {"faults": []}


def test_a_share_of_calls(sandbox, customer):
    sandbox.control("faults", path=LIST, kind="errcode", errcode=-1, share=0.25)
    hit = sum(call(sandbox).json()["errcode"] == -1 for _ in range(200))
    assert 25 <= hit <= 75
    sandbox.http.delete(f"{sandbox.url}/sandbox/faults")
    assert [call(sandbox).json()["errcode"] for _ in range(20)] == [0] * 20


def test_a_share_ends_with_its_number_of_calls(sandbox, customer):
    sandbox.control("faults", path=LIST, kind="errcode", errcode=-1, share=0.5, times=2)
    assert sum(call(sandbox).json()["errcode"] == -1 for _ in range(50)) == 2


def test_the_first_fitting_fault_hits(sandbox, customer):
    first = sandbox.control("faults", path=CREATE, kind="errcode", errcode=-1)["id"]
    second = sandbox.control("faults", path="*", kind="errcode", errcode=45009)["id"]
    assert first != second
    assert [call(sandbox).json()["errcode"] for _ in range(2)] == [45009, 0]
    assert create(sandbox, customer)["errcode"] == -1


def test_faults_are_logged_and_counted(sandbox, customer):
    sandbox.http.delete(f"{sandbox.url}/sandbox/calls")
    sandbox.control("faults", path=CREATE, kind="drop_answer")
    with pytest.raises(requests.ConnectionError):
        create(sandbox, customer)
    call(sandbox)
    calls = sandbox.control("calls?limit=10")["calls"]
    assert [(entry["method"], entry["path"], entry["errcode"], entry["fault"]) for entry in calls] == [
        ("POST", CREATE, 0, "drop_answer"),
        ("GET", LIST, 0, None),
    ]
    counters = sandbox.control("counters")
    assert counters["calls"] == {CREATE: 1, LIST: 1}
    assert (counters["total"], counters["faults"]) == (2, {"drop_answer": 1})
    assert sandbox.control(f"calls?limit=10&path={LIST}")["calls"] == calls[1:]
    assert sandbox.control("calls?limit=0")["calls"] == []


@pytest.mark.parametrize("fault", [{"kind": "errcode", "errcode": -1}, {"kind": "http_error", "status": 502}])
@pytest.mark.parametrize("done", [False, True])
def test_a_refusal_may_come_after_the_work(sandbox, customer, fault, done):
    sandbox.control("faults", path=CREATE, done=done, **fault)
    body = {"external_userid": [customer], "text": {"content": "x"}}
    answer = sandbox.http.post(f"{sandbox.url}{CREATE}", json=body, params={"access_token": sandbox.token})
    assert (answer.status_code, made(sandbox)) == (fault.get("status", 200), int(done))


def test_calls_may_pass_before_a_fault_hits(sandbox, customer):
    sandbox.control("faults", path=LIST, kind="errcode", errcode=42001, after=2)
    assert [call(sandbox).json()["errcode"] for _each in range(4)] == [0, 0, 42001, 0]


@pytest.mark.parametrize("wrong", [{"kind": "delay", "seconds": 1, "done": True}, {"kind": "truncated", "after": 0}])
def test_what_a_fault_cannot_take_is_refused(sandbox, wrong):
    answer = sandbox.http.post(f"{sandbox.url}/sandbox/faults", json={"path": LIST, **wrong})
    assert answer.status_code == 400
