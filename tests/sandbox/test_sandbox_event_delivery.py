import queue
import socket
import threading
import time

import pytest
from caller import Caller

from wecom_sandbox import event_delivery
from wecom_sandbox.server import SandboxServer


def emit(corp, count):
    """Send ``count`` events that carry their number."""
    for number in range(count):
        corp.control("events", Event="x", Number=number)


def arrived(corp, receiver):
    """The numbers of the events in the order in which they arrived, once all are done."""
    corp.wait_for_events()
    credentials = corp.control("credentials")
    return [int(receiver.event(credentials)["Number"]) for _ in range(receiver.posts.qsize())]


@pytest.mark.parametrize("refusal", [500, 302, 204])
def test_a_refused_event_is_repeated_three_times(corp, receiver, refusal):
    receiver.statuses = [refusal] * 4
    emit(corp, 2)
    assert arrived(corp, receiver) == [0, 0, 0, 0, 1]
    shown = corp.control("events")
    assert [(event["attempts"], event["status"]) for event in shown["events"]] == [(4, refusal), (1, 200)]
    assert (shown["total"], shown["delivered"], shown["given_up"], shown["pending"]) == (2, 1, 1, 0)


def test_a_late_answer_counts_as_none(corp, receiver, monkeypatch):
    assert (event_delivery.TIMEOUT, event_delivery.REPEATS) == (5, 3)
    monkeypatch.setattr(event_delivery, "TIMEOUT", 0.2)
    receiver.pause = 0.5
    emit(corp, 1)
    assert arrived(corp, receiver) == [0, 0, 0, 0]
    (event,) = corp.control("events")["events"]
    assert (event["attempts"], event["status"]) == (4, "no answer within 0.2 s")


def test_an_answer_in_time_after_a_late_one(corp, receiver, monkeypatch):
    monkeypatch.setattr(event_delivery, "TIMEOUT", 0.2)
    receiver.pause = 0.5
    emit(corp, 1)
    receiver.posts.get(timeout=5)
    receiver.pause = 0
    assert arrived(corp, receiver) == [0]
    assert corp.control("events")["events"][0]["attempts"] == 2


def test_an_answer_that_is_no_http_does_not_end_the_delivery(corp, receiver):
    with socket.create_server(("127.0.0.1", 0)) as garbler:
        port = garbler.getsockname()[1]

        def garble():
            for _ in range(4):
                connection, _ = garbler.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"SMTP ready\r\n\r\n")

        threading.Thread(target=garble, daemon=True).start()
        corp.control("callback", url=f"http://127.0.0.1:{port}/")
        emit(corp, 1)
        assert corp.wait_for_events()["given_up"] == 1
    corp.control("callback", url=receiver.url)
    emit(corp, 1)
    assert arrived(corp, receiver) == [0]


def test_nobody_waits_for_a_dead_callback_address():
    with SandboxServer("empty", callback_url="http://127.0.0.1:9/") as server:
        corp = Caller(server)
        started = time.monotonic()
        emit(corp, 1)
        assert time.monotonic() - started < 1
        assert corp.wait_for_events()["events"][0]["status"].startswith("no answer: ")


def test_good_behaviour_is_the_rule(corp, receiver):
    good = {"duplicate": 0, "lose": 0, "reorder": 0, "delay": 0, "connections": 1}
    assert corp.control("callback/behaviour") == good
    emit(corp, 20)
    assert arrived(corp, receiver) == list(range(20))


def test_duplicates(corp, receiver):
    corp.control("callback/behaviour", duplicate=1)
    emit(corp, 3)
    assert arrived(corp, receiver) == [0, 0, 1, 1, 2, 2]
    shown = corp.control("events")
    assert (shown["total"], shown["duplicates"], shown["delivered"]) == (6, 3, 6)
    assert [event["duplicate"] for event in shown["events"]] == [False, True] * 3


def test_loss(corp, receiver):
    corp.control("callback/behaviour", lose=1, duplicate=1)
    emit(corp, 3)
    assert arrived(corp, receiver) == []
    shown = corp.control("events")
    assert (shown["total"], shown["lost"], shown["delivered"], shown["pending"]) == (3, 3, 0, 0)
    assert [(event["attempts"], event["done"]) for event in shown["events"]] == [(0, True)] * 3


