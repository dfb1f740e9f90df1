"""Error correction: its numbers and maps, the transmitter and the receiver chart by chart, and both joined on a bad line."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joined import Damage, Keeper, Party, Signal, join, lose_frames, names, without
from script import BLOCK, FIFS, Played, play

from mailfax.model.call import FramesRequested, PageConfirmed, PageReceived
from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, Jbig
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.capabilities import Dcs, Dis, write_fif
from mailfax.t30.commands import KeeperCommand, PageStored, SendBlock, StoreBlock, StorePage
from mailfax.t30.ecm import PageEnd, PartialPage, block_frames, cut_blocks, read_fcds, request_map, requested
from mailfax.t30.frames import Fcf, build_frame
from mailfax.t30.negotiate import FULL_OFFER, Offer, choose, our_dis
from mailfax.t30.wire import reverse_bits

ECM_DIS = our_dis(FULL_OFFER)
MH_ECM = Offer(ecm=True)
_CHOICE = choose(ECM_DIS, FULL_OFFER)
assert _CHOICE is not None
ECM_FIFS = {"DIS": ECM_DIS.fif, "DCS": _CHOICE.dcs.fif}
TRAINED = "< CSI DIS\n> DCS\n> TCF V.17 14400\n< CFR\n"
ANSWERED = "> DIS\n< DCS\n< TCF good\n> CFR\n"
SHORT = "V.17 14400 short"
THREE_FRAMES = b"x" * 700


def send(story: str, *, page: bytes = THREE_FRAMES, pages: int = 1, offer: Offer = FULL_OFFER, **job: object) -> Played:
    keeper = job.pop("keeper", None) or Keeper(pages=(page,) * pages)
    return play(call(CallerJob(pages=pages, offer=offer, **job)), keeper, story, fifs=ECM_FIFS)  # type: ignore[arg-type]


def receive(story: str, *, keeper: Keeper | None = None, fifs: dict[str, bytes] | None = None) -> Played:
    station = AnswererStation(offer=FULL_OFFER)
    return play(answer(station), keeper or Keeper(), story, fifs=ECM_FIFS | (fifs or {}))


# -- numbers and maps -----------------------------------------------------------------------------------------------------


def test_a_pps_as_other_machines_write_it() -> None:
    """A.4.3. spandsp logs this one as FF 13 BF 2F 00 00 2D, least significant bit first: 46 frames."""
    partial = PartialPage(end=PageEnd.EOP, page=0, block=0, frames=46)
    frame = build_frame(Fcf.PPS, partial.fif, x=True)
    assert reverse_bits(frame).hex(" ") == "ff 13 bf 2f 00 00 2d"
    assert PartialPage.parse(frame[3:]) == partial


@given(st.sampled_from(PageEnd), st.integers(0, 255), st.integers(0, 255), st.integers(1, 256))
def test_what_a_pps_says_is_read_again(end: PageEnd, page: int, block: int, frames: int) -> None:
    partial = PartialPage(end=end, page=page, block=block, frames=frames)
    assert PartialPage.parse(partial.fif) == partial


def test_counters_begin_again_after_256() -> None:
    assert PartialPage(end=PageEnd.NULL, page=256, block=257, frames=1).fif[1:3] == bytes((0, 0x80))


def test_a_pps_whose_end_is_unknown_is_none() -> None:
    assert PartialPage.parse(b"\x13\0\0\0") is None


@given(st.sets(st.integers(0, 255)), st.integers(1, 256))
def test_a_request_names_what_is_not_right(right: set[int], frames: int) -> None:
    """A.4.4: the first bit is frame 0; bits beyond the block are 1 and mean nothing."""
    fif = request_map(right)
    assert len(fif) == 32
    assert requested(fif, frames) == [number for number in range(frames) if number not in right]


def test_the_first_bit_of_a_request_is_frame_0() -> None:
    assert request_map(range(1, 256)).hex() == "80" + 31 * "00"


@given(st.binary(max_size=70_000), st.sampled_from([64, 256]))
def test_a_page_is_cut_and_joined(octets: bytes, frame_octets: int) -> None:
    """T.4, A.3.6: 256 frames a block at most, and the last frame filled with zeros."""
    blocks = cut_blocks(octets, frame_octets)
    assert all(1 <= len(block) <= 256 for block in blocks)
    read = [dict(read_fcds(block_frames(block, range(len(block))))) for block in blocks]
    joined = b"".join(data for frames in read for _, data in sorted(frames.items()))
    assert joined.startswith(octets)
    assert not joined[len(octets) :].strip(b"\0")
    assert {len(data) for frames in read for data in frames.values()} == {frame_octets}


# -- negotiation ----------------------------------------------------------------------------------------------------------


def test_two_of_us_choose_error_correction_and_jbig() -> None:
    """Table 2, bits 27, 28 and 78; no least time of a line with ECM."""
    form = Dcs.parse(_CHOICE.dcs.fif).form
    assert form == _CHOICE.form
    assert (form.coding, form.ecm_frame_octets, form.min_scan_line_ms) == (Jbig.T85, 256, 0)


@pytest.mark.parametrize(
    ("bits", "coding", "frame_octets"),
    [
        ({27, 31}, Coding.MMR, 256),
        ({27, 31, 7}, Coding.MMR, 64),
        ({27, 16}, Coding.MR, 256),
        ({27}, Coding.MH, 256),
        ({31}, Coding.MH, 0),
        ({16}, Coding.MR, 0),
        (set(), Coding.MH, 0),
    ],
)
def test_what_the_far_end_has_decides(bits: set[int], coding: Coding, frame_octets: int) -> None:
    choice = choose(Dis.parse(write_fif({10, 11, 12, 14, *bits})), FULL_OFFER)
    assert choice is not None
    assert (choice.form.coding, choice.form.ecm_frame_octets) == (coding, frame_octets)
    assert Dcs.parse(choice.dcs.fif).form == choice.form


def test_t6_without_the_bit_of_ecm_means_ecm() -> None:
    form = Dcs.parse(write_fif({10, 14, 31})).form
    assert form is not None
    assert (form.coding, form.ecm_frame_octets) == (Coding.MMR, 256)


# -- the transmitter ------------------------------------------------------------------------------------------------------


def test_one_page_in_one_block() -> None:
    """Figure A.1."""
    played = send(f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< MCF\n> DCN")
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.DELIVERED, 1)
    order = played.log
    assert order.index("EndOfPageSent") < order.index("> PPS-EOP") < order.index("PageConfirmed")


def test_a_long_page_goes_in_blocks_of_256_frames() -> None:
    """A.4.3: PPS-NULL between the blocks of a page, the page's end after the last; promise 2 speaks of pages only."""
    story = f"{TRAINED}> block 256 {SHORT}\n> PPS-NULL\n< MCF\n> block 0+1 {SHORT}\n> PPS-EOP\n< MCF\n> DCN"
    played = send(story, page=bytes(258 * 256))
    assert played.log.count("EndOfPageSent") == played.log.count("PageConfirmed") == 1


