"""What is wrong with the shape of a configuration file, with line and advice: unknown keys, missing ones, values of a wrong kind.

What is of the right kind and makes no sense is found by `sense`. Both are asked by `config.parse`, so by every start.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec
import msgspec.inspect

from mailfax.config.schema import Config

Table = dict[str, object]
Keys = tuple[str, ...]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 60


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
    """Turn strings into paths, which msgspec does not know itself; it makes a ValidationError of the TypeError."""
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"{value!r} is no {wanted}")


def syntax_problem(error: tomllib.TOMLDecodeError) -> Problem:
    """Return what the TOML parser stumbled over."""
    where = re.search(r"\(at line (\d+)", str(error))
    return Problem(line=int(where[1]) if where else 0, text=f"{error}.", advice="The file must be TOML.")


def shape_problems(data: Table, text: str) -> Iterator[Problem]:
    """Look at every key by itself, so that no mistake hides another."""
    yield from _value_problems(data, Config, (), text)


def _value_problems(value: object, kind: object, path: Keys, text: str) -> Iterator[Problem]:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, dict):
        yield from _table_problems(value, bare, path, text)
    elif get_origin(bare) is dict and isinstance(value, dict):
        for key, entry in value.items():
            yield from _value_problems(entry, get_args(bare)[1], (*path, key), text)
    elif any(_CONTROL.search(word) for word in (*path, *_words(value))):
        said, advice = "has a control character in it.", "Take it out."
        yield Problem(line=line_of(text, path), text=f"{'.'.join(path)!r}: {said}", advice=advice)
    else:
        try:
            msgspec.convert(value, kind, dec_hook=decode_path)
        except msgspec.ValidationError:
            yield Problem(
                line=line_of(text, path),
                text=f"{'.'.join(path)}: {_shown(value)} cannot stand here.",
                advice=f"Write {expected(msgspec.inspect.type_info(kind))}.",
            )


def _table_problems(table: Table, kind: type[msgspec.Struct], path: Keys, text: str) -> Iterator[Problem]:
    hints = get_type_hints(kind, include_extras=True)
    for key in table.keys() - hints.keys():
        meant = difflib.get_close_matches(key, hints, n=1)
        yield Problem(
            line=line_of(text, (*path, key)),
            text=f"unknown key {'.'.join((*path, key))}.",
            advice=f"Known are: {', '.join(hints)}." + (f" Did you mean {meant[0]}?" if meant else ""),
        )
    for field in msgspec.structs.fields(kind):
        if field.name in table:
            yield from _value_problems(table[field.name], hints[field.name], (*path, field.name), text)
        elif field.required:
            what = expected(msgspec.inspect.type_info(hints[field.name]))
            yield Problem(
                line=line_of(text, path),
                text=f"{'.'.join((*path, field.name))} is missing."
                if path
                else f"the table [{field.name}] is missing.",
                advice=f"Write {what}." if path else "See docs/configuration.md for an example.",
            )


def _words(value: object) -> Iterator[str]:
    """Return every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value if isinstance(value, list) else (*value, *value.values()):
            yield from _words(inner)


def _shown(value: object) -> str:
    """Write a value as the file does, if not at length."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def expected(kind: msgspec.inspect.Type) -> str:
    """Say in plain words what a key takes, with the values and limits that are allowed."""
    match kind:
        case msgspec.inspect.Metadata(type=inner):
            return expected(inner)
        case msgspec.inspect.UnionType(types=types):
            return " or ".join(expected(one) for one in types if not isinstance(one, msgspec.inspect.NoneType))
        case msgspec.inspect.LiteralType(values=values):
            return " or ".join(_shown(value) for value in values)
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType(ge=low, le=high):
            return f"a whole number{_limits(low, high)}"
        case msgspec.inspect.FloatType(ge=low, le=high):
            return f"a number{_limits(low, high)}"
        case msgspec.inspect.StrType(max_length=longest):
            return "a text in quotes" + (f" of at most {longest} characters" if longest else "")
        case msgspec.inspect.VarTupleType(item_type=item, min_length=least):
            return f"a list in brackets, each entry {expected(item)}" + (f", at least {least} of them" if least else "")
        case msgspec.inspect.CustomType(cls=cls) if cls is Path:
            return "a path in quotes"
        case msgspec.inspect.StructType() | msgspec.inspect.DictType():
            return "a table"
        case _:
            raise NotImplementedError(f"say what is expected for {kind}")


def _limits(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "" if low is None else f" of at least {low}"
    return f" from {low} to {high}"


def line_of(text: str, path: Keys) -> int:
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
