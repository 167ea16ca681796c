"""``interject memory``: what is remembered of whom, for those who must answer for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from dotenv import load_dotenv
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.config import ConfigError, load
from agent.memory.identity import named
from agent.memory.records import KnownCaller
from agent.memory.sql.store import SqlStore
from agent.memory.store import MemoryStore, StoreError

T = TypeVar("T")

memory_app = typer.Typer(
    no_args_is_help=True, help="What is remembered of callers, from one call to the next."
)
_out = Console()
_err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file; the embedded profile without one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
CallerArgument = Annotated[
    str, typer.Argument(help="A number (+44 20 7946 0001), sip:user@host, or web:user.")
]
AgentOption = Annotated[
    str | None,
    typer.Option(help="The profile whose memory is meant; needed where several know the caller."),
]


@memory_app.command("list")
def list_command(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Everybody who is remembered, the latest caller first."""

    async def ask(store: MemoryStore, _: str) -> list[KnownCaller]:
        return await store.callers()

    listed = _with_store(config, ask)
    if as_json:
        print(json.dumps([{**asdict(known.who), **_numbers(known)} for known in listed], indent=2))
        return
    if not listed:
        _out.print("nobody is remembered")
        return
    table = Table("caller", "agent", "calls", "turns", "facts", "last call")
    for known in listed:
        numbers = (str(known.calls), str(known.turns), str(known.facts))
        table.add_row(
            escape(known.who.caller), known.who.agent, *numbers, _time(known.last_call_at)
        )
    _out.print(table)


@memory_app.command("show")
def show_command(
    caller: CallerArgument,
    agent: AgentOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is remembered of a caller: facts, those superseded too, and calls."""
    kept = _export(caller, agent, config)
    if as_json:
        print(json.dumps(kept, indent=2, ensure_ascii=False))
        return
    _out.print(f"[bold]{escape(kept['caller'])}[/bold] by {kept['agent']}", highlight=False)
    facts = Table("fact", "about", "since", "until", "said in")
    for fact in kept["facts"]:
        until = "" if fact["superseded_at"] is None else _time(fact["superseded_at"])
        source = f"turn {fact['position']} of {fact['call'][:12]}"
        facts.add_row(escape(fact["text"]), fact["slot"], _time(fact["at"]), until, source)
    _out.print(facts if kept["facts"] else "no facts")
    for call in kept["calls"]:
        head = (
            f"[bold]{_time(call['began_at'])}[/bold] {call['medium']} {escape(call['call'][:40])}"
        )
        _out.print(head, highlight=False)
        for turn in call["turns"]:
            _out.print(f"  {turn['by']:>6}  {escape(turn['text'])}", highlight=False)


@memory_app.command("export")
def export_command(
    caller: CallerArgument,
    out: Annotated[Path | None, typer.Option(help="A file; stdout without it.")] = None,
    agent: AgentOption = None,
    config: ConfigOption = None,
) -> None:
    """All that is kept of a caller, as JSON: to be handed to him."""
    text = json.dumps(_export(caller, agent, config), indent=2, ensure_ascii=False)
    if out is None:
        print(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        _fail([f"{out}: {error.strerror}"])
    _err.print(f"written: {out}", highlight=False)


@memory_app.command("erase")
def erase_command(
    caller: CallerArgument,
    agent: AgentOption = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget a caller altogether, in every agent's memory or in one's."""

    async def find(store: MemoryStore, region: str) -> list[KnownCaller]:
        return await _known(store, caller, agent, region)

    async def erase(store: MemoryStore, region: str) -> int:
        return sum(
            [await store.erase(one.who) for one in await _known(store, caller, agent, region)]
        )

    found = _with_store(config, find)
    if found and not yes:
        calls = sum(known.calls for known in found)
        typer.confirm(f"Forget {calls} calls of {found[0].who} for good?", abort=True, err=True)
    erased = _with_store(config, erase)
    if as_json:
        print(json.dumps({"caller": caller, "calls": erased}))
    elif erased:
        _out.print(f"forgotten: {erased} calls", highlight=False)
    else:
        _fail([f"{caller} is not remembered; interject memory list says who is"])


def _export(caller: str, agent: str | None, config: Path | None) -> dict[str, Any]:
    async def ask(store: MemoryStore, region: str) -> dict[str, Any] | list[KnownCaller]:
        found = await _known(store, caller, agent, region)
        return await store.export(found[0].who) if len(found) == 1 else found

    kept = _with_store(config, ask)
    if isinstance(kept, dict):
        return kept
    if kept:
        agents = ", ".join(known.who.agent for known in kept)
        _fail([f"{caller} is remembered by several agents; choose one with --agent: {agents}"])
    _fail([f"{caller} is not remembered; interject memory list says who is"])
    raise AssertionError  # _fail does not return


async def _known(
    store: MemoryStore, caller: str, agent: str | None, region: str
) -> list[KnownCaller]:
    wanted = named(caller, region)
    return [
        known
        for known in await store.callers()
        if known.who.caller == wanted and agent in (None, known.who.agent)
    ]


def _with_store(config: Path | None, ask: Callable[[MemoryStore, str], Awaitable[T]]) -> T:
    load_dotenv(Path(".env"))

    async def run() -> T:
        resolved = load(config)
        store = SqlStore(resolved.memory_url.get_secret_value())
        await store.open()
        try:
            return await ask(store, resolved.config.memory.region)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except ConfigError as error:
        _fail(error.problems)
    except StoreError as error:
        _fail([str(error)])
    raise AssertionError  # _fail does not return


def _fail(lines: list[str]) -> None:
    for line in lines:
        _err.print(f"[red]error[/red] {escape(line)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def _numbers(known: KnownCaller) -> dict[str, float]:
    return {name: value for name, value in asdict(known).items() if name != "who"}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
