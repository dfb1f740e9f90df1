"""Lock files in the style of UUCP (FHS, /run/lock): how programs that share a serial device tell each other who has it.

`LCK..ttyUSB0` holds the process id in ten characters and a line feed. One whose process is gone is stale and taken over.
Used by `opening` for each device below /dev; the kernel's own lock on the device (TIOCEXCL) is taken beside it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import structlog

from mailfax.modem.line import DeviceInUse

_log = structlog.get_logger(__name__)
TRIES = 3  # against others who take over the same stale file


def lock_path(folder: Path, device: str) -> Path | None:
    """Return where the lock of a device is; None for what is no device of this machine. Links are followed first."""
    if "://" in device:
        return None
    real = Path(device).resolve()
    name = real.relative_to("/dev") if real.is_relative_to("/dev") else Path(real.name)
    return folder / f"LCK..{'_'.join(name.parts)}"


class LockFile:
    """A lock held by this process until `release`. Raises DeviceInUse where another living process holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        mine = path.with_name(f"LTMP.{os.getpid()}.{path.name}")
        self._held = False
        try:
            mine.unlink(missing_ok=True)
            with mine.open("x", encoding="ascii") as file:  # the folder may be anybody's: follow no link
                file.write(f"{os.getpid():10d}\n")
            mine.chmod(0o644)
            self._take(mine)
        except FileNotFoundError:
            _log.warning("no lock file", path=str(path), reason=f"{path.parent} is not there")
        except OSError as denied:
            # Where we may not write (not our group, a read-only or full disk), the kernel's lock on the device is all there is.
            _log.warning("no lock file", path=str(path), reason=denied.strerror)
        finally:
            with contextlib.suppress(OSError):
                mine.unlink()

    def _take(self, mine: Path) -> None:
        for _ in range(TRIES):
            with contextlib.suppress(FileExistsError):
                self._path.hardlink_to(mine)
                self._held = True
                return
            if (holder := holder_of(self._path)) is not None:
                raise DeviceInUse(f"Process {holder}{_named(holder)} uses the device ({self._path}).")
            self._put_aside()
        raise DeviceInUse(f"Others are taking the lock {self._path}.")

    def _put_aside(self) -> None:
        """Take a stale lock away. Another who found it stale too may have its own there by now: that one goes back."""
        aside = self._path.with_name(f"LOLD.{os.getpid()}.{self._path.name}")
        with contextlib.suppress(FileNotFoundError):
            self._path.rename(aside)
            try:
                if holder_of(aside) is None:
                    _log.warning("a stale lock file is taken over", path=str(self._path))
                    return
                with contextlib.suppress(FileExistsError):
                    self._path.hardlink_to(aside)
            finally:
                aside.unlink(missing_ok=True)

    def release(self) -> None:
        """Give the lock back, if it is still ours."""
        if self._held and holder_of(self._path) == os.getpid():
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._held = False


def holder_of(path: Path) -> int | None:
    """Return the living process that holds a lock, None where it is stale, gone, or unreadable as a lock.

    The number is text, or in old programs four octets.
    """
    try:
        said = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        process = int(said.split()[0]) if said.strip().isdigit() or b" " in said or said.endswith(b"\n") else 0
    except (ValueError, IndexError):
        process = 0
    if process <= 0 and len(said) == 4:
        process = int.from_bytes(said, "little")
    return process if process > 0 and _lives(process) else None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _named(process: int) -> str:
    with contextlib.suppress(OSError):
        return f" ({Path(f'/proc/{process}/comm').read_text(encoding='utf-8').strip()})"
    return ""


@contextlib.contextmanager
def locked(folder: Path | None, device: str) -> Iterator[None]:
    """Hold the lock of a device for a while; without a folder, none."""
    path = None if folder is None else lock_path(folder, device)
    if path is None:
        yield
        return
    lock = LockFile(path)
    try:
        yield
    finally:
        lock.release()
