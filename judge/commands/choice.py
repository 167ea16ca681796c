"""Which model a command asks, and how it is named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from judge.config import JudgeConfig, ModelKind, adapter_folder, judge_config
from judge.models.base import JudgeModel

if TYPE_CHECKING:
    from judge.models.minilm import Card

DATA: Final = Path(".judge/data")

DataOption = Annotated[Path, typer.Option("--data", help="The built set.", metavar="FOLDER")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
KindOption = Annotated[ModelKind, typer.Option("--model", help="Which kind of model judges.")]
AdapterOption = Annotated[
    str,
    typer.Option(
        help="An adapter that comes with the program, or a folder.", metavar="NAME|FOLDER"
    ),
]
BaseOption = Annotated[
    str, typer.Option(help="causal-lm: the base model, a folder or a name on the hub.")
]
UrlOption = Annotated[str, typer.Option(help="openai-compatible: the server, http://HOST:PORT/v1.")]
ServedOption = Annotated[
    str, typer.Option("--served", help="openai-compatible: the server's name for the model.")
]


def chosen(kind: ModelKind, adapter: str, base: str, url: str, served: str) -> JudgeConfig:
    """The configuration that the options amount to.

    Raises:
        JudgeConfigError: If they do not suffice, or make no sense.
    """
    return judge_config(
        {
            "model": kind,
            "minilm": {"adapter": adapter or "minilm"},
            "causal_lm": {"base": base, "adapter": adapter},
            "openai_compatible": {"base_url": url, "model": served},
        },
        source="options",
    )


def loaded(config: JudgeConfig) -> JudgeModel:
    """The model of *config*.

    Raises:
        ModelError: If it cannot be loaded.
    """
    from judge.judge import load_model

    return load_model(config)


def card_of(config: JudgeConfig) -> Card | None:
    """The card of an embedded adapter; None for other models."""
    if config.model is not ModelKind.MINILM:
        return None
    from judge.models.minilm import read_card

    return read_card(adapter_folder(config.minilm.adapter))
