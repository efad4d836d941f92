"""One token for all, renewed by one at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from scripted_wecom import GETTOKEN, ok, refused, reply

from wecom_api import CallKind, MemoryTokenStore, WeComClient
from wecom_api.errors import ConfigurationError, ResponseInvalid
from wecom_api.tokens import usable_seconds

PATH = "/cgi-bin/externalcontact/anything"
THREADS = 50


def run_together(count, work):
    """Run ``work`` in threads that start at the same moment; return the results."""
    barrier = threading.Barrier(count)

    def start(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_fifty_threads_without_a_token_fetch_one(wecom):
    wecom.token_delay = 0.05
    wecom.script(PATH, ok(done=1))
    client = WeComClient("ww0001", "secret", base_url=wecom.url)
    run_together(THREADS, lambda _number: client.call("GET", PATH, kind=CallKind.READ))
    assert len(wecom.calls(GETTOKEN)) == 1
    assert {request.query["access_token"] for request in wecom.calls(PATH)} == {"tok-1"}


def test_fifty_threads_whose_token_was_revoked_renew_it_once(wecom):
    store = MemoryTokenStore()
    store.refresh(None, lambda: ("revoked", 7200))
    client = WeComClient("ww0001", "secret", base_url=wecom.url, token_store=store)
    wecom.token_delay = 0.05
    next_reply = wecom._next_reply
    wecom._next_reply = lambda request: (
        next_reply(request) if request.query.get("access_token") != "revoked" else refused(40014)
    )
    wecom.script(PATH, ok(done=1))
    answers = run_together(THREADS, lambda _number: client.call("GET", PATH, kind=CallKind.READ))
    assert all(answer["done"] == 1 for answer in answers)
    assert len(wecom.calls(GETTOKEN)) == 1


def test_clients_that_share_a_store_share_the_token(wecom):
    store = MemoryTokenStore()
    wecom.script(PATH, ok())
    for _number in range(3):
        WeComClient("ww0001", "secret", base_url=wecom.url, token_store=store).call("GET", PATH, kind=CallKind.READ)
    assert len(wecom.calls(GETTOKEN)) == 1


@pytest.mark.parametrize(("expires_in", "usable"), [(7200, 6900), (3000, 2700), (60, 54), (10, 9)])
def test_a_token_is_given_up_before_it_ends(expires_in, usable):
    assert usable_seconds(expires_in) == usable
    now = [1000.0]
    store = MemoryTokenStore(clock=lambda: now[0])
    store.refresh(None, lambda: ("tok", expires_in))
    now[0] += usable - 0.1
    assert store.get() == "tok"
    now[0] += 0.1
    assert store.get() is None


def test_refresh_returns_what_another_user_has_fetched_meanwhile():
    store = MemoryTokenStore()
    store.refresh(None, lambda: ("new", 7200))
    assert store.refresh("old", lambda: pytest.fail("fetched again")) == "new"
    assert store.refresh("new", lambda: ("newer", 7200)) == "newer"


def test_a_failed_refresh_leaves_the_store_and_its_lock_usable():
    store = MemoryTokenStore()
    store.refresh(None, lambda: ("kept", 7200))

    def fail():
        raise ConfigurationError(40001, "invalid credential")

    with pytest.raises(ConfigurationError):
        store.refresh("kept", fail)
    assert store.get() == "kept"
    assert store.refresh("kept", lambda: ("next", 7200)) == "next"


def test_a_wrong_secret_is_tried_once_because_failures_ban_the_address(wecom, client):
    wecom.script(GETTOKEN, refused(40001, "invalid credential"))
    with pytest.raises(ConfigurationError) as caught:
        client.call("GET", PATH, kind=CallKind.READ)
    assert caught.value.path == GETTOKEN
    assert len(wecom.calls(GETTOKEN)) == 1


def test_a_busy_gettoken_is_repeated(wecom, client):
    wecom.script(GETTOKEN, refused(-1), ok(access_token="t", expires_in=7200))
    wecom.script(PATH, ok(done=1))
    assert client.call("POST", PATH, kind=CallKind.CREATE)["done"] == 1


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": ""}, {"access_token": "t"}, {"access_token": 7, "expires_in": 7200}]
)
def test_an_answer_without_a_token_is_refused(wecom, client, answer):
    wecom.script(GETTOKEN, reply({"errcode": 0, **answer}))
    with pytest.raises(ResponseInvalid, match="no token"):
        client.call("GET", PATH, kind=CallKind.READ)
