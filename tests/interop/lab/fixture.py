"""What a live test holds in its hand: a running exchange with one modem, and the document folder beside it."""

import threading
import types
from pathlib import Path
from typing import Self

from lab.class2modem import Class2Modem, Model
from lab.exchange import RING_LIMIT, Exchange, Finished, Ring

CALL_LIMIT_S = 120.0


class LabExchange:
    """A running exchange. `device` is the modem's pty; give it to a Class1Line, or with a `model` to a Class2Line.

    `route(pattern, spec)` says who answers which number: a machine spec, `busy`, `noanswer` or `nodialtone`.
    `ring(spec, ...)` has a machine call the modem. `finished()` waits for the next call to end.
    """

    def __init__(self, folder: Path, *, turbo: float = 20.0, model: Model | None = None) -> None:
        self.device = str(folder / "modem0")
        self._exchange = Exchange(turbo=turbo)
        link = Path(self.device)
        self._modem = self._exchange.add_class2_modem(link, model) if model else self._exchange.add_modem(link)
        self._thread = threading.Thread(target=self._exchange.run, name="lab exchange", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._exchange.stopping = True
        self._thread.join(10)

    def route(self, pattern: str, spec: str) -> None:
        """Say who answers numbers of this pattern; the latest rule that fits holds."""
        self._exchange.do(lambda: self._exchange.routes.insert(0, (pattern, spec)))

    def ring(
        self,
        spec: str,
        *,
        did: str = "",
        cid: str = "",
        name: str = "",
        dtmf_did: str = "",
        cadence_s: float = 1.0,
        limit: int = RING_LIMIT,
    ) -> None:
        """Have a machine call the modem; it gives up after `limit` rings."""
        ring = Ring(did=did, cid=cid, name=name, dtmf_did=dtmf_did, cadence_s=cadence_s, limit=limit)
        self._exchange.do(lambda: self._exchange.ring(self._modem, spec, ring))

    def plug_in(self) -> None:
        """Have a Class 2 modem whose plug was pulled come back."""
        done = threading.Event()
        self._exchange.do(lambda: (self.class2.plug_in(), done.set()))
        assert done.wait(CALL_LIMIT_S)

    @property
    def class2(self) -> Class2Modem:
        """Return the modem, where it is one of Class 2."""
        assert isinstance(self._modem, Class2Modem)
        return self._modem

    def cut(self) -> None:
        """Have the network end every call at once."""
        self._exchange.do(self._exchange.cut)

    def second_modem(self) -> str:
        """Put another Class 1 modem on the exchange (`modem:1` in routes) and return its device."""
        device, there = Path(self.device).with_name("modem1"), threading.Event()

        def add() -> None:
            self._exchange.add_modem(device)
            there.set()

        self._exchange.do(add)
        assert there.wait(CALL_LIMIT_S)
        return str(device)

    def pull_out(self) -> None:
        """Take the modem away: the other end of its pty is closed, its link gone, a call in progress cut."""

        def pull() -> None:
            for call in list(self._exchange.calls):
                self._exchange._finish(call, "unplugged", tell_modem=False)
            self._exchange.modems.remove(self._modem)
            self._modem.close()

        self._exchange.do(pull)

    def put_back(self) -> None:
        """Bring a modem back under the same name."""

        def bring() -> None:
            self._modem = self._exchange.add_modem(Path(self.device))

        self._exchange.do(bring)

    def finished(self, timeout_s: float = CALL_LIMIT_S) -> Finished:
        """Wait for a call to end and return what came of it; raises queue.Empty."""
        return self._exchange.finished.get(timeout=timeout_s)
