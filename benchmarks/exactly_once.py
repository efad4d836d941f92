"""[exactly-once]: thousands of batches, a WeCom that loses answers, workers that are killed; nobody gets it twice."""

import random
import subprocess
import sys
import time
from collections import Counter

import psycopg2

from odoo.tools import config, mute_logger

from benchmarks import local_wecom
from benchmarks.local_wecom import control

CONTACTS = 900
BROADCASTS = 180
SHARES = 10  # each broadcast goes to one customer in so many, so that nobody meets WeCom's cap
WORKERS = 2
KILLS = 20
LONGEST_SECONDS = 1200
CREATE = "/cgi-bin/externalcontact/add_msg_template"
LIST = "/cgi-bin/externalcontact/get_groupmsg_list_v2"
TASKS = "/cgi-bin/externalcontact/get_groupmsg_task"
RESULTS = "/cgi-bin/externalcontact/get_groupmsg_send_result"
FAULTS = [
    {"path": CREATE, "kind": "drop_answer", "share": 0.06},
    {"path": CREATE, "kind": "truncated", "share": 0.02},
    {"path": CREATE, "kind": "not_json", "share": 0.02},
    {"path": CREATE, "kind": "drop_connection", "share": 0.04},
    {"path": CREATE, "kind": "http_error", "status": 502, "share": 0.02},
    {"path": CREATE, "kind": "http_error", "status": 504, "done": True, "share": 0.02},
    {"path": CREATE, "kind": "errcode", "errcode": 45009, "share": 0.01},
    {"path": CREATE, "kind": "errcode", "errcode": -1, "done": True, "share": 0.02},
    {"path": CREATE, "kind": "delay", "seconds": 0.3, "share": 0.05},
    *({"path": path, "kind": "drop_connection", "share": 0.005} for path in (LIST, TASKS, RESULTS)),
    *({"path": path, "kind": "errcode", "errcode": 45009, "share": 0.002} for path in (LIST, TASKS, RESULTS)),
]
STATES = ("pending", "sent", "not_friend", "capped")
OPEN_STATES = ("planned", "claimed", "unknown")


def exactly_once(env):
    """Send 180 broadcasts through all faults at once; compare with the sandbox's own book, recipient by recipient."""
    with local_wecom.connected_corp(env, CONTACTS) as corp:
        control(corp.base_url, "settings", dispatch_delay=0, trusted_ips=None)
        local_wecom.synchronise(corp)
        broadcasts = _broadcasts(env, corp)
        for fault in FAULTS:
            control(corp.base_url, "faults", **fault)
        started = time.perf_counter()
        kills, unknown = _send(env, corp)
        seconds = time.perf_counter() - started
        local_wecom.clear_faults(corp.base_url)
        control(corp.base_url, "members/confirm_all", **{"except": []})
        _read_results(env, corp)
        problems = _compare(env, corp, broadcasts)
        batches = len(broadcasts.batch_ids)
    good = not problems and kills == KILLS and unknown > 0
    return (
        f"BENCH exactly-once batches={batches} kills={kills} answers_lost={unknown} seconds={seconds:.0f} "
        f"problems={len(problems)} {'ok' if good else 'short'}" + "".join(f"\n      {line}" for line in problems[:10])
    ), good


def _broadcasts(env, corp):
    """Make the broadcasts, each with a text of its own, to one share of the partners; press Send."""
    partners = env["wecom.contact"].search([("corp_id", "=", corp.id), ("status", "=", "active")]).partner_id
    shares = [partners[number::SHARES].ids for number in range(SHARES)]
    broadcasts = env["wecom.broadcast"].create(
        [
            {
                "name": f"Trial {number}",
                "corp_id": corp.id,
                "partner_domain": repr([("id", "in", shares[number % SHARES])]),
                "sender_policy": "first",
                "text": f"Trial number {number}",
            }
            for number in range(BROADCASTS)
        ]
    )
    broadcasts.action_send()
    env.cr.commit()  # pylint: disable=invalid-commit  # the workers read it
    return broadcasts


