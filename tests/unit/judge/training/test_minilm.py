"""Training of the embedded judge, on next to nothing."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch

from judge.data.build import read_set
from judge.data.example import Example, Split
from judge.judgement import ACTIONS, SITUATIONS, Action
from judge.models.minilm import read_card
from judge.render import MAX_TOKENS
from judge.training.lessons import TrainingConfig, batches, encode, epoch_of
from judge.training.minilm import Progress, train
from judge.training.student import Student, load, logits_of, new_student, save

TINY = TrainingConfig(epochs=2, batch=8, rank=2, limit=16)


@pytest.fixture(scope="module")
def lessons(small_set: Path) -> list[Example]:
    return [one for one in read_set(small_set, ["scenarios"]) if one.split is Split.TRAIN]


def test_an_epoch_takes_a_few_moments_of_each_utterance(lessons: list[Example]) -> None:
    config = TrainingConfig(per_utterance=4, shares={}, balanced=())
    chosen = [lessons[place] for place in epoch_of(lessons, config, 0)]
    assert len({one.id for one in chosen}) == len(chosen)
    cuts = [one for one in chosen if one.stream and not one.moment.final]
    by_utterance = Counter(one.stream.utterance for one in cuts if one.stream)
    assert max(by_utterance.values()) <= 4
    finished = [one for one in lessons if one.moment.final or one.stream is None]
    assert {one.id for one in finished} <= {one.id for one in chosen}


def test_of_an_utterance_with_a_bar_both_sides_are_learned(lessons: list[Example]) -> None:
    config = TrainingConfig(shares={}, balanced=())
    chosen = [lessons[place] for place in epoch_of(lessons, config, 0)]
    cuts = [one for one in chosen if one.stream and one.stream.mark_s and not one.moment.final]
    sides = Counter(one.action for one in cuts)
    assert sides[Action.INTERRUPT] == sides[Action.SILENCE] > 0


def test_epochs_differ_and_repeat_themselves(lessons: list[Example]) -> None:
    config = TrainingConfig()
    first = epoch_of(lessons, config, 0)
    assert epoch_of(lessons, config, 0) == first
    assert epoch_of(lessons, config, 1) != first


def test_a_share_and_a_limit_bound_an_epoch(lessons: list[Example]) -> None:
    share = TrainingConfig(shares={"scenarios": 5}, balanced=())
    assert len(epoch_of(lessons, share, 0)) == 5
    assert len(epoch_of(lessons, TrainingConfig(limit=7), 0)) == 7


def test_rare_actions_are_taken_more_often_than_they_occur(lessons: list[Example]) -> None:
    config = TrainingConfig(shares={"scenarios": 200}, balanced=("scenarios",))
    taken = Counter(lessons[place].action for place in epoch_of(lessons, config, 0))
    there = Counter(one.action for one in lessons)
    rare, common = Action.DEFLECT, Action.SILENCE
    assert taken[rare] / taken[common] > 1.5 * there[rare] / there[common]
    assert abs(sum(taken.values()) - 200) <= len(ACTIONS)


def test_batches_hold_everything_once_and_like_lengths_together(lessons: list[Example]) -> None:
    encoded = encode(lessons)
    found = list(batches(range(len(lessons)), encoded, 8, random.Random(1)))
    assert sorted(index for batch in found for index in batch) == list(range(len(lessons)))
    assert all(len(batch) <= 8 for batch in found)


def test_examples_are_read_within_the_models_tokens(lessons: list[Example]) -> None:
    encoded = encode(lessons)
    assert max(map(len, encoded.tokens)) <= MAX_TOKENS
    assert encoded.actions[0] == ACTIONS.index(lessons[0].action)


def test_what_is_padded_changes_no_logits(small_adapter: Path, lessons: list[Example]) -> None:
    student = load(small_adapter)
    encoded = encode(lessons[:12])
    together, _ = logits_of(student, encoded, size=12)
    alone, _ = logits_of(student, encoded, size=1)
    assert together.shape == (12, len(ACTIONS))
    assert np.abs(together - alone).max() < 1e-4


def learned(student: Student) -> dict[str, torch.Tensor]:
    return {
        name: weights.detach().clone()
        for name, weights in student.named_parameters()
        if weights.requires_grad
    }


def test_a_training_that_was_stopped_ends_where_it_would_have(
    lessons: list[Example], tmp_path: Path
) -> None:
    class Stopped(Exception):
        pass

    def stop(epoch: int, _: Student) -> None:
        if epoch == 1:
            raise Stopped

    straight = train(lessons, tmp_path / "straight", TINY)
    with pytest.raises(Stopped):
        train(lessons, tmp_path / "stopped", TINY, after_epoch=stop)
    steps: list[Progress] = []
    resumed = train(lessons, tmp_path / "stopped", TINY, told=steps.append)
    assert [step.epoch for step in steps] == [2, 2]
    for name, weights in learned(straight).items():
        assert torch.allclose(weights, learned(resumed)[name], atol=1e-6), name


def test_a_checkpoint_of_another_training_is_not_gone_on_from(
    lessons: list[Example], tmp_path: Path
) -> None:
    one = TrainingConfig(epochs=1, batch=8, rank=2, limit=8)
    train(lessons, tmp_path, one)
    steps: list[Progress] = []
    train(
        lessons,
        tmp_path,
        TrainingConfig(epochs=1, batch=8, rank=2, limit=8, seed=2),
        told=steps.append,
    )
    assert steps


def test_only_lora_and_the_heads_learn(lessons: list[Example]) -> None:
    names = {name for name in learned(new_student(TINY))}
    assert all("lora_" in name or name.startswith(("action.", "situation.")) for name in names)
    probe = set(learned(new_student(TINY, lora=False)))
    assert probe == {"action.weight", "action.bias", "situation.weight", "situation.bias"}


def test_what_is_saved_is_loaded_with_lora_merged(lessons: list[Example], tmp_path: Path) -> None:
    student = train(lessons, tmp_path / "work", TrainingConfig(epochs=1, batch=8, rank=2, limit=8))
    save(student, tmp_path / "adapter")
    encoded = encode(lessons[:8])
    before, _ = logits_of(student, encoded)
    again = load(tmp_path / "adapter")
    after, situations = logits_of(again, encoded)
    assert np.abs(before - after).max() < 5e-3  # the adapter is kept in half precision
    assert situations.shape == (8, len(SITUATIONS))
    assert not any("lora_" in name for name, _ in again.named_parameters())


def test_an_adapter_is_small_and_its_metrics_are_kept(small_adapter: Path) -> None:
    weights = small_adapter / "adapter_model.safetensors"
    assert weights.stat().st_size < 1_000_000
    assert (small_adapter / "metrics.json").exists()
    assert (small_adapter / "data.json").exists()
    assert read_card(small_adapter).graph_sha256
