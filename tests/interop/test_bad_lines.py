"""Where others were seen to fail on the line, we do not: each case first shows the hurt, libspandsp machine to machine on that line.

The calls are in lock-step with the line's clock, so each takes a tenth of a second and is the same every time.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lab.badline import BadLine, Damage
from lab.book import Book, same_pages
from lab.calls import Call, they_call, we_answer, we_call
from lab.documents import letter, read_pages, save_pages, write_letter
from lab.duo import Duo
from lab.lockstep import LockstepExchange
from lab.machine import FaxMachine, MachineSpec, join
from PIL import Image
from test_live_calls import as_sent, assert_same, sending

from mailfax.gateway import onecall
from mailfax.model.outcome import Outcome
from mailfax.model.page import Resolution
from mailfax.modem.class1 import Class1Line
from mailfax.modem.pump import run_call
from mailfax.render.settings import RenderSettings
from mailfax.render.story import read_files, render_files
from mailfax.t4codec import warm
from mailfax.t30.answerer import AnswererStation, answer
from mailfax.t30.caller import CallerJob, call
from mailfax.t30.commands import LineCommand, LineResult, ReceiveFrames, SendTraining
from mailfax.t30.negotiate import FULL_OFFER

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

TRAINED_S = 11.4  # after the answer: the CFR is through, and the page begins


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warm()
    return write_letter(tmp_path_factory.mktemp("letter") / "letter.tif", 1, "standard")


def frames_of(rows: list[str]) -> list[str]:
    """Return the names of the frames of a transcript, with the modulation of each block and page."""
    columns = [row.rstrip("\n").split("\t") for row in rows]
    return [row[4] if row[2] == "frame" else f"{row[2]} {row[3]}" for row in columns]


@pytest.mark.parametrize(("way", "seed"), [("MMR, ECM", 7), ("MH, no ECM", 0)])
def test_the_first_page_is_lost_and_the_receiver_is_back_at_its_dis(
    page: Path, tmp_path: Path, way: str, seed: int
) -> None:
    """At 30 dB its modem loses every third V.17 carrier that trains short. It sends DIS meanwhile, and knows no EOP or PPS then."""
    noisy = Damage(snr_db=30)
    theirs = they_call(page, tmp_path, way, BadLine(noisy, seed))
    assert (theirs.delivered, theirs.told) == (False, "Received a DCN from remote after sending a page")
    rows: list[str] = []
    ours = we_call(page, tmp_path, way, BadLine(noisy, seed), rows.append)
    assert (ours.delivered, ours.equal) == (True, True), ours
    signals = frames_of(rows)
    sent = [signal for signal in signals if signal.startswith(("block", "page"))]
    assert sent[:2] in [[f"{kind} V.17 14400", f"{kind} V.17 12000"] for kind in ("block", "page")]
    assert signals.count("DIS") == signals.count("CFR") == len(sent)


def test_four_pprs_are_followed_by_ctc_and_not_by_the_end(page: Path, tmp_path: Path) -> None:
    worse = Damage(snr_db=21, from_s=TRAINED_S)
    theirs = they_call(page, tmp_path, "MMR, ECM", BadLine(worse, 1))
    assert (theirs.delivered, theirs.told) == (False, "Disconnected after permitted retries")
    rows: list[str] = []
    ours = we_call(page, tmp_path, "MMR, ECM", BadLine(worse, 1), rows.append)
    assert (ours.delivered, ours.equal) == (True, True), ours
    signals = frames_of(rows)
    assert signals.index("CTC") > [at for at, signal in enumerate(signals) if signal == "PPR"][3]


@pytest.mark.parametrize("way", ["MMR, ECM", "MH, no ECM"])
@pytest.mark.parametrize("ours", [we_call, we_answer])
def test_noise_above_the_carrier_threshold_ends_by_itself_and_is_not_our_modems_fault(
    page: Path, tmp_path: Path, ours: Callable[[Path, Path, str, BadLine], Call], way: str
) -> None:
    noise = Damage(snr_db=24, steady=True)
    ended = ours(page, tmp_path, way, BadLine(noise))
    assert (ended.delivered, ended.seconds < 120) == (False, True), ended
    assert ended.told.partition(":")[0] in {Outcome.NO_RESPONSE.code, Outcome.NO_FAX.code}


def test_noise_above_the_carrier_threshold_keeps_libspandsp_on_the_line(page: Path, tmp_path: Path) -> None:
    theirs = they_call(page, tmp_path, "MMR, ECM", BadLine(Damage(snr_db=24, steady=True)))
    assert (theirs.delivered, theirs.seconds, theirs.told) == (False, 1200, "no end")


def test_a_superfine_page_reaches_a_machine_that_has_fine_only(tmp_path: Path) -> None:
    superfine = tmp_path / "superfine.tif"
    pels = np.repeat(np.asarray(letter(1, 1, "fine")), 2, axis=0)
    save_pages(superfine, [Image.fromarray(pels)], (204, 391))
    fine_only = "res=std+fine+r8"
    caller = FaxMachine(MachineSpec.parse(f"send:{superfine},res=std+fine+superfine+r8"), calling=True)
    called = FaxMachine(MachineSpec.parse(f"receive:{tmp_path}/theirs.tif,{fine_only}"), calling=False)
    join(caller, called)
    refused = caller.report()
    caller.close()
    called.close()
    assert (refused.ok, refused.pages) == (False, 0)
    exchange = LockstepExchange()
    exchange.route("5551234", f"receive:{tmp_path}/got.tif,{fine_only}")
    pages = render_files(read_files([superfine]), RenderSettings(), lambda _page, _pages: None).pages
    result = onecall.send(exchange.line, sending(pages), lambda _text: None).outcome
    assert result is Outcome.DELIVERED
    exchange.finished()
    exchange.close()
    assert_same(read_pages(tmp_path / "got.tif"), as_sent(pages, Resolution.FINE, tmp_path))


# -- modem to modem, without a delay on the line ---------------------------------------------------------------------------

SLOW_S = 0.06  # what a busy computer takes between the modem's OK and the next command


class SlowHands:
    """Our driver on a busy computer. With `asks_for_silence` it does after the TCF what others do: AT+FRS before +FRH."""

    def __init__(self, line: Class1Line, *, asks_for_silence: bool) -> None:
        self.name, self.best_modulation = line.name, line.best_modulation
        self._line, self._asks_for_silence = line, asks_for_silence
        self._after_tcf = False

    def perform(self, command: LineCommand) -> LineResult:
        dialogue = self._line._dialogue
        if self._after_tcf and isinstance(command, ReceiveFrames):
            end_s = dialogue.clock() + SLOW_S
            while dialogue.clock() < end_s:
                dialogue.port._exchange.tick()
            if self._asks_for_silence:
                dialogue.command("AT+FRS=7", command.timeout_s)
        self._after_tcf = isinstance(command, SendTraining)
        return self._line.perform(command)

    def hang_up(self) -> None:
        self._line.hang_up()


@pytest.mark.parametrize(
    ("asks_for_silence", "outcomes"),
    [(True, [Outcome.CALL_DROPPED, Outcome.NO_RESPONSE]), (False, [Outcome.DELIVERED, Outcome.RECEIVED])],
)
def test_the_cfr_of_a_modem_without_a_delay_on_the_line_is_heard(
    page: Path, asks_for_silence: bool, outcomes: list[Outcome]
) -> None:
    """A driver that asks for silence after its TCF (AT+FRS) meets the CFR and waits until it is over."""
    book = Book()
    ended: list[Outcome] = []

    def caller(line: Class1Line) -> None:
        line.dial("5551234")
        hands = SlowHands(line, asks_for_silence=asks_for_silence)
        ended.append(run_call(call(CallerJob(pages=1, offer=FULL_OFFER)), hands, Book(page)).outcome)

    def answerer(line: Class1Line) -> None:
        while line.wait_for_call(1) is None:
            pass
        line.answer()
        ended.append(run_call(answer(AnswererStation(offer=FULL_OFFER)), line, book).outcome)

    Duo().call(caller, answerer)
    assert sorted(ended, key=lambda outcome: outcome.code) == outcomes
    assert same_pages(book.confirmed, read_pages(page)) is not asks_for_silence
