"""The called station, branch by branch of T.30 figure 5-2b. Each story names its clause."""

import pytest
from joined import Keeper
from script import Played, play

from mailfax.model.call import PageReceived, TrainingFailed
from mailfax.model.outcome import Outcome
from mailfax.t30.answerer import AnswererStation, PageQuality, answer
from mailfax.t30.capabilities import write_fif
from mailfax.t30.commands import KeeperCommand, Note, PageStored, StorePage
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer

TRAINED = """
    > DIS
    < TSI DCS
    < TCF good
    > CFR
"""
RETRAINED = """
    < DCS
    < TCF good
    > CFR
"""
BAD = PageStored(rows=1000, bad_rows=80, longest_bad_run=2)
HOLED = PageStored(rows=1000, bad_rows=6, longest_bad_run=6)
GOOD = PageStored(rows=1000, bad_rows=50, longest_bad_run=5)


def receive(
    story: str, *, keeper: Keeper | None = None, fifs: dict[str, bytes] | None = None, **station: object
) -> Played:
    return play(answer(AnswererStation(**station)), keeper or Keeper(), story, fifs=fifs)  # type: ignore[arg-type]


def judged(*verdicts: PageStored) -> Keeper:
    left = list(verdicts)
    return Keeper(judge=lambda _: left.pop(0))


def test_one_page() -> None:
    """5.2, and promise 1: on disk, then noted, then confirmed."""
    keeper = Keeper()
    played = receive(f"{TRAINED}\n< page abc\n< EOP\n> MCF\n< DCN", keeper=keeper)
    result = played.result
    assert (result.outcome, result.confirmed_pages, result.station_id) == (Outcome.RECEIVED, 1, "5559876")
    assert keeper.stored == [b"abc"]
    assert played.log[-5:] == ["< EOP", "StorePage", "PageReceived", "> MCF", "< DCN"]


def test_several_pages() -> None:
    keeper = Keeper()
    played = receive(
        f"{TRAINED}\n< page a\n< MPS\n> MCF\n< page b\n< MPS\n> MCF\n< page c\n< EOP\n> MCF\n< DCN", keeper=keeper
    )
    assert played.result.confirmed_pages == 3
    assert keeper.stored == [b"a", b"b", b"c"]


def test_who_we_are_is_said_in_csi() -> None:
    story = f"{TRAINED.replace('> DIS', '> CSI DIS')}\n< page abc\n< EOP\n> MCF\n< silence"
    assert receive(story, station_id="5551234").result.outcome is Outcome.RECEIVED


# -- phase B ------------------------------------------------------------------------------------------------------------


def test_dis_is_repeated_until_t1() -> None:
    """5.4.3.1: every T4, at most T1."""
    result = receive("> DIS\n< silence\n" * 9 + "> DCN").result
    assert result.outcome is Outcome.NO_FAX
    assert 40 <= result.seconds < 46


def test_damaged_dcs_is_waited_for_not_talked_over() -> None:
    """After a burst that was not understood its TCF may follow: T4 of silence before the next DIS."""
    assert receive(f"> DIS\n< damaged\n< silence\n{TRAINED}\n< gone").result.outcome is Outcome.CALL_DROPPED


def test_training_fails_then_a_lower_rate_passes() -> None:
    """5.3.6.1.4: FTT, and the transmitter comes again."""
    keeper = Keeper()
    story = f"> DIS\n< DCS\n< TCF bad\n> FTT\n< DCS\n< silence\n> FTT\n{RETRAINED}\n< page abc\n< EOP\n> MCF\n< DCN"
    assert receive(story, keeper=keeper).result.outcome is Outcome.RECEIVED
    assert keeper.events.count(TrainingFailed(modulation="V.17", bit_rate=14400)) == 2


def test_a_rate_that_we_do_not_have_is_refused_unheard() -> None:
    story = "> DIS\n< DCS\n> Pause\n> FTT\n< gone"
    assert receive(story, offer=Offer(best_modulation=Modulation.V29_9600)).result.outcome is Outcome.CALL_DROPPED
    obsolete = receive(story, fifs={"DCS": write_fif({10, 13})})  # V.33 14400
    assert obsolete.result.outcome is Outcome.CALL_DROPPED


