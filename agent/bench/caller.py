"""A telephone that is not ours: scripted calls over baresip, measured from the caller's end.

The caller hears and speaks through baresip (libre), a SIP stack that shares
nothing with the server's, so what it measures is what a stranger's phone
would have played. How sent and received audio come to lie on one clock is
told in ``line.py``.
"""

import asyncio
import contextlib
import time
from collections import deque
from types import TracebackType
from typing import Literal, Self

from baresip.config import Account, Config
from baresip.errors import BaresipError
from baresip.events import StackEvent
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from agent.bench.phone_call import PhoneCall
from agent.bench.stack_log import UnderrunLog

Codec = Literal["pcmu", "pcma", "g722"]
_CODEC_SPECS: dict[Codec, str] = {"pcmu": "pcmu", "pcma": "pcma", "g722": "g722/16000/1"}
_RATES_HZ: dict[Codec, int] = {"pcmu": 8000, "pcma": 8000, "g722": 16000}
_EVENTS_KEPT = 500


class Caller:
    """The telephone: one SIP stack, several lines.

    One at a time in a process: the stack's state is global. Usage::

        async with Caller() as caller:
            call = await caller.dial("sip:agent@127.0.0.1:5060")
            await call.say(pcm)

    address: the local address to call from; loopback must be named, the stack
        does not find it by itself.
    codec: the only one offered.
    most_calls: simultaneous calls.
    """

    def __init__(
        self, *, address: str = "127.0.0.1", codec: Codec = "pcmu", most_calls: int = 8
    ) -> None:
        self._address = address
        self._codec = codec
        self._most_calls = most_calls
        self._runtime = Runtime()
        self._log = UnderrunLog(self._on_underrun)
        self._agents: dict[str, UserAgent] = {}
        self._calls: dict[int, PhoneCall] = {}
        self._early: deque[tuple[StackEvent, float]] = deque(maxlen=_EVENTS_KEPT)
        self.rate_hz = _RATES_HZ[codec]

    async def __aenter__(self) -> Self:
        self._log.attach(asyncio.get_running_loop())
        await self._runtime.start(
            Config(
                net_interface=self._address,
                max_concurrent_calls=self._most_calls,
                native_log_level="debug",  # the only place that tells of packets held back
                extra_config_text=(
                    f"sip_listen {self._address}:0\n"
                    # What arrives is heard at once: a buffer would be measured as the agent's.
                    "audio_jitter_buffer_type off\n"
                ),
            )
        )
        self._runtime.subscribe(self._on_event)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for call in list(self._calls.values()):
            with contextlib.suppress(BaresipError):
                await call.hang_up()
        try:
            await self._runtime.close()
        finally:
            self._log.detach()

    async def dial(
        self, uri: str, *, caller_id: str = "caller", timeout_s: float = 10.0
    ) -> PhoneCall:
        """Call ``uri`` and wait for the 200. ``caller_id`` is the user part of From.

        Raises:
            CallNotAnswered: refused, or not answered in time.
            BaresipError: the stack would not even send the INVITE.
        """
        agent = await self._agent(caller_id)
        invite_unix_s, invite_s = time.time(), time.monotonic()
        native = await agent.dial(uri)
        call = PhoneCall(native, self.rate_hz, invite_s, invite_unix_s)
        self._calls[native.handle] = call
        # An answer may have come before the stack's reply to our own command.
        for event, at_s in self._early:
            if event.call == native.handle:
                call.on_event(event.event, event.text, at_s)
        try:
            await call.wait_answered(timeout_s)
        finally:
            if call.is_over:
                self._calls.pop(native.handle, None)
        return call

    async def _agent(self, caller_id: str) -> UserAgent:
        if caller_id not in self._agents:
            account = Account(
                user=caller_id,
                domain=self._address,
                password="",
                reg_interval=0,
                audio_codecs=(_CODEC_SPECS[self._codec],),
            )
            self._agents[caller_id] = await UserAgent.create(self._runtime, account)
        return self._agents[caller_id]

    def _on_underrun(self, total: int) -> None:
        """A call's transmit thread found nothing to send, for the ``total``-th time in that call.

        The stack does not say which call. With several at once it is one of
        those that have come so far, usually the only one.
        """
        for call in self._calls.values():
            if call.line.held_back == total - 1:
                call.line.hold_back()
                return

    def _on_event(self, event: StackEvent) -> None:
        at_s = time.monotonic()
        if not event.call:
            return
        call = self._calls.get(event.call)
        if call is None:
            self._early.append((event, at_s))
        else:
            call.on_event(event.event, event.text, at_s)
            if call.is_over:
                del self._calls[event.call]
