"""Which calls are repeated, which are not, and what the caller learns: every row of the retry table."""

import socket

import pytest
import requests
from scripted_wecom import GETTOKEN, JSON_LIST, NO_ANSWER, NOT_JSON, SECRET, TRUNCATED, Reply, ok, refused, reply

from wecom_api import CallKind, WeComClient, broadcasts, content
from wecom_api.errors import (
    NotReady,
    OutcomeUnknown,
    PayloadInvalid,
    RateLimited,
    ResponseInvalid,
    TokenInvalid,
    TransientError,
    TransportError,
    WeComError,
)
from wecom_api.retry import RETRY_TABLE, RateLimitWindows, Situation
from wecom_api.tokens import MemoryTokenStore
from wecom_api.transport import FilePart

PATH = "/cgi-bin/externalcontact/anything"
REPEATABLE = (CallKind.READ, CallKind.WRITE, CallKind.UPLOAD)

LOST_ANSWERS = {
    "connection dropped": NO_ANSWER,
    "truncated": TRUNCATED,
    "not JSON": NOT_JSON,
    "JSON but no object": JSON_LIST,
    "errcode of the wrong type": reply({"errcode": "many"}),
    "empty body": reply(b""),
    "HTTP 500": reply(b"", status=500),
    "HTTP 502": reply(b"<html>", status=502),
    "too slow": reply({"errcode": 0}, delay=1.0),
}
BUSY = (-1, 6000)


def call(client, kind):
    return client.call("POST", PATH, kind=kind, body={"text": "x"})


def test_the_table_has_an_answer_for_every_situation_and_kind():
    assert set(RETRY_TABLE) == set(Situation)
    assert all(set(row) == set(CallKind) for row in RETRY_TABLE.values())


