"""Our codec against the others, side by side: python bench/codec.py [--rounds N].

For every page and operation, each codec does the same work in turn, round after round, in one process: from packed rows to
octets, or back to packed rows. Printed is the ratio of its median time on the processor to that of libtiff through Pillow
(below 1 is faster), then the milliseconds of ours and the coded size.
Pages are made here, but for the ITU-T charts, which are taken from MAILFAX_CORPUS where it is. imagecodecs (decodes only)
and libspandsp (Debian libspandsp2; its rows pass through a Python callback, its pages are read by libtiff before it codes them)
are left out with a word where they are not installed.
"""

import argparse
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from codec_pages import bench_pages
from PIL import Image, TiffImagePlugin

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, EncodeOptions, decode, encode, warm
from mailfax.t4codec.t85 import decode_t85, encode_t85

sys.path.append(str(Path(__file__).parents[1] / "tests" / "t4codec"))
from codec_spandsp import Spandsp

try:
    import imagecodecs
except ImportError:
    imagecodecs = None

K = 2  # what libtiff writes when no resolution is told
Work = Callable[[], object]
PIL_COMPRESSION = {Coding.MH: "group3", Coding.MR: "group3", Coding.MMR: "group4"}


def libtiff_encoder(page: Bitmap, coding: Coding) -> Callable[[], bytes]:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[278] = page.rows
    packed, size = page.octets(), (page.width_px, page.rows)
    if coding is Coding.MR:
        info[292] = 1

    def work() -> bytes:
        file = io.BytesIO()
        picture = Image.frombytes("1", size, packed)  # Pillow's 1 is what libtiff then codes as black
        picture.save(file, "TIFF", compression=PIL_COMPRESSION[coding], tiffinfo=info)
        return file.getvalue()

    return work


def encoders(page: Bitmap, coding: Coding, spandsp: Spandsp | None) -> dict[str, Work]:
    options = EncodeOptions(k=K, end_of_page=coding is Coding.MMR)
    works: dict[str, Work] = {
        "libtiff": libtiff_encoder(page, coding),
        "ours": lambda: encode(page, coding, options=options),
    }
    if spandsp:
        path = spandsp.page_file(page)
        works["spandsp"] = lambda: spandsp.encode(path, coding)
    return works


def decoders(page: Bitmap, coding: Coding, spandsp: Spandsp | None) -> dict[str, Work]:
    tiff = libtiff_encoder(page, coding)()
    octets = encode(page, coding, options=EncodeOptions(k=K, end_of_page=coding is Coding.MMR))
    width, rows = page.width_px, page.rows

    def by_imagecodecs() -> object:
        if coding is Coding.MMR:
            return np.packbits(imagecodecs.ccittfax4_decode(octets, rows, width), axis=1)
        return np.packbits(
            imagecodecs.ccittfax3_decode(octets, rows, width, t4options=int(coding is Coding.MR)), axis=1
        )

    def ours() -> object:
        decoded = decode(octets, coding, width_px=width)
        assert decoded.rows == rows
        assert not decoded.bad_rows
        return decoded

    works: dict[str, Work] = {"libtiff": lambda: Image.open(io.BytesIO(tiff)).tobytes(), "ours": ours}
    if imagecodecs:
        works["imagecodecs"] = by_imagecodecs
    if spandsp:
        works["spandsp"] = lambda: spandsp.decode(octets, coding, width)
    return works


def medians(works: dict[str, Work], rounds: int) -> dict[str, float]:
    """Take the codecs in turn, so that a busy machine slows all of them alike; time is that of the processor, in ms."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            if number:  # the first round only warms caches
                times[name].append(1000 * (time.process_time() - began))
    return {name: statistics.median(values) for name, values in times.items()}


def line(label: str, result: dict[str, float], size: str) -> str:
    others = [name for name in ("ours", "imagecodecs", "spandsp") if name in result]
    ratios = "  ".join(f"{name} x{result[name] / result['libtiff']:4.2f}" for name in others)
    return f"{label:24} {ratios:48} {result['ours']:7.2f} ms {size}"


def start_up() -> None:
    """Print what a process pays before its first page, and the memory of it, with numba and without."""
    program = (
        "import time; t = time.perf_counter();"
        "from mailfax.t4codec import warm; warm();"
        "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'));"
        "print(f'{time.perf_counter() - t:.2f} s, {int(peak) / 1024:.0f} MiB')"
    )
    for label, environment in (("with numba, warm cache", {}), ("without numba", {"MAILFAX_NO_NUMBA": "1"})):
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
        print(f"import and warm(), {label}: {done.stdout.strip()}")


def compare(name: str, page: Bitmap, spandsp: Spandsp | None, rounds: int) -> None:
    for coding in Coding:
        size = f"{len(encode(page, coding, options=EncodeOptions(k=K))):8} octets"
        print(line(f"{name} {coding} encode", medians(encoders(page, coding, spandsp), rounds), size))
        print(line(f"{name} {coding} decode", medians(decoders(page, coding, spandsp), rounds), size), flush=True)

    t85 = encode_t85(page)
    result = medians({"encode": lambda: encode_t85(page), "decode": lambda: decode_t85(t85, width_px=1728)}, rounds)
    share = len(t85) / len(encode(page, Coding.MMR))
    milliseconds = f"encode {result['encode']:.2f} ms, decode {result['decode']:.2f} ms"
    print(f"{name + ' T.85':24} {milliseconds:48} {len(t85):19} octets, {share:.2f} of MMR", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--pages", help="only pages whose name has this in it")
    arguments = parser.parse_args()
    warm()
    start_up()
    with tempfile.TemporaryDirectory() as folder:
        spandsp = Spandsp.load(Path(folder))
        for name, found in (("imagecodecs", imagecodecs), ("libspandsp", spandsp)):
            if not found:
                print(f"{name} is not installed: left out")
        print("ratio of medians to libtiff through Pillow; below 1 is faster")
        for name, page in bench_pages().items():
            if not arguments.pages or arguments.pages in name:
                compare(name, page, spandsp, arguments.rounds)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
