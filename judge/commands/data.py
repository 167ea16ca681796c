"""``judge data``: build the set, check the scenarios, draw the splits, show what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.table import Table

from judge.commands.choice import DATA, DataOption, JsonOption
from judge.commands.console import Bars, fail, plain_errors, print_json, print_table, say
from judge.data import scenarios
from judge.data.build import Builder, Built, DataMissing, read_set
from judge.data.example import CorruptData, Example, Split
from judge.data.recognised import Ear

_CORPORA: Final = (
    "--corpora DIR names the folder that holds the corpora (mrda, convabuse, harmful_requests,"
    " xstest, abcd, coraal)"
)


class OnErrorChoice(StrEnum):
    """What a corrupt row leads to."""

    REFUSE = "refuse"
    SKIP = "skip"

    @property
    def literal(self) -> Literal["refuse", "skip"]:
        return "skip" if self is OnErrorChoice.SKIP else "refuse"


def data_app(ear: Callable[[], Ear] | None) -> typer.Typer:
    """The commands.

    Args:
        ear: Brings what speaks and recognises; without it no text can be heard.
    """
    app = typer.Typer(help="What the judge learns from.", no_args_is_help=True)

    @app.command("build")
    def build_command(
        out: Annotated[Path, typer.Option(help="Where the set goes.")] = DATA,
        corpora: Annotated[
            Path | None, typer.Option(help="The folder with the corpora, each in its own.")
        ] = None,
        no_corpora: Annotated[
            bool, typer.Option("--no-corpora", help="The written scenarios alone.")
        ] = False,
        recognise: Annotated[
            bool,
            typer.Option(
                help="Speak every utterance through a telephone line and recognise it; takes an "
                "hour, and goes on where it was stopped."
            ),
        ] = False,
        on_error: Annotated[
            OnErrorChoice, typer.Option(help="What a corrupt row leads to.")
        ] = OnErrorChoice.REFUSE,
        seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
        folder: Annotated[
            Path, typer.Option("--scenarios", help="The scenario files.")
        ] = scenarios.FOLDER,
        as_json: JsonOption = False,
    ) -> None:
        """Build the set; what has not changed is kept, what was stopped goes on."""
        if corpora is not None and no_corpora:
            fail("--corpora and --no-corpora exclude each other: give one of them")
        if corpora is None and not no_corpora:
            say(f"building from the scenarios alone; {_CORPORA}")
        if recognise and ear is None:
            fail("--recognise needs the agent's voices and recogniser: interject judge data build")
        with plain_errors(), ExitStack() as stack:
            hearing = ear() if recognise and ear is not None else None
            if hearing is not None and hasattr(hearing, "close"):  # a recogniser's thread
                stack.callback(hearing.close)
            with Bars() as bars:
                built = Builder(
                    out,
                    corpora,
                    ear=hearing,
                    folder=folder,
                    seed=seed,
                    on_error=on_error.literal,
                    track=bars,
                    report=lambda error: bars.say(f"skipped {error}"),
                ).build()
            if as_json:
                print_json([_built_json(one) for one in built])
            else:
                print_table(_built_table(built))

    app.command("check")(check_command)
    app.command("split")(split_command)
    app.command("show")(show_command)
    return app


def check_command(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders of scenario files.", metavar="[FOLDERS]...")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read scenario files, name what is wrong with them, and count what they hold."""
    problems: list[CorruptData] = []
    read: list[scenarios.Family] = []
    with plain_errors():
        for folder in folders or [scenarios.FOLDER]:
            if not folder.is_dir():
                fail(f"{folder} is no folder: give one that holds scenario files")
            read.extend(scenarios.families_in(folder, problems.append))
    labels = Counter(
        f"{label.action}/{label.situation}"
        for family in read
        for case in family.cases
        for label in case.labels.values()
    )
    said: dict[str, str] = {}
    for family in read:
        for case in family.cases:
            plain = scenarios.normal(case.say)
            if said.setdefault(plain, family.family) != family.family:
                say(f"warning {family.family} and {said[plain]} both say {case.say!r}")
    counts = {
        "families": len(read),
        "cases": sum(len(family.cases) for family in read),
        "utterances": len(said),
        "labels": dict(sorted(labels.items())),
        "problems": [str(problem) for problem in problems],
    }
    if as_json:
        print_json(counts)
    else:
        table = _table(
            f"{counts['families']} families, {counts['cases']} cases, {len(said)} utterances",
            "action/situation",
            "cases in contexts",
        )
        for name, count in sorted(labels.items()):
            table.add_row(name, str(count))
        print_table(table)
    if problems:
        fail("\n".join(str(problem) for problem in problems))


