"""Opens a modem: finds out what it is, chooses its profile and class, and makes a line of it.

Called for each line by what `daemon.build` returns, and by `mailfax modem`.
A modem is asked each time it is opened, since another one may be plugged in by then.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

import structlog

from mailfax.modem.at.attention import get_attention
from mailfax.modem.at.dialogue import Dialogue
from mailfax.modem.at.port import Port, SerialPort
from mailfax.modem.at.ringing import Overhearer, RingWords
from mailfax.modem.class1 import Class1Line, Class1Settings, Did, DidMemory, FlowControl
from mailfax.modem.class2 import Class2Line, Class2Settings
from mailfax.modem.line import Line, LineFault
from mailfax.modem.profile import FaxClass, Profile, choose, questions, read_classes

AUTO = "auto"
LOCK_FOLDER = Path("/run/lock")  # FHS
FIRST_SPEED = 115200
ANSWER_S = 3.0
SHOWN = 60
CLASSES = "AT+FCLASS=?"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wished:
    """What is said of a modem in the configuration or on the command line; None and AUTO leave it to the profile.

    `extra_init` follows the profile's own commands, `dialled_first` stands before every number. `polls`: calls go out to fetch what
    the far machine offers, which a modem that does T.30 itself has to be told before it dials.
    """

    device: str
    lock_folder: Path | None = LOCK_FOLDER
    name: str = "modem"
    number: str = ""
    did: Did = Did.NONE
    profile: str = AUTO
    fax_class: FaxClass | None = None
    speed: int | None = None
    flow: FlowControl | None = None
    extra_init: tuple[str, ...] = ()
    dialled_first: str = ""
    caller_id: str | None = None
    rings: int = 1
    ring_numbers: Mapping[str, str] = field(default_factory=dict)
    adaptive_answer: bool = False
    polls: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Identified:
    """What a modem said of itself, by question, the fax classes that it offers, and what it said of a ring meanwhile."""

    answers: Mapping[str, str]
    classes: tuple[FaxClass, ...]
    heard: RingWords = ()


def identify(
    port: Port, device: str, asked: tuple[str, ...], clock: Callable[[], float] = time.monotonic
) -> Identified:
    """Ask a modem who it is; a question that it does not know is answered by nothing. Raises LineFault."""
    overhearer = Overhearer(device, clock)
    dialogue = Dialogue(port, clock, overhearer.take)
    get_attention(dialogue, device)
    answers = {question: dialogue.ask(question, ANSWER_S) for question in dict.fromkeys((*asked, CLASSES))}
    return Identified(answers=answers, classes=read_classes(answers[CLASSES]), heard=tuple(overhearer.heard))


def choose_class(wished: FaxClass | None, profile: Profile, offered: tuple[FaxClass, ...]) -> FaxClass:
    """Return the class that was asked for, else the profile's best that the modem has."""
    if wished is not None:
        return wished
    able = [one for one in profile.classes if not offered or one in offered]
    return next(iter((*able, *offered)), profile.classes[0])


def open_modem(wished: Wished, profiles: Mapping[str, Profile], *, memory: DidMemory | None = None) -> Line:
    """Open the device and make the modem ready. Raises LineFault with what is wrong.

    Give the same `memory` each time the device is opened again, and what was learnt of the line is not forgotten.
    """
    first = Class1Settings(
        device=wished.device,
        lock_folder=wished.lock_folder,
        speed=wished.speed or FIRST_SPEED,
        flow_control=wished.flow or FlowControl.RTS_CTS,
    )
    port = SerialPort(first)
    try:
        profile, fax_class, heard = _profile_and_class(wished, profiles, port)
        settings = modem_settings(wished, profile, fax_class)
        if (settings.speed, settings.flow_control) != (first.speed, first.flow_control):
            port.close()
            port = SerialPort(settings)
        match settings:
            case Class1Settings():
                return Class1Line(settings, port, memory=memory, heard=heard)
            case Class2Settings():
                return Class2Line(settings, port, memory=memory, heard=heard)
            case _:
                assert_never(settings)
    except LineFault:
        port.close()
        raise


def _profile_and_class(
    wished: Wished, profiles: Mapping[str, Profile], port: Port
) -> tuple[Profile, FaxClass, RingWords]:
    """Ask the modem what the configuration leaves open, and nothing else."""
    named = profiles.get(wished.profile)
    if named is not None and wished.fax_class is not None:
        return named, wished.fax_class, ()
    found = identify(port, wished.device, () if named else questions(profiles.values()))
    profile = named or choose(profiles, found.answers, (wished.fax_class,) if wished.fax_class else found.classes)
    fax_class = choose_class(wished.fax_class, profile, found.classes)
    says = " ".join(f"{question}: {answer[:SHOWN]}" for question, answer in found.answers.items() if answer)
    _log.info("modem found", line=wished.name, profile=profile.name, fax_class=fax_class.value, says=says)
    return profile, fax_class, found.heard


def modem_settings(wished: Wished, profile: Profile, fax_class: FaxClass) -> Class1Settings | Class2Settings:
    """Join what a profile says of the model and what was said of this modem; the latter holds."""
    flow = wished.flow or profile.flow
    flow_command = tuple(filter(None, (profile.flow_commands.get(flow, ""),)))
    return replace(
        _class_settings(wished, profile, fax_class),
        lock_folder=wished.lock_folder,
        name=wished.name,
        number=wished.number,
        did=wished.did,
        fax_class=fax_class.value,
        speed=wished.speed or profile.speed,
        flow_control=flow,
        init=(*profile.init, *flow_command, *wished.extra_init),
        after_class=flow_command if profile.flow_again else (),
        caller_id=profile.caller_id if wished.caller_id is None else wished.caller_id,
        caller_id_wait_s=profile.caller_id_wait_s,
        dial_prefix=f"{profile.dial}{wished.dialled_first}",
        rings_before_answer=wished.rings,
        ring_numbers=wished.ring_numbers,
        adaptive_answer=profile.adaptive_answer if wished.adaptive_answer else "",
        command_timeout_s=profile.command_s,
    )


def _class_settings(wished: Wished, profile: Profile, fax_class: FaxClass) -> Class1Settings | Class2Settings:
    """Return what a profile says of the one driver or the other."""
    if fax_class in {FaxClass.CLASS1, FaxClass.CLASS1_0}:
        one = profile.class1
        return Class1Settings(
            device=wished.device,
            adaptive=one.adaptive,
            transmit=",".join(map(str, one.transmit)),
            receive=",".join(map(str, one.receive)),
            after_training=one.after_training,
            silence_by_frs=one.silence_by_frs,
            fcs_octets=one.fcs_octets,
        )
    two = profile.class2
    return Class2Settings(
        device=wished.device,
        bit_order=two.bit_order,
        send_reversed=two.send_reversed,
        receive_reversed=two.receive_reversed,
        start_receive=two.start_receive,
        wait_for_xon=two.wait_for_xon,
        send_rtc=two.send_rtc,
        hex_numbers=two.hex,
        copy_quality=two.copy_quality,
        polls=wished.polls,
    )
