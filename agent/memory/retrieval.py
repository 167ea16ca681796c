"""Of a caller's earlier turns those that bear on what is being said: by words and by meaning."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Final, TypeVar

import numpy as np

from agent.memory.records import Vector

Key = TypeVar("Key", bound=Hashable)

CANDIDATES: Final = 500
"""Turns of a caller, the latest, of which the meaning is compared."""

_NEAR: Final = 0.25  # cosine below which two sentences have nothing to do with each other
_FLAT: Final = 60.0  # Cormack, Clarke and Büttcher (2009), reciprocal rank fusion
_WORD: Final = re.compile(r"[^\W_]{2,}")
_MOST_WORDS: Final = 24
_COMMON: Final = frozenset(
    """
    the and you your are was were for with that this have has had not but can could would will
    just like about there here what when where who how why they them then than from our out
    i'm it's yes yeah okay please thanks thank hello want need get got know think well
    is it in on of to at my me we be do so if or an as by no he she up
    """.split()
)


def telling_words(text: str) -> list[str]:
    """The words of *text* worth searching for, each once, the last first; at most 24."""
    words = [word for word in _WORD.findall(text.lower()) if word not in _COMMON]
    return list(dict.fromkeys(reversed(words)))[:_MOST_WORDS]


def closest(vector: Vector, keys: Sequence[Key], packed: Sequence[bytes], limit: int) -> list[Key]:
    """Keys of the packed vectors nearest to *vector*, the nearest first, strangers left out."""
    if not packed:
        return []
    rows = np.frombuffer(b"".join(packed), np.int8).reshape(len(packed), -1).astype(np.float32)
    cosines = rows @ vector / np.linalg.norm(rows, axis=1)
    order = np.argsort(-cosines, kind="stable")[:limit]
    return [keys[index] for index in order if cosines[index] >= _NEAR]


def fused(rankings: Sequence[Sequence[Key]], limit: int) -> list[Key]:
    """One ranking of several: what stands high in more than one comes first."""
    scores: dict[Key, float] = defaultdict(float)
    for ranking in rankings:
        for rank, key in enumerate(ranking):
            scores[key] += 1 / (_FLAT + rank)
    return sorted(scores, key=lambda key: -scores[key])[:limit]


def packed(vector: Vector) -> bytes:
    """A vector's direction in a byte a component: 384 bytes instead of 1,536."""
    scaled = np.round(vector * (127 / np.abs(vector).max()))
    return bytes(scaled.astype(np.int8).data)
