"""Training a causal model as a judge, breaking it off, and serving what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.progress import Progress
from safetensors.torch import load_file

from judge.data.example import Example, Split
from judge.judgement import Action, Situation
from judge.models.base import ModelError
from judge.models.causal_lm import CausalLM
from judge.moment import Moment
from judge.training.causal_lm import CausalTraining, CheckpointMismatch, train
from tests.unit.judge.models.tiny_llama import tiny_llama

QUICK = CausalTraining(
    rank=8,
    alpha=16,
    dropout=0.1,
    epochs=8,
    batch=4,
    accumulate=1,
    learning_rate=1e-2,
    longest_tokens=48,  # the end of the prompt, where the words stand
    checkpoint_every=5,
    device="cpu",
)


def toys(count: int = 16) -> list[Example]:
    """Half insults, half questions."""
    kinds = [
        ("zzz zzz zzz", Action.DEFLECT, Situation.AFFRONT),
        ("when open", Action.RESPOND, Situation.NONE),
    ]
    return [
        Example(
            id=str(number),
            source="toys",
            group="toys",
            split=Split.TRAIN,
            moment=Moment(words=kinds[number % 2][0]),
            action=kinds[number % 2][1],
            situation=kinds[number % 2][2] if number % 8 else None,
        )
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model's folder."""
    return tiny_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter trained on the toys."""
    out = tmp_path_factory.mktemp("adapter")
    train(toys(), base=str(base), out=out, name="toy", version=3, settings=QUICK)
    return out


def stops_at(step: int) -> Callable[[int, float], None]:
    """A power cut after *step* steps."""

    def on_step(number: int, loss: float) -> None:
        if number == step:
            raise KeyboardInterrupt

    return on_step


def test_the_loss_falls_and_the_toys_are_learned(adapter: Path, base: Path) -> None:
    card = json.loads((adapter / "card.json").read_text())
    first, last = card["losses"]
    assert last < first / 2
    model = CausalLM.load(str(base), adapter)
    assert model.name == "toy/3"
    insult = model.judge(Moment(words="zzz zzz zzz"))
    question = model.judge(Moment(words="when open"))
    assert (insult.action, insult.situation) == (Action.DEFLECT, Situation.AFFRONT)
    assert (question.action, question.situation) == (Action.RESPOND, Situation.NONE)
    assert min(insult.confidence, question.confidence) > 0.8


def test_the_card_says_what_it_was_trained_on(adapter: Path, base: Path) -> None:
    card = json.loads((adapter / "card.json").read_text())
    assert (card["name"], card["version"], card["examples"]) == ("toy", 3, 16)
    assert card["base"] == str(base)
    assert card["data"]["toys"].startswith("16 examples, sha256 ")
    assert card["training"]["seed"] == 1
    assert card["codes"]["action respond"] == "A"
    assert not (adapter / "checkpoint").exists()


def test_a_training_that_was_broken_off_ends_as_if_it_had_not_been(
    adapter: Path, base: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(toys(), base=str(base), out=tmp_path, settings=QUICK, on_step=stops_at(13))
    steps: list[int] = []
    card = train(
        toys(),
        base=str(base),
        out=tmp_path,
        settings=QUICK,
        on_step=lambda number, loss: steps.append(number),
    )
    assert steps[0] == 11, "it goes on after the checkpoint at step 10"
    assert card.losses == tuple(json.loads((adapter / "card.json").read_text())["losses"])
    whole = load_file(adapter / "adapter_model.safetensors")
    resumed = load_file(tmp_path / "adapter_model.safetensors")
    assert whole.keys() == resumed.keys()
    assert all(bool((whole[key] == resumed[key]).all()) for key in whole)


def test_another_training_does_not_go_on_from_it(base: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(toys(), base=str(base), out=tmp_path, settings=QUICK, on_step=stops_at(5))
    with pytest.raises(CheckpointMismatch, match="delete it to start anew"):
        train(toys(12), base=str(base), out=tmp_path, settings=QUICK)


def test_progress_is_shown(base: Path, tmp_path: Path) -> None:
    progress = Progress(disable=True)
    settings = QUICK.model_copy(update={"epochs": 1, "accumulate": 2, "batch": 3})
    train(toys(8), base=str(base), out=tmp_path, settings=settings, progress=progress)
    (task,) = progress.tasks
    assert (task.completed, task.total) == (2, 2)
    assert "loss" in task.description


def test_nothing_to_learn_from_is_told(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no examples"):
        train([], base=str(base), out=tmp_path)


@pytest.fixture
def copy(adapter: Path, tmp_path: Path) -> Path:
    """The adapter again, to be damaged."""
    for file in adapter.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("file", ["card.json", "adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_file_of_an_adapter_is_named(copy: Path, base: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(ModelError, match=rf"{file} is missing; train it again, or restore"):
        CausalLM.load(str(base), copy)


@pytest.mark.parametrize("kept_bytes", [0, 4, 100, -100])
def test_truncated_weights_are_named(copy: Path, base: Path, kept_bytes: int) -> None:
    weights = copy / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept_bytes])
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors is damaged.*; train it"):
        CausalLM.load(str(base), copy)


@pytest.mark.parametrize("file", ["card.json", "adapter_config.json"])
def test_a_damaged_description_is_named(copy: Path, base: Path, file: str) -> None:
    (copy / file).write_text('{"kind":')
    with pytest.raises(ModelError, match=f"{copy}.*; train it again"):
        CausalLM.load(str(base), copy)


def test_an_adapter_of_another_prompt_is_refused(copy: Path, base: Path) -> None:
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps(card | {"prompt_version": 0}))
    with pytest.raises(ModelError, match="trained on prompt 0, this judge asks with prompt 1"):
        CausalLM.load(str(base), copy)


def test_an_adapter_of_another_base_is_refused(adapter: Path, tmp_path: Path) -> None:
    other = tiny_llama(tmp_path, hidden=64)
    with pytest.raises(ModelError, match="name the base it was trained on"):
        CausalLM.load(str(other), adapter)
