"""Checks of [lines], [groups], [modems] and [exchange]."""

import re
from collections.abc import Iterator

from mailfax.config.check import Problem, line_of
from mailfax.config.schema import Config
from mailfax.config.sense.grammar import NUMBER, At
from mailfax.config.tables.line import Line
from mailfax.modem.opening import AUTO
from mailfax.modem.profile import ProfileError, is_command, load_profiles

_LINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")  # it becomes a folder and the name of a process
_DIAL_PREFIX = re.compile(r"[0-9*#,!WwTtPp@]*")  # what T.31 lets stand after ATD, but for the semicolon
TONES = {"busy", "no-answer"}


def lines_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find lines that could not be opened."""
    if not config.lines:
        advice = 'Add one, for example  [lines.usb]  with  kind = "class1"  and  device = "/dev/ttyUSB0" .'
        yield Problem(line=at("lines"), text="[lines] has no line.", advice=advice)
    for name, line in config.lines.items():
        if not _LINE_NAME.fullmatch(name) or name in TONES:
            advice = "Use letters, digits, - and _, at most 32, and neither busy nor no-answer."
            yield Problem(line=at("lines", name), text=f"lines: {name!r} cannot name a line.", advice=advice)
        yield from _line(name, line, at)


def _line(name: str, line: Line, at: At) -> Iterator[Problem]:
    where = at("lines", name)
    if line.kind != "virtual" and not line.device:
        text = f"lines.{name}: a {line.kind} line needs a device."
        yield Problem(line=where, text=text, advice='Add  device = "/dev/ttyUSB0".')
    if line.kind == "virtual" and not line.number:
        text = f"lines.{name}: a virtual line needs a number."
        yield Problem(line=where, text=text, advice='Add  number = "5550001".')
    if line.number and not NUMBER.fullmatch(line.number):
        yield Problem(
            line=at("lines", name, "number"),
            text=f"lines.{name}.number: {line.number!r} is no telephone number.",
            advice="Write digits only, perhaps with a + before them.",
        )
    if not _DIAL_PREFIX.fullmatch(line.dial_prefix):
        yield Problem(
            line=at("lines", name, "dial_prefix"),
            text=f"lines.{name}.dial_prefix: no modem dials {line.dial_prefix!r}.",
            advice="Write digits, a comma for a pause, W to wait for a dial tone.",
        )
    for key, commands in (("init", line.init), ("caller_id", (line.caller_id,) if line.caller_id else ())):
        for command in commands:
            if not is_command(command):
                text = f"lines.{name}.{key}: {command!r} is no AT command."
                yield Problem(line=at("lines", name, key), text=text, advice='Write for example  "ATX3" .')
    for rung, number in line.ring_numbers.items():
        if not NUMBER.fullmatch(number):
            text = f"lines.{name}.ring_numbers: {number!r} is no telephone number."
            yield Problem(line=at("lines", name, "ring_numbers", rung), text=text, advice="Write digits only.")


def devices_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find devices that two lines want."""
    lines: dict[str, str] = {}
    for name, line in config.lines.items():
        if line.device and (first := lines.setdefault(line.device, name)) != name:
            text = f"lines.{name}.device: line {first} has {line.device} already."
            advice = "Every line needs a modem of its own."
            yield Problem(line=at("lines", name, "device"), text=text, advice=advice)


def groups_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find groups that have no line, or none that could send."""
    known = sorted({line.group for line in config.lines.values()})
    for name, domain in config.domains.items():
        for wanted in domain.groups:
            if not any(line.send for line in config.lines.values() if line.group == wanted):
                yield Problem(
                    line=at("domains", name, "groups"),
                    text=f"domains.{name}.groups: no line of group {wanted!r} sends.",
                    advice=f"Groups are: {', '.join(known)}.",
                )
    for name, group in config.groups.items():
        lines = [line for line in config.lines.values() if line.group == name]
        receiving = sum(line.receive for line in lines)
        if not lines:
            yield Problem(
                line=at("groups", name),
                text=f"groups: no line is in group {name!r}.",
                advice=f"Groups are: {', '.join(known)}.",
            )
        elif group.keep_free and group.keep_free >= receiving:
            yield Problem(
                line=at("groups", name, "keep_free"),
                text=f"groups.{name}.keep_free: with {receiving} lines that receive, none of them could ever send.",
                advice="Write a smaller number, or give  send = false  to the lines that are to receive only.",
            )


def routes_problems(config: Config, at: At) -> Iterator[Problem]:
    """Find numbers of the virtual exchange that lead nowhere."""
    virtual = [name for name, line in config.lines.items() if line.kind == "virtual"]
    for pattern, targets in config.exchange.routes.items():
        where, key = at("exchange", "routes", pattern), f"exchange.routes: {pattern!r}"
        if not targets or (len(targets) > 1 and TONES.intersection(targets)):
            advice = "Name one or more lines, or busy or no-answer alone."
            yield Problem(line=where, text=f"{key} leads nowhere that could ring.", advice=advice)
        for target in targets:
            if target not in {*virtual, *TONES}:
                advice = f"Virtual lines are: {', '.join(virtual) or 'none'}."
                yield Problem(line=where, text=f"{key}: there is no virtual line {target}.", advice=advice)


def profile_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find modem profiles that cannot be read, and lines whose profile there is not. Paths of `config` are absolute by now."""
    try:
        known = load_profiles(config.modems.profiles)
    except (ProfileError, OSError, UnicodeDecodeError) as error:
        advice = "Mend that file; docs/modems.md says what stands in it."
        yield Problem(line=line_of(text, ("modems", "profiles")), text=f"modems.profiles: {error}", advice=advice)
        return
    for name, line in config.lines.items():
        if line.profile not in {AUTO, *known}:
            yield Problem(
                line=line_of(text, ("lines", name, "profile")),
                text=f"lines.{name}.profile: there is no profile {line.profile!r}.",
                advice=f"Write auto, or one of: {', '.join(known)}.",
            )
