"""Modem models as data: what one TOML file of `profiles/` says of a model. Read by `opening`, both drivers, and `mailfax modem`.

`docs/modems.md` says how to write one. The name of a profile is that of its file. What a file leaves out is as here.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from mailfax.modem.at.settings import BASIC_INIT, FlowControl

# Nothing but questions: what is asked of a modem that is not known yet must change nothing in it.
_QUESTION = re.compile(r"AT(I\d?|\+[FG]M[IMR]\??|\+FCLASS=\?)")
_COMMAND = re.compile(r"AT[ -~]*")
_CLASS = re.compile(r"\d(?:\.\d)?")


class ProfileError(Exception):
    """A profile cannot be used; the text names its file and what is wrong."""


class FaxClass(StrEnum):
    """Who does T.30: in the first two we (T.31), in the others the modem (T.32)."""

    CLASS1 = "1"
    CLASS1_0 = "1.0"
    CLASS2 = "2"
    CLASS2_0 = "2.0"
    CLASS2_1 = "2.1"


class StartReceive(StrEnum):
    """The octet with which a class 2 driver asks for a page: DC1 in TIA SP-2388, DC2 in the standard; makers swap them."""

    DC1 = "DC1"
    DC2 = "DC2"


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a profile. An unknown key is refused: misspelt, it would silently do nothing."""


class Class1Profile(_Table, frozen=True, kw_only=True):
    """[class1]: a model in Class 1 and 1.0. `transmit` and `receive` stand for +FTM=? and +FRM=?, where the answer is not true."""

    adaptive: Annotated[str, Meta(description="Command that turns adaptive reception on; a refusal does no harm.")] = (
        "AT+FAR=1"
    )
    transmit: tuple[int, ...] = ()
    receive: tuple[int, ...] = ()
    after_training: str = ""
    silence_by_frs: bool = True
    fcs_octets: Annotated[int, Meta(ge=0, le=2)] = 2


class Class2Profile(_Table, frozen=True, kw_only=True):
    """[class2]: a model in Class 2, 2.0 and 2.1.

    `bit_order` is sent at the start; `send_reversed` and `receive_reversed` say that page data has the first bit of the line in the
    most significant place of an octet all the same. `wait_for_xon`: XON behind CONNECT says that it takes a page. `send_rtc`: the modem does not send RTC itself. `hex`: numbers of +FIS and the like are hexadecimal.
    """

    bit_order: str = ""
    send_reversed: bool = False
    receive_reversed: bool = False
    start_receive: StartReceive = StartReceive.DC2
    wait_for_xon: bool = False
    send_rtc: bool = False
    hex: bool = False
    copy_quality: str = ""


class Profile(_Table, frozen=True, kw_only=True):
    """One model, or what holds for any modem of a class (then `identify` is empty).

    `identify` lists alternatives; in each every question must be answered by something that its pattern (a regular expression)
    finds. `classes` has the best first. `flow_commands` make the modem keep the flow control of that name, `flow_again` says that
    it forgets it when it enters a fax class. `caller_id` and `adaptive_answer` may be refused, or be empty.
    """

    name: str = ""
    title: Annotated[str, Meta(min_length=1)]
    sources: Annotated[tuple[str, ...], Meta(min_length=1)]
    classes: Annotated[tuple[FaxClass, ...], Meta(min_length=1)]
    identify: tuple[dict[str, str], ...] = ()
    speed: Annotated[int, Meta(ge=2400)] = 115200
    flow: FlowControl = FlowControl.RTS_CTS
    init: tuple[str, ...] = BASIC_INIT
    flow_commands: dict[FlowControl, str] = {}
    flow_again: bool = False
    caller_id: str = "AT+VCID=1"
    caller_id_wait_s: Annotated[float, Meta(ge=0, le=10)] = 4.0
    adaptive_answer: str = "AT+FAA=1"
    dial: str = "ATDT"
    command_s: Annotated[float, Meta(gt=0, le=60)] = 5.0
    class1: Class1Profile = Class1Profile()
    class2: Class2Profile = Class2Profile()

    def fits(self, answers: Mapping[str, str]) -> int:
        """Say of how many questions the answers fit, in the alternative that they fit best; 0 where they fit none."""
        return max((len(alternative) for alternative in self.identify if _all_found(alternative, answers)), default=0)


