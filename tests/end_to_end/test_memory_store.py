"""The memory store, on SQLite and on a PostgreSQL server: one suite for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from agent.database.database import Database
from agent.database.errors import StoreError
from agent.memory.identity import CallerKey
from agent.memory.records import CallRecord, Fact, TurnRecord, Vector
from agent.memory.sql_store import SqlStore
from judge.moment import Speaker
from tests.end_to_end.postgresql import PostgreSQL

MARY = CallerKey("hotel", "tel:+442079460001")
JOHN = CallerKey("hotel", "tel:+442079460002")
MARY_ELSEWHERE = CallerKey("clinic", "tel:+442079460001")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with PostgreSQL() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    if request.param == "sqlite":
        made = SqlStore(Database(f"sqlite:///{tmp_path / 'kept' / 'memory.db'}"))
    else:
        made = SqlStore(Database(request.getfixturevalue("server").url))
    await made.open()
    yield made
    for known in await made.callers():
        await made.erase(known.who)
    await made.close()


async def tell(
    store: SqlStore,
    who: CallerKey,
    call: str,
    *texts: str,
    at: float = 1000.0,
    vectors: tuple[Vector, ...] = (),
) -> None:
    """A call in which the caller says *texts*, a second each."""
    await store.begin_call(CallRecord(call, who, "sip", at))
    for position, text in enumerate(texts):
        vector = vectors[position] if vectors else None
        await store.add_turn(
            TurnRecord(call, position, Speaker.CALLER, text, at + position, vector)
        )
    await store.end_call(call, at + len(texts), f"about {texts[0]}" if texts else "")


def direction(axis: int) -> Vector:
    vector = np.zeros(384, np.float32)
    vector[axis] = 1.0
    return vector


async def test_nothing_is_known_of_a_stranger(store: SqlStore) -> None:
    past = await store.past(MARY)
    assert (past.calls, past.facts, past.last_call_at) == ((), (), None)
    assert await store.search(MARY, "anything", direction(0), before="") == []
    assert (await store.export(MARY))["calls"] == []
    assert await store.erase(MARY) == 0


async def test_the_latest_call_comes_first_with_its_end(store: SqlStore) -> None:
    await tell(store, MARY, "one", "a room", at=1000.0)
    await tell(store, MARY, "two", "a dog", "and a cat", at=5000.0)
    past = await store.past(MARY)
    assert [call.call for call in past.calls] == ["two", "one"]
    assert past.calls[0].summary == "about a dog"
    assert past.last_call_at == 5002.0


async def test_a_call_whose_end_was_never_written_counts_from_its_beginning(
    store: SqlStore,
) -> None:
    await store.begin_call(CallRecord("cut", MARY, "sip", 1000.0))
    assert (await store.past(MARY)).last_call_at == 1000.0


async def test_callers_and_agents_never_share_memory(store: SqlStore) -> None:
    await tell(store, MARY, "one", "my secret garden", vectors=(direction(1),))
    await store.add_fact(MARY, Fact("name", "The caller is Mary", "one", 0, 1000.0))
    for other in (JOHN, MARY_ELSEWHERE):
        past = await store.past(other)
        assert (past.calls, past.facts) == ((), ())
        assert await store.search(other, "secret garden", direction(1), before="") == []


async def test_turns_are_found_by_their_words_whatever_their_ending(store: SqlStore) -> None:
    await tell(store, MARY, "one", "we booked the blue room", "I hate tomatoes", "good night")
    await tell(store, JOHN, "two", "the rooms were booked out")
    found = await store.search(MARY, "is the booking for the blue rooms still on", None, before="")
    assert [snippet.text for snippet in found] == ["we booked the blue room"]
    assert found[0].speaker is Speaker.CALLER
    assert found[0].at == 1000.0


async def test_turns_are_found_by_their_meaning(store: SqlStore) -> None:
    texts = ("my spaniel comes along", "I pay by card")
    await tell(store, MARY, "one", *texts, vectors=(direction(3), direction(4)))
    near = direction(3) + 0.2 * direction(9)
    found = await store.search(MARY, "about my pet", near / np.linalg.norm(near), before="")
    assert [snippet.text for snippet in found] == ["my spaniel comes along"]


async def test_what_is_near_in_words_and_in_meaning_comes_first(store: SqlStore) -> None:
    texts = ("parking for my van", "parking tickets", "a garage")
    await tell(store, MARY, "one", *texts, vectors=tuple(direction(n) for n in (5, 6, 5)))
    found = await store.search(MARY, "parking my van", direction(5), before="")
    assert found[0].text == "parking for my van"


async def test_the_present_call_is_not_searched(store: SqlStore) -> None:
    await tell(store, MARY, "now", "a window seat", vectors=(direction(2),))
    assert await store.search(MARY, "window seat", direction(2), before="now") == []


@pytest.mark.parametrize(
    "words",
    ["", "the and you", '" OR caller_id : 1 OR "', "a & | ! ( ) : *", "'); DROP TABLE turns; --"],
)
async def test_any_words_may_be_searched_for(store: SqlStore, words: str) -> None:
    await tell(store, MARY, "one", "something else")
    assert await store.search(MARY, words, None, before="") == []


async def test_a_newer_fact_supersedes_and_both_stay_visible(store: SqlStore) -> None:
    await tell(store, MARY, "one", "I arrive on Monday", "no, on Tuesday", "I have a dog")
    await store.add_fact(MARY, Fact("arrival", "Arrives on Monday", "one", 0, 1000.0))
    await store.add_fact(MARY, Fact("arrival", "Arrives on Tuesday", "one", 1, 1001.0))
    await store.add_fact(MARY, Fact("pet", "Has a dog", "one", 2, 1002.0))
    past = await store.past(MARY)
    assert [fact.text for fact in past.facts] == ["Has a dog", "Arrives on Tuesday"]
    exported = (await store.export(MARY))["facts"]
    assert [(fact["text"], fact["superseded_at"]) for fact in exported] == [
        ("Arrives on Monday", 1001.0),
        ("Arrives on Tuesday", None),
        ("Has a dog", None),
    ]
    assert (exported[1]["call"], exported[1]["position"]) == ("one", 1)


async def test_forgetting_a_turn_takes_its_facts_and_brings_back_what_held_before(
    store: SqlStore,
) -> None:
    await tell(store, MARY, "one", "I arrive on Monday", "no, on Tuesday")
    await store.add_fact(MARY, Fact("arrival", "Arrives on Monday", "one", 0, 1000.0))
    await store.add_fact(MARY, Fact("arrival", "Arrives on Tuesday", "one", 1, 1001.0))
    await store.forget_turns("one", (1,))
    assert [fact.text for fact in (await store.past(MARY)).facts] == ["Arrives on Monday"]
    assert await store.search(MARY, "Tuesday", None, before="") == []
    assert [turn["position"] for turn in (await store.export(MARY))["calls"][0]["turns"]] == [0]


async def test_writing_twice_keeps_one(store: SqlStore) -> None:
    fact = Fact("name", "The caller is Mary", "one", 0, 1000.0)
    for _ in range(2):
        await tell(store, MARY, "one", "it's Mary")
        await store.add_fact(MARY, fact)
    exported = await store.export(MARY)
    assert len(exported["calls"]) == 1
    assert len(exported["calls"][0]["turns"]) == 1
    assert [fact["superseded_at"] for fact in exported["facts"]] == [None]


async def test_everybody_who_is_remembered_is_listed(store: SqlStore) -> None:
    await tell(store, MARY, "one", "a", "b", at=1000.0)
    await tell(store, JOHN, "two", "c", at=2000.0)
    await tell(store, MARY, "three", "d", at=3000.0)
    await store.add_fact(MARY, Fact("name", "The caller is Mary", "one", 0, 1000.0))
    listed = await store.callers()
    assert [(known.who, known.calls, known.turns, known.facts) for known in listed] == [
        (MARY, 2, 3, 1),
        (JOHN, 1, 1, 0),
    ]
    assert listed[0].last_call_at == 3001.0


async def test_erasing_leaves_nothing_of_that_caller_and_all_of_the_others(
    store: SqlStore,
) -> None:
    await tell(store, MARY, "one", "a lilac tree", vectors=(direction(7),))
    await tell(store, JOHN, "two", "a lilac bush")
    assert await store.erase(MARY) == 1
    assert await store.search(MARY, "lilac", direction(7), before="") == []
    assert [known.who for known in await store.callers()] == [JOHN]
    assert len(await store.search(JOHN, "lilac", None, before="")) == 1


async def test_old_calls_are_pruned_and_callers_of_whom_nothing_is_left(store: SqlStore) -> None:
    await tell(store, MARY, "old", "a lilac tree", at=1000.0)
    await tell(store, MARY, "new", "a rose", at=9000.0)
    await tell(store, JOHN, "older", "a tulip", at=500.0)
    assert await store.prune(5000.0) == 2
    assert [known.who for known in await store.callers()] == [MARY]
    assert [call.call for call in (await store.past(MARY)).calls] == ["new"]


async def test_many_calls_may_write_at_once(store: SqlStore) -> None:
    await asyncio.gather(
        *(tell(store, CallerKey("hotel", f"tel:+1{n}"), f"call {n}", "hello") for n in range(20))
    )
    assert len(await store.callers()) == 20


async def test_a_store_that_was_closed_opens_again_as_it_was(store: SqlStore) -> None:
    await tell(store, MARY, "one", "a rose")
    await store.close()
    with pytest.raises(StoreError, match="not open"):
        await store.past(MARY)
    await store.open()
    assert len((await store.past(MARY)).calls) == 1


async def test_a_server_that_goes_away_is_an_error_and_comes_back(server: PostgreSQL) -> None:
    store = SqlStore(Database(server.url))
    await store.open()
    try:
        server.stop()
        with pytest.raises(StoreError) as caught:
            await store.past(MARY)
        assert caught.value.retry
        assert "secret" not in str(caught.value)
        server.start()
        assert (await store.past(MARY)).calls == ()
    finally:
        await store.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "memory.db"
    file.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(StoreError, match=r"memory\.db: file is not a database"):
        await SqlStore(Database(f"sqlite:///{file}")).open()


async def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'memory.db'}"
    store = SqlStore(Database(url))
    await store.open()
    async with store._transaction() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await store.close()
    with pytest.raises(StoreError, match="does not know") as caught:
        await SqlStore(Database(url)).open()
    assert not caught.value.retry


@pytest.mark.parametrize("url", ["", "memory.db", "mysql://host/name", "sqlite:/x"])
def test_an_address_that_is_none_is_refused_with_those_that_are(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///FILE"):
        SqlStore(Database(url))


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "memory.db"
    store = SqlStore(Database(f"sqlite:///{file}"))
    await store.open()
    await store.close()
    assert file.stat().st_mode & 0o077 == 0
