"""What a sender wants to hear of his faxes, and how: which notices, in which language, to whom besides, with what proof.

Wishes come from four places and the nearest wins: the mail's own headers (`model.options`), the user's record, the fax domain, the
configuration. `gateway.telling` lays them over each other when a mail is accepted; the result stays with the submission.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailfax.model.options import OptionFault

NO_EVENTS = "none"
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MAILBOX = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


class Event(StrEnum):
    """What can happen to a fax that its sender may be told of."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    FAILED = "failed"  # also what is uncertain, cancelled or expired: nothing that was not heard to arrive is silent


class Proof(StrEnum):
    """Which of the pages that were sent come back with a report."""

    NONE = "none"
    FIRST = "first"  # a picture of page 1 in the mail
    ALL = "all"  # that, and a PDF: a sheet of facts, then each page as it was sent, with its header line


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """Wishes; None and empty leave it to who is asked next.

    `events` and `copies` are whole sets, not additions. `language` is an ISO 639 code. `hears` is who is told in place of the sender (the
    owner of the mailing list `list_name`); `copies` hear what he hears, as plain reports.
    """

    events: tuple[Event, ...] | None = None
    language: str = ""
    copies: tuple[str, ...] | None = None
    proof: Proof | None = None
    trace: bool | None = None
    hears: str = ""
    list_name: str = ""

    def over(self, other: "Telling") -> "Telling":
        """Return these wishes, and those of `other` where there are none."""
        return Telling(
            events=other.events if self.events is None else self.events,
            language=self.language or other.language,
            copies=other.copies if self.copies is None else self.copies,
            proof=self.proof or other.proof,
            trace=other.trace if self.trace is None else self.trace,
            hears=self.hears or other.hears,
            list_name=self.list_name or other.list_name,
        )


def telling_options(asked: Mapping[str, str]) -> Telling:
    """Return what a mail asks for, by the keys of `model.options`. Raises OptionFault."""
    proof, trace = asked.get("proof"), asked.get("trace")
    return Telling(
        events=read_events(asked["notify"]) if "notify" in asked else None,
        language=read_language(asked["language"]) if "language" in asked else "",
        proof=Proof(proof) if proof else None,
        trace=None if trace is None else trace == "yes",
    )


def read_events(text: str) -> tuple[Event, ...]:
    """Read `failed, delayed`, or `none`. Raises OptionFault."""
    words = [word for word in re.split(r"[\s,;]+", text.strip().lower()) if word]
    if words == [NO_EVENTS]:
        return ()
    if not words or any(word not in set(Event) for word in words):
        raise OptionFault(f"Notices can be {', '.join(Event)}, several with a comma between them, or {NO_EVENTS}.")
    return tuple(event for event in Event if event in words)


def read_language(text: str) -> str:
    """Read a language as mail headers and people write it (`de`, `de-AT`). Raises OptionFault."""
    code = re.split(r"[-_]", text.strip().lower())[0]
    if not _LANGUAGE.fullmatch(code):
        raise OptionFault("A language is written as two or three letters, for example en or de.")
    return code


def read_mailbox(text: str) -> str:
    """Read a mail address that copies go to. Raises OptionFault."""
    if not _MAILBOX.fullmatch(text.strip()):
        raise OptionFault(f"{text[:40]!r} is no mail address.")
    return text.strip()
