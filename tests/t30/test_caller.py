"""The calling station, branch by branch of T.30 figure 5-2a. Each story names its clause."""

from collections.abc import Callable

import pytest
from joined import Keeper
from script import FULL_DIS, Played, play

from mailfax.model.call import EndOfPageSent, PageConfirmed, PageRefused, RemoteIdentified
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.capabilities import write_fif
from mailfax.t30.commands import FetchPage, KeeperCommand, Note
from mailfax.t30.modulation import Modulation
from mailfax.t30.negotiate import Offer

TRAINED = """
    < CSI DIS
    > DCS
    > TCF V.17 14400
    < CFR
"""
PAGE = "> page V.17 14400 short"


def send(story: str, *, pages: int = 1, keeper: Keeper | None = None, **job: object) -> Played:
    keeper = keeper or Keeper(pages=tuple(b"page" for _ in range(pages)))
    fifs = job.pop("fifs", None)
    return play(call(CallerJob(pages=pages, **job)), keeper, story, fifs=fifs)  # type: ignore[arg-type]


def test_one_page() -> None:
    """5.2, and promises 2 and 3: EndOfPageSent is on disk before EOP, PageConfirmed as it is heard."""
    played = send(f"{TRAINED}\n{PAGE}\n> EOP\n< MCF\n> DCN")
    result = played.result
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (Outcome.DELIVERED, 1, None)
    assert (result.station_id, result.modulation, result.bit_rate) == ("5551234", "V.17", 14400)
    assert result.seconds > 0
    order = played.log
    assert order.index("FetchPage") < order.index(PAGE) < order.index("EndOfPageSent") < order.index("> EOP")
    assert order.index("< MCF") + 1 == order.index("PageConfirmed") == order.index("> DCN") - 1


def test_several_pages_keep_their_parameters_after_mcf() -> None:
    """5.3.6.1.6: MPS and MCF lead back to phase C without training."""
    played = send(f"{TRAINED}\n{PAGE}\n> MPS\n< MCF\n{PAGE}\n> MPS\n< MCF\n{PAGE}\n> EOP\n< MCF\n> DCN", pages=3)
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.DELIVERED, 3)


def test_a_call_that_begins_at_a_later_page() -> None:
    keeper = Keeper(pages=(b"1", b"2", b"3"))
    played = send(f"{TRAINED}\n{PAGE}\n> EOP\n< MCF\n> DCN", pages=3, done=frozenset({1, 2}), keeper=keeper)
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.DELIVERED, 1)
    assert PageConfirmed(page=3, answer="MCF") in keeper.events
    with pytest.raises(ValueError, match="none is left"):
        CallerJob(pages=3, done=frozenset({1, 2, 3}))


def test_who_we_are_is_said_in_tsi() -> None:
    """5.3.6.1.3: TSI before DCS in the same burst."""
    send(f"{TRAINED.replace('> DCS', '> TSI DCS')}\n{PAGE}\n> EOP\n< MCF\n> DCN", station_id="+1 555")


# -- phase B ------------------------------------------------------------------------------------------------------------


def test_nobody_there_in_t1() -> None:
    """5.4.3.1: T1."""
    result = send("< silence").result
    assert result.outcome is Outcome.NO_FAX
    assert result.seconds == 40


def test_noise_and_unknown_frames_do_not_end_t1() -> None:
    """5.4.1: what is not understood is ignored; NSF and CSI alone are no DIS."""
    story = "< damaged\n< NSF\n< CSI\n" * 3 + f"{TRAINED}\n{PAGE}\n> EOP\n< MCF\n> DCN"
    assert send(story).result.outcome is Outcome.DELIVERED


def test_a_person_hangs_up() -> None:
    assert send("< gone").result.outcome is Outcome.NO_FAX


def test_frames_but_never_a_dis() -> None:
    assert send("< CSI\n< silence\n> DCN").result.outcome is Outcome.NO_RESPONSE


