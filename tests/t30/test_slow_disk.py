"""No answer goes out late: a page that took over 2 s to store is confirmed when its command is repeated, and stored once."""

import dataclasses
import threading
from collections.abc import Callable

import pytest
from joined import Keeper, Party, join, without
from script import play

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding, PageFormat, Resolution
from mailfax.modem.patience import PatientKeeper
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import (
    BlockStored,
    KeeperCommand,
    KeeperFailed,
    KeeperResult,
    NotYet,
    PageStored,
    StoreBlock,
    StorePage,
)
from mailfax.t30.negotiate import FULL_OFFER, Offer

PAGES = (b"1" * 20_000 + bytes.fromhex("001001001001001001"), b"2" * 3_000 + bytes.fromhex("001001001001001001"))


class SlowKeeper(Keeper):
    """Takes its time for the first page."""

    def __init__(self, took_s: float) -> None:
        super().__init__()
        self.took_s = took_s

    def perform(self, command: KeeperCommand) -> KeeperResult:
        result = super().perform(command)
        if isinstance(result, PageStored | BlockStored):
            result, self.took_s = dataclasses.replace(result, took_s=self.took_s), 0.0
        return result


@pytest.mark.parametrize("offer", [Offer(), FULL_OFFER], ids=["without ECM", "with ECM"])
@pytest.mark.parametrize(("took_s", "commands"), [(1.9, 1), (2.1, 2)])
def test_a_slow_store_costs_one_repetition(offer: Offer, took_s: float, commands: int) -> None:
    caller = Party(call(CallerJob(pages=2, offer=offer)), Keeper(pages=PAGES))
    answerer = Party(answer(AnswererStation(offer=offer)), SlowKeeper(took_s))
    sent, received = join(caller, answerer)
    assert (sent.outcome, received.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert len(answerer.keeper.stored) == 2
    assert sum("MPS" in name for name in caller.sent) == commands, caller.sent


def test_an_answer_that_never_went_out_counts_from_the_end_of_the_store() -> None:
    """Else the sender's third try would be taken for the end of a page that was not heard, and the page refused."""
    story = "> DIS\n< DCS\n< TCF good\n> CFR\n< page abc\n< EOP\n< damaged\n< damaged\n< damaged\n< damaged\n< damaged\n< EOP\n> MCF\n< DCN"
    result = play(answer(AnswererStation()), SlowKeeper(8.0), story).result
    assert (result.outcome, result.confirmed_pages) == (Outcome.RECEIVED, 1)


class BusyKeeper(Keeper):
    """Is not ready for the first page, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.asked: list[KeeperCommand] = []

    def perform(self, command: KeeperCommand) -> KeeperResult:
        if isinstance(command, StorePage | StoreBlock):
            self.asked.append(command)
            if len(self.asked) <= self.times:
                return NotYet()
        return super().perform(command)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("lost", [(), ("RNR",), ("RR",)])
def test_a_sender_with_error_correction_waits_for_the_disk(times: int, lost: tuple[str, ...]) -> None:
    """A.4.4 and A.5.4.1: RNR until the disk is ready, asked by RR; then the MCF, and the page is there once."""
    caller = Party(call(CallerJob(pages=2, offer=FULL_OFFER)), Keeper(pages=PAGES))
    answerer = Party(answer(AnswererStation(offer=FULL_OFFER)), BusyKeeper(times))
    damage = without(*lost, sender="answerer" if "RNR" in lost else "caller")
    sent, received = join(caller, answerer, damage)
    assert damage.left == []  # type: ignore[attr-defined]
    assert (sent.outcome, received.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert len(answerer.keeper.stored) == 2
    assert answerer.sent.count("RNR") == times
    assert "RR" in caller.sent or (times, lost) == (1, ("RNR",))
    asked = answerer.keeper.asked  # type: ignore[attr-defined]
    assert all(again is asked[0] for again in asked[:times]), "the store that is going on was begun anew"


def test_a_sender_without_it_repeats_its_command() -> None:
    caller = Party(call(CallerJob(pages=2)), Keeper(pages=PAGES))
    answerer = Party(answer(AnswererStation()), BusyKeeper(3))
    sent, received = join(caller, answerer)
    assert (sent.outcome, received.outcome) == (Outcome.DELIVERED, Outcome.RECEIVED)
    assert "RNR" not in answerer.sent
    assert len(answerer.keeper.stored) == 2


def test_a_disk_that_is_not_ready_within_t5_ends_the_call_and_confirms_nothing() -> None:
    caller = Party(call(CallerJob(pages=1, offer=FULL_OFFER)), Keeper(pages=PAGES))
    answerer = Party(answer(AnswererStation(offer=FULL_OFFER)), BusyKeeper(10_000))
    answerer.keeper.perform = _never_ready(answerer.keeper)  # type: ignore[method-assign]
    sent, received = join(caller, answerer)
    assert received.outcome is Outcome.STORE_FAULT
    assert sent.outcome is not Outcome.DELIVERED
    assert received.confirmed_pages == sent.confirmed_pages == 0
    assert 60 < received.seconds < 90


def _never_ready(keeper: Keeper) -> Callable[[KeeperCommand], KeeperResult]:
    """Be busy for T5 and longer; what is stored when the call is over is stored."""
    busy = keeper.perform

    def perform(command: KeeperCommand) -> KeeperResult:
        over = sum(isinstance(asked, StorePage) for asked in keeper.asked) > 60  # type: ignore[attr-defined]
        return Keeper.perform(keeper, command) if over else busy(command)

    return perform


def test_a_disk_that_hangs_ends_a_call_without_error_correction_too() -> None:
    """The line is dropped although nobody but the disk is waited for."""
    caller = Party(call(CallerJob(pages=1)), Keeper(pages=PAGES))
    answerer = Party(answer(AnswererStation()), BusyKeeper(10_000))
    sent, received = join(caller, answerer)
    assert received.outcome is Outcome.STORE_FAULT
    assert received.confirmed_pages == sent.confirmed_pages == 0


def test_the_disk_works_on_while_the_sender_is_told_to_wait() -> None:
    """The keeper of a live call: a store that hangs is answered with NotYet, the next asking gets its result."""
    begun, ready = threading.Event(), threading.Event()

    class Hanging(Keeper):
        def perform(self, command: KeeperCommand) -> KeeperResult:
            if isinstance(command, StorePage):
                begun.set()
                assert ready.wait(10)
            return super().perform(command)

    keeper, form = Hanging(), PageFormat(coding=Coding.MMR, resolution=Resolution.FINE, width_px=1728)
    store = StorePage(index=0, form=form, octets=b"page")
    with PatientKeeper(keeper, patience_s=0.01, hangs_s=0.01) as patient:
        assert patient.perform(store) == NotYet()
        assert patient.perform(store) == NotYet()
        assert begun.is_set()
        ready.set()
        while (stored := patient.perform(store)) == NotYet():
            pass
        assert isinstance(stored, PageStored)
        assert keeper.stored == [b"page"]
        ready.clear()
        assert patient.perform(dataclasses.replace(store, index=1)) == NotYet()
        assert isinstance(patient.perform(store), KeeperFailed), "another request was to wait for ever"
        threading.Timer(0.05, ready.set).start()
    assert keeper.stored == [b"page", b"page"], "the end of the call did not wait for the disk"
