"""Who is not to be answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.blocks import Block, BlockList
from agent.cli import app
from agent.database.database import Database
from agent.memory.identity import CallerKey

MARY = CallerKey("hotel", "tel:+442079460001")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'interject.db'}")
    await made.open()
    yield made
    await made.close()


async def test_a_block_holds_for_its_term_and_for_its_caller_of_its_agent(
    database: Database,
) -> None:
    blocks = BlockList(database)
    await blocks.add(Block(MARY, 1000.0, 2000.0, "affronts"))
    assert await blocks.of(MARY, 999.0) is None
    held = await blocks.of(MARY, 1500.0)
    assert held == Block(MARY, 1000.0, 2000.0, "affronts")
    assert held.holds_at(1999.0)
    assert not held.holds_at(2000.0)
    assert await blocks.of(MARY, 2000.0) is None
    for other in (CallerKey("clinic", MARY.caller), CallerKey("hotel", "tel:+442079460002")):
        assert await blocks.of(other, 1500.0) is None


async def test_the_block_that_holds_longest_decides(database: Database) -> None:
    blocks = BlockList(database)
    await blocks.add(Block(MARY, 1000.0, 9000.0, "long"))
    await blocks.add(Block(MARY, 1001.0, 2000.0, "short"))
    held = await blocks.of(MARY, 1500.0)
    assert held is not None
    assert held.reason == "long"
    await blocks.add(Block(MARY, 1002.0, None, "for good"))
    held = await blocks.of(MARY, 10**9)
    assert held is not None
    assert held.until is None
    assert await blocks.count(MARY) == 3


async def test_a_pardoned_caller_begins_anew(database: Database) -> None:
    blocks = BlockList(database)
    await blocks.add(Block(MARY, 1000.0, None, "affronts"))
    assert await blocks.lift(MARY, 1100.0) == 1
    assert await blocks.of(MARY, 1200.0) is None
    assert await blocks.count(MARY) == 0
    assert await blocks.lift(MARY, 1300.0) == 0


async def test_blocks_outlive_the_program(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    for _ in range(2):
        database = Database(url)
        await database.open()
        await BlockList(database).add(Block(MARY, 1000.0, None, "affronts"))
        await database.close()
    database = Database(url)
    await database.open()
    assert await BlockList(database).count(MARY) == 2
    await database.close()


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERJECT_DATABASE_URL", f"sqlite:///{tmp_path / 'interject.db'}")
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["block", *arguments])


@pytest.mark.usefixtures("commands")
def test_blocking_listing_and_pardoning() -> None:
    assert "nobody" in run("list").stdout
    added = json.loads(run("add", "+44 20 7946 0001", "--hours", "2", "--json").stdout)
    assert added["caller"] == MARY.caller
    assert added["until"] - added["began_at"] == pytest.approx(7200)
    assert run("add", "sip:mary@example.com", "--reason", "spam").exit_code == 0
    listed = json.loads(run("list", "--json").stdout)
    assert [(row["caller"], row["until"] is None) for row in listed] == [
        ("sip:mary@example.com", True),
        (MARY.caller, False),
    ]
    assert "spam" in run("list").stdout
    removed = json.loads(run("remove", MARY.caller, "--json").stdout)
    assert removed == {"caller": MARY.caller, "lifted": 1}
    again = run("remove", MARY.caller)
    assert again.exit_code == 1
    assert "interject block list" in again.stderr
