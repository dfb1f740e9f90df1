"""What `mailfax modem probe` does: asks the modem, makes a trial call if one is wanted, and says what belongs in the configuration."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import numpy as np
import typer
from PIL import Image

from mailfax.cli import trial
from mailfax.daemon import log
from mailfax.daemon.clock import wall_clock_us
from mailfax.demo.compare import libtiff_pels
from mailfax.gateway import onecall
from mailfax.gateway.identity import Identity, SentHeader
from mailfax.model.address import AddressError, parse_number
from mailfax.model.call import CallResult
from mailfax.model.outcome import Disposition
from mailfax.modem.line import Line, LineFault
from mailfax.modem.opening import Wished, open_modem
from mailfax.modem.probing import SPEEDS, Abilities, Probed, probe_device
from mailfax.modem.profile import Profile
from mailfax.render.result import RenderedPage
from mailfax.t30.answerer import AnswererStation
from mailfax.t30.negotiate import FULL_OFFER

RING_LIMIT_S = 90.0
STATION_ID = "0"
BY_ID = Path("/dev/serial/by-id")  # names that stay the same whichever socket the modem is plugged into


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeOrder:
    """What the options of `modem probe` ask for."""

    device: str
    speed: int | None
    call: str
    loop: str
    as_json: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A trial call. `same` is whether the page arrived as it was sent; None where nobody here received it."""

    result: CallResult
    same: bool | None

    @property
    def good(self) -> bool:
        """Say whether the line can be used."""
        return self.result.outcome.disposition is Disposition.DELIVERED and self.same is not False


def probe(order: ProbeOrder, profiles: Mapping[str, Profile]) -> NoReturn:
    """Look at the modem, try it, tell, and exit."""
    log.configure(json=False)
    tell = trial.Report(as_json=order.as_json).tell
    try:
        number = parse_number(order.call) if order.call else ""
    except AddressError as error:
        trial.usage(str(error))
    speeds = SPEEDS if order.speed is None else (order.speed,)
    try:
        found = probe_device(order.device, speeds, profiles, tell)
        tried = _try(order, number, found, profiles, tell) if number else None
    except LineFault as fault:
        _fault(str(fault), as_json=order.as_json)
    usable = any(ability.entered for ability in found.abilities)
    if order.as_json:
        typer.echo(json.dumps(facts(found, tried)))
    else:
        for line in words(found, tried):
            typer.echo(line)
    raise typer.Exit(0 if usable and (tried is None or tried.good) else 1)


def facts(found: Probed, tried: Trial | None) -> dict[str, object]:
    """Return what was found as plain data."""
    return {
        "device": found.device,
        "speed": found.speed,
        "answers": dict(found.identified.answers),
        "classes": [ability.fax_class.value for ability in found.abilities],
        "profile": found.profile.name,
        "title": found.profile.title,
        "caller_id": found.caller_id,
        "abilities": [
            {
                "class": ability.fax_class.value,
                "entered": ability.entered,
                "sends": [str(modulation) for modulation in ability.sends],
                "receives": [str(modulation) for modulation in ability.receives],
                "adaptive_reception": ability.adaptive,
                "v34": ability.v34,
                "codings": list(ability.codings),
                "capabilities": ability.capabilities,
            }
            for ability in found.abilities
        ],
        "config": config_lines(found),
        "call": tried
        and {
            "outcome": tried.result.outcome.code,
            "detail": tried.result.detail,
            "station_id": tried.result.station_id,
            "modulation": tried.result.modulation,
            "bit_rate": tried.result.bit_rate,
            "seconds": round(tried.result.seconds, 1),
            "same": tried.same,
        },
    }


def words(found: Probed, tried: Trial | None) -> list[str]:
    """Return what was found in words, and at the end what to paste."""
    said = [f"device    {found.device}, answers at {found.speed} bit/s"]
    said += [f"{question:<9} {_printable(answer)}" for question, answer in found.identified.answers.items() if answer]
    said += [f"profile   {found.profile.name}: {found.profile.title}"]
    said += [f"caller id {'yes' if found.caller_id else 'refused'}, {found.profile.caller_id or 'no command'}"]
    for ability in found.abilities:
        said += _about(ability)
    if not found.abilities:
        said.append("It offers no fax class: this is no fax modem, or it did not understand AT+FCLASS=?.")
    elif not any(ability.entered for ability in found.abilities):
        said.append("It offers fax classes and enters none of them.")
    if tried is not None:
        result = tried.result
        rate = f", {result.modulation} {result.bit_rate}" if result.modulation else ""
        said.append(f"call      {result.outcome.code}: {result.outcome.sentence}{rate}, {result.seconds:.1f} s")
        said += [f"          {result.detail}"] if result.detail else []
        if tried.same is not None:
            said.append(f"page      {'arrived pixel by pixel' if tried.same else 'arrived CHANGED'}")
    return [*said, "", "# put this in the configuration", *config_lines(found)]


def _about(ability: Abilities) -> list[str]:
    name = f"class {ability.fax_class.value:<4}"
    rows = [f"{name}{'' if ability.entered else 'offered, and refused'}".rstrip()]
    if ability.sends or ability.receives:
        rows[0] = f"{name}sends {_rates(ability.sends)}; receives {_rates(ability.receives)}"
        rows.append(f"          adaptive reception (+FAR): {'yes' if ability.adaptive else 'no'}")
        rows.append("          codings: MH, MR, MMR and error correction are mailfax's own in this class")
    if ability.v34:
        rows.append("          V.34 (+F34): the modem has it, mailfax does not use it")
    if ability.capabilities:
        rows.append(f"          says {_printable(ability.capabilities)}")
        rows.append(f"          codings: {', '.join(ability.codings) or 'not said'}")
    return rows