def test_only_the_frames_that_were_asked_for_go_again() -> None:
    """A.4.4, PPR."""
    keeper = Keeper(pages=(THREE_FRAMES,))
    story = f"> block 0+1+2 {SHORT}\n> PPS-EOP\n< PPR-1\n> block 1 {SHORT}\n> PPS-EOP\n< MCF\n> DCN"
    assert send(TRAINED + story, keeper=keeper).result.outcome is Outcome.DELIVERED
    assert FramesRequested(page=1, block=0, frames=1) in keeper.events


def test_cut_after_a_ppr_is_not_uncertain() -> None:
    """Promise 2: a page whose frames were asked for again has not arrived."""
    played = send(f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< PPR-1\n! block 1 {SHORT}")
    assert (played.result.outcome, played.result.unconfirmed_page) == (Outcome.CALL_DROPPED, None)


def test_cut_after_a_pps_is_uncertain() -> None:
    played = send(f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< gone")
    assert (played.result.outcome, played.result.unconfirmed_page) == (Outcome.UNCERTAIN, 1)


def test_a_lost_answer_has_the_pps_sent_again() -> None:
    """5.4.2: three tries at T4."""
    story = f"{TRAINED}> block 0+1+2 {SHORT}" + "\n> PPS-EOP\n< silence" * 3 + "\n> DCN"
    assert send(story).result.outcome is Outcome.UNCERTAIN
    again = f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< silence\n> PPS-EOP\n< CRP\n> PPS-EOP\n< MCF\n> DCN"
    assert send(again).result.outcome is Outcome.DELIVERED


def test_a_busy_receiver_is_asked_until_it_is_ready() -> None:
    """A.5.4.1: RNR, RR."""
    story = f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< RNR\n> RR\n< RNR\n> RR\n< MCF\n> DCN"
    assert send(story).result.outcome is Outcome.DELIVERED


def test_a_receiver_that_stays_busy_has_t5() -> None:
    """A.5.4.1: T5, 60 s."""
    busy = "\n> RR\n< RNR" * 21
    result = send(f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< RNR{busy}\n> RR\n< RNR\n> DCN").result
    assert "busy for T5" in result.detail
    assert result.outcome is Outcome.UNCERTAIN


FOUR_PPRS = f"> block 0+1+2 {SHORT}\n> PPS-EOP\n< PPR-0+1+2\n" + (
    f"> block 0+1+2 {SHORT}\n> PPS-EOP\n< PPR-0+1+2\n> block 3 {SHORT}\n> PPS-EOP\n< PPR-0+1+2\n".replace(
        "block 3", "block 0+1+2+0"
    )
    + f"> block 0+1+2+0 {SHORT}\n> PPS-EOP\n< PPR-0+1+2\n"
)


def test_after_four_pprs_we_continue_more_slowly() -> None:
    """A.4.1: CTC names the rate, the next training is long. spandsp gives up here (EOR), and the page is lost."""
    story = f"{TRAINED}{FOUR_PPRS}> CTC\n< CTR\n> block 0+1+2+0 V.17 12000\n> PPS-EOP\n< PPR-1\n"
    story += "> block 1 V.17 12000 short\n> PPS-EOP\n< MCF\n> DCN"
    result = send(story).result
    assert (result.outcome, result.bit_rate) == (Outcome.DELIVERED, 12000)


def test_a_rate_at_which_most_gets_through_is_kept() -> None:
    story = f"> block 0+1+2 {SHORT}\n> PPS-EOP\n< PPR-2\n" + f"> block 2 {SHORT}\n> PPS-EOP\n< PPR-2\n" * 3
    result = send(f"{TRAINED}{story}> CTC\n< CTR\n> block 2 V.17 14400\n> PPS-EOP\n< MCF\n> DCN").result
    assert (result.outcome, result.bit_rate) == (Outcome.DELIVERED, 14400)


def _ladder(page: str) -> str:
    frames, story = "0+1+2", f"> block 0+1+2 {SHORT}\n{page}\n< PPR-0+1+2\n"
    story += (
        f"> block {frames} {SHORT}\n{page}\n< PPR-0+1+2\n" + f"> block {frames}+0 {SHORT}\n{page}\n< PPR-0+1+2\n" * 2
    )
    for rung in ("V.17 12000", "V.29 9600", "V.29 7200", "V.27ter 4800", "V.27ter 2400"):
        short = f"{rung} short" if "V.17" in rung else rung
        story += f"> CTC\n< CTR\n> block {frames}+0 {rung}\n{page}\n< PPR-0+1+2\n"
        story += f"> block {frames}+0 {short}\n{page}\n< PPR-0+1+2\n" * 3
    return story


def test_at_the_end_of_the_ladder_the_page_is_given_up() -> None:
    """With T.6 never EOR: the receiver could not read beyond the hole."""
    result = send(f"{TRAINED}{_ladder('> PPS-EOP')}> DCN").result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.PAGE_REFUSED, None)
    assert "3 frames of page 1 did not get through, even at V.27ter 2400" in result.detail


def test_by_policy_we_go_on_with_the_next_page() -> None:
    """A.4.3: EOR, ERR."""
    story = f"{TRAINED}{_ladder('> PPS-MPS')}> EOR-MPS\n< ERR\n> block 0+1+2 V.27ter 2400\n> PPS-EOP\n< MCF\n> DCN"
    result = send(story, pages=2, offer=MH_ECM, after_rtn=AfterRtn.RETRANSMIT_THEN_GO_ON).result
    assert (result.outcome, result.confirmed, result.passed_over) == (Outcome.PASSED_OVER, {2}, {1})
    assert "page 1" in result.detail


def test_a_receiver_that_is_back_in_phase_b_gets_the_page_again_more_slowly() -> None:
    """The first block lost on a bad line: others repeat their PPS and give up."""
    story = (
        f"{TRAINED}> block 0+1+2 {SHORT}\n> PPS-EOP\n< silence\n> PPS-EOP\n< CSI DIS\n> DCS\n> TCF V.17 12000\n< CFR\n"
    )
    result = send(f"{story}> block 0+1+2 V.17 12000 short\n> PPS-EOP\n< MCF\n> DCN").result
    assert (result.outcome, result.confirmed_pages, result.bit_rate) == (Outcome.DELIVERED, 1, 12000)


def test_a_receiver_that_begins_again_for_ever_is_left() -> None:
    story = TRAINED + f"> block 0+1+2 {SHORT}\n> PPS-EOP\n< DIS\n"
    for rung in ("V.17 12000", "V.29 9600", "V.29 7200"):
        short = " short" * ("V.17" in rung)
        story += f"> DCS\n> TCF {rung}\n< CFR\n> block 0+1+2 {rung}{short}\n> PPS-EOP\n< DIS\n"
    result = send(f"{story}> DCN").result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.NO_RESPONSE, None)


# -- the receiver ---------------------------------------------------------------------------------------------------------


def data(*numbers: int) -> bytes:
    return b"".join(BLOCK[number] for number in numbers)


def test_a_page_is_on_disk_before_its_mcf() -> None:
    """Promise 1, and figure A.1."""
    keeper = Keeper()
    played = receive(f"{ANSWERED}< block 0+1+2\n< PPS-EOP-3\n> MCF\n< DCN", keeper=keeper)
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.RECEIVED, 1)
    assert keeper.stored == [data(0, 1, 2)]
    assert played.log.index("StorePage") < played.log.index("> MCF")


