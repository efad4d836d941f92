"""What the upgrade test calls lost."""

import pytest

from dev import upgrade

ROW = {"id": 1, "name": "Spring", "write_date": 1}


def filled(**tables):
    return {**{table: {(1,): dict(ROW)} for table in upgrade.FILLED}, **tables}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, []),
        ({"wecom_tag": {(1,): {**ROW, "write_date": 2, "color": 3}, (2,): ROW}}, []),
        ({"wecom_tag": {(1,): {**ROW, "name": None}}}, ["wecom_tag.name: 'Spring' became None"]),
        ({"wecom_tag": {(1,): {"id": 1}}}, []),
        ({"wecom_tag": {}}, ["wecom_tag: row (1,) is gone"]),
    ],
)
def test_rows_and_values_that_an_update_takes_away_are_named(after, expected):
    assert upgrade.lost(filled(), filled(**after)) == expected


def test_a_table_that_went_is_named_unless_it_was_empty():
    before = filled(wecom_old={(1,): ROW}, wecom_empty={})
    assert upgrade.lost(before, filled()) == ["table wecom_old is gone with 1 rows"]


def test_an_empty_earlier_state_tries_nothing_and_fails():
    assert len(upgrade.lost({}, {})) == len(upgrade.FILLED)
