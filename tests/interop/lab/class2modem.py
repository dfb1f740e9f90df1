"""A Class 2, 2.0 or 2.1 fax modem on a pseudo-terminal: T.32 (and TIA SP-2388-A, as Rockwell's chips have it) in front of `terminal`.

A test double of modems, not of fax: its T.30 is libspandsp's. It is believed because mgetty sends and receives through it
(tests/interop/test_class2_mgetty.py). What a modem does while the DTE is slow, the emulator does with the clock: the line stands still.

It takes a whole page before the line is trained for it, as a modem with much memory would: a failed training is reported after
the page's end, not before CONNECT.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab import pagefile
from lab import spandsp as sd
from lab.atcommands import Settings, execute
from lab.class2words import (
    ENCODING,
    Parameters,
    hang_up_code,
    has_document,
    meet,
    parameters_of_dcs,
    parameters_of_dis,
)
from lab.dteport import GONE, DtePort
from lab.machine import FaxMachine
from lab.modem import Event, Party
from lab.pagedata import CAN, DLE, ETX, Cancelled, Flow, PageData
from lab.terminal import Terminal, Wait

XON, XOFF, DC1, DC2 = 0x11, 0x13, 0x11, 0x12
DLE_ETX = bytes((DLE, ETX))
READ = 4096
ANSWER_CODES = {"MCF": 1, "RTN": 2, "RTP": 3, "PIN": 4, "PIP": 5}
VERDICT_OF = {1: "MCF", 2: "RTN", 3: "RTP"}
END_CODES = {"MPS": 0, "EOM": 1, "EOP": 2}
LAST_CARRIER_BLOCKS = 15  # 0.3 s after our last signal, so that the far end has heard it to its end


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What differs between models."""

    rockwell: bool = False  # received pages come reversed at +FBOR=0, sent ones do not
    xon_before_data: bool = True  # Class 2: XON after CONNECT
    start: bytes = bytes((DC1, DC2))  # what asks for a page after +FDR's CONNECT
    buffer_octets: int = 0  # flow control by XON/XOFF with a buffer of this size; 0: it is as large as any page
    drain_octets_s: float = 20000.0
    underflow_s: float = 5.0
    pulled_at: str = ""  # a command at which its plug is pulled; `data` or `given`: in the middle of a page, out or in
    ecm: bool = False
    boasts: bool = False  # it says that it has ECM and MMR, and has them not
    hex_numbers: bool = True  # in 2.0 and 2.1
    options: dict[str, str] = field(default_factory=dict)  # of the spandsp terminal


