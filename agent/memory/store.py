"""Where memory is kept between calls."""

from __future__ import annotations

from typing import Any, Protocol

from agent.memory.identity import CallerKey
from agent.memory.records import (
    CallRecord,
    Fact,
    KnownCaller,
    Past,
    Snippet,
    TurnRecord,
    Vector,
)


class MemoryStore(Protocol):
    """A store of calls, turns and facts. Every method may raise
    :class:`~agent.database.errors.StoreError`.

    Writes may be repeated after a failure whose outcome is unknown: a call, a turn and a fact are
    kept once, however often they are written.
    """

    async def open(self) -> None:
        """Connect, and bring the tables to this version."""

    async def close(self) -> None:
        """Let go. A closed store may be opened again."""

    async def begin_call(self, call: CallRecord) -> None:
        """Note that *call* has begun."""

    async def end_call(self, call: str, ended_at: float, summary: str) -> None:
        """Note the end of *call* and what it was about."""

    async def add_turn(self, turn: TurnRecord) -> None:
        """Keep a turn of a call that has begun."""

    async def add_fact(self, who: CallerKey, fact: Fact) -> None:
        """Keep a fact; an older one in its slot is superseded from ``fact.at`` on."""

    async def forget_turns(self, call: str, positions: tuple[int, ...]) -> None:
        """Take turns out of memory, and the facts that came from them."""

    async def past(self, who: CallerKey, *, calls: int = 3, facts: int = 50) -> Past:
        """The last *calls* calls of a caller, and up to *facts* facts that hold."""

    async def search(
        self, who: CallerKey, words: str, vector: Vector | None, *, before: str, limit: int = 5
    ) -> list[Snippet]:
        """Turns of the caller's other calls that bear on *words*, the closest first.

        Args:
            who: Whose turns.
            words: What is being said, searched for as text.
            vector: The same as a vector, searched for by meaning; None where there is none.
            before: The present call, of which nothing is returned.
            limit: How many at most.
        """

    async def callers(self) -> list[KnownCaller]:
        """Everybody who is remembered, the latest caller first."""

    async def export(self, who: CallerKey) -> dict[str, Any]:
        """All that is kept of a caller, ready for JSON, superseded facts included."""

    async def erase(self, who: CallerKey) -> int:
        """Forget a caller altogether; how many calls were forgotten."""

    async def prune(self, before: float) -> int:
        """Forget calls that began before a time, and callers of whom nothing is left."""
