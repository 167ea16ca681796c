"""Recorded conversations cut into moments, and what people really did there for a label."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from judge.data.example import Example, Stream
from judge.data.spoken import (
    PAUSE_S,
    Conversation,
    Ending,
    Stretch,
    Utterance,
    Weight,
    last_words,
)
from judge.judgement import Action, Situation
from judge.moment import Moment, Speaker, Turn

STREAM_STEP_S: Final = 1.0
"""New speech after which partial words are judged: the published trigger."""

_HOLDER_QUIET_S: Final = 1.0  # a backchannel comes at most this long after the speech it is for


def interruptions(talk: Conversation, *, least_words: int = 3) -> Iterator[Example]:
    """Utterances that somebody cut off, up to where he began: cut in."""
    for utterance in talk.floor:
        onset_s = talk.cut_in_s(utterance)
        if onset_s is None or not utterance.usable:
            continue
        words = utterance.said_by(onset_s)
        if len(words) >= least_words:
            moment = talk.moment(utterance, words, final=False)
            yield talk.example("interruption", utterance, moment, Action.INTERRUPT, None)


def truncations(talk: Conversation, count: int, *, least_words: int = 3) -> Iterator[Example]:
    """*count* utterances that nobody cut off, each up to a word drawn at random: go on.

    An utterance gives one position, and longer ones are likelier by the root of their length:
    so truncations come out about as long as interruptions, and length alone tells nothing. None
    is taken where somebody else speaks at the same time or a pause follows.
    """
    rng = random.Random(f"{talk.seed}:{talk.group}:truncation")
    candidates = [one for one in talk.floor if one.usable and one.ending is not Ending.CUT]
    candidates.sort(key=lambda one: rng.random() ** (1 / (1 + len(one.words)) ** 0.5), reverse=True)
    for utterance in candidates:
        if count <= 0:
            return
        places = [
            place
            for place in range(least_words, len(utterance.words))
            if utterance.words[place].start_s - utterance.words[place - 1].end_s < PAUSE_S
        ]
        if not places:
            continue
        words = utterance.words[: rng.choice(places)]
        at_s = words[-1].end_s
        if next(talk.of_others(utterance.speaker, at_s, at_s + 0.01), None) is not None:
            continue
        count -= 1
        moment = talk.moment(utterance, words, final=False)
        yield talk.example("truncation", utterance, moment, Action.SILENCE, Situation.NONE)


def pauses(talk: Conversation, *, longest_s: float = 3.0) -> Iterator[Example]:
    """Pauses of 0.5 s and more, after which the same speaker went on: wait."""
    for utterance in talk.floor:
        if not utterance.usable:
            continue
        told = 0
        for one, following in pairwise(utterance.sounds):
            real_s = following.start_s - one.end_s
            if not PAUSE_S <= real_s <= longest_s:
                continue
            if any(talk.of_others(utterance.speaker, one.end_s - 0.2, following.start_s)):
                continue
            words = utterance.said_by(one.end_s)
            if len(words) == told:
                continue  # nothing, or only a broken-off word, since the pause before
            told = len(words)
            key = f"{utterance.name}-{len(words)}"
            gap_s = talk.gap_when_asked_s(key, real_s, goes_on=True)
            moment = talk.moment(utterance, words, final=True, gap_s=gap_s)
            yield talk.example("pause", utterance, moment, Action.SILENCE, Situation.NONE)


def taken_up(talk: Conversation) -> Iterator[Example]:
    """Complete utterances that somebody else took up at once: answer."""
    for utterance in talk.floor:
        real_s = talk.taken_up_s(utterance)
        if real_s is None or not utterance.usable or not utterance.words:
            continue
        gap_s = talk.gap_when_asked_s(utterance.name, real_s, goes_on=False)
        moment = talk.moment(utterance, utterance.words, final=True, gap_s=gap_s)
        yield talk.example("taken_up", utterance, moment, Action.RESPOND, None)


def backchannels(talk: Conversation, speaker: str | None = None) -> Iterator[Example]:
    """Backchannels to somebody who holds the floor, and who plays the agent: say nothing of it.

    Args:
        speaker: Whose; everybody's without.
    """
    for stretch in talk.stretches:
        if stretch.weight is not Weight.BACKCHANNEL or not stretch.text or not stretch.usable:
            continue
        if speaker not in {None, stretch.speaker}:
            continue
        holders = [
            other
            for other in talk.of_others(
                stretch.speaker, stretch.start_s - _HOLDER_QUIET_S, stretch.end_s
            )
            if other.start_s < stretch.start_s
        ]
        if not holders:
            continue
        holder = max(holders, key=lambda other: other.start_s)
        saying = last_words(holder.said_by(stretch.end_s))
        if not saying:
            continue
        overlap_s = sum(
            max(0.0, min(sound.end_s, stretch.end_s) - max(sound.start_s, stretch.start_s))
            for sound in holder.sounds
        )
        before = talk.context(stretch.speaker, holder.start_s, 2)
        moment = _aside(
            talk,
            stretch,
            overlap_s=overlap_s,
            turns=(*before, Turn(speaker=Speaker.AGENT, text=saying)),
        )
        yield talk.example(
            "backchannel", Utterance((stretch,)), moment, Action.SILENCE, Situation.NONE
        )


def asides(talk: Conversation, tag: str, kind: str) -> Iterator[Example]:
    """Stretches tagged as said to oneself or to a third person: not for the agent."""
    for stretch in talk.stretches:
        if tag in stretch.tags and stretch.text:
            moment = _aside(talk, stretch)
            yield talk.example(
                kind, Utterance((stretch,)), moment, Action.SILENCE, Situation.NOT_ADDRESSED
            )


def streams(talk: Conversation, speaker: str | None = None) -> Iterator[list[Example]]:
    """Utterances of 3 s and more, each as the moments at which it would have been judged.

    An utterance that somebody cut off is told up to there, and cutting in is right at its end.

    Args:
        speaker: Whose; everybody's without.
    """
    for utterance in talk.floor:
        if not utterance.usable or speaker not in {None, utterance.speaker}:
            continue
        onset_s = talk.cut_in_s(utterance)
        if onset_s is None and utterance.ending is Ending.CUT:
            continue  # cut off, but not to be seen by whom or when
        until_s = utterance.end_s if onset_s is None else onset_s
        if utterance.spoken_s(until_s) >= 3 * STREAM_STEP_S:
            yield _streamed(talk, utterance, until_s, cut=onset_s is not None)


def _streamed(
    talk: Conversation, utterance: Utterance, until_s: float, *, cut: bool
) -> list[Example]:
    name = f"{talk.source}/{talk.group}/{utterance.name}"
    mark_s = round(utterance.spoken_s(until_s), 2) if cut else None
    turns = talk.context(utterance.speaker, utterance.start_s)
    moments: list[Example] = []
    places: list[int] = []

    def judged(at_s: float, place: int, action: Action) -> None:
        words = utterance.words[:place]
        moment = talk.moment(utterance, words, final=False, turns=turns)
        situation = None if action is Action.INTERRUPT else Situation.NONE
        stream = Stream(name, round(at_s, 2), mark_s)
        moments.append(talk.example("stream", utterance, moment, action, situation, stream))
        places.append(place)

    due_s = STREAM_STEP_S
    for place, word in enumerate(utterance.words, start=1):
        if word.end_s > until_s:
            break
        at_s = utterance.spoken_s(word.end_s)
        if at_s >= due_s and (mark_s is None or at_s < mark_s):
            judged(at_s, place, Action.SILENCE)
            due_s = at_s + STREAM_STEP_S
    place = len(utterance.said_by(until_s))
    if mark_s is not None and place:
        if places and places[-1] == place:
            moments.pop()  # no new word since: one moment, and it is the mark's
        judged(mark_s, place, Action.INTERRUPT)
    return moments


def some_minutes(
    utterances: Iterable[list[Example]], minutes: float | None, seed: int
) -> Iterator[Example]:
    """The moments of utterances drawn until they cover *minutes* of speech; all without."""
    rest = [moments for moments in utterances if moments]
    if minutes is not None:
        random.Random(f"{seed}:streams").shuffle(rest)
        chosen: list[list[Example]] = []
        left_s = minutes * 60
        for moments in rest:
            if left_s <= 0:
                break
            chosen.append(moments)
            left_s -= covered_s(moments)
        rest = sorted(chosen, key=lambda moments: moments[0].id)
    for moments in rest:
        yield from moments


def covered_s(examples: Iterable[Example]) -> float:
    """Seconds of speech that streams of moments cover."""
    last: dict[str, float] = {}
    for example in examples:
        if example.stream:
            name = example.stream.utterance
            last[name] = max(last.get(name, 0.0), example.stream.at_s)
    return sum(last.values())


def drawn(examples: Iterable[Example], count: int | None, key: str) -> list[Example]:
    """At most *count* of them, drawn by *key*, in their order; all where *count* is None."""
    every = list(examples)
    if count is None or len(every) <= count:
        return every
    places = sorted(random.Random(key).sample(range(len(every)), count))
    return [every[place] for place in places]


def _aside(
    talk: Conversation,
    stretch: Stretch,
    *,
    overlap_s: float = 0.0,
    turns: tuple[Turn, ...] | None = None,
) -> Moment:
    alone = Utterance((stretch,))
    gap_s = talk.gap_when_asked_s(alone.name, talk.quiet_s(stretch), goes_on=False)
    return talk.moment(
        alone, alone.words, final=True, gap_s=gap_s, overlap_s=overlap_s, turns=turns
    )
