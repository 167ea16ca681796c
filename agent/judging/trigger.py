"""When the judge is asked about what the caller is saying: pure rules.

The published rule of CleanS2S: after a gap of more than half a second at once; otherwise whenever
another second of speech has come. The same words are not judged twice in the same state.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0.05, le=10)]


class TriggerSettings(BaseModel):
    """Times of the caller's audio, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gap_s: Seconds = 0.5
    speech_s: Seconds = 1.0


class JudgeTrigger:
    """Of one call."""

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._judged: tuple[str, bool] = ("", False)
        self._judged_at_s = 0.0

    def turn_began(self) -> None:
        """What was judged before belongs to another turn."""
        self._judged = ("", False)
        self._judged_at_s = 0.0

    def due(self, words: str, *, gap_s: float, speech_s: float) -> bool:
        """Whether *words*, of *speech_s* of speech so far, are to be judged now; counts them as
        judged if so.

        Args:
            words: The caller's in this turn.
            gap_s: Since he fell silent; 0 while he speaks.
            speech_s: Length of his speech in this turn.
        """
        silent = gap_s > self._settings.gap_s
        if not words or self._judged == (words, silent):
            return False
        if not silent and (
            gap_s > 0
            or words == self._judged[0]
            or speech_s - self._judged_at_s < self._settings.speech_s
        ):
            return False
        self._judged = (words, silent)
        self._judged_at_s = speech_s
        return True
