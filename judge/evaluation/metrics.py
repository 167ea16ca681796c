"""Agreement with what is right: accuracy, and precision, recall and F1 of each action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from judge.evaluation.scoring import INTERRUPT, UNKNOWN, Floats, Ints, Scores
from judge.judgement import ACTIONS, SITUATIONS

RESAMPLES: Final = 1000
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class ActionFigures:
    """Of one action. A figure is None when there is nothing to compute it from.

    Attributes:
        support: How often it was right.
        said: How often it was said.
    """

    precision: float | None
    recall: float | None
    f1: float
    support: int
    said: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far what was said is right.

    Attributes:
        macro_f1: Mean of the F1 of the actions that are right anywhere in these examples.
    """

    n: int
    accuracy: float
    macro_f1: float
    per_action: dict[str, ActionFigures]


@dataclass(frozen=True, slots=True)
class Interval:
    """From the 2.5th to the 97.5th percentile."""

    low: float
    high: float


def confusion(gold: Ints, said: Ints, labels: int) -> Ints:
    """(labels, labels) counts: a row for what is right, a column for what was said."""
    table = np.zeros((labels, labels), np.int64)
    np.add.at(table, (gold, said), 1)
    return table


def agreement(gold: Ints, said: Ints) -> Agreement:
    """Accuracy, macro-F1 and the figures of every action."""
    table = confusion(gold, said, len(ACTIONS))
    accuracy, macro_f1 = _overall(table[np.newaxis].astype(np.float64))
    return Agreement(
        n=len(gold),
        accuracy=float(accuracy[0]),
        macro_f1=float(macro_f1[0]),
        per_action={action.value: _figures(table, place) for place, action in enumerate(ACTIONS)},
    )


def intervals(scores: Scores, resamples: int = RESAMPLES) -> tuple[Interval, Interval]:
    """95 % bootstrap intervals of accuracy and macro-F1.

    Whole groups are drawn with replacement, as many as there are: the sentences of a family are
    alike, so that drawing sentences would promise too much.
    """
    tables = _by_group(scores)
    rng = np.random.default_rng(_SEED)
    groups = len(tables)
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), size=resamples)
    accuracy, macro_f1 = _overall(np.tensordot(drawn.astype(np.float64), tables, axes=1))
    return _interval(accuracy), _interval(macro_f1)


def interrupt_pair(gold: Ints, said: Ints) -> tuple[float | None, float | None]:
    """Precision and recall of interrupting."""
    figures = _figures(confusion(gold, said, len(ACTIONS)), INTERRUPT)
    return figures.precision, figures.recall


def situation_accuracy(scores: Scores) -> float | None:
    """Over the examples whose situation is known; None when there is none."""
    known = scores.gold_situations != UNKNOWN
    if not known.any():
        return None
    return float((scores.gold_situations == scores.said_situations)[known].mean())


def situation_confusion(scores: Scores) -> Ints:
    """(13, 13) counts over the examples whose situation is known."""
    known = scores.gold_situations != UNKNOWN
    return confusion(scores.gold_situations[known], scores.said_situations[known], len(SITUATIONS))


def by_name(names: Sequence[str], scores: Scores) -> dict[str, dict[str, Any]]:
    """Accuracy and count of the examples of each name, the worst first."""
    right: dict[str, list[bool]] = {}
    for name, hit in zip(names, scores.right.tolist(), strict=True):
        right.setdefault(name, []).append(hit)
    rows = [(sum(hits) / len(hits), name, len(hits)) for name, hits in right.items()]
    return {name: {"n": n, "accuracy": accuracy} for accuracy, name, n in sorted(rows)}


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that *share* percent of *values* do not exceed; None without any."""
    if not values:
        return None
    return float(np.percentile(values, share, method="inverted_cdf"))


def _figures(table: Ints, place: int) -> ActionFigures:
    hits, support, said = table[place, place], table[place].sum(), table[:, place].sum()
    return ActionFigures(
        precision=float(hits / said) if said else None,
        recall=float(hits / support) if support else None,
        f1=float(2 * hits / (support + said)) if support + said else 0.0,
        support=int(support),
        said=int(said),
    )


def _overall(tables: Floats) -> tuple[Floats, Floats]:
    """Accuracy and macro-F1, (n,) each, of confusion tables (n, labels, labels)."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    support, said = tables.sum(axis=2), tables.sum(axis=1)
    total = support.sum(axis=1)
    accuracy = hits.sum(axis=1) / np.maximum(total, 1)
    f1 = 2 * hits / np.maximum(support + said, 1)
    present = support > 0
    return accuracy, (f1 * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)


def _by_group(scores: Scores) -> Floats:
    _, places = np.unique(scores.groups, return_inverse=True)
    tables = np.zeros((places.max() + 1, len(ACTIONS), len(ACTIONS)))
    np.add.at(tables, (places, scores.gold, scores.said), 1)
    return tables


def _interval(values: Floats) -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high))
