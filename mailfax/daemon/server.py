"""The server: one asyncio process for mail and schedule, which supervises a process for each line.

Started by `mailfax serve`. Everything it needs is constructed here. Its workers share nothing but the spool: each takes
what waits there, does it, commits, and looks again when the spool changes.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from mailfax.config import Config
from mailfax.daemon import build, log
from mailfax.daemon.children import STOP_WAIT_S, Children, ChildSpec, warm_context
from mailfax.daemon.clock import id_maker, steady_clock_s, wall_clock_us
from mailfax.daemon.control import ControlSocket
from mailfax.daemon.exchange import exchange_process
from mailfax.daemon.line import line_process
from mailfax.daemon.pulse import FAULT_REST_S, Crew, Pulse, Step
from mailfax.gateway.acceptance import Intake
from mailfax.gateway.acknowledgement import Refusals
from mailfax.gateway.adoption import adopt_orphans
from mailfax.gateway.breaker import BreakerDesk
from mailfax.gateway.broadcast import BroadcastDesk
from mailfax.gateway.clockwatch import ClockWatch
from mailfax.gateway.commands import CommandDesk
from mailfax.gateway.delivery import DeliveryDesk
from mailfax.gateway.distribution import DistributionDesk
from mailfax.gateway.door import GatewayDoor
from mailfax.gateway.evidence import EvidenceMaker, text_drawer
from mailfax.gateway.expiry import ExpiryDesk
from mailfax.gateway.hooks import Hooks
from mailfax.gateway.housekeeping import HousekeepingDesk
from mailfax.gateway.inside import InsideDesk
from mailfax.gateway.live import Emit, Live
from mailfax.gateway.mailboxes import MailboxDesk
from mailfax.gateway.notification import NotificationDesk
from mailfax.gateway.previewing import PreviewDesk
from mailfax.gateway.receipts import Receipts, new_token
from mailfax.gateway.rendering import RenderDesk
from mailfax.gateway.rescue import RescueDesk
from mailfax.gateway.undelivered import Alarms
from mailfax.gateway.webhook import HookDesk
from mailfax.render.office import OfficeDesk
from mailfax.smtp.alignment import Txt
from mailfax.smtp.dns import look_up_txt
from mailfax.smtp.listener import serve_smtp
from mailfax.spool.blobs import BlobStore
from mailfax.spool.disk import SpoolError
from mailfax.spool.orphans import OrphanHunt
from mailfax.spool.retry import RetryPolicy
from mailfax.spool.store import Store

_log = structlog.get_logger()

T = TypeVar("T")
RENDER_WORKERS = min(os.cpu_count() or 1, 4)
DELIVERY_WORKERS = 8
HOOK_WORKERS = 2
# Threads that wait for the disk, each for one mail that is being accepted or one piece of other work. Python's own default is
# six on two cores: a mail at the door waited for whatever the workers were doing.
THREADS = 64
# A thread that computes gives way after so long a time to one that has an answer to send; Python's own 5 ms are spent
# at every command of every client while a mail's pages are being recorded.
GIVE_WAY_S = 0.0005
SECONDS_PER_HOUR = 3600
RESCUE_EVERY_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One kind of work of the mail side: a step that says whether it found something to do, and how many may do it at once.

    What is only now and then due by its age is `patient`: it looks once a second, and not whenever a row has changed.
    """

    name: str
    step: Step
    workers: int = 1
    patient: bool = False


def _end_in_order(*_: object) -> None:
    raise SystemExit(0)


class CannotServe(Exception):
    """The server cannot start; the text is one plain sentence with what to do."""


def serve(config: Config, *, json_log: bool = False) -> None:
    """Run until SIGTERM or SIGINT. Raises CannotServe."""
    signal.signal(signal.SIGTERM, _end_in_order)  # until the event loop has handlers of its own
    log.configure(json=json_log)
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    new_id, spool = id_maker(), build.spool_settings(config)
    with (
        _only_server(config.data_dir),
        contextlib.closing(_opened(lambda: Store(spool, new_id))) as store,
        contextlib.closing(_opened(lambda: BlobStore(spool))) as blobs,
    ):
        _log.info("spool is open", folder=str(config.data_dir), node=spool.node)
        _opened(lambda: adopt_orphans(store, blobs, spool.calls, RetryPolicy(), wall_clock_us))
        server = Server(
            config,
            Intake(
                store=store,
                blobs=blobs,
                new_id=new_id,
                covers=build.cover_policy(config),
                quotas=build.quota_policy(config),
                telling=build.telling_policy(config),
                plans=build.plan_policy(config),
            ),
            json_log=json_log,
        )
        try:
            asyncio.run(server.run())
        finally:
            server.close()


