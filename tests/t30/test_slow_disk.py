"""No answer goes out late: a page that took over 2 s to store is confirmed when its command is repeated, and stored once."""

import dataclasses

import pytest
from joined import Keeper, Party, join

from mailfax.model.outcome import Outcome
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import BlockStored, KeeperCommand, KeeperResult, PageStored
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
