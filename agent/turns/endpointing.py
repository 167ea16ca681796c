"""How long to wait in silence before the caller's turn is over: a table, and nothing else.

Two judges are asked, one for intonation (smart-turn) and one for words. When
they agree, the wait is short; when they disagree, longer; when both hear an
unfinished utterance, longest. A wait is either short enough to feel prompt or
longer than the 0.7 s for which people pause in mid-sentence: what lies between
would be neither. Silence is counted on the audio's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.turns.completeness import Completeness

Silence = Annotated[float, Field(ge=0.05, le=10)]
Probability = Annotated[float, Field(gt=0, lt=1)]


class Intonation(StrEnum):
    """What smart-turn's probability amounts to."""

    FINISHED = "finished"
    PERHAPS = "perhaps"
    OPEN = "open"
    GOING_ON = "going_on"


class EndpointingSettings(BaseModel):
    """Silence since the last speech after which the turn ends, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sure_s: Silence = 0.24  # both judges say finished
    likely_s: Silence = 0.35  # one says finished, the other does not contradict
    pause_s: Silence = 0.72  # one contradicts the other: as long as people pause, and a little more
    torn_s: Silence = 1.0  # the judges do not know: longer than people pause
    unfinished_s: Silence = 1.5  # both hear more to come
    no_words_s: Silence = 1.2  # speech was heard, no words were recognised
    final_text_s: Silence = 3.0  # the recogniser's last words are still on their way
    open_above: Probability = 0.03
    perhaps_above: Probability = 0.5  # smart-turn's probability that the turn is over
    finished_above: Probability = 0.85


_WAIT: Final[Mapping[Completeness, Mapping[Intonation, str]]] = {
    Completeness.COMPLETE: {
        Intonation.FINISHED: "sure_s",
        Intonation.PERHAPS: "sure_s",
        Intonation.OPEN: "likely_s",
        Intonation.GOING_ON: "pause_s",
    },
    Completeness.UNKNOWN: {
        Intonation.FINISHED: "pause_s",
        Intonation.PERHAPS: "torn_s",
        Intonation.OPEN: "torn_s",
        Intonation.GOING_ON: "torn_s",
    },
    Completeness.TRAILING: {
        Intonation.FINISHED: "torn_s",
        Intonation.PERHAPS: "torn_s",
        Intonation.OPEN: "torn_s",
        Intonation.GOING_ON: "torn_s",
    },
    Completeness.INCOMPLETE: {
        Intonation.FINISHED: "torn_s",
        Intonation.PERHAPS: "unfinished_s",
        Intonation.OPEN: "unfinished_s",
        Intonation.GOING_ON: "unfinished_s",
    },
}


def required_silence_s(
    probability: float | None, words: Completeness, settings: EndpointingSettings
) -> float:
    """The silence to wait for, in seconds.

    Args:
        probability: Smart-turn's, that the turn is over; None while unknown.
        words: What the words say.
        settings: The waits.
    """
    return float(getattr(settings, _WAIT[words][_intonation(probability, settings)]))


def _intonation(probability: float | None, settings: EndpointingSettings) -> Intonation:
    if probability is None:
        return Intonation.OPEN
    if probability < settings.open_above:
        return Intonation.GOING_ON
    if probability < settings.perhaps_above:
        return Intonation.OPEN
    if probability < settings.finished_above:
        return Intonation.PERHAPS
    return Intonation.FINISHED
