"""``interject block``: who is not to be answered."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from agent.commands.console import (
    CallerArgument,
    ConfigOption,
    JsonOption,
    fail,
    out,
    time_of,
    with_database,
)
from agent.config import Resolved
from agent.memory.identity import CallerKey, named
from agent.profiles import load_profile

if TYPE_CHECKING:  # the library behind them takes half a second to import
    from agent.blocks import Block
    from agent.database.database import Database

block_app = typer.Typer(
    no_args_is_help=True, help="Callers who are declined before any model runs, and until when."
)


@block_app.command("list")
def list_command(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The blocks that hold, the latest first."""

    async def ask(database: Database, _: Resolved) -> list[Block]:
        from agent.blocks import BlockList

        return await BlockList(database).holding(time.time())

    held = with_database(config, ask)
    if as_json:
        print(json.dumps([_row(block) for block in held], indent=2))
        return
    if not held:
        out.print("nobody is blocked")
        return
    table = Table("caller", "agent", "since", "until", "reason")
    for block in held:
        until = "for good" if block.until is None else time_of(block.until)
        table.add_row(
            escape(block.who.caller),
            block.who.agent,
            time_of(block.began_at),
            until,
            escape(block.reason),
        )
    out.print(table)


@block_app.command("add")
def add_command(
    caller: CallerArgument,
    hours: Annotated[
        float | None, typer.Option(help="How long; for good without it.", min=0.01)
    ] = None,
    reason: Annotated[str, typer.Option(help="For whoever reads the list.")] = "by the operator",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Block a caller of the configured agent."""

    async def ask(database: Database, resolved: Resolved) -> Block:
        from agent.blocks import Block, BlockList

        now = time.time()
        until = None if hours is None else now + hours * 3600
        block = Block(_who(caller, resolved), now, until, reason)
        await BlockList(database).add(block)
        return block

    block = with_database(config, ask)
    if as_json:
        print(json.dumps(_row(block)))
        return
    until = "for good" if block.until is None else f"until {time_of(block.until)}"
    out.print(f"blocked {until}: {escape(block.who.caller)}", highlight=False)


@block_app.command("remove")
def remove_command(
    caller: CallerArgument, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Pardon a caller of the configured agent: his blocks end and count no more."""

    async def ask(database: Database, resolved: Resolved) -> int:
        from agent.blocks import BlockList

        return await BlockList(database).lift(_who(caller, resolved), time.time())

    lifted = with_database(config, ask)
    if as_json:
        print(json.dumps({"caller": caller, "lifted": lifted}))
    elif lifted:
        out.print(f"no longer blocked: {escape(caller)}", highlight=False)
    else:
        fail([f"{caller} is not blocked; interject block list says who is"])


def _who(caller: str, resolved: Resolved) -> CallerKey:
    profile = load_profile(resolved.config.agent.profile)
    return CallerKey(profile.name, named(caller, resolved.config.memory.region))


def _row(block: Block) -> dict[str, Any]:
    return {
        "caller": block.who.caller,
        "agent": block.who.agent,
        "began_at": block.began_at,
        "until": block.until,
        "reason": block.reason,
    }
