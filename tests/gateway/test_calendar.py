"""An RRULE in a zone: eight o'clock is eight o'clock, also when the clocks change."""

from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailfax.gateway.calendar import RuleFault, calendar

DAY_US = 24 * 3600 * 1_000_000


def us(written: str) -> int:
    return round(datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()) * 1_000_000


def shown(moments: list[int]) -> list[str]:
    return [f"{datetime.fromtimestamp(each / 1e6, UTC):%Y-%m-%dT%H:%M}" for each in moments]


def test_monday_at_eight_in_berlin_follows_its_clocks() -> None:
    mondays = calendar("FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0", "2026-01-05T00:00", "Europe/Berlin")
    spring = mondays.between(us("2026-03-20T00:00"), us("2026-04-07T00:00"))
    assert shown(spring) == ["2026-03-23T07:00", "2026-03-30T06:00", "2026-04-06T06:00"]
    assert shown(list(islice(mondays.upcoming(us("2026-10-19T06:00")), 2))) == ["2026-10-26T07:00", "2026-11-02T07:00"]


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (
            "2026-03-29",
            ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"],
        ),  # 02:30 is left out: 03:30 summer time
        ("2026-10-25", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),  # 02:30 comes twice: the first
    ],
)
def test_a_time_that_a_change_leaves_out_or_repeats_happens_once(day: str, at: list[str]) -> None:
    daily = calendar("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-01-01T00:00", "Europe/Berlin")
    middle = us(f"{day}T12:00")
    assert shown(daily.between(middle - 2 * DAY_US + 1, middle + DAY_US)) == at


@given(
    first=st.integers(us("2025-06-01T00:00"), us("2027-06-01T00:00")),
    cuts=st.lists(st.integers(0, 40 * DAY_US), max_size=6),
)
def test_however_time_is_cut_each_occurrence_is_in_one_piece(first: int, cuts: list[int]) -> None:
    rule = calendar("FREQ=DAILY;BYHOUR=2,8;BYMINUTE=30", "2025-01-01T00:00", "America/New_York")
    ends = sorted({first, first + 40 * DAY_US, *(first + cut for cut in cuts)})
    pieces = [each for begin, end in pairwise(ends) for each in rule.between(begin, end)]
    assert pieces == rule.between(ends[0], ends[-1])
    assert pieces == list(islice(rule.upcoming(first), len(pieces)))


def test_the_last_friday_of_the_month_and_a_rule_with_an_end() -> None:
    fridays = calendar("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2026-01-01T17:00", "UTC")
    assert shown(list(fridays.upcoming(0))) == ["2026-01-30T17:00", "2026-02-27T17:00"]


@pytest.mark.parametrize(
    ("rule", "begin", "zone"),
    [
        ("every monday", "2026-01-01", "UTC"),
        ("FREQ=SECONDLY", "2026-01-01", "UTC"),
        ("FREQ=MINUTELY", "2026-01-01", "UTC"),
        ("FREQ=DAILY", "yesterday", "UTC"),
        ("FREQ=DAILY", "2026-01-01T00:00Z", "UTC"),
        ("FREQ=DAILY", "2026-01-01", "Europe/Nowhere"),
        ("RRULE:FREQ=DAILY\nEXDATE:20260101T000000", "2026-01-01", "UTC"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_sentence(rule: str, begin: str, zone: str) -> None:
    with pytest.raises(RuleFault, match=r"\.$"):
        calendar(rule, begin, zone)
