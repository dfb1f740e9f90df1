"""One gateway that is killed again and again, and every letter that it was ever given. Used by the crash tests."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from gateway_books import Story, judge, stories
from gateway_server import Letter, Server, letter
from gateway_watch import Held, Strike, Watch


@dataclass
class Patient:
    """The server, the watch on its fault points, and what was posted: each letter, and whether its client heard 250."""

    server: Server
    watch: Watch
    posted: list[tuple[Letter, bool]] = field(default_factory=list)

    def up(self) -> None:
        """Be running, also where the test before this one failed."""
        if not self.server.running:
            self.server.start()
        self.server.wait_until_up()

    def post(self, octets: bytes | None = None, count: int = 1) -> Letter:
        """Post a letter from a new sender to new numbers, and hear its 250."""
        new = self._new_letter(octets, count)
        assert self.server.post(new), "the client did not hear 250"
        self.posted.append((new, True))
        return new

    def post_until(self, strike: Strike, octets: bytes | None = None) -> tuple[Letter, Held]:
        """Post a letter and stop the process that comes to the strike's place with it; its client has its 250."""
        self.watch.expect(strike)
        return self.post(octets), self.watch.held()

    def post_in_vain(self, strike: Strike) -> Letter:
        """Post a letter and kill everything at the strike's place; its client hears no 250."""
        new = self._new_letter(None, 1)
        self.watch.expect(strike)
        with ThreadPoolExecutor(1) as pool:
            client = pool.submit(self.server.post, new)
            held = self.watch.held()
            self.kill(held)
            assert not client.result(), f"the client heard 250 before {strike}"
        self.posted.append((new, False))
        return new

    def kill(self, *held: Held) -> None:
        """Kill every process at once, with those that are held where they stand."""
        self.server.kill()
        for one in held:
            one.release()

    def stories(self, wanted: Sequence[Letter]) -> list[tuple[Story, ...]]:
        """Wait until nothing is left to do; return what became of each letter, each held to the promises."""
        heard = {id(posted): heard_250 for posted, heard_250 in self.posted}
        with self.server.store() as store:
            self.server.wait_until_books_are_closed(store)
            found = [stories(self.server, store, one) for one in wanted]
        for one, story in zip(wanted, found, strict=True):
            judge(one, heard[id(one)], story)
        return found

    def story(self, wanted: Letter) -> Story:
        """Return what became of a letter to one number."""
        ((story,),) = self.stories([wanted])
        return story

    def _new_letter(self, octets: bytes | None, count: int) -> Letter:
        first = len(self.posted)
        new = letter(f"sender{first:02d}@example.org", *(f"55{first:02d}{number:03d}" for number in range(count)))
        return new if octets is None else Letter(sender=new.sender, numbers=new.numbers, octets=octets)
