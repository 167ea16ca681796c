"""What a listener would say about a recording: when somebody spoke, when it stopped.

Pure functions on 16-bit samples. Speech is what is louder than a threshold,
by energy in short frames, with the edges then taken to the sample. That is
all a synthetic voice over G.711 needs: silence arrives as exact zeros or as
comfort noise far below -50 dBFS, and speech lies around -20.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.bench.timeline import Pcm

FULL_SCALE = 32768.0
QUIETEST_DBFS = -120.0


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds on the clock of the call."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    def covers(self, at_s: float) -> bool:
        return self.start_s <= at_s < self.end_s

    def overlaps(self, start_s: float, end_s: float) -> bool:
        return self.start_s < end_s and self.end_s > start_s


@dataclass(frozen=True)
class Ear:
    """What counts as audible.

    threshold_dbfs: level of a frame, relative to full scale, at which it is heard.
        G.711's smallest steps lie near -75 dBFS, comfort noise below -55.
    frame_s: length of the frames in which energy is taken.
    shortest_s: a sound shorter than this is a click, not speech.
    bridge_s: silences shorter than this belong to the speech around them
        (closures of stops, gaps between words).
    """

    threshold_dbfs: float = -50.0
    frame_s: float = 0.010
    shortest_s: float = 0.030
    bridge_s: float = 0.20


DEFAULT_EAR = Ear()


def levels_dbfs(pcm: Pcm, frame_samples: int) -> npt.NDArray[np.float64]:
    """The level of every whole frame, in dB relative to full scale (-120 for zeros)."""
    frames = len(pcm) // frame_samples
    shaped = pcm[: frames * frame_samples].reshape(frames, frame_samples).astype(np.float64)
    rms = np.sqrt(np.mean(shaped**2, axis=1)) / FULL_SCALE if frames else np.zeros(0)
    levels: npt.NDArray[np.float64] = 20 * np.log10(np.maximum(rms, 10 ** (QUIETEST_DBFS / 20)))
    return levels


def ear_above_noise(pcm: Pcm, rate_hz: int, ear: Ear = DEFAULT_EAR) -> Ear:
    """An ear whose threshold lies 12 dB above the steady noise of a recording.

    The noise is the level that a tenth of the frames stay under; it raises the
    threshold to -38 dBFS at most, so that somebody who never pauses is not
    taken for noise. On a silent line the ear stays as it is.
    """
    levels = levels_dbfs(pcm, max(1, round(ear.frame_s * rate_hz)))
    if not len(levels):
        return ear
    noise_dbfs = float(np.percentile(levels, 10))
    raised = min(max(ear.threshold_dbfs, noise_dbfs + 12.0), max(ear.threshold_dbfs, -38.0))
    return Ear(raised, ear.frame_s, ear.shortest_s, ear.bridge_s)


def audible_spans(
    pcm: Pcm, rate_hz: int, *, origin_s: float = 0.0, ear: Ear = DEFAULT_EAR
) -> list[Span]:
    """The stretches of audible sound, in order; ``origin_s`` is the time of ``pcm[0]``.

    The edges are the first and the last sample that reach the threshold, so
    they are finer than the frames.
    """
    frame = max(1, round(ear.frame_s * rate_hz))
    padded = np.concatenate([pcm, np.zeros(-len(pcm) % frame, np.int16)])
    loud = levels_dbfs(padded, frame) >= ear.threshold_dbfs
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    runs = [(int(a) * frame, int(b) * frame) for a, b in edges.reshape(-1, 2)]
    exact = [_tighten(padded, start, end, ear) for start, end in runs]
    bridged: list[tuple[int, int]] = []
    for start, end in exact:
        if bridged and start - bridged[-1][1] < ear.bridge_s * rate_hz:
            bridged[-1] = (bridged[-1][0], end)
        else:
            bridged.append((start, end))
    return [
        Span(origin_s + start / rate_hz, origin_s + end / rate_hz)
        for start, end in bridged
        if end - start >= ear.shortest_s * rate_hz
    ]


def _tighten(pcm: Pcm, start: int, end: int, ear: Ear) -> tuple[int, int]:
    """From whole frames to the samples that reach the threshold inside them."""
    amplitude = FULL_SCALE * 10 ** (ear.threshold_dbfs / 20)
    reaching = np.flatnonzero(np.abs(pcm[start:end].astype(np.int32)) >= amplitude)
    if not len(reaching):
        return start, end
    return start + int(reaching[0]), start + int(reaching[-1]) + 1


def first_audible_after(spans: Sequence[Span], at_s: float) -> float | None:
    """When something is first heard from ``at_s`` on; ``at_s`` itself if it is sounding."""
    for span in spans:
        if span.end_s > at_s:
            return max(span.start_s, at_s)
    return None


def first_onset_after(spans: Sequence[Span], at_s: float) -> float | None:
    """When a sound next begins at or after ``at_s``."""
    return next((span.start_s for span in spans if span.start_s >= at_s), None)


def last_audible_before_yield(
    spans: Sequence[Span], onset_s: float, end_s: float, silence_s: float
) -> float | None:
    """When somebody fell silent who was talked over from ``onset_s`` to ``end_s``.

    A pause counts as falling silent if it lasts ``silence_s``; a shorter one
    also does if the other has finished by the time it ends, for what follows
    is then the answer. None if nothing was going on at ``onset_s``, where a
    pause shorter than ``silence_s`` is part of what was going on. The result
    lies before ``onset_s`` if it was such a pause, and speech did not go on.
    """
    stopped_s: float | None = None
    for span in spans:
        if stopped_s is None:
            if span.start_s < onset_s < span.end_s + silence_s:
                stopped_s = span.end_s
        elif span.start_s - stopped_s >= silence_s or span.start_s >= end_s:
            break
        else:
            stopped_s = span.end_s
    return stopped_s


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value that ``percent`` % of the values do not exceed (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[min(len(ordered), max(1, rank)) - 1]
