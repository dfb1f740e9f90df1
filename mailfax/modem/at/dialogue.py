"""The AT dialogue: commands out, result codes and data in, every wait bounded (T.31 and V.250)."""

import threading
from collections.abc import Callable
from enum import Enum

from mailfax.modem.at.dle import END, Unshielder
from mailfax.modem.at.port import Port
from mailfax.modem.line import LineFault

CAN = b"\x18"  # any octet but XON and XOFF ends a receive; CAN is the usual one (T.31, +FRM)
QUIET_S = 0.2  # a modem that stays silent so long after an abort has nothing more to say about it
ABORT_RESULTS = 4
ALIVE_S = 3.0
STALE_READS = 64
LINE_LIMIT = 256


class Stopped(Exception):
    """Somebody called stop()."""


class Result(Enum):
    """Final result codes: those of V.250, and of T.31 the last two."""

    OK = "OK"
    CONNECT = "CONNECT"
    NO_CARRIER = "NO CARRIER"
    ERROR = "ERROR"
    NO_DIALTONE = "NO DIALTONE"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    FAX = "FAX"  # adaptive answer (+FAA): what the caller is; CONNECT follows
    DATA = "DATA"
    VOICE = "VOICE"
    REFUSED = (
        "BLACKLISTED"  # or DELAYED: the modem itself dials no number that failed too often (the law of some countries)
    )
    FCERROR = "+FCERROR"
    FRH3 = "+FRH:3"


_SPELLINGS = {result.value: result for result in Result} | {
    "NO DIAL TONE": Result.NO_DIALTONE,
    "NODIALTONE": Result.NO_DIALTONE,
    "FCERROR": Result.FCERROR,
    "+F4": Result.FCERROR,
    "+FRH: 3": Result.FRH3,
}


def read_result(line: str) -> Result | None:
    """Read a line as a result code; CONNECT may carry a rate."""
    if line.startswith("CONNECT "):
        return Result.CONNECT
    if line.startswith(("BLACKLISTED", "DELAYED")):
        return Result.REFUSED
    return _SPELLINGS.get(line)


def spoken(text: str) -> bytes:
    """Return a command as it goes out: one line of ASCII, whoever wrote it. Raises LineFault for what would be two."""
    if not (text.isascii() and text.isprintable()):
        raise LineFault(f"{text!r} is no command for a modem.")
    return text.encode("ascii") + b"\r"


