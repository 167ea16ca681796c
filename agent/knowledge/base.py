"""Finding the entry that a caller's words come closest to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.knowledge.embedding import Floats, SentenceEmbedder
from agent.profiles import Entry, EntryKind

# Chosen on the dev questions of tests/unit/knowledge/hotel_questions.tsv. On the first
# of them, where a tenth of the foreign questions got an answer, wordings alone knew 72 %
# of the others; with the answer's own text it was 87 %, and with foreign questions 90 %.
_ANSWER_SHARE: Final = 0.3
_FOREIGN_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Match:
    """An entry, and how close a text comes to it: at most 1, 0 or less for the unrelated."""

    entry: Entry
    score: float


class KnowledgeBase:
    """All wordings of all entries as vectors, searched exhaustively.

    A profile has hundreds of wordings, not millions: one matrix product ranks them
    all in microseconds, so there is no index and nothing is kept on disk. Immutable
    once built, so threads may share one.

    A score is made of cosines. An entry is as close as the mean of its closest
    wording and of its two closest, so that two similar wordings count for more than
    one; for questions, the answer's own text has a share in it, for it names things
    that the wordings leave out. What the text has in common with the closest of the
    foreign questions is taken off all entries alike.
    """

    def __init__(
        self, entries: Sequence[Entry], embedder: SentenceEmbedder, foreign: Sequence[str] = ()
    ) -> None:
        """Embed every wording, answer and foreign question; blocks for about 5 ms for each."""
        self._entries = tuple(entries)
        self._embedder = embedder
        wordings = [(entry.question, *entry.paraphrases) for entry in self._entries]
        answers = [entry.answer or entry.question for entry in self._entries]
        texts = [wording for group in wordings for wording in group]
        # One call, so that texts of equal length are computed together.
        vectors = embedder.embed([*texts, *answers, *foreign])
        self._wordings, self._answers, self._foreign = np.split(
            vectors, [len(texts), len(texts) + len(answers)]
        )
        self._rows = _rows_of([len(group) for group in wordings])
        self._answer_shares = np.array(
            [_ANSWER_SHARE * (entry.kind is EntryKind.QUESTION) for entry in self._entries],
            dtype=np.float32,
        )

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries, in the order in which they were given."""
        return self._entries

    def search(self, text: str, k: int) -> list[Match]:
        """Return the `k` entries closest to `text`, closest first; blocks for about 11 ms."""
        return self.search_all([text], k)[0]

    def search_all(self, texts: Sequence[str], k: int) -> list[list[Match]]:
        """Return for each text what `search` returns; cheaper than one search for each."""
        return [self._closest(vector, k) for vector in self._embedder.embed(texts)]

    def _closest(self, vector: Floats, k: int) -> list[Match]:
        scores = self._scores(vector)
        return [
            Match(self._entries[index], float(scores[index])) for index in np.argsort(-scores)[:k]
        ]

    def _scores(self, vector: Floats) -> Floats:
        """Map a text's vector (WIDTH,) to the scores of all entries (entries,)."""
        cosines = np.append(self._wordings @ vector, np.float32(-1))  # the last one is padding
        second, first = np.partition(cosines[self._rows], -2, axis=1)[:, -2:].T
        wording = np.float32(0.75) * first + np.float32(0.25) * second
        answer = self._answers @ vector
        scores: Floats = wording + self._answer_shares * (answer - wording)
        if len(self._foreign):
            scores -= np.float32(_FOREIGN_SHARE) * max(0.0, float((self._foreign @ vector).max()))
        return scores


def _rows_of(counts: Sequence[int]) -> NDArray[np.intp]:
    """Lay out which wordings belong to which entry: (entries, most wordings of one).

    Short rows end with the number after the last wording's, which is padding. An
    entry's only wording stands twice, so that its two closest are the same.
    """
    padding = sum(counts)
    rows = np.full((len(counts), max([2, *counts])), padding, dtype=np.intp)
    first = 0
    for row, count in zip(rows, counts, strict=True):
        row[:2] = first
        row[:count] = np.arange(first, first + count)
        first += count
    return rows
