"""The serial device under a modem, by pyserial; its faults become LineFault in plain words."""

import contextlib
import errno
import termios
from collections.abc import Iterator
from typing import Protocol

import serial

from mailfax.modem.at.lockfile import locked
from mailfax.modem.at.settings import FlowControl, ModemSettings
from mailfax.modem.line import DeviceGone, DeviceInUse, LineFault

POLL_S = 0.1  # how soon a stop or a deadline is noticed while nothing arrives


class Port(Protocol):
    """Octets to and from a modem. Every method raises LineFault when the device is gone."""

    def read(self) -> bytes:
        """Return what has arrived, waiting at most POLL_S for it; empty when nothing did."""
        ...

    def pending(self) -> bool:
        """Say whether something has arrived, without waiting."""
        ...

    def write(self, octets: bytes) -> None:
        """Hand octets to the modem, held back by its flow control for a bounded time."""
        ...

    def flow(self, *, sending: bool) -> None:
        """Heed XON and XOFF only while page data is sent: in received data they are data."""
        ...

    def drop_output(self) -> None:
        """Forget what has not yet gone out."""
        ...

    def drop_dtr(self) -> None:
        """Lower DTR, which makes most modems hang up and return to command state; raised again by `raise_dtr`."""
        ...

    def raise_dtr(self) -> None:
        """Raise DTR."""
        ...

    def interrupt(self) -> None:
        """Make a blocked write return (from another thread)."""
        ...

    def close(self) -> None:
        """Give the device back. Never raises."""
        ...


# SerialException is an OSError; termios has an error of its own; a port closed under us gives the others.
GONE = (OSError, termios.error, ValueError, TypeError)


@contextlib.contextmanager
def _faults(device: str) -> Iterator[None]:
    """Turn what pyserial and the kernel raise into a sentence."""
    try:
        yield
    except serial.SerialTimeoutException as stalled:
        raise LineFault(f"The modem at {device} takes no more data.") from stalled
    except GONE as gone:
        raise LineFault(f"The modem at {device} cannot be used: {gone}.") from gone


@contextlib.contextmanager
def _opening(device: str) -> Iterator[None]:
    """Tell a device that is not there, and one that another program has, from one that is broken."""
    try:
        yield
    except OSError as error:
        said = f"The modem at {device} cannot be used: {error}."
        if error.errno in _TAKEN:
            raise DeviceInUse(said) from error
        if error.errno in _ABSENT or "://" in device:
            raise DeviceGone(said) from error
        raise LineFault(said) from error
    except (termios.error, ValueError) as unfit:  # the first where it goes away while it is being set up
        raise LineFault(f"The modem at {device} cannot be used: {unfit}.") from unfit


# EIO: the other end of a pseudo-terminal is closed.
_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTDIR, errno.ELOOP}
_TAKEN = {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}


class SerialPort:
    """A Port on anything `serial.serial_for_url` opens, locked against a second user: by a lock file, and by the kernel where it can."""

    def __init__(self, settings: ModemSettings) -> None:
        self._device = settings.device
        self._soft_flow = settings.flow_control is FlowControl.XON_XOFF
        remote = settings.device.startswith("rfc2217://")  # which has a time-out of its own, and takes no other
        with contextlib.ExitStack() as unless_open:
            unless_open.enter_context(locked(settings.lock_folder, settings.device))
            with _opening(self._device):
                self._serial = serial.serial_for_url(
                    settings.device,
                    baudrate=settings.speed,
                    rtscts=settings.flow_control is FlowControl.RTS_CTS,
                    timeout=POLL_S,
                    write_timeout=None if remote else settings.write_stall_s,
                    exclusive=True if "://" not in settings.device else None,
                )
            self._lock = unless_open.pop_all()

    def read(self) -> bytes:
        """Return what has arrived, waiting at most POLL_S for it."""
        with _faults(self._device):
            first: bytes = self._serial.read(1)
            waiting: int = self._serial.in_waiting if first else 0
            more: bytes = self._serial.read(waiting) if waiting else b""
            return first + more

    def pending(self) -> bool:
        """Say whether something has arrived."""
        with _faults(self._device):
            return bool(self._serial.in_waiting)

    def write(self, octets: bytes) -> None:
        """Hand octets to the modem."""
        with _faults(self._device):
            self._serial.write(octets)

    def flow(self, *, sending: bool) -> None:
        """Heed XON and XOFF while page data is sent."""
        if self._soft_flow:
            with _faults(self._device):
                self._serial.xonxoff = sending

    def drop_output(self) -> None:
        """Forget what is under way to the modem."""
        with _faults(self._device):
            self._serial.reset_output_buffer()

    def drop_dtr(self) -> None:
        """Lower DTR; a pty has none, and that is no fault."""
        with contextlib.suppress(*GONE):
            self._serial.dtr = False

    def raise_dtr(self) -> None:
        """Raise DTR."""
        with contextlib.suppress(*GONE):
            self._serial.dtr = True

    def interrupt(self) -> None:
        """Make a blocked write return; network ports bound theirs themselves."""
        cancel = getattr(self._serial, "cancel_write", None)
        if cancel is not None:
            with contextlib.suppress(*GONE):
                cancel()

    def close(self) -> None:
        """Give the device back. What a wedged modem has not taken is forgotten: the kernel waits half a minute for it else."""
        with self._lock, contextlib.suppress(*GONE):
            try:
                self._serial.reset_output_buffer()
            finally:
                self._serial.close()
