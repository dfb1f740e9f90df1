"""What a sender may ask of his fax: one table, read from headers, from tags in the subject and from a suffix of the address.

    X-Fax-Resolution: standard          [standard paper=letter] Subject          5551234+standard@fax.lan

The nearest to the recipient wins: the suffix over the tags over the headers. What is not in the table is refused by its name, never
passed over. Read by `gateway.door` when a mail comes in, by `routing.outbound` for the suffix, by `render.request` for what the pages need.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from mailfax.model.page import A3_WIDTH_PX, A4_WIDTH_PX, B4_WIDTH_PX, Resolution
from mailfax.model.photo import PhotoScreen
from mailfax.model.plan import Priority
from mailfax.model.stamp import stamp_fault

HEADER_PREFIX = "x-fax-"
ANY_HOURS = "any"
NO_COVER, USUAL_COVER = "none", "usual"  # what a cover may be beside the name of a template
_SUBJECT_TAGS = re.compile(r"\s*\[([^\[\]]*)\]\s*")
_SUFFIX = re.compile(r"(?P<local>.+?)(?P<words>(?:\+[A-Za-z][A-Za-z0-9=._-]*)+)(?P<quote>\"?)")
_HOURS_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_COVER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_BILLING = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LONGEST_SHOWN = 40  # characters of what is not understood, in a refusal
# What this gateway writes into mails with received faxes (`smtp.faxmail`): facts, which a forwarded mail still has; and the token, which the
# door has taken out.
_FACTS = frozenset(
    f"{HEADER_PREFIX}{fact}"
    for fact in ("id", "from", "to", "csid", "subaddress", "sender-id", "pages", "quality", "pages-confirmed", "token")
)


class OptionFault(ValueError):
    """What was asked for is not known; the text is one plain sentence for the sender."""


class PaperSize(StrEnum):
    """Sheets that pages are laid out for. A4, letter and legal are as wide as an ordinary fax and differ in length; B4 and A3 are wider too."""

    A4 = "a4"
    LETTER = "letter"
    LEGAL = "legal"
    B4 = "b4"
    A3 = "a3"

    @property
    def mm(self) -> float:
        """Return the length of the sheet in millimetres."""
        return _SHEET_MM[self]

    @property
    def width_px(self) -> int:
        """Return the pels of a line of the sheet, at 8.04 a millimetre (T.4, table 1)."""
        return {PaperSize.B4: B4_WIDTH_PX, PaperSize.A3: A3_WIDTH_PX}.get(self, A4_WIDTH_PX)


_SHEET_MM = {
    PaperSize.A4: 297.0,
    PaperSize.LETTER: 279.4,
    PaperSize.LEGAL: 355.6,
    PaperSize.B4: 364.0,
    PaperSize.A3: 420.0,
}


class TextPlace(StrEnum):
    """Where the text of a mail with a cover begins: below it, or on a page of its own."""

    COVER = "cover"
    PAGE = "page"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One row: `values` is empty where any text is taken; `each` says that every recipient may have his own."""

    key: str
    values: tuple[str, ...]
    meaning: str
    each: bool = False

    @property
    def header(self) -> str:
        """Return the header that sets it."""
        return f"X-Fax-{self.key.title()}"


