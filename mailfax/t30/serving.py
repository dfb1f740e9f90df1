"""A called station that is asked to transmit: it gives a document that it offers (T.30, 5.3.6.1.2). Called by `answerer` for a DTC.

From there on it is a transmitter like any other; the parts are those of `caller`.
"""

from mailfax.model.call import PollServed
from mailfax.model.outcome import Outcome
from mailfax.t30.answering import Answering, Next, Offered
from mailfax.t30.caller import send_one
from mailfax.t30.calling import CallerJob, Calling, close_document, hear_dis, read_dis
from mailfax.t30.exchange import CallEnded, Steps, farewell, note
from mailfax.t30.frames import Fcf, Frame


def serve(state: Answering, dtc: Frame) -> Steps[Next]:
    """Give the document that a DTC asks for, and end the call; what came of it is in `state.served`."""
    link, told = state.link, state.link.told
    link.station_id = told.get(Fcf.CIG, "")
    selector = told.get(Fcf.SEP, "")
    number, offered = _wanted(state.station.offered, selector, told.get(Fcf.PWD, ""))
    if offered is None:
        # T.30 has no frame that says why; DCN is what is left (5.3.6.1.8), and machines understand it.
        raise CallEnded(
            Outcome.POLL_REFUSED, f"No document for selector {selector!r} and the password that came with it."
        )
    yield from note(link, PollServed(label=offered.label, station_id=link.station_id))
    job = CallerJob(
        pages=offered.pages,
        station_id=state.station.station_id,
        offer=state.station.offer,
        label=offered.label,
        r8_px=offered.r8_px,
    )
    calling = Calling(jobs=(job,), link=link, place_of_first=number)
    yield from hear_dis(calling, read_dis(dtc))
    try:
        yield from send_one(calling)
        yield from farewell(link)
    except CallEnded as end:
        close_document(calling, end.outcome, end.detail)
        if end.farewell:
            yield from farewell(link)
    state.served = calling.ended[-1]
    return Next.FINISHED


def _wanted(all_offered: tuple[Offered, ...], selector: str, password: str) -> tuple[int, Offered | None]:
    """Find the document of this selector, or the one without; its password has to be right where it has one."""
    for number, offered in enumerate(all_offered):
        if offered.selector == selector and offered.password in {"", password}:
            return number, offered
    return 0, None