class Class2Modem:
    """One modem; `link` is a path that becomes a link to its pty. The Exchange calls it as it does the Class 1 `Modem`."""

    settled_at_s = 0.0
    turn = Party.MODEM

    def __init__(self, *, link: Path, folder: Path, model: Model | None = None) -> None:
        self.model = model or Model()
        self.link = link
        self.events: deque[tuple[Event, str]] = deque()
        self.off_hook = False
        self.terminal: Terminal | None = None
        self.xoffs = 0  # how often the DTE was held back
        self.said: list[str] = []
        self._port = DtePort(link)
        self._folder = folder
        self._calls = 0
        self._settings = Settings(ecm=self.model.ecm or self.model.boasts)
        self._line = bytearray()
        self._heard = threading.Condition()
        self._new_call()

    def _new_call(self) -> None:
        self._taking: PageData | None = None
        self._page: bytes = b""
        self._chosen: Parameters | None = None
        self._file: pagefile.GrowingTiff | None = None
        self._index = 0
        self._received = 0
        self._waits_for_start = False
        self._given: bytes | None = None  # a received page that the DTE has not asked for yet
        self._executing = ""  # the command that has no final result yet
        self._connected = False
        self._answer = 0
        self._blocks_left: int | None = None
        self._more_documents = False
        self._report = b""

    # -- what the Exchange asks of a modem

    @property
    def fd(self) -> int:
        return self._port.fd

    @property
    def outbox(self) -> bytearray:
        return self._port.outbox

    @property
    def dte_there(self) -> bool:
        return self._port.dte_there

    @property
    def caller_id(self) -> bool:
        return self._settings.caller_id

    @property
    def fax_class(self) -> str:
        """Return the class that the DTE has set."""
        return self._settings.fax_class

    @property
    def clear_to_send(self) -> bool:
        """Say whether it takes more: a pty has no wire, so what a full buffer leaves there is held back as by CTS, too."""
        return self._room() > 0

    def _room(self) -> int:
        return READ if self._taking is None else min(READ, self._taking.room)

    def flush(self) -> None:
        self._port.flush()

    def pull(self, samples: int) -> None:
        """Be silent: only `carry` is of a call."""

    def push(self, heard: object) -> None:
        """Hear nothing."""

    def say(self, text: str) -> None:
        """Say a line."""
        self._port.say(b"\r\n" + text.encode() + b"\r\n")
        self.said.append(text)

    def say_raw(self, octets: bytes) -> None:
        self._port.say(octets)

    def close(self) -> None:
        self._end_terminal()
        self._port.close()

    def read_dte(self) -> None:
        """Take what the DTE wrote; its going away is a DTR drop."""
        self._drain()
        octets, left = self._port.read(self._room())
        if left:
            self._line.clear()
            self._settings = Settings(ecm=self.model.ecm or self.model.boasts)
            self._hang_up()
            self._new_call()
        for octet in octets:
            if self._port.fd != GONE:
                self._take(octet)
        with self._heard:
            self._heard.notify_all()

    def wait_for_class(self, fax_class: str, limit_s: float) -> bool:
        """Wait, in another thread, until the DTE has set this class."""
        with self._heard:
            return self._heard.wait_for(lambda: self.fax_class == fax_class, limit_s)

    def network_says(self, event: sd.CallEvent) -> None:
        """Learn what the network signals."""
        match event:
            case sd.CallEvent.ALERTING:
                self.say("RING")
            case sd.CallEvent.CONNECTED | sd.CallEvent.ANSWERED:
                self._begin(calling=event is sd.CallEvent.CONNECTED)
            case sd.CallEvent.BUSY:
                self._final("BUSY")
            case sd.CallEvent.NO_DIALTONE:
                self._final("NO DIALTONE")
            case sd.CallEvent.NO_ANSWER:
                self._final("NO ANSWER")
            case sd.CallEvent.HANGUP:
                self.off_hook = False
                if self.terminal is not None:
                    self.terminal.abandon()
                    self._over()
                elif self._executing:
                    self._final("NO CARRIER")

    def carry(self, far: FaxMachine) -> bool:
        """Carry one block of the call; False while the line stands still."""
        terminal = self.terminal
        if terminal is None or terminal.held is not None:
            return False
        done = terminal.carry(far)
        self._look()
        if self._blocks_left is not None:
            self._blocks_left -= 1
            if self._blocks_left <= 0:
                self._blocks_left = None
                self._over()
        return done

    # -- the call

    def _begin(self, *, calling: bool) -> None:
        self._calls += 1
        settings = self._settings
        ecm = "1" if self.model.ecm and settings.capabilities.ec else "0"
        options = {
            "ident": settings.ident or " ",
            "ecm": ecm,
            "comp": _codings(settings.capabilities),
            **self.model.options,
        }
        received = self._folder / f"class2-{self._calls}-in.tif"
        executing = self._executing
        self._new_call()
        self._executing = executing
        self.terminal = Terminal(calling=calling, received=received, options=options)
        self._file_in = received

    def _look(self) -> None:
        """See what the terminal waits with, and tell the DTE."""
        terminal = self.terminal
        while terminal is not None and terminal.held is not None:
            held = terminal.held
            match held.why:
                case Wait.IDENTIFIED:
                    self._identified(terminal)
                    return
                case Wait.ANSWERED:
                    self._answered(terminal, held.name)
                    return
                case Wait.TRAINED:
                    if not self._trained(terminal):
                        return
                case Wait.PAGE:
                    if not self._page_came(terminal, held.name):
                        return
        if terminal is not None and terminal.ended is not None and self._blocks_left is None:
            self._blocks_left = LAST_CARRIER_BLOCKS

    def _connect_lines(self, ident: str, label: str, old_label: str) -> None:
        if not self._connected:
            self.say("+FCO" if self._settings.new else "+FCON")
            self._connected = True
        if ident:
            self.say(f'{label if self._settings.new else old_label}:"{ident:>20}"')

    def _identified(self, terminal: Terminal) -> None:
        self._connect_lines(terminal.ident, "+FCI", "+FCSI")
        word = "+FIS" if self._settings.new else "+FDIS"
        self.say(f"{word}:{self._write(parameters_of_dis(terminal.dis))}")
        if has_document(terminal.dis) and self._settings.polls:
            self.say("+FPO" if self._settings.new else "+FPOLL")
        if self._executing == "page start":
            self._send_page()
        elif self._executing in {"dial", "ppm"}:  # the latter after EOM
            self._final("OK")

    def _answered(self, terminal: Terminal, name: str) -> None:
        self._answer = ANSWER_CODES[name]
        last = terminal.page_end == "EOP"
        if self._settings.new:
            if not last:
                self._final("OK" if self._answer & 1 else "ERROR")
        else:
            self.say(f"+FPTS:{self._answer}")
            if not last and terminal.page_end != "EOM":
                self._final("OK")
        if self._answer & 1:
            self._index += 1
        if last or terminal.page_end == "EOM":
            self._go()

    def _trained(self, terminal: Terminal) -> bool:
        """Tell what was agreed; True when the DTE has asked for the page already (a retraining)."""
        first = not self._connected
        self._connect_lines(terminal.ident, "+FTI", "+FTSI")
        self._chosen = parameters_of_dcs(terminal.dcs)
        self.say(f"{'+FCS' if self._settings.new else '+FDCS'}:{self._write(self._chosen)}")
        if first:
            self._final("OK")
            return False
        if self._executing == "page comes":
            self._begin_page()
        terminal.let_go()
        return True

    def _page_came(self, terminal: Terminal, verdict: str) -> bool:
        """Have a page for the DTE; True when it is only an answer said again."""
        pages = pagefile.pages_in(self._file_in)
        if pages <= self._received and verdict != "RTN":
            terminal.verdict = verdict
            terminal.let_go()
            return True
        assert self._chosen is not None
        if verdict == "RTN":
            data = b""
        else:
            data = pagefile.encode(self._file_in, self._received, ENCODING[self._chosen.df])
            self._received = pages
        rows = pagefile.rows_of(self._file_in, self._received - 1) if data else 0
        self._answer = ANSWER_CODES[verdict]
        end = END_CODES[terminal.page_end]
        counts = (rows, terminal.bad_rows, terminal.longest_bad_run, 0)
        shown = [f"{count:X}" if self._hex else str(count) for count in counts]
        status = f"{'+FPS' if self._settings.new else '+FPTS'}:{self._answer},{','.join(shown)}"
        self._report = f"\r\n{status}\r\n\r\n+FET:{end}\r\n\r\nOK\r\n".encode()
        self.said += [status, f"+FET:{end}", "OK"]
        if (self._settings.bit_order != 0) != (self.model.rockwell and not self._settings.new):
            data = data.translate(pagefile.REVERSED)
        self._given = data.replace(b"\x10", b"\x10\x10") + DLE_ETX
        self._give_page()
        return False

    def _give_page(self) -> None:
        if self._given is None or self._waits_for_start or self._executing != "receive":
            return
        if self.model.pulled_at == "given":
            self._port.say(self._given[:1000])
            self.unplug()
            return
        self._port.say(self._given + self._report)
        self._given = None
        self._executing = ""

    def _go(self) -> None:
        """Let the line go on."""
        terminal = self.terminal
        assert terminal is not None
        terminal.let_go()
        self._look()

    def _over(self) -> None:
        """The call is over: say how, and be on hook."""
        terminal, self.terminal = self.terminal, None
        if terminal is None:
            return
        code = hang_up_code(terminal.ended, calling=terminal.calling)
        terminal.close()
        if self.off_hook:
            self.off_hook = False
            self.events.append((Event.HANG_UP, ""))
        self._settings.last_hang_up = code
        if self._taking is not None:
            self._taking = None
        if self._waits_for_start or self._executing == "receive":
            self._waits_for_start = False
            if self._connected:
                self._port.say(DLE_ETX)
        self.say(f"+FHS:{code:02X}" if self._settings.new else f"+FHNG:{code}")
        if self._executing:
            refused = self._settings.new and self._executing == "ppm" and self._answer in {2, 4}
            self._final("ERROR" if refused else "OK")

    def _hang_up(self) -> None:
        """Be on hook without a word."""
        self._executing = ""
        if self.off_hook:
            self.off_hook = False
            self.events.append((Event.HANG_UP, ""))
        self._end_terminal()

    def _end_terminal(self) -> None:
        terminal, self.terminal = self.terminal, None
        if terminal is not None:
            terminal.abandon()
            terminal.close()

    # -- what the DTE says

    def _take(self, octet: int) -> None:
        if self._taking is not None:
            self._take_data(self._taking, octet)
        elif self._waits_for_start or self._executing == "receive":
            self._take_in_receive(octet)
        elif octet == 0x0D:
            command, self._line = self._line.decode("latin-1").strip("\x00\n "), bytearray()
            if self._settings.echo:
                self._port.say(command.encode("latin-1") + b"\r")
            body = command[2:]
            if self.model.pulled_at and body.upper().startswith(self.model.pulled_at):
                self.unplug()
            elif command[:2].upper() == "AT":
                self._do(body)
        elif octet in b"\x08\x7f":
            del self._line[-1:]
        else:
            self._line.append(octet)
            del self._line[:-256]

    def _take_in_receive(self, octet: int) -> None:
        if octet == CAN:
            terminal = self.terminal
            if terminal is not None:
                self._waits_for_start = False
                self._given = None
                terminal.abandon()
                self._over()
        elif self._waits_for_start and octet in self.model.start:
            self._waits_for_start = False
            self._give_page()

    def unplug(self) -> None:
        """Have its plug pulled: device and call are gone."""
        self._port.pull()
        self._taking = None
        self._hang_up()
        self._new_call()

    def plug_in(self) -> None:
        """Be there again, and stay."""
        self.model = replace(self.model, pulled_at="")
        self._settings = Settings(ecm=self.model.ecm or self.model.boasts)
        self._port.plug_in()

    def _do(self, body: str) -> None:
        reply = execute(body, self._settings)
        for line in reply.lines:
            self.say(line)
        match reply.action:
            case "":
                self._final("OK" if reply.good else "ERROR")
            case "dial" if self.terminal is None:
                self._executing, self.off_hook = "dial", True
                self.events.append((Event.DIAL, reply.number))
            case "answer" if self.terminal is None:
                self._executing, self.off_hook = "dial", True
                self.events.append((Event.ANSWER, ""))
            case "hang up":
                self._hang_up()
                self._final("OK")
            case "abort":
                self._abort()
            case "send page":
                self._send_page()
            case "page end":
                self._end_page(reply.value)
            case "receive page":
                self._receive_page()
            case "page status" if not reply.query and self._answer:
                self._answer = reply.value
                self._final("OK")
            case "page status" if reply.query:
                self.say(f"{self._answer}")
                self._final("OK")
            case _:
                self._final("ERROR")

    def _abort(self) -> None:
        if self.terminal is None:
            self._final("OK")
            return
        self._executing = "abort"
        self.terminal.ended = -2 if self.terminal.ended is None else self.terminal.ended
        self.terminal.abandon()
        self.terminal.ended = -2
        self._over()

    # sending

    def _send_page(self) -> None:
        terminal = self.terminal
        if terminal is None or not terminal.calling:
            self._final("ERROR")
            return
        if terminal.held is None:  # phase B of another document is still to come
            self._executing = "page start"
            return
        self._executing = ""
        # A retraining may come after RTN and RTP; what was agreed is told again, as modems do.
        theirs = parameters_of_dis(terminal.dis)
        self._chosen = meet(self._settings.session, theirs, ecm=self.model.ecm)
        if terminal.held.why is Wait.IDENTIFIED or self._answer != 1:
            self.say(f"{'+FCS' if self._settings.new else '+FDCS'}:{self._write(self._chosen)}")
        model = self.model
        self._taking = PageData(
            new=self._settings.new, buffer_octets=model.buffer_octets, drain_octets_s=model.drain_octets_s
        )
        self._port.say(b"\r\nCONNECT\r\n")
        self.said.append("CONNECT")
        if not self._settings.new and self.model.xon_before_data:
            self._port.say(bytes((XON,)))

    def _take_data(self, taking: PageData, octet: int) -> None:
        if self.model.pulled_at == "data" and len(taking.octets) > 1000:
            self.unplug()
            return
        try:
            end = taking.take(octet)
        except Cancelled:
            self._taking = None
            self._abort()
            return
        self._say_flow(taking)
        if end is None:
            return
        self._page, self._taking = end.octets, None
        if end.follows is None:
            self._final("OK")
        else:
            self._executing = "ppm"
            self._put_page(end.follows)

    def _say_flow(self, taking: PageData) -> None:
        match taking.flow():
            case Flow.XOFF:
                self.xoffs += 1
                self._port.say(bytes((XOFF,)))
            case Flow.XON:
                self._port.say(bytes((XON,)))

    def _drain(self) -> None:
        """Empty the buffer as the line would; give up on a DTE that sends no more."""
        taking, terminal = self._taking, self.terminal
        if taking is None or terminal is None:
            return
        self._say_flow(taking)
        if taking.starved_s() > self.model.underflow_s:
            self._taking = None
            terminal.abandon()
            terminal.ended = -43
            self._over()

    def _end_page(self, end: int) -> None:
        if self.terminal is None or not self._page or end not in {0, 1, 2}:
            self._final("ERROR")
            return
        self._executing = "ppm"
        self._put_page(end)

    def _put_page(self, end: int) -> None:
        """Give the page to T.30 in the form that was agreed, and let the line go on."""
        terminal, chosen, settings = self.terminal, self._chosen, self._settings
        assert terminal is not None
        assert chosen is not None
        octets = self._page.translate(pagefile.REVERSED) if settings.new and settings.bit_order & 1 else self._page
        octets += pagefile.RTC.get(chosen.df, b"")  # the modem's part, whether or not the DTE has done it too
        width_px = chosen.width_px
        rows = pagefile.decode(octets, ENCODING[chosen.df], width_px, self._folder / "class2-scratch.tif")
        self._page = b""
        if terminal.held is not None and terminal.held.why is Wait.IDENTIFIED:
            self._index = 0
            self._file = pagefile.GrowingTiff(self._folder / f"class2-{self._calls}-out-{time.monotonic_ns()}.tif")
            self._agree(terminal, chosen)
            sd.t30_set_tx_file(terminal.t30, str(self._file.path).encode(), -1, -1)
        assert self._file is not None
        self._file.write(self._index, rows or [bytes(width_px // 8)], width_px, chosen.vr, more=end == 0)
        self._more_documents = end == 1
        self._go()

    def _agree(self, terminal: Terminal, chosen: Parameters) -> None:
        """Have spandsp command exactly what was told to the DTE."""
        t30 = terminal.t30
        sd.t30_set_tx_ident(t30, (self._settings.ident or " ").encode())
        sd.t30_set_ecm_capability(t30, int(chosen.ec > 0))
        sd.t30_set_supported_compressions(t30, sum(sd.COMPRESSIONS[name] for name in _codings(chosen).split("+")))
        modems = {0: 1, 1: 1, 2: 3, 3: 3}.get(chosen.br, 7)
        sd.t30_set_supported_modems(t30, modems)
        self._document_handler = sd.DocumentHandler(lambda *_: int(self._more_documents))
        sd.t30_set_document_handler(t30, self._document_handler, None)

    # receiving

    def _receive_page(self) -> None:
        terminal = self.terminal
        polled = terminal is not None and terminal.calling and self._settings.polls and has_document(terminal.dis)
        if terminal is None or terminal.held is None or (terminal.calling and not terminal.receives and not polled):
            self._final("ERROR")
            return
        held, verdict = terminal.held.why, VERDICT_OF.get(self._answer, "MCF")
        if held is Wait.IDENTIFIED:
            terminal.receives = True
            self._executing = "page comes"
        elif held is Wait.PAGE:
            terminal.verdict = verdict
            last = terminal.page_end == "EOP" and verdict != "RTN"
            trained_anew = verdict != "MCF" or terminal.page_end == "EOM"
            self._executing = "farewell" if last else "page comes"
            if not last and not trained_anew:
                self._begin_page()
        else:
            self.say("+FCR" if self._settings.new else "+FCFR")
            assert self._chosen is not None
            self.say(f"{'+FCS' if self._settings.new else '+FDCS'}:{self._write(self._chosen)}")
            self._begin_page()
        self._go()

    def _begin_page(self) -> None:
        self._executing = "receive"
        self._port.say(b"\r\nCONNECT\r\n")
        self.said.append("CONNECT")
        self._waits_for_start = True

    # -- words

    @property
    def _hex(self) -> bool:
        return self._settings.new and self.model.hex_numbers

    def _write(self, parameters: Parameters) -> str:
        return parameters.write(new=self._settings.new, hex_numbers=self._hex)

    def _final(self, word: str) -> None:
        self._executing = ""
        codes = {"OK": 0, "NO CARRIER": 3, "ERROR": 4, "NO DIALTONE": 6, "BUSY": 7, "NO ANSWER": 8}
        self.said.append(word)
        self._port.say(f"\r\n{word}\r\n".encode() if self._settings.words else f"{codes[word]}\r".encode())


def _codings(parameters: Parameters) -> str:
    return {0: "mh", 1: "mh+mr", 3: "mh+mr+mmr"}.get(parameters.df, "mh")
