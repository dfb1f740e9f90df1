"""The only place that knows numba: the decorator of the kernels, and the form of the cells that they work on.

With numba a kernel is compiled and works on numpy arrays. Without it (not installed, or MAILFAX_NO_NUMBA=1) the same
function is run by Python and works on lists and bytearrays, which Python indexes several times faster than arrays.
"""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
_NUMBA_PLACE = "NUMBA_CACHE_DIR"


class Cells(Protocol):
    """A row of integers: an array, a list or a bytearray."""

    def __getitem__(self, index: int, /) -> int:
        """Read one cell."""
        ...

    def __setitem__(self, index: int, value: int, /) -> None:
        """Write one cell."""
        ...

    def __len__(self) -> int:
        """Count the cells."""
        ...


def _compiler() -> Callable[..., Any] | None:
    if os.environ.get("MAILFAX_NO_NUMBA") == "1":
        return None
    if folder := os.environ.get("CACHE_DIRECTORY"):  # what systemd made for the service (CacheDirectory=)
        os.environ.setdefault(_NUMBA_PLACE, folder.partition(":")[0])
    try:
        from numba import njit  # noqa: PLC0415  (numba is optional, and costs a second to import)
    except ImportError:
        return None
    return cast("Callable[..., Any]", njit)


def _own_folder() -> Path | None:
    """Give a folder for temporary files in which nobody else can put machine code; None where there is none."""
    folder = Path(tempfile.gettempdir(), f"mailfax-kernels-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if ours and os.access(folder, os.W_OK) else None


_NJIT = _compiler()
COMPILED = _NJIT is not None


def kernel(function: Function) -> Function:
    """Compile a function at its first call; the machine code is kept on disk, under a hash of the function's file.

    So a kernel calls only kernels of its own file: a change in another one would not be seen.
    numba keeps it in NUMBA_CACHE_DIR, which systemd's CACHE_DIRECTORY stands in for, else beside the package, else in the user's
    cache folder. Where none of these can be written it says RuntimeError; then a folder of our own among the temporary files
    is taken. Without that too, every process compiles anew.
    """
    if _NJIT is None:
        return function
    try:
        return cast("Function", _NJIT(cache=True, nogil=True)(function))
    except RuntimeError:
        folder = _own_folder()
        if folder is None:
            return cast("Function", _NJIT(nogil=True)(function))
    from numba.core import config  # noqa: PLC0415  (as above)

    os.environ[_NUMBA_PLACE] = str(folder)  # for processes that this one starts
    config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # numba makes its settings when it runs
    return cast("Function", _NJIT(cache=True, nogil=True)(function))


def table(values: NDArray[Any]) -> Cells:
    """Give a table that kernels read."""
    return cast("Cells", np.ascontiguousarray(values) if COMPILED else values.tolist())


def octet_cells(values: NDArray[np.uint8]) -> Cells:
    """Give octets that kernels read. What cannot be written is copied: to numba it is of another type, to be compiled for."""
    if not COMPILED:
        return cast("Cells", values.tobytes())
    flat = np.ascontiguousarray(values).reshape(-1)
    return cast("Cells", flat if flat.flags.writeable else flat.copy())


def new_octets(count: int) -> Cells:
    """Make room for octets that a kernel writes; with numba they are not cleared."""
    return cast("Cells", np.empty(count, np.uint8) if COMPILED else bytearray(count))


def zero_octets(count: int) -> Cells:
    """Make `count` octets of value 0 that a kernel writes; what it leaves alone costs no time."""
    return cast("Cells", np.zeros(count, np.uint8) if COMPILED else bytearray(count))


def more_octets(octets: Cells, count: int) -> Cells:
    """Give `count` octets that begin with these, and are 0 behind them."""
    longer = zero_octets(count)
    as_array(longer)[: len(octets)] = as_array(octets)
    return longer


def new_integers(count: int) -> Cells:
    """Make `count` integers of value 0 that a kernel reads and writes."""
    return cast("Cells", np.zeros(count, np.int64) if COMPILED else [0] * count)


def more_integers(integers: Cells, count: int) -> Cells:
    """Give `count` integers that begin with these; the others are 0."""
    values = integers_of(integers)
    longer = np.zeros(count, np.int64)
    longer[: len(values)] = values
    return cast("Cells", longer if COMPILED else longer.tolist())


def integers_of(integers: Cells) -> NDArray[np.int64]:
    """Look at integers as an array; without numba a copy."""
    return np.asarray(integers, np.int64)


def as_array(octets: Cells) -> NDArray[np.uint8]:
    """Look at octets that a kernel wrote as an array, without copying them."""
    if COMPILED:
        return cast("NDArray[np.uint8]", octets)
    return np.frombuffer(cast("bytearray", octets), np.uint8)
