"""What is lost when something is taken away: memory, the caller, the clock, clean words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from judge.data.example import Example
from judge.evaluation.scoring import Scores
from judge.evaluation.selection import depending_on
from judge.moment import Moment, Relation


@dataclass(frozen=True, slots=True)
class Drop:
    """Accuracy on the same moments, whole and with something taken away.

    Attributes:
        drop: The difference in points, on a scale of 100.
    """

    n: int
    whole: float
    without: float
    drop: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Moments side by side: as they are, and with something taken away or said otherwise."""

    whole: list[Example]
    without: list[Example]


def _without_caller(moment: Moment) -> Moment:
    return moment.model_copy(update={"relation": Relation.NEW})


def _without_time(moment: Moment) -> Moment:
    signals = moment.memory.signals.model_copy(update={"local_hour": None})
    memory = moment.memory.model_copy(update={"signals": signals})
    return moment.model_copy(update={"memory": memory})


BLANKS: Final[Mapping[str, Callable[[Moment], Moment]]] = {
    "memory": Moment.without_memory,
    "caller": _without_caller,
    "time": _without_time,
}
"""By what a family depends on: the moment without it."""


def blanked(examples: Sequence[Example], what: str) -> Pairs:
    """The examples of families that depend on *what*, and the same with it left blank."""
    whole = depending_on(examples, what)
    without = [
        replace(one, id=f"{one.id}#without-{what}", moment=BLANKS[what](one.moment))
        for one in whole
    ]
    return Pairs(whole, without)


def drop(scores: Scores, pairs: Pairs) -> Drop | None:
    """What is lost from one side to the other; None where there are no pairs."""
    if not pairs.whole:
        return None
    whole = float(scores.of(pairs.whole).right.mean())
    without = float(scores.of(pairs.without).right.mean())
    return Drop(len(pairs.whole), whole, without, 100 * (whole - without))
