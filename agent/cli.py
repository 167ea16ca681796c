"""The ``interject`` command."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import load_dotenv
from loguru import logger
from rich.markup import escape as rich_escape
from rich.table import Table

from agent.bench.call_bench import bench_app
from agent.bench.demo import demo_command
from agent.commands.block import block_app
from agent.commands.console import ConfigOption, JsonOption, fail, out
from agent.commands.memory import memory_app
from agent.config import ConfigError, Resolved, load
from judge.cli import make_app as judge_app
from judge.data.recognised import Ear

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A telephone voice agent that knows when to speak, when to listen and when to cut in.",
)
app.add_typer(bench_app, name="bench", help="Measure from the caller's end.")
app.command("demo")(demo_command)
app.add_typer(memory_app, name="memory")
app.add_typer(block_app, name="block")


def _telephone_ear() -> Ear:
    from agent.bench.telephone_ear import TelephoneEar

    return TelephoneEar()


app.add_typer(judge_app(_telephone_ear), name="judge")


def _load(path: Path | None, overrides: dict[str, dict[str, Any]] | None = None) -> Resolved:
    load_dotenv(Path(".env"))
    try:
        return load(path, overrides=overrides)
    except ConfigError as error:
        fail(error.problems)
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
    from agent.database.errors import StoreError
    from agent.profiles import ProfileError
    from agent.serve import ServeError, Server
    from agent.serve import serve as run
    from telephony.sip.endpoint import SipError

    def ready(server: Server) -> None:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for role in server.roles():
            table.add_row(role.role, role.provider)
        out.print(table)
        if server.sip:
            codecs = ", ".join(server.sip.codecs)
            out.print(
                f"\nSIP {server.sip.version}, {codecs}; {server.sip.max_calls} calls at once",
                highlight=False,
            )
        for verb, address in server.ways_in().items():
            out.print(f"{verb:>5}  [bold]{address}[/bold]", highlight=False, soft_wrap=True)
        out.print(f"Ready after {time.monotonic() - started:.1f} s. Ctrl-C ends.", highlight=False)
        sys.stdout.flush()

    try:
        asyncio.run(run(resolved, events, ready))
    except (SipError, ServeError, ProfileError, StoreError) as error:
        fail([str(error)])


@app.command()
def check(
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the configuration as resolved, and try everything that it needs."""
    _log_to_stderr("error")
    resolved = _load(config)

    from agent.check import check as trials

    results = []
    if not as_json:
        out.print(_resolved_text(resolved), highlight=False, soft_wrap=True)
    for result in trials(resolved):
        results.append(result)
        if not as_json:
            mark = "[green]ready[/green]" if result.ready else "[red]not ready[/red]"
            out.print(f"{mark}  {result.what}: {result.detail}", highlight=False, soft_wrap=True)
    if as_json:
        print(
            json.dumps(
                {
                    "source": resolved.source,
                    "config": resolved.config.model_dump(mode="json"),
                    "providers": {
                        "stt": resolved.stt.value,
                        "llm": resolved.llm.value,
                        "tts": resolved.tts.value,
                    },
                    "secrets": _masked(resolved),
                    "readiness": [dataclasses.asdict(result) for result in results],
                },
                indent=2,
            )
        )
    if not all(result.ready for result in results):
        raise typer.Exit(1)


def _resolved_text(resolved: Resolved) -> str:
    lines = [f"[bold]configuration[/bold] from {resolved.source}"]
    for group, values in resolved.config.model_dump(mode="json").items():
        pairs = "  ".join(f"{key}={value!r}" for key, value in values.items())
        lines.append(f"  [bold]{group}[/bold]  {rich_escape(pairs)}")
    secrets = "  ".join(f"{name}={value}" for name, value in _masked(resolved).items())
    lines.append(f"  [bold]secrets[/bold]  {secrets}")
    lines.append(
        f"  [bold]providers[/bold]  hearing={resolved.stt}  thinking={resolved.llm}  "
        f"speaking={resolved.tts}"
    )
    return "\n".join(lines)


def _masked(resolved: Resolved) -> dict[str, str]:
    """Which secrets are set; never any part of one."""
    secrets = {name: "set, masked" if value else "not set" for name, value in resolved.secrets}
    trunks = {f"trunk {name}": "set, masked" for name in resolved.trunk_secrets}
    return {**secrets, **trunks}


def main() -> None:
    """Entry point of the ``interject`` command."""
    app()


if __name__ == "__main__":
    main()
