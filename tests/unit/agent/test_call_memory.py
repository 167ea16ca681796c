"""Memory as one call sees it, on a real SQLite store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.database.database import Database
from agent.memory.call_memory import WINDOW_TURNS, CallMemory, MemoryParts
from agent.memory.facts import Found, WordedFacts
from agent.memory.forgetting import Forget
from agent.memory.identity import CallerKey
from agent.memory.sql_store import SqlStore
from agent.memory.writer import StoreWriter
from judge.moment import Speaker, Turn

MARY = CallerKey("hotel", "tel:+442079460001")
FINDER = WordedFacts()


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[MemoryParts]:
    store = SqlStore(Database(f"sqlite:///{tmp_path / 'memory.db'}"))
    writer = StoreWriter(store)
    await store.open()
    writer.start()
    writer.ready = True
    yield MemoryParts(store, writer, FINDER)
    await writer.close()


def call(
    parts: MemoryParts | None, name: str = "one", who: CallerKey | None = MARY, at: float = 1000.0
) -> CallMemory:
    return CallMemory(parts, who, name, "sip", FINDER, now=lambda: at)


async def caller_says(memory: CallMemory, *texts: str) -> None:
    for text in texts:
        memory.said(Speaker.CALLER, text)
        await asyncio.sleep(0)


async def end(parts: MemoryParts, memory: CallMemory) -> None:
    await memory.end()
    assert await parts.writer.settled(5)


async def test_a_second_call_knows_the_facts_and_the_end_of_the_first(parts: MemoryParts) -> None:
    first = call(parts)
    await first.begin()
    await caller_says(first, "My name is Mary Smith.", "I'm allergic to nuts.")
    await end(parts, first)

    second = call(parts, "two", at=5000.0)
    await second.begin()
    recalled = second.recall()
    assert [fact.text for fact in recalled.facts] == [
        "Allergic to nuts",
        "Name is Mary Smith",
    ]
    assert recalled.since_last_call_s == 4000.0
    assert "Mary Smith" in recalled.last_call
    await end(parts, second)


async def test_what_earlier_calls_hold_is_looked_up_by_the_words(parts: MemoryParts) -> None:
    first = call(parts)
    await first.begin()
    await caller_says(first, "The blue room had a broken window.", "Good night to you.")
    await end(parts, first)

    second = call(parts, "two")
    await second.begin()
    second.hear("is that window")
    second.hear("is that window repaired")
    await second.looked_up()
    assert [snippet.text for snippet in second.recall().history] == [
        "The blue room had a broken window."
    ]
    await end(parts, second)


async def test_a_newer_fact_stands_for_the_older_within_a_call_and_across(
    parts: MemoryParts,
) -> None:
    first = call(parts)
    await first.begin()
    await caller_says(first, "We arrive on Monday.", "Sorry, we arrive on Tuesday.")
    await end(parts, first)
    assert [fact.text for fact in first.recall().facts] == ["Arrives on Tuesday"]

    second = call(parts, "two", at=2000.0)
    await second.begin()
    await caller_says(second, "We arrive on Friday.")
    await end(parts, second)
    assert [fact.text for fact in second.recall().facts] == ["Arrives on Friday"]
    kept = (await parts.store.export(MARY))["facts"]
    assert [(fact["text"], fact["superseded_at"] is None) for fact in kept] == [
        ("Arrives on Monday", False),
        ("Arrives on Tuesday", False),
        ("Arrives on Friday", True),
    ]


async def test_who_withholds_his_identity_is_remembered_for_the_call_only(
    parts: MemoryParts,
) -> None:
    memory = call(parts, who=None)
    await memory.begin()
    await caller_says(memory, "My name is Mary Smith.")
    await end(parts, memory)
    assert [fact.slot for fact in memory.recall().facts] == ["name"]
    assert await parts.store.callers() == []


async def test_forget_that_takes_the_last_words_out_of_call_and_store(parts: MemoryParts) -> None:
    memory = call(parts)
    await memory.begin()
    await caller_says(memory, "I have a room here.", "My name is Mary Smith.")
    memory.said(Speaker.AGENT, "Hello Mary Smith.")
    assert memory.said(Speaker.CALLER, "Oh, forget that, please.") is Forget.THAT
    await end(parts, memory)
    recalled = memory.recall()
    assert [turn.text for turn in recalled.turns] == ["I have a room here."]
    assert recalled.facts == ()
    kept = await parts.store.export(MARY)
    assert [turn["text"] for turn in kept["calls"][0]["turns"]] == ["I have a room here."]
    assert kept["facts"] == []
    assert "Mary" not in kept["calls"][0]["summary"]


async def test_forget_everything_erases_the_caller_and_ends_remembering(
    parts: MemoryParts,
) -> None:
    first = call(parts)
    await first.begin()
    await caller_says(first, "My name is Mary Smith.")
    await end(parts, first)

    second = call(parts, "two")
    await second.begin()
    await caller_says(second, "I have a dog.")
    assert second.said(Speaker.CALLER, "Delete all my data.") is Forget.CALLER
    await caller_says(second, "I'm allergic to nuts.")
    await end(parts, second)
    assert await parts.store.callers() == []
    assert [fact.text for fact in second.recall().facts] == ["Allergic to nuts"]


async def test_forgetting_twice_at_once_comes_to_an_end(parts: MemoryParts) -> None:
    memory = call(parts)
    await memory.begin()
    await caller_says(memory, "I have a dog.", "My name is Mary Smith.")
    memory.said(Speaker.CALLER, "Forget that.")
    memory.said(Speaker.CALLER, "Forget that.")
    async with asyncio.timeout(5):
        await end(parts, memory)
    assert memory.recall().turns == ()


async def test_turns_that_leave_the_window_are_summed_up(parts: MemoryParts) -> None:
    memory = call(parts)
    await memory.begin()
    await caller_says(memory, "We need parking for a white van with a trailer.")
    await caller_says(memory, *[f"And then number {n}." for n in range(WINDOW_TURNS)])
    recalled = memory.recall()
    assert len(recalled.turns) == WINDOW_TURNS
    assert "white van with a trailer" in recalled.summary
    await end(parts, memory)


async def test_a_store_that_is_down_leaves_memory_of_the_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.write_text("in the way")
    store = SqlStore(Database(f"sqlite:///{folder / 'memory.db'}"))
    writer = StoreWriter(store)
    writer.start()
    memory = call(MemoryParts(store, writer, FINDER))
    await memory.begin()
    await caller_says(memory, "My name is Mary Smith.")
    memory.hear("who am I")
    await asyncio.sleep(0.05)
    assert [fact.slot for fact in memory.recall().facts] == ["name"]
    assert not writer.ready

    folder.unlink()  # the store comes back, and everything is written that waited
    await memory.end()
    assert await writer.settled(10)
    assert [known.turns for known in await store.callers()] == [1]
    await writer.close()


async def test_where_the_finder_fails_the_wordings_find(parts: MemoryParts) -> None:
    class Broken:
        async def facts_in(self, turn: Turn, before: Sequence[Turn]) -> list[Found]:
            raise ConnectionError("no model today")

    memory = call(MemoryParts(parts.store, parts.writer, Broken()))
    await memory.begin()
    await caller_says(memory, "My name is Mary Smith.")
    await end(parts, memory)
    assert [fact.text for fact in memory.recall().facts] == ["Name is Mary Smith"]
    assert (await parts.store.callers())[0].turns == 1


async def test_a_language_model_sums_up_what_left_the_window_and_the_call(
    parts: MemoryParts,
) -> None:
    asked: list[tuple[int, str]] = []

    async def summarise(turns: Sequence[Turn], before: str) -> str:
        asked.append((len(turns), before))
        return f"summary {len(asked)}"

    memory = call(replace(parts, summarise=summarise))
    await memory.begin()
    await caller_says(
        memory, *[f"We need room {n} for Mrs Baker." for n in range(WINDOW_TURNS + 1)]
    )
    await memory.end()
    assert memory.recall().summary == "summary 1"
    await parts.writer.close()
    assert asked[1] == (WINDOW_TURNS, "summary 1")
    await parts.store.open()
    assert (await parts.store.past(MARY)).calls[0].summary == "summary 2"


async def test_where_no_summary_comes_the_extract_stands(parts: MemoryParts) -> None:
    async def summarise(turns: Sequence[Turn], before: str) -> str:
        raise ConnectionError("no model today")

    memory = call(replace(parts, summarise=summarise))
    await memory.begin()
    await caller_says(memory, "We need room 204 for Mrs Baker.")
    await memory.end()
    assert await parts.writer.settled(5)
    assert "Mrs Baker" in (await parts.store.past(MARY)).calls[0].summary