OPTIONS = (
    Option(
        key="resolution",
        values=("standard", "fine", "superfine", "300", "400"),
        meaning="standard: sent at 204x98 only, in about half the time. fine: at 204x196 where the far machine has it, as without the option. superfine, 300, 400: drawn and sent at 204x391, 300x300 or 408x391 (400x400) where it has that, else at fine.",
        each=True,
    ),
    Option(
        key="cover",
        values=(),
        meaning="none, usual (the one of [cover] template), or the name of a template.",
        each=True,
    ),
    Option(
        key="text",
        values=tuple(TextPlace),
        meaning="cover: the text of the mail begins below its cover and flows on. page: on a page of its own.",
        each=True,
    ),
    Option(
        key="billing",
        values=(),
        meaning="Code under which the fax stands in `mailfax report billing`: letters, digits and . _ -, at most 40.",
        each=True,
    ),
    Option(
        key="send-at",
        values=(),
        meaning="Not called before: a time of day (23:00, the next one), a date (2026-12-01T08:00), or a wait (90m, 2h, 3d).",
        each=True,
    ),
    Option(
        key="not-after",
        values=(),
        meaning="Given up where it is not sent by then; written as send-at is, from which it counts.",
        each=True,
    ),
    Option(
        key="hours",
        values=(),
        meaning="The name of hours of this server ([hours]) within which it is called, or any.",
        each=True,
    ),
    Option(
        key="priority",
        values=tuple(Priority),
        meaning="high: before all that waits. low: after the others; a mail to many numbers is low by itself.",
        each=True,
    ),
    Option(key="paper", values=tuple(PaperSize), meaning="The sheet that pages are laid out for."),
    Option(key="photo", values=tuple(PhotoScreen), meaning="How photographs are screened."),
    Option(
        key="stamp",
        values=(),
        meaning="A line at the foot of every page; {page:6} in it is the number of the page with six digits. Only as a header.",
    ),
    Option(key="password", values=(), meaning="Opens PDFs and office documents that are locked. Only as a header."),
    Option(
        key="notify",
        values=(),
        meaning="Which notices are wished: accepted, delivered, delayed, failed, several with a comma, or none. NOTIFY of SMTP goes before it.",
    ),
    Option(
        key="language",
        values=(),
        meaning="The language of the notices: en, de, or one that the administrator has added.",
    ),
    Option(
        key="proof",
        values=("none", "first", "all"),
        meaning="What of the sent pages comes back with a report: nothing, a picture of page 1, or a PDF of all.",
    ),
    Option(
        key="trace",
        values=("no", "yes"),
        meaning="Whether the signalling of the calls comes with a report, for experts.",
    ),
    Option(
        key="duplicate",
        values=("no", "yes"),
        meaning="yes: the mail is faxed although the same mail came before.",
    ),
)
_BY_KEY = {option.key: option for option in OPTIONS}
_RESOLUTIONS = {
    "standard": Resolution.STANDARD,
    "fine": Resolution.FINE,
    "superfine": Resolution.SUPERFINE,
    "300": Resolution.INCH_300,
    "400": Resolution.ULTRAFINE,
}
_DRAWN = {
    Resolution.SUPERFINE: Resolution.SUPERFINE,
    Resolution.INCH_200_400: Resolution.SUPERFINE,
    Resolution.INCH_300: Resolution.INCH_300,
    Resolution.ULTRAFINE: Resolution.ULTRAFINE,
    Resolution.INCH_400: Resolution.ULTRAFINE,
}
_WRITTEN = {resolution: word for word, resolution in _RESOLUTIONS.items()}
# A number in brackets is more likely part of a subject than an option: 300 and 400 are asked for as resolution=300.
_BARE_WORDS = {word: ("resolution", word) for word in _RESOLUTIONS if word.isalpha()} | {
    "nocover": ("cover", NO_COVER),
    "cover": ("cover", USUAL_COVER),
    "urgent": ("priority", Priority.HIGH.value),
}
_HEADER_ONLY = "password"