def test_a_dcs_that_asks_for_what_was_not_offered() -> None:
    result = receive("> DIS\n< DCS\n> DCN", fifs={"DCS": write_fif({10, 14, 27})}).result
    assert result.outcome is Outcome.PROTOCOL_ERROR
    assert "error correction" in result.detail


def test_a_caller_that_says_dcn_at_once() -> None:
    assert receive("> DIS\n< DCN").result.outcome is Outcome.CALL_DROPPED


def test_our_own_echo_is_no_command() -> None:
    story = "> DIS\n< DIS\n< DCS\n< TCF good\n> CFR\n< page abc\n< MCF\n< EOP\n> MCF\n< DCN"
    assert receive(story).result.outcome is Outcome.RECEIVED


@pytest.mark.parametrize("signal", ["V.21", "silence"])
def test_cfr_was_lost(signal: str) -> None:
    """Figure 5-2b: DCS comes again in place of the page; WrongCarrier leads to the frames."""
    story = f"{TRAINED}\n< {signal}\n{RETRAINED}\n< page abc\n< EOP\n> MCF\n< DCN"
    assert receive(story).result.outcome is Outcome.RECEIVED


def test_dcs_again_in_place_of_the_tcf() -> None:
    assert receive(f"> DIS\n< DCS\n< V.21\n{RETRAINED}\n< page abc\n< EOP\n> MCF\n< DCN").result.confirmed_pages == 1


# -- phase D ------------------------------------------------------------------------------------------------------------


def test_mcf_was_lost_between_pages() -> None:
    """Figure 5-2b: the command comes again; MCF again, and the page is not added again."""
    keeper = Keeper()
    story = f"{TRAINED}\n< page a\n< MPS\n> MCF\n< V.21\n< MPS\n> MCF\n< page b\n< EOP\n> MCF\n< EOP\n> MCF\n< DCN"
    result = receive(story, keeper=keeper).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.RECEIVED, 2)
    assert keeper.stored == [b"a", b"b"]


@pytest.mark.parametrize("command", ["EOM", "EOP"])
def test_a_command_behind_which_no_page_can_come_is_never_taken_for_another(command: str) -> None:
    """The sender's third try, when its second was lost too: not refused, or the page would come twice."""
    keeper = Keeper()
    noise = "\n".join(["< damaged"] * 5)
    story = f"{TRAINED}\n< page a\n< {command}\n> MCF\n{noise}\n< {command}\n> MCF\n< DCN"
    assert receive(story, keeper=keeper).result.confirmed == {1}
    assert keeper.stored == [b"a"]


def test_a_page_that_was_never_heard_is_not_confirmed() -> None:
    """Promise 1. Another command than the one answered, or the same much later, is no repetition: a page was missed."""
    keeper = Keeper()
    story = f"{TRAINED}\n< page a\n< MPS\n> MCF\n< V.21\n< EOP\n> RTN\n{RETRAINED}\n< page b\n< EOP\n> MCF\n< DCN"
    assert receive(story, keeper=keeper).result.confirmed_pages == 2
    assert keeper.stored == [b"a", b"b"]
    late = f"{TRAINED}\n< page a\n< MPS\n> MCF\n< silence\n< MPS\n> RTN\n< DCN"
    assert receive(late).result.outcome is Outcome.PAGE_REFUSED
    empty = f"{TRAINED}\n< page empty\n< EOP\n> RTN\n< DCN"
    assert receive(empty).result.confirmed_pages == 0