def test_another_order(corp, receiver):
    corp.control("callback/behaviour", reorder=10)
    emit(corp, 25)
    numbers = arrived(corp, receiver)
    for start, end in ((0, 10), (10, 20), (20, 25)):  # the last ones go when nothing follows
        assert sorted(numbers[start:end]) == list(range(start, end)) != numbers[start:end]


def test_the_same_misfortunes_for_the_same_seed(corp, receiver):
    behaviour = {"lose": 0.3, "duplicate": 0.3, "reorder": 5}
    runs = []
    for seed in (7, 7, 8):
        corp.control("reset", scenario="empty", seed=seed)
        corp.control("callback/behaviour", **behaviour)
        emit(corp, 40)
        runs.append(arrived(corp, receiver))
    assert runs[0] == runs[1] != runs[2]
    assert 10 < len(set(runs[0])) < 40 < 2 * len(runs[0])


def test_delay(corp, receiver):
    corp.control("callback/behaviour", delay=0.6)
    started = time.monotonic()
    emit(corp, 1)
    assert corp.control("events")["pending"] == 1
    assert arrived(corp, receiver) == [0]
    assert 0.6 <= time.monotonic() - started < 3


def test_several_connections_at_once(corp, receiver):
    receiver.pause = 0.3
    corp.control("callback/behaviour", connections=8)
    started = time.monotonic()
    emit(corp, 16)
    assert sorted(arrived(corp, receiver)) == list(range(16))
    assert time.monotonic() - started < 2.5  # one after the other would take 4.8 s
    corp.control("callback/behaviour", connections=1)
    receiver.pause = 0
    emit(corp, 16)
    assert arrived(corp, receiver) == list(range(16))


def test_shuffled_events_go_out_together_on_idle_connections(corp, receiver):
    corp.control("callback/behaviour", connections=8)
    emit(corp, 8)
    corp.wait_for_events()
    corp.control("callback/behaviour", reorder=8)
    receiver.pause = 0.5
    emit(corp, 8)
    started = time.monotonic()
    corp.wait_for_events()
    assert time.monotonic() - started < 2.5  # one after the other would take 4 s


def test_the_count_is_complete_though_the_list_is_not(corp, receiver, monkeypatch):
    monkeypatch.setattr(event_delivery, "KEPT", 10)
    corp.act("reset")
    emit(corp, 25)
    shown = corp.wait_for_events()
    assert (shown["total"], shown["delivered"], len(shown["events"])) == (25, 25, 10)


def test_reset_forgets_what_waits_and_keeps_the_address(corp, receiver):
    corp.control("callback/behaviour", delay=0.5, reorder=3, lose=0.1)
    emit(corp, 2)
    corp.act("reset")
    assert corp.control("events")["total"] == 0
    assert corp.control("callback/behaviour")["delay"] == 0
    assert corp.control("callback")["url"] == receiver.url
    with pytest.raises(queue.Empty):
        receiver.posts.get(timeout=1)


@pytest.mark.parametrize(
    "body",
    [
        b'{"duplicate": -0.1}',
        b'{"duplicate": 1.1}',
        b'{"lose": NaN}',
        b'{"lose": "half"}',
        b'{"reorder": -1}',
        b'{"reorder": 1.5}',
        b'{"reorder": 10001}',
        b'{"delay": 3601}',
        b'{"delay": -1}',
        b'{"connections": 0}',
        b'{"connections": 17}',
        b'{"speed": 1}',
    ],
)
def test_bad_behaviour_is_refused(corp, body):
    before = corp.control("callback/behaviour")
    answer = corp.http.post(f"{corp.url}/sandbox/callback/behaviour", data=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert corp.control("callback/behaviour") == before


def test_behaviour_at_its_limits(corp):
    limits = {"duplicate": 1, "lose": 1, "reorder": 10_000, "delay": 3600, "connections": 16}
    assert corp.control("callback/behaviour", **limits) == limits
    assert corp.control("callback/behaviour", lose=0) == {**limits, "lose": 0}
