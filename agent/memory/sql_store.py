"""Callers, calls, turns and facts in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from agent.database.database import Database
from agent.database.tables import callers, calls, facts, turns
from agent.memory.identity import CallerKey
from agent.memory.records import (
    CallRecord,
    Fact,
    KnownCaller,
    Past,
    PastCall,
    Snippet,
    TurnRecord,
    Vector,
)
from agent.memory.retrieval import CANDIDATES, closest, fused, packed, telling_words
from judge.moment import Speaker

_WORDS: Final[ColumnClause[Any]] = literal_column("turns.words")  # PostgreSQL's alone
_RANKED: Final = 20  # turns of each ranking that take part in the common one


class SqlStore:
    """A :class:`~agent.memory.store.MemoryStore` in a database.

    Args:
        database: Where; opened and closed with the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._transaction = database.transaction

    async def open(self) -> None:
        """Connect, and bring the tables to this version."""
        await self._database.open()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._database.close()

    # What is written.

    async def begin_call(self, call: CallRecord) -> None:
        """Note that *call* has begun."""
        async with self._transaction() as connection:
            await connection.execute(
                self._database.insert(callers).values(agent=call.who.agent, caller=call.who.caller)
            )
            await connection.execute(
                self._database.insert(calls).values(
                    id=call.call,
                    caller_id=_id_of(call.who).scalar_subquery(),
                    medium=call.medium,
                    began_at=call.began_at,
                )
            )

    async def end_call(self, call: str, ended_at: float, summary: str) -> None:
        """Note the end of *call* and what it was about."""
        async with self._transaction() as connection:
            await connection.execute(
                update(calls).where(calls.c.id == call).values(ended_at=ended_at, summary=summary)
            )

    async def add_turn(self, turn: TurnRecord) -> None:
        """Keep a turn of a call that has begun."""
        async with self._transaction() as connection:
            await connection.execute(
                self._database.insert(turns).values(
                    caller_id=_caller_of(turn.call),
                    call_id=turn.call,
                    position=turn.position,
                    speaker=turn.speaker,
                    text=turn.text,
                    at=turn.at,
                    vector=None if turn.vector is None else packed(turn.vector),
                )
            )

    async def add_fact(self, who: CallerKey, fact: Fact) -> None:
        """Keep a fact; an older one in its slot is superseded from ``fact.at`` on."""
        caller_id = _id_of(who).scalar_subquery()
        same = and_(facts.c.call_id == fact.call, facts.c.position == fact.position)
        async with self._transaction() as connection:
            await connection.execute(
                update(facts)
                .where(
                    facts.c.caller_id == caller_id,
                    facts.c.slot == fact.slot,
                    facts.c.superseded_at.is_(None),
                    facts.c.at <= fact.at,
                    ~same,
                )
                .values(superseded_at=fact.at)
            )
            await connection.execute(
                self._database.insert(facts).values(
                    caller_id=caller_id,
                    call_id=fact.call,
                    position=fact.position,
                    slot=fact.slot,
                    text=fact.text,
                    at=fact.at,
                )
            )

    async def forget_turns(self, call: str, positions: tuple[int, ...]) -> None:
        """Take turns out of memory, and the facts that came from them.

        What such a fact had superseded holds again.
        """
        newer = facts.alias()
        gone = and_(newer.c.call_id == call, newer.c.position.in_(positions))
        async with self._transaction() as connection:
            await connection.execute(
                update(facts)
                .where(
                    exists().where(
                        gone,
                        newer.c.caller_id == facts.c.caller_id,
                        newer.c.slot == facts.c.slot,
                        newer.c.at == facts.c.superseded_at,
                    )
                )
                .values(superseded_at=None)
            )
            for table in (facts, turns):
                await connection.execute(
                    delete(table).where(table.c.call_id == call, table.c.position.in_(positions))
                )

    # What is read.

    async def past(self, who: CallerKey, *, calls: int = 3, facts: int = 50) -> Past:
        """The last *calls* calls of a caller, and up to *facts* facts that hold."""
        return await self._past(who, calls, facts)

    async def _past(self, who: CallerKey, most_calls: int, most_facts: int) -> Past:
        caller_id = _id_of(who).scalar_subquery()
        last = (
            select(calls)
            .where(calls.c.caller_id == caller_id)
            .order_by(calls.c.began_at.desc())
            .limit(most_calls)
        )
        holding = (
            select(facts)
            .where(facts.c.caller_id == caller_id, facts.c.superseded_at.is_(None))
            .order_by(facts.c.at.desc(), facts.c.id.desc())
            .limit(most_facts)
        )
        async with self._transaction() as connection:
            return Past(
                tuple(
                    PastCall(row.id, row.began_at, row.ended_at, row.summary)
                    for row in await connection.execute(last)
                ),
                tuple(_fact(row) for row in await connection.execute(holding)),
            )

    async def search(
        self, who: CallerKey, words: str, vector: Vector | None, *, before: str, limit: int = 5
    ) -> list[Snippet]:
        """Turns of the caller's other calls that bear on *words*, the closest first."""
        async with self._transaction() as connection:
            caller_id: int | None = await connection.scalar(_id_of(who))
            if caller_id is None:
                return []
            rankings = [await self._by_words(connection, caller_id, telling_words(words), before)]
            if vector is not None:
                rankings.append(await _by_meaning(connection, caller_id, vector, before))
            order = fused(rankings, limit)
            if not order:
                return []
            rows = await connection.execute(select(turns).where(turns.c.id.in_(order)))
            found = {row.id: row for row in rows}
        return [
            Snippet(row.call_id, row.position, Speaker(row.speaker), row.text, row.at)
            for row in (found[key] for key in order)
        ]

    async def _by_words(
        self, connection: AsyncConnection, caller_id: int, words: Sequence[str], before: str
    ) -> list[int]:
        if not words:
            return []
        others = and_(turns.c.caller_id == caller_id, turns.c.call_id != before)
        if self._database.is_sqlite:
            quoted = " OR ".join(f'"{word}"' for word in words)
            found = select(turns.c.id).where(
                others,
                turns.c.id == text("turns_text.rowid"),
                text("turns_text MATCH :question"),
            )
            found = found.select_from(turns, text("turns_text")).order_by(text("bm25(turns_text)"))
            question = f'caller_id : "{caller_id}" AND text : ({quoted})'
        else:
            asked = func.to_tsquery("english", text(":question"))
            found = select(turns.c.id).where(others, _WORDS.op("@@")(asked))
            found = found.order_by(func.ts_rank(_WORDS, asked).desc())
            question = " | ".join(words)
        rows = await connection.execute(found.limit(_RANKED), {"question": question})
        return list(rows.scalars())

    async def callers(self) -> list[KnownCaller]:
        """Everybody who is remembered, the latest caller first."""
        last = func.max(func.coalesce(calls.c.ended_at, calls.c.began_at))
        count_turns = _count(turns.c.caller_id)
        count_facts = _count(facts.c.caller_id)
        everybody = (
            select(callers.c.agent, callers.c.caller, func.count(), count_turns, count_facts, last)
            .join(calls, calls.c.caller_id == callers.c.id)
            .group_by(callers.c.id, callers.c.agent, callers.c.caller)
            .order_by(last.desc())
        )
        async with self._transaction() as connection:
            return [
                KnownCaller(CallerKey(agent, caller), *numbers)
                for agent, caller, *numbers in await connection.execute(everybody)
            ]

    async def export(self, who: CallerKey) -> dict[str, Any]:
        """All that is kept of a caller, ready for JSON, superseded facts included."""
        caller_id = _id_of(who).scalar_subquery()
        said = (turns.c.call_id, turns.c.position, turns.c.speaker, turns.c.text, turns.c.at)
        known = (facts.c.slot, facts.c.text, facts.c.at, facts.c.superseded_at)
        async with self._transaction() as connection:
            of_calls = await connection.execute(
                select(calls).where(calls.c.caller_id == caller_id).order_by(calls.c.began_at)
            )
            by_call: dict[str, dict[str, Any]] = {
                row.id: {
                    "call": row.id,
                    "medium": row.medium,
                    "began_at": row.began_at,
                    "ended_at": row.ended_at,
                    "summary": row.summary,
                    "turns": [],
                }
                for row in of_calls
            }
            of_turns = await connection.execute(
                select(*said).where(turns.c.caller_id == caller_id).order_by(turns.c.position)
            )
            for row in of_turns:
                by_call[row.call_id]["turns"].append(
                    {"position": row.position, "by": row.speaker, "text": row.text, "at": row.at}
                )
            of_facts = await connection.execute(
                select(*known, facts.c.call_id, facts.c.position)
                .where(facts.c.caller_id == caller_id)
                .order_by(facts.c.at, facts.c.id)
            )
            return {
                "agent": who.agent,
                "caller": who.caller,
                "calls": list(by_call.values()),
                "facts": [
                    {
                        "slot": row.slot,
                        "text": row.text,
                        "at": row.at,
                        "superseded_at": row.superseded_at,
                        "call": row.call_id,
                        "position": row.position,
                    }
                    for row in of_facts
                ],
            }

    # What is taken away.

    async def erase(self, who: CallerKey) -> int:
        """Forget a caller altogether; how many calls were forgotten."""
        async with self._transaction() as connection:
            caller_id = _id_of(who).scalar_subquery()
            return await self._erase_calls(connection, calls.c.caller_id == caller_id)

    async def prune(self, before: float) -> int:
        """Forget calls that began before a time, and callers of whom nothing is left."""
        async with self._transaction() as connection:
            return await self._erase_calls(connection, calls.c.began_at < before)

    async def _erase_calls(self, connection: AsyncConnection, which: ColumnElement[bool]) -> int:
        gone = await connection.execute(delete(calls).where(which))
        nothing_left = ~exists().where(calls.c.caller_id == callers.c.id)
        await connection.execute(delete(callers).where(nothing_left))
        return gone.rowcount


def _id_of(who: CallerKey) -> Select[tuple[int]]:
    return select(callers.c.id).where(callers.c.agent == who.agent, callers.c.caller == who.caller)


def _caller_of(call: str) -> Any:
    return select(calls.c.caller_id).where(calls.c.id == call).scalar_subquery()


def _count(column: Any) -> Any:
    return select(func.count()).where(column == callers.c.id).correlate(callers).scalar_subquery()


async def _by_meaning(
    connection: AsyncConnection, caller_id: int, vector: Vector, before: str
) -> list[int]:
    rows = await connection.execute(
        select(turns.c.id, turns.c.vector)
        .where(
            turns.c.caller_id == caller_id, turns.c.call_id != before, turns.c.vector.is_not(None)
        )
        .order_by(turns.c.at.desc())
        .limit(CANDIDATES)
    )
    kept = rows.all()
    return closest(vector, [row.id for row in kept], [row.vector for row in kept], _RANKED)


def _fact(row: Any) -> Fact:
    return Fact(row.slot, row.text, row.call_id, row.position, row.at, row.superseded_at)
