"""Is the Class 2 emulator a modem? mgetty says so: `sendfax` sends and `mgetty` receives through it, page for page and pel for pel.

Only because of this does the emulator judge our own driver (test_class2_calls.py). mgetty works as root, with its own log and spool folders.
"""

import itertools
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lab.class2modem import Model
from lab.documents import Pixels, letter, read_pages, write_letter
from lab.fixture import LabExchange
from PIL import Image

INCOMING = Path("/var/spool/fax/incoming")
CLASSES = {"cls2": "2", "c2.0": "2.0"}
WAKE_S = 20.0


def g3_files(folder: Path, pages: list[Image.Image]) -> list[str]:
    """Write pages as mgetty has them: by its own pbm2g3."""
    files = []
    for number, page in enumerate(pages, 1):
        bitmap, coded = folder / f"page{number}.pbm", folder / f"page{number}.g3"
        page.save(bitmap)
        with coded.open("wb") as file:
            subprocess.run(["/usr/bin/pbm2g3", str(bitmap)], stdout=file, check=True)
        files.append(str(coded))
    return files


def sendfax(exchange: LabExchange, fax_class: str, files: list[str]) -> subprocess.CompletedProcess[str]:
    device = str(Path(exchange.device).readlink()).removeprefix("/dev/")
    command = ["/usr/sbin/sendfax", "-v", "-C", fax_class, "-l", device, "5551234", *files]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def pels(pages: list[Image.Image]) -> list[Pixels]:
    return [~np.asarray(page) for page in pages]


def assert_same(got: list[Pixels], wanted: list[Pixels]) -> None:
    assert [page.shape for page in got] == [page.shape for page in wanted]
    assert all(np.array_equal(one, other) for one, other in zip(got, wanted, strict=True))
    assert not any(np.array_equal(one, other) for one, other in itertools.pairwise(wanted))


@pytest.mark.live
@pytest.mark.timeout(120)
def test_sendfax_sends_a_page_through_it(tmp_path: Path) -> None:
    pages = [letter(1, 1)]
    with LabExchange(tmp_path, model=Model()) as exchange:
        exchange.route("5551234", f"receive:{tmp_path}/got.tif")
        done = sendfax(exchange, "cls2", ["-n", *g3_files(tmp_path, pages)])
        assert done.returncode == 0, done
        assert exchange.finished(20).machine is not None
    assert_same(read_pages(tmp_path / "got.tif"), pels(pages))


@pytest.mark.interop
@pytest.mark.parametrize("fax_class", CLASSES)
@pytest.mark.parametrize("machine", ["", ",modems=v27+v29,mst=20", ",ecm=0,comp=mh"])
def test_sendfax_sends_three_pages_through_it(tmp_path: Path, fax_class: str, machine: str) -> None:
    pages = [letter(page, 3, "fine") for page in (1, 2, 3)]
    with LabExchange(tmp_path, model=Model()) as exchange:
        exchange.route("5551234", f"receive:{tmp_path}/got.tif{machine}")
        done = sendfax(exchange, fax_class, g3_files(tmp_path, pages))
        assert done.returncode == 0, done
        far_end = exchange.finished(20).machine
    assert far_end is not None
    assert (far_end.ok, far_end.pages) == (True, 3)
    assert [frame for frame in far_end.frames if frame in {"<MPS", "<EOP"}] == ["<MPS", "<MPS", "<EOP"]
    assert_same(read_pages(tmp_path / "got.tif"), pels(pages))


@pytest.mark.interop
@pytest.mark.parametrize(("number", "status"), [("busy", 4), ("nodialtone", 5)])
def test_sendfax_understands_why_there_is_no_call(tmp_path: Path, number: str, status: int) -> None:
    with LabExchange(tmp_path, model=Model()) as exchange:
        exchange.route("*", number)
        assert sendfax(exchange, "cls2", g3_files(tmp_path, [letter(1, 1)])).returncode == status


@pytest.mark.interop
@pytest.mark.parametrize("fax_class", CLASSES)
def test_mgetty_receives_three_pages_through_it(tmp_path: Path, fax_class: str) -> None:
    assert os.geteuid() == 0, "mgetty has to be started by root"
    sent = write_letter(tmp_path / "letter.tif", 3, "fine")
    before = set(INCOMING.iterdir())
    # Pages come reversed in Class 2, as from the Rockwell chips that mgetty takes for the standard.
    with LabExchange(tmp_path, model=Model(rockwell=fax_class == "cls2")) as exchange:
        device = str(Path(exchange.device).readlink()).removeprefix("/dev/")
        command = ["/usr/sbin/mgetty", "-F", "-C", fax_class, "-s", "38400", "-x", "5", device]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as mgetty:
            try:
                exchange.class2.wait_for_class(CLASSES[fax_class], WAKE_S)
                exchange.ring(f"send:{sent}", limit=30)
                far_end = exchange.finished(90).machine
                mgetty.wait(30)
            finally:
                mgetty.kill()
    received = sorted(set(INCOMING.iterdir()) - before)
    try:
        assert far_end is not None
        assert (far_end.ok, far_end.pages) == (True, 3)
        got = []
        for number, file in enumerate(received):
            bitmap = tmp_path / f"got{number}.pbm"
            bitmap.write_bytes(subprocess.run(["/usr/bin/g32pbm", str(file)], capture_output=True, check=True).stdout)
            got.append(~np.asarray(Image.open(bitmap)))
        assert_same(got, read_pages(sent))
    finally:
        for file in received:
            file.unlink()
