"""What a call is: the whole boundary between telephony and conversation.

A :class:`Call` is born ``OFFERED``, may ring, is answered, may be held and
resumed, and ends once, for one :class:`~telephony.endings.Ending`. The
transitions are the table below; an illegal one raises.

Audio crosses in 20 ms frames (:mod:`telephony.audio`): the media stack fills
``intake`` and empties ``playout``, from whatever thread it runs on; the
conversation calls :meth:`Call.read`, :meth:`Call.play` and :meth:`Call.flush`
on the event loop. Events are frozen dataclasses, delivered on the event loop
to every subscriber in the order in which they happened.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from loguru import logger

from telephony.endings import Cause, Ending, Party
from telephony.intake import Intake
from telephony.playout import Playout


class Medium(StrEnum):
    """What carries the call."""

    SIP = "sip"
    WEB = "web"


class CallState(StrEnum):
    """Where a call is in its life."""

    OFFERED = "offered"
    RINGING = "ringing"
    ACTIVE = "active"
    HELD = "held"
    ENDED = "ended"


TRANSITIONS: Final[Mapping[CallState, frozenset[CallState]]] = {
    CallState.OFFERED: frozenset({CallState.RINGING, CallState.ACTIVE, CallState.ENDED}),
    CallState.RINGING: frozenset({CallState.ACTIVE, CallState.ENDED}),
    CallState.ACTIVE: frozenset({CallState.HELD, CallState.ENDED}),
    CallState.HELD: frozenset({CallState.ACTIVE, CallState.ENDED}),
    CallState.ENDED: frozenset(),
}


class IllegalTransition(RuntimeError):
    """A call was asked to go where the table does not lead."""


@dataclass(frozen=True)
class Caller:
    """Who calls, as the network tells it; nothing here is verified.

    ``number`` is set only when the address is a telephone number
    (an optional ``+`` and digits).
    """

    uri: str
    name: str = ""
    number: str | None = None

    def __str__(self) -> str:
        label = self.number or self.uri
        return f"{self.name} <{label}>" if self.name else label


@dataclass(frozen=True)
class CallInfo:
    """What is known of a call from its first message on.

    ``call_id`` is SIP's Call-ID or the peer connection's id; ``dialled`` is the
    address or room that was called; ``via`` names the trunk or listener.
    """

    call_id: str
    medium: Medium
    caller: Caller
    dialled: str
    via: str = ""
    started_at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class StateChanged:
    """The call went from one state to another."""

    old: CallState
    new: CallState


@dataclass(frozen=True)
class DigitPressed:
    """The caller pressed a key (RFC 4733); ``digit`` is one of 0-9, A-D, * and #."""

    digit: str


@dataclass(frozen=True)
class MessageReceived:
    """A JSON message came from the browser."""

    message: Any


CallEvent = StateChanged | DigitPressed | MessageReceived
Subscriber = Callable[[CallEvent], None]


class Call(ABC):
    """One call, whatever carries it. All methods belong to the event loop."""

    def __init__(self, info: CallInfo) -> None:
        self.info = info
        self.intake = Intake()
        self.playout = Playout()
        self._loop = asyncio.get_running_loop()
        self._state = CallState.OFFERED
        self._ending: Ending | None = None
        self._ended = asyncio.Event()
        self._subscribers: list[Subscriber] = []

    @property
    def state(self) -> CallState:
        """Where the call is now."""
        return self._state

    @property
    def ending(self) -> Ending | None:
        """Why the call ended; None while it lives."""
        return self._ending

    def subscribe(self, subscriber: Subscriber) -> None:
        """Deliver every later event to *subscriber*, on the event loop. It must not block."""
        self._subscribers.append(subscriber)

    async def wait_ended(self) -> Ending:
        """Wait for the end of the call and say why it came."""
        await self._ended.wait()
        assert self._ending is not None
        return self._ending

    async def read(self) -> bytes:
        """The next 20 ms of the caller's audio (s16le, 16 kHz, 640 bytes)."""
        return await self.intake.read()

    async def play(self, pcm: bytes) -> bool:
        """Queue agent audio for the caller, waiting until there is room: real time is the pace.

        Returns:
            False once the call has ended; the audio is then discarded.
        """
        if self._state is CallState.ENDED:
            return False
        await self.playout.write(pcm)
        return True

    def flush(self) -> float:
        """Drop the agent audio that the caller has not heard yet.

        Returns:
            How much was dropped, in milliseconds.
        """
        return self.playout.flush()

    def pause(self) -> None:
        """Hold the agent audio back that the caller has not heard yet; nothing is lost."""
        self.playout.pause()

    def resume(self) -> None:
        """Let the caller hear what was held back, from the sample at which it broke off."""
        self.playout.resume()

    @abstractmethod
    async def answer(self) -> None:
        """Accept the call; returns when audio flows both ways or the call has ended."""

    @abstractmethod
    async def decline(self, ending: Ending) -> None:
        """Refuse a call that was not answered yet."""

    @abstractmethod
    async def hang_up(self, ending: Ending) -> None:
        """End the call; does nothing when it has ended already."""

    def send_message(self, message: Any) -> None:  # noqa: B027 (most calls have no screen)
        """Send a JSON message to the caller's screen. Telephones have none: it is dropped."""

    # For the media stacks in telephony.sip and telephony.webrtc.

    def emit(self, event: CallEvent) -> None:
        """Deliver *event* to every subscriber. One that raises is logged; the others still hear."""
        for subscriber in list(self._subscribers):
            try:
                subscriber(event)
            except Exception:  # a broken subscriber must not take the call down
                logger.exception(f"{self.info.call_id}: subscriber failed on {event}")

    def set_state(self, new: CallState) -> None:
        """Go to *new*; the only way in which the state changes.

        Raises:
            IllegalTransition: The table does not lead there.
        """
        old = self._state
        if new is old:
            return
        if new not in TRANSITIONS[old]:
            raise IllegalTransition(f"{self.info.call_id}: {old} -> {new}")
        logger.info(f"call {self.info.call_id}: {old} -> {new}")
        self._state = new
        self.emit(StateChanged(old, new))

    def end(self, ending: Ending) -> None:
        """Record the end of the call. The first reason given is the one that stays."""
        if self._state is CallState.ENDED:
            return
        self._ending = ending
        logger.info(f"call {self.info.call_id}: ended: {ending}")
        self.set_state(CallState.ENDED)
        self.intake.close()
        self.playout.close()
        self._ended.set()


BUSY: Final = Ending(Party.OPERATOR, Cause.BUSY, "no room for another call")
SHUTDOWN: Final = Ending(Party.OPERATOR, Cause.SHUTDOWN, "the agent is going away")
