"""UUCP lock files: read as other programs write them, written as other programs read them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailfax.modem.at import lockfile
from mailfax.modem.at.lockfile import holder_of, lock_path, locked
from mailfax.modem.at.port import SerialPort
from mailfax.modem.class1 import Class1Settings
from mailfax.modem.line import DeviceGone, DeviceInUse


def dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("/dev/ttyUSB0", "LCK..ttyUSB0"),
        ("/dev/pts/7", "LCK..pts_7"),
        ("/tmp/modem", "LCK..modem"),
        ("socket://a:1", None),
    ],
)
def test_the_name_of_a_lock_is_that_of_the_device(tmp_path: Path, device: str, name: str | None) -> None:
    path = lock_path(tmp_path, device)
    assert (path and path.name) == name


def test_a_link_is_locked_by_the_name_of_its_device(tmp_path: Path) -> None:
    (tmp_path / "modem").symlink_to("/dev/null")
    path = lock_path(tmp_path, str(tmp_path / "modem"))
    assert path == tmp_path / "LCK..null"


def test_a_lock_is_held_in_the_way_of_hdb_uucp_and_given_back(tmp_path: Path) -> None:
    with locked(tmp_path, "/dev/ttyS9"):
        (file,) = tmp_path.iterdir()
        assert file.read_bytes() == b"%10d\n" % os.getpid()
        assert file.stat().st_mode & 0o777 == 0o644
        with (
            pytest.raises(DeviceInUse, match=rf"Process {os.getpid()} \(.+\) uses the device"),
            locked(tmp_path, "/dev/ttyS9"),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"%10d\n", b"%d\n", b"%d", b"      %d minicom root\n"])
def test_the_locks_of_others_are_understood_while_they_live(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "LCK..ttyS9"
    path.write_bytes(content % os.getppid())
    assert holder_of(path) == os.getppid()
    path.write_bytes(os.getppid().to_bytes(4, "little"))
    assert holder_of(path) == os.getppid()


@pytest.mark.parametrize("content", [b"%10d\n" % 0, b"", b"garbage\n", b"\0\0\0\0", b"-1\n", None])
def test_a_stale_lock_is_taken_over(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "LCK..ttyS9"
    path.write_bytes(b"%10d\n" % dead_process() if content is None else content)
    with locked(tmp_path, "/dev/ttyS9"):
        assert holder_of(path) == os.getpid()
    assert not path.exists()


def test_a_lock_that_was_taken_from_us_is_not_given_back(tmp_path: Path) -> None:
    path = tmp_path / "LCK..ttyS9"
    with locked(tmp_path, "/dev/ttyS9"):
        path.write_bytes(b"%10d\n" % os.getppid())
    assert path.exists()


def test_of_two_who_find_the_same_stale_lock_one_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "LCK..ttyS9"
    path.write_bytes(b"%10d\n" % dead_process())
    looked: list[Path] = []

    def as_seen(seen: Path) -> int | None:
        looked.append(seen)
        if len(looked) > 1:
            return holder_of(seen)
        path.unlink()  # the other is a moment faster
        path.write_bytes(b"%10d\n" % os.getppid())
        return None

    monkeypatch.setattr(lockfile, "holder_of", as_seen)
    with pytest.raises(DeviceInUse, match=f"Process {os.getppid()}"), locked(tmp_path, "/dev/ttyS9"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert holder_of(path) == os.getppid()


def test_a_link_that_waits_in_the_folder_is_not_written_through(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / f"LTMP.{os.getpid()}.LCK..ttyS9").symlink_to(precious)
    with locked(tmp_path, "/dev/ttyS9"):
        assert holder_of(tmp_path / "LCK..ttyS9") == os.getpid()
    assert precious.read_text() == "kept"


def test_without_a_folder_that_may_be_written_the_kernels_lock_is_enough(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        locked(tmp_path / "absent", "/dev/ttyS9"),
        locked(tmp_path / "file", "/dev/ttyS9"),
        locked(None, "/dev/ttyS9"),
    ):
        pass


def test_a_port_takes_the_lock_and_tells_who_has_it_and_what_is_not_there(tmp_path: Path) -> None:
    modem_end, our_end = os.openpty()
    device = os.ttyname(our_end)
    path = lock_path(tmp_path, device)
    assert path is not None
    port = SerialPort(Class1Settings(device=device, lock_folder=tmp_path))
    assert holder_of(path) == os.getpid()
    with pytest.raises(DeviceInUse):
        SerialPort(Class1Settings(device=device))
    port.close()
    assert not path.exists()
    path.write_bytes(b"%10d\n" % os.getppid())
    with pytest.raises(DeviceInUse, match=f"Process {os.getppid()}"):
        SerialPort(Class1Settings(device=device, lock_folder=tmp_path))
    path.unlink()
    os.close(our_end)
    os.close(modem_end)
    with pytest.raises(DeviceGone):
        SerialPort(Class1Settings(device=device, lock_folder=tmp_path))
    assert not path.exists()
