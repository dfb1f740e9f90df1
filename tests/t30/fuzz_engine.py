"""Throws mutated frames and results at both engines until a million frames were heard: `make fuzz`, or this file with a number.

    .venv/bin/python tests/t30/fuzz_engine.py [FRAMES] [SEED]

Every call must end in a CallResult within a bounded number of steps and without an exception; the seed of one that does not is
printed. `run` is what the everyday test calls with a small number.
"""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from test_engine_fuzz import FarEnd, _run

from mailfax.model.call import CallResult
from mailfax.t30.addressing import Addressing
from mailfax.t30.answerer import AnswererStation, Offered, PollRequest, answer
from mailfax.t30.caller import AfterRtn, CallerJob, call
from mailfax.t30.commands import BlockHeard, Command, Engine, FramesHeard, Result
from mailfax.t30.negotiate import FULL_OFFER, Offer

OFFERS = (Offer(), FULL_OFFER)


@dataclass
class Mutator:
    """A far end whose frames are bent on the way: bits turned, octets cut, doubled or moved."""

    far_end: FarEnd
    random: Random
    heard: int = 0
    kinds: set[str] = field(default_factory=set)

    def reply(self, command: Command) -> Result:
        result = self.far_end.reply(command)
        self.kinds.add(type(result).__name__)
        if isinstance(result, FramesHeard | BlockHeard):
            self.heard += len(result.frames)
            frames = tuple(self._bend(frame) for frame in result.frames)
            if isinstance(result, FramesHeard):
                return FramesHeard(frames=frames, damaged=result.damaged, at_s=result.at_s)
            return BlockHeard(frames=frames, damaged=result.damaged, at_s=result.at_s)
        return result

    def _bend(self, frame: bytes) -> bytes:
        dice = self.random
        if dice.random() < 0.6:
            return frame
        bent = bytearray(frame)
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(bent) + 1)
            match dice.randrange(4):
                case 0 if at < len(bent):
                    bent[at] ^= 1 << dice.randrange(8)
                case 1:
                    del bent[at : at + dice.randint(1, 8)]
                case 2:
                    bent[at:at] = dice.randbytes(dice.randint(1, 8))
                case _:
                    bent = bent[at:] + bent[:at]
        return bytes(bent)


POLLING: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"poll": PollRequest(selector="77", password="x")},
    {"poll": PollRequest()},
    {"offered": (Offered(label="P1", pages=2), Offered(label="P2", pages=1, selector="77"))},
)


def one_call(seed: int) -> tuple[int, set[str]]:
    """Make one call; returns how many frames were thrown, and what kinds of results."""
    dice = Random(seed)
    wildness = dice.choice([0.0, 0.02, 0.1, 0.3])
    mutator = Mutator(FarEnd(random=dice, wildness=wildness, clock_runs=dice.random() < 0.8), dice)
    result, _ = _run(_engine(dice), mutator.reply)
    assert isinstance(result, CallResult)
    return mutator.heard, mutator.kinds


def _engine(dice: Random) -> Engine:
    offer = dice.choice(OFFERS)
    if dice.random() < 0.5:
        polling = dice.choice(POLLING)
        return answer(AnswererStation(station_id="5551234", max_pages=3, offer=offer, **polling))
    following = (CallerJob(pages=1, offer=offer),) * dice.choice((0, 0, 2))
    addressing = Addressing(subaddress=dice.choice(("", "1387")))
    rtn = dice.choice(list(AfterRtn))
    job = CallerJob(
        pages=3, station_id="+1 555", offer=offer, after_rtn=rtn, addressing=addressing, following=following
    )
    return call(job)


def run(frames: int, seed: int = 0) -> tuple[int, set[str]]:
    """Make calls until so many frames were thrown; returns how many calls, and every kind of result that was met."""
    thrown, calls, kinds = 0, 0, set[str]()
    while thrown < frames:
        try:
            heard, met = one_call(seed + calls)
        except BaseException:
            print(f"seed {seed + calls}", file=sys.stderr)
            raise
        thrown += heard
        kinds |= met
        calls += 1
    return calls, kinds


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    began_s = time.monotonic()
    made, _ = run(wanted, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"{wanted} frames in {made} calls, each ended; {time.monotonic() - began_s:.0f} s")
