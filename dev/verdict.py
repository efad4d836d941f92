"""Counting what passed and what failed, from the words of each tool."""

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

ODOO_TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
ODOO_SKIPPED = re.compile(r" INFO \S+ \S+: skipped (.+)")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>[^:]+): (?P<words>.*)")
# (logger, part of the words): warnings that say nothing about this project.
ALLOWED_WARNINGS = [
    # The embedded PostgreSQL has no contrib extensions; Odoo goes on without trigram indexes.
    ("odoo.sql_db", "bad query: CREATE EXTENSION"),
    ("odoo.registry", "Missing PostgreSQL extension"),
    # Odoo itself prefers this package to its successor.
    ("py.warnings", "DeprecationWarning: PyPDF2 is deprecated"),
    # Said once per run by Odoo about the machine it runs on.
    ("odoo.addons.base.models.ir_actions_report", "You need Wkhtmltopdf"),
]


@dataclass
class Tally:
    """What one or more parts have counted; ``problems`` are one line each."""

    passed: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.passed + other.passed, self.failed + other.failed, self.problems + other.problems)

    @property
    def is_good(self) -> bool:
        """Something ran, and all of it passed."""
        return self.passed > 0 and self.failed == 0

    def last_line(self) -> str:
        """The plain closing line."""
        return f"{self.passed} passed, {self.failed} failed"


def gate(name: str, returncode: int) -> Tally:
    """A check that is one thing: it passed or it failed."""
    return Tally(passed=1) if returncode == 0 else Tally(failed=1, problems=[f"{name} failed"])


def from_pytest(report: str | None, returncode: int) -> Tally:
    """Read pytest's JUnit report (its text). A skipped test has tested nothing and counts as failed."""
    if report is None:
        return Tally(failed=1, problems=["pytest wrote no report"])
    suites = list(ElementTree.fromstring(report).iter("testsuite"))
    count = {
        name: sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    }
    failed = count["failures"] + count["errors"] + count["skipped"]
    tally = Tally(passed=max(count["tests"] - failed, 0), failed=failed)
    if not count["tests"]:
        return Tally(failed=1, problems=["pytest ran no test"])
    if count["skipped"]:
        tally.problems.append(f"pytest skipped {count['skipped']} tests")
    if returncode and not failed:
        tally += Tally(failed=1, problems=[f"pytest ended with code {returncode}"])
    return tally


def from_odoo(log: str, returncode: int) -> Tally:
    """Read the log of an Odoo test run: failures, skipped tests, warnings and running no test all count as failed."""
    totals = [tuple(map(int, match.groups())) for match in ODOO_TOTAL.finditer(log)]
    ran, broken = sum(total[2] for total in totals), sum(total[0] + total[1] for total in totals)
    skipped = ODOO_SKIPPED.findall(log)
    problems = [f"skipped: {words}" for words in skipped] + disturbing_lines(log)
    if not ran:
        return Tally(failed=1, problems=["Odoo ran no test", *problems])
    tally = Tally(passed=max(ran - broken - len(skipped), 0), failed=broken + len(skipped), problems=problems)
    clean = not disturbing_lines(log) and (not returncode or broken)
    return tally + gate("a quiet Odoo log and exit code", 0 if clean else 1)


def disturbing_lines(log: str) -> list[str]:
    """The WARNING, ERROR and CRITICAL lines of an Odoo log that are not on the allow-list, each once."""
    found = {}
    for line in log.splitlines():
        match = LOG_LINE.match(line)
        if match and match["level"] in ("WARNING", "ERROR", "CRITICAL") and not is_allowed(match):
            found[f"{match['level']} {match['logger']}: {match['words']}"] = True
    return list(found)


def is_allowed(match: re.Match) -> bool:
    """Whether the allow-list names this log line."""
    return any(match["logger"] == logger and words in match["words"] for logger, words in ALLOWED_WARNINGS)
