"""What anybody could do without the judge: always the same, or a linear probe on frozen MiniLM.

The third baseline is :mod:`judge.models.rules`, a model like the others.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile

import numpy as np

from judge.data.build import read_manifest, read_set
from judge.data.example import Example, Split
from judge.data.selection import scored
from judge.evaluation.scoring import UNKNOWN, Floats, Ints, Track
from judge.evaluation.selection import written
from judge.judgement import ACTIONS, SITUATIONS
from judge.models.base import ModelError
from judge.moment import Moment
from judge.render import MAX_TOKENS, VERSION, render
from judge.training import PACKAGES

if TYPE_CHECKING:
    from judge.training.student import Student

_MOST: Final = 8000
_RECIPE: Final = 1  # raised when the same examples would give another probe
_AT_ONCE: Final = 64
_WIDTH: Final = 384
_PENALTY: Final = 1e-3
_ROUNDS: Final = 60


class Majority:
    """Says always what is most frequently right in the written training set."""

    name = "majority"

    def __init__(self, data: Path) -> None:
        """Count in the set in *data*.

        Raises:
            ModelError: If there is nothing to count.
        """
        lessons = scored(_written(data, Split.TRAIN))
        if not lessons:
            raise ModelError(f"{data} holds no written training examples to take a majority of")
        self._actions = _shares([one.action for one in lessons], ACTIONS)
        known = [one.situation for one in lessons if one.situation is not None]
        self._situations = _shares(known, SITUATIONS)

    def judge_all(self, moments: Sequence[Moment]) -> tuple[Floats, Floats]:
        count = len(moments)
        return np.tile(self._actions, (count, 1)), np.tile(self._situations, (count, 1))


class Probe:
    """Two linear heads on MiniLM as it comes: how much of the task its features hold already.

    Needs torch.
    """

    name = "probe"

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._student = _frozen()

    @classmethod
    def fitted(cls, data: Path, *, seed: int = 1, track: Track = lambda _, items: items) -> Probe:
        """Fit on at most 8,000 training examples, or take what was fitted on the same before.

        Calibrated like the adapter, on the written examples of the split ``dev``.

        Args:
            data: The set's folder. The fitted heads are kept there.

        Raises:
            ModelError: If torch is missing or there is nothing to learn from.
        """
        file = data / f"probe-{_key(data, seed)}.npz"
        if file.exists():
            try:
                with np.load(file) as kept:
                    return cls({name: kept[name] for name in kept.files})
            except (OSError, ValueError, EOFError, BadZipFile):
                file.unlink()  # half written: fitted again
        weights = _fit(data, seed, track)
        with suppress(OSError), file.open("wb") as binary:  # else it is fitted again next time
            np.savez(binary, allow_pickle=False, **weights)
        return cls(weights)

    def judge_all(self, moments: Sequence[Moment]) -> tuple[Floats, Floats]:
        weights = self._weights
        features = _features(self._student, moments)
        features = (features - weights["mean"]) / weights["spread"]
        actions = features @ weights["action"] + weights["action_bias"]
        situations = features @ weights["situation"] + weights["situation_bias"]
        return _softmax(actions), _softmax(situations)


def _written(data: Path, split: Split) -> list[Example]:
    return written(read_set(data, ["scenarios"], splits=(split,)), split=split)


def _key(data: Path, seed: int) -> str:
    made_of = [_RECIPE, VERSION, MAX_TOKENS, _MOST, seed]
    files = [[built.file, built.sha256] for built in read_manifest(data)]
    return hashlib.sha256(json.dumps([made_of, files]).encode()).hexdigest()[:16]


def _lessons(examples: Sequence[Example], seed: int) -> tuple[list[Example], Floats]:
    """What an epoch of the training would take, and how often each."""
    from judge.training.lessons import TrainingConfig, epoch_of

    times = Counter(epoch_of(examples, TrainingConfig(seed=seed, limit=_MOST), 0))
    return [examples[place] for place in times], np.array(list(times.values()), np.float64)


def _fit(data: Path, seed: int, track: Track) -> dict[str, Floats]:
    """Multinomial logistic regression on standardised features, then calibrated."""
    student = _frozen()
    from judge.training import calibration

    every = read_set(data, splits=(Split.TRAIN,))
    if not every:
        raise ModelError(f"{data} holds no training examples to fit a probe on")
    learned, times = _lessons(every, seed)
    dev = scored(_written(data, Split.DEV))
    features = _features_of(student, learned, track, "probe: learning")
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    features = (features - mean) / spread
    held_out = (_features_of(student, dev, track, "probe: calibrating") - mean) / spread
    weights = {"mean": mean, "spread": spread}
    for name, labels_of, count in (
        ("action", _actions_of, len(ACTIONS)),
        ("situation", _situations_of, len(SITUATIONS)),
    ):
        labels = labels_of(learned)
        known = labels != UNKNOWN
        weight, bias = _head(features[known], labels[known], times[known], count)
        fitted = calibration.fit(held_out @ weight + bias, labels_of(dev))
        weights[name] = weight / fitted.temperature
        weights[f"{name}_bias"] = bias / fitted.temperature + np.array(fitted.bias)
    return weights


def _actions_of(examples: Sequence[Example]) -> Ints:
    return np.array([ACTIONS.index(one.action) for one in examples], np.int64)


def _situations_of(examples: Sequence[Example]) -> Ints:
    known = (one.situation for one in examples)
    return np.array([UNKNOWN if s is None else SITUATIONS.index(s) for s in known], np.int64)


def _features_of(student: Student, examples: Sequence[Example], track: Track, what: str) -> Floats:
    parts = [examples[at : at + _AT_ONCE] for at in range(0, len(examples), _AT_ONCE)]
    found = [_features(student, [one.moment for one in part]) for part in track(what, parts)]
    return np.concatenate(found) if found else np.zeros((0, 2 * _WIDTH))


def _head(features: Floats, labels: Ints, times: Floats, count: int) -> tuple[Floats, Floats]:
    import torch

    torch.manual_seed(0)
    rows, right = torch.tensor(features, dtype=torch.float32), torch.tensor(labels)
    shares = torch.tensor(times / max(1.0, times.sum()), dtype=torch.float32)
    weight = torch.zeros(rows.shape[1], count, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    if not len(right):
        return weight.detach().numpy().astype(float), bias.detach().numpy().astype(float)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimizer.zero_grad()
        errors = torch.nn.functional.cross_entropy(rows @ weight + bias, right, reduction="none")
        value = (shares * errors).sum() + _PENALTY * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach().numpy().astype(float), bias.detach().numpy().astype(float)


def _features(student: Student, moments: Sequence[Moment]) -> Floats:
    """(n, 2 * width): the first token's vector and the mean of all."""
    import torch

    from judge.models.minilm import load_tokenizer

    encoded = [one.ids for one in load_tokenizer().encode_batch([render(m) for m in moments])]
    order = sorted(range(len(encoded)), key=lambda place: len(encoded[place]))
    found: dict[int, Floats] = {}
    with torch.inference_mode():
        for start in range(0, len(order), _AT_ONCE):
            batch = order[start : start + _AT_ONCE]
            longest = max(len(encoded[place]) for place in batch)
            tokens = torch.zeros(len(batch), longest, dtype=torch.long)
            mask = torch.zeros(len(batch), longest, dtype=torch.long)
            for row, place in enumerate(batch):
                tokens[row, : len(encoded[place])] = torch.tensor(encoded[place])
                mask[row, : len(encoded[place])] = 1
            pooled = student.pool(tokens, mask).double().numpy()
            found.update(zip(batch, pooled, strict=True))
    return np.stack([found[place] for place in range(len(order))])


def _frozen() -> Student:
    try:
        from judge.training.lessons import TrainingConfig
        from judge.training.student import new_student
    except ImportError as error:
        if error.name not in PACKAGES:
            raise
        raise ModelError(
            f"the probe needs {error.name}, which is not installed: pip install 'interject[train]'"
        ) from error
    return new_student(TrainingConfig(), lora=False).eval()


def _shares(labels: Sequence[Any], names: Sequence[Any]) -> Floats:
    counts = Counter(labels)
    return np.array([counts[name] / max(1, len(labels)) for name in names], np.float64)


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)