def _rates(modulations: tuple[object, ...]) -> str:
    return f"up to {modulations[-1]}" if modulations else "nothing"


def config_lines(found: Probed) -> list[str]:
    """Return a table of the configuration for this modem."""
    stable = next((str(link) for link in _links() if link.resolve() == Path(found.device).resolve()), found.device)
    name = "".join(letter for letter in Path(found.device).name if letter.isalnum())[:20] or "modem"
    lines = [f"[lines.{name}]", 'kind = "modem"', f"device = {json.dumps(stable)}"]
    lines.append(f"profile = {json.dumps(found.profile.name)}  # or leave it out: it is found by itself")
    if found.speed < found.profile.speed:
        lines.append(f"speed = {found.speed}")
    return [*lines, 'number = ""  # the number of this telephone line']


def _links() -> list[Path]:
    return sorted(BY_ID.iterdir()) if BY_ID.is_dir() else []


# -- the trial call


def _try(
    order: ProbeOrder, number: str, found: Probed, profiles: Mapping[str, Profile], tell: Callable[[str], None]
) -> Trial:
    """Send a test page to `number`; where that is the line of the other modem, take the call there and compare."""
    with tempfile.TemporaryDirectory(prefix="mailfax-probe-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        sending = _test_page(folder, number, found)
        line = open_modem(_wished(order.device, found), profiles)
        stack.callback(line.close)
        if not order.loop:
            return Trial(result=onecall.send(line, _within(sending, line), tell), same=None)
        other = open_modem(Wished(device=order.loop, name="loop"), profiles)
        stack.callback(other.close)
        receiver = _Receiver(other, folder / "in")
        stack.callback(receiver.end)
        receiver.start()
        result = onecall.send(line, _within(sending, line), tell)
        return Trial(result=result, same=_arrived(sending, receiver.files()))


def _wished(device: str, found: Probed) -> Wished:
    speed = found.speed if found.speed < found.profile.speed else None
    return Wished(device=device, profile=found.profile.name, speed=speed, caller_id="")


def _within(sending: onecall.Sending, line: Line) -> onecall.Sending:
    return replace(sending, offer=replace(sending.offer, best_modulation=line.best_modulation))


def _test_page(folder: Path, number: str, found: Probed) -> onecall.Sending:
    """Make a page that says what it is, with something on it in every corner."""
    now = datetime.now(UTC).astimezone()
    text = folder / "test page.txt"
    rows = [
        f"mailfax modem probe, {now:%Y-%m-%d %H:%M:%S %Z}",
        f"to {number} from {found.device}, {found.profile.title}",
    ]
    text.write_text("\n".join([*rows, "", *(f"{row:02} {'the quick brown fox ' * 3}" for row in range(1, 41))]) + "\n")
    rendered = trial.render([text], trial.Report(as_json=True))
    return onecall.Sending(
        number=number,
        pages=rendered.pages[:1],
        identity=Identity(station_id=STATION_ID, name="mailfax probe"),
        offer=FULL_OFFER,
        started_us=wall_clock_us(),
    )


class _Receiver(threading.Thread):
    """The second modem: takes one call and keeps its pages."""

    def __init__(self, line: Line, folder: Path) -> None:
        super().__init__(name="loop", daemon=True)
        self._line, self._folder = line, folder
        self._files: tuple[Path, ...] = ()

    def run(self) -> None:
        """Wait for the call, answer it, keep the page."""
        until_s = time.monotonic() + RING_LIMIT_S
        station = AnswererStation(
            station_id=STATION_ID, offer=replace(FULL_OFFER, best_modulation=self._line.best_modulation)
        )
        try:
            while time.monotonic() < until_s:
                if (incoming := self._line.wait_for_call(1.0)) is not None:
                    self._files = onecall.receive(
                        self._line, incoming, self._folder, station, wall_clock_us, lambda _text: None
                    ).files
                    return
        except LineFault as fault:
            typer.echo(f"mailfax: the second modem: {fault}", err=True)

    def files(self) -> tuple[Path, ...]:
        """Return what was received, once the call is over here too; nothing if it never began."""
        self.join(RING_LIMIT_S)
        return self._files

    def end(self) -> None:
        """Let go of the modem."""
        self._line.stop()
        self.join()


def _arrived(sending: onecall.Sending, files: tuple[Path, ...]) -> bool:
    """Say whether the page is there as it was sent, our header above it, in the resolution that was agreed."""
    if not files:
        return False
    with Image.open(files[0]) as image:
        got = np.logical_not(np.asarray(image, dtype=np.bool_))
    page: RenderedPage = sending.pages[0]
    header = SentHeader(identity=sending.identity, number=sending.number, pages=1, started_us=sending.started_us).strip(
        1, page.fine.resolution
    )
    body = libtiff_pels(page.fine)
    return np.array_equal(np.vstack([header.to_bool(), body]), got)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:100]


def _fault(sentence: str, *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": sentence}))
    else:
        typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(1)
