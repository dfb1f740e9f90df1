"""Workers of one kind: a change of the spool costs one question, however many workers there are, and no work is left lying."""

import asyncio
from collections.abc import Callable
from typing import cast

from mailfax.daemon.pulse import Crew, Pulse
from mailfax.spool.store import Store

WORKERS = 8


class Bench:
    """A heap of work, a crew at it, and the beat that a test gives by hand."""

    def __init__(self) -> None:
        self.waiting, self.asked, self.together, self.most = 0, 0, 0, 0
        self.pulse = Pulse(cast("Store", None))
        self.crew = Crew("render", self.pulse)
        self.may_end = asyncio.Event()

    async def step(self, taken: Callable[[], None]) -> bool:
        self.asked += 1
        if not self.waiting:
            return False
        self.waiting -= 1
        taken()
        self.together += 1
        self.most = max(self.most, self.together)
        await self.may_end.wait()
        self.together -= 1
        return True

    def beat(self) -> None:
        self.pulse.beats += 1
        self.crew.wake_one()


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def at_rest() -> tuple[Bench, list["asyncio.Task[None]"]]:
    bench = Bench()
    tasks = [asyncio.create_task(bench.crew.work(bench.step)) for _ in range(WORKERS)]
    await settle()
    bench.asked = 0
    return bench, tasks


async def end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_beat_with_nothing_to_do_is_one_question() -> None:
    async def story() -> None:
        bench, tasks = await at_rest()
        for _ in range(3):
            bench.beat()
            await settle()
        assert bench.asked == 3
        await end(tasks)

    asyncio.run(story())


def test_a_heap_of_work_is_done_by_all_of_them_at_once() -> None:
    async def story() -> None:
        bench, tasks = await at_rest()
        bench.waiting = 20
        bench.beat()
        await settle()
        assert (bench.most, bench.waiting) == (WORKERS, 20 - WORKERS)
        bench.may_end.set()
        await settle()
        assert (bench.waiting, bench.together) == (0, 0)
        await end(tasks)

    asyncio.run(story())


def test_a_beat_while_the_last_of_them_looks_is_not_missed() -> None:
    async def story() -> None:
        bench = Bench()
        asked = 0

        async def step(_taken: Callable[[], None]) -> bool:
            nonlocal asked
            asked += 1
            if asked == 1:
                bench.beat()  # after this one has looked, and before it waits
            return False

        task = asyncio.create_task(bench.crew.work(step))
        await settle()
        assert asked == 2
        await end([task])

    asyncio.run(story())


def test_one_that_fails_hands_on_what_it_was_woken_for() -> None:
    async def story() -> None:
        bench = Bench()
        done = []

        async def broken(_taken: Callable[[], None]) -> bool:
            if bench.waiting:
                raise OSError("no disk")
            return False

        async def whole(_taken: Callable[[], None]) -> bool:
            if bench.waiting:
                bench.waiting -= 1
                done.append(1)
                return True
            return False

        tasks = [asyncio.create_task(bench.crew.work(step)) for step in (broken, whole)]
        await settle()
        bench.waiting = 1
        bench.beat()
        await settle()
        assert done == [1]
        await end(tasks)

    asyncio.run(story())