def _send(env, corp):
    """Let the workers send until nothing is open, killing one now and then; return (kills, answers ever lost)."""
    workers, kills, lost = [_worker(env) for _number in range(WORKERS)], 0, set()
    chance = random.Random(time.time())
    try:
        end = time.monotonic() + LONGEST_SECONDS
        next_kill = time.monotonic() + 8
        while time.monotonic() < end:
            time.sleep(1)
            states = _let_time_pass(env, corp, lost)
            if kills < KILLS and time.monotonic() > next_kill:
                victim = chance.randrange(WORKERS)
                workers[victim].kill()
                workers[victim].wait()
                workers[victim] = _worker(env)
                kills, next_kill = kills + 1, time.monotonic() + chance.uniform(3, 9)
            if not any(states[state] for state in OPEN_STATES) and not states["sending"]:
                return kills, len(lost)
        raise AssertionError(f"Not settled in time: {dict(states)}")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _worker(env):
    words = [sys.executable, "-m", "benchmarks.send_worker", f"--database={env.cr.dbname}"]
    words += [f"--addons-path={','.join(config['addons_path'])}", f"--data-dir={config['data_dir']}"]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL)


def _let_time_pass(env, corp, lost):
    """When nothing is due, make open batches due as if a quarter of an hour had gone by; count states.

    Ids of batches whose answer is out are added to ``lost``. What a worker is at is left alone: it would fail on it.
    """
    env.cr.commit()  # pylint: disable=invalid-commit  # to see what the workers wrote
    try:
        with mute_logger("odoo.sql_db"):
            env.cr.execute(
                """WITH open AS (
                       SELECT batch.id, batch.next_attempt_at <= now() at time zone 'UTC' AS due,
                              COALESCE(batch.claimed_at + interval '5 s', '-infinity') < now() at time zone 'UTC'
                              AS resting
                         FROM wecom_broadcast_batch batch
                         JOIN wecom_broadcast broadcast ON broadcast.id = batch.broadcast_id
                        WHERE broadcast.corp_id = %s AND batch.state IN ('planned', 'claimed', 'unknown')
                   )
                   UPDATE wecom_broadcast_batch batch
                      SET claimed_at = claimed_at - interval '15 minutes', next_attempt_at = now() at time zone 'UTC'
                     FROM open WHERE open.id = batch.id AND open.resting AND NOT open.due
                      AND NOT EXISTS (SELECT FROM open WHERE due)""",
                [corp.id],
            )
    except psycopg2.errors.SerializationFailure:
        env.cr.rollback()  # a worker has just moved one of them: the next look finds it
    env.cr.execute(
        """SELECT batch.state, batch.id, broadcast.state FROM wecom_broadcast broadcast
             LEFT JOIN wecom_broadcast_batch batch ON batch.broadcast_id = broadcast.id WHERE broadcast.corp_id = %s""",
        [corp.id],
    )
    rows = env.cr.fetchall()
    env.cr.commit()  # pylint: disable=invalid-commit  # the workers see the new times
    lost.update(number for state, number, _course in rows if state == "unknown")
    states = Counter(state for state, _number, _course in rows)
    states["sending"] = sum(course in ("scheduled", "sending") for _state, _number, course in rows)
    return states


def _read_results(env, corp):
    """Read the results of all batches."""
    batches = env["wecom.broadcast.batch"].sudo().search([("broadcast_id.corp_id", "=", corp.id)])
    batches.write({"next_poll_at": "2020-01-01"})
    while env["wecom.broadcast.batch"].search_count([("id", "in", batches.ids), ("poll_count", "=", 0)]):
        batches._cron_read_results()
        env.cr.commit()  # pylint: disable=invalid-commit  # what was read counts


def _compare(env, corp, broadcasts):
    """Return a line for each customer who got something twice, not at all, or whose state here is another one."""
    here = {}
    for recipient in env["wecom.broadcast.recipient"].search([("broadcast_id", "in", broadcasts.ids)]):
        if recipient.batch_id:
            here.setdefault(recipient.broadcast_id.text, {})[recipient.external_userid] = recipient.state
    there, texts = {}, set(broadcasts.mapped("text"))
    for entry in control(corp.base_url, "broadcasts")["broadcasts"]:
        if entry["text"] not in texts:
            continue  # the scenario's members have sent some of their own
        for row in control(corp.base_url, f"broadcasts/{entry['msgid']}/recipients")["recipients"]:
            there.setdefault(entry["text"], {}).setdefault(row["external_userid"], []).append(STATES[row["status"]])
    problems = []
    for text in here.keys() | there.keys():
        states, told = here.get(text, {}), there.get(text, {})
        for who in states.keys() | told.keys():
            # A refused customer is nobody's: WeCom took him and gave him to no member.
            expected = [] if states.get(who) == "refused" else [states.get(who, "not planned")]
            if told.get(who, []) != expected:
                problems.append(f"{text}: {who} is {told.get(who, [])} in WeCom, {states.get(who)} here")
    wrong = [batch for batch in broadcasts.batch_ids if batch.state != "created"]
    problems += [f"batch {batch.id} ended as {batch.state}: {batch.error_message}" for batch in wrong]
    return problems
