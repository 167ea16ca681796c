"""What a store keeps, as data. Times are Unix times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.memory.identity import CallerKey
from judge.moment import Speaker

Vector = NDArray[np.float32]
"""A sentence's vector, (384,), of length 1."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call of a known caller."""

    call: str
    who: CallerKey
    medium: str
    began_at: float


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A finished turn, as it was heard. ``position`` counts the turns of its call from 0."""

    call: str
    position: int
    speaker: Speaker
    text: str
    at: float
    vector: Vector | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something stable about the caller, or something agreed.

    ``slot`` says what the fact is about ("name", "arrival"): of two facts in one slot the newer
    supersedes the older, and both are kept. ``call`` and ``position`` name the turn it comes from.
    """

    slot: str
    text: str
    call: str
    position: int
    at: float
    superseded_at: float | None = None


@dataclass(frozen=True, slots=True)
class PastCall:
    """An earlier call, in a few words."""

    call: str
    began_at: float
    ended_at: float | None
    summary: str


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a caller when he calls: asked once, while the telephone rings."""

    calls: tuple[PastCall, ...] = ()  # the latest first
    facts: tuple[Fact, ...] = ()  # those that hold, the newest first

    @property
    def last_call_at(self) -> float | None:
        """When the last call ended, or began where its end was never written."""
        if not self.calls:
            return None
        last = self.calls[0]
        return last.ended_at if last.ended_at is not None else last.began_at


@dataclass(frozen=True, slots=True)
class Snippet:
    """A turn of an earlier call that bears on what is being said."""

    call: str
    position: int
    speaker: Speaker
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """A row of ``interject memory list``."""

    who: CallerKey
    calls: int
    turns: int
    facts: int
    last_call_at: float
