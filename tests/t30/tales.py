"""Calls with a far end that does what neither our engines nor a bad line do: stories (see `script`) that `make_calls` writes as scripts.

Each names its clause. Together with the calls over the virtual wire they take every branch of the engines that the far end or the
disk can bring about; `call_coverage` says which are left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from joined import Keeper
from script import FULL_DIS

from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, Offered, PageQuality, PollRequest
from mailfax.t30.bits import Bit
from mailfax.t30.caller import AfterRtn, CallerJob
from mailfax.t30.capabilities import write_fif
from mailfax.t30.commands import (
    BlockStored,
    FetchPage,
    KeeperCommand,
    KeeperResult,
    NotYet,
    PageStored,
    StoreBlock,
    StorePage,
)
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import FULL_OFFER, Offer, our_dis

WELL = PageStored(rows=1000, bad_rows=0, longest_bad_run=0)


@dataclass
class Disk(Keeper):
    """A disk whose stores take as long as `slow` says, one answer after another: `NotYet`, or what was stored."""

    slow: list[KeeperResult] = field(default_factory=list)

    def perform(self, command: KeeperCommand) -> KeeperResult:
        if isinstance(command, StorePage | StoreBlock) and self.slow:
            return self.slow.pop(0)
        return Keeper.perform(self, command)


@dataclass(frozen=True, kw_only=True)
class Tale:
    name: str
    clause: str
    station: CallerJob | AnswererStation
    story: str
    pages: tuple[bytes, ...] = (b"page", b"next", b"last")
    stored: PageStored = WELL
    slow: tuple[KeeperResult, ...] = ()
    disk_full: bool = False
    fifs: Mapping[str, bytes] = field(default_factory=dict)

    def disk(self) -> Disk:
        def fails(command: KeeperCommand) -> bool:
            return self.disk_full and isinstance(command, FetchPage | StorePage)

        return Disk(pages=self.pages, judge=lambda _: self.stored, slow=list(self.slow), fails=fails)


ONE = CallerJob(pages=1, station_id="5559876")
TWO = replace(ONE, pages=2)
ECM = replace(ONE, offer=Offer(ecm=True))
ECM_DIS = {"DIS": our_dis(FULL_OFFER).fif}
HERE = AnswererStation(station_id="5551234")
ECM_HERE = replace(HERE, offer=FULL_OFFER)
ECM_DCS = {"DCS": write_fif({10, 14, 15, 21, 22, 23, 27, 31}), "CTC": b"\0\x4e"}

# -- as the caller ---------------------------------------------------------------------------------------------------------

ASK = "< CSI DIS\n> TSI DCS\n> TCF V.17 14400\n"
SENT = f"{ASK}< CFR\n> page V.17 14400 short\n"
AGAIN = "> TSI DCS\n> TCF V.17 12000\n< CFR\n> page V.17 12000 short\n"
BLOCK = f"{ASK}< CFR\n> block 0 V.17 14400 short\n> PPS-EOP\n"
BUSY = "> RR\n< RNR\n"
CALLERS = [
    Tale(name="silence", clause="5.4.3.1 T1", station=ONE, story="< silence"),
    Tale(name="only-damage", clause="5.4.3.1 T1", station=ONE, story="< damaged\n" * 27),
    Tale(name="csi-without-dis", clause="5.4.3.1 T1", station=ONE, story="< CSI\n< silence\n> DCN"),
    Tale(name="dcn-at-once", clause="5.3.6.1.8 DCN", station=ONE, story="< DCN"),
    Tale(name="hang-up-at-once", clause="5.4.1 disconnect", station=ONE, story="< gone"),
    Tale(name="stopped-by-us", clause="5.4.1 disconnect", station=ONE, story=f"{ASK}< stopped"),
    Tale(
        name="nsf-and-unknown",
        clause="5.3.6.1.1 NSF",
        station=ONE,
        story=f"< NSF CSI DIS\n{SENT[10:]}> EOP\n< MCF\n> DCN",
    ),
    Tale(
        name="receives-nothing",
        clause="table 2 bit 10",
        station=ONE,
        story="< DIS\n> DCN",
        fifs={"DIS": write_fif({9, 11, 12, 14})},
    ),
    Tale(
        name="no-common-form",
        clause="table 2 bits 15 and 41",
        station=replace(ONE, offer=Offer(resolutions=())),
        story="< DIS\n> DCN",
    ),
    Tale(
        name="takes-no-subaddress",
        clause="5.3.6.1.3 SUB",
        station=replace(ONE, addressing=Addressing(subaddress="1387")),
        story="< DIS\n> DCN",
    ),
    Tale(
        name="dis-for-cfr", clause="5.3.6.1.1 DIS", station=ONE, story=f"{ASK}< DIS\n> TSI DCS\n> TCF V.17 14400\n< DCN"
    ),
    Tale(
        name="crp-for-cfr",
        clause="5.3.6.1.8 CRP",
        station=ONE,
        story=f"{ASK}< CRP\n> TSI DCS\n> TCF V.17 14400\n< CRP\n> TSI DCS\n> TCF V.17 14400\n< CRP\n> DCN",
    ),
    Tale(
        name="page-cannot-be-read", clause="5.4.1 disconnect", station=ONE, story=f"{ASK}< CFR\n> DCN", disk_full=True
    ),
    Tale(name="crp-for-mcf", clause="5.3.6.1.8 CRP", station=ONE, story=f"{SENT}> EOP\n< CRP\n> EOP\n< MCF\n> DCN"),
    Tale(name="dcn-for-mcf", clause="5.3.6.1.8 DCN", station=ONE, story=f"{SENT}> EOP\n< DCN"),
    Tale(name="echo-of-eop", clause="5.3.6.1.6 EOP", station=ONE, story=f"{SENT}> EOP\n< EOP\n< MCF\n> DCN"),
    Tale(
        name="rtp",
        clause="5.3.6.1.7 RTP",
        station=TWO,
        story=f"{SENT}> MPS\n< RTP\n> TSI DCS\n> TCF V.17 14400\n< CFR\n> page V.17 14400 short\n> EOP\n< MCF\n> DCN",
    ),
    Tale(name="pip-at-the-end", clause="5.3.6.1.7 PIP", station=ONE, story=f"{SENT}> EOP\n< PIP\n> DCN"),
    Tale(
        name="pip-between",
        clause="5.3.6.1.7 PIP",
        station=TWO,
        story=f"{SENT}> MPS\n< PIP\n< DIS\n> TSI DCS\n> TCF V.17 14400\n< CFR\n> page V.17 14400 short\n> EOP\n< MCF\n> DCN",
    ),
    Tale(name="pin", clause="5.3.6.1.7 PIN", station=ONE, story=f"{SENT}> EOP\n< PIN\n> DCN"),
    Tale(
        name="rtn-and-give-up",
        clause="5.3.6.1.7 RTN",
        station=replace(ONE, after_rtn=AfterRtn.GIVE_UP),
        story=f"{SENT}> EOP\n< RTN\n> DCN",
    ),
    Tale(
        name="rtn-and-go-on",
        clause="5.3.6.1.7 RTN",
        station=replace(TWO, after_rtn=AfterRtn.GO_ON),
        story=f"{SENT}> MPS\n< RTN\n> TSI DCS\n> TCF V.17 14400\n< CFR\n> page V.17 14400 short\n> EOP\n< MCF\n> DCN",
    ),
    Tale(
        name="never-notices-the-page",
        clause="5.3.6.1.1 DIS",
        station=ONE,
        story=f"{SENT}> EOP\n< DIS\n{AGAIN}> EOP\n< DIS\n> TSI DCS\n> TCF V.29 9600\n< CFR\n> page V.29 9600\n> EOP\n< DIS\n"
        "> TSI DCS\n> TCF V.29 7200\n< CFR\n> page V.29 7200\n> EOP\n< DIS\n> DCN",
    ),
    Tale(
        name="dis-after-eom",
        clause="5.3.6.1.6 EOM",
        station=replace(ONE, following=(ONE,)),
        story=f"{SENT}> EOM\n< DIS\n{AGAIN}> EOM\n< MCF\n< DIS\n> TSI DCS\n> TCF V.17 12000\n< CFR\n> page V.17 12000 short\n> EOP\n< MCF\n> DCN",
    ),
    Tale(
        name="second-document-not-taken",
        clause="5.3.6.1.3 SUB",
        station=replace(ONE, following=(replace(ONE, addressing=Addressing(subaddress="1387")),)),
        story=f"{SENT}> EOM\n< MCF\n< DIS\n> DCN",
    ),
    Tale(
        name="cut-before-the-second-document",
        clause="5.4.1 disconnect",
        station=replace(ONE, following=(ONE,)),
        story=f"{SENT}> EOM\n< MCF\n< gone",
    ),
    Tale(name="busy-without-ecm", clause="A.5.4.1 RNR", station=ONE, story=f"{SENT}> EOP\n< RNR\n> RR\n< MCF\n> DCN"),
    Tale(
        name="busy",
        clause="A.5.4.1 RNR",
        station=ECM,
        story=f"{BLOCK}< RNR\n{BUSY}> RR\n< silence\n> RR\n< CRP\n> RR\n< MCF\n> DCN",
        fifs=ECM_DIS,
    ),
    Tale(name="busy-for-t5", clause="A.5.4.1 T5", station=ECM, story=f"{BLOCK}< RNR\n{BUSY * 22}> DCN", fifs=ECM_DIS),
    Tale(
        name="busy-then-silent",
        clause="A.5.4.1 RR",
        station=ECM,
        story=f"{BLOCK}< RNR\n{'> RR' + chr(10) + '< silence' + chr(10)}" * 1
        + "> RR\n< silence\n> RR\n< silence\n> PPS-EOP\n< MCF\n> DCN",
        fifs=ECM_DIS,
    ),
    Tale(
        name="block-unnoticed",
        clause="5.3.6.1.1 DIS",
        station=ECM,
        story=f"{BLOCK}< DIS\n> TSI DCS\n> TCF V.17 12000\n< CFR\n> block 0 V.17 12000 short\n> PPS-EOP\n< MCF\n> DCN",
        fifs=ECM_DIS,
    ),
    Tale(
        name="many-blocks",
        clause="A.4.3 PPS-NULL",
        station=ECM,
        story=f"{ASK}< CFR\n> block 256 V.17 14400 short\n> PPS-NULL\n< RTP\n> block 0+1 V.17 14400 short\n> PPS-EOP\n< PPR-1\n"
        "> block 1 V.17 14400 short\n> PPS-EOP\n< MCF\n> DCN",
        pages=(b"x" * (258 * 256),),
        fifs=ECM_DIS,
    ),
    Tale(
        name="null-refused",
        clause="A.4.3 PPS-NULL",
        station=ECM,
        story=f"{ASK}< CFR\n> block 256 V.17 14400 short\n> PPS-NULL\n< PIN\n> DCN",
        pages=(b"x" * (258 * 256),),
        fifs=ECM_DIS,
    ),
]

# -- as the answerer -------------------------------------------------------------------------------------------------------

MET = "> CSI DIS\n< TSI DCS\n< TCF good\n> CFR\n"
GOT = f"{MET}< page abc\n"
BLOCK_IN = f"{MET}< block 0+1+2\n"
ANSWERERS = [
    Tale(name="nobody", clause="5.4.3.1 T1", station=HERE, story="> CSI DIS\n< silence\n" * 9 + "> DCN"),
    Tale(
        name="somebody-without-dcs",
        clause="5.4.3.1 T1",
        station=HERE,
        story="> CSI DIS\n< TSI\n< silence\n" * 7 + "> DCN",
    ),
    Tale(name="dcn-for-dcs", clause="5.3.6.1.8 DCN", station=HERE, story="> CSI DIS\n< DCN"),
    Tale(
        name="dcs-not-offered",
        clause="5.3.6.1.3 DCS",
        station=HERE,
        story="> CSI DIS\n< DCS\n> DCN",
        fifs={"DCS": write_fif({10, 14, 15, 27, 31})},
    ),
    Tale(
        name="faster-than-offered",
        clause="5.3.6.1.4 FTT",
        station=replace(HERE, offer=Offer(best_modulation=Modulation.V29_9600)),
        story="> CSI DIS\n< TSI DCS\n> Pause\n> FTT\n< DCN",
    ),
    Tale(
        name="dcs-again-for-tcf",
        clause="5.3.6.1.4 FTT",
        station=HERE,
        story="> CSI DIS\n< DCS\n< V.21\n< DCS\n< TCF bad\n> FTT\n< DCN",
    ),
    Tale(
        name="no-tcf",
        clause="5.3.6.1.4 FTT",
        station=HERE,
        story="> CSI DIS\n< DCS\n< silence\n> FTT\n< silence\n> DCN",
    ),
    Tale(name="no-page", clause="5.3.6.1.7 RTN", station=HERE, story=f"{MET}< silence\n< EOP\n> RTN\n< DCN"),
    Tale(
        name="empty-page",
        clause="5.3.6.1.7 RTN",
        station=HERE,
        story=f"{MET}< page empty\n< EOP\n> RTN\n< silence\n> DCN",
    ),
    Tale(name="dcn-in-mid-fax", clause="5.3.6.1.8 DCN", station=HERE, story=f"{GOT}< DCN"),
    Tale(name="crp-for-eop", clause="5.3.6.1.8 CRP", station=HERE, story=f"{GOT}< EOP\n> MCF\n< CRP\n> MCF\n< DCN"),
    Tale(
        name="operator-wanted",
        clause="5.3.6.1.6 PRI-EOP",
        station=HERE,
        story=f"{GOT}< PRI-MPS\n> MCF\n< page def\n< PRI-EOP\n> MCF\n< DCN",
    ),
    Tale(
        name="eom-and-nothing",
        clause="5.3.6.1.6 EOM",
        station=HERE,
        story=f"{GOT}< EOM\n> MCF\n< silence\n" + "> CSI DIS\n< silence\n" * 9 + "> DCN",
    ),
    Tale(name="disk-full", clause="5.4.1 disconnect", station=HERE, story=f"{GOT}< EOP\n> DCN", disk_full=True),
    Tale(
        name="disk-slow",
        clause="5.4.3.1 T4",
        station=HERE,
        story=f"{GOT}< EOP\n< EOP\n> MCF\n< DCN",
        slow=(PageStored(rows=9, bad_rows=0, longest_bad_run=0, took_s=3.0),),
    ),
    Tale(
        name="disk-very-slow",
        clause="5.4.3.1 T4",
        station=HERE,
        story=f"{GOT}< EOP\n< EOP\n> MCF\n< DCN",
        slow=(NotYet(), NotYet(), PageStored(rows=9, bad_rows=0, longest_bad_run=0, took_s=5.0)),
    ),
    Tale(
        name="poor-page",
        clause="5.3.6.1.7 RTP",
        station=replace(HERE, quality=PageQuality(retrain_share=0.99)),
        story=f"{GOT}< EOP\n> RTP\n< DCN",
        stored=PageStored(rows=1000, bad_rows=30, longest_bad_run=2),
    ),
    Tale(
        name="page-with-a-hole",
        clause="5.3.6.1.7 RTN",
        station=HERE,
        story=f"{GOT}< EOP\n> RTN\n< DCN",
        stored=PageStored(rows=1000, bad_rows=1, longest_bad_run=1, missing_rows=40, gap_bits=9000),
    ),
    Tale(
        name="subaddress-damaged",
        clause="5.3.6.1.3 SUB",
        station=HERE,
        story="> CSI DIS\n< DCS\n< SUB DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n> MCF\n< DCN",
        fifs={"DCS": write_fif({10, 14, 15, 49}), "SUB": b"7831".ljust(20)},
    ),
    Tale(
        name="rr-for-a-lost-mcf",
        clause="A.5.4.1 RR",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-EOP-3\n> MCF\n< RR\n> MCF\n< DCN",
        fifs=ECM_DCS,
    ),
    Tale(
        name="blocks",
        clause="A.4.3 PPS-NULL",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-NULL-3\n> MCF\n< V.21\n< PPS-NULL-3\n> MCF\n< block 0\n< PPS-EOP-0/1/1\n> MCF\n< DCN",
        fifs=ECM_DCS,
    ),
    Tale(
        name="ctc-not-offered",
        clause="A.4.1 CTC",
        station=replace(ECM_HERE, offer=replace(FULL_OFFER, best_modulation=Modulation.V29_9600)),
        story="> CSI DIS\n< DCS\n< TCF good\n> CFR\n< block 0\n< PPS-EOP-3\n> PPR\n< block none\n< CTC\n> DCN",
        fifs={"DCS": write_fif({10, 11, 15, 21, 22, 23, 27, 31}), "CTC": b"\0\x46"},
    ),
    Tale(
        name="whole-but-senseless",
        clause="T.6 2.2",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-EOP-3\n> DCN",
        stored=PageStored(rows=0, bad_rows=0, longest_bad_run=0),
        fifs=ECM_DCS,
    ),
    Tale(
        name="eor-for-one-block",
        clause="A.4.3 EOR",
        station=ECM_HERE,
        story=f"{MET}< block 0+2\n< PPS-NULL-3\n> PPR\n< block none\n< EOR-NULL\n> ERR\n< block 0\n< PPS-EOP-0/1/1\n> MCF\n< DCN",
        fifs=ECM_DCS,
    ),
    Tale(
        name="err-lost",
        clause="A.4.3 EOR",
        station=ECM_HERE,
        story=f"{MET}< block 0+2\n< PPS-MPS-3\n> PPR\n< block none\n< EOR-MPS\n> ERR\n< V.21\n< EOR-MPS\n> ERR\n< silence\n< silence\n> DCN",
        fifs=ECM_DCS,
    ),
    Tale(
        name="another-page-after-phase-b",
        clause="A.4.3 PPS",
        station=ECM_HERE,
        story=f"{MET}< block 0+2\n< PPS-MPS-3\n> PPR\n< V.21\n< DCS\n< TCF good\n> CFR\n< block 0\n< PPS-EOP-1/0/1\n> MCF\n< DCN",
        fifs=ECM_DCS,
    ),
    Tale(
        name="disk-busy",
        clause="A.5.4.1 RNR",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-EOP-3\n> RNR\n< RR\n> RNR\n< RR\n> MCF\n< DCN",
        slow=(NotYet(), NotYet()),
        fifs=ECM_DCS,
    ),
    Tale(
        name="disk-busy-in-mid-page",
        clause="A.5.4.1 RNR",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-NULL-3\n> RNR\n< RR\n> MCF\n< block 0\n< PPS-EOP-0/1/1\n> MCF\n< DCN",
        slow=(NotYet(), BlockStored(took_s=3.0)),
        fifs=ECM_DCS,
    ),
    Tale(
        name="nobody-waits-for-the-disk",
        clause="A.5.4.1 RNR",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-EOP-3\n> RNR\n< silence\n> DCN",
        slow=(NotYet(),),
        fifs=ECM_DCS,
    ),
    Tale(
        name="dcn-while-the-disk-is-busy",
        clause="A.5.4.1 RNR",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-EOP-3\n> RNR\n< DCN",
        slow=(NotYet(),),
        fifs=ECM_DCS,
    ),
    Tale(
        name="disk-busy-for-t5",
        clause="A.5.4.1 T5",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS-EOP-3\n" + "> RNR\n< RR\n" * 22 + "> DCN",
        slow=(NotYet(),) * 30,
        fifs=ECM_DCS,
    ),
]

# -- polling ---------------------------------------------------------------------------------------------------------------

POLL = replace(HERE, poll=PollRequest())
READY = {"DIS": FULL_DIS.with_bits({Bit.READY_TO_BE_POLLED, Bit.SELECTIVE_POLLING, Bit.PASSWORD}).fif}
GIVES = replace(HERE, offered=(Offered(label="P1", pages=1), Offered(label="P2", pages=1, selector="77", password="x")))
POLLS = [
    Tale(
        name="poll",
        clause="5.3.6.1.2 DTC",
        station=POLL,
        story="< CSI DIS\n> CIG DTC\n< TSI DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n> MCF\n< DCN",
        fifs=READY,
    ),
    Tale(name="nothing-to-poll", clause="table 2 bit 9", station=POLL, story="< CSI DIS\n> DCN"),
    Tale(name="poll-refused", clause="5.3.6.1.2 DTC", station=POLL, story="< CSI DIS\n> CIG DTC\n< DCN", fifs=READY),
    Tale(
        name="polled",
        clause="5.3.6.1.2 DTC",
        station=GIVES,
        story="> CSI DIS\n< CIG DTC\n> TSI DCS\n> TCF V.17 14400\n< CFR\n> page V.17 14400 short\n> EOP\n< MCF\n> DCN",
        fifs={"DTC": FULL_DIS.fif, "CIG": b" " * 20},
    ),
]

WANTS = replace(HERE, poll=PollRequest(selector="77", password="x"))
DTC = {"DTC": FULL_DIS.fif, "CIG": b" " * 20, "SEP": b"77".ljust(20), "PWD": b"y".ljust(20)}
TRIED = "> TSI DCS\n> TCF V.17 14400\n"
ASKED = f"> CSI DIS\n< CIG DTC\n{TRIED}"
POLLS += [
    Tale(name="poll-silence", clause="5.4.3.1 T1", station=POLL, story="< silence"),
    Tale(name="poll-csi-without-dis", clause="5.4.3.1 T1", station=POLL, story="< CSI\n< silence\n> DCN"),
    Tale(name="poll-dcn-at-once", clause="5.3.6.1.8 DCN", station=POLL, story="< DCN"),
    Tale(
        name="no-selective-polling",
        clause="table 2 bit 47",
        station=WANTS,
        story="< DIS\n> DCN",
        fifs={"DIS": FULL_DIS.with_bits({Bit.READY_TO_BE_POLLED}).fif},
    ),
    Tale(
        name="dtc-three-times",
        clause="5.4.2 three tries",
        station=WANTS,
        story="< DIS\n> PWD SEP CIG DTC\n< silence\n> PWD SEP CIG DTC\n< DIS\n> PWD SEP CIG DTC\n< silence\n> DCN",
        fifs=READY,
    ),
    Tale(
        name="polled-for-what-is-not-there",
        clause="table 2 bit 47",
        station=GIVES,
        story="> CSI DIS\n< PWD SEP DTC\n> DCN",
        fifs=DTC,
    ),
    Tale(name="polled-and-dropped", clause="5.4.1 disconnect", station=GIVES, story=f"{ASKED}< DCN", fifs=DTC),
    Tale(
        name="polled-in-vain",
        clause="5.4.2 three tries",
        station=GIVES,
        story=f"{ASKED}< CRP\n{TRIED}< CRP\n{TRIED}< CRP\n> DCN",
        fifs=DTC,
    ),
]
MORE = [
    Tale(
        name="dis-changed-for-cfr",
        clause="5.3.6.1.1 DIS",
        station=ONE,
        story=f"{ASK}< CSI\n< DIS\n> TSI DCS\n> TCF V.17 14400\n< DCN",
    ),
]
STRANGE = [
    Tale(
        name="pps-before-any-training",
        clause="5.3.6.1.4 FTT",
        station=ECM_HERE,
        story="> CSI DIS\n< DCS\n> Pause\n> FTT\n< PPS-EOP-3\n< CRP\n> FTT\n< DCN",
        fifs={"DCS": write_fif({10, 11, 12, 13, 14, 15, 27, 31})},
    ),
    Tale(
        name="unknown-second-control-field",
        clause="A.4.3 PPS",
        station=ECM_HERE,
        story=f"{BLOCK_IN}< PPS\n< PPS-EOP-3\n> MCF\n< DCN",
        fifs=ECM_DCS | {"PPS": b"\x11\0\0\0"},
    ),
    Tale(
        name="page-kept-in-part-on-a-full-disk",
        clause="5.4.1 disconnect",
        station=HERE,
        story=f"{GOT}< DCN",
        disk_full=True,
    ),
    Tale(
        name="the-same-page-after-phase-b",
        clause="A.4.3 PPS",
        station=ECM_HERE,
        story=f"{MET}< block 0+2\n< PPS-EOP-3\n> PPR\n< V.21\n< DCS\n< TCF good\n> CFR\n< block 0+1+2\n< PPS-EOP-3\n> MCF\n< DCN",
        fifs=ECM_DCS,
    ),
]

TALES = [
    *((tale, "caller") for tale in (*CALLERS, *MORE)),
    *((tale, "answerer") for tale in (*ANSWERERS, *STRANGE, *POLLS)),
]
