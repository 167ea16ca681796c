"""Examples beside what a model says of them, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from judge.data.example import Example
from judge.judgement import ACTIONS, SITUATIONS, Action, Judgement
from judge.models.base import JudgeModel
from judge.moment import Moment

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Track = Callable[[str, Sequence[Any]], Iterable[Any]]
"""Shows progress over a sequence: what it is called, and its items."""

UNKNOWN: Final = -1
INTERRUPT: Final = ACTIONS.index(Action.INTERRUPT)
_AT_ONCE: Final = 256  # moments handed to a model that takes many


@runtime_checkable
class Batched(Protocol):
    """A model that judges many moments at once, for evaluation only."""

    def judge_all(self, moments: Sequence[Moment]) -> tuple[Floats, Floats]:
        """Probabilities: (n, actions) and (n, situations)."""
        ...


@dataclass(frozen=True)
class Scores:
    """What a model says of examples.

    Attributes:
        actions: (n, 5) probabilities in the order of :data:`~judge.judgement.ACTIONS`.
        situations: (n, 13) probabilities in the order of :data:`~judge.judgement.SITUATIONS`.
    """

    examples: tuple[Example, ...]
    actions: Floats
    situations: Floats

    def __len__(self) -> int:
        return len(self.examples)

    @cached_property
    def gold(self) -> Ints:
        """(n,) What is right."""
        return np.array([ACTIONS.index(one.action) for one in self.examples], np.int64)

    @cached_property
    def said(self) -> Ints:
        """(n,) The most probable action."""
        return _most(self.actions)

    @cached_property
    def right(self) -> Bools:
        return np.asarray(self.said == self.gold, np.bool_)

    @cached_property
    def confidence(self) -> Floats:
        """(n,) Probability of the most probable action."""
        return np.asarray(self.actions[np.arange(len(self)), self.said], np.float64)

    @cached_property
    def gold_situations(self) -> Ints:
        """(n,) The right situation, or :data:`UNKNOWN`."""
        return np.array(
            [
                UNKNOWN if one.situation is None else SITUATIONS.index(one.situation)
                for one in self.examples
            ],
            np.int64,
        )

    @cached_property
    def said_situations(self) -> Ints:
        return _most(self.situations)

    @property
    def groups(self) -> list[str]:
        return [one.group for one in self.examples]

    def ruled(self, threshold: float) -> Ints:
        """(n,) The action at the operating point.

        That is the most probable one, but of an interruption less probable than *threshold* the
        next most probable instead: so does the policy.
        """
        without = self.actions.copy()
        without[:, INTERRUPT] = -1.0
        unsure = (self.said == INTERRUPT) & (self.actions[:, INTERRUPT] < threshold)
        return np.where(unsure, _most(without), self.said)

    def judgement(self, row: int, model: str = "") -> Judgement:
        """A row as a model would have said it."""
        return Judgement.of(
            dict(zip(ACTIONS, self.actions[row].tolist(), strict=True)),
            dict(zip(SITUATIONS, self.situations[row].tolist(), strict=True)),
            model=model,
            took_ms=0.0,
        )

    def of(self, examples: Iterable[Example]) -> Scores:
        """The scores of *examples*, all of which must have been judged."""
        rows = [self._rows[one.id] for one in examples]
        return Scores(
            tuple(self.examples[row] for row in rows), self.actions[rows], self.situations[rows]
        )

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {one.id: row for row, one in enumerate(self.examples)}


def judged(
    model: JudgeModel | Batched,
    examples: Iterable[Example],
    track: Track = lambda _, items: items,
    what: str = "judging",
) -> Scores:
    """Have *model* judge *examples*, each once however often it stands there.

    Raises:
        ModelError: If the model fails.
    """
    once = tuple({one.id: one for one in examples}.values())
    actions = np.zeros((len(once), len(ACTIONS)))
    situations = np.zeros((len(once), len(SITUATIONS)))
    if isinstance(model, Batched):
        for start in track(what, range(0, len(once), _AT_ONCE)):
            part = slice(start, start + _AT_ONCE)
            actions[part], situations[part] = model.judge_all([one.moment for one in once[part]])
        return Scores(once, actions, situations)
    for row, one in enumerate(track(what, once)):
        judgement = model.judge(one.moment)
        actions[row] = [judgement.actions[action] for action in ACTIONS]
        situations[row] = [judgement.situations[situation] for situation in SITUATIONS]
    return Scores(once, actions, situations)


def _most(probabilities: Floats) -> Ints:
    return np.asarray(probabilities.argmax(axis=1), np.int64)
