"""How many broadcasts a customer may receive, in Beijing time (wecom-api.md § 6.1, 19)."""

from datetime import datetime, timedelta, timezone

import pytest

from wecom_sandbox.delivery import cap_window

BEIJING = timezone(timedelta(hours=8))
DAY = 86400


def unix(*when):
    return int(datetime(*when, tzinfo=BEIJING).timestamp())


@pytest.mark.parametrize(
    ("rule", "now", "start", "cap"),
    [
        ("month_days", (2026, 2, 28, 23, 59, 59), (2026, 2, 1), 28),
        ("month_days", (2028, 2, 1), (2028, 2, 1), 29),
        ("month_days", (2026, 4, 30, 12), (2026, 4, 1), 30),
        ("month_days", (2026, 12, 31, 23), (2026, 12, 1), 31),
        ("per_month", (2026, 12, 31, 23), (2026, 12, 1), 4),
        ("per_week", (2026, 11, 23), (2026, 11, 23), 7),
        ("per_week", (2026, 11, 29, 23, 59, 59), (2026, 11, 23), 7),
        ("per_day", (2026, 11, 24, 0, 30), (2026, 11, 24), 1),
    ],
)
def test_windows_begin_at_midnight_in_beijing(rule, now, start, cap):
    assert cap_window(unix(*now), rule) == (unix(*start), cap)


def advance_to_next(sandbox, unit):
    """Move the clock just past the next Beijing midnight that begins a day, week or month; signs in again."""
    now = datetime.fromtimestamp(sandbox.control("clock")["now"], BEIJING)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while (unit == "week" and midnight.weekday()) or (unit == "month" and midnight.day != 1):
        midnight += timedelta(days=1)
    sandbox.control("clock", advance=int(midnight.timestamp() - now.timestamp()) + 5)
    sandbox.sign_in()
    return midnight


def send(sandbox, customer):
    """One corp broadcast to the customer, confirmed; returns its result: 1 sent, 3 capped."""
    totals = sandbox.control("members/alice/confirm", msgid=sandbox.broadcast(customer))
    return 3 if totals["capped"] else totals["sent"]


@pytest.mark.parametrize(
    ("rule", "unit", "cap"), [("per_day", "day", 1), ("per_week", "week", 7), ("per_month", "month", 4)]
)
def test_at_the_cap_past_it_and_in_the_next_window(sandbox, alice, rule, unit, cap):
    sandbox.control("settings", cap_rule=rule)
    customer = sandbox.add_customer("alice")
    advance_to_next(sandbox, unit)
    assert [send(sandbox, customer) for _ in range(cap + 2)] == [1] * cap + [3, 3]
    assert len(sandbox.control(f"customers/{customer}")["inbox"]) == cap
    advance_to_next(sandbox, unit)
    assert send(sandbox, customer) == 1


def test_as_many_as_the_month_has_days(sandbox, alice):
    customer = sandbox.add_customer("alice")
    start = advance_to_next(sandbox, "month")
    days = ((start + timedelta(days=31)).replace(day=1) - start).days
    assert [send(sandbox, customer) for _ in range(days + 1)] == [1] * days + [3]


def test_members_own_broadcasts_count_too(sandbox, alice):
    sandbox.control("settings", cap_rule="per_day")
    customer, other = sandbox.add_customer("alice"), sandbox.add_customer("alice")
    advance_to_next(sandbox, "day")
    sandbox.control("members/alice/broadcast", text="早安", external_userids=[customer])
    msgid = sandbox.broadcast(customer, other)
    assert sandbox.control("members/alice/confirm", msgid=msgid) == {"sent": 1, "not_friend": 0, "capped": 1}
    assert sandbox.results(msgid, "alice") == {customer: 3, other: 1}
    own = sandbox.control("members/alice/broadcast", text="晚安")
    assert (own["sent"], own["capped"]) == (0, 2)


def test_the_cap_counts_when_the_member_confirms(sandbox, alice):
    sandbox.control("settings", cap_rule="per_day")
    customer = sandbox.add_customer("alice")
    advance_to_next(sandbox, "day")
    assert send(sandbox, customer) == 1
    waiting = sandbox.broadcast(customer)
    advance_to_next(sandbox, "day")
    assert sandbox.control("members/alice/confirm", msgid=waiting)["sent"] == 1
    assert send(sandbox, customer) == 3


def test_someone_who_is_no_friend_is_not_called_capped(sandbox, alice):
    sandbox.control("settings", cap_rule="per_day")
    customer = sandbox.add_customer("alice")
    advance_to_next(sandbox, "day")
    assert send(sandbox, customer) == 1
    msgid = sandbox.broadcast(customer)
    sandbox.control("members/alice/delete_customer", external_userid=customer)
    assert sandbox.control("members/alice/confirm", msgid=msgid) == {"sent": 0, "not_friend": 1, "capped": 0}
