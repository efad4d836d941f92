import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from wecom_sandbox.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--scenario", "empty", "--contacts", "5"], "the scenario empty has no contacts"),
        (["--contacts", "-1"], "the number of contacts must lie between 0 and"),
        (["--port", "70000"], "--port must lie between 0 and 65535"),
        (["--host", "203.0.113.1", "--scenario", "empty"], "cannot listen on 203.0.113.1:8070"),
    ],
)
def test_bad_options_end_with_one_line_that_says_why(capsys, arguments, reason):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--scenario", "bakery"], ["--port", "x"], ["--callback-url", "example"]])
def test_options_that_cannot_be_read(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_busy_port(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--scenario", "empty", "--port", str(port)]) == 1
    assert re.search(rf"cannot listen on 127\.0\.0\.1:{port}: .+\. Try another --port\.\n", capsys.readouterr().err)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_interrupted(ending):
    command = [sys.executable, "-m", "wecom_sandbox", "--port", "0", "--contacts", "20", "--seed", "3"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        first = process.stdout.readline()
        assert "cosmetics, 12 members, 20 contacts" in first
        url = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
        state = requests.get(f"{url}/sandbox/state", timeout=5).json()
        assert (state["scenario"], state["seed"], state["customers"]) == ("cosmetics", 3, 20)
        process.send_signal(ending)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()
