"""What the agent said, in its own words: read from the events a server writes."""

import json
from collections import deque
from dataclasses import dataclass
from pathlib import Path

_EVENTS_KEPT = 2000


@dataclass(frozen=True)
class Words:
    """A text of the agent's, and when the server noted it (Unix seconds)."""

    at_unix_s: float
    text: str


class AgentWords:
    """Follows a file of JSON lines; a missing file, or a broken line, is no words.

    Oldest words are dropped beyond 2,000.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read_bytes = 0
        self._words: deque[Words] = deque(maxlen=_EVENTS_KEPT)

    def between(self, start_unix_s: float, end_unix_s: float) -> str:
        """Everything noted from ``start_unix_s`` up to ``end_unix_s``, in one string."""
        self._follow()
        return " ".join(
            words.text for words in self._words if start_unix_s <= words.at_unix_s < end_unix_s
        )

    def _follow(self) -> None:
        if self._path is None or not self._path.exists():
            return
        with self._path.open("rb") as events:
            events.seek(self._read_bytes)
            fresh = events.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]  # the last line may still be being written
        self._read_bytes += len(whole)
        for line in whole.splitlines():
            words = _words_in(line)
            if words is not None:
                self._words.append(words)


def _words_in(line: bytes) -> Words | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("type") != "agent":
        return None
    at_unix_s, text = event.get("t"), event.get("text")
    if not isinstance(at_unix_s, int | float) or not isinstance(text, str):
        return None
    if not text.strip() or event.get("final") is False:
        return None
    return Words(float(at_unix_s), text.strip())
