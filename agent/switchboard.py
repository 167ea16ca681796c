"""Every call that comes in gets a session; all of them end together."""

from __future__ import annotations

import asyncio
import gc
from typing import Final

from loguru import logger

from agent.session import Session
from agent.staff import Staff
from telephony.call import SHUTDOWN, Call

_COLLECT_AFTER_S: Final = 0.5  # when the session's last tasks have let go of it


class Switchboard:
    """Owns the sessions of all live calls."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._closing = False

    def take(self, call: Call) -> None:
        """Begin the session of an offered call; decline it when we are about to leave."""
        if self._closing:
            task = asyncio.create_task(call.decline(SHUTDOWN))
            task.add_done_callback(_log_failure)
            return
        session = Session(call, self._staff)
        task = asyncio.create_task(session.run(), name=f"session {call.info.call_id}")
        self._sessions[task] = session
        task.add_done_callback(self._forget)

    async def close(self) -> None:
        """Say goodbye on every call and wait until all have ended."""
        self._closing = True
        sessions = dict(self._sessions)
        await asyncio.gather(*(session.say_goodbye(SHUTDOWN) for session in sessions.values()))
        if sessions:
            await asyncio.wait(sessions, timeout=1.0)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._sessions.pop(task, None)
        _log_failure(task)
        # A pipeline is full of cycles and holds megabytes that Python does not count, so its
        # collector sees no reason to run. What was there at start is frozen: this takes 10 ms.
        asyncio.get_running_loop().call_later(_COLLECT_AFTER_S, gc.collect)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logger.opt(exception=task.exception()).error(f"{task.get_name()} failed")