@pytest.mark.parametrize(
    ("stored", "answers"),
    [(GOOD, "MCF"), (BAD, "RTN"), (HOLED, "RTN"), (PageStored(rows=0, bad_rows=0, longest_bad_run=0), "RTN")],
)
def test_what_is_good_enough(stored: PageStored, answers: str) -> None:
    """5.3.6.1.7: at least 95 % good rows and no more than five bad ones in a row. The page is kept in any case."""
    keeper = judged(stored)
    result = receive(f"{TRAINED}\n< page abc\n< EOP\n> {answers}\n< DCN", keeper=keeper).result
    confirmed = answers == "MCF"
    assert keeper.events[-1] == PageReceived(page=1, rows=stored.rows, bad_rows=stored.bad_rows, confirmed=confirmed)
    assert result.outcome is (Outcome.RECEIVED if confirmed else Outcome.PAGE_REFUSED)
    assert keeper.stored == [b"abc"]


def test_rtn_then_the_page_again() -> None:
    """Both copies are kept: the far end may as well have gone on to its next page."""
    keeper = judged(BAD, GOOD)
    story = f"{TRAINED}\n< page bad\n< EOP\n> RTN\n{RETRAINED}\n< page good\n< EOP\n> MCF\n< DCN"
    result = receive(story, keeper=keeper).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.RECEIVED, 1)
    assert keeper.stored == [b"bad", b"good"]


def test_rtp_by_setting() -> None:
    """5.3.6.1.7: RTP; received, and the training is repeated before the next page."""
    keeper = judged(GOOD, GOOD)
    story = f"{TRAINED}\n< page a\n< MPS\n> RTP\n{RETRAINED}\n< page b\n< EOP\n> RTP\n< DCN"
    result = receive(story, keeper=keeper, quality=PageQuality(retrain_share=0.99)).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.RECEIVED, 2)


def test_eom_goes_back_to_phase_b_after_t2() -> None:
    """5.3.6.1.6: EOM; the receiver lets T2 pass and sends DIS. A transmitter that goes straight to DCS is heard too."""
    after_t2 = f"{TRAINED}\n< page a\n< EOM\n> MCF\n< silence\n{TRAINED}\n< page b\n< EOP\n> MCF\n< DCN"
    at_once = f"{TRAINED}\n< page a\n< EOM\n> MCF\n{RETRAINED}\n< page b\n< EOP\n> MCF\n< DCN"
    assert receive(after_t2).result.confirmed_pages == 2
    assert receive(at_once).result.confirmed_pages == 2


def test_procedure_interrupts_are_taken_as_their_plain_form() -> None:
    """5.3.6.1.6: nobody is there to pick up the handset."""
    story = f"{TRAINED}\n< page a\n< PRI-MPS\n> MCF\n< page b\n< PRI-EOP\n> MCF\n< DCN"
    assert receive(story).result.outcome is Outcome.RECEIVED


def test_command_repeat_is_answered_by_repeating() -> None:
    """5.3.6.1.8: CRP instead of the page, and instead of DCN."""
    story = f"{TRAINED}\n< V.21\n< CRP\n> CFR\n< page abc\n< EOP\n> MCF\n< CRP\n> MCF\n< DCN"
    assert receive(story).result.confirmed_pages == 1


def test_command_repeat_without_end() -> None:
    story = f"{TRAINED}\n" + "< V.21\n< CRP\n> CFR\n" * 59 + "> DCN"
    assert receive(story, max_pages=1).result.outcome is Outcome.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        ("< silence\n> DCN", Outcome.NO_RESPONSE),
        ("< gone", Outcome.CALL_DROPPED),
        ("< DCN", Outcome.CALL_DROPPED),
        ("< stopped", Outcome.LINE_FAULT),
    ],
)
def test_a_partial_page_is_kept_unconfirmed(end: str, outcome: Outcome) -> None:
    """Carrier lost, then no command: what was heard is not thrown away, nor is it confirmed."""
    keeper = Keeper()
    result = receive(f"{TRAINED}\n< page a\n< MPS\n> MCF\n< page part lost\n{end}", keeper=keeper).result
    assert (result.outcome, result.confirmed_pages) == (outcome, 1)
    assert keeper.stored == [b"a", b"part"]
    assert keeper.events[-1] == PageReceived(page=2, rows=1000, bad_rows=0, confirmed=False)


