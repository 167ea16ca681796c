"""Whether the agent yields to a caller who speaks while it speaks: pure rules.

At the caller's onset the agent's audio is held back at once, which costs nothing if it turns out
to be a cough. What follows is decided here, moment by moment: a real interruption takes the floor,
and a backchannel, a noise or a word to somebody else lets the same sentence go on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from judge.judgement import Action

Seconds = Annotated[float, Field(ge=0.05, le=5)]


class Verdict(StrEnum):
    """What becomes of the sentence that is held back."""

    WAIT = "wait"
    RESUME = "resume"
    YIELD = "yield"


class YieldingSettings(BaseModel):
    """How long may be thought about it, in seconds since the caller's onset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decide_s: Seconds = 0.6  # words that nobody has judged by then are an interruption
    longest_s: Seconds = 1.2  # sound without telling words that goes on this long is speech
    quiet_s: Seconds = 0.2  # a sound without words that is followed by this much quiet was a noise


@dataclass(frozen=True, slots=True)
class Onset:
    """What is known of a caller who has begun to speak over the agent.

    Attributes:
        since_s: Time since the onset.
        speaking: Whether he is heard at this moment.
        quiet_s: How long he has been quiet; 0 while he speaks.
        words: What was recognised so far.
        closed: The recogniser has closed its words and more will not come.
        judged: What the judge made of these words; None while it has not said.
    """

    since_s: float
    speaking: bool
    quiet_s: float = 0.0
    words: str = ""
    closed: bool = False
    judged: Action | None = None


# Said to a speaker to keep him speaking (Yngve, 1970).
_BACKCHANNELS: Final = frozenset(
    """
    mhm mm mmm hm hmm uh-huh uhuh aha ah oh ooh yeah yep yes yup right okay ok sure good great
    nice really indeed exactly absolutely fine wow cool gotcha
    i see of course got it go on all
    """.split()
)
_MOST: Final = 4  # words of a backchannel
_CLAIM: Final = re.compile(
    r"^(?:(?:uh|um|er|oh|yeah|yes|okay|ok|right|well|and) )*"
    r"(?:wait|stop|hold on|hang on|one moment|just a|sorry|excuse me|pardon|no|nope|but|actually|"
    r"listen|hello|hey|let me|can i|could i|i (?:said|asked|meant|don't|do not|want|need|have))\b"
)
_WORD: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def is_backchannel(words: str) -> bool:
    """Whether *words* are nothing but what listeners say to a speaker."""
    said = _WORD.findall(words.lower().replace("’", "'"))
    return 0 < len(said) <= _MOST and all(word in _BACKCHANNELS for word in said)


def claims_the_floor(words: str) -> bool:
    """Whether *words* begin as people begin who want to speak: "wait", "no", "excuse me"."""
    said = " ".join(_WORD.findall(words.lower().replace("’", "'")))
    return _CLAIM.search(said) is not None


def verdict(onset: Onset, settings: YieldingSettings) -> Verdict:
    """What is to become of the sentence that is held back."""
    if claims_the_floor(onset.words):
        return Verdict.YIELD
    if not onset.words:
        return _without_words(onset, settings)
    if is_backchannel(onset.words):
        if not onset.speaking:
            return Verdict.RESUME
        return Verdict.YIELD if onset.since_s >= settings.longest_s else Verdict.WAIT
    if onset.judged is not None:
        return Verdict.RESUME if onset.judged is Action.SILENCE else Verdict.YIELD
    return Verdict.YIELD if onset.since_s >= settings.decide_s else Verdict.WAIT


def _without_words(onset: Onset, settings: YieldingSettings) -> Verdict:
    if onset.speaking:
        return Verdict.YIELD if onset.since_s >= settings.longest_s else Verdict.WAIT
    # A recogniser that is still at work may yet find words in what was said.
    if onset.closed or onset.since_s >= settings.decide_s:
        return Verdict.RESUME if onset.quiet_s >= settings.quiet_s else Verdict.WAIT
    return Verdict.WAIT