def split_command(
    seed: Annotated[int, typer.Option(help="Of the drawing.")] = 7,
    tested: Annotated[
        list[str] | None,
        typer.Option(help="A trade that takes turns (repeat); all trades without it."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only see whether the table names every family.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Draw anew although there is a table.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--scenarios", help="The scenario files.")
    ] = scenarios.FOLDER,
) -> None:
    """Draw which families are learned from and which are kept for the test."""
    file = folder / scenarios.SPLITS
    with plain_errors():
        families = list(scenarios.families_in(folder))
        if not families:
            raise DataMissing(f"{folder} holds no scenario files: give --scenarios FOLDER")
        if check:
            _check_splits(file, families)
            return
        if file.exists() and not force:
            fail(
                f"{file} is there already: another table would be another test set, figures could"
                " no longer be compared, and an adapter may have learned what it is tested on;"
                " --force draws it all the same"
            )
        drawn = scenarios.draw_splits(families, seed, tested or ())
        options = [f"--seed {seed}", *(f"--tested {trade}" for trade in tested or ())]
        scenarios.write_splits(file, drawn, f"interject judge data split {' '.join(options)}")
    _print_splits(file, drawn, families)


def _check_splits(file: Path, families: Iterable[scenarios.Family]) -> None:
    if not file.exists():
        raise DataMissing(f"{file} is missing: interject judge data split draws it")
    splits = scenarios.read_splits(file)
    there = {family.family for family in families}
    if unsplit := sorted(there - set(splits)):
        fail(f"{file} does not name {', '.join(unsplit)}: add them to a split")
    if gone := sorted(set(splits) - there):
        fail(f"{file} names families that do not exist: {', '.join(gone)}; take them out")
    _print_splits(file, splits, families)


def _print_splits(
    file: Path, splits: Mapping[str, Split], families: Iterable[scenarios.Family]
) -> None:
    table = _table(str(file.name), "split", "families", "cases")
    for split in Split:
        members = [family for family in families if splits[family.family] is split]
        table.add_row(
            split.value, str(len(members)), str(sum(len(family.cases) for family in members))
        )
    print_table(table)


def show_command(data: DataOption = DATA, as_json: JsonOption = False) -> None:
    """Count what the built set holds."""
    with plain_errors():
        examples = read_set(data)
    counts = {
        "by_source": _counts(examples, lambda one: f"{one.source}/{one.variant}"),
        "by_action": _counts(examples, lambda one: one.action.value),
        "by_situation": _counts(
            examples, lambda one: one.situation.value if one.situation else "unknown"
        ),
        "by_kind": _counts(examples, lambda one: f"{one.source}/{one.kind or 'any'}"),
    }
    if as_json:
        print_json({"examples": len(examples), **counts})
        return
    for name, rows in counts.items():
        table = _table(
            f"{len(examples)} moments {name.replace('_', ' ')}",
            name.removeprefix("by_"),
            *(split.value for split in Split),
        )
        for label, row in rows.items():
            table.add_row(label, *(str(row.get(split.value, 0)) for split in Split))
        print_table(table)


def _counts(
    examples: Iterable[Example], key: Callable[[Example], str]
) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for one in examples:
        counts.setdefault(key(one), Counter())[one.split.value] += 1
    return {name: dict(counts[name]) for name in sorted(counts)}


def _built_json(built: Built) -> dict[str, object]:
    return {
        "file": built.file,
        "sha256": built.sha256,
        "examples": built.examples,
        "labels": dict(built.labels),
        "skipped": built.skipped,
    }


def _built_table(built: Iterable[Built]) -> Table:
    table = _table("the set", "file", "moments", *(split.value for split in Split), "skipped")
    for one in built:
        by_split = Counter[str]()
        for label, count in one.labels.items():
            by_split[label.partition("/")[0]] += count
        table.add_row(
            one.file,
            str(one.examples),
            *(str(by_split[split.value]) for split in Split),
            str(one.skipped),
        )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table
