"""The heartbeat of the mail side: wakes every worker of the server when the spool has changed, and now and then anyway."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from mailfax.spool.store import Store

_log = structlog.get_logger()

# One piece of work. It calls what it is given as soon as it has taken something, and says whether it did anything.
Step = Callable[[Callable[[], None]], Awaitable[bool]]

LOOK_EVERY_S = 0.05  # how often the spool is asked whether another process changed it: one PRAGMA, no transaction
FAULT_REST_S = 5.0
WAKE_ANYWAY_S = 1.0  # for what falls due by time alone: retries, send-at


class Pulse:
    """Broadcasts changes of the spool to any number of waiting crews. `beats` counts the changes seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._crews: list[Crew] = []
        self._patient: list[Crew] = []
        self.beats = 0

    def join(self, crew: "Crew", *, patient: bool) -> None:
        """Wake this crew at each beat from now on; a patient one once a second."""
        (self._patient if patient else self._crews).append(crew)

    async def run(self) -> None:
        """Watch the spool until cancelled."""
        mark, idle_s, patient_s = self._store.changed(), 0.0, 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            latest, idle_s, patient_s = self._store.changed(), idle_s + LOOK_EVERY_S, patient_s + LOOK_EVERY_S
            if latest != mark or idle_s >= WAKE_ANYWAY_S:
                mark, idle_s = latest, 0.0
                self.beats += 1
                for crew in self._crews:
                    crew.wake_one()
            if patient_s >= WAKE_ANYWAY_S:
                patient_s = 0.0
                for crew in self._patient:
                    crew.wake_one()


class Crew:
    """Workers of one kind. A beat wakes one of them, and who finds something to do wakes the next: nobody asks the spool in vain.

    With mails coming in there is a beat twenty times a second, and one useless question costs as much as taking a tenth of a mail.
    """

    def __init__(self, name: str, pulse: Pulse, *, patient: bool = False) -> None:
        self._name, self._pulse, self._patient = name, pulse, patient
        self._idle: deque[asyncio.Future[None]] = deque()
        pulse.join(self, patient=patient)

    def wake_one(self) -> None:
        """Let one worker that waits look whether there is something to do."""
        while self._idle:
            waiter = self._idle.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def work(self, step: Step) -> None:
        """Call `step` until it says there is nothing to do, then wait for a beat; until cancelled.

        A fault of one worker is logged and costs the others nothing; it tries again after a rest.
        """
        while True:
            seen = self._pulse.beats
            try:
                while await step(self.wake_one):
                    seen = self._pulse.beats
            except Exception:  # noqa: BLE001 - the last line of defence; the log has the whole story
                _log.exception("a worker failed and rests", worker=self._name, rest_s=FAULT_REST_S)
                self.wake_one()  # what it was woken for may be for another one
                await asyncio.sleep(FAULT_REST_S)
            if self._patient or seen == self._pulse.beats:
                await self._turn()

    async def _turn(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._idle.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._idle:
                self._idle.remove(waiter)
            raise
