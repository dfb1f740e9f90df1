"""What the whole gateway costs: seconds to start, memory of each process, mails accepted a second, wall time of a virtual call.

    .venv/bin/python bench/journey.py

One run on a quiet machine; the figures that were last seen are in docs/performance.md. Private memory is what a process
alone would give back (Private_Clean + Private_Dirty of smaps_rollup); all children share the warm forkserver's pages.
"""

import contextlib
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

from mailfax.config import EMBEDDED_DEFAULT, load
from mailfax.daemon import build
from mailfax.daemon.clock import id_maker
from mailfax.demo.watcher import Watcher
from mailfax.spool.store import Store

MAILS = 200
ROUNDS = 3


def private_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024


def family(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [pid] + [below for child in children for below in family(child)]


def accept_rate(address: str, octets: int) -> float:
    """Return mails a second over one session; the recipients' number is out of service, so nothing else happens."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bench@example.org", "5551234@fax.lan", "bench"
    message.set_content("x" * 70 + "\n" + ("y" * 70 + "\n") * (octets // 71))
    host, _, port = address.rpartition(":")
    with smtplib.SMTP(host, int(port)) as client:
        begun = time.perf_counter()
        for _ in range(MAILS):
            client.send_message(message, "bench@example.org", ["5551234@fax.lan"])
        return MAILS / (time.perf_counter() - begun)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="mailfax-bench-"))
    text = EMBEDDED_DEFAULT.replace("127.0.0.1:8025", "127.0.0.1:0").replace('"*" = ["in"]', '"*" = ["no-answer"]')
    (folder / "mailfax.toml").write_text(text)
    config = load(folder / "mailfax.toml")
    with (folder / "server.log").open("wb") as log:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "mailfax", "serve", "--config", str(folder / "mailfax.toml")]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            with Watcher(config.data_dir, server) as watcher:
                print(f"start to first greeting     {time.perf_counter() - begun:6.2f} s")
                time.sleep(5)  # let every child come up before its memory is read
                for pid in family(server.pid):
                    name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2].decode()[:60]
                    print(f"process {pid:<8} private   {private_mb(pid):6.1f} MB   {name}")
                for octets in (5_000, 500_000):
                    rates = [accept_rate(watcher.smtp_address, octets) for _ in range(ROUNDS)]
                    print(
                        f"accepted, {octets:>7} octets   {statistics.median(rates):6.0f} mails/s  (one session, durable before 250)"
                    )
            with contextlib.closing(Store(build.spool_settings(config), id_maker())) as store:
                print(f"jobs in the queue afterwards {len(store.jobs(limit=100_000))}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
