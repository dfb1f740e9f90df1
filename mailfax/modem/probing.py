"""Finds out what a modem is and can do, without a call and without changing it. Used by `mailfax modem probe`."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mailfax.modem.at.attention import get_attention
from mailfax.modem.at.dialogue import Dialogue, Result
from mailfax.modem.at.port import Port, SerialPort
from mailfax.modem.at.ringing import Overhearer
from mailfax.modem.class1 import Class1Settings, FlowControl
from mailfax.modem.class1.turn import CODES, read_codes
from mailfax.modem.class2.words import read_able
from mailfax.modem.line import LineFault
from mailfax.modem.opening import ANSWER_S, LOCK_FOLDER, Identified, identify
from mailfax.modem.profile import FaxClass, Profile, choose, questions
from mailfax.t30.modulation import Modulation

SPEEDS = (115200, 57600, 38400, 19200, 9600)
CODINGS = ("MH", "MR", "MR uncompressed", "MMR")  # DF of T.32, 0 to 3
CAPABILITIES = {FaxClass.CLASS2: "AT+FDCC=?", FaxClass.CLASS2_0: "AT+FCC=?", FaxClass.CLASS2_1: "AT+FCC=?"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What a modem can in one class, if it enters it at all. `capabilities` is what it says itself, where T.32 has a word for it.

    In Class 1 the codings and error correction are ours, so the modem has none of its own.
    """

    fax_class: FaxClass
    entered: bool
    sends: tuple[Modulation, ...] = ()
    receives: tuple[Modulation, ...] = ()
    adaptive: bool = False
    v34: bool = False
    codings: tuple[str, ...] = ()
    capabilities: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """Everything that was found out."""

    device: str
    speed: int
    identified: Identified
    profile: Profile
    caller_id: bool
    abilities: tuple[Abilities, ...]


def probe_device(
    device: str, speeds: tuple[int, ...], profiles: Mapping[str, Profile], tell: Callable[[str], None]
) -> Probed:
    """Try the speeds until the modem answers, and ask it everything. Raises LineFault."""
    fault = LineFault(f"No speed to try at {device}.")
    for speed in speeds:
        tell(f"asking at {speed} bit/s")
        port = SerialPort(
            Class1Settings(device=device, lock_folder=LOCK_FOLDER, speed=speed, flow_control=FlowControl.NONE)
        )
        try:
            return probe_port(port, device, speed, profiles)
        except LineFault as silent:
            fault = silent
        finally:
            port.close()
    raise fault


def probe_port(
    port: Port, device: str, speed: int, profiles: Mapping[str, Profile], clock: Callable[[], float] = time.monotonic
) -> Probed:
    """Ask a modem everything, and leave it in data mode as it was found. Raises LineFault."""
    identified = identify(port, device, (*questions(profiles.values()), "AT+FMR?"), clock)
    profile = choose(profiles, identified.answers, identified.classes)
    dialogue = Dialogue(port, clock, Overhearer(device, clock).take)
    abilities = tuple(_abilities(dialogue, fax_class) for fax_class in identified.classes)
    dialogue.command("AT+FCLASS=0", ANSWER_S)
    caller_id = bool(profile.caller_id) and dialogue.command(profile.caller_id, ANSWER_S) is Result.OK
    get_attention(dialogue, device)
    return Probed(
        device=device,
        speed=speed,
        identified=identified,
        profile=profile,
        caller_id=caller_id,
        abilities=abilities,
    )


def _abilities(dialogue: Dialogue, fax_class: FaxClass) -> Abilities:
    if dialogue.command(f"AT+FCLASS={fax_class.value}", ANSWER_S) is not Result.OK:
        return Abilities(fax_class=fax_class, entered=False)
    if fax_class in CAPABILITIES:
        said = dialogue.ask(CAPABILITIES[fax_class], ANSWER_S)
        return Abilities(fax_class=fax_class, entered=True, capabilities=said, codings=tuple(_codings(said)))
    return Abilities(
        fax_class=fax_class,
        entered=True,
        sends=_modulations(dialogue.ask("AT+FTM=?", ANSWER_S)),
        receives=_modulations(dialogue.ask("AT+FRM=?", ANSWER_S)),
        adaptive="1" in dialogue.ask("AT+FAR=?", ANSWER_S),
        v34=bool(dialogue.ask("AT+F34=?", ANSWER_S)),
    )


def _modulations(answer: str) -> tuple[Modulation, ...]:
    codes = read_codes(answer)
    return tuple(modulation for modulation, pair in CODES.items() if codes.issuperset(pair))


def _codings(capabilities: str) -> Iterator[str]:
    """Say which codings are in `(0,1),(0-5),(0-4),(0-2),(0-3),…`; where a modem says nothing, nothing is said of it."""
    known = read_able(capabilities, hex_numbers=False).df if capabilities else frozenset()
    yield from (coding for number, coding in enumerate(CODINGS) if number in known)
