"""Odoo as a process of its own on the database of the benchmarks, to be talked to and to be killed."""

import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from odoo.tools import config

ADDONS = Path(__file__).parent / "addons"
START_SECONDS = 60


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(database, *options):
    """Start an Odoo process on ``database`` and return it."""
    words = [sys.executable, "-m", "odoo", f"--addons-path={','.join([*config['addons_path'], str(ADDONS)])}"]
    words += [f"--data-dir={config['data_dir']}", f"--database={database}", f"--db-filter=^{database}$"]
    words += ["--log-level=error", "--log-handler=py.warnings:CRITICAL", *options]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL)


def stop(process):
    """End the process at once, as a power cut does."""
    process.kill()
    process.wait()


@contextmanager
def http_server(database, *options):
    """Serve ``database`` with one worker thread pool and no scheduled actions; yield the address."""
    port = free_port()
    load = "--load=base,rpc,web,benchmark_route"
    process = start(
        database, "--http-interface=127.0.0.1", f"--http-port={port}", "--max-cron-threads=0", load, *options
    )
    try:
        await_answer(f"http://127.0.0.1:{port}/web/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def await_answer(url, process):
    """Wait until the server answers; raises AssertionError when it does not."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("Odoo did not start.")
