"""A calling station that asks the called one to transmit: polling (T.30, 5.3.6.1.2). From there on it is a receiver like any other.

`ask` stands in the place of the DIS that an answering station sends. Called by `answerer`.
"""

from mailfax.model.call import RemoteIdentified
from mailfax.model.outcome import Outcome
from mailfax.model.poll import PollRequest
from mailfax.t30.answering import Answering, Next, take_dcs
from mailfax.t30.bits import Bit
from mailfax.t30.capabilities import Dis
from mailfax.t30.commands import SendFrames
from mailfax.t30.exchange import CallEnded, Steps, check_limit, first_dis, hear, note, on_line
from mailfax.t30.frames import Fcf, build_burst, identification_fif
from mailfax.t30.negotiate import our_dis
from mailfax.t30.timers import TRIES, Timer

_ANSWERS = frozenset({Fcf.DCS, Fcf.DIS, Fcf.DCN})
# The frames before CIG and DTC, and the bit of the DIS that asks for each; the same bit of the DTC announces it.
_BITS = {Fcf.PWD: Bit.PASSWORD, Fcf.SEP: Bit.SELECTIVE_POLLING, Fcf.PSA: Bit.POLLED_SUBADDRESS}


def ask(state: Answering, request: PollRequest) -> Steps[Next]:
    """Wait for a DIS that says that there is a document, ask for it with DTC, and take the DCS that answers."""
    dis = yield from _hear_dis(state)
    if state.stored and not dis.has(Bit.READY_TO_BE_POLLED):  # after EOM: what there was has come
        raise CallEnded(Outcome.RECEIVED, "It has no further document.")
    if not dis.has(Bit.READY_TO_BE_POLLED):
        raise CallEnded(Outcome.NOTHING_TO_POLL, "Its DIS does not say that a document is ready.")
    for fcf, wanted in ((Fcf.SEP, request.selector), (Fcf.PSA, request.subaddress)):
        if wanted and not dis.has(_BITS[fcf]):
            raise CallEnded(Outcome.NOTHING_TO_POLL, f"It takes no {fcf}, so it could only give another document.")
    link = state.link
    burst = build_burst(_request_group(state, request, dis), x=link.x)
    for left in reversed(range(TRIES)):
        check_limit(link)
        yield from on_line(link, SendFrames(frames=burst))
        # A DCS that was lost comes again only after its TCF and the sender's T4: the last DTC waits for it.
        heard = yield from hear(link, _ANSWERS, Timer.T4.longest_s if left else 2 * Timer.T2.longest_s)
        match heard.fcf if heard else None:
            case Fcf.DCS if heard:
                return (yield from take_dcs(state, heard.fif))
            case Fcf.DCN:
                raise CallEnded(Outcome.POLL_REFUSED, "It answered DTC with DCN.", farewell=False)
            case _:  # silence, or its DIS again: DTC is repeated
                pass
    raise CallEnded(Outcome.NO_RESPONSE, "DTC was sent three times without an answer.")


def _hear_dis(state: Answering) -> Steps[Dis]:
    link = state.link
    heard = yield from first_dis(link)
    dis = Dis.parse(heard.fif)
    link.station_id = link.told.get(Fcf.CSI, link.station_id)
    yield from note(link, RemoteIdentified(station_id=link.station_id, abilities=dis.describe()))
    return dis


def _request_group(state: Answering, request: PollRequest, dis: Dis) -> list[tuple[Fcf, bytes]]:
    """Return PWD, SEP, PSA and CIG as far as they are wanted, and the DTC: what we receive, and which of the others there are."""
    wanted = {Fcf.PWD: request.password, Fcf.SEP: request.selector, Fcf.PSA: request.subaddress}
    named = [(fcf, identification_fif(text)) for fcf, text in wanted.items() if text and dis.has(_BITS[fcf])]
    own_id = state.station.station_id
    own = [(Fcf.CIG, identification_fif(own_id))] if own_id else []
    dtc = our_dis(state.station.offer).with_bits(_BITS[fcf] for fcf, _ in named)
    return [*named, *own, (Fcf.DTC, dtc.fif)]
