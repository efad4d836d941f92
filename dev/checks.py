"""``make test``: lint, unit tests, Odoo's tests with the tours, translations, upgrade; one closing line."""

import argparse
import os
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev import addon, odoo_tests, postgres, translations, upgrade, verdict, walls
from dev.console import Stop, say
from dev.paths import DATA, PROJECT
from dev.python_environment import PYTHON

# Not in pyproject.toml: there "enable" wins over "disable".
PYLINT_DISABLED = [
    # A model is split into files by concern on purpose: one reason to change per file.
    "consider-merging-classes-inherited",
    # Tables of terms at module level are marked with the client's own lazy _; no environment exists there.
    "prefer-env-translation",
]
GATES = {
    "ruff check": ["ruff", "check", "--quiet", "."],
    "ruff format": ["ruff", "format", "--quiet", "--check", "."],
    "pylint-odoo": ["pylint", addon.NAME, f"--disable={','.join(PYLINT_DISABLED)}"],
}


def lint() -> verdict.Tally:
    """The static checks; each counts as one."""
    tally = verdict.Tally()
    for name, words in GATES.items():
        environment = {"PYLINTHOME": str(DATA / "pylint"), **os.environ}
        result = subprocess.run([PYTHON, "-m", *words], cwd=PROJECT, env=environment, capture_output=True, text=True)
        tally += verdict.gate(name, result.returncode)
        if result.returncode:
            say(result.stdout + result.stderr)
    broken = walls.violations()
    tally += verdict.gate("import walls", len(broken))
    tally.problems += broken
    return tally


def unit(arguments: list[str]) -> verdict.Tally:
    """The tests of client, sandbox and bootstrap by pytest; ``arguments`` go on to it."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        result = subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        text = report.read_text(encoding="utf-8") if report.exists() else None
    if result.returncode:
        say(result.stdout)
    return verdict.from_pytest(text, result.returncode)


def odoo(arguments: list[str]) -> verdict.Tally:
    """Odoo's tests; ``--tags`` chooses some."""
    parser = argparse.ArgumentParser(prog='make test ARGS="odoo ..."')
    parser.add_argument("--tags", default=odoo_tests.ALL, help="Odoo's --test-tags, e.g. /wecom_customer_reach:TestX")
    return odoo_tests.run(parser.parse_args(arguments).tags)


PARTS = {
    "lint": lambda arguments: lint(),
    "unit": unit,
    "odoo": odoo,
    "tours": lambda arguments: odoo_tests.run(odoo_tests.TOURS),
    "i18n": lambda arguments: translations.check(),
    "upgrade": lambda arguments: upgrade.check(),
}


def guarded(part: str, arguments: list[str]) -> verdict.Tally:
    """Run one part; what stops it is a failure of that part, the others go on."""
    try:
        tally = PARTS[part](arguments)
    except Stop as stop:
        tally = verdict.Tally(failed=1, problems=[str(stop)])
    except Exception as error:
        tally = verdict.Tally(failed=1, problems=[f"{type(error).__name__}: {error}"])
    for problem in tally.problems:
        say(f"   {part}: {problem}")
    say(f"   {part}: {tally.last_line()}")
    return tally


def main(arguments: list[str]) -> int:
    """Run all parts, or the one named first in ``arguments`` with the rest as its options."""
    if arguments and arguments[0] not in PARTS:
        raise Stop(f"There is no part {arguments[0]!r}: choose one of {', '.join(PARTS)}.")
    with postgres.in_use():
        if arguments:
            tally = guarded(arguments[0], arguments[1:])
        else:
            tally = everything()
    say(tally.last_line())
    return 0 if tally.is_good else 1


def everything() -> verdict.Tally:
    """All parts in two lanes, for two processors; the tours run with Odoo's other tests."""
    lanes = (("odoo", "i18n"), ("lint", "unit", "upgrade"))
    interrupted = threading.Event()

    def run_lane(lane):
        return [guarded(part, []) for part in lane if not interrupted.is_set()]

    with ThreadPoolExecutor(len(lanes)) as pool:
        try:
            results = list(pool.map(run_lane, lanes))
        except BaseException:
            interrupted.set()  # what runs now ends with the terminal's own signal; nothing new begins
            raise
    return sum((tally for lane in results for tally in lane), verdict.Tally())
