"""Mails accepted a second, durable before their 250: mailfax beside Debian's Postfix, on one disk, in one run, cell by cell in turn.

    .venv/bin/python bench/smtp.py [--rounds 3] [--quick] [--held]
    .venv/bin/python bench/smtp.py --many 50000       # memory of the server while so many mails come in

Needs root and the package postfix, whose smtp-source is the client of both: a new connection for each mail, as other mail servers
make. Postfix keeps what it takes in its hold queue and does nothing else with it. mailfax takes it as it always does:
each recipient judged, one job for each number, and the mails rendered beside on the same cores. With --held its renderers wait, as
Postfix's delivery does: what is left is the door alone.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mailfax.config import EMBEDDED_DEFAULT, load
from mailfax.demo.watcher import Watcher
from tests.interop.mail.programs import Postfix, free_port, program, running

SMALL, LARGE = 5_000, 500_000
CELLS = [(SMALL, 1), (SMALL, 10), (SMALL, 100), (LARGE, 1), (LARGE, 10), (LARGE, 100)]
MAILS = {SMALL: 400, LARGE: 100}
GOAL = {(SMALL, 1): 0.8, (SMALL, 10): 0.8}  # of Postfix's rate; 1 in the other cells
HOLD = """\
relay_domains = fax.lan
smtpd_recipient_restrictions = static:HOLD
message_size_limit = 50000000
smtpd_client_connection_count_limit = 0
default_process_limit = 200
"""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One server's rate in one round."""

    octets: int
    clients: int
    mails_per_s: float


def source(port: int, octets: int, clients: int, mails: int, *, stay: bool = False) -> float:
    """Post mails by smtp-source; return how many it posted a second. `stay` posts all of a client's over one connection."""
    command = [program("smtp-source"), "-s", str(clients), "-m", str(mails), "-l", str(octets)]
    command += ["-f", "bench@example.org", "-t", "5551234@fax.lan", *(["-d"] if stay else []), f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, timeout=600)
    return mails / (time.perf_counter() - begun)


@contextmanager
def postfix(folder: Path) -> Iterator[int]:
    folder.mkdir()
    server = Postfix(folder=folder, port=free_port(), lmtp_port=1)
    server.set_up(HOLD)
    with running(server):
        yield server.port


@contextmanager
def mailfax(folder: Path, *, held: bool = False) -> Iterator[tuple[int, int]]:
    """Serve; give the port and the process. The number is out of service, so nothing of it is sent."""
    folder.mkdir()
    text = EMBEDDED_DEFAULT.replace("127.0.0.1:8025", "127.0.0.1:0").replace('"*" = ["in"]', '"*" = ["no-answer"]')
    (folder / "mailfax.toml").write_text(text.replace("[smtp]\n", "[smtp]\nmax_connections = 200\n"))
    config = load(folder / "mailfax.toml")
    run = "from mailfax.daemon import server; server.RENDER_WORKERS = 0; " if held else ""
    run += f"from mailfax.cli import main; import sys; sys.argv = ['mailfax', 'serve', '--config', '{folder}/mailfax.toml']; main()"
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-c", run], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            with Watcher(config.data_dir, server) as watcher:
                yield int(watcher.smtp_address.rpartition(":")[2]), server.pid
        finally:
            server.terminate()
            server.wait()


def compare(folder: Path, rounds: int, share: float, *, held: bool) -> None:
    rates: dict[tuple[str, int, int], list[float]] = {}
    with postfix(folder / "postfix") as theirs, mailfax(folder / "mailfax", held=held) as (ours, _):
        for port in (theirs, ours):
            source(port, SMALL, 10, 50)
        for _ in range(rounds):
            for octets, clients in CELLS:
                mails = max(round(MAILS[octets] * share), clients)
                for name, port in (("postfix", theirs), ("mailfax", ours)):
                    rates.setdefault((name, octets, clients), []).append(source(port, octets, clients, mails))
                    time.sleep(1)
        for octets in (SMALL, LARGE):
            mails = round(MAILS[octets] * share)
            for name, port in (("postfix", theirs), ("mailfax", ours)):
                rates[name, octets, 0] = [source(port, octets, 1, mails, stay=True) for _ in range(rounds)]
    print(f"{'octets':>8} {'clients':>16} {'Postfix':>9} {'mailfax':>9}  ratio (goal)")
    for octets, clients in [*CELLS, (SMALL, 0), (LARGE, 0)]:
        theirs_s, ours_s = (statistics.median(rates[name, octets, clients]) for name in ("postfix", "mailfax"))
        pairs = zip(rates["mailfax", octets, clients], rates["postfix", octets, clients], strict=True)
        ratio = statistics.median(our / their for our, their in pairs)
        goal = f"({GOAL.get((octets, clients), 1.0)})" if clients else ""
        print(f"{octets:>8} {clients or '1, one session':>16} {theirs_s:>9.0f} {ours_s:>9.0f}  {ratio:.2f} {goal}")


def rss_mb(pid: int) -> float:
    (row,) = (row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(row.split()[1]) / 1024


def memory(folder: Path, mails: int) -> None:
    """Print the server's memory as mails come in, ten clients at a time."""
    with mailfax(folder / "mailfax") as (port, pid):
        begun = time.perf_counter()
        print(f"{'mails':>8} {'RSS MB':>8} {'mails/s':>8}")
        print(f"{0:>8} {rss_mb(pid):>8.1f}", flush=True)
        for number in range(20):
            rate = source(port, SMALL, 10, mails // 20)
            print(f"{(number + 1) * (mails // 20):>8} {rss_mb(pid):>8.1f} {rate:>8.0f}", flush=True)
        print(f"{time.perf_counter() - begun:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a quarter of the mails")
    parser.add_argument("--held", action="store_true", help="nothing is rendered")
    parser.add_argument("--many", type=int, default=0, help="no comparison: the server's memory over so many mails")
    asked = parser.parse_args()
    assert os.geteuid() == 0, "Postfix has to be started by root"
    folder = Path(tempfile.mkdtemp(prefix="mxb"))
    folder.chmod(0o755)
    try:
        if asked.many:
            memory(folder, asked.many)
        else:
            compare(folder, asked.rounds, 0.25 if asked.quick else 1.0, held=asked.held)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
