"""Audio from the caller on its way in: a bounded ring between a media thread and the loop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from telephony.audio import FRAME_MS

CAPACITY_MS: Final = 500


class IntakeClosed(Exception):
    """The call has ended and every frame was read."""


class Intake:
    """Frames of 20 ms, written from any thread, read on the event loop.

    It holds at most 500 ms. When the reader falls further behind, the oldest
    frames are dropped and counted: a caller is better heard late by half a
    second than by a growing delay.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._frames: deque[bytes] = deque(maxlen=CAPACITY_MS // FRAME_MS)
        self._arrived = asyncio.Event()
        self._closed = False
        self.dropped_frames = 0

    def put(self, frame: bytes) -> None:
        """Add one frame; never blocks. May be called from any thread."""
        if len(self._frames) == self._frames.maxlen:
            self.dropped_frames += 1
        self._frames.append(frame)
        if not self._closed:
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def read(self) -> bytes:
        """The oldest frame, waiting for one if there is none.

        Raises:
            IntakeClosed: The call has ended.
        """
        while not self._frames:
            if self._closed:
                raise IntakeClosed
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    def close(self) -> None:
        """End the stream; a waiting reader gets :class:`IntakeClosed`."""
        self._closed = True
        self._arrived.set()