def test_a_machine_that_cannot_receive() -> None:
    """Table 2, bit 10."""
    result = send("< DIS\n> DCN", fifs={"DIS": bytes([0, 0b00110110, 0])}).result
    assert result.outcome is Outcome.REMOTE_CANNOT_RECEIVE
    assert "not ready to receive" in result.detail


def test_a_standard_only_machine_gets_standard_pages_with_its_scan_line_time() -> None:
    """Table 2, bits 11-14, 15 and 21-23."""
    keeper = Keeper(pages=(b"1",))
    story = "< DIS\n> DCS\n> TCF V.27ter 4800\n< CFR\n> page V.27ter 4800\n> EOP\n< MCF\n> DCN"
    send(story, keeper=keeper, fifs={"DIS": write_fif({10, 12, 22})})
    (form,) = keeper.forms
    assert (form.resolution, form.min_scan_line_ms) == (Resolution.STANDARD, 10)


def test_training_falls_back_to_the_last_rate_and_then_gives_up() -> None:
    """5.3.6.1.4: FTT. The page is never sent untrained."""
    ladder = ["V.17 14400", "V.17 12000", "V.29 9600", "V.29 7200", "V.27ter 4800", "V.27ter 2400"]
    story = "< DIS\n" + "".join(f"> DCS\n> TCF {rung}\n< FTT\n" for rung in ladder) + "> DCN"
    keeper = Keeper(pages=(b"1",))
    result = send(story, keeper=keeper).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.TRAINING_FAILED, 0)
    assert [type(event).__name__ for event in keeper.events].count("TrainingFailed") == len(ladder)


def test_dcs_is_sent_three_times() -> None:
    """5.4.2: three tries at T4."""
    result = send("< DIS" + "\n> DCS\n> TCF V.17 14400\n< silence" * 3 + "\n> DCN").result
    assert result.outcome is Outcome.NO_RESPONSE


def test_dis_again_means_that_our_dcs_was_lost() -> None:
    """Figure 5-2a: each DIS gets one DCS, and after three it is in vain."""
    heard = send(f"< DIS\n> DCS\n> TCF V.17 14400\n{TRAINED}\n{PAGE}\n> EOP\n< MCF\n> DCN")
    assert heard.result.outcome is Outcome.DELIVERED
    vain = send("< DIS" + "\n> DCS\n> TCF V.17 14400\n< DIS" * 3 + "\n> DCN").result
    assert vain.outcome is Outcome.NO_RESPONSE
    assert "the answer was DIS" in vain.detail


def test_a_dis_that_changes_within_a_call_never_raises_the_rate() -> None:
    story = """
        < DIS
        > DCS
        > TCF V.17 14400
        < FTT
        > DCS
        > TCF V.17 12000
        < DTC DIS
        > DCS
        > TCF V.17 12000
        < DCN
    """
    assert send(story).result.outcome is Outcome.CALL_DROPPED


def test_command_repeat_is_answered_by_repeating() -> None:
    """5.3.6.1.8: CRP, for DCS with its training and for EOP."""
    story = f"< DIS\n> DCS\n> TCF V.17 14400\n< CRP\n> DCS\n> TCF V.17 14400\n< CFR\n{PAGE}\n> EOP\n< CRP\n> EOP\n< MCF\n> DCN"
    assert send(story).result.outcome is Outcome.DELIVERED


def test_command_repeat_without_end() -> None:
    result = send(f"{TRAINED}\n{PAGE}" + "\n> EOP\n< CRP" * 3 + "\n> DCN").result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.UNCERTAIN, 1)


def test_our_own_echo_is_no_answer() -> None:
    """A long line gives our own commands back; they are not what the far end may say here."""
    story = f"< DIS\n> DCS\n> TCF V.17 14400\n< DCS\n< CFR\n{PAGE}\n> EOP\n< EOP\n< MCF\n> DCN"
    assert send(story).result.outcome is Outcome.DELIVERED