def test_a_block_is_on_disk_before_the_mcf_of_its_pps_null() -> None:
    """Promise 1: in ECM each block is durable before the MCF of its PPS."""
    keeper = Keeper()
    story = "< block 0+1\n< PPS-NULL-0/0/2\n> MCF\n< block 0\n< PPS-EOP-0/1/1\n> MCF\n< DCN"
    played = receive(ANSWERED + story, keeper=keeper)
    assert (keeper.blocks, keeper.stored) == ([data(0, 1)], [data(0, 1, 0)])
    assert played.log.index("StoreBlock") < played.log.index("> MCF") < played.log.index("StorePage")


@pytest.mark.parametrize("failing", [StoreBlock, StorePage])
def test_a_disk_that_fails_confirms_nothing(failing: type[KeeperCommand]) -> None:
    keeper = Keeper(fails=lambda command: isinstance(command, failing))
    stories = {
        StoreBlock: "< block 0\n< PPS-NULL-1\n> DCN",
        StorePage: "< block 0\n< PPS-NULL-0/0/1\n> MCF\n< block 0\n< PPS-EOP-0/1/1\n> DCN",
    }
    assert receive(ANSWERED + stories[failing], keeper=keeper).result.outcome is Outcome.STORE_FAULT


def test_cut_between_blocks_keeps_what_came() -> None:
    keeper = Keeper()
    result = receive(f"{ANSWERED}< block 0+1\n< PPS-NULL-2\n> MCF\n< block 0\n< gone", keeper=keeper).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.CALL_DROPPED, 0)
    assert keeper.stored == [data(0, 1, 0)]
    assert PageReceived(page=1, rows=1000, bad_rows=0, confirmed=False) in keeper.events


