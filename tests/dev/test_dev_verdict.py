"""What the closing line of ``make test`` counts."""

import pytest

from dev import verdict

CLEAN = "2026-01-01 10:00:00,000 7 INFO db odoo.tests.result: {} failed, {} error(s) of {} tests when loading database"
WARNING = "2026-01-01 10:00:00,000 7 WARNING db odoo.addons.x: something is odd"
SKIPPED = "2026-01-01 10:00:00,000 7 INFO db odoo.addons.x: skipped TestTour.test_it : Chrome executable not found"


def report(tests, failures=0, errors=0, skipped=0):
    counts = f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"'
    return f"<testsuites><testsuite {counts}></testsuite></testsuites>"


def test_parts_add_up_to_one_plain_line():
    total = verdict.gate("a", 0) + verdict.gate("b", 1) + verdict.from_pytest(report(5), 0)
    assert total.last_line() == "6 passed, 1 failed"
    assert not total.is_good


def test_nothing_ran_is_a_failure():
    assert not verdict.Tally().is_good
    assert verdict.from_pytest(report(0), 5).failed == 1
    assert verdict.from_pytest(None, 3).failed == 1
    assert verdict.from_odoo(CLEAN.format(0, 0, 0), 0).failed == 1
    assert verdict.from_odoo("", 0).failed == 1


@pytest.mark.parametrize("counts", [{"failures": 2}, {"errors": 2}, {"skipped": 2}])
def test_pytest_failures_errors_and_skips_all_count_as_failed(counts):
    tally = verdict.from_pytest(report(10, **counts), 1)
    assert (tally.passed, tally.failed) == (8, 2)


def test_pytest_that_ends_badly_after_good_tests_has_failed():
    assert verdict.from_pytest(report(3), 2).failed == 1


def test_a_clean_odoo_run_counts_its_tests_and_the_quiet_log():
    tally = verdict.from_odoo(CLEAN.format(0, 0, 12), 0)
    assert (tally.passed, tally.failed) == (13, 0)


def test_odoo_failures_are_counted_once():
    tally = verdict.from_odoo(CLEAN.format(1, 1, 12), 1)
    assert (tally.passed, tally.failed) == (11, 2)


@pytest.mark.parametrize("line", [WARNING, SKIPPED])
def test_a_warning_or_a_skipped_browser_test_fails_an_otherwise_good_odoo_run(line):
    tally = verdict.from_odoo(f"{line}\n{CLEAN.format(0, 0, 12)}", 0)
    assert tally.failed == 1
    assert len(tally.problems) >= 1


def test_an_odoo_that_ends_badly_after_good_tests_has_failed():
    assert verdict.from_odoo(CLEAN.format(0, 0, 12), 1).failed == 1


def test_allowed_warnings_do_not_fail():
    line = WARNING.replace(
        "odoo.addons.x: something is odd", "odoo.addons.base.models.ir_actions_report: You need Wkhtmltopdf"
    )
    assert verdict.from_odoo(f"{line}\n{CLEAN.format(0, 0, 12)}", 0).failed == 0
