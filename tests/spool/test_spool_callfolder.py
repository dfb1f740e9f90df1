"""The line's own record of a call: what is written is read, torn ends are survived, live calls are left alone."""

import resource
from pathlib import Path

import pytest
from spoolkit import NOW_US

from mailfax.model.call import (
    CallEvent,
    CallResult,
    EndOfPageSent,
    PageConfirmed,
    PageReceived,
    RemoteIdentified,
    Trained,
)
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.spool import callfolder
from mailfax.spool.callfolder import CallFolder, CallFolderDamaged, CallHeader, CallJob, Direction, PageFacts
from mailfax.spool.disk import SpoolFull

FACTS = PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD, bad_rows=3)
EVENTS: list[CallEvent] = [
    RemoteIdentified(station_id="Käse", abilities="V.17"),
    Trained(modulation="V.17", bit_rate=14400),
    EndOfPageSent(page=1, command="MPS", last=False),
    PageConfirmed(page=1, answer="MCF"),
]


def header(call_id: str = "C000000000001", direction: Direction = Direction.OUTBOUND) -> CallHeader:
    return CallHeader(
        call_id=call_id,
        line="west",
        direction=direction,
        started_us=NOW_US,
        number="5551234",
        jobs=(CallJob(job_id="J000000000001", pages=2),),
    )


def a_finished_call(folder: Path) -> Path:
    """Write a call with a line of every kind, and let go of it."""
    call = CallFolder.create(folder, header())
    for event in EVENTS:
        call.journal(event, 1.0)
    call.keep_page(0, b"a page", FACTS)
    call.finish(CallResult(outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1}), unconfirmed_page=2, detail="BYE"))
    call.close()
    return call.path


def test_a_call_is_read_as_it_was_written(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header())
    for number, event in enumerate(EVENTS):
        call.journal(event, number / 8)
    result = CallResult(
        outcome=Outcome.CALL_DROPPED, confirmed=frozenset({1}), unconfirmed_page=2, detail="BYE", seconds=9.5
    )
    call.finish(result)
    call.close()
    record = callfolder.read(call.path)
    assert call.path == tmp_path / "west" / "C000000000001"
    assert record.header == header()
    assert [timed.event for timed in record.events] == EVENTS
    assert [timed.at_s for timed in record.events] == [0, 0.125, 0.25, 0.375]
    assert record.result == result


def test_a_page_is_kept_with_its_facts_and_the_last_of_the_same_number_counts(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header(direction=Direction.INBOUND))
    call.keep_page(0, b"badly heard", FACTS)
    call.keep_page(0, b"well heard", FACTS)
    call.journal(PageReceived(page=1, rows=1143, bad_rows=3, confirmed=True), 10.0)
    call.keep_page(1, b"the second", FACTS)
    call.close()
    first, second = callfolder.read(call.path).pages
    assert (first.path.read_bytes(), first.confirmed, first.facts) == (b"well heard", True, FACTS)
    assert (second.path.read_bytes(), second.confirmed, second.index) == (b"the second", False, 1)


def test_a_confirmation_does_not_pass_to_the_page_that_came_after_it(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header(direction=Direction.INBOUND))
    call.keep_page(0, b"once", FACTS)
    call.journal(PageReceived(page=1, rows=1143, bad_rows=3, confirmed=True), 10.0)
    call.keep_page(0, b"again", FACTS)
    call.close()
    (page,) = callfolder.read(call.path).pages
    assert not page.confirmed


