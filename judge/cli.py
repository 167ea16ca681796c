"""``judge ...``: build the data, train, measure, ask."""

from __future__ import annotations

from collections.abc import Callable

import typer

from judge.commands.asking import schema_command, score_command, try_command
from judge.commands.data import data_app
from judge.commands.evaluating import evaluate_command
from judge.commands.training import export_command, train_command
from judge.data.recognised import Ear


def make_app(ear: Callable[[], Ear] | None = None) -> typer.Typer:
    """The judge's commands.

    Args:
        ear: Brings what speaks a text over a telephone line and recognises it, for
            ``data build --recognise``. The judge has no voice of its own.
    """
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The model that decides what to do about what the caller is saying.",
    )
    app.add_typer(data_app(ear), name="data")
    app.command("train")(train_command)
    app.command("export")(export_command)
    app.command("evaluate")(evaluate_command)
    app.command("try")(try_command)
    app.command("score")(score_command)
    app.command("schema")(schema_command)
    return app


if __name__ == "__main__":
    make_app()()
