"""``judge evaluate``: measure, and write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from judge.commands.choice import (
    DATA,
    AdapterOption,
    BaseOption,
    DataOption,
    JsonOption,
    KindOption,
    ServedOption,
    UrlOption,
    card_of,
    chosen,
    loaded,
)
from judge.commands.console import Bars, plain_errors, print_json, print_table, say
from judge.config import ModelKind

REPORTS: Final = Path("judge/reports")


def evaluate_command(
    data: DataOption = DATA,
    kind: KindOption = ModelKind.MINILM,
    adapter: AdapterOption = "",
    base: BaseOption = "",
    url: UrlOption = "",
    served: ServedOption = "",
    reports: Annotated[Path, typer.Option(help="Where the report goes.")] = REPORTS,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Measure them beside the model.")
    ] = True,
    readme: Annotated[
        Path | None,
        typer.Option(help="Also put the tables between the marks in this file.", metavar="FILE"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the probe's training examples.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure a model and the baselines on the test split, and write the report."""
    with plain_errors():
        from judge.evaluation.evaluate import BASELINES, evaluate
        from judge.evaluation.readme import put_into
        from judge.evaluation.report import write_report

        config = chosen(kind, adapter, base, url, served)
        card = card_of(config)
        model = loaded(config)
        try:
            with Bars() as bars:
                evaluation = evaluate(
                    model,
                    data,
                    name=model.name.partition("/")[0],
                    card=card,
                    baselines=BASELINES if baselines else (),
                    seed=seed,
                    track=bars,
                    say=bars.say,
                )
        finally:
            model.close()
        file = write_report(evaluation, reports)
        if readme is not None:
            put_into(readme, evaluation.figures)
        if as_json:
            print_json(evaluation.figures)
        else:
            print_table(_targets(evaluation.figures))
        say(f"the report is {file}")


def _targets(figures: dict[str, Any]) -> Table:
    table = Table(title=f"{figures['model']} on the test split", title_justify="left")
    table.add_column("what")
    for heading in ("target", "measured", "reached"):
        table.add_column(heading, justify="right")
    reached = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "–"}
    for row in figures["targets"]:
        measured = "–" if row["measured"] is None else f"{row['measured']:.3f} {row['unit']}"
        table.add_row(row["what"], row["wanted"], measured.strip(), reached[row["reached"]])
    return table