# -- phase D ------------------------------------------------------------------------------------------------------------


def test_last_page_unanswered_is_uncertain() -> None:
    """5.4.2 and promise 2: EOP three times, DCN; it may have arrived."""
    keeper = Keeper(pages=(b"1", b"2"))
    story = f"{TRAINED}\n{PAGE}\n> MPS\n< MCF\n{PAGE}" + "\n> EOP\n< silence" * 3 + "\n> DCN"
    result = send(story, pages=2, keeper=keeper).result
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (Outcome.UNCERTAIN, 1, 2)
    assert keeper.events[-1] == EndOfPageSent(page=2, command="EOP", last=True)  # once, however often it was sent


def test_earlier_page_unanswered() -> None:
    result = send(f"{TRAINED}\n{PAGE}" + "\n> MPS\n< silence" * 3 + "\n> DCN", pages=2).result
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (Outcome.NO_RESPONSE, 0, 1)


@pytest.mark.parametrize(
    ("end", "pages", "outcome", "unconfirmed"),
    [
        ("> EOP\n< DCN", 1, Outcome.UNCERTAIN, 1),
        ("> EOP\n< gone", 1, Outcome.UNCERTAIN, 1),
        ("! EOP", 1, Outcome.UNCERTAIN, 1),
        ("> EOP\n< stopped", 1, Outcome.UNCERTAIN, 1),
        ("> MPS\n< DCN", 2, Outcome.CALL_DROPPED, 1),
        ("> MPS\n< gone", 2, Outcome.CALL_DROPPED, 1),
        ("> MPS\n< stopped", 2, Outcome.LINE_FAULT, 1),
    ],
)
def test_the_call_ends_after_an_unanswered_command(end: str, pages: int, outcome: Outcome, unconfirmed: int) -> None:
    """Promise 3: neither DCN nor silence is a confirmation."""
    result = send(f"{TRAINED}\n{PAGE}\n{end}", pages=pages).result
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (outcome, 0, unconfirmed)


def test_the_call_is_cut_within_a_page() -> None:
    result = send(f"{TRAINED}\n!{PAGE[1:]}").result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.CALL_DROPPED, None)


def test_the_last_confirmation_was_heard_then_the_line_is_cut() -> None:
    result = send(f"{TRAINED}\n{PAGE}\n> EOP\n< MCF\n! DCN").result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.DELIVERED, None)


def test_rtp_confirms_and_retrains() -> None:
    """5.3.6.1.7: RTP; long training again before the next page, and nothing more after the last."""
    middle = "> DCS\n> TCF V.17 14400\n< CFR"
    played = send(f"{TRAINED}\n{PAGE}\n> MPS\n< RTP\n{middle}\n{PAGE}\n> EOP\n< RTP\n> DCN", pages=2)
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.DELIVERED, 2)


def test_pip_confirms_and_goes_back_to_phase_b() -> None:
    """5.3.6.1.7: PIP without an operator."""
    played = send(f"{TRAINED}\n{PAGE}\n> MPS\n< PIP\n{TRAINED}\n{PAGE}\n> EOP\n< PIP\n> DCN", pages=2)
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.DELIVERED, 2)


def test_eom_between_documents() -> None:
    """5.3.6.1.6: EOM returns to the beginning of phase B, where the far end sends DIS again."""
    story = f"{TRAINED}\n{PAGE}\n> EOM\n< MCF\n< damaged\n{TRAINED}\n{PAGE}\n> EOP\n< MCF\n> DCN"
    keeper = Keeper(pages=(b"1", b"2"))
    played = send(story, following=(CallerJob(pages=1),), keeper=keeper)
    assert played.result.outcome is Outcome.DELIVERED
    assert [type(event) for event in keeper.events].count(RemoteIdentified) == 1  # the same DIS says nothing new


