"""Fluent words made disfluent, as people speak.

What is added follows the classes of Shriberg, "Preliminaries to a Theory of Speech
Disfluencies" (1994): filled pauses, repetitions, and repairs in which words are begun, dropped
and said again. What was said, and where the bar stands, stays.
"""

from __future__ import annotations

import random
from typing import Final

from judge.data.example import Variant
from judge.data.scenarios import Wording

_FILLED: Final = ("uh", "um", "er", "erm", "you know", "I mean", "like", "well")
_EDITING: Final = ("", "", "no", "sorry", "I mean", "uh")
_RATE: Final = 0.09
"""Disfluencies per word; conversational English has about 0.06, people on the phone more."""


def disfluent(wording: Wording, rng: random.Random) -> Wording:
    """*wording* with at least one disfluency; the bar keeps its place among the words."""
    words = list(wording.words)
    places = [place for place in range(len(words)) if rng.random() < _RATE]
    places = places or [rng.randrange(len(words))]
    said: list[str] = []
    mark = wording.mark
    for place, word in enumerate(words):
        added = _before(words, place, rng) if place in places else []
        said += [*added, word]
        if wording.mark is not None and mark is not None and place < wording.mark:
            mark += len(added)
    return Wording(said, mark, Variant.DISFLUENT)


def _before(words: list[str], place: int, rng: random.Random) -> list[str]:
    """What comes before the word at *place* when the speaker stumbles there."""
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(_FILLED).split()
    if kind < 0.75:  # a repetition, of one word or two
        return words[place : place + rng.choice((1, 1, 2))]
    # A repair: the next words are begun, the last of them is broken off, and all are said again.
    begun = words[place : place + rng.choice((1, 2))]
    cut = begun[-1][: max(1, len(begun[-1]) // 2)]
    return [*begun[:-1], cut, *rng.choice(_EDITING).split()]
