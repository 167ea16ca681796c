"""Who is not let in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.blocks import Block, BlockList
from agent.database.database import Database
from agent.doorman import Doorman
from agent.memory.identity import CallerKey, key_of
from judge.policy import Access, Policy, PolicyConfig
from telephony.call import Caller, CallInfo, Medium
from telephony.endings import Cause

NOW = 5000.0


def call_from(number: str) -> CallInfo:
    caller = Caller(f"sip:{number}@trunk.example", number=number)
    return CallInfo("id", Medium.SIP, caller, "agent")


MARY = call_from("+442079460001")
JOHN = call_from("+442079460002")
MARYS_KEY = CallerKey("hotel", "tel:+442079460001")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'interject.db'}")
    await made.open()
    yield made
    await made.close()


def doorman(database: Database, access: Access | None = None, now: float = NOW) -> Doorman:
    policy = Policy(PolicyConfig(access=access or Access()))
    return Doorman(BlockList(database), policy, lambda info: key_of(info, "hotel"), lambda: now)


async def test_who_is_blocked_is_turned_away_until_the_term_is_over(database: Database) -> None:
    await BlockList(database).add(Block(MARYS_KEY, 1000.0, 9000.0, "affronts"))
    ending = await doorman(database).turns_away(MARY)
    assert ending is not None
    assert (ending.cause, ending.detail) == (Cause.DECLINED, "blocked: affronts")
    assert await doorman(database, now=9000.0).turns_away(MARY) is None
    assert await doorman(database).turns_away(JOHN) is None


async def test_the_lists_of_the_operator_come_first(database: Database) -> None:
    await BlockList(database).add(Block(MARYS_KEY, 1000.0, None, "affronts"))
    lists = Access(allow=("+442079460001",), deny=("+4420794600*",))
    assert await doorman(database, lists).turns_away(MARY) is None
    ending = await doorman(database, lists).turns_away(JOHN)
    assert ending is not None
    assert "deny list" in ending.detail


async def test_while_the_database_is_down_what_it_said_last_holds(database: Database) -> None:
    await BlockList(database).add(Block(MARYS_KEY, 1000.0, None, "affronts"))
    door = doorman(database)
    assert await door.turns_away(MARY)
    await database.close()
    assert await door.turns_away(MARY)
    assert await door.turns_away(JOHN) is None


async def test_who_withholds_his_number_cannot_be_blocked(database: Database) -> None:
    nobody = CallInfo("id", Medium.SIP, Caller("sip:anonymous@anonymous.invalid"), "agent")
    assert await doorman(database).turns_away(nobody) is None
