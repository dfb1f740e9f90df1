"""Renders the files of the public corpus one by one and says what came of each; writes the table of docs/rendering.md.

    python tests/render/corpus_runs.py CORPUS                  after a look at what has changed, and why
    python tests/render/corpus_runs.py CORPUS --alone OUT      inside a network namespace: the results as JSON, and what was left behind

The table is also what `test_render_corpus.py` expects: each row was compared with the corpus's own word on the file.
"""

import json
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mailfax.render.office import OfficeDesk
from mailfax.render.result import Rendered, RenderFailure
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files
from mailfax.render.warm import warm
from mailfax.t4codec import warm as warm_codec

FOLDERS = ("mail", "html", "image", "pdf", "office", "hostile")
DOCUMENT = Path(__file__).parents[2] / "docs" / "rendering.md"
SETTINGS = RenderSettings(max_pages=100, wall_s=90)
MOST_S, MOST_MB = 10.0, 500
_OFFICE_SUFFIXES = {".docx", ".xlsx", ".pptx", ".doc", ".rtf", ".odt"}
_MAILS_WITH_OFFICE = {"docx-and-pdf.eml", "winmail-five-files.dat"}
_READY_S = 60.0
_ROW = re.compile(rf"^\| ((?:{'|'.join(FOLDERS)})/\S+) \| (.*?) \| [\d.]+ s \| \d+ MB \|$", re.MULTILINE)
_HEAD = "| file | becomes | time | memory |\n|---|---|---|---|\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What came of one file, in words; seconds by the clock and of the processor, and the most memory of the whole child (without LibreOffice)."""

    result: str
    seconds: float
    processor_s: float
    megabytes: int


def files_of(corpus: Path, *folders: str) -> list[Path]:
    return [path for folder in folders or FOLDERS for path in sorted((corpus / folder).iterdir())]


def needs_office(path: Path) -> bool:
    """Say whether LibreOffice is asked: such files take seconds."""
    return path.suffix in _OFFICE_SUFFIXES or path.name in _MAILS_WITH_OFFICE


def expected() -> dict[str, str]:
    """Read the table of the document."""
    return {match.group(1): match.group(2) for match in _ROW.finditer(DOCUMENT.read_text("utf-8"))}


def run(path: Path) -> Run:
    """Render one file in a process of its own, so that its memory can be told from that of others."""
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=_measured, args=(path, sender))
    process.start()
    result, seconds, processor_s, megabytes = receiver.recv()
    process.join()
    assert process.exitcode == 0
    return Run(result=result, seconds=seconds, processor_s=processor_s, megabytes=megabytes)


def _measured(path: Path, sender: object) -> None:
    office = OfficeDesk(SETTINGS)
    if needs_office(path):
        _start(office)
    started = time.monotonic()
    result = _rendered(path, office)
    seconds = time.monotonic() - started
    office.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sender.send((result, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss >> 10))  # type: ignore[attr-defined]


def _start(office: OfficeDesk) -> None:
    """Start a LibreOffice ahead, as a server that has had an office document before."""
    office.start_ahead()
    ahead, until = office._ahead, time.monotonic() + _READY_S
    while ahead and not (ahead._job / "ready").exists() and time.monotonic() < until:
        time.sleep(0.02)


def _rendered(path: Path, office: OfficeDesk) -> str:
    content = path.read_bytes() if path.suffix == ".eml" else read_files([path])
    fork = multiprocessing.get_context("fork")
    try:
        rendered = render_in_child(content, SETTINGS, lambda _page, _total: None, fork, office.convert)
    except RenderFailure as failure:
        return _cell(f"refused ({failure.outcome.code}): {failure.detail}")
    return _cell(_pages(rendered))


def _pages(rendered: Rendered) -> str:
    count = len(rendered.pages)
    notes = {row.note for row in rendered.account if row.note and row.fate.value == "faxed"}
    skipped = {f"without {row.name}: {row.note}" for row in rendered.account if row.fate.value == "skipped"}
    return "; ".join((f"{count} page{'s' if count > 1 else ''}", *sorted(notes), *sorted(skipped)))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:300]


def alone(corpus: Path, out: Path) -> None:
    """Render all files where every packet to anywhere comes back to this machine and is counted, and this is process 1."""
    subprocess.run("ip link set lo up && ip route add default dev lo", shell=True, check=True)
    warm()
    warm_codec()
    before = _packets()
    runs = {str(path.relative_to(corpus)): run(path) for path in files_of(corpus)}
    with suppress(
        ChildProcessError
    ):  # we are process 1 here: whoever has ended and was left by its parent waits for us to notice
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    living = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]
    found = {
        "results": {name: once.result for name, once in runs.items()},
        "seconds": {name: once.processor_s for name, once in runs.items()},
        "packets": _packets() - before,
        "processes": [(entry / "cmdline").read_text() for entry in living],
    }
    subprocess.run(["bash", "-c", "echo > /dev/udp/192.0.2.1/53"], check=True)
    out.write_text(json.dumps(found | {"packets_if_one_is_sent": _packets() - before}))


def _packets() -> int:
    """Count what was sent on the only interface that there is."""
    [line] = [line for line in Path("/proc/net/dev").read_text().splitlines() if ":" in line]
    return int(line.split(":")[1].split()[9])


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
    if sys.argv[2:3] == ["--alone"]:
        alone(Path(sys.argv[1]), Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]))
