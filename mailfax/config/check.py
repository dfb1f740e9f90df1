"""What is wrong with a configuration file, with line and advice: the work of `mailfax check`."""

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import msgspec

from mailfax.config.schema import Config

Table = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with the file: where, what, and what to do. `line` is 1-based, 0 where no line can be named."""

    line: int
    text: str
    advice: str

    def __str__(self) -> str:
        """Return for example `line 12: smtp.listen: … Advice.`."""
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.text} {self.advice}".rstrip()


class ConfigError(Exception):
    """The file cannot be used; `problems` has everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def decode_path(wanted: type, value: object) -> object:
    """Turn strings into paths, which msgspec does not know itself."""
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"no decoder for {wanted}")


def syntax_problem(error: tomllib.TOMLDecodeError) -> Problem:
    """Return what the TOML parser stumbled over."""
    where = re.search(r"\(at line (\d+)", str(error))
    return Problem(line=int(where[1]) if where else 0, text=f"{error}.", advice="The file must be TOML.")


def shape_problems(data: Table, text: str) -> Iterator[Problem]:
    """Convert table by table, so that one mistake does not hide the next."""
    hints = get_type_hints(Config, include_extras=True)
    for name in data.keys() - hints.keys():
        yield Problem(
            line=line_of(text, (name,)), text=f"unknown key {name}.", advice=f"Known are: {', '.join(hints)}."
        )
    for name in ("domains", "receive", "lines"):
        if name not in data:
            yield Problem(
                line=0, text=f"the table [{name}] is missing.", advice="See docs/configuration.md for an example."
            )
    for name, kind in hints.items():
        if name not in data:
            continue
        value = data[name]
        if get_origin(kind) is dict and isinstance(value, dict):
            for key, entry in value.items():
                yield from _problem_of(entry, get_args(kind)[1], (name, key), text)
        else:
            yield from _problem_of(value, kind, (name,), text)


def _problem_of(value: object, kind: object, path: tuple[str, ...], text: str) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind, dec_hook=decode_path)
    except (msgspec.ValidationError, ValueError) as error:
        message, _, inner = str(error).partition(" - at `$")
        keys = path + tuple(re.findall(r"\.(\w+)", inner))
        unknown = re.search(r"unknown field `([^`]+)`", message)
        if unknown:
            yield Problem(
                line=line_of(text, (*keys, unknown[1])),
                text=f"unknown key {'.'.join((*keys, unknown[1]))}.",
                advice=_known(kind),
            )
        else:
            yield Problem(
                line=line_of(text, keys), text=f"{'.'.join(keys)}: {message}.", advice="See docs/configuration.md."
            )


def _known(kind: object) -> str:
    fields = getattr(kind, "__struct_fields__", ())
    return f"Known are: {', '.join(fields)}." if fields else ""


def sense_problems(config: Config, text: str) -> Iterator[Problem]:
    """Find what is well-formed and still cannot work."""
    yield from _line_problems(config, text)
    yield from _address_problems(config, text)
    for pattern in config.receive.did:
        if not re.fullmatch(r"\+?[0-9x]+\*?|\*", pattern):
            yield Problem(
                line=line_of(text, ("receive", "did", pattern)),
                text=f"receive.did: {pattern!r} is no number pattern.",
                advice="Use digits, x for any digit, and * at the end for any rest.",
            )
    if config.mail.maildir is None and config.mail.smarthost is None:
        yield Problem(
            line=line_of(text, ("mail",)),
            text="[mail] says neither maildir nor smarthost, so no mail could leave.",
            advice='Add  smarthost = "mail.example.org"  or  maildir = "mailboxes".',
        )


def _line_problems(config: Config, text: str) -> Iterator[Problem]:
    for name, line in config.lines.items():
        where = line_of(text, ("lines", name))
        if line.kind == "class1" and not line.device:
            yield Problem(
                line=where, text=f"lines.{name}: a class1 line needs a device.", advice='Add  device = "/dev/ttyUSB0".'
            )
        if line.kind == "virtual" and not line.number:
            yield Problem(
                line=where, text=f"lines.{name}: a virtual line needs a number.", advice='Add  number = "5550001".'
            )
    for pattern, targets in config.exchange.routes.items():
        for target in targets:
            if target not in {*config.lines, "busy", "no-answer"}:
                yield Problem(
                    line=line_of(text, ("exchange", "routes", pattern)),
                    text=f"exchange.routes: there is no line {target}.",
                    advice=f"Lines are: {', '.join(config.lines)}.",
                )


def _address_problems(config: Config, text: str) -> Iterator[Problem]:
    for network in config.smtp.allow_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            where = line_of(text, ("smtp", "allow_networks"))
            yield Problem(
                line=where, text=f"smtp.allow_networks: {error}.", advice='Write for example "192.168.1.0/24".'
            )
    for address in config.smtp.listen:
        if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[\w.\-]*):\d{1,5}", address):
            where = line_of(text, ("smtp", "listen"))
            yield Problem(
                line=where, text=f"smtp.listen: {address!r} is no host:port.", advice='Write "127.0.0.1:8025".'
            )


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the 1-based line on which `path` (tables, then perhaps a key) stands, or that of its nearest table, or 0."""
    best, table = 0, ()
    for number, raw in enumerate(text.splitlines(), 1):
        row = raw.strip()
        if row.startswith("["):
            table = tuple(
                part.strip(" \"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\[\]\s]+", row.split("#")[0])
            )
            if path[: len(table)] == table:
                best = number
        key = re.match(r"(\"[^\"]*\"|'[^']*'|[\w\-]+)\s*=", row)
        if key and (*table, key[1].strip("\"'")) == path[: len(table) + 1]:
            return number
    return best
