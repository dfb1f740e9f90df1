"""What becomes of a line whose device fails, goes away, is somebody else's, or fails too often; on a virtual clock."""

import itertools
import json
import multiprocessing
from collections import deque
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from gateway_lines import START_US, Event, World, desk_of, life_of
from typer.testing import CliRunner

from mailfax.cli.app import app
from mailfax.config import ConfigError, parse
from mailfax.daemon import build
from mailfax.daemon.line import _ending, _lives
from mailfax.gateway.linelife import HealthPolicy
from mailfax.gateway.lineworker import CallWatch, _judge
from mailfax.model.call import CallResult
from mailfax.model.line import LineState, LineStatus
from mailfax.model.outcome import Outcome
from mailfax.modem.line import DeviceGone, DeviceInUse, IncomingCall, LineFault
from mailfax.routing.callers import CallerRules
from mailfax.spool.records import Share

CALL = IncomingCall(called="5550100", caller="5551111")


def run(folder: Path, *opens: Event, waits: tuple[Event, ...] = (), policy: HealthPolicy | None = None) -> World:
    world = World(opens=deque(opens), waits=deque(waits))
    with desk_of(folder, world) as desk:
        life_of(desk, world, policy=policy).run()
    return world


def test_a_device_that_is_pulled_out_is_down_until_it_is_back_and_then_up_by_itself(tmp_path: Path) -> None:
    gone = DeviceGone("The modem at /dev/ttyUSB0 cannot be used: no such file.")
    world = run(tmp_path, None, *[gone] * 100, None, waits=(None, LineFault("read failed"), None))
    assert world.states() == ["starting", "up", "faulty", "starting", "down", "up", "stopped"]
    assert 200 <= world.now_s < 210
    assert world.closed == 2


def test_a_device_that_another_program_has_is_waited_for(tmp_path: Path) -> None:
    world = run(tmp_path, *[DeviceInUse("Process 77 (minicom) uses the device.")] * 30, None)
    assert world.told[1][1:] == ("waiting", "Process 77 (minicom) uses the device.")
    assert world.states() == ["starting", "waiting", "up", "stopped"]


def test_a_device_that_keeps_failing_rests_longer_each_time_and_is_then_set_aside_with_an_alarm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(opens=deque([LineFault("no answer")] * 5))
    with desk_of(tmp_path, world) as desk:
        life = life_of(desk, world, policy=HealthPolicy(quarantine_s=0))
        world.wait = lambda seconds: _wait_until(world, seconds, 4000)  # type: ignore[method-assign]
        life.run()
    at_s = [at for at, state, _ in world.told if state == "faulty"]
    assert [round(later - earlier) for earlier, later in itertools.pairwise(at_s)] == [5, 10, 20]
    assert world.states()[-2:] == ["quarantined", "stopped"]
    assert "ALARM" in capsys.readouterr().out


def _wait_until(world: World, seconds: float, end_s: float) -> None:
    world.now_s += seconds
    if world.now_s > end_s:
        world.stop.set()


def test_a_line_that_was_set_aside_is_tried_once_an_hour_and_one_fault_is_enough_then(tmp_path: Path) -> None:
    fault = LineFault("no answer")
    world = run(tmp_path, *[fault] * 7, None, policy=HealthPolicy(quarantine_after=5))
    aside = [at for at, state, _ in world.told if state == "quarantined"]
    assert [round(later - earlier) for earlier, later in itertools.pairwise(aside)] == [3600, 3600]
    assert world.states()[-2:] == ["up", "stopped"]


def test_a_person_lets_a_line_back_in_at_once_and_its_faults_are_forgotten(tmp_path: Path) -> None:
    world = World(opens=deque([LineFault("a")] * 5 + [LineFault("b")] * 4))
    with desk_of(tmp_path, world) as desk:
        waits = 0

        def wait(seconds: float) -> None:
            nonlocal waits
            world.now_s += seconds
            (line,) = desk.store.lines()
            waits += line.state is LineState.QUARANTINED
            if waits == 3:
                assert desk.store.release_line("usb", desk.now_us())

        world.wait = wait  # type: ignore[method-assign]
        life_of(desk, world).run()
        assert not desk.store.release_line("isdn", 1)
    assert world.states().count("quarantined") == 1
    assert world.now_s < 500


def test_a_good_call_clears_the_faults_before_it(tmp_path: Path) -> None:
    fault = LineFault("no answer")
    world = run(tmp_path, *[fault] * 4, None, *[fault] * 3, None, waits=(CALL, fault))
    assert world.answered == 1
    assert "quarantined" not in world.states()


def test_how_a_line_is_stands_in_the_spool_with_whose_word_it_is(tmp_path: Path) -> None:
    world = World(opens=deque([LineFault("no answer"), None]))
    with desk_of(tmp_path, world) as desk:
        life_of(desk, world).run()
        (line,) = desk.store.lines()
        assert (line.state, line.alive, line.faults) == (LineState.STOPPED, True, 1)
        told = [(row.was, row.became) for row in desk.store.history("line:usb")]
    assert told == [
        ("", "starting"),
        ("starting", "faulty"),
        ("faulty", "starting"),
        ("starting", "up"),
        ("up", "stopped"),
    ]
    with desk_of(tmp_path, world) as desk:
        (line,) = desk.store.lines()
        assert not line.alive


