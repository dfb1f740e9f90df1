"""A fax machine made of spandsp's fax_state_t, described by one string.

`send:FILE` or `receive:FILE`, then `,key=value`: `ecm=0|1 modems=v27+v29+v17 comp=mh+mr+mmr res=std+fine+superfine+r8+r16+300+400
mst=0|5|10|20|40 ident=NUMBER sub=SUBADDRESS sid=NAME sep=SELECTOR pwd=PASSWORD features=MASK`. A machine that calls and has `send` faxes FILE; one that is called and has `receive` stores to it.
"""

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from lab import spandsp as sd
from lab.badline import Samples

BLOCK = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineSpec:
    """What a machine does and can do."""

    sends: bool
    file: Path
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "MachineSpec":
        role, _, rest = text.partition(":")
        file, *options = rest.split(",")
        if role not in {"send", "receive"}:
            raise ValueError(f"{text!r} begins with neither send: nor receive:")
        pairs = dict(option.split("=", 1) for option in options)
        return cls(sends=role == "send", file=Path(file), options=pairs)

    def mask(self, key: str, table: dict[str, int], default: int) -> int:
        """Add up the bits of an option like `modems=v27+v29`."""
        names = self.options.get(key)
        return default if names is None else sum(table[name] for name in names.split("+"))


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineReport:
    """What the machine says of its call."""

    ok: bool
    status: str
    pages: int
    bit_rate: int
    encoding: str
    bad_rows: int
    remote_ident: str
    frames: tuple[str, ...]  # "<DIS", ">CFR" ...: heard and sent
    addresses: dict[str, str]  # sub, sid, sep, pwd as they were heard


class Carries(Protocol):
    """A line: gives what each end hears of what the other one sent."""

    def carry(self, to_caller: Samples, to_called: Samples) -> tuple[Samples, Samples]: ...


def join(caller: "FaxMachine", called: "FaxMachine", line: Carries | None = None, limit_s: float = 1200.0) -> float:
    """Let one machine call another, sample by sample; seconds from the answer to the caller's end, or to the limit."""
    samples = 0
    while caller.active and samples < limit_s * sd.SAMPLE_RATE:
        to_called, to_caller = caller.pull(BLOCK), called.pull(BLOCK)
        if line is not None:
            to_caller, to_called = line.carry(to_caller, to_called)
        caller.push(to_caller)
        called.push(to_called)
        samples += BLOCK
    return samples / sd.SAMPLE_RATE


class FaxMachine:
    """One fax terminal: `pull` gives samples to the line, `push` takes them."""

    def __init__(self, spec: MachineSpec, *, calling: bool) -> None:
        self._spec = spec
        self._state = sd.fax_init(None, int(calling))
        self._t30 = sd.fax_get_t30_state(self._state)
        self._frames: list[str] = []
        self._completion: int | None = None
        self._remote_ident = ""
        self._addresses: dict[str, str] = {}
        self._statistics = sd.Statistics()
        sd.fax_set_transmit_on_idle(self._state, 1)
        for log in (sd.fax_get_logging_state(self._state), sd.t30_get_logging_state(self._t30)):
            sd.span_log_set_level(log, 0)
        self._configure(calling=calling)

    def _configure(self, *, calling: bool) -> None:
        spec, t30 = self._spec, self._t30
        option = spec.options.get
        sd.t30_set_tx_ident(t30, option("ident", "5550001" if calling else "5550002").encode())
        sd.t30_set_ecm_capability(t30, int(option("ecm", "1")))
        sd.t30_set_supported_modems(t30, spec.mask("modems", sd.MODEMS, 7))
        sd.t30_set_supported_compressions(t30, spec.mask("comp", sd.COMPRESSIONS, 0x0E))
        sd.t30_set_supported_resolutions(t30, spec.mask("res", sd.RESOLUTIONS, 0x60007))
        sd.t30_set_supported_image_sizes(t30, sd.ALL_A4_SIZES)
        sd.t30_set_supported_t30_features(t30, int(option("features", str(sd.ALL_FEATURES))))
        for name, (set_sent, _) in sd.ADDRESSES.items():
            if option(name):
                set_sent(t30, option(name, "").encode())
        if option("mst"):
            sd.t30_set_minimum_scan_line_time(t30, int(option("mst", "0")))
        if spec.sends:
            if not spec.file.exists():
                raise FileNotFoundError(spec.file)
            sd.t30_set_tx_file(t30, str(spec.file).encode(), -1, -1)
        else:
            spec.file.unlink(missing_ok=True)
            sd.t30_set_rx_file(t30, str(spec.file).encode(), -1)
        # The library keeps only the addresses of these.
        self._handlers = (
            sd.PhaseHandler(self._phase_b),
            sd.PhaseEHandler(self._phase_e),
            sd.FrameHandler(self._frame),
        )
        sd.t30_set_phase_b_handler(t30, self._handlers[0], None)
        sd.t30_set_phase_e_handler(t30, self._handlers[1], None)
        sd.t30_set_real_time_frame_handler(t30, self._handlers[2], None)

    def _phase_b(self, _state: int, _user: int, _result: int) -> int:
        self._note_ident()
        return 0

    def _phase_e(self, _state: int, _user: int, completion: int) -> None:
        self._note_ident()
        self._completion = completion
        sd.t30_get_transfer_statistics(self._t30, ctypes.byref(self._statistics))

    def _frame(self, _state: int, _user: int, incoming: int, octets: int, length: int) -> None:
        if length > 2:
            fcf = ctypes.string_at(octets, length)[2]
            self._frames.append(("<" if incoming else ">") + sd.t30_frametype(fcf).decode())

    def _note_ident(self) -> None:
        ident: bytes | None = sd.t30_get_rx_ident(self._t30)
        self._remote_ident = ident.decode("latin-1") if ident else self._remote_ident
        for name, (_, get_heard) in sd.ADDRESSES.items():
            if heard := get_heard(self._t30):
                self._addresses[name] = heard.decode("latin-1")

    @property
    def active(self) -> bool:
        """Say whether the machine is still on the line."""
        return bool(sd.t30_call_active(self._t30))

    def pull(self, samples: int) -> Samples:
        """Return what the machine sends."""
        out = np.zeros(samples, dtype=np.int16)
        sd.fax_tx(self._state, out.ctypes.data, samples)
        return out

    def push(self, heard: Samples) -> None:
        """Let the machine hear something."""
        sd.fax_rx(self._state, heard.ctypes.data, len(heard))

    def line_gone(self) -> None:
        """Tell the machine that the call has ended."""
        if self._completion is None:
            sd.t30_terminate(self._t30)

    def report(self) -> MachineReport:
        """Return what the machine says of the call."""
        found = self._statistics
        code = self._completion
        return MachineReport(
            ok=code == 0,
            status="no end" if code is None else sd.t30_completion_code_to_str(code).decode(),
            pages=found.pages_tx if self._spec.sends else found.pages_rx,
            bit_rate=found.bit_rate,
            encoding=sd.ENCODINGS.get(found.encoding, str(found.encoding)),
            bad_rows=found.bad_rows,
            remote_ident=self._remote_ident,
            frames=tuple(self._frames),
            addresses=self._addresses,
        )

    def close(self) -> None:
        """Free the machine; its file is closed with it."""
        sd.fax_free(self._state)
