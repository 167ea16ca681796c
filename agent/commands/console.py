"""What the groups of commands share: options, the console, errors in one line, the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer
from dotenv import load_dotenv
from rich.console import Console
from rich.markup import escape

from agent.config import ConfigError, Resolved, load
from agent.database.errors import StoreError

if TYPE_CHECKING:  # the library behind it takes half a second to import
    from agent.database.database import Database

T = TypeVar("T")

out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file; the embedded profile without one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
CallerArgument = Annotated[
    str, typer.Argument(help="A number (+44 20 7946 0001), sip:user@host, or web:user.")
]


def fail(lines: list[str]) -> NoReturn:
    """Say what is wrong, a line each, and leave with status 1."""
    for line in lines:
        err.print(f"[red]error[/red] {escape(line)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def with_database(config: Path | None, ask: Callable[[Database, Resolved], Awaitable[T]]) -> T:
    """Read the configuration, open the database, and have *ask* ask it."""
    from agent.database.database import Database

    load_dotenv(Path(".env"))

    async def run() -> T:
        resolved = load(config)
        database = Database(resolved.database_url.get_secret_value())
        await database.open()
        try:
            return await ask(database, resolved)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except ConfigError as error:
        fail(error.problems)
    except StoreError as error:
        fail([str(error)])


def time_of(at: float) -> str:
    """A Unix time in seconds as people read it, in local time."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
