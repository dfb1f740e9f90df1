"""What one mail to a list of 10, 1,000 and 10,000 numbers costs, over virtual lines: its 250, the rows, other people's MCFs meanwhile, calls, memory.

    .venv/bin/python bench/broadcast.py [MEMBERS ...] [--calls-s 60]

Beside the server a process stores a received page every 50 ms as a line does before its MCF (call folder, fsync), and commits a row of its own: how
long they take at worst is what the broadcast costs others. Calls run for at most `--calls-s` seconds; what is left then is cancelled, and the
report made. A single fax is mailed while the broadcast runs. The figures that were last seen are in docs/performance.md.
"""

import argparse
import contextlib
import multiprocessing
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from multiprocessing.synchronize import Event
from pathlib import Path

from mailfax.config import Config, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker, wall_clock_us
from mailfax.demo.watcher import Watcher
from mailfax.model.job import JobState
from mailfax.model.page import Resolution
from mailfax.model.post import Post, PostState
from mailfax.spool import posts
from mailfax.spool.callfolder import CallFolder, CallHeader, Direction, PageFacts, remove
from mailfax.spool.records import RenderState
from mailfax.spool.store import Store

LINES = 2  # that send, and as many that receive
CONFIG = """\
[smtp]
listen = ["127.0.0.1:0"]
max_connections = 20
[domains."fax.lan"]
lengths = [7, 8]
[receive]
catch_all = "faxmaster@fax.lan"
[mail]
maildir = "mailboxes"
[lists.all]
members = "members.csv"
owner = "boss@example.org"
post = ["network:127.0.0.0/8"]
[exchange.routes]
"*" = [{receivers}]
{lines}
"""
LINE = '[lines.{name}]\nkind = "virtual"\nnumber = "{number}"\n{off} = false\n'


def written(folder: Path, members: int) -> Config:
    (folder / "members.csv").write_text(
        "number,name\n" + "".join(f"{5000000 + n},Member {n}\n" for n in range(members))
    )
    lines = [LINE.format(name=f"out{n}", number=f"700000{n}", off="receive") for n in range(LINES)]
    lines += [LINE.format(name=f"in{n}", number=f"800000{n}", off="send") for n in range(LINES)]
    receivers = ", ".join(f'"in{n}"' for n in range(LINES))
    (folder / "mailfax.toml").write_text(CONFIG.format(receivers=receivers, lines="\n".join(lines)))
    return load(folder / "mailfax.toml")


def neighbour(config: Config, stop: Event, worst: "multiprocessing.Queue[tuple[float, float]]") -> None:
    """Receive pages and commit rows as another line would; tell the longest of each."""
    settings, new_id = build.spool_settings(config), id_maker()
    page, row = 0.0, 0.0
    with contextlib.closing(Store(settings, new_id)) as store:
        header = CallHeader(call_id="C0000000BENCH", line="bench", direction=Direction.INBOUND, started_us=0)
        folder = CallFolder.create(settings.calls, header)
        facts, index = PageFacts(rows=1143, width_px=1728, resolution=Resolution.STANDARD), 0
        while not stop.wait(0.05):
            begun = time.perf_counter()
            folder.keep_page(index, b"x" * 30_000, facts)
            page, index = max(page, time.perf_counter() - begun), index + 1
            begun = time.perf_counter()
            store.remove_offer("P000000000000", wall_clock_us())  # a commit that changes nothing
            row = max(row, time.perf_counter() - begun)
        folder.close()
        remove(folder.path)
    worst.put((page, row))


def memory_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024


def mail(address: str, to: str, subject: str) -> float:
    """Send a mail of two pages; return the seconds to its 250."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bench@example.org", to, subject
    message.set_content("\f".join(f"Page {page} of the bench.\n" * 30 for page in (1, 2)))
    host, _, port = address.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=600) as client:
        begun = time.perf_counter()
        client.send_message(message, "bench@example.org", [to])
        return time.perf_counter() - begun


def run(members: int, calls_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="mailfax-bench-") as name, open(Path(name) / "log", "wb") as log:  # noqa: PTH123
        config = written(Path(name), members)
        command = [sys.executable, "-m", "mailfax", "serve", "--config", str(Path(name) / "mailfax.toml")]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            with Watcher(config.data_dir, server) as watcher:
                time.sleep(3)
                print(f"-- {members} members, {LINES} lines that send")
                _one(calls_s, config, watcher.smtp_address, server.pid)
        finally:
            server.terminate()
            server.wait()


def _one(calls_s: float, config: Config, address: str, pid: int) -> None:
    stop, worst = multiprocessing.Event(), multiprocessing.Queue()  # type: ignore[var-annotated]
    beside = multiprocessing.Process(target=neighbour, args=(config, stop, worst))
    beside.start()
    time.sleep(2)
    with contextlib.closing(Store(build.spool_settings(config), id_maker())) as store:
        before, begun = memory_mb(pid), time.perf_counter()
        print(f"accepted (250) after           {mail(address, 'all@fax.lan', 'broadcast'):8.2f} s")
        (post,) = posts.unfinished(store)
        _until(lambda: _now(store, post).state is not PostState.GATHERING)
        print(f"all faxes written down after   {time.perf_counter() - begun:8.2f} s")
        stop.set()
        page, row = worst.get()
        beside.join()
        print(
            f"beside it: a page kept in at most {page * 1000:6.0f} ms, a row committed in at most {row * 1000:6.0f} ms"
        )
        _until(lambda: _done(store, post) > 0)
        started, first = time.perf_counter(), _done(store, post)
        single = time.perf_counter()
        mail(address, "4444444@fax.lan", "single")
        waited: list[float] = []
        while time.perf_counter() - started < calls_s and _now(store, post).state is not PostState.DONE:
            if not waited and any(job.number == "4444444" for job in store.jobs([JobState.DELIVERED], limit=400)):
                waited.append(time.perf_counter() - single)
            time.sleep(0.2)
        took, done = time.perf_counter() - started, _done(store, post)
        if done > first:
            print(f"faxes delivered                {(done - first) / took:8.1f} a second ({done} in all)")
        print(f"a single fax delivered after   {statistics.mean(waited) if waited else float('nan'):8.2f} s")
        begun = time.perf_counter()
        dropped = posts.cancel(store, post, wall_clock_us()) if _now(store, post).state is not PostState.DONE else 0
        _until(lambda: _now(store, post).state is PostState.DONE)
        print(f"{dropped} cancelled and the report made in {time.perf_counter() - begun:8.2f} s")
        print(f"private memory of the server   {before:8.1f} MB before, {memory_mb(pid):8.1f} MB after")
        renders = [step for step in store.history(post.id) if step.became == RenderState.RENDERED]
        print(f"rendered                       {len(renders):8d} time(s)")


def _now(store: Store, post: Post) -> Post:
    found = posts.load(store, post.id)
    assert found is not None
    return found


def _done(store: Store, post: Post) -> int:
    return posts.counts(store, post).states.get(JobState.DELIVERED, 0)


def _until(fits: Callable[[], bool]) -> None:
    while not fits():
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("members", type=int, nargs="*", default=[10, 1000, 10_000])
    parser.add_argument("--calls-s", type=float, default=60.0)
    wanted = parser.parse_args()
    for members in wanted.members:
        run(members, wanted.calls_s)


if __name__ == "__main__":
    main()
