"""Audio to the caller on its way out, and how much of it the caller really heard.

The conversation writes on the event loop; the media stack pulls one frame
every 20 ms from a thread of its own. The ring between them is short, so that
a flush leaves almost nothing in flight and a write takes real time.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Final

from telephony.audio import FRAME_BYTES, FRAME_MS, duration_ms

CAPACITY_FRAMES: Final = 3
"""60 ms: enough to ride out a hiccup of the event loop."""

STALL_S: Final = 0.2
"""No pull for this long means that nobody listens: the call is on hold or not connected yet."""


class Playout:
    """A bounded ring of 20 ms frames toward the caller.

    When nobody pulls (a call on hold), writes go on at the pace of real time
    and the oldest audio is dropped, so that the writer never hangs. While it is
    paused, whoever pulls gets silence and the writer waits: nothing is lost, and
    the caller hears the rest from the very sample at which it broke off.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._frames: deque[bytes] = deque()
        self._rest = b""  # audio short of a whole frame, kept for the next write
        self._room = asyncio.Event()
        self._stalled = False
        self._paused = False
        self._closed = False
        self.heard_ms = 0.0
        self.dropped_ms = 0.0

    async def write(self, pcm: bytes) -> None:
        """Queue *pcm* frame by frame, waiting for room before each."""
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._rest = pcm[whole:]
        for at in range(0, whole, FRAME_BYTES):
            await self._wait_for_room()
            if self._closed:
                return
            with self._lock:
                self._frames.append(pcm[at : at + FRAME_BYTES])

    async def _wait_for_room(self) -> None:
        while not self._closed and len(self._frames) >= CAPACITY_FRAMES:
            self._room.clear()
            if len(self._frames) < CAPACITY_FRAMES:  # pulled just before the event was cleared
                return
            try:
                async with asyncio.timeout(FRAME_MS / 1000 if self._stalled else STALL_S):
                    await self._room.wait()
            except TimeoutError:
                if self._paused:
                    continue
                self._stalled = True
                with self._lock:
                    if self._frames:
                        self._frames.popleft()
                        self.dropped_ms += FRAME_MS

    def pull(self) -> bytes | None:
        """Take the next frame, or None when there is nothing to say. From any thread."""
        self._stalled = False
        with self._lock:
            if self._paused or not self._frames:
                return None
            frame = self._frames.popleft()
            self.heard_ms += FRAME_MS
        if not self._closed:
            self._loop.call_soon_threadsafe(self._room.set)
        return frame

    @property
    def paused(self) -> bool:
        """Whether audio is being held back."""
        return self._paused

    def pause(self) -> None:
        """Hold back what was not pulled yet, until :meth:`resume` or :meth:`flush`.

        Pipecat gives a transport up whose write takes ten seconds: a pause is for the moment in
        which it is decided whether the caller wants to speak.
        """
        self._paused = True

    def resume(self) -> None:
        """Go on where :meth:`pause` broke off."""
        self._paused = False
        self._room.set()  # a writer that waits begins anew to count how long nobody pulls

    def flush(self) -> float:
        """Drop what was not pulled yet, and end a pause; returns its length in milliseconds."""
        with self._lock:
            self._paused = False
            dropped = len(self._frames) * FRAME_MS + duration_ms(self._rest)
            self._frames.clear()
            self._rest = b""
            self.dropped_ms += dropped
        self._room.set()
        return dropped

    def close(self) -> None:
        """The call is over: drop everything and let a waiting writer go."""
        self.flush()
        self._closed = True
        self._room.set()