class Dialogue:
    """One conversation with one modem. All times are of `clock`; `stop` makes every wait raise Stopped.

    Outside a call (`in_call`) the modem may tell at any moment that somebody rings: each line that is about that goes to
    `ringing`, which says whether it is, and is no part of an answer. Nothing that it says of a ring is ever dropped.
    """

    def __init__(self, port: Port, clock: Callable[[], float], ringing: Callable[[str], bool]) -> None:
        self.port = port
        self.clock = clock
        self.in_call = False
        self._ringing = ringing
        self.stop = threading.Event()
        self.heed_stop = True
        self.last_line = ""
        self._inbox = bytearray()

    def check_stop(self) -> None:
        """Raise Stopped if somebody called stop()."""
        if self.heed_stop and self.stop.is_set():
            raise Stopped

    def write(self, octets: bytes) -> None:
        """Hand octets to the modem."""
        self.check_stop()
        self.port.write(octets)
        self.check_stop()

    def command(self, text: str, timeout_s: float) -> Result | None:
        """Send a command and wait for its result; None when there was none in time. What came before is stale and dropped."""
        self.drop_stale()
        self.write(spoken(text))
        return self.result(timeout_s, echo=text)

    def result(self, timeout_s: float, echo: str = "") -> Result | None:
        """Wait for a result code, passing over echo, RING and chatter; None when there was none in time."""
        deadline_s = self.clock() + timeout_s
        while (line := self.line(deadline_s)) is not None:
            if self._of_a_ring(line):
                continue
            self.last_line = line if line != echo else self.last_line
            if (result := read_result(line)) is not None:
                return result
        return None

    def ask(self, text: str, timeout_s: float) -> str:
        """Send a query and return what the modem says before OK; empty when it knows no such query."""
        self.drop_stale()
        self.write(spoken(text))
        deadline_s = self.clock() + timeout_s
        said: list[str] = []
        while (line := self.line(deadline_s)) is not None:
            if self._of_a_ring(line):
                continue
            match read_result(line):
                case None:
                    said += [line] if line != text else []
                case Result.OK:
                    return " ".join(said)
                case _:
                    break
        return ""

    def listen(self) -> None:
        """Wait a moment for what the modem says unasked, and take all that is there."""
        self.check_stop()
        self._inbox += self.port.read()
        self.drop_stale()

    def poll(self) -> Result | None:
        """Return a result code that is there already, without waiting."""
        while (line := self.there()) is not None:
            if (result := read_result(line)) is not None:
                return result
        return None

    def there(self) -> str | None:
        """Return a line that is not empty and there already, without waiting; None when there is none."""
        if self.port.pending():
            self._inbox += self.port.read()
        while (line := self._cut_line()) is not None:
            if line:
                return line
        return None

    def await_octet(self, octet: bytes, timeout_s: float) -> bool:
        """Wait for an octet, and forget what came before it; False when it did not come in time."""
        deadline_s = self.clock() + timeout_s
        while octet not in self._inbox:
            if not self._fill(deadline_s):
                return False
        del self._inbox[: self._inbox.index(octet) + 1]
        return True

    def line(self, deadline_s: float) -> str | None:
        """Wait for a line of text that is not empty; None at the deadline. Control characters in it are kept."""
        while True:
            while (line := self._cut_line()) is not None:
                if line:
                    return line
            if not self._fill(deadline_s):
                return None

    def data(self, *, idle_s: float, limit_s: float, limit_octets: int, instead: bytes = b"") -> Unshielder:
        """Read data up to DLE ETX; cut short when nothing came for `idle_s`, or at either limit (`ended` says which).

        It is over too when the modem says `instead` in place of DLE ETX.
        """
        data = Unshielder()
        end_s = self.clock() + limit_s
        while True:
            rest = data.feed(bytes(self._inbox))
            self._inbox[:] = rest
            if data.ended or len(data) > limit_octets or data.ends_with(instead):
                return data
            if not self._fill(min(end_s, self.clock() + idle_s)):
                return data

    def abort(self) -> bool:
        """End a receive. The modem answers OK, or with the result that was on its way; what comes late is dropped.

        Returns whether it answered at all.
        """
        self.write(CAN)
        answered = False
        for _ in range(ABORT_RESULTS):
            result = self.result(QUIET_S)
            answered |= result is not None
            if result in {None, Result.OK}:
                break
        self.drop_stale()
        return answered

    def break_off(self, what: str) -> None:
        """End what the modem gives no result of. Raises LineFault for one that answers nothing any more.

        One that had ended it already (libspandsp's) is in command state, and knows no abort.
        """
        if not self.abort() and self.command("AT", ALIVE_S) is None:
            raise LineFault(f"The modem stopped answering ({what}).")

    def drop_stale(self) -> None:
        """Forget what has arrived so far, but for what is of a ring; a line of which the end is still to come may be."""
        for _ in range(STALE_READS):  # a modem that never stops talking is met by the next wait's deadline
            if not self.port.pending():
                break
            self._inbox += self.port.read()
        if self.in_call:
            self._inbox.clear()
        while (line := self._cut_line()) is not None:
            self._of_a_ring(line)

    def must(self, text: str, timeout_s: float) -> None:
        """Send a command that has to be answered by OK."""
        match self.command(text, timeout_s):
            case Result.OK:
                return
            case None:
                raise LineFault(f"The modem did not answer {text}.")
            case refused:
                raise LineFault(f"The modem answered {text} with {refused.value}.")

    def _of_a_ring(self, line: str) -> bool:
        return not self.in_call and self._ringing(line)

    def _fill(self, deadline_s: float) -> bool:
        """Wait for more octets; False at the deadline."""
        while True:
            self.check_stop()
            if self.clock() >= deadline_s:
                return False
            if piece := self.port.read():
                self._inbox += piece
                return True

    def _cut_line(self) -> str | None:
        """Take one line from what has arrived: up to LF, or LINE_LIMIT octets of something that is none.

        A DTMF digit comes as DLE and the digit, without a line end (T.31), and counts as a line.
        """
        if self._inbox[:1] == END[:1]:
            if len(self._inbox) < len(END):
                return None
            digit = self._inbox[: len(END)].decode("latin-1")
            del self._inbox[: len(END)]
            return digit
        end = self._inbox.find(b"\n")
        if end < 0 and len(self._inbox) < LINE_LIMIT:
            return None
        taken = LINE_LIMIT if end < 0 else end + 1
        line = self._inbox[:taken].decode("latin-1").strip(" \r\n\0\x11\x13")
        del self._inbox[:taken]
        return line