GENERIC = {fax_class: f"generic-class{fax_class}" for fax_class in FaxClass}


def load_profiles(folder: Path | None = None) -> dict[str, Profile]:
    """Return every profile by name: ours, and those of an administrator's `folder`, which come first. Raises ProfileError."""
    own = () if folder is None else sorted(folder.glob("*.toml"))
    if folder is not None and not folder.is_dir():
        raise ProfileError(f"{folder} is no folder.")
    ours = sorted(
        (file for file in resources.files("mailfax.modem.profiles").iterdir() if file.name.endswith(".toml")),
        key=lambda file: file.name,
    )
    found: dict[str, Profile] = {}
    for file in (*own, *ours):
        name = file.name.removesuffix(".toml")
        if name not in found:
            found[name] = read_profile(name, file.read_text(encoding="utf-8"))
    return found


def read_profile(name: str, text: str) -> Profile:
    """Read one profile. Raises ProfileError that says which key is wrong."""
    try:
        profile = msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"profile {name}: {error}.") from None
    for problem in _senseless(profile):
        raise ProfileError(f"profile {name}: {problem}.")
    return msgspec.structs.replace(profile, name=name)


def questions(profiles: Iterable[Profile]) -> tuple[str, ...]:
    """Return what has to be asked to tell the models apart, each once."""
    asked = [question for profile in profiles for alternative in profile.identify for question in alternative]
    return tuple(dict.fromkeys(asked))


def choose(profiles: Mapping[str, Profile], answers: Mapping[str, str], offered: Iterable[FaxClass]) -> Profile:
    """Return the profile that fits the answers best; where no model is known, the generic one of the first class offered.

    Among models that fit equally well the first holds, so an administrator's own does.
    """
    best = max(profiles.values(), key=lambda profile: profile.fits(answers))  # of equals the first
    if best.fits(answers):
        return best
    able = tuple(offered)
    known = next((fax_class for fax_class in FaxClass if fax_class in able), FaxClass.CLASS1)
    return profiles[GENERIC[known]]


def read_classes(answer: str) -> tuple[FaxClass, ...]:
    """Read the answer to +FCLASS=?, in the order of FaxClass: `0,1,1.0,2,2.0`, `(0-2)`, with or without spaces."""
    said = set(_CLASS.findall(answer))
    if (span := re.search(r"(\d)\s*-\s*(\d)", answer)) is not None:
        said |= {str(number) for number in range(int(span[1]), int(span[2]) + 1)}
    return tuple(fax_class for fax_class in FaxClass if fax_class.value in said)


def is_command(text: str) -> bool:
    """Say whether a text is one AT command line."""
    return _COMMAND.fullmatch(text) is not None


def _all_found(alternative: Mapping[str, str], answers: Mapping[str, str]) -> bool:
    return all(re.search(pattern, answers.get(question, "")) for question, pattern in alternative.items())


def _senseless(profile: Profile) -> Iterable[str]:
    """Say what is well-formed and cannot work."""
    if profile.name:
        yield "its name is that of its file: leave  name  out"
    for alternative in profile.identify:
        if not alternative:
            yield "an empty table in  identify  would fit any modem"
        for question, pattern in alternative.items():
            if not _QUESTION.fullmatch(question):
                yield f"{question!r} in  identify  is no question such as AT+FMI?, AT+GMM or ATI3"
            try:
                found_in_nothing = re.search(pattern, "")
            except re.error as error:
                yield f"{pattern!r} is no regular expression: {error}"
            else:
                if found_in_nothing:
                    yield f"{pattern!r} would fit a modem that says nothing"
    commands = (
        *profile.init,
        *profile.flow_commands.values(),
        profile.dial,
    )
    single = (
        profile.caller_id,
        profile.adaptive_answer,
        profile.class1.adaptive,
        profile.class1.after_training,
        profile.class2.bit_order,
    )
    for command in (*commands, *filter(None, (*single, profile.class2.copy_quality))):
        if not is_command(command):
            yield f"{command!r} is no AT command"
