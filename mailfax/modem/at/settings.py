"""What is told of a modem and its line, whatever the fax class in which it is driven. The drivers' own settings add to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class FlowControl(StrEnum):
    """How the modem holds back what we send; it is never held back itself."""

    NONE = "none"
    RTS_CTS = "rtscts"
    XON_XOFF = "xonxoff"


class Did(StrEnum):
    """How it is known which number a call is for."""

    NONE = "none"  # the network does not say: every call is for the line's own number
    SIGNALLED = "signalled"  # the network says; a call of which it was not heard is for nobody knows whom


# Factory profile; then no echo, result codes in words and all of them, no answering by itself, a minute for the far end.
BASIC_INIT = ("ATZ", "ATE0V1Q0X4S0=0S7=60")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModemSettings:
    """One modem and its line.

    `device` is whatever pyserial opens: `/dev/ttyUSB0`, a pty, `socket://host:port`, `rfc2217://host:port`. `number` is the
    line's own number; `did` says whether it is also the called one. `init` is sent before each call, each string answered by
    OK. `caller_id` may be refused by the modem (then calls come without), or be empty.
    """

    device: str
    lock_folder: Path | None = None  # of UUCP lock files; None for none
    name: str = "modem"
    number: str = ""
    did: Did = Did.NONE
    speed: int = 115200
    flow_control: FlowControl = FlowControl.RTS_CTS
    init: tuple[str, ...] = BASIC_INIT
    fax_class: str = "1"
    after_class: tuple[str, ...] = ()  # what entering the class makes the modem forget
    caller_id: str = "AT+VCID=1"
    caller_id_wait_s: float = 4.0  # it comes between the first ring and the second, in the 4 s of silence
    dial_prefix: str = "ATDT"
    rings_before_answer: int = 1
    ring_numbers: Mapping[str, str] = field(
        default_factory=dict
    )  # distinctive ringing: what follows RING, to the called number
    adaptive_answer: str = ""  # command that has the modem tell fax from data when it answers; may be refused
    ring_gap_s: float = 10.0  # cadences run to 6 s; a longer gap means that the caller gave up
    dial_timeout_s: float = 65.0  # T.30 T0, 60 ± 5 s
    answer_timeout_s: float = 30.0
    command_timeout_s: float = 5.0
    write_stall_s: float = 15.0  # at 2400 bit/s a modem may empty half its buffer before it takes more
