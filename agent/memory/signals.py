"""Temporal signals of a call, counted in the caller's own audio.

The clock is the audio that has arrived: a stalled event loop or a burst of late packets moves no
pause and no length of speech.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from judge.moment import Signals

_WORD: Final = re.compile(r"\w+")
_RATE_FROM_S: Final = 1.0  # speech shorter than this says nothing of a speaking rate


class TemporalSignals:
    """Follows caller and agent through a call, frame by frame.

    Args:
        since_last_call_s: Since this caller's last call; None when there was none.
        now: Local time when the call began, where the agent is.
    """

    def __init__(self, since_last_call_s: float | None, now: datetime) -> None:
        self._since_last_call_s = since_last_call_s
        self._began_hour = now.hour + now.minute / 60 + now.second / 3600
        self._clock_s = 0.0
        self._caller_speaks = False
        self._agent_speaks = False
        self._spoke_until_s: float | None = None
        self._began_s = 0.0  # the caller's current speech, pauses inside a turn included
        self._overlap_s = 0.0

    @property
    def clock_s(self) -> float:
        """Audio that has arrived since the call began, in seconds."""
        return self._clock_s

    def audio(self, length_s: float) -> None:
        """The caller's next *length_s* of audio has arrived, speech or not."""
        self._clock_s += length_s
        if self._caller_speaks and self._agent_speaks:
            self._overlap_s += length_s
        else:
            self._overlap_s = 0.0

    def turn_began(self) -> None:
        """The caller's turn begins with what he says next, or is saying now."""
        self._began_s = self._clock_s

    def caller_started(self, noticed_after_s: float) -> None:
        """The caller speaks, and has done so for *noticed_after_s* before it was noticed."""
        self._caller_speaks = True
        if self._agent_speaks:
            self._overlap_s = noticed_after_s

    def caller_stopped(self, noticed_after_s: float) -> None:
        """The caller is quiet, and has been so for *noticed_after_s* before it was noticed."""
        self._caller_speaks = False
        self._spoke_until_s = self._clock_s - noticed_after_s

    def agent_started(self) -> None:
        """The agent can be heard."""
        self._agent_speaks = True

    def agent_stopped(self) -> None:
        """The agent can no longer be heard."""
        self._agent_speaks = False

    def signals(self, words: str = "") -> Signals:
        """The signals at this moment, *words* being what the caller has said in his turn."""
        until_s = self._spoke_until_s
        gap_s = 0.0 if self._caller_speaks or until_s is None else self._clock_s - until_s
        spoke_to_s = self._clock_s if self._caller_speaks else until_s
        speech_s = 0.0 if spoke_to_s is None else max(0.0, spoke_to_s - self._began_s)
        count = len(_WORD.findall(words))
        return Signals(
            gap_s=gap_s,
            speech_s=speech_s,
            words_per_s=count / speech_s if count and speech_s >= _RATE_FROM_S else None,
            overlap_s=self._overlap_s,
            in_call_s=self._clock_s,
            local_hour=(self._began_hour + self._clock_s / 3600) % 24,
            since_last_call_s=self._since_last_call_s,
        )
