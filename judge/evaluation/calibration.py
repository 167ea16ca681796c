"""Whether the probabilities are true: of what is said with 0.8, is 80 % right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from judge.evaluation.scoring import Bools, Floats

BINS: Final = 15


@dataclass(frozen=True, slots=True)
class Bin:
    """The judgements whose confidence lies above *low* and up to *high*.

    Attributes:
        confidence: Their mean confidence.
        accuracy: The share of them that is right.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(confidence: Floats, right: Bools, bins: int = BINS) -> list[Bin]:
    """Bins of equal width over confidences from 0 to 1; empty ones are left out."""
    places = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    found: list[Bin] = []
    for place in range(bins):
        inside = places == place
        if inside.any():
            mean, share = float(confidence[inside].mean()), float(right[inside].mean())
            found.append(Bin(place / bins, (place + 1) / bins, int(inside.sum()), mean, share))
    return found


def ece(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Guo et al., 2017): the mean distance, weighted by count."""
    total = sum(one.n for one in bins)
    return sum(one.n * abs(one.confidence - one.accuracy) for one in bins) / max(total, 1)
