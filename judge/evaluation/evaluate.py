"""The whole evaluation: a model and the baselines on the built set's test examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from judge.data.build import read_manifest, read_set
from judge.data.example import Example, Split
from judge.evaluation.baselines import Majority, Probe
from judge.evaluation.failures import mistakes, where
from judge.evaluation.figures import Measured, measured
from judge.evaluation.latency import TOKENS, Latency, latency
from judge.evaluation.scoring import Batched, Track, judged
from judge.evaluation.targets import compared
from judge.evaluation.tested import WRITTEN, TestSet
from judge.models.base import JudgeModel, ModelError
from judge.models.minilm import Card
from judge.models.rules import Rules
from judge.policy import Policy

BASELINES: Final = ("majority", "rules", "probe")


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        name: What the report is called: the adapter's name.
        figures: Everything, ready for JSON.
        measured: The model's judgements behind the figures.
    """

    name: str
    figures: dict[str, Any]
    measured: Measured


def evaluate(
    model: JudgeModel,
    data: Path,
    *,
    name: str,
    card: Card | None = None,
    baselines: Sequence[str] = BASELINES,
    seed: int = 1,
    track: Track = lambda _, items: items,
    say: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Measure *model* and the baselines on the split ``test`` of the set in *data*.

    Args:
        card: The adapter's, to see whether it was trained on this very set.
        baselines: Which of :data:`BASELINES` stand beside it.
        seed: Of the probe's training examples.
        say: Told of what is left out, and why.

    Raises:
        DataMissing, CorruptData: If the set is not there or damaged.
        ModelError: If there is nothing to test on, or the model fails.
    """
    tested = TestSet.of(read_set(data, splits=(Split.TEST,)))
    if not any(True for _ in tested.everything()):
        raise ModelError(f"{data} holds no test examples: interject judge data build makes them")
    missing = tested.missing()
    policy = Policy()
    of_model = measured(judged(model, tested.everything(), track, model.name), tested, policy)
    others: dict[str, Any] = {}
    for baseline in baselines:
        try:
            other = _baseline(baseline, data, seed, track)
        except ModelError as error:
            say(f"{baseline} is left out: {error}")
            missing.append(f"baseline {baseline}")
            others[baseline] = None
            continue
        scores = judged(other, tested.everything(), track, baseline)
        others[baseline] = measured(scores, tested, policy).figures | _times(
            other, tested.headline, track
        )
    for part in missing:
        say(f"not in the set, and so without figures: {part}")
    figures: dict[str, Any] = {
        "model": model.name,
        "render_version": card.render_version if card else None,
        "trained": card.trained if card else None,
        "trained_on_this_set": _same_data(card, data),
        **of_model.figures,
        **_times(model, tested.headline, track),
        "baselines": others,
        "missing": missing,
        "failures": {
            **where(of_model.headline),
            "examples": {
                kind: [asdict(one) for one in cases]
                for kind, cases in mistakes(of_model.headline).items()
            },
        },
        "data": {
            built.file: {"sha256": built.sha256, "examples": built.examples}
            for built in read_manifest(data)
        },
        "units": {
            "drop": "points of accuracy, on a scale of 100",
            "false_interrupts_per_min": "per minute of caller speech",
            "p50_ms": f"milliseconds on one core at {TOKENS} tokens",
        },
    }
    figures["targets"] = compared(figures)
    return Evaluation(name, _rounded(figures), of_model)


def _baseline(name: str, data: Path, seed: int, track: Track) -> JudgeModel | Batched:
    if name == "majority":
        return Majority(data)
    if name == "rules":
        return Rules()
    return Probe.fitted(data, seed=seed, track=track)


def _times(
    model: JudgeModel | Batched, examples: Sequence[Example], track: Track
) -> dict[str, Any]:
    """Latency at 96 tokens and at the set's own lengths; null for what is never served."""
    found: dict[str, Latency | None] = {"at_96_tokens": None, "at_own_lengths": None}
    if not isinstance(model, Batched):
        moments = [one.moment for one in examples]
        found["at_96_tokens"] = latency(model, moments, tokens=TOKENS, track=track)
        found["at_own_lengths"] = latency(model, moments, track=track)
    at = found["at_96_tokens"]
    return {
        "p50_ms": at.p50_ms if at else None,
        "p99_ms": at.p99_ms if at else None,
        "latency": {name: asdict(one) if one else None for name, one in found.items()},
    }


def _same_data(card: Card | None, data: Path) -> bool | None:
    """Whether the written files are those that the adapter was trained beside; None unknown.

    Another set may hold other splits, and the test then what was learned.
    """
    if card is None:
        return None
    here = {built.file: built.sha256 for built in read_manifest(data)}
    return all(
        card.data.get(file) == sha256 for file, sha256 in here.items() if file == f"{WRITTEN}.jsonl"
    )


def _rounded(value: Any) -> Any:
    """*value* with numbers to four digits."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
