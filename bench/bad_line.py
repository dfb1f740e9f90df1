"""How many calls get through on a bad line: ours as caller and as answerer beside libspandsp machine to machine.

    .venv/bin/python bench/bad_line.py                        # the whole grid, or what is still missing of it
    .venv/bin/python bench/bad_line.py --only 'noise' --minutes 5    # a slice of it; any number may run at once
    .venv/bin/python bench/bad_line.py --table                # the tables of docs/interop.md, from what was run

The levels are a regular grid, chosen before the first call. Each call is one page of a letter, standard resolution, at the best
rate that the stations find; its line is that of its seed, the same for all three columns. A call succeeded when its sender
heard a confirmation; it is damaged when the receiver has other pixels all the same. Nothing depends on the load of the machine:
the line's clock waits for our driver (`lab.lockstep`). Every call is a line in build/bad-line.jsonl, with the commit it was made of.
"""

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "interop"))

from lab.badline import BadLine, Damage
from lab.calls import WAYS, Call, they_call, we_answer, we_call
from lab.documents import write_letter

from mailfax.t4codec import warm

ROOT = Path(__file__).resolve().parents[1]
CALLS = ROOT / "build" / "bad-line.jsonl"
Z = 1.96  # 95 %

LEVELS: dict[str, Damage] = {
    **{f"noise with the signal, {snr} dB": Damage(snr_db=snr) for snr in (30, 28, 26, 24, 22, 20)},
    **{f"noise all the time, {snr} dB": Damage(snr_db=snr, steady=True) for snr in (40, 36, 32)},
    **{
        f"drop-outs of {ms} ms, {often} a minute": Damage(gap_s=ms / 1000, gaps_a_minute=often)
        for ms in (20, 100, 300)
        for often in (2, 4, 8)
    },
    **{
        f"echo {db} dB weaker, {ms} ms later": Damage(echo_db=db, echo_s=ms / 1000)
        for db in (10, 20, 30)
        for ms in (10, 50, 250)
    },
    **{f"attenuation {db} dB": Damage(loss_db=db) for db in (6, 12, 18, 24, 30)},
    **{f"dead after {s} to {s + 5} s": Damage(dead_after_s=s) for s in (5, 15, 20, 25)},
}
COLUMNS: dict[str, Callable[[Path, Path, str, BadLine], Call]] = {
    "we call": we_call,
    "we answer": we_answer,
    "libspandsp": they_call,
}


# -- what was run ----------------------------------------------------------------------------------------------------------


def load() -> dict[tuple[str, str, str], dict[int, Call]]:
    """Read every call that was made: by level, way and column, then by seed. The latest counts."""
    cells: dict[tuple[str, str, str], dict[int, Call]] = {}
    for line in CALLS.read_text().splitlines() if CALLS.exists() else []:
        row = json.loads(line)
        key = row["level"], row["way"], row["column"]
        cells.setdefault(key, {})[row["seed"]] = Call(row["delivered"], row["equal"], row["seconds"], row["told"])
    return cells


def run(levels: list[str], ways: list[str], columns: list[str], calls: int, until_s: float) -> None:
    CALLS.parent.mkdir(exist_ok=True)
    commit = subprocess.check_output(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True).strip()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = write_letter(folder / "letter.tif", 1, "standard")
        for level, way, column, seed in todo(levels, ways, columns, calls):
            if time.monotonic() > until_s:
                return
            if seed in load().get((level, way, column), {}):
                continue  # another run was here meanwhile
            (folder / "got.tif").unlink(missing_ok=True)
            made = COLUMNS[column](document, folder, way, BadLine(LEVELS[level], seed))
            cell = {"level": level, "way": way, "column": column, "seed": seed, "commit": commit}
            with CALLS.open("a") as file:
                file.write(json.dumps(cell | vars(made)) + "\n")


def todo(levels: list[str], ways: list[str], columns: list[str], calls: int) -> Iterator[tuple[str, str, str, int]]:
    cells = load()
    for level in levels:
        for way in ways:
            for column in columns:
                for seed in range(calls):
                    if seed not in cells.get((level, way, column), {}):
                        yield level, way, column, seed


def forget(levels: list[str], ways: list[str], columns: list[str]) -> None:
    """Drop cells that are to be run again, since the engine was mended."""
    lines = CALLS.read_text().splitlines() if CALLS.exists() else []
    kept = []
    for line in lines:
        row = json.loads(line)
        if not (row["level"] in levels and row["way"] in ways and row["column"] in columns):
            kept.append(line + "\n")
    CALLS.write_text("".join(kept))


# -- the tables ------------------------------------------------------------------------------------------------------------


def interval(good: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson)."""
    share = good / of
    middle = (share + Z * Z / 2 / of) / (1 + Z * Z / of)
    half = Z * math.sqrt(share * (1 - share) / of + Z * Z / 4 / of / of) / (1 + Z * Z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def shown(calls: list[Call]) -> str:
    good = [one for one in calls if one.delivered]
    damaged = sum(not one.equal for one in good)
    low, high = interval(len(good), len(calls))
    mean = f"{sum(one.seconds for one in good) / len(good):.1f}" if good else "-"
    return f"{len(good)}/{len(calls)} ({low:.0%}-{high:.0%}) | {damaged} | {mean}"


def print_tables() -> None:
    cells = load()
    for way in WAYS:
        print(f"\n### {way}\n")
        print("| line | we call | dam. | s | we answer | dam. | s | libspandsp | dam. | s |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for level in LEVELS:
            columns = [list(cells.get((level, way, column), {}).values()) for column in COLUMNS]
            if all(columns):
                print(f"| {level} | " + " | ".join(map(shown, columns)) + " |")
    for what, counts in (
        ("Confirmed", lambda one: one.delivered),
        ("Confirmed and whole", lambda one: one.delivered and one.equal),
    ):
        below = "; ".join(worse(cells, counts)) or "no cell"
        print(f"\n{what}, our share below the lower end of libspandsp's interval: {below}.")


def worse(cells: dict[tuple[str, str, str], dict[int, Call]], counts: Callable[[Call], bool]) -> Iterator[str]:
    """Name the cells in which fewer of our calls count than libspandsp's interval has at its lower end."""
    *ours, theirs = COLUMNS
    for level, way, column in ((level, way, column) for way in WAYS for level in LEVELS for column in ours):
        mine, other = cells.get((level, way, column)), cells.get((level, way, theirs))
        if mine and other:
            least, _ = interval(sum(map(counts, other.values())), len(other))
            share = sum(map(counts, mine.values())) / len(mine)
            if share < least:
                yield f"{level}, {way}, {column} ({share:.0%} beside at least {least:.0%})"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", default="", help="levels that this regular expression finds")
    arguments.add_argument("--way", default="", help="likewise")
    arguments.add_argument("--column", default="", help="likewise")
    arguments.add_argument("--calls", type=int, default=20, help="calls a cell")
    arguments.add_argument("--minutes", type=float, default=math.inf, help="stop after so long")
    arguments.add_argument("--again", action="store_true", help="forget these cells first")
    arguments.add_argument("--table", action="store_true", help="print the tables and stop")
    wanted = arguments.parse_args()
    if not wanted.table:
        levels = [level for level in LEVELS if re.search(wanted.only, level)]
        ways = [way for way in WAYS if re.search(wanted.way, way)]
        columns = [column for column in COLUMNS if re.search(wanted.column, column)]
        warm()
        if wanted.again:
            forget(levels, ways, columns)
        run(levels, ways, columns, wanted.calls, time.monotonic() + wanted.minutes * 60)
    print_tables()


if __name__ == "__main__":
    main()
