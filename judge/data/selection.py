"""Which moments of an utterance count when the whole set is scored."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

from judge.data.example import Example
from judge.judgement import Action


def scored(examples: Iterable[Example], seed: int = 1) -> list[Example]:
    """Of an utterance that was cut after every word: its end, and a cut on each side of the bar.

    Otherwise a rambling caller with sixty words would weigh twenty times what a short question
    does, and most moments would be the easy ones far from the bar. Which cuts, *seed* draws by
    the utterance's name. An utterance that is never to be cut in on gives one cut. Everything
    else counts as it is. Every position is scored elsewhere (:mod:`judge.evaluation.streams`).
    """
    kept: list[Example] = []
    cuts: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.stream is not None and not example.moment.final:
            cuts[example.stream.utterance].append(example)
        else:
            kept.append(example)
    for utterance, members in cuts.items():
        rng = random.Random(f"{seed}:{utterance}")
        for side in _sides(members):
            if side:
                kept.append(rng.choice(side))
    return kept


def _sides(cuts: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    behind = [example for example in cuts if example.action is Action.INTERRUPT]
    before = [example for example in cuts if example.action is not Action.INTERRUPT]
    return before, behind
