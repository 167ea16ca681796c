"""A call with no network behind it, for the tests of what stands before the boundary."""

from __future__ import annotations

import asyncio

from telephony.audio import FRAME_MS
from telephony.call import Call, Caller, CallInfo, CallState, Medium
from telephony.endings import Ending


class PlainCall(Call):
    """Answers, declines and ends as it is told."""

    async def answer(self) -> None:
        self.set_state(CallState.ACTIVE)

    async def decline(self, ending: Ending) -> None:
        self.end(ending)

    async def hang_up(self, ending: Ending) -> None:
        self.end(ending)


def offered() -> PlainCall:
    """A call that has just come in."""
    return PlainCall(CallInfo("id", Medium.SIP, Caller("sip:ada@example.com"), "agent"))


async def listen(call: Call, heard: list[bytes]) -> None:
    """Hear the agent in real time, as a telephone does, until cancelled."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        frame = call.playout.pull()
        if frame is not None:
            heard.append(frame)
        due += FRAME_MS / 1000
        await asyncio.sleep(max(0.0, due - loop.time()))
