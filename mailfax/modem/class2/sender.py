"""The engine's commands when we send through a Class 2 modem. One per call; used by `line`.

The engine sends DCS and TCF: the modem is told of the form (+FDIS) and asked for the page's start (+FDT), and by what it reports then
(+FDCS) it is found out whether the training was for that form: CFR, FTT for a lower rate, or the DIS of a machine that takes nothing
else. Then the page, its end-of-page command (+FET) and what came back (+FPTS).

The engine notes on disk that an end-of-page command goes out before it asks for it, so before +FET or, in 2.0, before DLE and the
octet that stands for it (promise 2). It is told of a confirmation only where the modem reported one (promise 3).
"""

from collections import deque
from dataclasses import dataclass, field, replace

from mailfax.modem.at.dialogue import Result
from mailfax.modem.at.dle import DLE, END
from mailfax.modem.class2.frames import BR_STEP, dis_of, session_of
from mailfax.modem.class2.hangup import ended_well, read_hang_up
from mailfax.modem.class2.talk import CallOver, Talk, first_number
from mailfax.modem.class2.words import Parameters
from mailfax.modem.line import LineFault
from mailfax.modem.profile import FaxClass
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dcs
from mailfax.t30.ecm import PageEnd, page_end, read_fcds
from mailfax.t30.frames import (
    Fcf,
    Frame,
    build_burst,
    build_frame,
    identification_fif,
    parse_frame,
    read_identification,
)
from mailfax.t30.hdlc import from_bits, to_bits
from mailfax.t30.modulation import Modulation

# What +FET= says, and in 2.0 the octet behind DLE (TIA-592, 8.3.3.7).
_ENDS: dict[Fcf, tuple[int, int]] = {Fcf.MPS: (0, 0x2C), Fcf.EOM: (1, 0x3B), Fcf.EOP: (2, 0x2E)}
# What +FPTS: and +FPS report of a page that was sent.
_ANSWERS = {1: Fcf.MCF, 2: Fcf.RTN, 3: Fcf.RTP, 4: Fcf.PIN, 5: Fcf.PIP}
_GRACE_S = 30.0
_RESEND_SHARE = 1.5  # of a page's own time: what error correction may send again
_EOL = "000000000001"
_RTCS = (_EOL * 6, (_EOL + "1") * 6)  # T.4, 4.1.4 and 4.2.2


