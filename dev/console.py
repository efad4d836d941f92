"""Words for the person at the terminal, and commands run on his behalf."""

import re
import subprocess
import sys
import time
from contextlib import contextmanager

FULL_DISK_SIGNS = ("no space left on device", "enough free space", "disk quota exceeded")
NO_NETWORK_SIGNS = (
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not resolve",
    "name or service not known",
    "network is unreachable",
    "connection refused",
    "failed to establish a new connection",
    "connection timed out",
    "could not connect to",
    "failed to connect to",
    "dns error",
)
# How tools, Odoo's log and Python's tracebacks begin the line that matters.
ERROR_LINE = re.compile(r"(?i:error:|e: |fatal:|initdb: error)|[\d-]+ [\d:,]+ \d+ CRITICAL |[\w.]+(Error|Exception): ")


class Stop(Exception):
    """The run cannot go on; the text is one line that says what to do."""


def say(text: str) -> None:
    """Print one progress line at once, also into a pipe."""
    print(text, flush=True)


@contextmanager
def step(text: str):
    """Announce a long step and say how long it took."""
    say(f"-> {text} ...")
    started = time.monotonic()
    yield
    say(f"   done in {time.monotonic() - started:.0f} s")


def run(command: list, advice: str, **options) -> str:
    """Run ``command`` and return what it printed on standard output.

    Raises ``Stop`` with one line made of ``advice`` and the command's last words when it fails.
    """
    try:
        result = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options
        )
    except FileNotFoundError:
        raise Stop(f"{command[0]} is not installed. {advice}") from None
    if result.returncode:
        raise Stop(explain(result.stdout + result.stderr, advice))
    return result.stdout


def explain(output: str, advice: str) -> str:
    """One line for a failed command: a known cause in plain words, else its last words and ``advice``."""
    lowered = output.lower()
    if any(sign in lowered for sign in FULL_DISK_SIGNS):
        return "The disk is full: free about 4 GB and run the command again."
    if any(sign in lowered for sign in NO_NETWORK_SIGNS):
        return f"The network cannot be reached: connect, then run the command again. {advice}"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR_LINE.match(line)]
    last = (errors or lines or ["it said nothing"])[-1]
    return f"{advice} ({last[:300]})"


def fail(text: str) -> int:
    """Print the one line of a ``Stop`` and return the exit code 1."""
    print(text, file=sys.stderr, flush=True)
    return 1