def _opened(opening: Callable[[], T]) -> T:
    """Open what the spool is made of. Raises CannotServe in its own words."""
    try:
        return opening()
    except SpoolError as error:
        raise CannotServe(f"the spool cannot be opened: {error}") from error


@contextlib.contextmanager
def _only_server(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock: one server works in a data folder. The kernel gives it back however the server ends."""
    with (data_dir / "server.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(
                f"another mailfax serves {data_dir} already; stop it, or give this one its own data_dir."
            ) from None
        yield


class Server:
    """The running parts of one gateway, from start to stop."""

    def __init__(self, config: Config, intake: Intake, *, json_log: bool) -> None:
        self._config, self._intake, self._json_log = config, intake, json_log
        self._control = ControlSocket(config.data_dir)
        self._context = warm_context()
        self._office = OfficeDesk(build.render_settings(config), config.data_dir / "office")
        self._evidence = EvidenceMaker(
            store=intake.store,
            blobs=intake.blobs,
            identity=build.identity(config),
            calls_root=build.spool_settings(config).calls,
            draw_text=text_drawer(build.render_settings(config), self._context),
        )

    def close(self) -> None:
        """End what runs outside of the event loop."""
        self._office.close()

    async def run(self) -> None:
        """Start every part, wait for a signal, stop every part."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="work"))
        sys.setswitchinterval(GIVE_WAY_S)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)

        def emit(live: Live) -> None:
            loop.call_soon_threadsafe(self._control.emit, live)

        children = Children(self._context, self._control.emit)
        door = build_door(self._config, self._intake, self._evidence, emit)
        try:
            smtp = await serve_smtp(build.smtp_settings(self._config), door, wall_clock_us)
        except ssl.SSLError as error:
            raise CannotServe(f"the certificate {self._config.smtp.certificate} cannot be used: {error}.") from None
        except OSError as error:
            listen = ", ".join(
                (
                    *self._config.smtp.listen,
                    *self._config.smtp.submission,
                    *self._config.smtp.submissions,
                    *self._config.smtp.lmtp,
                )
            )
            raise CannotServe(
                f"cannot listen on {listen}: {error.strerror or error}; choose another address in smtp.listen."
            ) from None
        if self._config.render.office_ahead:
            await asyncio.to_thread(self._office.start_ahead)
        pulse = Pulse(self._intake.store)
        parts = [pulse.run(), *(children.keep(spec) for spec in self._exchange_specs())]
        for work in self._works(emit):
            crew = Crew(work.name, pulse, patient=work.patient)
            parts += [crew.work(work.step) for _ in range(work.workers)]
        parts += self._mailboxes(door)
        lines = [asyncio.create_task(children.keep(spec)) for spec in self._line_specs()]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            address = "{}:{}".format(*smtp.addresses[0])
            await self._control.start(address)
            _log.info("mailfax is up", smtp=address, pid=os.getpid())
            ended, _ = await asyncio.wait(
                {asyncio.create_task(stop.wait()), *lines, *tasks}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in ended:
                task.result()
        finally:
            _log.info("mailfax stops")
            await smtp.close()
            if self._config.calls.finish_s:
                await _cancel(lines)  # calls may end first, so what they need goes after them
            await _cancel([*lines, *tasks])
            await self._control.stop()

    def _mailboxes(self, door: GatewayDoor) -> Iterator[Coroutine[Any, Any, None]]:
        """Return what fetches mails, for each mailbox that has some to be faxed."""
        if not self._config.imap:
            return
        from mailfax.smtp.imap import open_mailbox  # noqa: PLC0415 - an extra, of its own licence

        intake = self._intake
        refusals = Refusals(
            store=intake.store,
            blobs=intake.blobs,
            letterhead=build.letterhead(self._config),
            new_id=intake.new_id,
            now_us=wall_clock_us,
        )
        for account, policy in build.mailboxes(self._config).values():
            desk = MailboxDesk(policy=policy, door=door, store=intake.store, refuse=refusals.tell)
            yield _with_rests(policy.name, partial(desk.run, partial(open_mailbox, account)))

    def _exchange_specs(self) -> Iterator[ChildSpec]:
        if any(line.kind == "virtual" for line in self._config.lines.values()):
            yield ChildSpec(
                name="exchange", target=exchange_process, arguments=(self._config,), json_log=self._json_log
            )

    def _line_specs(self) -> Iterator[ChildSpec]:
        for name in self._config.lines:
            yield ChildSpec(
                name=f"line-{name}",
                target=line_process,
                arguments=(self._config, name),
                json_log=self._json_log,
                stop_wait_s=STOP_WAIT_S + self._config.calls.finish_s,
            )

    def _works(self, emit: Emit) -> Iterator[Work]:
        """Return the work of the mail side; what one waits for (a big document, a slow server) holds up no other."""
        hooks = Hooks(build.hook_targets(self._config), self._intake.blobs)
        yield from self._keepers()
        yield from self._faxing(hooks, emit)
        yield from self._telling(hooks)
        yield from self._sending_mail(emit)

    def _faxing(self, hooks: Hooks, emit: Emit) -> Iterator[Work]:
        """Return the work on faxes, out and in."""
        config, store, blobs = self._config, self._intake.store, self._intake.blobs
        render = RenderDesk(
            store=store,
            blobs=blobs,
            settings=build.render_settings(config),
            context=self._context,
            office=self._office,
            identity=build.identity(config),
            covers=self._intake.covers,
            footer_of=build.footer_of(config, store),
            quotas=self._intake.quotas,
            letterhead=build.letterhead(config),
            now_us=wall_clock_us,
            emit=emit,
        )
        distribution = DistributionDesk(
            store=store,
            blobs=blobs,
            routing=build.routing_settings(config),
            letterhead=build.letterhead(config),
            keep_unconfirmed=config.calls.keep_unconfirmed,
            hooks=hooks,
            now_us=wall_clock_us,
            emit=emit,
        )
        broadcast = BroadcastDesk(
            store=store,
            blobs=blobs,
            lists=build.mail_lists(config).by_name,
            reporter=build.reporter(config, store, blobs, wall_clock_us),
            room=build.post_room(config),
            now_us=wall_clock_us,
            clock_s=steady_clock_s,
            rest=time.sleep,
        )
        yield Work(name="broadcast", step=_in_thread(broadcast.step))
        yield Work(name="render", step=_taking_in_thread(render.step), workers=RENDER_WORKERS)
        yield Work(name="distribution", step=_in_thread(distribution.step))

    def _telling(self, hooks: Hooks) -> Iterator[Work]:
        """Return the work of writing to senders what became of their faxes, or would."""
        config, store, blobs = self._config, self._intake.store, self._intake.blobs
        notification = NotificationDesk(
            store=store,
            blobs=blobs,
            letterhead=build.letterhead(config),
            telling=self._intake.telling,
            evidence=self._evidence,
            hooks=hooks,
            patience=build.patience(config),
            now_us=wall_clock_us,
        )
        previews = PreviewDesk(
            store=store,
            blobs=blobs,
            letterhead=build.letterhead(config),
            telling=self._intake.telling,
            evidence=self._evidence,
            hooks=hooks,
            now_us=wall_clock_us,
            currency=config.prices.currency,
            catch_all=config.receive.catch_all,
        )
        yield Work(name="notification", step=_in_thread(notification.step))
        yield Work(name="preview", step=_in_thread(previews.step))

    def _sending_mail(self, emit: Emit) -> Iterator[Work]:
        """Return the work of handing mails and webhooks over, of whatever they tell."""
        config, store, blobs = self._config, self._intake.store, self._intake.blobs
        alarms = Alarms(
            blobs=blobs,
            letterhead=build.letterhead(config),
            telling=self._intake.telling,
            administrator=build.administrator(config),
        )
        delivery = DeliveryDesk(
            store=store,
            blobs=blobs,
            outgoing=build.outgoing_settings(config),
            catch_all=config.receive.catch_all,
            alarms=alarms,
            now_us=wall_clock_us,
            emit=emit,
        )
        hook_desk = HookDesk(
            store=store,
            blobs=blobs,
            points=build.hook_points(config),
            alarms=alarms,
            now_us=wall_clock_us,
            emit=emit,
        )
        if config.webhooks:
            yield Work(name="webhook", step=hook_desk.step, workers=HOOK_WORKERS)
        yield Work(name="delivery", step=delivery.step, workers=DELIVERY_WORKERS)

    def _keepers(self) -> Iterator[Work]:
        """Return the work of looking now and then whether something is too old."""
        config, store, blobs = self._config, self._intake.store, self._intake.blobs
        spool = build.spool_settings(config)
        clock = ClockWatch(store=store, now_us=wall_clock_us, clock_s=steady_clock_s)
        expiry = ExpiryDesk(
            store=store, give_up_s=config.queue.give_up_h * SECONDS_PER_HOUR, clock=clock, now_us=wall_clock_us
        )
        housekeeping = HousekeepingDesk(
            store=store,
            hunt=OrphanHunt(store, blobs, spool, steady_clock_s),
            policy=build.retention_policy(config),
            calls=spool.calls,
            clock=clock,
            now_us=wall_clock_us,
            clock_s=steady_clock_s,
        )
        every_s = spool.shared.lease_s / 2 if spool.shared else RESCUE_EVERY_S
        rescue = RescueDesk(store=store, policy=RetryPolicy(), every_s=every_s, now_us=wall_clock_us)
        yield Work(name="rescue", step=_in_thread(rescue.step), patient=True)
        yield Work(name="clock", step=_in_thread(clock.step), patient=True)
        inside = InsideDesk(store=store, identity=build.identity(config), now_us=wall_clock_us)
        yield Work(name="inside", step=_in_thread(inside.step))
        schedules = build.schedule_desk(config, self._intake, wall_clock_us, clock)
        yield Work(name="schedules", step=_in_thread(schedules.step))
        breaker = BreakerDesk(
            store=store,
            blobs=blobs,
            policy=self._intake.quotas,
            letterhead=build.letterhead(config),
            catch_all=config.receive.catch_all,
            now_us=wall_clock_us,
        )
        yield Work(name="breaker", step=_in_thread(breaker.step))
        yield Work(name="expiry", step=_in_thread(expiry.step), patient=True)
        yield Work(name="housekeeping", step=_in_thread(housekeeping.step), patient=True)


async def _with_rests(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run for ever what fetches mails; a fault that nobody foresaw is logged, and costs the others nothing."""
    while True:
        try:
            await run()
        except Exception:  # noqa: BLE001 - the last line of defence; the log has the whole story
            _log.exception("a mailbox failed and rests", mailbox=name, rest_s=FAULT_REST_S)
        await asyncio.sleep(FAULT_REST_S)


def build_door(
    config: Config, intake: Intake, evidence: EvidenceMaker, emit: Emit, txt: Txt = look_up_txt
) -> GatewayDoor:
    """Return the door for mail."""
    routing, head = build.routing_settings(config), build.letterhead(config)
    receipts = Receipts(
        store=intake.store, blobs=intake.blobs, letterhead=head, telling=intake.telling, now_us=wall_clock_us
    )
    commands = CommandDesk(
        store=intake.store,
        blobs=intake.blobs,
        routing=routing,
        letterhead=head,
        telling=intake.telling,
        evidence=evidence,
        new_id=intake.new_id,
        new_token=new_token,
        now_us=wall_clock_us,
        quotas=intake.quotas,
    )
    return GatewayDoor(
        intake=intake,
        routing=routing,
        receipts=receipts,
        commands=commands,
        now_us=wall_clock_us,
        emit=emit,
        trust=build.trust_policy(config),
        txt=txt,
        lists=build.mail_lists(config),
    )


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _in_thread(step: Callable[[], bool]) -> Step:
    async def run(_taken: Callable[[], None]) -> bool:
        return await asyncio.to_thread(step)

    return run


def _taking_in_thread(step: Callable[[Callable[[], object]], bool]) -> Step:
    async def run(taken: Callable[[], None]) -> bool:
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(step, lambda: loop.call_soon_threadsafe(taken))

    return run