def test_missing_frames_are_asked_for() -> None:
    """A.4.4; the second PPS counts only what was sent again."""
    keeper = Keeper()
    story = "< block 0+3\n< PPS-EOP-4\n> PPR\n< block 1+2\n< PPS-EOP-2\n> MCF\n< DCN"
    assert receive(ANSWERED + story, keeper=keeper).result.outcome is Outcome.RECEIVED
    assert keeper.stored == [data(0, 1, 2, 3)]


def test_a_frame_that_came_is_believed_before_a_count() -> None:
    """Some senders count 0 frames, or only those of the last try."""
    keeper = Keeper()
    receive(f"{ANSWERED}< block 0+2\n< PPS-EOP-1\n> PPR\n< block 1\n< PPS-EOP-1\n> MCF\n< DCN", keeper=keeper)
    assert keeper.stored == [data(0, 1, 2)]


def test_a_lost_mcf_is_said_again_and_the_page_is_kept_once() -> None:
    """Also where another page is expected and V.21 comes."""
    keeper = Keeper()
    story = "< block 0\n< PPS-MPS-1\n> MCF\n< V.21\n< PPS-MPS-1\n> MCF\n< block 0+1\n< PPS-EOP-1/0/2\n> MCF\n< DCN"
    assert receive(ANSWERED + story, keeper=keeper).result.confirmed_pages == 2
    assert keeper.stored == [data(0), data(0, 1)]


