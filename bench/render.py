"""Pages a second against Ghostscript and poppler on the same PDFs: python bench/render.py [--rounds 5] [--pages 10].

Ours is the warm renderer as the gateway has it: a child forked for each document, that makes T.6 pages at BOTH resolutions and sends them
back. The others are started for each document, as HylaFAX starts them, and make one: tiffg4 at 204x196, PBM at 204x196.
Round after round each has its turn; medians. Ours draws a page in one thread while it codes the one before in another, the others have
one thread: so the processor's seconds are told beside the clock's (of ours in a child forked here, whose seconds can be asked for). `--one-core` binds
all to one core. Memory is the peak of the process (of ours, of the child with what all share).
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path

import documents

import mailfax.warm  # noqa: F401 - what a forked child is to find in memory
from mailfax.render.sandbox import render_in_child
from mailfax.render.settings import RenderSettings
from mailfax.render.story import NamedFile

DOCUMENTS: dict[str, tuple[Callable[[int], bytes], float]] = {
    "text": (documents.text_pdf, 1.5),
    "vector": (documents.chart_pdf, 2.5),
    "mixed": (documents.mixed_pdf, 1.3),
    "scan 200 dpi": (lambda pages: documents.scan_pdf(pages, 200), 1.0),
    "scan 300 dpi": (lambda pages: documents.scan_pdf(pages, 300), 1.0),
}


def warm_context() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(["mailfax.warm"])
    return context


def ours(pdf: bytes, context: ForkServerContext) -> None:
    file = (NamedFile(name="a.pdf", octets=pdf),)
    render_in_child(file, RenderSettings(max_pages=1000), lambda *_: None, context)


def ghostscript(path: str, out: str) -> list[str]:
    command = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", "-dFIXEDMEDIA", "-sPAPERSIZE=a4"]
    return [*command, "-r204x196", f"-sOutputFile={out}/gs.tif", path]


def poppler(path: str, out: str) -> list[str]:
    return ["pdftoppm", "-mono", "-rx", "204", "-ry", "196", path, f"{out}/p"]


def peak_mb(command: list[str]) -> float:
    """Run it below a shell of its own, and ask what the largest process needed."""
    program = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    program += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", program, *command], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def our_peak_mb(path: str) -> float:
    """Render in a process that is warm, as a child is, and return its peak; what it shares with all others is in it."""
    program = (
        "import mailfax.warm, resource, sys; from pathlib import Path\n"
        "from mailfax.render.settings import RenderSettings; from mailfax.render.story import NamedFile, render_files\n"
        "file = NamedFile(name='a.pdf', octets=Path(sys.argv[1]).read_bytes())\n"
        "render_files((file,), RenderSettings(max_pages=1000), lambda *_: None)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def cpu_s(work: Callable[[], object]) -> float:
    """Return the seconds of processor time of the processes that this work starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Of one renderer, for all pages: seconds of the clock, seconds of the processor, and the most MB of memory."""

    clock_s: float
    cpu_s: float
    peak_mb: float


def measure(pdf: bytes, rounds: int, context: ForkServerContext) -> dict[str, Measured]:
    """Return medians."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.pdf"
        Path(path).write_bytes(pdf)
        commands = {"gs": ghostscript(path, folder), "pdftoppm": poppler(path, folder)}
        works: dict[str, Callable[[], object]] = {"ours": partial(ours, pdf, context)}
        works |= {
            other: partial(subprocess.run, command, check=True, capture_output=True)
            for other, command in commands.items()
        }
        counted = works | {"ours": partial(ours, pdf, get_context("fork"))}
        times: dict[str, list[tuple[float, float]]] = {renderer: [] for renderer in works}
        for number in range(rounds + 1):
            for renderer, work in works.items():
                began = time.perf_counter()
                work()
                spent = time.perf_counter() - began
                if number:  # the first round fills caches
                    times[renderer].append((spent, cpu_s(counted[renderer])))
        memory = {"ours": our_peak_mb(path), **{other: peak_mb(command) for other, command in commands.items()}}
    return {
        renderer: Measured(
            clock_s=statistics.median(clock for clock, _ in spent),
            cpu_s=statistics.median(cpu for _, cpu in spent),
            peak_mb=memory[renderer],
        )
        for renderer, spent in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--one-core", action="store_true")
    arguments = parser.parse_args()
    if arguments.one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    context = warm_context()
    ours(documents.text_pdf(1), context)
    print(
        f"{arguments.pages} pages, medians of {arguments.rounds} rounds; pages a second, ms of processor a page, peak MB"
    )
    for name, (make, wanted) in DOCUMENTS.items():
        measured = measure(make(arguments.pages), arguments.rounds, context)
        shown = "  ".join(
            f"{renderer} {arguments.pages / one.clock_s:6.1f}/s {1000 * one.cpu_s / arguments.pages:5.1f} ms {one.peak_mb:4.0f} MB"
            for renderer, one in measured.items()
        )
        we, they = measured["ours"], measured["gs"]
        ratios = f"x{they.clock_s / we.clock_s:.2f} by the clock (wanted {wanted}), x{they.cpu_s / we.cpu_s:.2f} by the processor"
        print(f"{name:13} {shown}  {ratios}", flush=True)


if __name__ == "__main__":
    main()
