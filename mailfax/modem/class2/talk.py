"""Talking to a Class 2 modem: commands out, reports and results in, every wait bounded. One per line; used by `line`, `sender`, `receiver`.

Whatever is said in either direction but page data is told to who listens in, so that a transcript has the dialogue too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mailfax.modem.at.dialogue import CAN, Dialogue, Result, read_result, spoken
from mailfax.modem.at.dle import shield
from mailfax.modem.class2.hangup import HangUp, read_hang_up
from mailfax.modem.class2.settings import Class2Settings
from mailfax.modem.class2.words import (
    WORDS,
    Able,
    Parameters,
    Report,
    ReportKind,
    Words,
    read_able,
    read_parameters,
    read_report,
)
from mailfax.modem.line import LineFault
from mailfax.t30.wire import reverse_bits

XON = b"\x11"
CHUNK = 256
NO_CALL = {Result.NO_CARRIER, Result.BUSY, Result.NO_ANSWER, Result.NO_DIALTONE}
MOST_SAID = 500  # lines of a call that are kept for whoever listens in later
PAGE_OCTETS = 16 * 1024 * 1024  # no page has as many
_REPORT_IN_DATA = re.compile(rb"\+F(?:HNG|HS):\s*\w+[^\r\n]*")
Tell = Callable[[str, str], None]  # direction as in a transcript, words


class CallOver(Exception):
    """The modem says that there is no call any more; `hang_up` says why, `code` as the modem wrote it."""

    def __init__(self, hang_up: HangUp, code: str = "") -> None:
        super().__init__(
            f"The modem ended the call ({code}): {hang_up.text}." if code else f"The call is over: {hang_up.text}."
        )
        self.hang_up = hang_up


@dataclass(kw_only=True, slots=True)
class Heard:
    """What the modem has reported of the call so far."""

    connected: bool = False
    station_id: str = ""
    theirs: Parameters | None = None  # their DIS
    session: Parameters | None = None  # the DCS
    session_is_new: bool = False
    page_status: int | None = None  # the last answer to a page, sent or received
    page_end: int | None = None  # what follows a page that was received
    hang_up: str | None = None  # the code
    polled: bool = False
    others: list[str] = field(default_factory=list)


class Talk:
    """One conversation with one modem."""

    def __init__(self, dialogue: Dialogue, settings: Class2Settings) -> None:
        self.dialogue = dialogue
        self.settings = settings
        self.words: Words = WORDS[settings.generation]
        self.able = Able()
        self.heard = Heard()
        self._tell: Tell | None = None
        self._said: list[tuple[str, str]] = []
        self._says_xon = settings.wait_for_xon

    @property
    def clock(self) -> Callable[[], float]:
        """Return the clock of the dialogue."""
        return self.dialogue.clock

    def new_call(self) -> None:
        """Forget the call before, and what the modem has still said of it."""
        self.dialogue.drop_stale()
        self.heard = Heard()
        self._said = []

    def listen_in(self, tell: Tell | None) -> None:
        """Tell the dialogue of this call from its beginning, or nobody any more."""
        self._tell = tell
        if tell is not None:
            for direction, words in self._said:
                tell(direction, words)

    # -- commands

    def command(self, text: str, timeout_s: float | None = None) -> Result | None:
        """Send a command and wait for its result; reports on the way are taken. None when there was no result in time.

        Of what the modem has said unasked before, only a hang-up counts: a page's status that comes late is not the next one's.
        """
        while (line := self.dialogue.there()) is not None:
            self._told("<", line)
            if (report := read_report(line)) is not None and report.kind is ReportKind.HUNG_UP:
                self._report(report)
        self.dialogue.drop_stale()
        self._told(">", text)
        self.dialogue.write(spoken(text))
        return self.result(self.settings.command_timeout_s if timeout_s is None else timeout_s, echo=text)

    def must(self, text: str) -> None:
        """Send a command that has to be answered by OK."""
        match self.command(text):
            case Result.OK:
                return
            case None:
                raise LineFault(f"The modem did not answer {text}.")
            case refused:
                raise LineFault(f"The modem answered {text} with {refused.value}.")

    def result(self, timeout_s: float, echo: str = "") -> Result | None:
        """Wait for a result; None when there was none in time."""
        deadline_s = self.clock() + timeout_s
        while (line := self.dialogue.line(deadline_s)) is not None:
            if line == echo:
                continue
            if (result := self._take(line)) is not None:
                return result
        return None

    def in_call(self, text: str, timeout_s: float, what: str) -> Result:
        """Send a command of the call, or only wait where `text` is empty. Raises CallOver, and LineFault for silence."""
        result = self.command(text, timeout_s) if text else self.result(timeout_s)
        self.check_up()
        if result is None:
            raise LineFault(f"The modem stopped answering ({what}).")
        self.check_carrier(result)
        return result

    def name(self, command: str, station_id: str) -> None:
        """Tell the modem a station id; a quotation mark in it would end it, and what follows be taken for commands."""
        told = "".join(letter for letter in station_id if letter.isprintable() and letter.isascii() and letter != '"')
        self.must(f'AT{command}="{told}"')

    def check_carrier(self, result: Result | None) -> None:
        """Raise CallOver for a result that says in itself that there is no call any more."""
        if result is not None and result in NO_CALL:
            raise CallOver(read_hang_up("0"), result.value)

    def check_up(self) -> None:
        """Raise CallOver when the modem has hung up."""
        if self.heard.hang_up is not None:
            raise CallOver(read_hang_up(self.heard.hang_up), self.heard.hang_up)

    def learn(self) -> None:
        """Ask what the modem can do."""
        said = self.dialogue.ask(f"AT{self.words.capability}=?", self.settings.command_timeout_s)
        self.able = read_able(said, hex_numbers=self.settings.hex_numbers)

    def ask_for_status(self) -> tuple[int | None, str]:
        """Ask what was answered to the last page: the number, or what the modem says instead of one."""
        self.heard.page_status, self.heard.others = None, []
        self.command(f"AT{self.words.page_status}?")
        heard = self.heard
        return heard.page_status, " ".join(heard.others)

    def parameters(self, parameters: Parameters) -> str:
        """Write a parameter string as this modem reads it."""
        return parameters.write(self.settings.generation, hex_numbers=self.settings.hex_numbers)

    # -- page data

    def await_xon(self) -> None:
        """Wait until the modem takes page data, if it is one that says so. One that does not after all is not waited for again."""
        if self._says_xon:
            self._says_xon = self.dialogue.await_octet(XON, self.settings.xon_s)

    def write_data(self, octets: bytes, end_s: float) -> None:
        """Hand over page data, first bit of the line most significant; at whatever pace the modem takes it, until `end_s`."""
        data = shield(reverse_bits(octets) if self.settings.send_reversed else octets)
        for at in range(0, len(data), CHUNK):
            while (line := self.dialogue.there()) is not None:
                if (early := self._take(line)) is not None or self.heard.hang_up is not None:
                    self.result(self.settings.command_timeout_s)  # the OK behind a hang-up
                    self.check_up()
                    self.check_carrier(early)
                    raise LineFault(f"The modem says {early.value if early else line} in the middle of a page.")
            if self.clock() > end_s:
                raise LineFault("The modem takes page data more slowly than it sends it.")
            self.dialogue.write(data[at : at + CHUNK])

    def read_page(self) -> tuple[bytes, bool]:
        """Take a page: its octets, first bit of the line most significant, and whether the modem ended it.

        One that hangs up in the middle of a page should end it first; some say so in the middle of the data.
        """
        settings = self.settings
        data = self.dialogue.data(idle_s=settings.page_idle_s, limit_s=settings.page_limit_s, limit_octets=PAGE_OCTETS)
        octets = data.octets()
        if not data.ended and (found := _REPORT_IN_DATA.search(reverse_bits(octets))):
            octets = octets[: found.start()]
            self._take(found[0].decode("latin-1"))
        return reverse_bits(octets) if settings.receive_reversed else octets, data.ended

    def forget_page(self) -> None:
        """Forget what was reported of the page before."""
        self.heard.page_end = self.heard.page_status = None

    def cancel(self) -> None:
        """Have the modem stop handing over a page."""
        self.dialogue.write(CAN)

    # -- what is heard

    def _take(self, line: str) -> Result | None:
        """Take a line: a report is kept, a result returned."""
        self._told("<", line)
        if (report := read_report(line)) is not None:
            self._report(report)
            return None
        if (result := read_result(line)) is None:
            self.heard.others.append(line)
            del self.heard.others[:-16]
        return result

    def _report(self, report: Report) -> None:
        heard, text = self.heard, report.text
        match report.kind:
            case ReportKind.CONNECTED:
                heard.connected = True
            case ReportKind.IDENTITY:
                heard.station_id = "".join(letter for letter in text if letter.isprintable()).strip("\" '")
            case ReportKind.THEIR_DIS:
                heard.theirs = self._read(text) or heard.theirs
            case ReportKind.SESSION:
                session = self._read(text)
                heard.session, heard.session_is_new = session or heard.session, session is not None
            case ReportKind.PAGE_STATUS:
                heard.page_status = first_number(text)
            case ReportKind.PAGE_END:
                heard.page_end = first_number(text)
            case ReportKind.HUNG_UP:
                heard.hang_up = text
            case ReportKind.POLL:
                heard.polled = True

    def _read(self, text: str) -> Parameters | None:
        return read_parameters(text, hex_numbers=self.settings.hex_numbers)

    def _told(self, direction: str, words: str) -> None:
        self._said.append((direction, words))
        del self._said[:-MOST_SAID]
        if self._tell is not None:
            self._tell(direction, words)


def first_number(text: str) -> int | None:
    """Read the number that a text begins with."""
    found = re.match(r"\s*(\d+)", text)
    return int(found[1]) if found else None
