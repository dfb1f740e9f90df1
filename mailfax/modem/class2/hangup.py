"""Hang-up codes: what a modem says of a call's end, and what that is to us. One table; used by `talk`.

Class 2 (SP-2388-A) counts in decimal (+FHNG:), 2.0 and 2.1 in hexadecimal (+FHS:); as written the codes never collide, so the table
is by what is written. Modems of 1989 have other numbers for some groups, which collide with later ones and are read by `OLD_CODES`.
"""

from dataclasses import dataclass

from mailfax.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class HangUp:
    """What a code means to a call, and in the words of the standard. `ours`: our modem or we ourselves ended it."""

    outcome: Outcome
    text: str

    @property
    def ours(self) -> bool:
        """Say whether it was the fault of our side."""
        return self.outcome is Outcome.LINE_FAULT


_NO_FAX, _NO_ANSWER, _FAULT = Outcome.NO_FAX, Outcome.NO_ANSWER, Outcome.LINE_FAULT
_SILENT, _DROPPED, _WRONG = Outcome.NO_RESPONSE, Outcome.CALL_DROPPED, Outcome.PROTOCOL_ERROR
# fmt: off
_GROUPS: tuple[tuple[tuple[str, ...], HangUp], ...] = (
    # -- call placement and end
    (("0", "00"), HangUp(_DROPPED, "normal end of the connection")),  # before the last page was confirmed it is no good end
    (("1", "01"), HangUp(_NO_FAX, "ring detected, no handshake")),
    (("2", "02"), HangUp(_FAULT, "call aborted from our side")),
    (("3", "03"), HangUp(_FAULT, "no loop current")),
    (("4", "04"), HangUp(_NO_ANSWER, "ringback, and no answer in time")),
    (("5", "05"), HangUp(_NO_ANSWER, "ringback, and no answer tone in time")),
    (("10",), HangUp(_NO_FAX, "unspecified error in phase A")),
    (("11",), HangUp(_NO_FAX, "no fax signal was heard in T1")),
    # -- sending: phase B
    (("20",), HangUp(_SILENT, "unspecified error before the first page")),
    (("21",), HangUp(Outcome.REMOTE_CANNOT_RECEIVE, "the far machine can neither receive nor be polled")),
    (("22",), HangUp(_DROPPED, "DCN or an error instead of a command")),
    (("23",), HangUp(_WRONG, "a command that makes no sense, neither DIS nor DTC")),
    (("24",), HangUp(_DROPPED, "DCN or an error instead of a response")),
    (("25",), HangUp(_SILENT, "DCS was sent three times without a response")),
    (("26",), HangUp(_SILENT, "DIS was heard three times, our DCS was not recognized")),
    (("27",), HangUp(Outcome.TRAINING_FAILED, "training failed even at the lowest rate")),
    (("28",), HangUp(_WRONG, "a response that makes no sense, before the first page")),
    # -- sending: phase C
    (("40",), HangUp(_FAULT, "unspecified error in a page")),
    (("41",), HangUp(_FAULT, "unspecified error of the image format")),
    (("42",), HangUp(_FAULT, "the image could not be converted")),
    (("43",), HangUp(_FAULT, "we sent the page too slowly")),
    (("44",), HangUp(_FAULT, "unknown command in the page data")),
    (("45",), HangUp(_FAULT, "a line of the image has the wrong length")),
    (("46",), HangUp(_FAULT, "the page has the wrong length")),
    (("47",), HangUp(_FAULT, "a code in the image is wrong")),
    # -- sending: phase D
    (("50",), HangUp(_SILENT, "unspecified error after a page")),
    (("51",), HangUp(_DROPPED, "DCN or an error instead of an answer to a page")),
    (("52",), HangUp(_SILENT, "MPS was sent three times without an answer")),
    (("53",), HangUp(_WRONG, "an answer to MPS that makes no sense")),
    (("54",), HangUp(_SILENT, "EOP was sent three times without an answer")),
    (("55",), HangUp(_WRONG, "an answer to EOP that makes no sense")),
    (("56",), HangUp(_SILENT, "EOM was sent three times without an answer")),
    (("57",), HangUp(_WRONG, "an answer to EOM that makes no sense")),
    (("58",), HangUp(Outcome.PAGE_REFUSED, "an operator is wanted, and there is none")),
    # -- receiving: phase B
    (("70",), HangUp(_SILENT, "unspecified error before a page")),
    (("71",), HangUp(_DROPPED, "DCN or an error instead of a response")),
    (("72",), HangUp(_DROPPED, "DCN or an error instead of a command")),
    (("73",), HangUp(_SILENT, "the page that was due did not come in T2")),
    (("74",), HangUp(_SILENT, "nothing came in T1 after EOM")),
    # -- receiving: phase C
    (("90",), HangUp(_DROPPED, "unspecified error in a page")),
    (("91",), HangUp(_DROPPED, "no end of line was heard for 5 s")),
    (("92", "94"), HangUp(_DROPPED, "frames with wrong checksums to the end")),
    (("93",), HangUp(_FAULT, "we took the page too slowly")),
    # -- receiving: phase D
    (("100", "A0"), HangUp(_SILENT, "unspecified error after a page")),
    (("101", "A1"), HangUp(_WRONG, "a response after a page that makes no sense")),
    (("102", "A2"), HangUp(_DROPPED, "a command after a page that makes no sense, or DCN")),
    (("103", "A3"), HangUp(Outcome.PAGE_REFUSED, "an operator is wanted, and there is none")),
    # -- makers' own
    (("E0",), HangUp(_SILENT, "no command or signal came in 10 s")),
    (("130", "133"), HangUp(Outcome.REMOTE_CANNOT_RECEIVE, "the far machine cannot receive")),
    (("131",), HangUp(_FAULT, "call aborted from our side")),
)
# fmt: on
_CODES = {code: hang_up for codes, hang_up in _GROUPS for code in codes}
# SP-2388 of 1989, where its number does not stand for something else since: transmit phase C and receive phase C.
OLD_CODES = {"30": "40", "33": "43", "48": "58", "60": "90", "61": "91", "63": "93", "64": "94"}


def read_hang_up(text: str) -> HangUp:
    """Return what a code means, as written behind +FHNG: or +FHS:; one that nobody knows is the end of the call all the same."""
    code = text.split(",", maxsplit=1)[0].strip().upper()
    found = _CODES.get(code) or _CODES.get(code.lstrip("0")) or _CODES.get(OLD_CODES.get(code, ""))
    return found or HangUp(Outcome.CALL_DROPPED, f"hang-up code {code or 'without a number'}, which is not known here")


def ended_well(text: str) -> bool:
    """Say whether a code stands for a normal end. No code is none: an end without it confirms nothing."""
    return set(text.split(",", maxsplit=1)[0].strip()) == {"0"}