def test_a_journal_cut_anywhere_reads_up_to_its_last_whole_line(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header())
    for event in EVENTS:
        call.journal(event, 1.0)
    call.close()
    path = call.path / "journal.jsonl"
    whole = path.read_bytes()
    ends = [index for index, octet in enumerate(whole) if octet == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert len(callfolder.read(call.path).events) == sum(end <= cut for end in ends), cut


def test_a_journal_damaged_in_the_middle_is_not_believed(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header())
    for event in EVENTS:
        call.journal(event, 1.0)
    call.close()
    path = call.path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"page":1', b'"pa', 1))
    with pytest.raises(CallFolderDamaged):
        callfolder.read(call.path)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        (b'"event":"PageConfirmed"', b'"event":"PageBurnt"'),  # a word of another version
        (b'"event":"PageConfirmed"', b'"event":["PageConfirmed"]'),
        (b'"event":"PageConfirmed"', b'"avent":"PageConfirmed"'),
        (b'"outcome":"call-dropped"', b'"outcome":"no-such"'),
        (b'"outcome":"call-dropped"', b'"outcome":7'),
        (b'"outcome":"call-dropped"', b'"autcome":"call-dropped"'),
        (b'"confirmed":[1]', b'"konfirmed":[1]'),  # not read as a call that confirmed nothing
        (b'"unconfirmed_page":2', b'"unconfirmed_page":"2"'),
        (b'"bit_rate":14400', b'"bit_rate":"14400"'),
        (b'"last":false', b'"last":0'),
        (b'"at_s":1.0', b'"at_s":[]'),
        (b'"line":"result"', b'"line":"riddle"'),
        (b'"result":{', b'"result":[{'),
        (b"V.17", b"V.\xff7"),
    ],
)
def test_a_journal_with_a_word_that_nobody_knows_is_damaged_and_nothing_worse(
    tmp_path: Path, was: bytes, became: bytes
) -> None:
    path = a_finished_call(tmp_path)
    journal = path / "journal.jsonl"
    octets = journal.read_bytes()
    assert was in octets
    journal.write_bytes(octets.replace(was, became))
    with pytest.raises(CallFolderDamaged):
        callfolder.read(path)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        (b'"direction":"outbound"', b'"direction":"sideways"'),
        (b'"pages":2', b'"pagez":2'),  # not read as a call without pages
        (b'"pages":2', b'"pages":"2"'),
        (b'"call_id"', b'"ball_id"'),
        (b"C000000000001", b"C000000000003"),
        (b"{", b"[{"),
        (b"5551234", b"555\xff234"),
    ],
)
def test_a_header_with_a_word_that_nobody_knows_is_damaged(tmp_path: Path, was: bytes, became: bytes) -> None:
    path = a_finished_call(tmp_path) / "header.json"
    octets = path.read_bytes()
    assert was in octets
    path.write_bytes(octets.replace(was, became))
    with pytest.raises(CallFolderDamaged):
        callfolder.read(path.parent)


@pytest.mark.parametrize("name", ["header.json", "journal.jsonl"])
def test_no_flipped_bit_does_more_than_damage(tmp_path: Path, name: str) -> None:
    path = a_finished_call(tmp_path)
    octets = (path / name).read_bytes()
    damaged = 0
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 1 << bit % 8
        (path / name).write_bytes(flipped)
        try:
            callfolder.read(path)
        except CallFolderDamaged:
            damaged += 1
    assert damaged > 4 * len(octets)


def test_a_line_that_did_not_fit_on_the_disk_leaves_no_trace(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header())
    call.journal(EVENTS[0], 1.0)
    size = (call.path / "journal.jsonl").stat().st_size
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, old[1]))  # room for a part of the line
    try:
        with pytest.raises(SpoolFull):
            call.journal(EVENTS[2], 2.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    call.journal(EVENTS[3], 3.0)
    call.close()
    assert [timed.event for timed in callfolder.read(call.path).events] == [EVENTS[0], EVENTS[3]]


def test_a_call_is_an_orphan_when_nobody_holds_it_and_gone_when_removed(tmp_path: Path) -> None:
    call = CallFolder.create(tmp_path, header())
    other = CallFolder.create(tmp_path, header("C000000000002"))
    assert callfolder.orphans(tmp_path) == []
    call.close()
    assert callfolder.orphans(tmp_path) == callfolder.orphans(tmp_path, "west") == [call.path]
    assert callfolder.orphans(tmp_path, "east") == []
    callfolder.remove(call.path)
    callfolder.remove(call.path)
    assert callfolder.orphans(tmp_path) == []
    assert sorted(path.name for path in (tmp_path / "west").iterdir()) == ["C000000000002"]
    other.close()


def test_a_folder_that_was_never_finished_making_is_no_call(tmp_path: Path) -> None:
    (tmp_path / "west" / ".new").mkdir(parents=True)
    (tmp_path / "west" / ".new" / "header.json").write_bytes(b"{")
    assert callfolder.orphans(tmp_path) == []
    CallFolder.create(tmp_path, header()).close()
    assert [path.name for path in (tmp_path / "west").iterdir()] == ["C000000000001"]
