"""Renders the files of the public corpus one by one and says what came of each; writes the table of docs/rendering.md.

    python tests/render/corpus_runs.py CORPUS      after a look at what has changed, and why

The table is also what `test_render_corpus.py` expects: each row was compared with the corpus's own word on the file.
"""

import multiprocessing
import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mailfax.render.office import OfficeDesk
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files
from mailfax.render.warm import warm
from mailfax.t4codec import warm as warm_codec

FOLDERS = ("mail", "html", "image", "hostile")
DOCUMENT = Path(__file__).parents[2] / "docs" / "rendering.md"
SETTINGS = RenderSettings(max_pages=100, wall_s=90)
MOST_S, MOST_MB = 10.0, 500
_OFFICE = {".docx", ".xlsx"}  # converted by LibreOffice, which has tests of its own
WITH_OFFICE = {"docx-and-pdf.eml", "winmail-five-files.dat"}  # takes the seconds of starting LibreOffice
_ROW = re.compile(r"^\| ((?:mail|html|image|hostile)/\S+) \| (.*?) \| [\d.]+ s \| \d+ MB \|$", re.MULTILINE)
_HEAD = "| file | becomes | time | memory |\n|---|---|---|---|\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What came of one file, in words; seconds and the most memory of the whole child."""

    result: str
    seconds: float
    megabytes: int


def files_of(corpus: Path) -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((corpus / folder).iterdir()) if path.suffix not in _OFFICE]


def expected() -> dict[str, str]:
    """Read the table of the document."""
    return {match.group(1): match.group(2) for match in _ROW.finditer(DOCUMENT.read_text("utf-8"))}


def run(path: Path) -> Run:
    """Render one file in a process of its own, so that its memory can be told from that of others."""
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=_measured, args=(path, sender))
    process.start()
    result, seconds, megabytes = receiver.recv()
    process.join()
    assert process.exitcode == 0
    return Run(result=result, seconds=seconds, megabytes=megabytes)


def _measured(path: Path, sender: object) -> None:
    started = time.monotonic()
    result = _rendered(path)
    seconds = time.monotonic() - started
    sender.send((result, seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10))  # type: ignore[attr-defined]


def _rendered(path: Path) -> str:
    content = path.read_bytes() if path.suffix == ".eml" else read_files([path])
    office = OfficeDesk(SETTINGS)
    try:
        rendered = render_in_child(
            content, SETTINGS, lambda _page, _total: None, multiprocessing.get_context("fork"), office.convert
        )
    except RenderFailure as failure:
        return _cell(f"refused ({failure.outcome.code}): {failure.detail}")
    finally:
        office.close()
    return _cell(_pages(rendered))


def _pages(rendered: Rendered) -> str:
    count = len(rendered.pages)
    notes = {row.note for row in rendered.account if row.note and row.fate.value == "faxed"}
    skipped = {f"without {row.name}: {row.note}" for row in rendered.account if row.fate.value == "skipped"}
    return "; ".join((f"{count} page{'s' if count > 1 else ''}", *sorted(notes), *sorted(skipped)))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:300]


def main(corpus: Path) -> None:
    warm()
    warm_codec()
    rows = []
    for path in files_of(corpus):
        once = run(path)
        name = path.relative_to(corpus)
        rows.append(f"| {name} | {once.result} | {once.seconds:.1f} s | {once.megabytes} MB |\n")
    document = DOCUMENT.read_text("utf-8")
    head, _, rest = document.partition(_HEAD)
    after = rest[len("".join(_lines_of_table(rest))) :]
    DOCUMENT.write_text(head + _HEAD + "".join(rows) + after, "utf-8")


def _lines_of_table(text: str) -> list[str]:
    lines = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("|"):
            break
        lines.append(line)
    return lines


if __name__ == "__main__":
    main(Path(sys.argv[1]))
