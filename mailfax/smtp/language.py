"""The languages of our mails: tables of phrases, in `languages/` and in a folder of the administrator's (AD12).

A file is named by its language (`fr.toml`) and has the keys of `en.toml`; what it leaves out is said in English. Read when the server
starts; `notices`, `wording` and `messages` speak through a `Language`.
"""

import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from mailfax.model.outcome import Outcome

DEFAULT = "en"
_CODE = re.compile(r"[a-z]{2,3}")
_TABLES = {"phrases", "notes", "outcomes"}


class LanguageError(ValueError):
    """A language file cannot be used; the text is one plain sentence for whoever wrote it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeWords:
    """How one outcome is said: what happened, what to do, and a word or two for tables."""

    sentence: str
    advice: str
    short: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """One language. `notes` are patterns of what the spool keeps in English, and how it is said here."""

    code: str
    name: str
    phrases: Mapping[str, str]
    outcomes: Mapping[str, OutcomeWords] = field(default_factory=dict)
    notes: tuple[tuple[re.Pattern[str], str], ...] = ()

    def say(self, key: str, **values: object) -> str:
        """Return a phrase with its values filled in."""
        return self.phrases[key].format(**values)

    def count(self, key: str, count: int, **values: object) -> str:
        """Return a phrase that depends on a number, which it may say as {count}."""
        return self.say(f"{key}.{'one' if count == 1 else 'other'}", count=count, **values)

    def sentence(self, outcome: Outcome) -> str:
        """Return what happened."""
        words = self.outcomes.get(outcome.code)
        return words.sentence if words else outcome.sentence

    def advice(self, outcome: Outcome) -> str:
        """Return what to do about it."""
        words = self.outcomes.get(outcome.code)
        return words.advice if words else outcome.advice

    def short(self, outcome: Outcome) -> str:
        """Return what happened in a word or two, for a table."""
        words = self.outcomes.get(outcome.code)
        return words.short if words else outcome.code.replace("-", " ")

    def note(self, text: str) -> str:
        """Return a note of the spool in this language where it is one of those that are known, else as it is."""
        for pattern, phrase in self.notes:
            if match := pattern.fullmatch(text):
                return phrase.format(**match.groupdict())
        return text


Languages = Mapping[str, Language]


def load_languages(folder: Path | None = None) -> Languages:
    """Return our languages and those of the folder, by their codes. Raises OSError, LanguageError."""
    own = {
        file.name: file.read_text("utf-8") for file in resources.files("mailfax.smtp").joinpath("languages").iterdir()
    }
    english = _table(f"{DEFAULT}.toml", own.pop(f"{DEFAULT}.toml"))
    base = Language(code=DEFAULT, name="English", phrases=_flat(english["phrases"]), notes=())
    notes = _flat(english["notes"])
    found = {DEFAULT: base}
    for name, text in own.items():
        found[name.removesuffix(".toml")] = _language(name, text, base, notes)
    for file in sorted(folder.glob("*.toml")) if folder is not None else ():
        found[file.stem] = _language(file.name, file.read_text("utf-8"), found.get(file.stem, base), notes)
    return MappingProxyType(found)


def english() -> Language:
    """Return the language that is always there."""
    return load_languages()[DEFAULT]


def _language(name: str, text: str, base: Language, notes: Mapping[str, str]) -> Language:
    """Read one file over a language that says what the file leaves out."""
    code = name.removesuffix(".toml")
    if not _CODE.fullmatch(code):
        raise LanguageError(f"{name}: a language file is named by two or three small letters, as de.toml.")
    table = _table(name, text)
    phrases, own_notes = _flat(table.get("phrases", {})), _flat(table.get("notes", {}))
    for key, phrase in phrases.items():
        _check(name, key, phrase, base.phrases.get(key))
    for key, phrase in own_notes.items():
        _check(name, f"notes.{key}", phrase, notes.get(key))
    return Language(
        code=code,
        name=str(table.get("name", code)),
        phrases=MappingProxyType({**base.phrases, **phrases}),
        outcomes=MappingProxyType({**base.outcomes, **_outcomes(name, table.get("outcomes", {}))}),
        notes=(*((_pattern(notes[key]), phrase) for key, phrase in own_notes.items()), *base.notes),
    )


def _table(name: str, text: str) -> Mapping[str, Mapping[str, object]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LanguageError(f"{name}: {error}.") from None
    if unknown := sorted(set(table) - _TABLES - {"name"}):
        raise LanguageError(f"{name}: there is no table {unknown[0]}; there are {', '.join(sorted(_TABLES))}.")
    return table


def _flat(table: Mapping[str, object]) -> dict[str, str]:
    """Return phrases by key; those that depend on a number by `key.one` and `key.other`."""
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{form}": str(phrase) for form, phrase in value.items()}
        else:
            flat[key] = str(value)
    return flat


def _check(name: str, key: str, phrase: str, original: str | None) -> None:
    """Refuse a phrase that would fail when it is said: an unknown key, or a {name} that nobody fills in."""
    if original is None:
        raise LanguageError(f"{name}: there is no phrase {key}.")
    try:
        asked, known = _names(phrase), _names(original)
    except ValueError as error:
        raise LanguageError(f"{name}: {key}: {error}.") from None
    if extra := sorted(asked - known - {"count"} if key.endswith((".one", ".other")) else asked - known):
        raise LanguageError(f"{name}: {key}: {{{extra[0]}}} means nothing here; there are: {', '.join(sorted(known))}.")


def _names(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def _outcomes(name: str, table: Mapping[str, object]) -> dict[str, OutcomeWords]:
    known = {outcome.code for outcome in Outcome}
    found = {}
    for code, words in table.items():
        if code not in known:
            raise LanguageError(f"{name}: there is no outcome {code}.")
        if not isinstance(words, list) or len(words) != 3:
            raise LanguageError(f"{name}: {code} needs three texts: what happened, what to do, and a word for tables.")
        sentence, advice, short = map(str, words)
        found[code] = OutcomeWords(sentence=sentence, advice=advice, short=short)
    return found


def _pattern(phrase: str) -> re.Pattern[str]:
    """Return what finds a note that was written with this phrase."""
    pieces = []
    for literal, name, _, _ in string.Formatter().parse(phrase):
        pieces.append(re.escape(literal))
        if name is not None:
            pieces.append(f"(?P<{name}>.+?)")
    return re.compile("".join(pieces))
