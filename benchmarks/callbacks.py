"""[callback]: keeping an event at the door, against a bare Odoo route that does one insert."""

import http.client
import itertools
import json
import statistics
import threading
import time
from urllib.parse import urlsplit

from benchmarks import measure, odoo_server, population
from wecom_sandbox.callback_crypto import encrypt, signature

EVENTS = 2_000
CONNECTIONS = 4
STEADY_PER_SECOND = 50
STEADY_SECONDS = 10
MOST_P99 = 1.0


def callback(env):
    """Throughput of both routes, and the answer times at a steady rate."""
    corp = population.corp(env)
    env.cr.execute("CREATE TABLE IF NOT EXISTS benchmark_row (id serial PRIMARY KEY, body text)")
    env.cr.commit()  # pylint: disable=invalid-commit  # another process reads it
    requests = _signed_events(corp)
    path = urlsplit(corp.callback_url).path
    with odoo_server.http_server(env.cr.dbname) as url:
        _post_all(url, _bare(itertools.islice(requests, 200)))
        _post_all(url, _ours(path, itertools.islice(requests, 200)))
        bare, ours = [], []
        # By turns, so that both meet the same machine.
        for _turn in range(4):
            bare.append(_post_all(url, _bare(itertools.islice(requests, EVENTS // 4))))
            ours.append(_post_all(url, _ours(path, itertools.islice(requests, EVENTS // 4))))
        p99 = _steady_p99(url, _ours(path, itertools.islice(requests, STEADY_PER_SECOND * STEADY_SECONDS)))
    env.cr.commit()  # pylint: disable=invalid-commit  # to see what the other process wrote
    kept = env["wecom.event"].search_count([("corp_id", "=", corp.id)])
    if kept != 200 + EVENTS + STEADY_PER_SECOND * STEADY_SECONDS:
        raise AssertionError(f"{kept} events kept: the benchmark measured something else.")
    line, met = measure.line("callback", statistics.median(ours), statistics.median(bare), 0.8)
    return (
        f"{line}\n      p99 of the answer at {STEADY_PER_SECOND} events/s: {p99 * 1000:.0f} ms",
        met and p99 < MOST_P99,
    )


def _signed_events(corp):
    """Yield (query, body) of events that have never been sent."""
    for number in itertools.count():
        message = (
            f"<xml><ToUserName>{corp.corpid}</ToUserName><FromUserName>sys</FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType>event</MsgType>"
            "<Event>change_external_contact</Event><ChangeType>edit_external_contact</ChangeType>"
            f"<UserID>member1</UserID><ExternalUserID>wm{number}</ExternalUserID></xml>"
        )
        encrypted = encrypt(corp.callback_aes_key, corp.corpid, message.encode())
        timestamp, nonce = str(int(time.time())), str(number)
        signed = signature(corp.callback_token, timestamp, nonce, encrypted)
        body = f"<xml><ToUserName>{corp.corpid}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
        yield f"?msg_signature={signed}&timestamp={timestamp}&nonce={nonce}", body.encode()


def _ours(path, requests):
    return [(path + query, body) for query, body in requests]


def _bare(requests):
    return [("/benchmark/insert" + query, body) for query, body in requests]


def _post_all(url, requests):
    """Post all over a few connections and return how many a second were answered."""
    parts = [requests[start::CONNECTIONS] for start in range(CONNECTIONS)]
    threads = [threading.Thread(target=_post, args=(url, part)) for part in parts]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(requests) / (time.perf_counter() - started)


def _post(url, requests):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    for target, body in requests:
        _answered(connection, target, body)
    connection.close()


def _answered(connection, target, body):
    connection.request("POST", target, body, {"Content-Type": "text/xml"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise AssertionError(f"answered {answer.status}: {json.dumps(target[:80])}")


def _steady_p99(url, requests):
    """Post at a steady rate and return the 99th percentile of the answer times, in seconds."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    started, times = time.perf_counter(), []
    for number, (target, body) in enumerate(requests):
        time.sleep(max(0, started + number / STEADY_PER_SECOND - time.perf_counter()))
        due = started + number / STEADY_PER_SECOND
        _answered(connection, target, body)
        times.append(time.perf_counter() - due)
    connection.close()
    return statistics.quantiles(times, n=100)[98]
