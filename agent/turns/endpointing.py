"""How long to wait in silence before the caller's turn is over: a table, and nothing else.

Two judges are asked, one for intonation (smart-turn) and one for words. When
they agree, the wait is short; when they disagree, longer; when both hear an
unfinished utterance, longest. Silence is counted on the audio's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.turns.completeness import Completeness

Silence = Annotated[float, Field(ge=0.05, le=10)]


class EndpointingSettings(BaseModel):
    """Silence since the last speech after which the turn ends, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sure_s: Silence = 0.24  # both judges say finished
    likely_s: Silence = 0.5  # one says finished, the other does not know
    torn_s: Silence = 0.85  # the judges disagree
    unfinished_s: Silence = 1.5  # both hear more to come
    no_words_s: Silence = 1.2  # speech was heard, no words were recognised
    finished_above: Annotated[float, Field(gt=0, lt=1)] = 0.5  # smart-turn's threshold


_WAIT: Final[Mapping[tuple[bool, Completeness], str]] = {
    (True, Completeness.COMPLETE): "sure_s",
    (True, Completeness.UNKNOWN): "likely_s",
    (True, Completeness.INCOMPLETE): "torn_s",
    (False, Completeness.COMPLETE): "likely_s",
    (False, Completeness.UNKNOWN): "torn_s",
    (False, Completeness.INCOMPLETE): "unfinished_s",
}


def required_silence_s(
    intonation: float | None, words: Completeness, settings: EndpointingSettings
) -> float:
    """The silence to wait for, in seconds.

    Args:
        intonation: Smart-turn's probability that the turn is finished; None while unknown.
        words: What the words say.
        settings: The waits.
    """
    finished = intonation is not None and intonation >= settings.finished_above
    return float(getattr(settings, _WAIT[finished, words]))
