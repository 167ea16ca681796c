"""Who has the floor: one explicit machine, whose every transition is a row of a table.

Transitions are caused by something that was heard, judged or said, and are handed to a listener
with their cause, so that a log shows why the agent did what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FloorState(StrEnum):
    """What the agent is doing."""

    LISTENING = "listening"
    PROCESSING = "processing"  # the caller's turn is over, the reply is being made
    SPEAKING = "speaking"
    HELD = "held"  # it was speaking, and holds back until it knows what the caller wants


class FloorEvent(StrEnum):
    """What moves the floor."""

    TURN_ENDED = "turn_ended"  # a reply is due
    NOTHING_TO_SAY = "nothing_to_say"  # the judge, or an error: no reply comes
    AGENT_AUDIBLE = "agent_audible"  # the first sound of a reply, a greeting, a cut-in
    AGENT_DONE = "agent_done"  # the last sound was heard
    CALLER_ONSET = "caller_onset"  # a sound while the agent speaks
    GO_ON = "go_on"  # it was a backchannel or a noise
    CALLER_TOOK_OVER = "caller_took_over"  # an interruption


TRANSITIONS: Final[Mapping[tuple[FloorState, FloorEvent], FloorState]] = {
    (FloorState.LISTENING, FloorEvent.TURN_ENDED): FloorState.PROCESSING,
    (FloorState.LISTENING, FloorEvent.AGENT_AUDIBLE): FloorState.SPEAKING,
    (FloorState.PROCESSING, FloorEvent.AGENT_AUDIBLE): FloorState.SPEAKING,
    (FloorState.PROCESSING, FloorEvent.NOTHING_TO_SAY): FloorState.LISTENING,
    (FloorState.PROCESSING, FloorEvent.CALLER_TOOK_OVER): FloorState.LISTENING,
    (FloorState.PROCESSING, FloorEvent.TURN_ENDED): FloorState.PROCESSING,
    (FloorState.SPEAKING, FloorEvent.AGENT_DONE): FloorState.LISTENING,
    (FloorState.SPEAKING, FloorEvent.CALLER_ONSET): FloorState.HELD,
    (FloorState.SPEAKING, FloorEvent.CALLER_TOOK_OVER): FloorState.LISTENING,
    (FloorState.HELD, FloorEvent.GO_ON): FloorState.SPEAKING,
    (FloorState.HELD, FloorEvent.CALLER_TOOK_OVER): FloorState.LISTENING,
    (FloorState.HELD, FloorEvent.AGENT_DONE): FloorState.LISTENING,
}


class IllegalMove(RuntimeError):
    """The floor was asked to go where the table does not lead."""


@dataclass(frozen=True, slots=True)
class Move:
    """A transition. ``cause`` says in words what was judged, heard or said."""

    old: FloorState
    new: FloorState
    event: FloorEvent
    cause: str
    at_s: float


class Floor:
    """The machine of one call.

    Args:
        moved: Told of every transition.
        clock_s: Time on the call's audio clock, in seconds.
    """

    def __init__(self, moved: Callable[[Move], None], clock_s: Callable[[], float]) -> None:
        self._moved = moved
        self._clock_s = clock_s
        self._state = FloorState.LISTENING
        self._since_s = 0.0

    @property
    def state(self) -> FloorState:
        """What the agent is doing now."""
        return self._state

    @property
    def since_s(self) -> float:
        """When it began to do so, on the call's audio clock."""
        return self._since_s

    def takes(self, event: FloorEvent) -> bool:
        """Whether *event* leads anywhere from here."""
        return (self._state, event) in TRANSITIONS

    def move(self, event: FloorEvent, cause: str) -> None:
        """Go where *event* leads.

        Raises:
            IllegalMove: It leads nowhere from here.
        """
        new = TRANSITIONS.get((self._state, event))
        if new is None:
            raise IllegalMove(f"{event} while {self._state} ({cause})")
        old, self._state, self._since_s = self._state, new, self._clock_s()
        self._moved(Move(old, new, event, cause, self._since_s))
