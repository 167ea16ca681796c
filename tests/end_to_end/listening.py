"""Hearing for the tests: what was said in a recording, and when anybody was audible."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from agent.profiles import load_profile
from agent.providers.moonshine_engine import RATE_HZ as ENGINE_RATE_HZ
from agent.providers.moonshine_engine import MoonshineEngine

_WINDOW_S: Final = 0.02
_AUDIBLE_DBFS: Final = -45.0
_BREATH_S: Final = 0.35
"""Silence shorter than this belongs to the speech around it."""


@dataclass(frozen=True)
class Span:
    """A stretch of a recording, in seconds from its beginning."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Recording:
    """16-bit mono audio."""

    samples: npt.NDArray[np.int16] = field(repr=False)
    rate_hz: int

    @property
    def length_s(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate_hz

    def between(self, start_s: float, end_s: float | None = None) -> Recording:
        """A part of it."""
        end = None if end_s is None else max(0, round(end_s * self.rate_hz))
        return Recording(self.samples[max(0, round(start_s * self.rate_hz)) : end], self.rate_hz)

    def speech(self, breath_s: float = _BREATH_S) -> list[Span]:
        """Where somebody is audible; clicks of less than 60 ms are left out."""
        window = round(_WINDOW_S * self.rate_hz)
        whole = len(self.samples) // window
        frames = self.samples[: whole * window].reshape(whole, window).astype(np.float64)
        rms = np.sqrt(np.mean(frames**2, axis=1)) if whole else np.empty(0)
        audible = np.flatnonzero(20 * np.log10(np.maximum(rms, 1) / 32768) > _AUDIBLE_DBFS)
        spans: list[Span] = []
        for index in audible:
            start_s = float(index) * _WINDOW_S
            end_s = start_s + _WINDOW_S
            if spans and start_s - spans[-1].end_s < breath_s:
                spans[-1] = Span(spans[-1].start_s, end_s)
            else:
                spans.append(Span(start_s, end_s))
        return [span for span in spans if span.end_s - span.start_s >= 0.06]


def read_wav(path: Path) -> Recording:
    """A 16-bit mono file, also one whose writer has not filled in the lengths yet."""
    content = path.read_bytes()
    rate_hz = int.from_bytes(content[24:28], "little")
    at = content.find(b"data", 36) + 8
    whole = (len(content) - at) // 2
    return Recording(np.frombuffer(content, np.int16, count=max(0, whole), offset=at), rate_hz)


class Ear:
    """Recognises speech with Moonshine, a different voice's worth of errors included."""

    def __init__(self) -> None:
        self._engine = MoonshineEngine()

    def words(self, recording: Recording) -> str:
        """All words of *recording* in lower case, without punctuation, separated by spaces."""
        texts = [
            self._recognise(recording.between(span.start_s - 0.3, span.end_s + 0.3))
            for span in recording.speech(breath_s=0.6)
        ]
        return " ".join(re.findall(r"[a-z0-9']+", " ".join(texts).lower()))

    def _recognise(self, recording: Recording) -> str:
        pcm = soxr.resample(recording.samples, recording.rate_hz, ENGINE_RATE_HZ)
        quiet = np.zeros(ENGINE_RATE_HZ // 2, dtype=np.int16)
        segment = self._engine.segment()
        segment.feed(np.concatenate([quiet, pcm, quiet]).tobytes())
        return segment.finish().result(timeout=30)


def matches(words: str, wanted: tuple[str, ...]) -> list[str]:
    """Those of *wanted* that occur in *words*; a wanted item may offer spellings as ``a|b``."""
    return [item for item in wanted if re.search(rf"\b(?:{item})", words)]


@functools.cache
def hotel_answers() -> dict[str, str]:
    """Every answer of the built-in profile, by its question."""
    return {entry.question: entry.answer for entry in load_profile("hotel").knowledge}


def question_answered(words: str) -> str:
    """The question whose answer, of all that the agent could have given, is most like *words*."""

    def likeness(question: str) -> float:
        answer = hotel_answers()[question].lower()
        return SequenceMatcher(None, words, answer, autojunk=False).ratio()

    return max(hotel_answers(), key=likeness)
