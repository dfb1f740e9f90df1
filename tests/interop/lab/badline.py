"""A bad telephone line: attenuation, echo, drop-outs, noise, and a line that goes dead. The same for whoever is at its ends.

`BadLine` spoils both directions of one call; one seed gives one line. Used by `bench/bad_line.py` and by the tests of bad lines.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab import spandsp as sd

Samples = NDArray[np.int16]

SIGNAL_RMS = 3600.0  # what libspandsp sends, about -13 dBm0; noise is measured against it
SILENT = 200
LONGEST_CALL_S = 2000
CUT_SPREAD_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """What a line does to both directions.

    `snr_db`: white noise so far below the signal, while there is one, or all the time (`steady`). `gap_s`, `gaps_a_minute`:
    drop-outs at random moments. `echo_db`, `echo_s`: each party hears itself so much weaker and so much later, and the other
    one twice as weak again. `loss_db`: attenuation. `dead_after_s`: within 5 s from then the line goes silent for good. Noise and
    drop-outs begin `from_s` after the answer.
    """

    snr_db: float = math.inf
    steady: bool = False
    gap_s: float = 0.0
    gaps_a_minute: float = 0.0
    echo_db: float = math.inf
    echo_s: float = 0.0
    loss_db: float = 0.0
    dead_after_s: float = math.inf
    from_s: float = 0.0


class BadLine:
    """One call's line. `carry` takes and gives a block of both directions."""

    def __init__(self, damage: Damage, seed: int = 0) -> None:
        self._damage = damage
        moments, self._noise = (np.random.default_rng((seed, part)) for part in range(2))
        self._at = 0
        self._clear = not (damage.loss_db or math.isfinite(damage.echo_db) or math.isfinite(damage.snr_db))
        self._gain = 10 ** (-damage.loss_db / 20)
        self._noise_rms = SIGNAL_RMS * 10 ** (-damage.snr_db / 20)
        self._dead_at = (damage.dead_after_s + moments.uniform(0, CUT_SPREAD_S)) * sd.SAMPLE_RATE
        self._gap = round(damage.gap_s * sd.SAMPLE_RATE)
        self._gaps = self._gap_starts(moments)
        delay = round(damage.echo_s * sd.SAMPLE_RATE)
        self._echo = 10 ** (-damage.echo_db / 20)
        self._past = [np.zeros(delay), np.zeros(delay)]  # what was sent to the near end, and to the far end

    def _gap_starts(self, moments: np.random.Generator) -> NDArray[np.int64]:
        if not self._damage.gaps_a_minute:
            return np.empty(0, dtype=np.int64)
        mean_s = 60 / self._damage.gaps_a_minute
        distances_s = moments.exponential(mean_s, round(3 * LONGEST_CALL_S / mean_s))
        return ((self._damage.from_s + np.cumsum(distances_s)) * sd.SAMPLE_RATE).astype(np.int64)

    def carry(self, to_near: Samples, to_far: Samples) -> tuple[Samples, Samples]:
        """Return what each end hears of what the other one sent."""
        open_line = self._open(len(to_near))
        if self._clear and open_line is None:
            self._at += len(to_near)
            return to_near, to_far
        sent = [to_near * self._gain, to_far * self._gain]
        heard = self._with_echo(sent) if self._echo else sent
        spoiled = [self._spoiled(*pair, open_line) for pair in zip(heard, (to_near, to_far), strict=True)]
        self._at += len(to_near)
        return spoiled[0], spoiled[1]

    def _with_echo(self, sent: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        late = []
        for direction, block in enumerate(sent):
            flow = np.concatenate((self._past[direction], block))
            late.append(flow[: len(block)])
            self._past[direction] = flow[len(block) :]
        return [
            sent[direction] + self._echo * late[1 - direction] + self._echo**2 * late[direction] for direction in (0, 1)
        ]

    def _open(self, samples: int) -> NDArray[np.float64] | None:
        """Return 1 for each sample of the block at hand that the line carries, and 0 for each that it does not; None for all."""
        end = self._at + samples
        first, last = np.searchsorted(self._gaps, (self._at - self._gap, end))
        if first == last and end <= self._dead_at:
            return None
        carried = np.ones(samples)
        for start in self._gaps[first:last]:
            carried[max(0, start - self._at) : max(0, start + self._gap - self._at)] = 0
        if end > self._dead_at:
            carried[max(0, int(self._dead_at) - self._at) :] = 0
        return carried

    def _spoiled(self, heard: NDArray[np.float64], sent: Samples, open_line: NDArray[np.float64] | None) -> Samples:
        noisy = self._noise_rms and self._at >= self._damage.from_s * sd.SAMPLE_RATE
        if noisy and (self._damage.steady or np.abs(sent).max() > SILENT):
            heard = heard + self._noise.normal(0, self._noise_rms, len(heard))
        if open_line is not None:
            heard = heard * open_line
        return heard.clip(-32768, 32767).astype(np.int16)
