"""Recorded talk: timed words joined into utterances, and who held the floor when.

The labels come from what the people did: where somebody really cut in, how long a pause really
was, who really spoke next (CleanS2S, arXiv 2506.01268, section on training the judgement). One
speaker at a time plays the caller; all others together play the agent.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal

from judge.data.example import Example, Split, Stream
from judge.judgement import Action, Situation
from judge.moment import Memory, Moment, Signals, Speaker, Turn

JOIN_S: Final = 1.0
"""Stretches of one speaker that lie closer are one utterance, if he keeps the floor."""

PAUSE_S: Final = 0.5
"""A gap that the judge is asked about: the published trigger."""

TAKEN_UP_S: Final = 2.0
"""Whoever speaks within this time of an utterance's end takes it up."""

EARLY_S: Final = -0.5
"""He may begin this much before its end: people answer into the last word."""

_KEEPS_GOING_S: Final = 0.3  # below it, others who speak at the same time do not part an utterance
_CONTEXT_WORDS: Final = 50

Gaps = Literal["real", "asked"]
"""What a finished moment has for a gap: the whole silence that followed in the recording, or
one drawn from the same 0.5 to 1.2 s for every kind, as when the judge is asked on the line."""


class Weight(StrEnum):
    """What a stretch of speech does to the floor."""

    FLOOR = "floor"
    LIGHT = "light"  # belongs to an utterance, but alone takes no floor: "well", "so"
    BACKCHANNEL = "backchannel"


class Ending(StrEnum):
    COMPLETE = "complete"
    CUT = "cut"  # somebody else cut it off
    ABANDONED = "abandoned"
    OPEN = "open"  # it hangs in the air: "so um"


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it was said; without text, a sound or a broken-off word."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech of one person as a transcript cuts it: a dialogue act, a line.

    Attributes:
        usable: False where the transcript says that it is not ordinary talk; it still holds
            the floor, but is made into no example.
    """

    speaker: str
    words: tuple[Word, ...]
    start_s: float
    end_s: float
    weight: Weight = Weight.FLOOR
    ending: Ending = Ending.COMPLETE
    tags: frozenset[str] = frozenset()
    usable: bool = True

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words if word.text)


@dataclass(frozen=True)
class Utterance:
    """Stretches of one speaker, joined."""

    stretches: tuple[Stretch, ...]

    @property
    def speaker(self) -> str:
        return self.stretches[0].speaker

    @property
    def name(self) -> str:
        """Speaker and beginning in milliseconds: unique in a recording."""
        return f"{self.speaker}-{round(self.start_s * 1000):07d}"

    @property
    def start_s(self) -> float:
        return self.stretches[0].start_s

    @cached_property
    def end_s(self) -> float:
        return max(stretch.end_s for stretch in self.stretches)

    @property
    def ending(self) -> Ending:
        return self.stretches[-1].ending

    @cached_property
    def takes_floor(self) -> bool:
        return any(stretch.weight is Weight.FLOOR for stretch in self.stretches)

    @cached_property
    def usable(self) -> bool:
        return all(stretch.usable for stretch in self.stretches)

    @cached_property
    def sounds(self) -> tuple[Word, ...]:
        """Everything timed, broken-off words included, in the order of its beginning."""
        sounds = (word for stretch in self.stretches for word in stretch.words)
        return tuple(sorted(sounds, key=lambda sound: sound.start_s))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words alone."""
        return tuple(word for word in self.sounds if word.text)

    def said_by(self, at_s: float) -> tuple[Word, ...]:
        """The words that had been said by *at_s*, in seconds of the recording."""
        if at_s >= self.end_s:
            return self.words
        return tuple(word for word in self.words if word.end_s <= at_s)

    def spoken_s(self, at_s: float) -> float:
        """Seconds of speech up to *at_s*: pauses that the judge is asked about do not count."""
        place = bisect_left(self._begun_s, at_s)
        if not place:
            return 0.0
        sound = self.sounds[place - 1]
        return self._spoken_before_s[place - 1] + max(0.0, min(sound.end_s, at_s) - sound.start_s)

    @cached_property
    def _begun_s(self) -> list[float]:
        return [sound.start_s for sound in self.sounds]

    @cached_property
    def _spoken_before_s(self) -> list[float]:
        """Seconds of speech before each sound."""
        total = 0.0
        before = [0.0]
        for one, following in pairwise(self.sounds):
            gap_s = following.start_s - one.end_s
            total += one.end_s - one.start_s + (gap_s if 0 < gap_s < PAUSE_S else 0)
            before.append(total)
        return before


