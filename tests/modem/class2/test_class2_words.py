"""The words of the classes, and the frames that say the same: tables, and what must not get lost between them."""

import pytest

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, PageFormat, PaperLength, Resolution
from mailfax.modem.class2.frames import best_modulation, dcs_of, dis_of, offer_of, session_of
from mailfax.modem.class2.hangup import ended_well, read_hang_up
from mailfax.modem.class2.sender import without_rtc
from mailfax.modem.class2.words import Able, Parameters, ReportKind, read_able, read_parameters, read_report
from mailfax.modem.profile import FaxClass
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dcs
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, choose, our_dis

ALL = Able(vr=frozenset(range(8)), br=frozenset(range(6)), df=frozenset({0, 1, 3}), ec=frozenset({0, 1}))


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("+FDIS:1,5,0,2,0,0,0,0", ReportKind.THEIR_DIS, "1,5,0,2,0,0,0,0"),
        ("+FIS: 1,5,0,2,0,0,0,0", ReportKind.THEIR_DIS, "1,5,0,2,0,0,0,0"),
        ("+FDCS 1,5,0,2", ReportKind.SESSION, "1,5,0,2"),
        ("+FHNG:0", ReportKind.HUNG_UP, "0"),
        ("+FHS:A0", ReportKind.HUNG_UP, "A0"),
        ("FHS:00", ReportKind.HUNG_UP, "00"),
        ("+FCON", ReportKind.CONNECTED, ""),
        ("+FPTS:1,1143,0", ReportKind.PAGE_STATUS, "1,1143,0"),
        ("+FET:2", ReportKind.PAGE_END, "2"),
        ('+FTSI:"  5550001"', ReportKind.IDENTITY, '"  5550001"'),
    ],
)
def test_a_report_is_read_however_it_is_spelt(line: str, kind: ReportKind, text: str) -> None:
    report = read_report(line)
    assert report is not None
    assert (report.kind, report.text) == (kind, text)


@pytest.mark.parametrize("line", ["OK", "RING", "+FNSF:00 11", "+FCFR", "CONNECT", "FINE", "+VCID: 1", ""])
def test_other_lines_are_no_reports(line: str) -> None:
    assert read_report(line) is None


def test_parameters_are_written_for_the_class_and_read_as_they_come() -> None:
    session = Parameters(vr=1, br=13, ln=2, df=3, ec=1)
    assert session.write(FaxClass.CLASS2, hex_numbers=False) == "1,13,0,2,3,2,0,0"
    assert session.write(FaxClass.CLASS2_0, hex_numbers=True) == "1,D,0,2,3,1,0,0"
    assert read_parameters("1,D,0,2,3,1,0,0", hex_numbers=True) == session
    assert read_parameters("1,D,0,2,3,1,0,0", hex_numbers=False) == session
    assert read_parameters("1,13,0,2,3,1,0", hex_numbers=False) == session
    assert read_parameters("1,5,x", hex_numbers=False) is None


def test_abilities_are_read_in_the_spellings_of_modems() -> None:
    able = read_able("(0,1),(0-5),(0-4),(0-2),(0,1),(0),(0),(0-7)", hex_numbers=False)
    assert (able.br, able.df, able.ec) == (frozenset(range(6)), {0, 1}, {0})
    assert best_modulation(able) is Modulation.V17_14400
    assert best_modulation(read_able("(0,1),(0-3),(0),(0-2),(0),(0),(0),(0)", hex_numbers=False)) is Modulation.V29_9600
    assert max(read_able("(00-7F),(0-D),(0-2),(0-2),(0-3),(0-1),(0),(0-7)", hex_numbers=True).br) == 13
    for name in ("+FDCC: ", "+FCC:"):
        assert read_able(f"{name}(0,1),(0-5),(0-4),(0-2),(0,1),(0),(0),(0-7)", hex_numbers=False) == able
    assert read_able("", hex_numbers=False) == Able()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("0", Outcome.CALL_DROPPED), ("00", Outcome.CALL_DROPPED), ("11", Outcome.NO_FAX), ("27", Outcome.TRAINING_FAILED),
        ("43", Outcome.LINE_FAULT), ("54", Outcome.NO_RESPONSE), ("58", Outcome.PAGE_REFUSED), ("A0", Outcome.NO_RESPONSE),
        ("a1", Outcome.PROTOCOL_ERROR), ("100", Outcome.NO_RESPONSE), ("103", Outcome.PAGE_REFUSED),
        ("33", Outcome.LINE_FAULT), ("61", Outcome.CALL_DROPPED), ("2", Outcome.LINE_FAULT), ("02", Outcome.LINE_FAULT),
        ("255", Outcome.CALL_DROPPED), ("", Outcome.CALL_DROPPED),
    ],
)  # fmt: skip
def test_every_hang_up_code_is_an_outcome(code: str, outcome: Outcome) -> None:
    assert read_hang_up(code).outcome is outcome


