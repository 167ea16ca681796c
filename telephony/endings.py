"""Why a call ended and whose doing it was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """Who brought the call to its end."""

    CALLER = "caller"
    AGENT = "agent"
    NETWORK = "network"
    OPERATOR = "operator"


class Cause(StrEnum):
    """What ended the call."""

    HUNG_UP = "hung_up"
    CANCELLED = "cancelled"  # the caller gave up before the call was answered
    BUSY = "busy"  # declined: no room for another call
    DECLINED = "declined"
    MEDIA_TIMEOUT = "media_timeout"  # no audio arrived for too long
    CONNECTION_LOST = "connection_lost"
    SHUTDOWN = "shutdown"
    FAILED = "failed"  # a fault on our side


@dataclass(frozen=True)
class Ending:
    """The end of one call.

    ``detail`` is for people: a SIP status line, an exception's words.
    """

    party: Party
    cause: Cause
    detail: str = ""

    def __str__(self) -> str:
        words = f"{self.cause.value} by {self.party.value}"
        return f"{words} ({self.detail})" if self.detail else words
