"""``judge try``, ``judge score`` and ``judge schema``: the judge from a shell."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer
from pydantic import ValidationError
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from judge.commands.choice import (
    AdapterOption,
    BaseOption,
    JsonOption,
    KindOption,
    ServedOption,
    UrlOption,
    chosen,
    loaded,
)
from judge.commands.console import fail, out, plain_errors, print_json
from judge.commands.data import OnErrorChoice
from judge.config import ModelKind
from judge.data.example import CorruptData
from judge.judgement import Judgement
from judge.models.base import JudgeModel
from judge.moment import Memory, Moment, Relation, Signals, Speaker, Turn, json_schema

_SITUATIONS: Final = 4  # shown by `try`, the most probable
_BAR_WIDTH: Final = 32
_UNFINISHED: Final = ("...", "…")


def try_command(
    words: Annotated[
        list[str] | None, typer.Argument(help="What the caller says; asked for without any.")
    ] = None,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial", help="He is still speaking; so he is after words that end in ..."
        ),
    ] = False,
    agent: Annotated[
        str, typer.Option(help="Who the agent is, in a line.")
    ] = "Telephone assistant",
    agent_said: Annotated[str, typer.Option(help="What the agent said last.")] = "",
    fact: Annotated[
        list[str] | None, typer.Option(help="Something known about the caller; may be repeated.")
    ] = None,
    history: Annotated[
        list[str] | None, typer.Option(help="Something from earlier talk; may be repeated.")
    ] = None,
    relation: Annotated[Relation, typer.Option(help="Who the caller is to us.")] = Relation.NEW,
    hour: Annotated[
        float | None, typer.Option(min=0, max=23.99, help="Local time, in hours.")
    ] = None,
    kind: KindOption = ModelKind.MINILM,
    adapter: AdapterOption = "",
    base: BaseOption = "",
    url: UrlOption = "",
    served: ServedOption = "",
    as_json: JsonOption = False,
) -> None:
    """Type what a caller says, and see what the judge makes of it."""

    def moment(said: str) -> Moment:
        going_on = partial or said.rstrip().endswith(_UNFINISHED)
        turns = (Turn(speaker=Speaker.AGENT, text=agent_said),) if agent_said else ()
        memory = Memory(
            signals=Signals(local_hour=hour, gap_s=0.0 if going_on else 0.7),
            history=tuple(history or ()),
            facts=tuple(fact or ()),
        )
        return Moment(
            words=said,
            final=not going_on,
            agent=agent,
            turns=turns,
            memory=memory,
            relation=relation,
        )

    with plain_errors():
        model = loaded(chosen(kind, adapter, base, url, served))
        try:
            for said in [" ".join(words)] if words else _typed():
                judgement = model.judge(moment(said))
                if as_json:
                    print_json(judgement.to_json())
                else:
                    out().print(_bars(judgement))
        finally:
            model.close()


def _typed() -> Iterator[str]:
    """Lines from the keyboard, until an empty one or the end."""
    if sys.stdin.isatty():
        typer.echo(
            "What does the caller say? An empty line ends; ... at the end: he goes on.", err=True
        )
    while True:
        if sys.stdin.isatty():
            typer.echo("> ", nl=False, err=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line


def _bars(judgement: Judgement) -> Group:
    situations = sorted(judgement.situations.items(), key=lambda item: -item[1])[:_SITUATIONS]
    table = Table(box=None, show_header=False, padding=(0, 1))
    actions = sorted(judgement.actions.items(), key=lambda item: -item[1])
    for items, colour in ((actions, "green"), (situations, "cyan")):
        for name, probability in items:
            table.add_row(
                name.value.replace("_", " "),
                ProgressBar(
                    total=1.0, completed=probability, width=_BAR_WIDTH, complete_style=colour
                ),
                f"{probability:.2f}",
            )
        table.add_row("", "", "")
    return Group(Text(f"{judgement.model}, {judgement.took_ms:.1f} ms", style="dim"), table)


def score_command(
    cases: Annotated[
        Path, typer.Argument(help="One moment a line, as JSON (see schema); - for stdin.")
    ],
    on_error: Annotated[
        OnErrorChoice, typer.Option(help="A line that is no moment: stop there, or answer with it.")
    ] = OnErrorChoice.REFUSE,
    kind: KindOption = ModelKind.MINILM,
    adapter: AdapterOption = "",
    base: BaseOption = "",
    url: UrlOption = "",
    served: ServedOption = "",
) -> None:
    """Judge moments from a file: one judgement a line, in their order; blank lines are ignored."""
    with plain_errors():
        config = chosen(kind, adapter, base, url, served)
        if str(cases) == "-":
            _score(sys.stdin.buffer, Path("stdin"), loaded(config), on_error)
            return
        with cases.open("rb") as lines:
            _score(lines, cases, loaded(config), on_error)


def _score(lines: BinaryIO, file: Path, model: JudgeModel, on_error: OnErrorChoice) -> None:
    try:
        for number, moment in _moments(lines, file):
            if isinstance(moment, Moment):
                print_json(model.judge(moment).to_json())
            elif on_error is OnErrorChoice.SKIP:
                print_json({"error": moment.why, "line": number})
            else:
                fail(f"{moment}; --on-error skip goes on behind it")
    finally:
        model.close()


def _moments(lines: BinaryIO, file: Path) -> Iterator[tuple[int, Moment | CorruptData]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield number, Moment.model_validate_json(line)
        except ValidationError as error:
            yield number, CorruptData(file, number, _why(error))


def _why(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}".removeprefix(": ")
        for problem in error.errors(include_url=False, include_input=False)
    ]
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(problems[:3]) + more


def schema_command() -> None:
    """Print the JSON Schema of a moment."""
    typer.echo(schema_text(), nl=False)


def schema_text() -> str:
    """The schema as it is published in ``judge/moment.schema.json``."""
    schema: dict[str, Any] = json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
