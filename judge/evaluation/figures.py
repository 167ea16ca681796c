"""Every figure of one model on the test set, as JSON; a baseline's are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from judge.data.example import Example, Variant
from judge.evaluation import metrics
from judge.evaluation.ablations import Drop, drop
from judge.evaluation.calibration import Bin, ece, reliability
from judge.evaluation.scoring import Scores
from judge.evaluation.streams import first_calls, sum_up, under_policy
from judge.evaluation.tested import WRITTEN, TestSet
from judge.judgement import ACTIONS, Action
from judge.policy import Policy

_REFUSE: Final = ACTIONS.index(Action.REFUSE)
_RESPOND: Final = ACTIONS.index(Action.RESPOND)


@dataclass(frozen=True)
class Measured:
    """What a model comes to.

    Attributes:
        figures: Ready for JSON; a figure is null when its source is not in the set.
        headline: Its judgements of the written test set, for pictures and examples.
        bins: Of the reliability diagram.
    """

    figures: dict[str, Any]
    headline: Scores
    bins: list[Bin]


def measured(scores: Scores, tested: TestSet, policy: Policy) -> Measured:
    """The figures that follow from *scores*, which hold all that is tested."""
    threshold = policy.config.thresholds.interrupt
    headline = scores.of(tested.headline)
    bins = reliability(headline.confidence, headline.right)
    figures = {
        **_overall(headline, threshold),
        "ece": ece(bins) if bins else None,
        "each_second": _brief(scores.of(tested.each_second)),
        "per_source": {name: _brief(scores.of(part)) for name, part in tested.sources.items()},
        **_streams(scores, tested, policy),
        **_drops(scores, tested),
        **_refusals(scores.of(tested.sources["xstest"])),
    }
    return Measured(figures, headline, bins)


def _overall(headline: Scores, threshold: float) -> dict[str, Any]:
    """The written test set: agreement with intervals, and interruptions at the operating point."""
    if not len(headline):
        return {key: None for key in _OVERALL}
    found = metrics.agreement(headline.gold, headline.said)
    accuracy_95, macro_f1_95 = metrics.intervals(headline)
    precision, recall = metrics.interrupt_pair(headline.gold, headline.ruled(threshold))
    said_precision, said_recall = metrics.interrupt_pair(headline.gold, headline.said)
    values = (
        found.n,
        len(set(headline.groups)),
        found.accuracy,
        asdict(accuracy_95),
        found.macro_f1,
        asdict(macro_f1_95),
        metrics.situation_accuracy(headline),
        {name: asdict(one) for name, one in found.per_action.items()},
        threshold,
        precision,
        recall,
        {"precision": said_precision, "recall": said_recall},
    )
    return dict(zip(_OVERALL, values, strict=True))


_OVERALL: Final = (
    "n",
    "families",
    "accuracy",
    "accuracy_95",
    "macro_f1",
    "macro_f1_95",
    "situation_accuracy",
    "per_action",
    "interrupt_threshold",
    "interrupt_precision",
    "interrupt_recall",
    "interrupt_most_probable",
)


def _brief(scores: Scores) -> dict[str, Any] | None:
    if not len(scores):
        return None
    found = metrics.agreement(scores.gold, scores.said)
    return {
        "n": found.n,
        "accuracy": found.accuracy,
        "macro_f1": found.macro_f1,
        "actions": sum(one.support > 0 for one in found.per_action.values()),
        "situation_accuracy": metrics.situation_accuracy(scores),
        "per_action": {name: asdict(one) for name, one in found.per_action.items()},
    }


def _streams(scores: Scores, tested: TestSet, policy: Policy) -> dict[str, Any]:
    threshold = policy.config.thresholds.interrupt
    free: dict[str, Any] = {}
    ruled: dict[str, Any] = {}
    parts: dict[str, Sequence[Example]] = {WRITTEN: tested.cuts, **tested.streams}
    for name, part in parts.items():
        along = scores.of(part)
        free[name] = asdict(sum_up(first_calls(along, threshold))) if part else None
        ruled[name] = asdict(sum_up(under_policy(along, policy))) if part else None
    return {
        "false_interrupts_per_min": {
            name: free[name]["false_per_min"] if free[name] else None for name in tested.streams
        },
        "streams": free,
        "streams_under_policy": ruled,
    }


def _drops(scores: Scores, tested: TestSet) -> dict[str, Any]:
    lost = {f"{what}_blank": drop(scores, pairs) for what, pairs in tested.blanks.items()}
    lost |= {str(variant): drop(scores, pairs) for variant, pairs in tested.wordings.items()}
    return {
        "memory_blank_drop": _points(lost["memory_blank"]),
        "caller_blank_drop": _points(lost["caller_blank"]),
        "time_blank_drop": _points(lost["time_blank"]),
        "disfluent_drop": _points(lost[Variant.DISFLUENT]),
        "recognised_drop": _points(lost[Variant.RECOGNISED]),
        "drops": {name: asdict(one) if one else None for name, one in lost.items()},
    }


def _refusals(xstest: Scores) -> dict[str, Any]:
    """How often a harmless prompt is refused, and a harmful one."""
    safe, unsafe = xstest.gold == _RESPOND, xstest.gold == _REFUSE
    refused = xstest.said == _REFUSE
    return {
        "xstest_over_refusal": float(refused[safe].mean()) if safe.any() else None,
        "xstest_refusal_recall": float(refused[unsafe].mean()) if unsafe.any() else None,
    }


def _points(lost: Drop | None) -> float | None:
    return lost.drop if lost else None
