"""Writes tests/t30/calls/*.call: whole calls as text, both ends, each naming the clause that it shows. Run by hand when one is added.

    .venv/bin/python tests/t30/make_calls.py [SCENE ...]

A call is made over the virtual wire with the damage of its row, or played as a story (`tales`), written down, and from then on replayed by the tests: what our
engine says in it may not change unnoticed. Transcripts from the field are added beside them by copying a file.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from script import play
from tales import TALES, Tale
from tape import engine_of
from test_damage import on_page
from test_replay import CALLED, OFFERING, POLL, recorded

from mailfax.model.call import CallResult
from mailfax.model.page import Coding, Resolution
from mailfax.modem.virtual.damage import BitErrors, CutLine, Damage, LimitRate, LoseCarrier, NthFrame, OfKind
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, PollRequest
from mailfax.t30.caller import AfterRtn, CallerJob
from mailfax.t30.commands import Engine, KeeperCommand
from mailfax.t30.frames import Fcf
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, Offer
from mailfax.t30.transcript import CALL, Row, keeper_rows, line_rows, station_row

CALLS = Path(__file__).parent / "calls"


@dataclass(frozen=True)
class Scene:
    name: str
    clause: str
    job: CallerJob | AnswererStation
    damage: tuple[Damage, ...] = ()
    station: AnswererStation = CALLED


def lost(fcf: Fcf, number: int = 1, times: int = 1) -> tuple[Damage, ...]:
    side = Side.CALLED if fcf in {Fcf.DIS, Fcf.CFR, Fcf.MCF, Fcf.PPR, Fcf.CTR, Fcf.RTN} else Side.CALLING
    numbers = range(number, number + times)
    return tuple(Damage(side=side, where=NthFrame(fcf=fcf, number=n), harm=LoseCarrier()) for n in numbers)


def training(number: int) -> Damage:
    where = OfKind(kind=SignalKind.TRAINING, number=number)
    return Damage(side=Side.CALLING, where=where, harm=BitErrors(rate=0.01, seed=number))


PLAIN = CallerJob(pages=1, station_id="+1 555 0100")
TWO = replace(PLAIN, pages=2)
ECM = replace(TWO, offer=replace(FULL_OFFER, codings=(Coding.MMR, Coding.MR, Coding.MH)))
JBIG = replace(TWO, offer=FULL_OFFER)
GAP = on_page(1, LoseCarrier(after_s=2.0, duration_s=0.3))
SCENES = [
    Scene("plain-one-page", "5.2 figure 5-2", PLAIN),
    Scene("plain-three-pages", "5.3.6.1.6 MPS", replace(PLAIN, pages=3)),
    Scene("plain-two-documents", "5.3.6.1.6 EOM", replace(PLAIN, following=(TWO,))),
    Scene(
        "plain-subaddress",
        "5.3.6.1.3 SUB SID",
        replace(PLAIN, addressing=Addressing(subaddress="1387", sender_id="5550100")),
    ),
    Scene(
        "plain-dcs-with-subaddress-lost",
        "5.4.2 three tries",
        replace(PLAIN, addressing=Addressing(subaddress="1387")),
        lost(Fcf.DCS),
    ),
    Scene("poll", "5.3.6.1.2 DTC", POLL, station=OFFERING),
    Scene("poll-for-nothing", "table 2 bit 9", POLL),
    Scene("poll-refused", "5.3.6.1.8 DCN", replace(POLL, poll=PollRequest(selector="9")), station=OFFERING),
    Scene("poll-dtc-lost", "5.4.2 three tries", POLL, lost(Fcf.DTC), OFFERING),
    Scene("plain-from-page-two", "5.2 figure 5-2", replace(PLAIN, pages=2, done=frozenset({1}))),
    Scene("plain-mr", "table 2 bit 16", replace(PLAIN, offer=Offer(codings=(Coding.MR,)))),
    Scene("plain-standard", "table 2 bit 15", replace(PLAIN, offer=Offer(resolutions=(Resolution.STANDARD,)))),
    Scene("plain-superfine", "table 2 bit 41", replace(PLAIN, offer=Offer(resolutions=(Resolution.SUPERFINE,)))),
    *(
        Scene(
            f"plain-at-{m.name.lower().replace('_', '-')}",
            "table 2 bits 11-14",
            replace(PLAIN, offer=Offer(best_modulation=m)),
        )
        for m in Modulation
        if m is not Modulation.V17_14400
    ),
    Scene("plain-dis-lost", "5.4.3.1 T4", PLAIN, lost(Fcf.DIS)),
    Scene("plain-dcs-lost", "5.4.2 three tries", PLAIN, lost(Fcf.DCS)),
    Scene("plain-cfr-lost", "5.3.6.1.4 CFR", PLAIN, lost(Fcf.CFR)),
    Scene("plain-cfr-lost-thrice", "5.4.2 three tries", PLAIN, lost(Fcf.CFR, times=3)),
    Scene("plain-mps-lost", "5.3.6.1.6 MPS", TWO, lost(Fcf.MPS)),
    Scene("plain-mcf-lost", "5.3.6.1.7 MCF", TWO, lost(Fcf.MCF)),
    Scene("plain-last-mcf-lost", "5.3.6.1.7 MCF", PLAIN, lost(Fcf.MCF, times=3)),
    Scene("plain-eop-lost", "5.3.6.1.6 EOP", PLAIN, lost(Fcf.EOP)),
    Scene("plain-dcn-lost", "5.3.6.1.8 DCN", PLAIN, lost(Fcf.DCN)),
    Scene("plain-ftt", "5.3.6.1.4 FTT", PLAIN, (training(1),)),
    Scene("plain-ftt-to-the-end", "5.3.6.1.4 FTT", PLAIN, tuple(training(n) for n in range(1, 9))),
    Scene("plain-carrier-gap", "5.3.6.1.7 RTN", PLAIN, (GAP,)),
    Scene("plain-rtn-lost", "5.3.6.1.7 RTN", PLAIN, (GAP, *lost(Fcf.RTN))),
    Scene("plain-noise", "5.3.6.1.7 RTN", PLAIN, (on_page(None, BitErrors(rate=1 / 3000, seed=5)),)),
    Scene("plain-cut-in-a-page", "5.4.1 disconnect", TWO, (on_page(2, CutLine(after_s=3.0)),)),
    Scene("ecm-two-pages", "A.1 figure A.1", ECM),
    Scene("ecm-mh", "A.1 figure A.1", replace(ECM, offer=Offer(ecm=True))),
    Scene(
        "ecm-superfine", "table 2 bit 41", replace(ECM, offer=replace(ECM.offer, resolutions=(Resolution.SUPERFINE,)))
    ),
    Scene("ecm-two-documents", "A.4.3 PPS-EOM", replace(ECM, following=(replace(ECM, pages=1),))),
    Scene("plain-inch-200", "table 2 bit 44", replace(PLAIN, offer=Offer(resolutions=(Resolution.INCH_200,)))),
    Scene("ecm-inch-300", "table 2 bit 42", replace(ECM, offer=replace(ECM.offer, resolutions=(Resolution.INCH_300,)))),
    Scene("ecm-inch-400", "table 2 bit 43", replace(ECM, offer=replace(ECM.offer, resolutions=(Resolution.INCH_400,)))),
    Scene("plain-b4", "table 2 bit 17", replace(PLAIN, r8_px=2048)),
    Scene("plain-a3", "table 2 bit 18", replace(PLAIN, r8_px=2432)),
    Scene("plain-continues-with-a-cover", "5.3.6.1.6 MPS", replace(PLAIN, pages=3, done=frozenset({1, 2}), cover=True)),
    Scene("ecm-continues-with-a-cover", "A.4.3 PPS-MPS", replace(ECM, pages=4, done=frozenset({1, 3}), cover=True)),
    Scene("plain-gap-of-200-ms", "5.3.6.1.7 RTN", PLAIN, (on_page(1, LoseCarrier(after_s=2.0, duration_s=0.2)),)),
    Scene("plain-rtn-go-on", "5.3.6.1.7 RTN", replace(TWO, after_rtn=AfterRtn.GO_ON), (GAP,)),
    Scene("plain-rtn-give-up", "5.3.6.1.7 RTN", replace(TWO, after_rtn=AfterRtn.GIVE_UP), (GAP,)),
    Scene("ecm-jbig", "table 2 bit 78", JBIG),
    Scene("ecm-jbig-noise", "A.4.4 PPR", JBIG, (on_page(None, BitErrors(rate=1 / 3000, seed=5)),)),
    Scene(
        "ecm-jbig-given-up",
        "A.4.1 CTC",
        replace(JBIG, after_rtn=AfterRtn.GO_ON),
        (on_page(None, BitErrors(rate=1 / 100, seed=9)),),
    ),
    Scene("ecm-gap", "A.4.4 PPR", ECM, (GAP,)),
    Scene("ecm-block-lost", "A.4.4 PPR", ECM, (on_page(1, LoseCarrier()),)),
    Scene("ecm-pps-lost", "A.4.3 PPS", ECM, lost(Fcf.PPS)),
    Scene("ecm-pps-lost-thrice", "5.4.2 three tries", ECM, lost(Fcf.PPS, times=3)),
    Scene("ecm-mcf-lost", "A.4.3 PPS", ECM, lost(Fcf.MCF)),
    Scene("ecm-ppr-lost", "A.4.4 PPR", ECM, (GAP, *lost(Fcf.PPR))),
    Scene("ecm-cfr-lost", "5.3.6.1.4 CFR", ECM, lost(Fcf.CFR)),
    Scene("ecm-noise", "A.4.4 PPR", ECM, (on_page(None, BitErrors(rate=1 / 3000, seed=5)),)),
    Scene("ecm-ctc", "A.4.1 CTC", ECM, tuple(on_page(n, BitErrors(rate=1 / 200, seed=n)) for n in range(1, 5))),
    Scene(
        "ecm-ctc-lost",
        "A.4.1 CTC",
        ECM,
        (*(on_page(n, BitErrors(rate=1 / 200, seed=n)) for n in range(1, 5)), *lost(Fcf.CTC)),
    ),
    Scene(
        "ecm-ctr-lost",
        "A.4.2 CTR",
        ECM,
        (*(on_page(n, BitErrors(rate=1 / 200, seed=n)) for n in range(1, 5)), *lost(Fcf.CTR)),
    ),
    Scene("ecm-given-up", "A.4.1 CTC", ECM, (on_page(None, BitErrors(rate=1 / 100, seed=9)),)),
    Scene(
        "ecm-eor",
        "A.4.3 EOR",
        replace(ECM, offer=Offer(ecm=True), after_rtn=AfterRtn.RETRANSMIT_THEN_GO_ON),
        tuple(on_page(n, LoseCarrier()) for n in range(1, 25)),
    ),
    Scene("ecm-limited-line", "5.3.6.1.4 FTT", ECM, (on_page(None, LimitRate(max_bit_rate=9600)), training(1))),
    Scene("ecm-cut", "5.4.1 disconnect", ECM, (on_page(2, CutLine(after_s=1.0)),)),
]


def told(tale: Tale) -> tuple[list[str], CallResult]:
    """Play a story and write the call down."""
    rows = [f"{station_row(tale.station)}\n"]

    def written() -> Engine:
        engine, at_s = engine_of(tale.station), 0.0
        command = next(engine)
        while True:
            result = yield command
            if isinstance(command, KeeperCommand):
                rows.extend(f"{row}\n" for row in keeper_rows(result, at_s))
            else:
                at_s = result.at_s
                rows.extend(f"{row}\n" for row in line_rows(command, result))
            try:
                command = engine.send(result)
            except StopIteration as end:
                return end.value

    return rows, play(written(), tale.disk(), tale.story, fifs=tale.fifs).result


def main() -> None:
    wanted = set(sys.argv[1:])
    for old in () if wanted else CALLS.glob("*.call"):
        old.unlink()
    for scene in (scene for scene in SCENES if not wanted or scene.name in wanted):
        ends, calling, called = recorded(scene.job, scene.damage, scene.station)
        for side, rows, result in (("caller", calling, ends.calling), ("answerer", called, ends.called)):
            note = Row(0.0, CALL, "note", "", f"T.30, {scene.clause}: {scene.name}, seen by the {side}")
            end = Row(result.seconds, CALL, "result", "", result.outcome.code)
            (CALLS / f"{scene.name}-{side}.call").write_text("".join([f"{note}\n", *rows, f"{end}\n"]))
        hurt = f"{len(ends.injuries)} of {len(scene.damage)}"
        print(f"{scene.name:28} {hurt:8} {ends.calling.outcome.code:16} {ends.called.outcome.code}")
    for tale, side in ((tale, side) for tale, side in TALES if not wanted or tale.name in wanted):
        try:
            rows, result = told(tale)
        except AssertionError as error:
            print(f"{tale.name}: {error}")
            continue
        note = Row(0.0, CALL, "note", "", f"T.30, {tale.clause}: {tale.name}, told to the {side}")
        end = Row(result.seconds, CALL, "result", "", result.outcome.code)
        (CALLS / f"tale-{tale.name}-{side}.call").write_text("".join([f"{note}\n", *rows, f"{end}\n"]))
        print(f"{tale.name:28} {'':8} {result.outcome.code}")


if __name__ == "__main__":
    main()
