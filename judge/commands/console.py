"""How the commands speak: results on stdout, everything else on stderr, errors in one line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn, Self

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from judge.config import JudgeConfigError
from judge.data.example import CorruptData
from judge.models.base import ModelError
from judge.training import PACKAGES


def out() -> Console:
    """For results. Made when asked for, so that a test's stdout is the one written to."""
    return Console()


def err() -> Console:
    """For what is told beside the result."""
    return Console(stderr=True)


def say(text: str) -> None:
    """Tell something beside the result."""
    err().print(escape(text), highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """End with one line on stderr and exit status 1."""
    for line in message.splitlines() or [""]:
        err().print(f"[red]error[/red] {escape(line)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Foreseeable faults as one line, without a traceback.

    They are: a model that cannot be loaded or judge, data that is missing or damaged, a wrong
    option, a file that cannot be read or written, packages for training that are not installed.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in PACKAGES | {"matplotlib"}:
            raise
        fail(f"{package} is not installed: pip install 'interject[train]'")
    except (ModelError, CorruptData, JudgeConfigError) as error:
        fail(str(error))
    except BrokenPipeError:
        raise typer.Exit(1) from None  # whoever read has gone
    except OSError as error:
        fail(_of_the_system(error))


def _of_the_system(error: OSError) -> str:
    if error.strerror is None:  # ours, such as DataMissing: it says everything
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def print_json(value: Any) -> None:
    """One JSON value on stdout, on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(table: Table) -> None:
    out().print(table)


class Bars:
    """Progress bars on stderr. A track of the data's builder and of the evaluation."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err(),
            refresh_per_second=4,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, what: str, items: Iterable[Any]) -> Iterator[Any]:
        """The items, with a bar that shows how many have gone by."""
        total = len(items) if isinstance(items, Sized) else None
        task = self._progress.add_task(escape(what), total=total)
        count = 0
        for item in items:
            yield item
            count += 1
            self._progress.update(task, completed=count)
        self._progress.update(task, total=count, completed=count)

    def say(self, text: str) -> None:
        """Tell something above the bars."""
        self._progress.console.print(escape(text), highlight=False, soft_wrap=True)

    @property
    def progress(self) -> Progress:
        """For what draws its own bar."""
        return self._progress
