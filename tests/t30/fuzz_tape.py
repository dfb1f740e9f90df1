"""Fuzz target for both engines: python tests/t30/fuzz_tape.py -max_total_time=600 CORPUS SEEDS. `make fuzz` runs it.

An input is a whole call (`tape`): whatever line and disk answer, the engine ends in bounded steps, without an exception, and claims
nothing that it did not hear. New inputs are kept in the first folder. With `--seeds FOLDER` it only writes the seeds: each `.call`
script as a tape.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

MOST_STEPS = 4000
CALLS = Path(__file__).parent / "calls"


def write_seeds(folder: Path) -> None:
    from tape import write_tape

    from mailfax.t30.replay import parse

    folder.mkdir(parents=True, exist_ok=True)
    for script in sorted(CALLS.glob("*.call")):
        (folder / script.stem).write_bytes(write_tape(parse(script.read_text().splitlines())))


def fuzz() -> None:
    import atheris

    with atheris.instrument_imports(include=["mailfax.t30"]):
        from tape_check import check

    atheris.Setup(sys.argv, lambda octets: check(octets, MOST_STEPS))
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--seeds":
        write_seeds(Path(sys.argv[2]))
    else:
        fuzz()