def test_no_dis_after_eom() -> None:
    result = send(f"{TRAINED}\n{PAGE}\n> EOM\n< MCF\n< silence\n> DCN", following=(CallerJob(pages=1),)).result
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (Outcome.NO_RESPONSE, 1, None)
    assert [each.outcome for each in result.of_each(2)] == [Outcome.DELIVERED, Outcome.NOT_REACHED]


RETRY_12000 = "> DCS\n> TCF V.17 12000\n< CFR\n> page V.17 12000 short"
RETRY_9600 = "> DCS\n> TCF V.29 9600\n< CFR\n> page V.29 9600"


def test_rtn_sends_the_page_again_one_rate_lower() -> None:
    """5.3.6.1.7: RTN; retrain, then the page once more."""
    keeper = Keeper(pages=(b"1",))
    played = send(f"{TRAINED}\n{PAGE}\n> EOP\n< RTN\n{RETRY_12000}\n> EOP\n< MCF\n> DCN", keeper=keeper)
    assert (played.result.outcome, played.result.confirmed_pages) == (Outcome.DELIVERED, 1)
    assert keeper.events.count(PageRefused(page=1, answer="RTN")) == 1
    assert keeper.events.count(EndOfPageSent(page=1, command="EOP", last=True)) == 2


def test_rtn_is_not_obeyed_for_ever() -> None:
    """Two resends, then the page is refused, and so is the job."""
    story = f"{TRAINED}\n{PAGE}\n> MPS\n< RTN\n{RETRY_12000}\n> MPS\n< RTN\n{RETRY_9600}\n> MPS\n< RTN\n> DCN"
    result = send(story, pages=2).result
    assert (result.outcome, result.confirmed_pages, result.unconfirmed_page) == (Outcome.PAGE_REFUSED, 0, None)


def test_a_page_that_was_refused_and_came_again_is_named() -> None:
    result = send(
        f"{TRAINED}\n{PAGE}\n> MPS\n< RTN\n{RETRY_12000}\n> MPS\n< MCF\n> page V.17 12000 short\n> EOP\n< MCF\n> DCN",
        pages=2,
    ).result
    assert (result.outcome, result.confirmed) == (Outcome.DELIVERED, {1, 2})
    assert result.detail == "Refused at first, sent again and confirmed: page 1."


def test_rtn_and_on_by_policy() -> None:
    """Some machines say RTN and have printed the page; the policy may go on, and the result says which page."""
    refused = f"{TRAINED}\n{PAGE}\n> MPS\n< RTN\n{RETRY_12000}\n> MPS\n< RTN\n{RETRY_9600}\n> MPS\n< RTN"
    story = f"{refused}\n{RETRY_9600}\n> EOP\n< MCF\n> DCN"
    result = send(story, pages=2, after_rtn=AfterRtn.RETRANSMIT_THEN_GO_ON).result
    assert (result.outcome, result.confirmed, result.passed_over) == (Outcome.PASSED_OVER, {2}, {1})
    assert "page 1" in result.detail


def test_rtn_and_on_at_once_or_the_end_at_once() -> None:
    """As HylaFAX's Ignore and Giveup: machines differ in what RTN means to them."""
    refused = f"{TRAINED}\n{PAGE}\n> MPS\n< RTN\n"
    went_on = send(
        f"{refused}> DCS\n> TCF V.17 14400\n< CFR\n{PAGE}\n> EOP\n< MCF\n> DCN", pages=2, after_rtn=AfterRtn.GO_ON
    )
    assert (went_on.result.outcome, went_on.result.confirmed) == (Outcome.PASSED_OVER, {2})
    ended = send(f"{refused}> DCN", pages=2, after_rtn=AfterRtn.GIVE_UP)
    assert (ended.result.outcome, ended.result.passed_over) == (Outcome.PAGE_REFUSED, frozenset())


