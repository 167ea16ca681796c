"""Lessons told in other surroundings, so that the student learns words and not places.

A family has a few contexts of its own. A student that meets insults only at one line's front
desk learns the desk. So what decides nothing is exchanged: in families whose words decide alone,
the agent's trade, facts and history come from elsewhere half of the time, and so does an opening
line; where memory decides, a fact of somebody else's is mixed in now and then.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from judge.data.example import Example
from judge.judgement import Action, Situation
from judge.moment import Memory, Moment

_ELSEWHERE: Final = 0.5
_OTHER_OPENING: Final = 0.5
_STRANGE_FACT: Final = 0.3
_MOST_FACTS: Final = 4


class Variation:
    """Varies the surroundings of written examples; others stay as they are."""

    def __init__(self, examples: Sequence[Example]) -> None:
        written = [one for one in examples if one.source == "scenarios"]
        self._by_words = _decided_by_words(written)
        self._donors = [one.moment for one in written if one.moment.final]

    def __call__(self, example: Example, rng: random.Random) -> Example:
        """*example*, perhaps in other surroundings; what is right stays right."""
        if example.source != "scenarios" or not self._donors:
            return example
        donor = rng.choice(self._donors)
        if example.group in self._by_words:
            # What a rambling caller was asked is in the turns: they stay with speech that goes on.
            moment = _moved(example.moment, donor, rng, turns=example.stream is None)
        else:
            moment = _with_strange_fact(example.moment, donor, rng)
        return replace(example, moment=moment)


def _decided_by_words(examples: Sequence[Example]) -> set[str]:
    """Families in which no sentence is right in one context and wrong in another."""
    labels: dict[str, set[tuple[Action, Situation | None]]] = defaultdict(set)
    for one in examples:
        if one.moment.final:
            case = one.id.rpartition("/")[0]
            labels[case].add((one.action, one.situation))
    dependent = {case.partition("/")[0] for case, said in labels.items() if len(said) > 1}
    families = {one.group for one in examples if not one.depends_on and not _overlapping(one)}
    overlapping = {one.group for one in examples if _overlapping(one)}
    return families - dependent - overlapping


def _overlapping(example: Example) -> bool:
    return example.moment.memory.signals.overlap_s > 0


def _moved(moment: Moment, donor: Moment, rng: random.Random, *, turns: bool) -> Moment:
    if rng.random() < _ELSEWHERE:
        memory = moment.memory.model_copy(
            update={"facts": donor.memory.facts, "history": donor.memory.history}
        )
        moment = moment.model_copy(
            update={"memory": memory, "agent": donor.agent, "relation": donor.relation}
        )
    opening = turns and len(moment.turns) == 1 and len(donor.turns) == 1
    if opening and not donor.memory.signals.overlap_s and rng.random() < _OTHER_OPENING:
        moment = moment.model_copy(update={"turns": donor.turns})
    return moment


def _with_strange_fact(moment: Moment, donor: Moment, rng: random.Random) -> Moment:
    facts = list(moment.memory.facts)
    if not donor.memory.facts or len(facts) >= _MOST_FACTS or rng.random() >= _STRANGE_FACT:
        return moment
    facts.insert(rng.randrange(len(facts) + 1), rng.choice(donor.memory.facts))
    memory: Memory = moment.memory.model_copy(update={"facts": tuple(facts)})
    return moment.model_copy(update={"memory": memory})
