"""Which callers are answered? A pure function of what the network says of a call before it is answered; asked by `gateway.inbound`."""

import fnmatch
import re
from dataclasses import dataclass

_NOT_DIALLED = re.compile(r"[^0-9]")


@dataclass(frozen=True, kw_only=True, slots=True)
class CallerRules:
    """Who is let in. A number of `allow` is answered whatever the others say.

    Numbers are patterns of digits with x for any digit and * at the end for any rest; names are patterns with * and ?, in
    large or small letters. `reject_unknown` is for callers of whom the network gives no number, `only_allowed` for all that
    `allow` does not name.
    """

    allow: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    reject_names: tuple[str, ...] = ()
    reject_unknown: bool = False
    only_allowed: bool = False


def refusal(caller: str, name: str, rules: CallerRules) -> str | None:
    """Return why a caller is not answered, in one sentence; None where he is. `caller` and `name` may be empty."""
    if _named(caller, rules.allow) is not None:
        return None
    if rules.only_allowed:
        return f"The caller {caller or 'without a number'} is not among those that are allowed."
    if (pattern := _named(caller, rules.reject)) is not None:
        return f"The caller {caller} is rejected by {pattern}."
    for pattern in rules.reject_names:
        if name and fnmatch.fnmatchcase(name.casefold(), pattern.casefold()):
            return f"The caller's name {name} is rejected by {pattern}."
    if rules.reject_unknown and not caller:
        return "The caller gives no number."
    return None


def _named(caller: str, patterns: tuple[str, ...]) -> str | None:
    """Return the first pattern that fits a number. It may come with or without +, spaces and hyphens."""
    digits = _NOT_DIALLED.sub("", caller)
    if not digits:
        return None
    return next((pattern for pattern in patterns if _pattern(pattern).fullmatch(digits)), None)


def _pattern(written: str) -> re.Pattern[str]:
    return re.compile(written.removeprefix("+").replace("x", "[0-9]").replace("*", "[0-9]*"))
