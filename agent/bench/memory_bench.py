"""``interject bench memory``: how long a call waits for what is remembered, in a full store."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from agent.database.errors import StoreError


def memory_command(
    callers_: Annotated[int, typer.Option("--callers", min=1, help="How many.")] = 10_000,
    turns_each: Annotated[
        int, typer.Option("--turns", min=1, help="Turns of each, in calls of 20.")
    ] = 100,
    reads: Annotated[int, typer.Option(min=1, help="Callers who call and are looked up.")] = 500,
    url: Annotated[
        str, typer.Option(help="An empty database; a SQLite file that is removed without it.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Fill a store with callers, and measure what a call reads from it."""
    # A database library takes half a second to import, and every command imports this one.
    from agent.bench.full_store import TARGET_MS, measure

    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="interject-bench-") as folder:
        where = url or f"sqlite:///{Path(folder) / 'memory.db'}"
        try:
            figures = asyncio.run(measure(where, callers_, turns_each, reads, console))
        except StoreError as error:
            console.print(f"[red]{error}[/red]", highlight=False)
            raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table(
        title=f"{figures['callers']:,} callers of {figures['turns']} turns, {figures['store']}",
        title_justify="left",
    )
    for heading in ("what a call reads", "p50", "p95", "worst", "wanted"):
        table.add_column(heading, justify="left" if heading.startswith("what") else "right")
    for name, shown in (
        ("past", "facts and last calls, once as it rings"),
        ("search", "earlier turns by words and meaning"),
    ):
        values = [f"{figures[f'{name}_{part}_ms']:.1f} ms" for part in ("p50", "p95", "max")]
        table.add_row(shown, *values, f"{TARGET_MS:.0f} ms")
    Console().print(table)