class Conversation:
    """A recording, asked who held the floor and who took it.

    Args:
        group: The recording's name; no split cuts it.
        agent: Who the agent is said to be.
        join_s: A speaker's stretches that lie closer are one utterance, if he keeps the floor.
    """

    def __init__(
        self,
        stretches: Iterable[Stretch],
        *,
        source: str,
        group: str,
        split: Split,
        agent: str,
        seed: int,
        gaps: Gaps = "real",
        join_s: float = JOIN_S,
    ) -> None:
        self.stretches = sorted(stretches, key=lambda stretch: (stretch.start_s, stretch.end_s))
        self.source, self.group, self.split = source, group, split
        self.agent, self.seed, self.gaps = agent, seed, gaps
        self._join_s = join_s
        self.begin_s = self.stretches[0].start_s if self.stretches else 0.0
        self.floor = [
            utterance
            for utterance in sorted(self._joined(), key=lambda one: one.start_s)
            if utterance.takes_floor
        ]
        self._starts = [utterance.start_s for utterance in self.floor]
        self._longest_s = max((one.end_s - one.start_s for one in self.floor), default=0.0)

    def _joined(self) -> Iterator[Utterance]:
        heavy = [one for one in self.stretches if one.weight is not Weight.BACKCHANNEL]
        for speaker in sorted({stretch.speaker for stretch in heavy}):
            parts: list[Stretch] = []
            others = [one for one in heavy if one.speaker != speaker and one.weight is Weight.FLOOR]
            starts = [one.start_s for one in others]
            for stretch in (one for one in heavy if one.speaker == speaker):
                if parts and not _goes_on(parts[-1], stretch, self._join_s, others, starts):
                    yield Utterance(tuple(parts))
                    parts = []
                parts.append(stretch)
            if parts:
                yield Utterance(tuple(parts))

    def of_others(self, speaker: str, from_s: float, to_s: float) -> Iterator[Utterance]:
        """What others said with the floor in mind and was to be heard in that time, in order."""
        first = bisect_left(self._starts, from_s - self._longest_s)
        for utterance in self.floor[first : bisect_left(self._starts, to_s)]:
            if utterance.speaker != speaker and utterance.end_s > from_s:
                yield utterance

    def cut_in_s(self, utterance: Utterance) -> float | None:
        """When somebody began to speak who then took the floor; None if nobody cut it off."""
        if utterance.ending is not Ending.CUT:
            return None
        onsets = [
            other.start_s
            for other in self.of_others(utterance.speaker, utterance.end_s - 0.2, utterance.end_s)
            if other.start_s > max(utterance.start_s, utterance.end_s - 3.0)
        ]
        return min(onsets, default=None)

    def taken_up_s(self, utterance: Utterance) -> float | None:
        """The gap before somebody else took up a complete utterance; None where nobody did."""
        if utterance.ending is not Ending.COMPLETE:
            return None
        end_s = utterance.end_s
        following = self.of_others(utterance.speaker, end_s + EARLY_S, end_s + TAKEN_UP_S)
        first = next(following, None)
        if first is None or first.start_s < max(end_s + EARLY_S, utterance.start_s):
            return None  # nobody, or somebody who had spoken all along
        again = bisect_left(self._starts, end_s)
        for other in self.floor[again:]:
            if other.start_s >= first.start_s:
                break
            if other.speaker == utterance.speaker:
                return None
        return max(0.0, first.start_s - end_s)

    def quiet_s(self, after: Stretch) -> float:
        """Silence after a stretch until anybody's next floor-taking speech, at most 2 s."""
        end_s = after.end_s
        if next(self.of_others("", end_s, end_s + 0.01), None) is not None:
            return 0.0
        place = bisect_left(self._starts, end_s)
        until_s = self._starts[place] if place < len(self._starts) else end_s + TAKEN_UP_S
        return min(TAKEN_UP_S, until_s - end_s)

    def context(self, speaker: str, before_s: float, count: int = 3) -> tuple[Turn, ...]:
        """The last *count* turns of the floor that began before, as far as they were heard."""
        turns: list[Turn] = []
        place = bisect_left(self._starts, before_s)
        while place and len(turns) <= count:
            place -= 1
            utterance = self.floor[place]
            text = last_words(utterance.said_by(before_s))
            if not text:
                continue
            who = Speaker.CALLER if utterance.speaker == speaker else Speaker.AGENT
            if turns and turns[-1].speaker is who:
                turns[-1] = Turn(speaker=who, text=_last(f"{text} {turns[-1].text}"))
            else:
                turns.append(Turn(speaker=who, text=text))
        return tuple(reversed(turns[:count]))

    def moment(
        self,
        utterance: Utterance,
        words: Sequence[Word],
        *,
        final: bool,
        gap_s: float = 0.0,
        overlap_s: float = 0.0,
        turns: tuple[Turn, ...] | None = None,
    ) -> Moment:
        """The moment after *words* of an utterance."""
        speech_s = max(0.0, words[-1].end_s - utterance.start_s)
        signals = Signals(
            gap_s=round(gap_s, 2),
            speech_s=round(speech_s, 2),
            words_per_s=round(len(words) / speech_s, 1) if speech_s >= 1 else None,
            overlap_s=round(overlap_s, 2),
            in_call_s=round(max(0.0, words[-1].end_s - self.begin_s), 1),
        )
        return Moment(
            words=" ".join(word.text for word in words),
            final=final,
            agent=self.agent,
            turns=self.context(utterance.speaker, utterance.start_s) if turns is None else turns,
            memory=Memory(signals=signals),
        )

    def example(
        self,
        kind: str,
        utterance: Utterance,
        moment: Moment,
        action: Action,
        situation: Situation | None,
        stream: Stream | None = None,
    ) -> Example:
        count = moment.words.count(" ") + 1
        return Example(
            id=f"{self.source}/{self.group}/{kind}/{utterance.name}-{count}",
            source=self.source,
            group=self.group,
            split=self.split,
            moment=moment,
            action=action,
            situation=situation,
            kind=kind,
            stream=stream,
        )

    def gap_when_asked_s(self, key: str, real_s: float, *, goes_on: bool) -> float:
        """The gap of a finished moment, in seconds (see `Gaps`)."""
        if self.gaps == "real":
            return real_s
        drawn_s = random.Random(f"{self.seed}:{self.group}:{key}").uniform(PAUSE_S, 1.2)
        return min(drawn_s, real_s) if goes_on else drawn_s


def _goes_on(
    before: Stretch,
    after: Stretch,
    join_s: float,
    others: Sequence[Stretch],
    starts: Sequence[float],
) -> bool:
    """Whether one speaker's next stretch is the same utterance; *others* sorted by *starts*."""
    if before.ending in {Ending.CUT, Ending.ABANDONED}:
        return False
    gap_s = after.start_s - before.end_s
    if gap_s >= join_s:
        return False
    if gap_s < _KEEPS_GOING_S:
        return True
    place = bisect_left(starts, after.start_s)
    return not any(other.end_s > before.end_s for other in others[max(0, place - 20) : place])


def last_words(words: Sequence[Word]) -> str:
    """As much of somebody's turn as later moments remember of it: the end."""
    return _last(" ".join(word.text for word in words[-_CONTEXT_WORDS:]))


def _last(text: str) -> str:
    return " ".join(text.split()[-_CONTEXT_WORDS:])