def test_a_page_followed_by_dcs_is_kept_too() -> None:
    keeper = Keeper()
    receive(f"{TRAINED}\n< page part\n{RETRAINED}\n< page whole\n< EOP\n> MCF\n< DCN", keeper=keeper)
    assert keeper.stored == [b"part", b"whole"]


@pytest.mark.parametrize("end", ["< DCN", "< silence", "< gone"])
def test_all_was_confirmed_so_how_the_call_ends_does_not_matter(end: str) -> None:
    assert receive(f"{TRAINED}\n< page abc\n< EOP\n> MCF\n{end}").result.outcome is Outcome.RECEIVED


# -- limits and disk ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [StorePage, PageReceived])
def test_a_disk_that_says_no_means_no_mcf(fails: type) -> None:
    """Promise 1."""

    def failing(command: KeeperCommand) -> bool:
        return type(command.event if isinstance(command, Note) else command) is fails

    keeper = Keeper(fails=failing)
    result = receive(f"{TRAINED}\n< page abc\n< EOP\n> DCN", keeper=keeper).result
    assert (result.outcome, result.confirmed_pages, result.detail) == (Outcome.STORE_FAULT, 0, "disk full")


def test_a_partial_page_that_cannot_be_kept_is_said() -> None:
    keeper = Keeper(fails=lambda command: isinstance(command, StorePage))
    assert receive(f"{TRAINED}\n< page abc\n< gone", keeper=keeper).result.outcome is Outcome.STORE_FAULT


def test_limits() -> None:
    page = "< page a\n< MPS\n> MCF\n"
    too_many = receive(f"{TRAINED}\n{page}{page}> DCN", max_pages=2).result
    assert (too_many.outcome, too_many.confirmed_pages) == (Outcome.CALL_TOO_LONG, 2)
    too_long = receive(f"{TRAINED}\n{page}> DCN", call_limit_s=20).result
    assert too_long.outcome is Outcome.CALL_TOO_LONG


def test_a_page_without_rtc_is_refused_once_and_taken_when_it_comes_again_like_that() -> None:
    """Its end may have been lost; a few senders write none, and theirs are as long the second time. Then all are taken."""
    story = f"{TRAINED}\n< page abc cut\n< MPS\n> RTN\n{RETRAINED}\n< page abc cut\n< MPS\n> MCF\n< page b cut\n< EOP\n> MCF\n< DCN"
    result = receive(story).result
    assert (result.outcome, result.confirmed) == (Outcome.RECEIVED, {2, 3})


def test_a_page_whose_end_was_lost_is_whole_when_it_comes_again() -> None:
    rows = iter((700, 1000, 900))
    keeper = Keeper(judge=lambda _: PageStored(rows=next(rows), bad_rows=0, longest_bad_run=0))
    cut = f"< page abc cut\n< EOP\n> RTN\n{RETRAINED}\n"
    assert receive(f"{TRAINED}\n{cut}{cut}< page abc\n< EOP\n> MCF\n< DCN", keeper=keeper).result.confirmed == {3}


@pytest.mark.parametrize(
    ("missing", "bits", "answer"), [(3, 2000, "RTN"), (3, 500, "MCF"), (1, 2000, "MCF"), (19, 1440, "RTN")]
)
def test_a_gap_in_the_carrier_that_took_rows_is_no_page(missing: int, bits: int, answer: str) -> None:
    """At 14400: 2000 bits without a row are a carrier that was gone for 140 ms, whatever the percentage of good rows."""
    page = PageStored(rows=1000, bad_rows=1, longest_bad_run=1, missing_rows=missing, gap_bits=bits)
    receive(f"{TRAINED}\n< page abc\n< EOP\n> {answer}\n< DCN", keeper=Keeper(judge=lambda _: page))


def test_a_page_that_broke_off_is_refused_when_its_command_comes_late() -> None:
    """The carrier was lost to us while the sender went on: what came is good, and it is not the page."""
    keeper = Keeper()
    receive(f"{TRAINED}\n< page abc cut\n< damaged\n< damaged\n< EOP\n> RTN\n< DCN", keeper=keeper)
    assert keeper.stored == [b"abc"]
