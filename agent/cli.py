"""The ``interject`` command."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import load_dotenv
from loguru import logger
from rich.console import Console
from rich.table import Table

from agent.config import ConfigError, Resolved, load

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A telephone voice agent that knows when to speak, when to listen and when to cut in.",
)
_out = Console()
_err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file; the embedded profile without one.")
]


def _fail(lines: list[str]) -> None:
    for line in lines:
        _err.print(f"[red]error[/red] {line}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def _load(path: Path | None, overrides: dict[str, dict[str, Any]] | None = None) -> Resolved:
    load_dotenv(Path(".env"))
    try:
        return load(path, overrides=overrides)
    except ConfigError as error:
        _fail(error.problems)
        raise AssertionError from error  # _fail does not return


def _log_to_stderr(level: str) -> None:
    logger.remove()
    logger.add(sys.stderr, level=level.upper())


@app.callback()
def _root() -> None:
    """Answer the telephone."""
    # A callback keeps the commands commands, also while there is only one.


@app.command()
def serve(
    config: ConfigOption = None,
    bind: Annotated[
        str | None, typer.Option(help="Address to listen on, for both ways in.")
    ] = None,
    sip_port: Annotated[int | None, typer.Option(help="SIP port, UDP and TCP.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the browser room.")] = None,
    events: Annotated[
        Path | None, typer.Option(help="Append what happens in calls to this file, as JSON lines.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "warning",
) -> None:
    """Answer calls over SIP and from the browser."""
    started = time.monotonic()
    overrides: dict[str, dict[str, Any]] = {"sip": {}, "web": {}}
    if bind is not None:
        overrides["sip"]["bind"] = overrides["web"]["bind"] = bind
    if sip_port is not None:
        overrides["sip"]["port"] = sip_port
    if web_port is not None:
        overrides["web"]["port"] = web_port
    _log_to_stderr(log_level)
    resolved = _load(config, overrides)

    # The models' libraries take a second or two to import: first the cheap mistakes.
    from agent.profiles import ProfileError
    from agent.serve import ServeError, Server
    from agent.serve import serve as run
    from telephony.sip.endpoint import SipError

    def ready(server: Server) -> None:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for role in server.catalog.roles():
            table.add_row(role.role, role.provider)
        _out.print(table)
        if server.sip:
            codecs = ", ".join(server.sip.codecs)
            _out.print(
                f"\nSIP {server.sip.version}, {codecs}; {server.sip.max_calls} calls at once",
                highlight=False,
            )
        for verb, address in server.ways_in().items():
            _out.print(f"{verb:>5}  [bold]{address}[/bold]", highlight=False, soft_wrap=True)
        _out.print(f"Ready after {time.monotonic() - started:.1f} s. Ctrl-C ends.", highlight=False)
        sys.stdout.flush()

    try:
        asyncio.run(run(resolved, events, ready))
    except (SipError, ServeError, ProfileError) as error:
        _fail([str(error)])


def main() -> None:
    """Entry point of the ``interject`` command."""
    app()


if __name__ == "__main__":
    main()
