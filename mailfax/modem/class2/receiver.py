"""The engine's commands when we receive through a Class 2 modem. One per call; used by `line`.

The engine's DIS says what the modem may offer, so it is with that frame that the call is answered (ATA). What the modem reports then
(+FTSI, +FDCS) is what the engine hears, and each +FDR brings a page and the command at its end (+FET).

By the standards the modem sends the answer to a page only with the next +FDR. That is given when the engine has sent its own answer,
so after the page is on disk (promise 1). Blocks under error correction are confirmed by the modem, as they come to it: there the promise
holds for the page.
"""

from collections import deque
from dataclasses import dataclass, field

from mailfax.model.outcome import Outcome
from mailfax.model.page import Coding
from mailfax.modem.at.dialogue import Result
from mailfax.modem.class2.frames import dcs_of, offer_of
from mailfax.modem.class2.hangup import HangUp, ended_well
from mailfax.modem.class2.settings import START_OCTETS
from mailfax.modem.class2.talk import CallOver, Talk
from mailfax.modem.line import LineFault
from mailfax.t30.capabilities import Dcs, Dis
from mailfax.t30.ecm import PageEnd, PartialPage, block_frames, cut_blocks
from mailfax.t30.frames import (
    Fcf,
    Frame,
    build_burst,
    build_frame,
    identification_fif,
    parse_frame,
    read_identification,
)
from mailfax.t30.hdlc import from_bits
from mailfax.t30.page_end import has_rtc

_ENDS = {0: Fcf.MPS, 1: Fcf.EOM, 2: Fcf.EOP, 4: Fcf.MPS, 5: Fcf.EOM, 6: Fcf.EOP}  # the latter with an operator wanted
_GOOD = {1, 3}
_RTC = from_bits("000000000001" * 6)  # T.4, 4.1.4
_STATUS = {Fcf.MCF: 1, Fcf.RTN: 2, Fcf.RTP: 3}
_TRIES_AFTER_OK = 3  # some modems answer +FDR with OK between two documents


