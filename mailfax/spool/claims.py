"""Claims of the dead: given back where nothing was begun, named where only their own gateway knows. Functions of a connection, for `store`.

A process of this gateway is dead when its lock is free, one of another gateway when that one's lease has run out. What another
gateway's line has dialled is not ours to judge before that gateway has been gone so long that nobody waits for it any more.
"""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection

from mailfax.spool import deliveries, jobs, nodes, owner, submissions
from mailfax.spool.callfolder import call_path
from mailfax.spool.records import CallUnderWay, Recovered
from mailfax.spool.settings import SpoolSettings


def give_back(connection: Connection, settings: SpoolSettings, doubtful: Collection[str], now_us: int) -> Recovered:
    """Give back what dead processes had claimed, and what is `doubtful`: claims that nobody knows of who could work on them."""
    dead = _dead(connection, settings)
    renders = [one for one, holder in submissions.rendering(connection) if one in doubtful or dead(holder)]
    for submission_id in renders:
        submissions.release(connection, submission_id, now_us)
    unsent = [one for one, holder in deliveries.sending(connection) if one in doubtful or dead(holder)]
    for delivery_id in unsent:
        deliveries.release(connection, delivery_id, now_us)
    undone = sum(
        jobs.undo_claim(connection, call.call_id, now_us)
        for call in jobs.on_line(connection)
        if not call.dialled and dead(call.owner) and not _has_folder(settings, call)
    )
    return Recovered(renders=len(renders), jobs=undone, deliveries=len(unsent))


def lost(connection: Connection, settings: SpoolSettings) -> Sequence[str]:
    """Return the calls that were dialled and that nobody is left to tell of."""
    if settings.shared is None:
        return []
    dead, gone = _dead(connection, settings), nodes.lost(connection, settings.shared.lost_after_s)

    def is_lost(call: CallUnderWay) -> bool:
        if owner.node_of(call.owner) != settings.node:
            return owner.node_of(call.owner) in gone
        return dead(call.owner) and not _has_folder(settings, call)  # this gateway came back without its disk

    return [call.call_id for call in jobs.on_line(connection) if call.dialled and is_lost(call)]


def _has_folder(settings: SpoolSettings, call: CallUnderWay) -> bool:
    ours = owner.node_of(call.owner) == settings.node
    return ours and call_path(settings.calls, call.line, call.call_id).exists()


def _dead(connection: Connection, settings: SpoolSettings) -> Callable[[str], bool]:
    living = nodes.living(connection) if settings.shared else frozenset()

    def dead(token: str) -> bool:
        if owner.node_of(token) == settings.node:
            return not owner.is_alive(settings, token)
        return owner.node_of(token) not in living

    return dead