def test_only_nought_is_a_good_end() -> None:
    assert [code for code in ("0", "00", "000", "2", "A0", "100") if ended_well(code)] == ["0", "00", "000"]


@pytest.mark.parametrize("modulation", [m for m in Modulation if m not in {Modulation.V17_9600, Modulation.V17_7200}])
@pytest.mark.parametrize("coding", Coding)
@pytest.mark.parametrize(
    "resolution", [Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE, Resolution.ULTRAFINE]
)
def test_a_dcs_survives_being_told_to_the_modem_and_reported_by_it(
    modulation: Modulation, coding: Coding, resolution: Resolution
) -> None:
    ecm = coding is Coding.MMR
    form = PageFormat(
        coding=coding,
        resolution=resolution,
        width_px=resolution.width_px(1728),
        min_scan_line_ms=0 if ecm else 10,
        ecm_frame_octets=256 if ecm else 0,
        length=PaperLength.UNLIMITED,
    )
    dcs = Dcs.command(modulation, form)
    assert dcs_of(session_of(dcs, ALL)) == dcs


def test_our_own_dis_told_and_reported_offers_the_same_but_what_class_2_has_no_word_for() -> None:
    dis = our_dis(FULL_OFFER)
    reported = dis_of(offer_of(dis, ALL, FaxClass.CLASS2_0), ALL)
    chosen, wanted = choose(reported, FULL_OFFER), choose(dis, FULL_OFFER)
    assert chosen is not None
    assert wanted is not None
    assert chosen.modulation == wanted.modulation
    assert (chosen.form.resolution, chosen.form.ecm, chosen.form.coding) == (wanted.form.resolution, True, Coding.MMR)


def test_a_machine_is_shown_with_no_more_than_our_modem_has() -> None:
    theirs = Parameters(vr=7, br=5, wd=2, ln=2, df=3, ec=1, st=5)
    plain = Able(vr=frozenset({0, 1}), br=frozenset({0, 1, 2, 3}), df=frozenset({0}), ec=frozenset({0}))
    dis = dis_of(theirs, plain)
    assert dis.has(Bit.FINE)
    assert not any(dis.has(bit) for bit in (Bit.MR, Bit.ECM, Bit.T6, Bit.R8_SUPERFINE, Bit.R16_SUPERFINE))
    assert max(m.bit_rate for m in dis.modulations) == 9600
    assert dis.scan_line_ms(Resolution.FINE) == 20


def test_the_rtc_is_taken_off_and_nothing_else() -> None:
    eol = "000000000001"
    row = "0011010100110101" * 40
    for tag, rtc in (("", eol * 6), ("1", (eol + "1") * 6)):
        bits = (eol + tag + row) * 5
        page, bare = (as_octets(bits + rtc), as_octets(bits))
        assert without_rtc(page) == bare
        assert without_rtc(bare) == bare
    assert without_rtc(b"") == b""


def as_octets(bits: str) -> bytes:
    padded = bits + "0" * (-len(bits) % 8)
    return int(padded, 2).to_bytes(len(padded) // 8, "big")
