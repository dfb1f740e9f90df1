"""Writes the tables of docs/interop.md from what was run: build/matrix.jsonl (`make interop`) and build/bad-line.jsonl (bench/bad_line.py).

Called by `make interop` after a run without a failure; by hand after the grid of bad lines. A table without a run stays as it is.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "interop.md"
MATRIX = ROOT / "build" / "matrix.jsonl"
CALLS = ROOT / "build" / "bad-line.jsonl"
CELLS = 168
SIDES = ("caller", "answerer")
MODULATIONS = (
    "V.27ter 2400",
    "V.27ter 4800",
    "V.29 7200",
    "V.29 9600",
    "V.17 7200",
    "V.17 9600",
    "V.17 12000",
    "V.17 14400",
)
WAYS = [(True, "MH"), (True, "MR"), (True, "MMR"), (False, "MH"), (False, "MR")]
SIZES = {"standard": "204 x 98", "fine": "204 x 196", "superfine": "204 x 391", "ultrafine": "408 x 391"}
SIZED_RATES = ("V.17 14400", "V.29 9600", "V.27ter 4800")

Row = dict[str, Any]


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def found(rows: list[Row], **wanted: object) -> str:
    """Say whether a cell was green."""
    return "equal" if any(all(row.get(key) == value for key, value in wanted.items()) for row in rows) else "-"


def rates(rows: list[Row]) -> str:
    """Return the table of modulations and codings."""
    head = ["", *(f"{'ECM ' if ecm else ''}{coding}" for ecm, coding in WAYS)]
    body = [
        [f"{side}, {modulation}"]
        + [found(rows, part="rates", side=side, modulation=modulation, ecm=e, coding=c) for e, c in WAYS]
        for side in SIDES
        for modulation in MODULATIONS
    ]
    return table(head, body)


def sizes(rows: list[Row]) -> str:
    """Return the table of resolutions, and the calls of twenty pages."""
    head = ["", *(f"{rate}, {pages} p" for rate in SIZED_RATES for pages in (1, 3))]
    body = []
    for side in SIDES:
        for size, name in SIZES.items():
            for ecm in (True, False) if size != "ultrafine" else (True,):
                cells = [
                    found(rows, part="sizes", side=side, resolution=size, ecm=ecm, modulation=rate, pages=pages)
                    for rate in SIZED_RATES
                    for pages in (1, 3)
                ]
                body.append([f"{side}, {name}, {'ECM' if ecm else 'no ECM'}", *cells])
    twenty = [
        f"{side}, 20 pages at 14400, {'ECM' if ecm else 'no ECM'}: {found(rows, part='twenty', side=side, ecm=ecm)}"
        for side in SIDES
        for ecm in (True, False)
    ]
    return table(head, body) + "\n\n" + "; ".join(twenty) + "."


def bad_lines() -> str:
    """Return the tables of the grid of bad lines."""
    bench = [sys.executable, str(ROOT / "bench" / "bad_line.py"), "--table"]
    return subprocess.check_output(bench, text=True).strip()  # noqa: S603 - our own bench


def put(page: str, name: str, text: str) -> str:
    """Replace what stands between the two marks of a table."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    if not marks.search(page):
        raise SystemExit(f"docs/interop.md has no place for {name}")
    return marks.sub(lambda mark: mark[1] + text + mark[2], page)


def main() -> None:
    """Rewrite the page; a run of a part of the matrix makes no table."""
    page = PAGE.read_text()
    if MATRIX.exists():
        rows = [json.loads(line) for line in MATRIX.read_text().splitlines()]
        if len(rows) < CELLS:
            print(f"{len(rows)} of {CELLS} cells of the matrix were green in this run: its tables stay as they are")
        else:
            page = put(page, "rates", rates(rows))
            page = put(page, "sizes", sizes(rows))
    if CALLS.exists():
        page = put(page, "bad lines", bad_lines())
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