@dataclass(kw_only=True, slots=True)
class Sender:
    """One call that we make. Each method answers one kind of the engine's commands; they raise CallOver, LineFault or Stopped."""

    talk: Talk
    own_id: str = ""
    frames: deque[tuple[bytes, ...]] = field(default_factory=deque)  # bursts that the engine has still to hear
    dcs: Dcs | None = None
    asked: Parameters | None = None
    taking: bool = False  # the modem has said CONNECT and takes page data
    bits: int = 0  # of the page at hand, as they will be on the line
    narrowed: bool = False

    def identified(self) -> None:
        """Have the engine hear who the far machine is and what it can do, as the modem has said."""
        heard = self.talk.heard
        if heard.theirs is None:
            raise LineFault("The modem does not say what the far machine can do (+FDIS, +FIS).")
        own = [(Fcf.CSI, identification_fif(heard.station_id))] if heard.station_id else []
        dis = dis_of(heard.theirs, self.talk.able)
        dis = dis.with_bits({Bit.READY_TO_BE_POLLED}) if heard.polled else dis
        self.frames.append(build_burst([*own, (Fcf.DIS, dis.fif)], x=False))

    def hear(self) -> tuple[bytes, ...] | None:
        """Return what the engine waits for; None when there is nothing that could come."""
        if not self.frames:
            self.talk.check_up()
        if not self.frames and self.dcs is not None:
            self._start_page(self.dcs)
        if not self.frames and self.talk.heard.theirs is not None and self.dcs is None:
            self.identified()  # phase B again, after EOM: the machine is the same
        return self.frames.popleft() if self.frames else None

    def say(self, frames: tuple[bytes, ...]) -> None:
        """Take a burst of the engine."""
        for octets in frames:
            if (frame := parse_frame(octets)) is not None:
                self._say(frame)

    def _say(self, frame: Frame) -> None:
        match frame.fcf:
            case Fcf.TSI:
                self._identify(read_identification(frame.fif))
            case Fcf.DCS:
                self.dcs = Dcs.parse(frame.fif)
            case Fcf.MPS | Fcf.EOM | Fcf.EOP:
                self._end_page(frame.fcf)
            case Fcf.PPS:
                end = page_end(frame.fif)
                if end is PageEnd.NULL:  # the modem cuts blocks by itself: ours is on its way with the others
                    self._answer(Fcf.MCF)
                elif end is not None and end.command is not None:
                    self._end_page(end.command)
            case Fcf.DCN:
                self._farewell()
            case _:
                raise LineFault(f"A Class 2 modem cannot be made to send {frame.fcf}.")

    def page(self, octets: bytes, modulation: Modulation) -> None:
        """Hand over a page, or a piece of it."""
        if not self.taking:
            self._ask_for_start()
        self.bits += 8 * len(octets)
        air_s = self.bits * _RESEND_SHARE / modulation.bit_rate
        self.talk.write_data(octets, self.talk.clock() + air_s + _GRACE_S)

    def whole_page(self, octets: bytes, modulation: Modulation) -> None:
        """Hand over a page without error correction; its RTC is the modem's, unless it has none.

        In Class 2 its end is one thing and the end-of-page command another: what fails before +FET is no doubt about that command.
        """
        self.page(octets if self.talk.settings.send_rtc else without_rtc(octets), modulation)
        if self.talk.settings.generation is FaxClass.CLASS2:
            self._end_data()

    def block(self, frames: tuple[bytes, ...], modulation: Modulation) -> None:
        """Hand over what is in the frames of a block; the modem makes its own."""
        self.page(b"".join(data for _, data in read_fcds(frames)), modulation)

    # -- phase B

    def _identify(self, station_id: str) -> None:
        if station_id != self.own_id:
            self.own_id = station_id
            self.talk.name(self.talk.words.own_id, station_id)

    def _start_page(self, dcs: Dcs) -> None:
        """Have the modem train for this form, if it has not done so, and tell the engine what came of it."""
        talk, self.dcs = self.talk, None
        talk.check_up()
        wanted = session_of(dcs, talk.able)
        if not self.taking:
            if wanted != self.asked:
                talk.must(f"AT{talk.words.session}={talk.parameters(wanted)}")
                self.asked = wanted
            self._ask_for_start()
        got = talk.heard.session
        if got is None:  # it does not say, so it keeps to what it was told
            self._answer(Fcf.CFR)
        elif (got.vr, got.df, min(got.ec, 1)) != (wanted.vr, wanted.df, wanted.ec):
            self._narrow(got)
        elif _rate(got) < _rate(wanted):
            self._answer(Fcf.FTT)  # the training went down to there; the engine goes down with it
        else:
            self.narrowed = False  # another document may be put in another form
            self._answer(Fcf.CFR)

    def _narrow(self, got: Parameters) -> None:
        """Tell the engine of a machine that takes only what the modem has settled on, so that it codes the page for that."""
        talk = self.talk
        if self.narrowed or talk.heard.theirs is None:
            raise LineFault(f"The modem settled on {talk.parameters(got)}, in which we have no page.")
        self.narrowed = True
        theirs = replace(talk.heard.theirs, vr=got.vr, df=got.df, ec=got.ec, br=got.br)
        self.frames.append((build_frame(Fcf.DIS, dis_of(theirs, talk.able).fif, x=False),))

    def _ask_for_start(self) -> None:
        """+FDT: retrain if there is need, and take page data."""
        talk = self.talk
        talk.heard.page_status = None
        match talk.in_call("AT+FDT", talk.settings.page_start_s, "AT+FDT"):
            case Result.CONNECT:
                self.taking, self.bits = True, 0
            case other:
                raise LineFault(f"The modem answered AT+FDT with {other.value}.")
        talk.await_xon()
        talk.dialogue.port.flow(sending=True)  # until the modem has taken the last octet, and said so

    # -- phase D

    def _end_page(self, end: Fcf) -> None:
        """End the page, have its end-of-page command sent, and tell the engine what came back."""
        talk = self.talk
        wait_s = self._page_s()
        digit, octet = _ENDS[end]
        if end is Fcf.EOM:
            self.asked = None  # some modems forget the form with the document
        talk.heard.page_status = None
        if talk.settings.generation is FaxClass.CLASS2:
            if self.taking:  # under error correction only this command says that no block follows
                self._end_data()
            result = talk.command(f"AT+FET={digit}", wait_s)
        else:
            talk.dialogue.write(bytes((DLE, octet)))
            result = talk.result(wait_s)
            talk.dialogue.port.flow(sending=False)
        self.taking = False
        self._judge(end, result)

    def _end_data(self) -> None:
        """Class 2: say that this was all of the page, and wait until the modem has taken it."""
        talk = self.talk
        talk.dialogue.write(END)
        taken = talk.in_call("", self._page_s(), "the end of a page")
        if taken is not Result.OK:
            raise LineFault(f"The modem answered the end of a page with {taken.value}.")
        talk.dialogue.port.flow(sending=False)
        self.taking = False

    def _page_s(self) -> float:
        """Return how long the modem may take with the page at hand: all of it may still be in its memory."""
        rate = _rate(self.talk.heard.session or self.asked or Parameters())
        return self.talk.settings.page_end_s + self.bits * _RESEND_SHARE / rate

    def _judge(self, end: Fcf, result: Result | None) -> None:
        """Read what became of the page out of status, result and hang-up."""
        talk = self.talk
        heard = talk.heard
        new = talk.settings.generation is not FaxClass.CLASS2
        answer = _ANSWERS.get(heard.page_status or 0)
        hung_up = heard.hang_up
        if answer is None and new and hung_up is None and result in {Result.OK, Result.ERROR}:
            answer = self._ask_for_status(result)
        if (
            answer is None
            and new
            and end is Fcf.EOP
            and result is Result.OK
            and hung_up is not None
            and ended_well(hung_up)
        ):
            answer = Fcf.MCF  # 2.0 reports an EOP that was confirmed by a normal end (TIA-592, table of +FHS)
        if answer is not None:
            self._answer(answer)
            return
        if hung_up is not None:
            raise CallOver(read_hang_up(hung_up), hung_up)
        if result is None:
            raise LineFault(f"The modem does not say what became of the page ({end}).")
        talk.check_carrier(result)
        raise LineFault(f"The modem says {result.value} to {end}, and not what became of the page (+FPTS).")

    def _ask_for_status(self, result: Result) -> Fcf:
        """Ask a 2.0 modem for the answer behind its OK (a confirmation) or ERROR (a refusal); not every one tells."""
        status, others = self.talk.ask_for_status()
        told = _ANSWERS.get((first_number(others) if status is None else status) or 0)
        if result is Result.OK:
            return told or Fcf.MCF
        return told if told is Fcf.PIN else Fcf.RTN  # ERROR beside a good status: of the page before

    def _farewell(self) -> None:
        """End the call in good order. After EOP the modem has sent its DCN; else it is told to."""
        talk = self.talk
        if talk.heard.hang_up is None:
            if self.taking:
                talk.cancel()
                talk.dialogue.port.flow(sending=False)
                self.taking = False
            talk.command(f"AT{talk.words.abort}", talk.settings.command_timeout_s)

    def _answer(self, fcf: Fcf) -> None:
        self.frames.append((build_frame(fcf, x=False),))


def _rate(parameters: Parameters) -> int:
    """Return the rate in bit/s; above 14400 (V.34) it is the modem's own affair."""
    return min((parameters.br + 1) * BR_STEP, Modulation.V17_14400.bit_rate)


def without_rtc(octets: bytes) -> bytes:
    """Take off the return to control: a modem that adds its own would end the page twice."""
    tail = octets[-24:]
    bits = to_bits(tail).rstrip("0")
    for rtc in _RTCS:
        if bits.endswith(rtc):
            rest = bits[: -len(rtc)]
            filled = rest + "0" * (-len(rest) % 8)
            return octets[: len(octets) - len(tail)] + from_bits(filled)
    return octets