@pytest.mark.parametrize("kind", REPEATABLE)
@pytest.mark.parametrize("lost", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_a_lost_answer_is_asked_for_again(wecom, client, pauses, kind, lost):
    wecom.script(PATH, lost, ok(done=1))
    assert call(client, kind)["done"] == 1
    assert len(wecom.calls(PATH)) == 2
    assert pauses == [0.5]


@pytest.mark.parametrize("lost", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_a_creation_whose_answer_is_lost_is_unknown_and_never_repeated(wecom, client, pauses, lost):
    wecom.script(PATH, lost)
    with pytest.raises(OutcomeUnknown) as caught:
        call(client, CallKind.CREATE)
    assert len(wecom.calls(PATH)) == 1
    assert pauses == []
    assert "do not send it again" in caught.value.remedy


@pytest.mark.parametrize("failed", [*LOST_ANSWERS.values(), *(refused(code) for code in BUSY)])
def test_what_stays_for_ever_is_not_uploaded_again_and_the_error_lets_the_caller_try(wecom, client, pauses, failed):
    wecom.script(PATH, failed)
    with pytest.raises((TransportError, TransientError)):
        call(client, CallKind.KEEP)
    assert len(wecom.calls(PATH)) == 1
    assert pauses == []


@pytest.mark.parametrize("kind", REPEATABLE)
@pytest.mark.parametrize("errcode", BUSY)
def test_busy_is_repeated_three_times_with_growing_pauses_then_raised(wecom, client, pauses, kind, errcode):
    wecom.script(PATH, refused(errcode))
    with pytest.raises(TransientError) as caught:
        call(client, kind)
    assert caught.value.errcode == errcode
    assert len(wecom.calls(PATH)) == 4
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("errcode", BUSY)
def test_busy_helped_by_the_third_repetition(wecom, client, errcode):
    wecom.script(PATH, refused(errcode), refused(errcode), refused(errcode), ok(done=1))
    assert call(client, CallKind.READ)["done"] == 1


@pytest.mark.parametrize("errcode", [*BUSY, 45029])
def test_a_creation_answered_with_busy_or_too_large_is_unknown(wecom, client, errcode):
    wecom.script(PATH, refused(errcode))
    with pytest.raises(OutcomeUnknown) as caught:
        call(client, CallKind.CREATE)
    assert caught.value.errcode == errcode
    assert len(wecom.calls(PATH)) == 1


@pytest.mark.parametrize("lost", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_a_read_that_stays_unanswered_ends_in_a_transport_error(wecom, client, lost):
    wecom.script(PATH, lost)
    with pytest.raises(TransportError):
        call(client, CallKind.READ)
    assert len(wecom.calls(PATH)) == 4


@pytest.mark.parametrize("kind", CallKind)
@pytest.mark.parametrize("errcode", [40014, 42001])
def test_a_refused_token_is_renewed_once_for_every_kind_of_call(wecom, client, pauses, kind, errcode):
    wecom.script(PATH, refused(errcode), ok(done=1))
    assert call(client, kind)["done"] == 1
    assert [request.query["access_token"] for request in wecom.calls(PATH)] == ["tok-1", "tok-2"]
    assert pauses == []


@pytest.mark.parametrize("kind", CallKind)
def test_a_token_refused_twice_is_raised(wecom, client, kind):
    wecom.script(PATH, refused(42001))
    with pytest.raises(TokenInvalid):
        call(client, kind)
    assert len(wecom.calls(PATH)) == 2
    assert len(wecom.calls(GETTOKEN)) == 2


def test_a_creation_after_a_renewed_token_is_still_never_repeated(wecom, client):
    wecom.script(PATH, refused(42001), NO_ANSWER, ok(done=1))
    with pytest.raises(OutcomeUnknown):
        call(client, CallKind.CREATE)
    assert len(wecom.calls(PATH)) == 2


def test_42013_is_no_token_error(wecom, client):
    wecom.script(PATH, refused(42013))
    with pytest.raises(WeComError):
        call(client, CallKind.READ)
    assert len(wecom.calls(GETTOKEN)) == 1


@pytest.mark.parametrize("kind", CallKind)
@pytest.mark.parametrize(("errcode", "seconds"), [(45009, 60), (45033, 10)])
def test_too_many_calls_is_raised_at_once_with_the_time_to_wait(wecom, client, pauses, kind, errcode, seconds):
    wecom.script(PATH, refused(errcode))
    with pytest.raises(RateLimited) as caught:
        call(client, kind)
    assert caught.value.retry_after == pytest.approx(seconds, abs=1)
    assert len(wecom.calls(PATH)) == 1
    assert pauses == []


@pytest.mark.parametrize("kind", CallKind)
def test_what_is_limited_is_not_called_again_before_its_time(wecom, kind):
    now = [1_700_000_000.0]
    client = WeComClient("ww0001", SECRET, base_url=wecom.url, clock=lambda: now[0])
    wecom.script(PATH, refused(45009), ok(done=1))
    wecom.script("/cgi-bin/other", ok(done=1))
    for wait, left in ((0, 60), (20, 40)):
        now[0] += wait
        with pytest.raises(RateLimited) as caught:
            call(client, kind)
        assert caught.value.retry_after == left
    assert len(wecom.calls(PATH)) == 1
    assert client.call("GET", "/cgi-bin/other", kind=CallKind.READ)["done"] == 1, "limits are those of one interface"
    now[0] += 41
    assert call(client, kind)["done"] == 1
    client.close()


@pytest.mark.parametrize("errcode", [41063, 41079])
def test_not_ready_is_raised_at_once_with_the_time_to_wait(wecom, client, errcode):
    wecom.script(PATH, refused(errcode))
    with pytest.raises(NotReady) as caught:
        call(client, CallKind.READ)
    assert caught.value.retry_after == 5
    assert len(wecom.calls(PATH)) == 1


@pytest.mark.parametrize("kind", CallKind)
@pytest.mark.parametrize("status", [301, 307, 308, 400, 403, 404, 413])
def test_turned_away_before_any_work_is_final_and_proves_that_nothing_was_made(wecom, client, kind, status):
    wecom.script(PATH, reply(b"", status=status, headers={"Location": f"{wecom.url}/elsewhere"}))
    with pytest.raises(ResponseInvalid):
        call(client, kind)
    assert [request.path for request in wecom.requests] == [GETTOKEN, PATH]


@pytest.mark.parametrize("status", [302, 303])
def test_a_redirect_that_may_follow_work_leaves_a_creation_unknown(wecom, client, status):
    wecom.script(PATH, reply(b"", status=status, headers={"Location": f"{wecom.url}/elsewhere"}))
    with pytest.raises(OutcomeUnknown):
        call(client, CallKind.CREATE)
    with pytest.raises(ResponseInvalid):
        call(client, CallKind.READ)
    assert [request.path for request in wecom.requests] == [GETTOKEN, PATH, PATH]


@pytest.fixture
def unreachable_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("kind", CallKind)
def test_when_no_connection_is_made_a_creation_was_not_made_and_others_are_tried_again(unreachable_url, pauses, kind):
    client = WeComClient("ww0001", "secret", base_url=unreachable_url, sleep=pauses.append)
    client._tokens.refresh(None, lambda: ("tok", 7200))
    with pytest.raises(TransportError) as caught:
        call(client, kind)
    assert "no connection" in caught.value.explanation
    assert len(pauses) == (0 if kind is CallKind.CREATE else 3)


def test_an_unknown_host_name_is_told_apart_from_a_lost_answer(pauses):
    client = WeComClient("ww0001", "secret", base_url="https://wecom.invalid", sleep=pauses.append)
    client._tokens.refresh(None, lambda: ("tok", 7200))
    with pytest.raises(TransportError):
        call(client, CallKind.CREATE)


@pytest.mark.parametrize("lost", [NO_ANSWER, NOT_JSON])
def test_a_creation_is_not_made_when_no_token_can_be_had(wecom, client, lost):
    wecom.script(GETTOKEN, lost)
    with pytest.raises(TransportError):
        call(client, CallKind.CREATE)
    assert wecom.calls(PATH) == []


def test_a_creation_goes_out_on_a_new_connection(wecom, client):
    """A kept-alive connection that the server has closed meanwhile would look exactly like a lost answer."""
    wecom.script(PATH, ok(msgid="m"))
    call(client, CallKind.READ)
    call(client, CallKind.READ)
    call(client, CallKind.CREATE)
    first, second, creation = (request.connection for request in wecom.calls(PATH))
    assert first == second
    assert creation != first


def test_a_broadcast_confirmed_without_an_id_is_unknown(wecom, client):
    wecom.script("/cgi-bin/externalcontact/add_msg_template", ok(fail_list=[]))
    payload = content.broadcast(text="hi", external_userids=["wm1"])
    with pytest.raises(OutcomeUnknown):
        broadcasts.add_msg_template(client, payload)


class TestRateLimitWindows:
    def test_a_path_limited_again_right_after_its_window_exceeded_a_longer_one(self):
        now = [1000.0]
        windows = RateLimitWindows(clock=lambda: now[0])
        assert windows.retry_after("/a") == 60
        now[0] += 20
        assert windows.retry_after("/a") == 40  # still the same block
        now[0] += 41
        assert windows.retry_after("/a") == 3600
        now[0] += 3601
        assert windows.retry_after("/a") == 86400
        now[0] += 86401
        assert windows.retry_after("/a") == 86400

    def test_paths_are_limited_apart_and_an_old_block_is_forgotten(self):
        now = [1000.0]
        windows = RateLimitWindows(clock=lambda: now[0])
        windows.retry_after("/a")
        assert windows.retry_after("/b") == 60
        now[0] += 7200
        assert windows.retry_after("/a") == 60


def test_a_creation_that_no_proxy_lets_through_was_never_sent(pauses):
    """Refused by the proxy before anything of the request has left: nothing was made, and nothing is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    session = requests.Session()
    session.proxies = {"https": f"http://127.0.0.1:{port}"}
    tokens = MemoryTokenStore()
    tokens.refresh(None, lambda: ("tok", 7200))
    client = WeComClient(
        "ww1", "s", base_url="https://wecom.invalid", session=session, token_store=tokens, sleep=pauses.append
    )
    with pytest.raises(TransportError) as caught:
        call(client, CallKind.CREATE)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_no_proxy_is_asked_for_an_address_on_this_machine(wecom, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    wecom.script(PATH, ok(done=1))
    assert call(WeComClient("ww1", "s", base_url=wecom.url), CallKind.READ)["done"] == 1


@pytest.mark.parametrize(
    "address", ["https://wecom.example:0x", "https://wecom.example:99999", "https://wecom.example:0"]
)
def test_a_port_that_is_none_is_refused_at_once(address):
    with pytest.raises(ValueError, match="port"):
        WeComClient("ww1", "s", base_url=address)


def test_half_a_character_is_refused_wherever_it_stands(wecom, client):
    part = FilePart("media", "\ud800.jpg", b"123456", "image/jpeg")
    for arguments in ({"params": {"userid": "\ud800"}}, {"body": {"text": "\ud800"}}, {"files": part}):
        with pytest.raises(PayloadInvalid):
            client.call("POST", PATH, kind=CallKind.READ, **arguments)
    assert wecom.calls(PATH) == []


class TestDeadline:
    """A call with all its repetitions ends, however slowly answers come in."""

    @pytest.fixture
    def hurried(self, wecom):
        with_deadline = WeComClient("ww0001", SECRET, base_url=wecom.url, timeout=(2, 5), deadline=0.4)
        yield with_deadline
        with_deadline.close()

    @pytest.mark.parametrize(("kind", "error"), [(CallKind.READ, TransportError), (CallKind.CREATE, OutcomeUnknown)])
    def test_an_answer_that_does_not_come_in_time_ends_the_call(self, wecom, hurried, kind, error):
        wecom.script(PATH, reply({"errcode": 0}, delay=1.5))
        with pytest.raises(error, match="in time"):
            call(hurried, kind)
        assert len(wecom.calls(PATH)) == 1

    def test_no_repetition_begins_that_could_not_end_in_time(self, wecom, hurried):
        wecom.script(PATH, refused(-1))
        with pytest.raises(TransientError):
            call(hurried, CallKind.READ)
        assert len(wecom.calls(PATH)) == 1

    def test_a_body_that_trickles_in_is_given_up(self, wecom, hurried):
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
        wecom.script(PATH, Reply(whole, pause=0.2))
        with pytest.raises(TransportError, match="in time"):
            call(hurried, CallKind.READ)

    def test_each_call_has_its_own(self, wecom):
        patient = WeComClient("ww0001", SECRET, base_url=wecom.url, timeout=(2, 5), deadline=2)
        wecom.script(PATH, reply({"errcode": 0}, delay=0.8))
        for _call in range(3):
            call(patient, CallKind.READ)
        patient.close()
