"""One direction of a call, laid on the clock of the call.

A phone call has two streams of samples and only one clock that matters: the
caller's wrist watch. The program that records the call learns about samples
late and unevenly - it polls, and sometimes it is not scheduled for a while -
but never early. And a stream can only fall behind its clock, by a hole in it,
never run ahead. So the delay of a sample, its time less the length of the
stream before it, is at most any delay observed at it *or after it*, and the
smallest of these is the truest that can be said. Being late now and then, for
whatever reason, costs nothing, provided that it was made up for later.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]

HOLE_S = 0.015
"""Delays that differ by less are one delay, and noise: less than a packet's length."""

LONGEST_CALL_S = 900.0


@dataclass(frozen=True)
class _Observation:
    through: int
    """All samples before this one had passed ..."""
    delay_s: float
    """... by this time plus the length of them."""


@dataclass
class Track:
    """The samples of one direction, and when each of them happened.

    Bounded by ``longest_s``: what comes after that is dropped and counted in
    ``dropped_samples``; earlier audio is what a measurement refers to.
    Times of the newest second may still fall as better observations come in.
    """

    rate_hz: int
    longest_s: float = LONGEST_CALL_S
    dropped_samples: int = 0
    count: int = 0
    """Samples in the track."""
    _store: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))
    _observations: list[_Observation] = field(default_factory=list)
    """Only those that no later one undercuts, so their delays rise."""
    _observed_through: int = 0
    _postponed: list[tuple[int, float]] = field(default_factory=list)

    def append(self, pcm: Pcm) -> int:
        """Add samples; returns the number of the first of them."""
        first = self.count
        room = int(self.longest_s * self.rate_hz) - first
        if len(pcm) > room:
            self.dropped_samples += len(pcm) - room
            pcm = pcm[:room]
        needed = first + len(pcm)
        if needed > len(self._store):
            grown = np.zeros(max(needed, 2 * len(self._store), 10 * self.rate_hz), np.int16)
            grown[:first] = self._store[:first]
            self._store = grown
        self._store[first:needed] = pcm
        self.count = needed
        return first

    def observe(self, through: int, at_s: float) -> None:
        """All samples before number ``through`` had passed by ``at_s``.

        Only the first word on a sample counts: the same said later says less.
        """
        if through <= self._observed_through:
            return
        self._observed_through = through
        delay_s = at_s - through / self.rate_hz
        while self._observations and self._observations[-1].delay_s >= delay_s:
            self._observations.pop()
        self._observations.append(_Observation(through, delay_s))

    def postpone(self, first: int, by_s: float) -> None:
        """Sample number ``first`` and all after it happen later by this than was observed."""
        self._postponed.append((first, by_s))

    def time_of(self, sample: int) -> float | None:
        """When this sample happened, or will if there is no hole before it.

        None while nothing has been observed.
        """
        delay_s = None
        for first, piece_delay_s in self._pieces():
            if first > sample:
                break
            delay_s = piece_delay_s
        return None if delay_s is None else delay_s + sample / self.rate_hz

    @property
    def holes(self) -> int:
        """How often the stream fell behind for good."""
        return max(0, len(self._pieces()) - 1)

    @property
    def end_s(self) -> float:
        """When the last sample has passed; 0 while nothing has been observed."""
        return self.time_of(self.count) or 0.0

    def between(self, start_s: float, end_s: float) -> Pcm:
        """The samples from ``start_s`` to ``end_s``; silence where there were none."""
        total = max(0, round((end_s - start_s) * self.rate_hz))
        out = np.zeros(total, np.int16)
        pieces = self._pieces()
        ends = [*(first for first, _ in pieces), self.count][1:]
        for (first, delay_s), end in zip(pieces, ends, strict=True):
            offset = round((delay_s - start_s) * self.rate_hz) + first
            skip = max(0, -offset)
            take = min(end - first - skip, total - max(0, offset))
            if take > 0:
                source = self._store[first + skip : first + skip + take]
                out[max(0, offset) : max(0, offset) + take] = source
        return out

    def _pieces(self) -> list[tuple[int, float]]:
        """Stretches without a hole: the number of the first sample, and the delay."""
        observed: list[tuple[int, float]] = []
        before = 0
        for observation in self._observations:
            if not observed or observation.delay_s - observed[-1][1] >= HOLE_S:
                observed.append((before, observation.delay_s))
            before = observation.through
        if not self._postponed or not observed:
            return observed
        starts = sorted({first for first, _ in [*observed, *self._postponed]})
        return [
            (
                start,
                [delay_s for first, delay_s in observed if first <= start][-1]
                + sum(by_s for first, by_s in self._postponed if first <= start),
            )
            for start in starts
        ]
