"""A sender says when his fax goes and how much it matters, in a header, a tag or a suffix; it is refused in words or kept with the job (QU2, QU4)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mailfax.gateway.planning import NamedHours, PlanPolicy, plan_of
from mailfax.model.address import FaxAddress
from mailfax.model.options import OptionFault, asked_in_mail, asked_in_suffix, send_options
from mailfax.model.plan import CallPlan, Priority

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
NOW_US = int(NOW.timestamp()) * 1_000_000
POLICY = PlanPolicy(
    hours={
        "business": NamedHours(written="mon-fri 08:00-18:00"),
        "cheap": NamedHours(written="20:00-06:00", at_destination=False),
    },
    bulk_numbers=3,
    zone="Europe/Berlin",
)


def plan(
    number: str = "+12025551234", zone: str = "", numbers: int = 1, policy: PlanPolicy = POLICY, **asked: str
) -> CallPlan:
    fields = [(f"X-Fax-{key.replace('_', '-')}", value) for key, value in asked.items()]
    options = send_options(asked_in_mail(fields, ""))
    return plan_of(options, FaxAddress(number=number, domain="fax.lan"), numbers, zone, policy, NOW_US)


def local(at_us: int | None, zone: str = "Europe/Berlin") -> str:
    assert at_us is not None
    return datetime.fromtimestamp(at_us / 1e6, tz=UTC).astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("23:00", "2026-11-28T23:00+01:00"),
        ("2300", "2026-11-28T23:00+01:00"),
        ("7.30", "2026-11-29T07:30+01:00"),
        ("12:00", "2026-11-29T12:00+01:00"),
        ("2026-12-01T08:00", "2026-12-01T08:00+01:00"),
        ("2026-12-01 08:00-05:00", "2026-12-01T14:00+01:00"),
        ("90m", "2026-11-28T13:30+01:00"),
        ("+3d", "2026-12-01T12:00+01:00"),
    ],
)
def test_a_time_is_read_as_the_next_one_by_the_senders_clock(written: str, means: str) -> None:
    assert local(plan(send_at=written).send_at_us) == means


def test_a_user_in_another_zone_means_his_own_clock() -> None:
    assert local(plan(send_at="23:00", zone="America/New_York").send_at_us) == "2026-11-29T05:00+01:00"


def test_not_after_counts_from_send_at() -> None:
    found = plan(send_at="23:00", not_after="06:00")
    assert local(found.not_after_us) == "2026-11-29T06:00+01:00"


def test_hours_are_those_of_the_called_number_or_ours() -> None:
    assert plan(hours="business") == CallPlan(hours="mon-fri 08:00-18:00", zones=("America/New_York",))
    assert plan(hours="Cheap") == CallPlan(hours="20:00-06:00", zones=("Europe/Berlin",))
    assert plan(number="5551234", hours="business").zones == ("Europe/Berlin",)
    assert plan(number="+18005551234", hours="business").zones  # somewhere in North America: whatever is known
    assert plan(hours="any") == CallPlan()


def test_what_the_administrator_set_holds_where_nothing_is_asked() -> None:
    usual = PlanPolicy(hours=POLICY.hours, usual="cheap", zone="Europe/Berlin")
    assert plan(policy=usual).hours == "20:00-06:00"
    assert plan(policy=usual, hours="any").hours == ""


def test_many_numbers_go_last_unless_the_sender_says_otherwise() -> None:
    assert plan(numbers=3).priority is Priority.LOW
    assert plan(numbers=3, priority="normal").priority is Priority.NORMAL
    assert asked_in_mail([], "[urgent] Recall") == {"priority": "high"}
    assert asked_in_suffix(["send-at=2300", "urgent"]) == {"send-at": "2300", "priority": "high"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"send_at": "tomorrow"}, "send-at: 'tomorrow' is no time"),
        ({"send_at": "25:00"}, "is no time"),
        ({"not_after": "2026-11-01T08:00"}, "over before the fax may be sent"),
        ({"hours": "lunch"}, "hours=lunch is not known here; there are business, cheap, any"),
        ({"priority": "highest"}, "it can be high, normal, low"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(asked: dict[str, str], said: str) -> None:
    with pytest.raises(OptionFault, match=said):
        plan(**asked)
