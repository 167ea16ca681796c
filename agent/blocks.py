"""Who is not to be answered, for how long, and why. Kept in the database, so it outlives us."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, insert, or_, select, update

from agent.database.database import Database
from agent.database.tables import blocks
from agent.memory.identity import CallerKey


@dataclass(frozen=True, slots=True)
class Block:
    """A block. Times are Unix times in seconds; ``until`` of None is for good."""

    who: CallerKey
    began_at: float
    until: float | None
    reason: str

    def holds_at(self, now: float) -> bool:
        """Whether it holds at a time."""
        return self.began_at <= now and (self.until is None or now < self.until)


class BlockList:
    """The blocks in a database. Every method may raise ``StoreError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, block: Block) -> None:
        """Block a caller. Blocks add up: the one that holds longest decides."""
        async with self._database.transaction() as connection:
            await connection.execute(
                insert(blocks).values(
                    agent=block.who.agent,
                    caller=block.who.caller,
                    began_at=block.began_at,
                    until=block.until,
                    reason=block.reason,
                )
            )

    async def of(self, who: CallerKey, now: float) -> Block | None:
        """The block that keeps a caller out at *now*, the one that holds longest; None if none."""
        found = await self._holding(now, blocks.c.agent == who.agent, blocks.c.caller == who.caller)
        return max(found, key=lambda block: block.until or float("inf"), default=None)

    async def count(self, who: CallerKey) -> int:
        """How often a caller was ever blocked and not pardoned: the next term goes by it."""
        async with self._database.transaction() as connection:
            counted = await connection.scalar(
                select(func.count())
                .select_from(blocks)
                .where(
                    blocks.c.agent == who.agent,
                    blocks.c.caller == who.caller,
                    blocks.c.lifted_at.is_(None),
                )
            )
        return int(counted or 0)

    async def holding(self, now: float) -> list[Block]:
        """All blocks that hold at *now*, the latest first."""
        return await self._holding(now)

    async def lift(self, who: CallerKey, now: float) -> int:
        """Pardon a caller: all his blocks end, and count no more; how many held."""
        held = await self._holding(now, blocks.c.agent == who.agent, blocks.c.caller == who.caller)
        async with self._database.transaction() as connection:
            await connection.execute(
                update(blocks)
                .where(
                    blocks.c.agent == who.agent,
                    blocks.c.caller == who.caller,
                    blocks.c.lifted_at.is_(None),
                )
                .values(lifted_at=now)
            )
        return len(held)

    async def _holding(self, now: float, *which: object) -> list[Block]:
        holds = and_(
            blocks.c.lifted_at.is_(None),
            blocks.c.began_at <= now,
            or_(blocks.c.until.is_(None), blocks.c.until > now),
        )
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                select(blocks).where(holds, *which).order_by(blocks.c.began_at.desc())  # type: ignore[arg-type]
            )
            return [
                Block(CallerKey(row.agent, row.caller), row.began_at, row.until, row.reason)
                for row in rows
            ]
