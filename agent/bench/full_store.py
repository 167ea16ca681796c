"""A store filled with callers, and how long a call reads from it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import insert

from agent.database.database import Database
from agent.database.errors import StoreError
from agent.database.tables import callers, calls, facts, turns
from agent.memory.identity import CallerKey
from agent.memory.retrieval import packed
from agent.memory.sql_store import SqlStore

_AGENT: Final = "bench"
_TURNS_A_CALL: Final = 20
TARGET_MS: Final = 10.0
_AT_ONCE: Final = 200  # callers that are written together
_WORDS: Final = (
    "room breakfast parking dog window quiet balcony invoice station taxi garden pool towels "
    "key lift dinner table allergy nuts vegetarian cot wheelchair late early arrival friday "
    "monday evening morning booking deposit cancel change price card cash receipt view sea "
    "noise heating shower pillow blanket luggage museum ferry castle train rain umbrella"
).split()


async def measure(
    url: str, count: int, turns_each: int, reads: int, console: Console
) -> dict[str, Any]:
    """Fill the empty database at *url*, and read from it as a call does: milliseconds.

    Raises:
        StoreError: It is not empty, or cannot be used.
    """
    database = Database(url)
    await database.open()
    store = SqlStore(database)
    rng = random.Random(1)
    try:
        if await store.callers():
            raise StoreError(f"{database} is not empty: give an empty one with --url", retry=False)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("filling", total=count)
            await _fill(database, count, turns_each, rng, lambda: progress.advance(task, _AT_ONCE))
        past_ms, search_ms = [], []
        for _ in range(reads):
            who = _caller(rng.randrange(count))
            words, vector = _sentence(rng), _vector(rng)
            began = time.perf_counter()
            await store.past(who)
            read = time.perf_counter()
            await store.search(who, words, vector, before="")
            past_ms.append((read - began) * 1000)
            search_ms.append((time.perf_counter() - read) * 1000)
    finally:
        await database.close()
    return {
        "store": url.partition(":")[0],
        "callers": count,
        "turns": turns_each,
        "reads": reads,
        **_percentiles("past", past_ms),
        **_percentiles("search", search_ms),
        "target_p95_ms": TARGET_MS,
    }


async def _fill(
    database: Database, count: int, turns_each: int, rng: random.Random, done: Callable[[], None]
) -> None:
    """Write everything in bulk; through the store it would take an hour."""
    calls_each = -(-turns_each // _TURNS_A_CALL)
    for first in range(0, count, _AT_ONCE):
        group = range(first, min(count, first + _AT_ONCE))
        async with database.transaction() as connection:
            await connection.execute(
                insert(callers),
                [{"id": n + 1, "agent": _AGENT, "caller": _caller(n).caller} for n in group],
            )
            await connection.execute(
                insert(calls),
                [
                    {
                        "id": f"{n}-{call}",
                        "caller_id": n + 1,
                        "medium": "sip",
                        "began_at": 1000.0 * call,
                        "ended_at": 1000.0 * call + 300,
                        "summary": _sentence(rng),
                    }
                    for n in group
                    for call in range(calls_each)
                ],
            )
            await connection.execute(insert(turns), list(_turns(group, turns_each, rng)))
            await connection.execute(
                insert(facts),
                [
                    {
                        "caller_id": n + 1,
                        "call_id": f"{n}-0",
                        "position": fact,
                        "slot": f"slot {fact}",
                        "text": _sentence(rng),
                        "at": float(fact),
                    }
                    for n in group
                    for fact in range(8)
                ],
            )
        done()


def _turns(group: Iterable[int], turns_each: int, rng: random.Random) -> Iterable[dict[str, Any]]:
    for n in group:
        for turn in range(turns_each):
            call, position = divmod(turn, _TURNS_A_CALL)
            yield {
                "caller_id": n + 1,
                "call_id": f"{n}-{call}",
                "position": position,
                "speaker": "agent" if position % 2 else "caller",
                "text": _sentence(rng),
                "at": 1000.0 * call + position,
                "vector": packed(_vector(rng)),
            }


def _caller(number: int) -> CallerKey:
    return CallerKey(_AGENT, f"tel:+44207{number:07d}")


def _sentence(rng: random.Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randint(4, 14)))


def _vector(rng: random.Random) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    drawn = np.random.default_rng(rng.getrandbits(32)).normal(size=384).astype(np.float32)
    scaled: np.ndarray[tuple[int], np.dtype[np.float32]] = drawn / np.linalg.norm(drawn)
    return scaled


def _percentiles(name: str, values_ms: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values_ms, [50, 95])
    return {
        f"{name}_p50_ms": round(float(p50), 2),
        f"{name}_p95_ms": round(float(p95), 2),
        f"{name}_max_ms": round(max(values_ms), 2),
    }
