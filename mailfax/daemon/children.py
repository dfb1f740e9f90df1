"""The server's child processes: one for each line, one for the virtual exchange, all from one warm forkserver.

The forkserver has loaded the codec's kernels, pdfium and the fonts, and runs no thread and no event loop, so a child starts
in milliseconds and shares that memory. A child that dies is started again after a short rest; its calls are adopted by
the next life of the same line (`gateway.lineworker.adopt_orphans`). A child whose server dies sees the end of its pipe and ends.
"""

import asyncio
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

import structlog

from mailfax.gateway.live import Live

_log = structlog.get_logger()

REST_S = 1.0
STOP_WAIT_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildSpec:
    """What to run: `target` is called with `arguments`, a pipe to the server, and how to log."""

    name: str
    target: Callable[..., None]
    arguments: tuple[object, ...]
    json_log: bool
    stop_wait_s: float = STOP_WAIT_S


def warm_context() -> ForkServerContext:
    """Return the context all children come from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mailfax.warm"])
    return context


class Children:
    """Starts, watches and stops the child processes; passes what they tell to `emit`."""

    def __init__(self, context: ForkServerContext, emit: Callable[[Live], None]) -> None:
        self._context, self._emit = context, emit
        self._running: dict[str, tuple[BaseProcess, Connection]] = {}

    async def keep(self, spec: ChildSpec) -> None:
        """Run the child, and run it again when it dies, until cancelled; then stop it in order."""
        starting: asyncio.Task[tuple[BaseProcess, Connection]] | None = None
        try:
            while True:
                starting = asyncio.create_task(asyncio.to_thread(self._start, spec))
                process, pipe = await asyncio.shield(starting)
                await self._listen(pipe)
                await asyncio.to_thread(process.join)
                _log.error("a child process ended and is started again", child=spec.name, exit_code=process.exitcode)
                await asyncio.sleep(REST_S)
        finally:
            if starting is not None:  # a child that is just being started has to be stopped too, or nobody ever does
                await asyncio.wait({starting})
            self._tell_to_stop(spec.name)
            await asyncio.shield(asyncio.to_thread(self._stop, spec))

    def _start(self, spec: ChildSpec) -> tuple[BaseProcess, Connection]:
        ours, theirs = self._context.Pipe(duplex=True)
        process = self._context.Process(
            target=spec.target,
            args=spec.arguments,
            kwargs={"server": theirs, "json_log": spec.json_log},
            name=spec.name,
        )
        process.start()
        theirs.close()
        self._running[spec.name] = (process, ours)
        return process, ours

    async def _listen(self, pipe: Connection) -> None:
        """Pass on what the child tells until its end of the pipe closes."""
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()

        def readable() -> None:
            try:
                while pipe.poll():
                    self._emit(pipe.recv())
            except (EOFError, OSError):
                loop.remove_reader(pipe.fileno())
                closed.set()

        loop.add_reader(pipe.fileno(), readable)
        try:
            await closed.wait()
        finally:
            loop.remove_reader(pipe.fileno())

    def _tell_to_stop(self, name: str) -> None:
        """Say it to each child at once, and only then wait for one after the other."""
        if name in self._running:
            self._running[name][1].close()

    def _stop(self, spec: ChildSpec) -> None:
        process, pipe = self._running.pop(spec.name, (None, None))
        if process is None or pipe is None:
            return
        pipe.close()
        process.join(spec.stop_wait_s)
        if process.is_alive():
            process.kill()
            process.join()