def test_a_lost_ppr_is_said_again() -> None:
    keeper = Keeper()
    story = "< block 0\n< PPS-EOP-2\n> PPR\n< V.21\n< PPS-EOP-2\n> PPR\n< block 1\n< PPS-EOP-1\n> MCF\n< DCN"
    receive(ANSWERED + story, keeper=keeper)
    assert keeper.stored == [data(0, 1)]


def test_continue_to_correct() -> None:
    """A.4.1: CTC, CTR, and the next training is long."""
    fifs = {"CTC": Dcs.command(_CHOICE.modulation, _CHOICE.form).fif[:2]}
    story = "< block 0\n< PPS-EOP-2\n> PPR\n< V.21\n< CTC\n> CTR\n< block 1\n< PPS-EOP-1\n> MCF\n< DCN"
    assert receive(ANSWERED + story, fifs=fifs).result.outcome is Outcome.RECEIVED


def test_a_ctc_for_what_we_cannot_receive_ends_the_call() -> None:
    result = receive(f"{ANSWERED}< block 0\n< PPS-EOP-2\n> PPR\n< V.21\n< CTC\n> DCN", fifs={"CTC": b"\0\x7f"}).result
    assert result.outcome is Outcome.PROTOCOL_ERROR


def test_a_page_that_the_sender_gives_up_is_kept_with_its_gap_and_reported() -> None:
    """A.4.3: EOR, ERR. T.4 goes on behind the gap."""
    keeper = Keeper()
    fifs = {"DCS": Dcs.command(_CHOICE.modulation, replace(_CHOICE.form, coding=Coding.MH)).fif}
    story = "< block 0+2\n< PPS-MPS-3\n> PPR\n< V.21\n< EOR-MPS\n> ERR\n< block 0\n< PPS-EOP-1/0/1\n> MCF\n< DCN"
    result = receive(ANSWERED + story, keeper=keeper, fifs=fifs).result
    assert keeper.stored == [data(0) + bytes(256) + data(2), data(0)]
    assert (result.outcome, result.confirmed_pages) == (Outcome.PAGE_REFUSED, 1)
    assert result.detail == "Arrived only in part: page 1."


def test_t6_is_kept_up_to_the_gap() -> None:
    keeper = Keeper()
    receive(f"{ANSWERED}< block 0+1+3\n< PPS-EOP-4\n> PPR\n< V.21\n< EOR-EOP\n> ERR\n< DCN", keeper=keeper)
    assert keeper.stored == [data(0, 1)]


def test_a_page_that_begins_again_after_training_is_kept_once() -> None:
    """The sender goes back to phase B in the middle of a page and sends it again from its start."""
    keeper = Keeper()
    again = (
        "< V.21\n< DCS\n< TCF good\n> CFR\n< block 0+1\n< PPS-NULL-2\n> MCF\n< block 0\n< PPS-EOP-0/1/1\n> MCF\n< DCN"
    )
    receive(f"{ANSWERED}< block 0+1\n< PPS-NULL-2\n> MCF\n{again}", keeper=keeper)
    assert keeper.stored == [data(0, 1, 0)]


def test_a_page_that_makes_no_sense_is_not_confirmed() -> None:
    keeper = Keeper(judge=lambda _: PageStored(rows=0, bad_rows=0, longest_bad_run=0))
    result = receive(f"{ANSWERED}< block 0\n< PPS-EOP-1\n> DCN", keeper=keeper).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.PROTOCOL_ERROR, 0)


def test_rr_without_rnr_has_the_last_answer_repeated() -> None:
    story = "< block 0\n< PPS-EOP-1\n> MCF\n< RR\n> MCF\n< DCN"
    assert receive(ANSWERED + story).result.outcome is Outcome.RECEIVED


# -- both joined ----------------------------------------------------------------------------------------------------------

PAGES = (b"1" * 20_000, b"2" * 140_000, b"3" * 300)


