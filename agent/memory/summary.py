"""A rolling summary without a language model: the sentences that say most, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from agent.memory.retrieval import telling_words
from judge.moment import Speaker, Turn

_SENTENCE: Final = re.compile(r"[^.!?]+[.!?]*")
_TELLING: Final = re.compile(
    r"\d|\b[A-Z][a-z]+\b"
)  # numbers and names, not counting the first word
_LONGEST_WORDS: Final = 30


class RollingSummary:
    """Takes turns as they leave the window of recent ones; keeps the telling sentences.

    Args:
        words: How long the summary may become.
    """

    def __init__(self, words: int = 80) -> None:
        self._limit = words
        self._kept: list[tuple[float, str]] = []

    @property
    def text(self) -> str:
        """The summary; empty while there is nothing to say."""
        return " ".join(sentence for _, sentence in self._kept)

    def take(self, turns: Iterable[Turn]) -> None:
        """Take *turns* into the summary; the least telling sentences make room."""
        for turn in turns:
            said_by = "Caller" if turn.speaker is Speaker.CALLER else "Agent"
            for sentence in _SENTENCE.findall(turn.text):
                words = sentence.split()[:_LONGEST_WORDS]
                weight = _weight(" ".join(words))
                if weight > 0:
                    self._kept.append((weight, f"{said_by}: {' '.join(words)}"))
        while sum(len(sentence.split()) for _, sentence in self._kept) > self._limit:
            self._kept.remove(min(self._kept, key=lambda kept: kept[0]))

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def summary_of(turns: Iterable[Turn], words: int = 60) -> str:
    """What a whole call was about."""
    summary = RollingSummary(words)
    summary.take(turns)
    return summary.text


def _weight(sentence: str) -> float:
    """Telling words, numbers and names; a question says less than a statement."""
    told = len(telling_words(sentence)) + 2 * len(_TELLING.findall(sentence[1:]))
    if told < 2:
        return 0.0
    return told * (0.6 if sentence.rstrip().endswith("?") else 1.0) / (4 + len(sentence.split()))
