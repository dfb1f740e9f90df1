"""Without numba the same functions give the same octets and pels; and numba's cache has a place wherever the package lies."""

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from mailfax.model.page import Coding
from mailfax.t4codec import Bitmap, decode, encode, warm
from mailfax.t4codec.decode_kernels import decode_t4, decode_t6
from mailfax.t4codec.encode_kernels import encode_t4, encode_t6

# Codes and decodes pages, clean and damaged, and prints one hash of everything that came out.
PROGRAM = """
import hashlib, sys
BLOCK
sys.path.insert(0, "tests/t4codec")
import numpy as np
from codec_damage import SMALL_HITS
from codec_pictures import checkerboard, runs_picture, texty
from mailfax.model.page import Coding
from mailfax.t4codec import EncodeOptions, decode, encode, warm
from mailfax.t4codec.jit import COMPILED
from mailfax.t4codec.t85 import decode_t85, encode_t85

warm()
seen = hashlib.sha256()
rng = np.random.default_rng(1)
for page in (texty(rows=90), runs_picture(1001, 30, 3, rng), checkerboard(65, 9)):
    for coding in Coding:
        octets = encode(page, coding, options=EncodeOptions(min_row_bits=72, align_eol=True))
        seen.update(octets)
        for hit in SMALL_HITS.values():
            decoded = decode(hit(octets, rng), coding, width_px=page.width_px)
            seen.update(decoded.bitmap.octets())
            seen.update(repr((decoded.rows, decoded.bad_spans, decoded.complete)).encode())
    coded = encode_t85(page)
    seen.update(coded)
    seen.update(decode_t85(coded[:-30], width_px=page.width_px).bitmap.octets())
print(COMPILED, seen.hexdigest())
"""


def run(block: str = "", **environment: str) -> list[str]:
    command = [sys.executable, "-c", PROGRAM.replace("BLOCK", block)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_with_and_without_numba_everything_is_the_same() -> None:
    compiled, digest = run()
    assert (compiled, len(digest)) == ("True", hashlib.sha256().digest_size * 2)
    assert run(MAILFAX_NO_NUMBA="1") == ["False", digest]


def test_a_machine_without_numba_falls_back_by_itself() -> None:
    assert run(block="sys.modules['numba'] = None")[0] == "False"


@pytest.fixture
def kernel_file(tmp_path: Path) -> Path:
    """Make a kernel in a folder in which no cache can be made."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__pycache__").write_text("a file stands where the folder should be")
    path = folder / "sum.py"
    path.write_text(
        textwrap.dedent("""
            import os, tempfile
            tempfile.tempdir = os.environ["TEMPORARY"]
            from mailfax.t4codec.jit import kernel

            @kernel
            def add(a, b):
                return a + b

            print(add(2, 3), type(add._cache).__name__)
        """)
    )
    return path


def run_kernel(path: Path, home: Path, temporary: Path, **more: str) -> str:
    """Run it where it may write to these places only; gives the kind of its cache."""
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment |= {"XDG_CACHE_HOME": str(home), "HOME": str(home), "TEMPORARY": str(temporary)}
    environment |= {"PYTHONPATH": str(Path.cwd())} | more
    done = subprocess.run([sys.executable, path], env=environment, capture_output=True, text=True, check=True)
    result, kind = done.stdout.split()
    assert result == "5"
    return kind


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    path = tmp_path / "nowhere"
    path.write_text("no folder")
    return path


def test_a_read_only_package_caches_with_the_user(kernel_file: Path, tmp_path: Path, nowhere: Path) -> None:
    assert run_kernel(kernel_file, tmp_path / "cache", nowhere) == "FunctionCache"
    assert list((tmp_path / "cache").rglob("*.nbi"))


def test_a_service_caches_where_systemd_says(kernel_file: Path, tmp_path: Path, nowhere: Path) -> None:
    (tmp_path / "service").mkdir()
    run_kernel(kernel_file, nowhere, nowhere, CACHE_DIRECTORY=f"{tmp_path}/service:{tmp_path}/other")
    assert list((tmp_path / "service").rglob("*.nbi"))


def test_without_a_home_it_caches_in_a_private_temporary_folder(
    kernel_file: Path, tmp_path: Path, nowhere: Path
) -> None:
    (tmp_path / "tmp").mkdir()
    written_ns = []
    for _ in range(2):
        run_kernel(kernel_file, nowhere, tmp_path / "tmp")
        (made,) = (tmp_path / "tmp").rglob("*.nbc")
        written_ns.append(made.stat().st_mtime_ns)
    assert written_ns[0] == written_ns[1]  # the second run loaded what the first one made
    (folder,) = (tmp_path / "tmp").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_to_is_not_trusted(kernel_file: Path, tmp_path: Path, nowhere: Path) -> None:
    folder = tmp_path / "tmp" / f"mailfax-kernels-{os.getuid()}"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert run_kernel(kernel_file, nowhere, tmp_path / "tmp") == "NullCache"
    assert not list(folder.iterdir())


def test_without_any_place_for_a_cache_it_still_runs(kernel_file: Path, nowhere: Path) -> None:
    assert run_kernel(kernel_file, nowhere, nowhere) == "NullCache"


def test_no_page_makes_a_kernel_compile_again() -> None:
    """A call must not wait for the compiler: whatever a picture's array is like, warm() has seen its type."""
    warm()
    compiled = [len(kernel.signatures) for kernel in (encode_t4, encode_t6, decode_t4, decode_t6)]
    read_only = Bitmap.from_octets(16, b"\x00\xff" * 9)
    cut_out = Bitmap(16, np.asfortranarray(np.arange(60, dtype=np.uint8).reshape(20, 3)[::2, :2]))
    for page in (read_only, cut_out):
        for coding in Coding:
            assert decode(encode(page, coding), coding, width_px=16).bitmap == page
    assert [len(kernel.signatures) for kernel in (encode_t4, encode_t6, decode_t4, decode_t6)] == compiled == [1] * 4


def test_pad_bits_are_not_coded() -> None:
    dirty = Bitmap(11, np.array([[0b10101010, 0b10110101]], np.uint8))
    clean = Bitmap.from_octets(11, dirty.octets())
    for coding in Coding:
        assert encode(dirty, coding) == encode(clean, coding)
