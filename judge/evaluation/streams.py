"""Utterances as a call hears them: judged again and again, until somebody cuts in.

An utterance holds one interruption at most, the first that is called; what would have come after
it is neither judged nor counted as speech. It is false when it comes before the mark, or where
cutting in is never right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from judge.data.example import Example, Stream
from judge.evaluation.metrics import percentile
from judge.evaluation.scoring import INTERRUPT, Scores
from judge.policy import Policy, PolicyState, Ruled

NATURAL_S: Final = 1.0
"""How far from the real onset of an interruption a call still counts as that interruption."""


@dataclass(frozen=True, slots=True)
class Course:
    """How one utterance went.

    Attributes:
        mark_s: Seconds of speech to where cutting in becomes right; None when it never does.
        called_s: Seconds of speech to the first call to interrupt; None without one.
        heard_s: Seconds of speech that were heard: to that call, or to the end.
    """

    utterance: str
    mark_s: float | None
    called_s: float | None
    heard_s: float

    @property
    def hit(self) -> bool:
        return self.called_s is not None and not self.false

    @property
    def false(self) -> bool:
        if self.called_s is None:
            return False
        return self.mark_s is None or self.called_s < self.mark_s

    @property
    def natural(self) -> bool:
        """Whether the call comes about when somebody really cut in."""
        if self.called_s is None or self.mark_s is None:
            return False
        return abs(self.called_s - self.mark_s) <= NATURAL_S


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What many utterances come to. A figure is None when there is nothing to compute it from.

    Attributes:
        minutes: Caller speech heard.
        marked: Utterances in which cutting in becomes right.
        false_per_min: False interruptions per minute of caller speech.
        recall: Share of the marked utterances that were cut at or after the mark.
        delay_p50_s: Seconds from the mark to the call, where it was right.
        natural_precision: Share of all calls that come within 1 s of a real interruption.
        natural_recall: Share of the real interruptions with a call within 1 s.
    """

    utterances: int
    minutes: float
    calls: int
    false: int
    false_per_min: float | None
    marked: int
    recall: float | None
    delay_p50_s: float | None
    delay_p90_s: float | None
    natural_precision: float | None
    natural_recall: float | None


def first_calls(scores: Scores, threshold: float) -> list[Course]:
    """The courses when every interruption at the operating point is acted on."""
    ruled = scores.ruled(threshold)
    return [
        _course(scores, rows, next((row for row in rows if ruled[row] == INTERRUPT), None))
        for rows in _utterances(scores)
    ]


def under_policy(scores: Scores, policy: Policy) -> list[Course]:
    """The courses when the policy has its say: emergencies, cooldown, so many cut-ins a minute.

    One speaker of a conversation is one call; its clock is the conversation's.
    """
    states: dict[str, PolicyState] = defaultdict(PolicyState)
    courses: list[Course] = []
    for rows in sorted(_utterances(scores), key=lambda rows: _clock_s(scores.examples[rows[0]])):
        call = _stream(scores.examples[rows[0]]).utterance.rpartition("-")[0]
        called = None
        for row in rows:
            example = scores.examples[row]
            ruling, states[call] = policy.rule(
                scores.judgement(row), example.moment, states[call], now_s=_clock_s(example)
            )
            if ruling.would is Ruled.INTERRUPT:
                called = row
                break
        courses.append(_course(scores, rows, called))
    return courses


def sum_up(courses: Sequence[Course]) -> StreamFigures:
    """The figures of *courses*."""
    minutes = sum(course.heard_s for course in courses) / 60
    calls = sum(course.called_s is not None for course in courses)
    false = sum(course.false for course in courses)
    marked = [course for course in courses if course.mark_s is not None]
    delays_s = [
        course.called_s - course.mark_s
        for course in marked
        if course.hit and course.called_s is not None and course.mark_s is not None
    ]
    natural = sum(course.natural for course in courses)
    return StreamFigures(
        utterances=len(courses),
        minutes=minutes,
        calls=calls,
        false=false,
        false_per_min=false / minutes if minutes else None,
        marked=len(marked),
        recall=len(delays_s) / len(marked) if marked else None,
        delay_p50_s=percentile(delays_s, 50),
        delay_p90_s=percentile(delays_s, 90),
        natural_precision=natural / calls if calls else None,
        natural_recall=natural / len(marked) if marked else None,
    )


def _utterances(scores: Scores) -> Iterator[list[int]]:
    """Rows of each utterance, in the order in which it is spoken."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(scores.examples):
        if not example.moment.final:  # who has stopped cannot be cut short
            rows[_stream(example).utterance].append(row)
    for members in rows.values():
        yield sorted(members, key=lambda row: _stream(scores.examples[row]).at_s)


def _course(scores: Scores, rows: Sequence[int], called: int | None) -> Course:
    first = _stream(scores.examples[rows[0]])
    end_s = _stream(scores.examples[rows[-1]]).at_s
    called_s = None if called is None else _stream(scores.examples[called]).at_s
    return Course(first.utterance, first.mark_s, called_s, end_s if called_s is None else called_s)


def _clock_s(example: Example) -> float:
    """Seconds into the conversation; into the utterance where the source does not tell."""
    in_call_s = example.moment.memory.signals.in_call_s
    return _stream(example).at_s if in_call_s is None else in_call_s


def _stream(example: Example) -> Stream:
    if example.stream is None:
        raise ValueError(f"{example.id} is no moment of an utterance")
    return example.stream
