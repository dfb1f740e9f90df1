"""Both engines on lines that lose what they like: what the caller says of each page is held against what the answerer has on disk.

Pages that MPS ends without error correction last longer than the time in which a repeated MPS is taken for one (`docs/t30.md`, Decisions).
"""

from dataclasses import replace
from random import Random

import pytest
from joined import Damage, Keeper, Party, Signal, join

from mailfax.model.call import CallResult
from mailfax.model.outcome import Outcome
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.commands import (
    FetchPage,
    KeeperCommand,
    KeeperResult,
    PageData,
    PageStored,
    SendBlock,
    SendPage,
    SendTraining,
)
from mailfax.t30.negotiate import FULL_OFFER, Offer

RTC = bytes.fromhex("001001001001001001")
OCTETS = {True: (300, 9_000, 70_000), False: (20_000, 30_000, 90_000)}  # with error correction; without
CALLS = 150


def body(document: int, page: int, octets: int) -> bytes:
    mark = f"<document {document} page {page}>".encode()
    return (mark * (octets // len(mark) + 1))[:octets]


class Shelf(Keeper):
    """Gives the pages of several documents, each with its own words."""

    def __init__(self, sizes: list[list[int]]) -> None:
        super().__init__(judge=lambda octets: PageStored(rows=1 + len(octets) // 10, bad_rows=0, longest_bad_run=0))
        self.sizes = sizes

    def perform(self, command: KeeperCommand) -> KeeperResult:
        if isinstance(command, FetchPage):
            octets = self.sizes[command.document][command.index]
            return PageData(octets=body(command.document, command.index + 1, octets) + RTC)
        return super().perform(command)


def line_of(dice: Random) -> Damage:
    """Lose signals and frames, spoil trainings, cut pages; perhaps go dead for good."""
    lost, frames_lost = dice.choice([0.02, 0.1, 0.25, 0.4]), dice.choice([0, 0.1, 0.3, 0.6])
    dead_after = dice.randint(5, 60) if dice.random() < 0.2 else 10_000
    passed = 0

    def damage(_sender: str, signal: Signal) -> Signal | None:
        nonlocal passed
        passed += 1
        if passed > dead_after or dice.random() < lost:
            return None
        match signal:
            case SendBlock(frames=frames):
                return replace(signal, frames=tuple(frame for frame in frames if dice.random() >= frames_lost))
            case SendTraining() if dice.random() < lost / 2:
                return replace(signal, seconds=0.5)
            case SendPage(octets=octets) if dice.random() < lost / 2:
                return replace(signal, octets=octets[: dice.randrange(len(octets) - 20)])
            case _:
                return signal

    return damage


def judge(document: int, job: CallerJob, result: CallResult, had: list[int]) -> None:
    """`had` is how often each page, from the first on, is on the far end's disk as a whole."""
    assert all(had[page - 1] for page in result.confirmed), f"claimed, but never there: {result}"
    twice, refused = "may have arrived twice" in result.detail, "efused" in result.detail
    left = set(job.todo) - result.confirmed - result.passed_over
    for page, times in enumerate(had, start=1):
        told = twice or (refused and page < job.pages)  # the third try of an MPS may be refused, of EOM and EOP never
        assert times <= 1 or told or page in left, f"page {page} of document {document} twice in silence: {result}"
    if len(left) == 1 and had[min(left) - 1]:
        assert result.outcome is Outcome.UNCERTAIN, f"would be sent again in silence: {result}"


@pytest.mark.parametrize("ecm", [True, False], ids=["with ECM", "without ECM"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_said_of_each_page_is_so(seed: int, ecm: bool) -> None:
    ends: set[Outcome] = set()
    for number in range(CALLS):
        dice = Random(seed * CALLS + number)
        sizes = [
            [dice.choice(OCTETS[ecm]) for _ in range(dice.randint(1, 3))] for _ in range(dice.choice([1, 1, 2, 3]))
        ]
        for pages in sizes:
            pages[-1] = dice.choice([300, 4_000, 20_000])
        offer, policy = FULL_OFFER if ecm else Offer(), dice.choice(list(AfterRtn))
        jobs = [CallerJob(pages=len(pages), offer=offer, after_rtn=policy) for pages in sizes]
        caller = Party(call(replace(jobs[0], following=tuple(jobs[1:]))), Shelf(sizes))
        answerer = Party(answer(AnswererStation(offer=offer)), Shelf([]))
        sent, _ = join(caller, answerer, line_of(dice))
        ends |= {result.outcome for result in sent.of_each(len(jobs))}
        for document, (job, result) in enumerate(zip(jobs, sent.of_each(len(jobs)), strict=True)):
            whole = [body(document, page, octets) for page, octets in enumerate(sizes[document], start=1)]
            had = [sum(stored.startswith(page) for stored in answerer.keeper.stored) for page in whole]
            judge(document, job, result, had)
    assert ends >= {Outcome.DELIVERED, Outcome.UNCERTAIN, Outcome.NO_RESPONSE, Outcome.NOT_REACHED}
