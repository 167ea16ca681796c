"""The one thread that PJSIP lives on.

pjsua2 may be called only from threads it knows. So a single thread owns the
library, polls it for events and runs the commands that the event loop sends;
results and events go back with ``call_soon_threadsafe``. Data crosses here,
nothing else does.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from loguru import logger

T = TypeVar("T")

POLL_MS = 10
"""Longest wait for a network event; a command waits at most as long."""


class SipThreadGone(RuntimeError):
    """A command came after the SIP thread had ended."""


class SipThread:
    """Runs functions on the SIP thread, and *poll* between them.

    Args:
        poll: Handles the library's events, waiting at most the given milliseconds.
    """

    def __init__(self, poll: Callable[[int], None]) -> None:
        self._poll = poll
        self._polling = False
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, name="sip", daemon=True)

    def start(self) -> None:
        """Start the thread. It polls only once :meth:`begin_polling` was called on it."""
        self._thread.start()

    def begin_polling(self) -> None:
        """From now on handle events between commands. On the SIP thread."""
        self._polling = True

    def end_polling(self) -> None:
        """Handle no more events: the library is about to go. On the SIP thread."""
        self._polling = False

    def post(self, command: Callable[[], None]) -> None:
        """Run *command* on the SIP thread, soon; from any thread. What it raises is logged."""
        self._commands.put(command)

    async def run(self, command: Callable[[], T]) -> T:
        """Run *command* on the SIP thread and return what it returns or raise what it raises."""
        if not self._thread.is_alive():
            raise SipThreadGone("the SIP endpoint is not running")
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def settle(method: Callable[[Any], None], value: Any) -> None:
            if not outcome.done():
                method(value)

        def execute() -> None:
            try:
                result = command()
            except Exception as error:  # carried to the caller of run()
                # Without its frames: they hold PJSIP's objects, which must not die over there.
                bare = error.with_traceback(None)
                loop.call_soon_threadsafe(settle, outcome.set_exception, bare)
            else:
                loop.call_soon_threadsafe(settle, outcome.set_result, result)

        self._commands.put(execute)
        return await outcome

    async def stop(self) -> None:
        """End the thread after the commands that are already queued."""
        self._commands.put(None)
        await asyncio.to_thread(self._thread.join, 5)

    def _main(self) -> None:
        while True:
            try:
                command = self._commands.get_nowait() if self._polling else self._commands.get()
            except queue.Empty:
                self._poll(POLL_MS)
                continue
            if command is None:
                return
            try:
                command()
            except Exception:  # a posted command has nobody else to tell
                logger.exception("in a command on the SIP thread")
