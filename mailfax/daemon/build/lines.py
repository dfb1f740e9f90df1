"""Telephone lines, their modems, and how calls are held."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mailfax.config import Config
from mailfax.daemon.build.units import SECONDS_PER_MINUTE
from mailfax.gateway.desk import CallPolicy
from mailfax.gateway.linelife import HealthPolicy
from mailfax.gateway.lineworker import Duties
from mailfax.model.page import Coding
from mailfax.modem.class1 import Did, DidMemory, FlowControl
from mailfax.modem.line import Line
from mailfax.modem.opening import AUTO, Wished, open_modem
from mailfax.modem.profile import FaxClass, Profile, ProfileError, load_profiles
from mailfax.modem.virtual.client import VirtualLine
from mailfax.modem.virtual.damage import Damage, FlipBits, OfKind
from mailfax.modem.virtual.plan import DamagedCalls, ExchangeSettings, Route, Tone
from mailfax.modem.virtual.signals import Side, SignalKind
from mailfax.t4codec import BadRows
from mailfax.t30.answerer import PageQuality
from mailfax.t30.caller import AfterRtn
from mailfax.t30.negotiate import FULL_OFFER, Offer

DAMAGE_FROM_BIT = 20_000  # in the upper part of any page with something on it
DAMAGE_BITS = 24
FLOW = {"rtscts": FlowControl.RTS_CTS, "xonxoff": FlowControl.XON_XOFF, "none": FlowControl.NONE}
AFTER_REFUSAL = {
    "retransmit": AfterRtn.RETRANSMIT,
    "give-up": AfterRtn.GIVE_UP,
    "go-on": AfterRtn.GO_ON,
    "retransmit-then-go-on": AfterRtn.RETRANSMIT_THEN_GO_ON,
}
CLASSES = {f"class{fax_class}": fax_class for fax_class in FaxClass}
TONES = {"busy": Tone.BUSY, "no-answer": Tone.NO_ANSWER}


def exchange_socket(config: Config) -> Path:
    """Return where the virtual exchange listens."""
    return config.data_dir / "exchange.sock"


def exchange_settings(config: Config) -> ExchangeSettings:
    """Return the virtual exchange's numbers, pace and damage."""
    exchange = config.exchange
    page = OfKind(kind=SignalKind.PAGE, number=exchange.damage_page)
    hit = Damage(side=Side.CALLING, where=page, harm=FlipBits(first=DAMAGE_FROM_BIT, count=DAMAGE_BITS))
    return ExchangeSettings(
        socket_path=exchange_socket(config),
        routes=tuple(Route(pattern=pattern, to=_target(targets)) for pattern, targets in exchange.routes.items()),
        real_time=exchange.real_time,
        damage=(DamagedCalls(damage=(hit,)),) if exchange.damage_page else (),
    )


def _target(targets: tuple[str, ...]) -> tuple[str, ...] | Tone:
    return TONES.get(targets[0], targets) if targets else targets


def offer(config: Config, name: str) -> Offer:
    """Return what calls on a line may offer; its modem may allow less."""
    line = config.lines[name]
    if not line.ecm:
        return replace(FULL_OFFER, ecm=False, codings=(Coding.MR, Coding.MH))
    return FULL_OFFER if line.jbig else replace(FULL_OFFER, codings=(Coding.MMR, Coding.MR, Coding.MH))


def call_policy(config: Config) -> CallPolicy:
    """Return what is done with refused pages, and what is good enough."""
    calls = config.calls
    return CallPolicy(
        after_rtn=AFTER_REFUSAL[calls.after_refusal],
        needs_subaddress=calls.without_subaddress == "fail",
        sender_ids={number: destination.sender_id for number, destination in config.destinations.items()},
        quality=PageQuality(
            least_good_share=calls.good_rows_percent / 100,
            longest_bad_run=calls.longest_bad_run,
            retrain_share=calls.retrain_percent / 100,
        ),
        bad_rows=BadRows(calls.damaged_rows),
        continuation_cover=calls.continuation_cover,
    )


def duties(config: Config, name: str) -> Duties:
    """Return what a line is for."""
    return Duties(sends=config.lines[name].send, receives=config.lines[name].receive)


def line_opener(config: Config, name: str) -> Callable[[], Line]:
    """Return what opens a line's device, which raises LineFault; what it learns of the line holds when it is opened again."""
    line = config.lines[name]
    if line.kind == "virtual":
        return lambda: VirtualLine(name, line.number, exchange_socket(config), accepts_calls=line.receive)
    wished, known, memory = wished_modem(config, name), profiles(config), DidMemory()
    return lambda: open_modem(wished, known, memory=memory)


def health_policy(config: Config) -> HealthPolicy:
    """Return how failing lines are met."""
    modems = config.modems
    return HealthPolicy(
        quarantine_after=modems.quarantine_after, quarantine_s=modems.quarantine_min * SECONDS_PER_MINUTE
    )


def profiles(config: Config) -> dict[str, Profile]:
    """Return the modem profiles, ours and the administrator's. Raises ValueError."""
    try:
        return load_profiles(config.modems.profiles)
    except ProfileError as error:
        raise ValueError(f"modems.profiles: {error}") from error


def wished_modem(config: Config, name: str) -> Wished:
    """Return what the configuration says of a line's modem. Raises ValueError for a profile that there is not."""
    line = config.lines[name]
    if line.profile not in {AUTO, *(known := profiles(config))}:
        raise ValueError(f"lines.{name}.profile: there is no profile {line.profile}; known are: {', '.join(known)}.")
    return Wished(
        device=line.device,
        lock_folder=config.modems.lock_folder,
        name=name,
        number=line.number,
        did=Did(line.did),
        profile=line.profile,
        fax_class=CLASSES.get(line.kind),
        speed=line.speed,
        flow=None if line.flow is None else FLOW[line.flow],
        extra_init=line.init,
        dialled_first=line.dial_prefix,
        caller_id=line.caller_id,
        rings=line.rings,
        ring_numbers=line.ring_numbers,
        adaptive_answer=line.adaptive_answer,
    )