def test_a_call_may_end_before_the_line_does_but_not_for_ever(tmp_path: Path) -> None:
    world = World(opens=deque([None]))
    with desk_of(tmp_path, world) as desk:
        life = life_of(desk, world)
        end = _ending(life, world.stop, finish_s=600)
        life._line = world.open_line()
        life.call_begins()
        end()
        assert world.stop.is_set()
        assert "cut" not in world.states()
        end()
        assert "cut" in world.states()


def test_a_line_without_a_call_ends_at_once(tmp_path: Path) -> None:
    world = World(opens=deque([None]))
    with desk_of(tmp_path, world) as desk:
        life = life_of(desk, world)
        life._line = world.open_line()
        _ending(life, world.stop, finish_s=600)()
    assert "cut" in world.states()


@pytest.mark.parametrize(
    ("outcome", "well"),
    [(Outcome.BUSY, True), (Outcome.DIAL_REFUSED, False), (Outcome.INTERRUPTED, False), (Outcome.NO_DIALTONE, None)],
)
def test_a_call_says_whether_its_line_is_well_or_ill_or_neither(outcome: Outcome, well: bool | None) -> None:
    watch = Mock(spec=CallWatch)
    if well is None:
        with pytest.raises(LineFault):
            _judge(CallResult(outcome=outcome), watch)
    else:
        _judge(CallResult(outcome=outcome), watch)
        watch.call_ended.assert_called_once_with(well=well)


def test_the_line_of_a_dead_server_starts_no_call(tmp_path: Path) -> None:
    ours, servers = multiprocessing.Pipe(duplex=True)
    assert _lives(ours)
    servers.close()
    assert not _lives(ours)
    ours.close()


CONFIG = """
data_dir = "data"
[domains."fax.lan"]
[receive]
catch_all = "faxmaster@fax.lan"
[mail]
maildir = "m"
[lines.usb]
kind = "modem"
device = "/dev/ttyUSB0"
[lines.spare]
kind = "modem"
device = "/dev/ttyUSB1"
"""


def test_a_person_sees_how_each_line_is_and_releases_one(tmp_path: Path) -> None:
    file = tmp_path / "mailfax.toml"
    file.write_text(CONFIG)
    config, world = parse(CONFIG, tmp_path), World(opens=deque())
    with desk_of(config.data_dir, world) as desk:
        status = LineStatus(
            name="usb", state=LineState.QUARANTINED, since_us=START_US, reason="The modem is deaf.", faults=5
        )
        desk.store.put_line(status)
        said = CliRunner().invoke(app, ["line", "list", "-c", str(file)])
        assert said.exit_code == 0, said.output
        usb, spare = said.output.splitlines()
        assert usb.split()[:3] == ["usb", "quarantined", "/dev/ttyUSB0,"]
        assert "5 faults since the last good call, The modem is deaf." in usb
        assert spare.split()[:3] == ["spare", "never", "up"]
        assert CliRunner().invoke(app, ["line", "release", "usb", "-c", str(file)]).exit_code == 0
        assert desk.store.lines()[0].released_us > START_US
        assert CliRunner().invoke(app, ["line", "release", "isdn", "-c", str(file)]).exit_code == 78
        assert CliRunner().invoke(app, ["line", "release", "spare", "-c", str(file)]).exit_code == 65
    plain = json.loads(CliRunner().invoke(app, ["line", "list", "--json", "-c", str(file)]).output)
    assert [(line["name"], line["state"]) for line in plain] == [("usb", "not running"), ("spare", "never up")]


def test_the_configuration_says_when_a_line_is_set_aside(tmp_path: Path) -> None:
    policy = build.health_policy(parse(CONFIG + "[modems]\nquarantine_after = 3\nquarantine_min = 0\n", tmp_path))
    assert (policy.quarantine_after, policy.quarantine_s) == (3, 0)


def test_a_caller_on_the_list_is_left_ringing_and_the_call_written_down(tmp_path: Path) -> None:
    world = World(opens=deque([None]), waits=deque([CALL]))
    with desk_of(tmp_path, world) as desk:
        choosy = replace(desk, callers=CallerRules(reject=("555*",)))
        life_of(choosy, world).run()
        (fax,) = desk.store.faxes()
    assert (fax.outcome, fax.caller, fax.pages) == (Outcome.CALL_REJECTED, "5551111", ())
    assert (world.answered, world.declined) == (0, 1)


def test_lines_share_the_work_as_the_configuration_says(tmp_path: Path) -> None:
    more = CONFIG.replace('[domains."fax.lan"]', '[domains."fax.lan"]\ngroups = ["out"]\n[domains."b.lan"]')
    more = more.replace("[lines.spare]", '[lines.spare]\ngroup = "out"') + "[groups.out]\n[queue]\nstagger_s = 7\n"
    config = parse(more, tmp_path)
    assert build.share(config, "usb") == Share(domains=("b.lan",), group=("usb",), stagger_s=7)
    assert build.share(config, "spare") == Share(group=("spare",), stagger_s=7)
    with pytest.raises(ConfigError, match=r"groups.main.keep_free: with 2 lines that receive, none of them could"):
        parse(CONFIG + "[groups.main]\nkeep_free = 2\n", tmp_path)
    assert build.share(parse(CONFIG + "[groups.main]\nkeep_free = 1\n", tmp_path), "usb").keep_free == 1
    with pytest.raises(ConfigError, match=r"domains.fax.lan.groups: no line of group 'x' sends"):
        parse(CONFIG.replace('[domains."fax.lan"]', '[domains."fax.lan"]\ngroups = ["x"]'), tmp_path)