@dataclass(frozen=True, kw_only=True, slots=True)
class SendOptions:
    """What a recipient's own fax is asked to be; None leaves it to this server."""

    resolution: Resolution | None = None
    cover: str | None = None
    text: TextPlace | None = None
    billing: str | None = None
    send_at: str | None = None
    not_after: str | None = None
    hours: str | None = None
    priority: Priority | None = None

    def over(self, other: "SendOptions") -> "SendOptions":
        """Return these wishes, and those of `other` where there are none."""
        return SendOptions(
            resolution=self.resolution or other.resolution,
            cover=self.cover or other.cover,
            text=self.text or other.text,
            billing=self.billing or other.billing,
            send_at=self.send_at or other.send_at,
            not_after=self.not_after or other.not_after,
            hours=self.hours or other.hours,
            priority=self.priority or other.priority,
        )

    def held_against(self, other: "SendOptions") -> tuple[str, ...]:
        """Return, as they are written, the wishes that hold though `other` has a different one."""
        pairs = ((each.name, getattr(self, each.name), getattr(other, each.name)) for each in fields(self))
        return tuple(
            f"{name}={_WRITTEN.get(mine, mine)}" for name, mine, theirs in pairs if mine and theirs and mine != theirs
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PageOptions:
    """What the pages of a mail are asked to be, for all of its recipients; None leaves it to this server. `dense` is finer than fine."""

    paper: PaperSize | None = None
    photos: PhotoScreen | None = None
    password: str = ""
    stamp: str = ""
    dense: Resolution | None = None


def asked_in_mail(fields: Iterable[tuple[str, str]], subject: str) -> dict[str, str]:
    """Return what the headers of a mail (decoded) and the tags of its subject ask for, by the keys of OPTIONS. Raises OptionFault."""
    asked: dict[str, str] = {}
    for name, value in fields:
        if not name.lower().startswith(HEADER_PREFIX) or name.lower() in _FACTS:
            continue
        key = name[len(HEADER_PREFIX) :].lower()
        if key not in _BY_KEY:
            known = ", ".join(option.header for option in OPTIONS)
            raise OptionFault(f"The header {_shown(name)} is not known here; there are {known}.")
        read = _checked(key, value.strip(), f"{_BY_KEY[key].header}:")
        if asked.setdefault(key, read) != read:
            raise OptionFault(f"The header {_BY_KEY[key].header} stands there twice with different values.")
    return asked | dict(_of_words(_tags(subject)))


def without_tags(subject: str) -> str:
    """Return a subject without the tags that it begins with."""
    return subject[match.end() :] if _tags(subject) and (match := _SUBJECT_TAGS.match(subject)) else subject


def split_suffix(local: str) -> tuple[str, tuple[str, ...]]:
    """Split `5551234+standard` into the number and the words behind it; a word begins with a letter, so `+1202` is none."""
    match = _SUFFIX.fullmatch(local)
    if match is None:
        return local, ()
    return match["local"] + match["quote"], tuple(match["words"][1:].split("+"))


def asked_in_suffix(words: Iterable[str]) -> dict[str, str]:
    """Return what the suffix of an address asks for. Raises OptionFault, also for what holds for a whole mail."""
    asked = dict(_of_words(words))
    for key in asked:
        if not _BY_KEY[key].each:
            raise OptionFault(f"{key}= holds for a whole mail; write it as the header {_BY_KEY[key].header}.")
    return asked


def send_options(asked: Mapping[str, str]) -> SendOptions:
    """Return what is asked of one recipient's fax."""
    resolution, text = asked.get("resolution"), asked.get("text")
    return SendOptions(
        resolution=_RESOLUTIONS[resolution] if resolution else None,
        cover=asked.get("cover"),
        text=TextPlace(text) if text else None,
        billing=asked.get("billing"),
        send_at=asked.get("send-at"),
        not_after=asked.get("not-after"),
        hours=asked.get("hours"),
        priority=Priority(asked["priority"]) if "priority" in asked else None,
    )


def is_hours_name(name: str) -> bool:
    """Say whether hours may be called so."""
    return _HOURS_NAME.fullmatch(name) is not None


def drawn_for(wished: Iterable[Resolution | None]) -> Resolution | None:
    """Return in which raster beyond fine pages are drawn for such wishes: the one that all share, or the finest, of which the others can be made."""
    dense = {_DRAWN[resolution] for resolution in wished if resolution in _DRAWN}
    return Resolution.ULTRAFINE if len(dense) > 1 else next(iter(dense), None)


def page_options(asked: Mapping[str, str]) -> PageOptions:
    """Return what is asked of the pages of all."""
    paper, photo = asked.get("paper"), asked.get("photo")
    return PageOptions(
        paper=PaperSize(paper) if paper else None,
        photos=PhotoScreen(photo) if photo else None,
        password=asked.get("password", ""),
        stamp=asked.get("stamp", ""),
        dense=drawn_for([_RESOLUTIONS.get(asked.get("resolution", ""))]),
    )


def _tags(subject: str) -> tuple[str, ...]:
    """Return the words in brackets before a subject; none where one of them is no option, as in [a-list] or [Fine Arts].

    A password is never taken for part of a subject, which is printed and logged: with one, the brackets are tags.
    """
    match = _SUBJECT_TAGS.match(subject)
    words = tuple(match.group(1).split()) if match else ()
    if any(word.lower().startswith(f"{_HEADER_ONLY}=") for word in words):
        return words
    return words if all(_is_option(word) for word in words) else ()


def _is_option(word: str) -> bool:
    return word.lower() in _BARE_WORDS or (word.partition("=")[0].lower() in _BY_KEY and "=" in word)


def _of_words(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    words = tuple(words)
    if any(word.lower().startswith(f"{_HEADER_ONLY}=") for word in words):  # not repeated: refusals are logged
        raise OptionFault(f"A {_HEADER_ONLY} is taken from the header {_BY_KEY[_HEADER_ONLY].header} only.")
    for word in words:
        if word.lower() in _BARE_WORDS:
            yield _BARE_WORDS[word.lower()]
            continue
        key, mark, value = word.partition("=")
        key = key.lower()
        if not mark or key not in _BY_KEY:
            known = ", ".join((*_BARE_WORDS, *(f"{each}=" for each in _BY_KEY if each != _HEADER_ONLY)))
            raise OptionFault(f"{_shown(word)} is not an option of a fax; there are {known}.")
        yield key, _checked(key, value, f"{key}=")


def _checked(key: str, value: str, written: str) -> str:
    """Return a value as the table has it. Raises OptionFault."""
    values = _BY_KEY[key].values
    if key == "cover":
        if not _COVER_NAME.fullmatch(value.lower()):
            raise OptionFault(f"{_shown(value)} is no name of a cover: letters and digits, - and _ between them.")
        return value.lower()
    if key == "billing" and not _BILLING.fullmatch(value):
        raise OptionFault(f"{_shown(value)} is no billing code: letters, digits and . _ -, at most 40.")
    if key == "hours":
        if not is_hours_name(value.lower()):
            raise OptionFault(f"{_shown(value)} is no name of hours: letters and digits, - and _ between them.")
        return value.lower()
    if key == "stamp" and (fault := stamp_fault(value) or ("" if value else "is empty")):
        raise OptionFault(f"The stamp {_shown(value)} {fault}.")
    if values and value.lower() not in values:
        raise OptionFault(
            f"{written}{' ' if written.endswith(':') else ''}{_shown(value)} is not known here; it can be {', '.join(values)}."
        )
    return value.lower() if values else value


def _shown(text: str) -> str:
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain[:_LONGEST_SHOWN] or "nothing"
