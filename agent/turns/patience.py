"""How long silence may last before the agent speaks up, and what it then does: pure rules.

Dead air on a telephone reads as a dropped call. A caller who has asked for a moment gets one; any
other is asked gently, asked again, and then told goodbye. Silence is counted in audio.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=1, le=600)]


class PatienceSettings(BaseModel):
    """Silence of both sides, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_s: Seconds = 8.0  # before the first gentle question
    second_s: Seconds = 10.0  # from it to the second
    goodbye_s: Seconds = 12.0  # from the second to the goodbye
    granted_s: Seconds = 30.0  # what "one moment please" buys


class Prompt(StrEnum):
    """What the agent says into the silence."""

    FIRST = "first"
    SECOND = "second"
    GOODBYE = "goodbye"


class Patience:
    """The silence of one call."""

    def __init__(self, settings: PatienceSettings) -> None:
        self._settings = settings
        self._silent_s = 0.0
        self._granted = False
        self._asked: list[Prompt] = []

    def caller_spoke(self) -> None:
        """The caller says something: all patience is new."""
        self._silent_s = 0.0
        self._granted = False
        self._asked.clear()

    def caller_asked_for_a_moment(self) -> None:
        """He wants to be left alone for a while; to be told after :meth:`caller_spoke`."""
        self._silent_s = 0.0
        self._granted = True

    def agent_spoke(self) -> None:
        """The agent says something: silence begins again, after its own prompts too."""
        self._silent_s = 0.0

    def silence(self, length_s: float) -> Prompt | None:
        """Both were silent for *length_s* more; what is to be said now, if anything."""
        self._silent_s += length_s
        if self._silent_s < self._due_s():
            return None
        self._silent_s = 0.0
        self._granted = False
        prompt = (Prompt.FIRST, Prompt.SECOND, Prompt.GOODBYE)[min(len(self._asked), 2)]
        self._asked.append(prompt)
        return prompt

    def _due_s(self) -> float:
        if self._granted:
            return self._settings.granted_s
        waits = (self._settings.first_s, self._settings.second_s, self._settings.goodbye_s)
        return waits[min(len(self._asked), 2)]
