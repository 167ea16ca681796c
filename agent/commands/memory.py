"""``interject memory``: what is remembered of whom, for those who must answer for it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from agent.commands.console import (
    CallerArgument,
    ConfigOption,
    JsonOption,
    err,
    fail,
    out,
    time_of,
    with_database,
)
from agent.config import Resolved
from agent.memory.identity import named
from agent.memory.records import KnownCaller
from agent.memory.store import MemoryStore

if TYPE_CHECKING:  # the library behind it takes half a second to import
    from agent.database.database import Database

T = TypeVar("T")

memory_app = typer.Typer(
    no_args_is_help=True, help="What is remembered of callers, from one call to the next."
)
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
        out.print("nobody is remembered")
        return
    table = Table("caller", "agent", "calls", "turns", "facts", "last call")
    for known in listed:
        numbers = (str(known.calls), str(known.turns), str(known.facts))
        table.add_row(
            escape(known.who.caller), known.who.agent, *numbers, time_of(known.last_call_at)
        )
    out.print(table)


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
    out.print(f"[bold]{escape(kept['caller'])}[/bold] by {kept['agent']}", highlight=False)
    facts = Table("fact", "about", "since", "until", "said in")
    for fact in kept["facts"]:
        until = "" if fact["superseded_at"] is None else time_of(fact["superseded_at"])
        source = f"turn {fact['position']} of {fact['call'][:12]}"
        facts.add_row(escape(fact["text"]), fact["slot"], time_of(fact["at"]), until, source)
    out.print(facts if kept["facts"] else "no facts")
    for call in kept["calls"]:
        head = (
            f"[bold]{time_of(call['began_at'])}[/bold] {call['medium']} {escape(call['call'][:40])}"
        )
        out.print(head, highlight=False)
        for turn in call["turns"]:
            out.print(f"  {turn['by']:>6}  {escape(turn['text'])}", highlight=False)


@memory_app.command("export")
def export_command(
    caller: CallerArgument,
    file: Annotated[Path | None, typer.Option("--out", help="A file; stdout without it.")] = None,
    agent: AgentOption = None,
    config: ConfigOption = None,
) -> None:
    """All that is kept of a caller, as JSON: to be handed to him."""
    text = json.dumps(_export(caller, agent, config), indent=2, ensure_ascii=False)
    if file is None:
        print(text)
        return
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        fail([f"{file}: {error.strerror}"])
    err.print(f"written: {file}", highlight=False)


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
        out.print(f"forgotten: {erased} calls", highlight=False)
    else:
        fail([f"{caller} is not remembered; interject memory list says who is"])


def _export(caller: str, agent: str | None, config: Path | None) -> dict[str, Any]:
    async def ask(store: MemoryStore, region: str) -> dict[str, Any] | list[KnownCaller]:
        found = await _known(store, caller, agent, region)
        return await store.export(found[0].who) if len(found) == 1 else found

    kept = _with_store(config, ask)
    if not kept:
        fail([f"{caller} is not remembered; interject memory list says who is"])
    if isinstance(kept, list):
        agents = ", ".join(known.who.agent for known in kept)
        fail([f"{caller} is remembered by several agents; choose one with --agent: {agents}"])
    return kept


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
    async def run(database: Database, resolved: Resolved) -> T:
        from agent.memory.sql_store import SqlStore

        return await ask(SqlStore(database), resolved.config.memory.region)

    return with_database(config, run)


def _numbers(known: KnownCaller) -> dict[str, float]:
    return {name: value for name, value in asdict(known).items() if name != "who"}
