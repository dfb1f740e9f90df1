"""A pty whose other end is a DTE: octets out, octets in, and whether anybody has it open. Used by `class2modem`."""

import contextlib
import os
import select
import tty
from pathlib import Path

GONE = -1


class DtePort:
    """`link` becomes a link to the pty."""

    def __init__(self, link: Path) -> None:
        self.outbox = bytearray()
        self.dte_there = False
        self._link = link
        self.plug_in()

    def plug_in(self) -> None:
        """Be there, again: with a pty of another name under the same link."""
        self.fd, dte = os.openpty()
        tty.setraw(dte)
        link = os.ttyname(dte)
        os.close(dte)
        os.set_blocking(self.fd, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(link)

    def pull(self) -> None:
        """Have the plug pulled: the device is gone."""
        os.close(self.fd)
        self._link.unlink(missing_ok=True)
        self.fd, self.dte_there = GONE, False
        self.outbox.clear()

    def say(self, octets: bytes) -> None:
        """Queue octets for the DTE, and write what it takes now."""
        self.outbox += octets
        self.flush()

    def flush(self) -> None:
        """Write what is queued."""
        if self.fd == GONE:
            self.outbox.clear()
        while self.outbox:
            try:
                del self.outbox[: os.write(self.fd, self.outbox[:2048])]
            except BlockingIOError:
                return
            except OSError:  # nobody has the pty open: the characters fall on the floor
                self.outbox.clear()

    def read(self, most: int) -> tuple[bytes, bool]:
        """Return what the DTE wrote, and whether it has just gone away."""
        octets = bytearray()
        while self.fd != GONE and len(octets) < max(most, 1):
            poll = select.poll()
            poll.register(self.fd, select.POLLIN)
            flags = sum(event for _, event in poll.poll(0))
            gone = bool(flags & select.POLLHUP) and not flags & select.POLLIN
            if gone and self.dte_there:
                self.dte_there = False
                self.outbox.clear()
                with contextlib.suppress(OSError):
                    tty.setraw(self.fd)
                return bytes(octets), True
            if not flags & select.POLLHUP:
                self.dte_there = True
            if not flags & select.POLLIN or most <= 0:
                break
            try:
                octets += os.read(self.fd, min(1024, most - len(octets)))
            except OSError:
                break
        return bytes(octets), False

    def close(self) -> None:
        """Take the modem away."""
        if self.fd != GONE:
            os.close(self.fd)
        self._link.unlink(missing_ok=True)
