"""Calls as octets, bent: what the fuzz target does for minutes (`make fuzz`), here a little of it, and that its seeds are calls."""

from pathlib import Path
from random import Random

import pytest
from fuzz_tape import CALLS, MOST_STEPS, write_seeds
from tape import run_tape, write_tape
from tape_check import check

from mailfax.t30.replay import parse, replay

SCRIPTS = {script.stem: script for script in sorted(CALLS.glob("*.call"))}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_as_a_tape_is_a_call_that_gets_as_far(name: str) -> None:
    """The station is one of a few, so the end may differ; but as many things happen in it as in half of the call or more."""
    rows = parse(SCRIPTS[name].read_text().splitlines())
    tape = write_tape(rows)
    _, _, happened = run_tape(tape, MOST_STEPS)
    assert len(happened) >= len(replay(rows).events) // 2
    check(tape, MOST_STEPS)


def test_bent_tapes_end_too_and_claim_nothing(tmp_path: Path) -> None:
    write_seeds(tmp_path)
    dice, outcomes = Random(4), set()
    seeds = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    for _ in range(2000):
        tape = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(tape))
            match dice.randrange(3):
                case 0:
                    tape[at] = dice.randrange(256)
                case 1:
                    del tape[at : at + dice.randint(1, 40)]
                    tape = tape or bytearray(2)
                case _:
                    other = dice.choice(seeds)
                    tape[at:at] = other[dice.randrange(len(other)) :][: dice.randint(1, 80)]
        check(bytes(tape), MOST_STEPS)
        outcomes.add(run_tape(bytes(tape), MOST_STEPS)[1].outcome)
    assert len(outcomes) > 8
