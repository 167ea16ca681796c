"""``judge train`` and ``judge export``."""

from __future__ import annotations

import random
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from judge.commands.choice import DATA, DataOption, JsonOption
from judge.commands.console import Bars, fail, plain_errors, print_json, say
from judge.models.base import ModelError

ADAPTERS: Final = Path(".judge/adapters")


if TYPE_CHECKING:
    from judge.models.minilm import Card


class Learner(StrEnum):
    """What can be trained."""

    MINILM = "minilm"
    CAUSAL_LM = "causal-lm"


def train_command(
    kind: Annotated[Learner, typer.Option(help="What is trained.")] = Learner.MINILM,
    data: DataOption = DATA,
    out: Annotated[
        Path | None, typer.Option(help="The adapter's folder; .judge/adapters/KIND by default.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Moments a batch.")] = None,
    rank: Annotated[int | None, typer.Option(min=1, help="Of the LoRA matrices.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At its peak.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
    limit: Annotated[int, typer.Option(min=0, help="Moments an epoch, for trials; 0 for all.")] = 0,
    base: Annotated[
        str, typer.Option(help="causal-lm: the base model, a folder or a name on the hub.")
    ] = "",
    graph: Annotated[
        bool, typer.Option("--export/--no-export", help="minilm: write the graph that is served.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Train an adapter; a training that was stopped goes on from its last checkpoint."""
    folder = out or ADAPTERS / kind.value
    given = {"epochs": epochs, "batch": batch, "rank": rank, "learning_rate": learning_rate}
    options = {key: value for key, value in given.items() if value is not None} | {"seed": seed}
    with plain_errors():
        if kind is Learner.CAUSAL_LM:
            card: Any = _train_causal(data, folder, base, options, limit)
        else:
            card = _train_minilm(data, folder, options | {"limit": limit})
            if graph:
                card = exported(folder, int8=True)
        say(f"the adapter {card.name}/{card.version} lies in {folder}")
        if as_json:
            print_json(card.model_dump(mode="json"))


def export_command(
    folder: Annotated[Path, typer.Argument(help="The adapter's folder.")],
    int8: Annotated[
        bool, typer.Option("--int8/--full", help="Eight bits, or full precision.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Write the graph that is served, from an adapter's weights."""
    with plain_errors():
        card = exported(folder, int8=int8)
    size_mb = (folder / "model.onnx").stat().st_size / 1e6
    if as_json:
        print_json({"graph_sha256": card.graph_sha256, "size_mb": round(size_mb, 2)})
    else:
        typer.echo(f"{folder / 'model.onnx'}: {size_mb:.1f} MB")


def exported(folder: Path, *, int8: bool) -> Card:
    """Export the adapter in *folder*.

    Raises:
        ModelError: If anything of it is missing or damaged.
        ImportError: If a package for training is.
    """
    from judge.models.minilm import read_card

    card = read_card(folder)
    remedy = "train it again: interject judge train"
    from judge.training.export import export
    from judge.training.student import load

    try:
        student = load(folder)
    except (ImportError, ModelError):
        raise
    except Exception as error:  # the boundary to peft and safetensors, which raise many things
        raise ModelError(f"{folder}: the weights cannot be read ({error}); {remedy}") from error
    return export(student, folder, card, int8=int8)


def _train_minilm(data: Path, folder: Path, options: dict[str, Any]) -> Card:
    from judge.training.lessons import TrainingConfig
    from judge.training.minilm import Progress
    from judge.training.run import train_adapter

    config = replace(TrainingConfig(), **options)
    with Bars() as bars:
        task = bars.progress.add_task("training", total=None)

        def told(now: Progress) -> None:
            what = f"epoch {now.epoch} of {config.epochs}, loss {now.loss:.3f}"
            bars.progress.update(task, description=what, total=now.steps, completed=now.step)

        return train_adapter(data, folder, config, told=told, say=bars.say)


def _train_causal(data: Path, folder: Path, base: str, options: dict[str, Any], limit: int) -> Any:
    """Train on what the embedded judge is trained on, cuts thinned as for scoring."""
    if not base:
        fail("--base is missing: name the base model, a folder or a name on the Hugging Face hub")
    from judge.data.build import read_set
    from judge.data.example import Split
    from judge.data.selection import scored
    from judge.training.causal_lm import CausalTraining, CheckpointMismatch, train

    seed = options["seed"]
    lessons = scored((one for one in read_set(data) if one.split is Split.TRAIN), seed)
    if limit and limit < len(lessons):
        lessons = random.Random(seed).sample(lessons, limit)
    if not lessons:
        fail(f"{data} holds no training examples: interject judge data build makes them")
    with Bars() as bars:
        try:
            settings = CausalTraining(**options)
            return train(lessons, base=base, out=folder, settings=settings, progress=bars.progress)
        except CheckpointMismatch as error:
            fail(str(error))
