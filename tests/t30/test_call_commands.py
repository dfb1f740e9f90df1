"""`mailfax call`: frames explained, a call drawn as a ladder and run again; and how a gateway keeps its transcripts."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_damage import Book, on_page
from test_replay import DAMAGES, ECM, recorded
from typer.testing import CliRunner

from mailfax.cli.call import app
from mailfax.gateway.transcripts import KEPT, converse, transcript_path
from mailfax.modem.virtual.damage import LoseCarrier
from mailfax.modem.virtual.pair import join
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.bits import Bit, name_of
from mailfax.t30.capabilities import write_fif
from mailfax.t30.explain import explain, read_frame
from mailfax.t30.frames import Fcf, build_frame
from mailfax.t30.nsf import read_maker
from mailfax.t30.replay import parse, replay


def call_command(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_a_dis_bit_by_bit() -> None:
    status, said = call_command("frame", "FF", "C8", "01", "00", "77", "5F", "23", "01", "01", "01", "00")
    assert status == 0
    for line in (
        "DIS up to V.17 14400 bit/s, fine, MH/MR/MMR, any length, error correction",
        "bits 11-14 (octet 2, bits 3-6): 1101, V.27ter, V.29, V.17",
        "bits 21-23 (octet 3, bits 5-7): 111, 0/0 ms a line at least",
        "bit 27 (octet 4, bit 3): ecm",
        "bit 31 (octet 4, bit 7): t6",
    ):
        assert line in said


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("ff1384ea7d", "CFR: confirmation to receive"),
        ("FF 13 BF 2F 00 00 2D", "PPS EOP, page 0 block 0, 46 frames"),
        ("0xFF,0xC8,0xF3,0xF2", "EOR MPS"),
        ("FF C8 BD" + " 00" * 31 + " 03", "2 of 256 frames are wanted again: 254-255"),
        ("FF C0 04 AD 00 55", "NSF United States, HylaFAX"),
        ("FFC8C1 00460102", "bits 31 need error correction, but bit 27 is 0"),
        ("FFC848 0046", "CTC V.17 14400"),
    ],
)
def test_frames_as_people_paste_them(octets: str, words: str) -> None:
    status, said = call_command("frame", octets)
    assert (status, words in said) == (0, True), said


@pytest.mark.parametrize(("octets", "status"), [("hello", 64), ("FF", 65), ("00112233", 65), ("FFC812", 65)])
def test_what_is_no_frame(octets: str, status: int) -> None:
    assert call_command("frame", octets)[0] == status


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(Fcf), st.binary(max_size=60))
def test_every_frame_can_be_explained(fcf: Fcf, fif: bytes) -> None:
    found, _, _ = read_frame(build_frame(fcf, fif, x=True))
    if found is not None:
        assert all(line.strip() for line in explain(found))


def test_every_bit_of_table_2_has_a_name_or_is_reserved() -> None:
    names = {number: name_of(number) for number in range(1, 128)}
    assert sum(name == "extension" for name in names.values()) == 13
    assert [number for number, name in names.items() if name == "reserved"] == [
        *(2, 5, 8, 25, 29, 30, 52, 58, 61, 63, 91, 103)
    ]
    assert write_fif(Bit) == write_fif({*Bit, 24})


@given(st.binary(max_size=60))
def test_an_nsf_is_read_whatever_it_holds(fif: bytes) -> None:
    maker = read_maker(fif)
    assert (maker is None) == (not fif)


def test_the_name_in_an_nsf_is_found() -> None:
    maker = read_maker(b"\x20\x41\x00" + b"\x00\x01Meridian Paper\x00\x02")
    assert maker is not None
    assert (maker.country, maker.text) == ("Canada", "Meridian Paper")


@pytest.mark.parametrize(
    ("octets", "maker"),
    [
        ("B5 00 AA", "United States, HylaFAX"),
        ("AD 00 55", "United States, HylaFAX"),  # every bit turned around, as machines of before 2003 may write it
        ("AD 00 36", "United States, HP"),
        ("AD 00 76", "United States, Microsoft"),  # only the country is
        ("00 00 11", "Japan, Canon"),
        ("00 00 88", "Japan, Canon"),
        ("86 00 16", "Korea, Samsung"),
        ("00 7F 7F", "Japan, provider 7F 7F"),
        ("00 00", "Japan, provider 00"),
        ("61", "Korea"),
    ],
)
def test_a_maker_is_known_in_either_order_of_bits(octets: str, maker: str) -> None:
    assert str(read_maker(bytes.fromhex(octets))) == maker


def test_a_ladder_a_person_can_read(tmp_path: Path) -> None:
    _, calling, _ = recorded(ECM, DAMAGES["gap"])
    (tmp_path / "one.call").write_text("".join(calling))
    status, said = call_command("show", str(tmp_path / "one.call"))
    assert status == 0
    lines = said.splitlines()
    assert any("◀" in line and "CSI" in line for line in lines)
    assert any("▶" in line and "PPS MPS" in line for line in lines)
    assert any("◀" in line and "PPR for" in line for line in lines)
    assert max(map(len, lines)) < 120


def test_replay_says_the_same_or_what_is_different(tmp_path: Path) -> None:
    _, calling, _ = recorded(ECM, DAMAGES["none"])
    file = tmp_path / "one.call"
    file.write_text("".join(calling))
    status, said = call_command("replay", str(file))
    assert (status, "every signal as it was then" in said) == (0, True)
    file.write_text("".join(row.replace("c1", "41", 1) if "\tDCS\t" in row else row for row in calling))
    status, said = call_command("replay", str(file))
    assert (status, "different: the engine sends frame DCS" in said) == (1, True)
    file.write_text("nonsense")
    assert call_command("replay", str(file))[0] == 65


# -- how a gateway keeps them --------------------------------------------------------------------------------------------


def conversation(path: Path) -> bool:
    """Make a call whose answering side is written down."""
    import threading

    calling_line, called_line = join(damage=(on_page(1, LoseCarrier(after_s=2.0, duration_s=0.3)),))
    results = []

    def take() -> None:
        called_line.wait_for_call(60)
        called_line.answer()
        station = AnswererStation(offer=ECM.offer)
        results.append(converse(station, "5551234 on test", called_line, Book(), path / "other.call"))

    thread = threading.Thread(target=take)
    thread.start()
    calling_line.dial("5551234")
    results.append(converse(ECM, "5551234 on test", calling_line, Book(), path / "one.call"))
    thread.join()
    return all(result.confirmed_pages == 2 for result in results)


def test_every_call_is_kept_and_can_be_replayed(tmp_path: Path) -> None:
    assert conversation(tmp_path)
    for name in ("one.call", "other.call"):
        rows = parse((tmp_path / name).read_text().splitlines())
        assert rows[-1].signal == "result"
        assert replay(rows).difference == ""


def test_a_folder_that_cannot_be_written_costs_the_transcript_and_not_the_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert conversation(tmp_path / "file")


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    folder = transcript_path(calls, "C").parent
    folder.mkdir()
    for number in range(KEPT + 5):
        (folder / f"C{number:08}.call").touch()
    assert conversation(folder)
    assert len(list(folder.iterdir())) <= KEPT + 1
    assert not (folder / "C00000000.call").exists()
