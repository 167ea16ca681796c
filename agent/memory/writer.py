"""Writing to the store behind the call's back: nobody who speaks ever waits for a disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from loguru import logger

from agent.database.errors import StoreError
from agent.memory.store import MemoryStore

Write = Callable[[MemoryStore], Awaitable[object]]

_WAITING: Final = 5000
"""Writes that wait at most; beyond it the oldest are lost, and how many is said."""
_PATIENCE_S: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_WRITE_S: Final = 10.0


class StoreWriter:
    """Writes one after the other, in the order in which they were put, and waits out failures.

    Owns the store's opening: a store that is down when the program starts is opened when it is up.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._waiting: deque[Write] = deque()
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._lost = 0
        self._down = False
        self._first = asyncio.Event()  # the first try to open has been made
        self._hopeless: StoreError | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self.ready = False

    @property
    def waiting(self) -> int:
        """Writes that are not done yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="memory writer")

    async def opened(self, timeout_s: float) -> bool:
        """Wait until the store is open; False when it did not open within *timeout_s*, as yet.

        Raises:
            StoreError: It never will.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._first.wait()
        except TimeoutError:
            return False
        if self._hopeless:
            raise self._hopeless
        return self.ready

    def put(self, write: Write) -> None:
        """Have *write* done in its turn; returns at once."""
        if len(self._waiting) >= _WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(write)
        self._idle.clear()
        self._more.set()

    def later(self, job: Coroutine[Any, Any, None]) -> None:
        """Do *job*, which may take long and may :meth:`put` something, beside the writing."""
        task = asyncio.create_task(job, name="memory job")
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def settled(self, timeout_s: float) -> bool:
        """Wait until everything is written; False when that took longer than *timeout_s*."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self, timeout_s: float = 2.0) -> None:
        """Write what waits, as far as that goes within *timeout_s*, then let go of the store."""
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=timeout_s)
        for job in list(self._jobs):
            job.cancel()
        if self.waiting and not await self.settled(timeout_s):
            logger.warning(f"memory: {self.waiting} writes were given up at the end")
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._store.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            if self.ready and not self._waiting:
                self._idle.set()
                self._more.clear()
                await self._more.wait()
            try:
                await self._next()
            except (StoreError, TimeoutError) as error:
                self._note_down(error)
                await asyncio.sleep(_PATIENCE_S[min(failures, len(_PATIENCE_S) - 1)])
                failures += 1
            else:
                failures = 0
                self._note_up()

    async def _next(self) -> None:
        if not self.ready:
            try:
                await self._store.open()
                self.ready = True
            except StoreError as error:
                self._hopeless = None if error.retry else error
                raise
            finally:
                self._first.set()
        if not self._waiting:
            return
        write = self._waiting[0]
        try:
            async with asyncio.timeout(_WRITE_S):
                await write(self._store)
        except StoreError as error:
            if error.retry:
                raise
            logger.warning(f"memory: one write is given up: {error}")
        if self._waiting and self._waiting[0] is write:  # else it was pushed out meanwhile
            self._waiting.popleft()

    def _note_down(self, error: Exception) -> None:
        if not self._down:
            reason = str(error) or "it does not answer"
            logger.error(f"memory is for the call only until the store is back: {reason}")
        self._down = True

    def _note_up(self) -> None:
        if self._down:
            lost = f"; {self._lost} writes were lost" if self._lost else ""
            logger.info(f"memory: the store is back{lost}")
            self._lost = 0
        self._down = False
