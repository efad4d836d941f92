"""A corp connected with a local WeCom of its own, and its synchronisation."""

import json
import re
import secrets
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

from benchmarks import measure, population


@contextmanager
def connected_corp(env, contacts):
    """A corp connected with a local WeCom of its own, in a process of its own as the real one would be."""
    command = [sys.executable, "-m", "wecom_sandbox", "--port", "0", "--scenario", "cosmetics"]
    command += ["--contacts", str(contacts), "--seed", str(secrets.randbelow(1_000_000))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+?:\d+", process.stdout.readline()).group()
        with urllib.request.urlopen(url + "/sandbox/credentials", timeout=60) as answer:
            credentials = json.load(answer)
        corp = population.corp(env)
        corp.write({"corpid": credentials["corp_id"], "secret_input": credentials["secret"], "base_url": url})
        env["wecom.member"].sudo().search([("corp_id", "=", corp.id)]).unlink()
        env.cr.commit()  # pylint: disable=invalid-commit  # the run reads committed credentials
        yield corp
        corp.sudo().active = False
        env.cr.commit()  # pylint: disable=invalid-commit  # another benchmark may connect the same corp ID
    finally:
        process.terminate()
        process.wait()


def control(base_url, path, /, **data):
    """POST ``data`` to the control surface of the sandbox (GET without data) and return its answer."""
    body = json.dumps(data).encode() if data else None
    with urllib.request.urlopen(base_url + "/sandbox/" + path, body, timeout=600) as answer:
        return json.load(answer)


def clear_faults(base_url):
    """Let the sandbox behave from now on."""
    request = urllib.request.Request(base_url + "/sandbox/faults", method="DELETE")
    urllib.request.urlopen(request, timeout=60).close()


def synchronise(corp):
    """Run one synchronisation, committing after each step as the worker does; return it and seconds by stage."""
    env = corp.env
    sync = env["wecom.sync"].sudo().create({"corp_id": corp.id})
    env.cr.commit()  # pylint: disable=invalid-commit  # a run starts committed
    watches = {}
    steps = sync.with_company(corp.company_id)._steps()
    more = True
    while more:
        with watches.setdefault(sync.stage, measure.Stopwatch())():
            more = next(steps, steps) is not steps
            env.cr.commit()  # pylint: disable=invalid-commit  # one step, one transaction
    if sync.state != "done":
        raise AssertionError(f"The run ended as {sync.state}: {sync.error_message}")
    return sync, {stage: watch.seconds for stage, watch in watches.items()}