@dataclass(kw_only=True, slots=True)
class Receiver:
    """One call that we answer. The methods raise CallOver, LineFault or Stopped."""

    talk: Talk
    commands: deque[tuple[bytes, ...]] = field(default_factory=deque)  # bursts that the engine has still to hear
    dcs: Dcs | None = None
    own_id: str = ""
    answered: bool = False
    waiting: bool = False  # the modem has said CONNECT and waits to be asked for the page
    unanswered: tuple[bytes, ...] = ()  # the end-of-page command, until the engine answers it
    blocks: deque[tuple[tuple[bytes, ...], PartialPage]] = field(default_factory=deque)
    pages: int = 0
    over: bool = False

    def ask(self, frames: tuple[bytes, ...]) -> None:
        """Tell the modem as whom we ask for a document; with the first +FDR it does (T.32: +FPO, then +FDR)."""
        for frame in filter(None, map(parse_frame, frames)):
            match frame.fcf:
                case Fcf.CIG:
                    self.talk.name(self.talk.words.polling_id, read_identification(frame.fif))
                case Fcf.DTC:
                    pass
                case _:
                    raise LineFault(f"A Class 2 modem cannot be made to send {frame.fcf}.")

    def say(self, frames: tuple[bytes, ...]) -> None:
        """Take a burst of the engine."""
        for octets in frames:
            if (frame := parse_frame(octets)) is not None:
                self._say(frame)

    def _say(self, frame: Frame) -> None:
        match frame.fcf:
            case Fcf.CSI:
                self.own_id = read_identification(frame.fif)
            case Fcf.DIS:
                if not self.answered:
                    self._answer_the_call(Dis.parse(frame.fif))
            case Fcf.MCF | Fcf.RTN | Fcf.RTP:
                self.unanswered = ()
                if not self.blocks:
                    self._answer_the_page(frame.fcf)
            case Fcf.RNR:
                pass  # the far end waits for the modem as it is; the engine hears its command again until the disk is ready
            case Fcf.DCN:
                if self.talk.heard.hang_up is None:
                    self.talk.command(f"AT{self.talk.words.abort}")
            case Fcf.CFR | Fcf.FTT | Fcf.DTC | Fcf.CIG:
                pass  # the modem has trained before it reported the DCS
            case _:
                raise LineFault(f"A Class 2 modem cannot be made to send {frame.fcf}.")

    def hear(self) -> tuple[bytes, ...] | None:
        """Return what the engine waits for; None when there is nothing that could come."""
        if not self.commands and self.unanswered:
            return self.unanswered  # the engine let its answer be late, and wants the command again
        if not self.commands and self.over:
            self.talk.check_up()
        if not self.commands and self.answered and not self.over:
            self._go_on()
        return self.commands.popleft() if self.commands else None

    def page(self) -> tuple[bytes, bool] | None:
        """Return a page and whether its carrier was lost; None when the engine has to hear something else first."""
        if not self._page_is_due():
            return None
        octets, ended = self._take_page()
        if self.commands:  # the end-of-page command
            self.unanswered = self.commands[-1]
        return octets, not ended

    def block(self) -> tuple[bytes, ...] | None:
        """Return the frames of the next block, made of the page that the modem has received whole."""
        if not self.blocks:
            if not self._page_is_due():
                return None
            octets, _ = self._take_page()
            end = self.commands.popleft() if self.commands else ()
            self._cut(octets, end)
        if not self.blocks:
            return None
        frames, partial = self.blocks.popleft()
        self.commands.append((build_frame(Fcf.PPS, partial.fif, x=True),))
        self.unanswered = self.commands[-1]
        return frames

    # -- the call

    def _answer_the_call(self, dis: Dis) -> None:
        """Tell the modem who we are and what it may offer, go off-hook, and hear who calls and in which form."""
        talk, settings = self.talk, self.talk.settings
        if self.own_id:
            talk.name(talk.words.own_id, self.own_id)
        talk.must(f"AT{talk.words.capability}={talk.parameters(offer_of(dis, talk.able, settings.generation))}")
        self.answered = True
        result = talk.in_call("ATA", settings.answer_timeout_s, "ATA")
        if result is Result.FAX:  # adaptive answer says what the caller is, before all else
            result = talk.in_call("", settings.answer_timeout_s, "ATA")
        if result in {Result.DATA, Result.VOICE, Result.CONNECT}:
            raise CallOver(
                HangUp(Outcome.NOT_A_FAX, f"the modem says that the caller is no fax machine ({result.value})")
            )
        if result is not Result.OK:
            raise LineFault(f"The modem answered ATA with {result.value}.")
        if talk.heard.session is None:
            raise LineFault("The modem does not say in which form the fax comes (+FDCS, +FCS).")
        self._command_form()

    def _command_form(self) -> None:
        """Have the engine hear the DCS, if it says something new."""
        heard = self.talk.heard
        assert heard.session is not None
        heard.session_is_new = False
        dcs = dcs_of(heard.session)
        if dcs == self.dcs:
            return
        self.dcs = dcs
        own = [(Fcf.TSI, identification_fif(heard.station_id))] if heard.station_id else []
        self.commands.append(build_burst([*own, (Fcf.DCS, dcs.fif)], x=True))

    def _go_on(self) -> None:
        """After the last answer: hear how it goes on, which is a new training, or the end."""
        if not self.waiting:
            self._connect(resent=True)

    # -- a page

    def _page_is_due(self) -> bool:
        """Have the next page begin; False when the engine has to hear a command first: also one whose answer it let be late."""
        if self.unanswered and not self.commands:
            self.commands.append(self.unanswered)
        if not self.commands and not self.over:
            self._connect()
        return not self.commands and not self.over

    def _connect(self, *, resent: bool = False) -> None:
        """+FDR: the answer to the page before goes out, and the next page begins. A new form is told to the engine first."""
        talk = self.talk
        if self.waiting:
            return
        for _ in range(_TRIES_AFTER_OK):
            result = talk.command("AT+FDR", talk.settings.page_start_s)
            if talk.heard.hang_up is not None:
                self._end()
                return
            if result is Result.CONNECT:
                break
            talk.check_carrier(result)
            if result is not Result.OK:
                raise LineFault(f"The modem answered AT+FDR with {result.value if result else 'nothing'}.")
        else:
            raise LineFault("The modem answers AT+FDR with OK, and no page begins.")
        self.waiting = True
        if resent:
            self.dcs = None  # the engine waits for the DCS of a retraining, also if it says the same
        if talk.heard.session_is_new or resent:
            self._command_form()

    def _take_page(self) -> tuple[bytes, bool]:
        """Ask for the page, take it, and have the engine hear the command at its end."""
        talk = self.talk
        talk.forget_page()
        talk.dialogue.write(START_OCTETS[talk.settings.start_receive])
        self.waiting = False
        octets, ended = talk.read_page()
        if not ended and talk.heard.hang_up is None:
            talk.cancel()
        result = talk.result(talk.settings.page_end_s)
        if talk.heard.hang_up is not None:
            self.over = True
            return octets, False
        if result is None:
            raise LineFault("The modem does not say what follows the page.")
        end = _ENDS.get(talk.heard.page_end) if talk.heard.page_end is not None else None
        if end is None:
            talk.check_carrier(result)
            raise LineFault("The modem does not say which command ended the page (+FET).")
        self.commands.append((build_frame(end, x=True),))
        self.pages += 1
        coding = self.dcs.coding if self.dcs else None
        if ended and coding in {Coding.MH, Coding.MR} and talk.heard.page_status in _GOOD and not has_rtc(octets):
            octets += _RTC  # the modem took it off: it heard the page to its end, and found it good
        return octets, ended

    def _cut(self, octets: bytes, end: tuple[bytes, ...]) -> None:
        """Cut a page into blocks, as it was on the line; the engine knows pages under error correction in no other form."""
        assert self.dcs is not None
        form = self.dcs.form
        assert form is not None
        if not octets:
            return
        frame = parse_frame(end[0]) if end else None
        blocks = cut_blocks(octets, form.ecm_frame_octets)
        for number, block in enumerate(blocks):
            last = number == len(blocks) - 1
            if last and frame is None:
                break
            kind = PageEnd(frame.fcf) if last and frame is not None else PageEnd.NULL
            partial = PartialPage(end=kind, page=self.pages - 1, block=number, frames=len(block))
            self.blocks.append((block_frames(block, range(len(block))), partial))

    def _answer_the_page(self, verdict: Fcf) -> None:
        """Have the modem give our answer instead of its own, where they differ."""
        talk = self.talk
        if talk.heard.page_status == _STATUS[verdict]:
            return
        status = f"AT{talk.words.page_status}={_STATUS[verdict]}"
        if talk.command(status) is not Result.OK and verdict is Fcf.RTN:
            # A modem that confirms what we refuse would say that a page arrived which did not.
            raise LineFault(f"The modem does not take {status}, so the page cannot be refused.")

    def _end(self) -> None:
        """Take note that the modem has hung up: after the last page that is the far end's DCN."""
        self.over = True
        if ended_well(self.talk.heard.hang_up or ""):
            self.commands.append((build_frame(Fcf.DCN, x=True),))
        else:
            self.talk.check_up()


def asks_for_document(frames: tuple[bytes, ...]) -> bool:
    """Say whether a burst of the engine is the request of a caller that polls (T.30, 5.3.6.1.2)."""
    return any(frame.fcf is Fcf.DTC for frame in map(parse_frame, frames) if frame)
