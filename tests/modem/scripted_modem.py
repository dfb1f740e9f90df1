"""A modem that follows a script on a virtual clock: what it must be told, and what it says then, and when.

Anything that the driver says beside the script fails the test at once.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mailfax.modem.at.port import POLL_S
from mailfax.modem.class1 import Class1Line, Class1Settings
from mailfax.modem.line import LineFault
from mailfax.t30.commands import SendFrames

OK = b"\r\nOK\r\n"
CONNECT = b"\r\nCONNECT\r\n"
NO_CARRIER = b"\r\nNO CARRIER\r\n"
ERROR = b"\r\nERROR\r\n"
FCERROR = b"\r\n+FCERROR\r\n"
END = b"\x10\x03"
CAN = b"\x18"


@dataclass(frozen=True, slots=True)
class Step:
    """When told `told`, the modem says each of `says` after so many seconds; `then` is done when it has been told."""

    told: bytes
    says: tuple[tuple[float, bytes], ...] = ()
    then: Callable[[], None] | None = None


def step(told: bytes | str, *says: bytes | tuple[float, bytes], then: Callable[[], None] | None = None) -> Step:
    """Write a step; commands as text, what is said at once without a time."""
    octets = f"{told}\r".encode() if isinstance(told, str) else told
    return Step(octets, tuple(said if isinstance(said, tuple) else (0.01, said) for said in says), then)


WAKE = (
    step("ATE0V1Q0", OK),
    step("ATZ", OK),
    step("ATE0V1Q0X4S0=0S7=60", OK),
    step("AT&D2", OK),
    step("AT+FCLASS=1", OK),
    step("AT+FTM=?", b"\r\n24,48,72,73,74,96,97,98,121,122,145,146\r\n" + OK),
    step("AT+FRM=?", b"\r\n(24,48,72-74,96-98,121,122,145,146)\r\n" + OK),
    step("AT+VCID=1", OK),
)
DIAL = step("ATDT5551234", (6.0, CONNECT))
ANSWER = step("ATA", (4.0, CONNECT))
HANG_UP = step("ATH0", OK)


@dataclass(kw_only=True)
class ScriptedModem:
    """The modem and the clock of its world."""

    script: deque[Step]
    now_s: float = 100.0
    babble: bytes = b""
    takes_data: bool = True
    gone: bool = False
    dtr_drops: int = 0
    told: bytearray = field(default_factory=bytearray)
    flows: list[bool] = field(default_factory=list)
    _due: deque[tuple[float, bytes]] = field(default_factory=deque)

    def clock(self) -> float:
        """Return the time."""
        return self.now_s

    def say(self, *says: tuple[float, bytes]) -> None:
        """Have the modem say something unasked, each so many seconds after the one before."""
        at_s = max(self.now_s, self._due[-1][0] if self._due else self.now_s)
        for after_s, octets in says:
            at_s += after_s
            self._due.append((at_s, octets))

    # -- the Port

    def read(self) -> bytes:
        """Let time pass until something comes, at most POLL_S."""
        self._must_be_there()
        if self.babble:
            self.now_s += 0.01
            return self.babble
        if self._due and self._due[0][0] <= self.now_s + POLL_S:
            at_s, octets = self._due.popleft()
            self.now_s = max(self.now_s, at_s)
            return octets
        self.now_s += POLL_S
        return b""

    def pending(self) -> bool:
        """Say whether something has come."""
        self._must_be_there()
        return bool(self.babble) or bool(self._due and self._due[0][0] <= self.now_s)

    def write(self, octets: bytes) -> None:
        """Hear what the driver says, and go on in the script."""
        self._must_be_there()
        if not self.takes_data:
            raise LineFault("The modem takes no more data.")
        self.now_s += len(octets) * 10 / 115200
        self.told += octets
        while self.script and self.told.startswith(self.script[0].told):
            done = self.script.popleft()
            del self.told[: len(done.told)]
            self.say(*done.says)
            if done.then:
                done.then()
        expected = self.script[0].told if self.script else b""
        assert self.babble or expected.startswith(self.told), f"told {bytes(self.told)!r}, expected {expected!r}"

    def flow(self, *, sending: bool) -> None:
        """Note when page data goes out."""
        self._must_be_there()
        self.flows.append(sending)

    def drop_output(self) -> None:
        """Nothing is ever under way: what is told is heard at once."""
        self._must_be_there()

    def drop_dtr(self) -> None:
        """Count it."""
        self.dtr_drops += 1

    def raise_dtr(self) -> None:
        """Nothing to count."""

    def interrupt(self) -> None:
        """Nothing blocks here."""

    def close(self) -> None:
        """Be gone."""
        self.gone = True

    def _must_be_there(self) -> None:
        if self.gone:
            raise LineFault("The modem is gone.")


def modem(*steps: Step, awake: bool = False) -> ScriptedModem:
    """Make a modem that is woken first, unless the script says how."""
    return ScriptedModem(script=deque(steps if awake else (*WAKE, *steps)))


def open_line(scripted: ScriptedModem, settings: Class1Settings | None = None) -> Class1Line:
    """Open a line on it."""
    return Class1Line(settings or Class1Settings(device="scripted"), scripted, clock=scripted.clock)


def in_call(*steps: Step, incoming: bool = False) -> tuple[Class1Line, ScriptedModem]:
    """Return a line that has just been connected."""
    scripted = modem(ANSWER if incoming else DIAL, *steps)
    line = open_line(scripted)
    if incoming:
        assert line.answer()
    else:
        line.dial("5551234")
    return line, scripted


def sent_before(*steps: Step) -> tuple[Class1Line, ScriptedModem]:
    """Return a line in a call whose last carrier was ours."""
    line, scripted = in_call(step(bytes.fromhex("FF138C") + END, OK), *steps, incoming=True)
    line.perform(SendFrames(frames=(bytes.fromhex("FFC831"),)))
    return line, scripted
