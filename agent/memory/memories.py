"""The memory of all calls of an agent: opened with the program, closed with it."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from agent.config import MemoryGroup
from agent.database.database import Database
from agent.knowledge.embedding import SentenceEmbedder
from agent.memory.call_memory import CallMemory, MemoryParts
from agent.memory.facts import WordedFacts
from agent.memory.identity import CallerKey, key_of
from agent.memory.note_taker import NoteTaker
from agent.memory.sql_store import SqlStore
from agent.memory.writer import StoreWriter, Write
from telephony.call import CallInfo

_DAY_S: Final = 86_400.0
_OPENING_S: Final = 2.0
_AFTER_S: Final = 0.8


class Memories:
    """Gives every call its memory.

    Args:
        database: Where it is kept.
        settings: For how long, and whose national numbers are understood.
        embedder: Makes vectors to search by meaning.
        agent: The profile's name: memories of different agents never meet.
        taker: A language model that takes notes; wordings and extracts without one.
    """

    def __init__(
        self,
        database: Database,
        settings: MemoryGroup,
        embedder: SentenceEmbedder,
        agent: str,
        taker: NoteTaker | None = None,
    ) -> None:
        self._settings = settings
        self._agent = agent
        self._finder = WordedFacts()
        store = SqlStore(database)
        self._parts = MemoryParts(
            store,
            StoreWriter(store),
            taker or self._finder,
            lambda text: embedder.embed([text])[0],
            after_s=_AFTER_S,
            summarise=taker.summarise if taker else None,
        )
        self._pruning: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin; a store that is down is waited for beside the calls.

        Raises:
            StoreError: The store will never do.
        """
        self._parts.writer.start()
        await self._parts.writer.opened(_OPENING_S)
        if self._settings.retention_days:
            self._pruning = asyncio.create_task(self._prune(), name="memory retention")

    async def close(self) -> None:
        """Write what waits, and let go."""
        if self._pruning:
            self._pruning.cancel()
        await self._parts.writer.close()

    def key_of(self, info: CallInfo) -> CallerKey | None:
        """Who calls, as memory knows him; None where he withholds it."""
        return key_of(info, self._agent, self._settings.region)

    def of(self, info: CallInfo) -> CallMemory:
        """The memory of one call."""
        parts = self._parts if self._settings.enabled else None
        return CallMemory(parts, self.key_of(info), info.call_id, info.medium.value, self._finder)

    async def _prune(self) -> None:
        while True:
            self._parts.writer.put(_pruned(time.time() - self._settings.retention_days * _DAY_S))
            await asyncio.sleep(_DAY_S)


def _pruned(before: float) -> Write:
    return lambda store: store.prune(before)
