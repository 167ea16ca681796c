"""What happens in a call, as data: for the log, the screen and the demo."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

EventType = Literal[
    "declined",
    "call_started",
    "call_ended",
    "caller",
    "agent",
    "interrupted",
    "held",
    "resumed",
    "forgotten",
    "judged",
    "reply_latency",
    "digit",
    "provider_error",
]


@dataclass(frozen=True)
class SessionEvent:
    """One thing that happened in a call.

    ``t`` is Unix time in seconds; ``text`` what was said (or why the call
    ended); ``final`` is false for a text that may still change; ``ms`` belongs
    to ``reply_latency`` and ``judged``; ``detail`` is what else there is to ``judged``.
    """

    call: str
    type: EventType
    text: str = ""
    final: bool = True
    ms: float | None = None
    detail: Mapping[str, Any] | None = None
    t: float = field(default_factory=time.time)


EventSink = Callable[[SessionEvent], None]


class EventFile:
    """Writes events to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8", buffering=1)

    def __call__(self, event: SessionEvent) -> None:
        """Write one event."""
        values = {key: value for key, value in asdict(event).items() if value is not None}
        self._file.write(json.dumps(values, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
