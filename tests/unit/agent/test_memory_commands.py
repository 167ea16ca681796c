"""``interject memory`` on a SQLite file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.cli import app
from agent.database.database import Database
from agent.memory.identity import CallerKey
from agent.memory.records import CallRecord, Fact, TurnRecord
from agent.memory.sql_store import SqlStore
from judge.moment import Speaker

MARY = CallerKey("hotel", "tel:+442079460001")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("INTERJECT_DATABASE_URL", f"sqlite:///{tmp_path / 'memory.db'}")
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'memory.db'}"


def remember(url: str, *callers: CallerKey) -> None:
    async def write() -> None:
        store = SqlStore(Database(url))
        await store.open()
        for number, who in enumerate(callers):
            call = f"call-{number}"
            await store.begin_call(CallRecord(call, who, "sip", 1000.0 + number))
            await store.add_turn(TurnRecord(call, 0, Speaker.CALLER, "It's Mary [bold]", 1001.0))
            await store.add_fact(who, Fact("name", "The caller's name is Mary", call, 0, 1001.0))
        await store.close()

    asyncio.run(write())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["memory", *arguments])


def test_at_first_nobody_is_remembered(url: str) -> None:
    assert json.loads(run("list", "--json").stdout) == []
    assert "nobody" in run("list").stdout


def test_callers_are_listed(url: str) -> None:
    remember(url, MARY)
    assert "tel:+442079460001" in run("list").stdout
    listed = json.loads(run("list", "--json").stdout)
    assert listed[0] == {
        "agent": "hotel",
        "caller": "tel:+442079460001",
        "calls": 1,
        "turns": 1,
        "facts": 1,
        "last_call_at": 1000.0,
    }


def test_a_caller_is_shown_and_exported_however_the_number_is_written(
    url: str, tmp_path: Path
) -> None:
    remember(url, MARY)
    shown = run("show", "+44 20 7946-0001")
    assert "caller's name" in shown.stdout
    assert "It's Mary [bold]" in shown.stdout
    file = tmp_path / "mary.json"
    assert run("export", "tel:+442079460001", "--out", str(file)).exit_code == 0
    exported = json.loads(file.read_text())
    assert exported["calls"][0]["turns"][0]["text"] == "It's Mary [bold]"
    assert json.loads(run("show", "+442079460001", "--json").stdout) == exported


def test_a_caller_whom_several_agents_know_needs_a_choice(url: str) -> None:
    clinic = CallerKey("clinic", MARY.caller)
    remember(url, MARY, clinic)
    result = run("show", MARY.caller)
    assert result.exit_code == 1
    assert "--agent" in result.stderr
    assert "clinic" in result.stderr
    assert run("show", MARY.caller, "--agent", "clinic").exit_code == 0


def test_erasing_asks_first_and_then_leaves_nothing(url: str) -> None:
    remember(url, MARY)
    assert CliRunner().invoke(app, ["memory", "erase", MARY.caller], input="n\n").exit_code == 1
    assert len(json.loads(run("list", "--json").stdout)) == 1
    erased = run("erase", MARY.caller, "--yes", "--json")
    assert json.loads(erased.stdout) == {"caller": MARY.caller, "calls": 1}
    assert json.loads(run("list", "--json").stdout) == []


@pytest.mark.parametrize("command", [("show",), ("export",), ("erase", "--yes")])
def test_a_stranger_is_an_error_that_says_where_to_look(url: str, command: tuple[str, ...]) -> None:
    result = run(*command, "+442079460009")
    assert result.exit_code == 1
    assert "interject memory list" in result.stderr


def test_a_store_that_cannot_be_opened_is_named(tmp_path: Path, url: str) -> None:
    (tmp_path / "memory.db").write_bytes(b"no database " * 100)
    result = run("list")
    assert result.exit_code == 1
    assert "memory.db" in result.stderr
