"""A keeper that does not make the far end wait for a slow disk: after two seconds it says NotYet, and is asked again.

Wraps the keeper of an incoming call (gateway.inbound). The disk works in a thread of its own meanwhile, one request at a time, and
nothing else reaches the keeper before it is done, so that the journal keeps its order.
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from mailfax.modem.pump import Keeper
from mailfax.t30.commands import KeeperCommand, KeeperFailed, KeeperResult, NotYet, StoreBlock, StorePage

PATIENCE_S = 2.0  # an answer is to begin within this time of its command (design: else RNR, or no MCF)
HANGS_S = 60.0  # a store that the call no longer waits for holds up the next request, and with it the line, for so long


class PatientKeeper:
    """Passes everything on to another keeper. A context manager: its end waits for what the disk is still at."""

    def __init__(self, keeper: Keeper, patience_s: float = PATIENCE_S, hangs_s: float = HANGS_S) -> None:
        self._keeper, self._patience_s, self._hangs_s = keeper, patience_s, hangs_s
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._pending: tuple[KeeperCommand, Future[KeeperResult]] | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Wait for the disk."""
        self._worker.shutdown(wait=True)

    def perform(self, command: KeeperCommand) -> KeeperResult:
        """Answer one request of the engine; a store that is asked for again is the one that is going on."""
        if self._pending is not None and self._pending[0] is not command:
            if not wait([self._pending[1]], self._hangs_s).done:
                return KeeperFailed(reason="The disk is still at what it was given before.")
            self._pending = None
        if not isinstance(command, StorePage | StoreBlock):
            return self._keeper.perform(command)
        if self._pending is None:
            self._pending = command, self._worker.submit(self._keeper.perform, command)
        future = self._pending[1]
        if not wait([future], self._patience_s).done:
            return NotYet()
        self._pending = None
        return future.result()