def parties(offer: Offer = FULL_OFFER, **job: object) -> tuple[Party, Party]:
    caller = CallerJob(pages=len(PAGES), offer=offer, **job)  # type: ignore[arg-type]
    keeper = Keeper(pages=PAGES)
    return Party(call(caller), keeper), Party(answer(AnswererStation(offer=FULL_OFFER)), Keeper())


def arrived(party: Party) -> list[bytes]:
    return [page[: len(sent)] for page, sent in zip(party.keeper.stored, PAGES, strict=True)]


@pytest.mark.parametrize("offer", [FULL_OFFER, Offer(codings=(Coding.MR, Coding.MH), ecm=True), MH_ECM])
def test_pages_of_many_blocks_arrive(offer: Offer) -> None:
    caller, answerer = parties(offer)
    sent, received = join(caller, answerer)
    assert (sent.outcome, received.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert (sent.confirmed_pages, received.confirmed_pages) == (3, 3)
    assert arrived(answerer) == list(PAGES)
    assert [len(block) // 256 for block in answerer.keeper.blocks] == [256, 512]


@pytest.mark.parametrize(
    "damage",
    [
        lambda: lose_frames((0, 1, 5), (1,)),
        lambda: lose_frames(tuple(range(256)), tuple(range(79))),
        lambda: without("PPS-MPS", sender="caller"),
        lambda: without("PPS-NULL", "PPS-NULL", "PPS-EOP", sender="caller"),
        lambda: without("MCF", "MCF", sender="answerer"),
        lambda: lose_frames((7,), (7,), (7,), (7,), (7,)),
    ],
)
def test_every_lost_signal_is_made_good(damage: Callable[[], Damage]) -> None:
    hurt = damage()
    caller, answerer = parties()
    sent, received = join(caller, answerer, hurt)
    assert not hurt.left  # type: ignore[attr-defined]
    assert (sent.outcome, received.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert arrived(answerer) == list(PAGES)
    assert [event.page for event in caller.keeper.events if isinstance(event, PageConfirmed)] == [1, 2, 3]


def test_a_line_that_carries_9600_only_is_found_out_by_ctc() -> None:
    """Training passes and every frame fails: others give the page up after four PPRs."""
    lost: list[str] = []

    def damage(_sender: str, signal: Signal) -> Signal:
        if isinstance(signal, SendBlock) and signal.modulation.bit_rate > 9600:
            lost.append(names(signal))
            return replace(signal, frames=())
        return signal

    caller, answerer = parties()
    sent, received = join(caller, answerer, damage)
    assert len(lost) == 8
    assert (sent.outcome, received.outcome, sent.bit_rate) == (Outcome.DELIVERED, Outcome.RECEIVED, 9600)
    assert arrived(answerer) == list(PAGES)


def test_the_scripts_cover_plain_machines_too() -> None:
    """A machine without ECM is sent to without, by the same offer."""
    story = "< CSI DIS\n> DCS\n> TCF V.17 14400\n< CFR\n> page V.17 14400 short\n> EOP\n< MCF\n> DCN"
    job = CallerJob(pages=1, offer=FULL_OFFER)
    assert play(call(job), Keeper(pages=(b"p",)), story, fifs=FIFS).result.outcome is Outcome.DELIVERED


def test_a_page_that_was_given_up_before_anything_of_it_came_is_reported() -> None:
    story = "< block none\n< PPS-MPS-3\n> PPR\n< V.21\n< EOR-MPS\n> ERR\n< block 0\n< PPS-EOP-1/0/1\n> MCF\n< DCN"
    result = receive(ANSWERED + story).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.PAGE_REFUSED, 1)
    assert result.detail == "Given up by the sender, and nothing came of it: 1 pages."


def test_a_block_that_was_lost_is_not_taken_for_one_that_was_confirmed_before() -> None:
    """After EOM some senders count their pages anew; and a page may come again whose MCF was lost."""
    first = "< block 0\n< PPS-EOM-0/0/1\n> MCF\n< silence\n"
    played = receive(
        f"{ANSWERED}{first}{ANSWERED}< block none\n< PPS-EOP-0/0/1\n> PPR\n< block 0\n< PPS-EOP-0/0/1\n> MCF\n< DCN"
    )
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.RECEIVED, 2)