def test_the_next_call_sends_exactly_the_pages_that_were_not_confirmed() -> None:
    keeper = Keeper(pages=tuple(b"page %d" % page for page in range(1, 6)))
    asked = []
    keeper.fails = lambda command: bool(isinstance(command, FetchPage) and asked.append(command.index))
    played = send(
        f"{TRAINED}\n{PAGE}\n> MPS\n< MCF\n{PAGE}\n> EOP\n< MCF\n> DCN",
        pages=5,
        done=frozenset({1, 3, 5}),
        keeper=keeper,
    )
    assert asked == [1, 3]
    assert (played.result.outcome, played.result.confirmed) == (Outcome.DELIVERED, {2, 4})


def test_the_last_page_that_a_call_sends_may_stand_in_the_middle() -> None:
    """Promise 2: page 2 of 3 is the only one outstanding, and its answer is not heard."""
    silence = "> EOP\n< silence\n" * 3
    result = send(f"{TRAINED}\n{PAGE}\n{silence}> DCN", pages=3, done=frozenset({1, 3})).result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.UNCERTAIN, 2)


def test_a_refused_last_page_is_passed_over_and_the_call_ends() -> None:
    story = f"{TRAINED}\n{PAGE}\n> EOP\n< RTN\n{RETRY_12000}\n> EOP\n< RTN\n{RETRY_9600}\n> EOP\n< RTN\n> DCN"
    passed = send(story, after_rtn=AfterRtn.RETRANSMIT_THEN_GO_ON).result
    assert (passed.outcome, passed.confirmed, passed.passed_over) == (Outcome.PASSED_OVER, frozenset(), {1})
    assert send(story).result.outcome is Outcome.PAGE_REFUSED


def test_pin_is_a_refusal() -> None:
    """5.3.6.1.7: PIN; there is no operator here."""
    result = send(f"{TRAINED}\n{PAGE}\n> EOP\n< PIN\n> DCN").result
    assert (result.outcome, result.unconfirmed_page) == (Outcome.PAGE_REFUSED, None)


# -- limits and disk ----------------------------------------------------------------------------------------------------


def test_the_call_has_a_time_limit() -> None:
    result = send(f"{TRAINED}\n> DCN", call_limit_s=5.0).result
    assert result.outcome is Outcome.CALL_TOO_LONG


@pytest.mark.parametrize(
    ("fails", "story", "outcome", "unconfirmed"),
    [
        ("FetchPage", "> DCN", Outcome.STORE_FAULT, None),
        (EndOfPageSent, f"{PAGE}\n> DCN", Outcome.STORE_FAULT, None),
        (PageConfirmed, f"{PAGE}\n> EOP\n< MCF\n> DCN", Outcome.UNCERTAIN, 1),
    ],
)
def test_a_disk_that_says_no(fails: str | type, story: str, outcome: Outcome, unconfirmed: int | None) -> None:
    """Promise 2: no EOP without its note; and a confirmation that could not be written is not claimed."""

    def failing(command: KeeperCommand) -> bool:
        if isinstance(command, Note):
            return type(command.event) is fails
        return type(command).__name__ == fails

    check: Callable[[KeeperCommand], bool] = failing
    result = send(f"{TRAINED}\n{story}", keeper=Keeper(pages=(b"1",), fails=check)).result
    assert (result.outcome, result.unconfirmed_page, result.confirmed_pages) == (outcome, unconfirmed, 0)
    assert result.detail == "disk full"


def test_a_configured_maximum_rate_is_kept() -> None:
    story = "< DIS\n> DCS\n> TCF V.29 9600\n< CFR\n> page V.29 9600\n> EOP\n< MCF\n> DCN"
    assert send(story, offer=Offer(best_modulation=Modulation.V29_9600)).result.outcome is Outcome.DELIVERED
    assert FULL_DIS.modulations > Offer(best_modulation=Modulation.V29_9600).modulations
