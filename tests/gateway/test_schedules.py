"""Documents on a calendar: each occurrence once, whatever happens in between; what was missed is told; the user's rules hold."""

import contextlib
import email
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path

import pytest
from gateway_door import Gateway, add_anna

from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.schedules import ScheduleDesk
from mailfax.model.schedule import RunState, ScheduleRun
from mailfax.spool import posts, runs
from mailfax.spool.store import Store
from tests.smtp.running import Background

MORE = """
[schedules.orders]
rule = "FREQ=WEEKLY;BYDAY=MO;BYHOUR=8;BYMINUTE=0"
zone = "Europe/Berlin"
to = ["5551001", "5551002"]
user = "anna"
sender = "anna@example.org"
folder = "orders"
%s
"""
FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)
MONDAY_DUE = datetime(2026, 11, 30, 7, tzinfo=UTC)  # 08:00 in Berlin
WEEK_S = 7 * 24 * 3600


class Office:
    """A gateway whose Anna has files faxed every Monday, on a clock that the test sets."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway, self.store, self.folder = gateway, gateway.store, folder / "orders"
        self.folder.mkdir()
        self.now_s = FRIDAY.timestamp()
        self.desk = self.a_desk()
        self.desk.step()

    def a_desk(self) -> ScheduleDesk:
        config = self.gateway.config
        intake = Intake(store=self.store, blobs=self.gateway.blobs, new_id=id_maker())
        return build.schedule_desk(config, intake, lambda: round(self.now_s * 1e6))

    def at(self, moment: datetime, later_s: float = 0) -> None:
        """Let the time come, and the worker look."""
        self.now_s = moment.timestamp() + later_s
        self.desk.step()

    def put(self, name: str, text: str = "Please send 5 pieces.") -> Path:
        path = self.folder / name
        path.write_text(text)
        os.utime(path, (self.now_s - 60, self.now_s - 60))
        return path

    def numbers(self) -> list[str]:
        return sorted(job.number for job in self.store.jobs())

    def words(self) -> list[str]:
        """Return the subjects of the mails that wait."""
        blobs = self.gateway.blobs
        return [
            str(email.message_from_bytes(blobs.get(one.message_digest), policy=default)["Subject"])
            for one in self.store.deliveries()
        ]

    def last(self) -> ScheduleRun:
        return runs.newest(self.store, "orders")[0]


@contextlib.contextmanager
def working(folder: Path, more: str = "") -> Iterator[Office]:
    with (
        contextlib.closing(Background()) as background,
        contextlib.closing(Gateway(folder, background, MORE % more)) as gateway,
    ):
        add_anna(gateway)
        yield Office(gateway, folder)


def test_each_file_of_the_folder_goes_on_monday_at_eight_and_once(tmp_path: Path) -> None:
    with working(tmp_path) as office:
        office.put("order 1.txt")
        office.put("order 2.txt", "and 7")
        office.put(".hidden")
        office.at(MONDAY_DUE, -1)
        assert office.numbers() == []
        office.at(MONDAY_DUE)
        assert office.numbers() == ["5551001"] * 2 + ["5551002"] * 2
        assert sorted(path.name for path in (office.folder / "sent").iterdir()) == ["order 1.txt", "order 2.txt"]
        submission = office.store.submission(office.store.jobs()[0].submission_id)
        assert submission is not None
        assert (submission.identity, submission.sender) == ("anna", "anna@example.org")
        assert (office.last().state, office.last().note) == (RunState.DONE, "2 document(s)")
        office.put("order 3.txt")
        for later_s in (1, 3600, WEEK_S - 1):
            office.at(MONDAY_DUE, later_s)
        assert len(office.numbers()) == 4
        office.desk = office.a_desk()  # a restart
        office.at(MONDAY_DUE, WEEK_S)
        assert len(office.numbers()) == 6
        assert office.words() == []


def test_a_file_that_is_still_being_written_waits_for_the_next_time(tmp_path: Path) -> None:
    with working(tmp_path) as office:
        path = office.put("half.txt")
        os.utime(path, (MONDAY_DUE.timestamp() - 1, MONDAY_DUE.timestamp() - 1))
        office.at(MONDAY_DUE)
        assert office.numbers() == []
        assert path.exists()


def test_a_crash_in_the_middle_of_a_run_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with working(tmp_path) as office:
        for number in range(4):
            office.put(f"order {number}.txt", f"{number}")

        class Killed(BaseException):
            """The process dies."""

        calls = 0

        def dying(_self: ScheduleDesk, item: object, folder: str) -> None:
            nonlocal calls
            calls += 1
            if calls == 2:  # the second mail is accepted, its file is not moved
                raise Killed
            put_away(_self, item, folder)

        put_away = ScheduleDesk._put_away
        monkeypatch.setattr(ScheduleDesk, "_put_away", dying)
        with pytest.raises(Killed):
            office.at(MONDAY_DUE)
        assert len(office.numbers()) == 4
        monkeypatch.setattr(ScheduleDesk, "_put_away", put_away)
        office.desk = office.a_desk()
        office.at(MONDAY_DUE, 120)
        assert len(office.numbers()) == 8
        assert sorted(path.name for path in office.folder.iterdir()) == ["sent"]
        assert office.last().state is RunState.DONE


@pytest.mark.parametrize(("missed", "faxed"), [("latest", 2), ("skip", 0)])
def test_what_was_missed_is_told_and_met_as_the_policy_says(tmp_path: Path, missed: str, faxed: int) -> None:
    with working(tmp_path, f'missed = "{missed}"') as office:
        office.put("order.txt")
        office.at(MONDAY_DUE, 2 * WEEK_S + 7200)  # the server was down for two weeks: three Mondays
        assert len(office.numbers()) == faxed
        assert office.words() == ["Schedule orders: It was missed"]
        assert office.last().state is (RunState.DONE if faxed else RunState.SKIPPED)
        office.at(MONDAY_DUE, 2 * WEEK_S + 9000)
        assert len(office.numbers()) == faxed
        assert len(office.words()) == 1


def test_a_restart_over_the_hour_is_not_missed(tmp_path: Path) -> None:
    with working(tmp_path, 'missed = "skip"') as office:
        office.put("order.txt")
        office.at(MONDAY_DUE, 600)
        assert len(office.numbers()) == 2
        assert office.words() == []


def test_a_clock_set_back_over_an_occurrence_runs_it_once(tmp_path: Path) -> None:
    with working(tmp_path) as office:
        office.put("order.txt")
        office.at(MONDAY_DUE, 5)
        office.put("another.txt")
        office.at(MONDAY_DUE, -1800)
        office.at(MONDAY_DUE, 10)
        assert len(office.numbers()) == 2
        office.at(MONDAY_DUE, 52 * WEEK_S)  # a wrong clock
        office.at(MONDAY_DUE, WEEK_S - 100)
        office.put("third.txt")
        office.at(MONDAY_DUE, WEEK_S)
        assert len(office.numbers()) == 6, "what a wrong clock ran in the future stops nothing"


def test_the_user_may_what_he_may_at_that_moment(tmp_path: Path) -> None:
    rules = '[permissions.not]\nwho = ["user:anna"]\nto = ["5551002"]\ndeny = true\n[permissions.rest]\nwho = ["*"]\nto = ["any"]\n'
    with working(tmp_path, rules) as office:
        office.put("order.txt")
        office.at(MONDAY_DUE)
        assert office.numbers() == ["5551001"]
        assert office.words() == ["Schedule orders: Not all of it could be faxed"]
        office.gateway.mailfax("user", "remove", "anna")
        office.put("next.txt")
        office.at(MONDAY_DUE, WEEK_S)
        assert office.numbers() == ["5551001"]
        assert office.last().state is RunState.FAILED
        assert "There is no user anna" in office.last().note
        assert [path.name for path in (office.folder / "failed").iterdir()] == ["next.txt"]


@pytest.mark.parametrize(
    ("command", "state", "note"),
    [
        ('["/bin/echo", "12 pieces"]', RunState.DONE, "1 document(s)"),
        ('["/bin/false"]', RunState.FAILED, "ended with 1"),
        ('["/bin/true"]', RunState.FAILED, "printed 0 octets"),
        ('["/nowhere/at/all"]', RunState.FAILED, "No such file"),
    ],
)
def test_what_a_command_prints_is_faxed(tmp_path: Path, command: str, state: RunState, note: str) -> None:
    with working(tmp_path) as office:
        text = office.gateway.file.read_text().replace('folder = "orders"', f"command = {command}")
        office.gateway.file.write_text(text)
        said = json.loads(
            office.gateway.mailfax("schedule", "run", "orders", "--json", status=0 if state is RunState.DONE else 1)
        )
        assert said["state"] == state.value
        assert note in said["note"]
        assert len(office.numbers()) == (2 if state is RunState.DONE else 0)


def test_a_schedule_posts_to_a_list_whose_rules_name_the_user(tmp_path: Path) -> None:
    lists = '[lists.all]\nowner = "boss@example.org"\nmembers = "members"\npost = ["user:anna"]\n'
    (tmp_path / "members").write_text("5551001\n5551002\n5551003\n")
    with working(tmp_path, lists) as office:
        text = office.gateway.file.read_text().replace('to = ["5551001", "5551002"]', 'to = ["all"]')
        office.gateway.file.write_text(text)
        office.put("order.txt")
        assert json.loads(office.gateway.mailfax("schedule", "run", "orders", "--json"))["state"] == "done"
        (post,) = posts.unfinished(office.store)
        assert post.members == 3
        office.gateway.file.write_text(text.replace('post = ["user:anna"]', 'post = ["group:sales"]'))
        office.put("order 2.txt")
        refused = json.loads(office.gateway.mailfax("schedule", "run", "orders", "--json", status=1))
        assert "You may not post" in refused["note"]


def test_the_command_line_says_when_and_what_came_of_it(tmp_path: Path) -> None:
    with working(tmp_path) as office:
        upcoming = json.loads(office.gateway.mailfax("schedule", "next", "orders", "--count", "2", "--json"))
        assert len(upcoming) == 2
        assert all(each.endswith(("CET", "CEST")) and " 08:00 " in each for each in upcoming)
        office.put("order.txt")
        assert "done, 1 document(s)" in office.gateway.mailfax("schedule", "run", "orders")
        (listed,) = json.loads(office.gateway.mailfax("schedule", "list", "--json"))
        assert (listed["state"], listed["next"]) == ("done", upcoming[0])
        assert "no schedule nothing" in office.gateway.mailfax("schedule", "run", "nothing", status=65)
        assert isinstance(office.store, Store)
