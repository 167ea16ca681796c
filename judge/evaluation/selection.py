"""Which examples a figure is computed on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from judge.data.example import Example, Split, Variant

NEAR = 0.15
"""Two cuts of an utterance in two wordings are the same place when the shares of the words that
they have reached differ by no more than this."""


def written(
    examples: Iterable[Example], variant: Variant = Variant.PLAIN, split: Split = Split.TEST
) -> list[Example]:
    """The scenarios' moments of one split in one wording."""
    return [
        one
        for one in examples
        if one.source == "scenarios" and one.split is split and one.variant is variant
    ]


def as_judged(examples: Iterable[Example]) -> list[Example]:
    """What a call would judge: an utterance that goes on once for each further second of speech.

    Of an utterance that was cut after every word the finished moment stays, and the first cut in
    each whole second of speech from 1 s on. Other examples stay.
    """
    kept: list[Example] = []
    reached: dict[str, set[int]] = defaultdict(set)
    for one in sorted(examples, key=lambda one: one.stream.at_s if one.stream else 0.0):
        if one.stream is not None and not one.moment.final:
            second = int(one.stream.at_s)
            if second < 1 or second in reached[one.stream.utterance]:
                continue
            reached[one.stream.utterance].add(second)
        kept.append(one)
    return sorted(kept, key=lambda one: one.id)


def unfinished_streams(examples: Iterable[Example]) -> list[Example]:
    """Every moment before the end of the utterances that are judged at several positions."""
    return [one for one in examples if one.stream is not None and not one.moment.final]


def at_rest(examples: Iterable[Example]) -> list[Example]:
    """The test examples that are judged once, and not along an utterance."""
    return [one for one in examples if one.split is Split.TEST and one.stream is None]


def depending_on(examples: Iterable[Example], what: str) -> list[Example]:
    """Those of families in which *what* decides beside the words."""
    return [one for one in examples if what in one.depends_on]


def paired(
    plain: Sequence[Example], others: Iterable[Example]
) -> tuple[list[Example], list[Example]]:
    """The same moments in two wordings, side by side.

    A finished utterance stands beside itself; a cut beside the other wording's cut that has
    reached the most similar share of the words, with the same right action, and no further off
    than :data:`NEAR`. What has no partner is left out on both sides.
    """
    cuts: dict[str, list[Example]] = defaultdict(list)
    finished: dict[str, Example] = {}
    for other in others:
        if other.moment.final:
            finished[_telling(other)] = other
        else:
            cuts[_telling(other)].append(other)
    whole = {_telling(one): _length(one) for one in plain if one.moment.final}
    left: list[Example] = []
    right: list[Example] = []
    for one in plain:
        name = _telling(one)
        if name not in finished or name not in whole:
            continue
        partner: Example | None = finished[name]
        if not one.moment.final:
            share = _length(one) / whole[name]
            partner = _nearest(one, share, cuts[name], _length(finished[name]))
        if partner is not None:
            left.append(one)
            right.append(partner)
    return left, right


def _nearest(one: Example, share: float, cuts: Sequence[Example], whole: int) -> Example | None:
    def distance(cut: Example) -> float:
        return abs(_length(cut) / whole - share)

    alike = [cut for cut in cuts if cut.action is one.action]
    nearest = min(alike, key=distance, default=None)
    return nearest if nearest is not None and distance(nearest) <= NEAR else None


def _telling(one: Example) -> str:
    """Case and context, whatever the wording: ``family/number/context``."""
    return one.id.rpartition("@")[0].rpartition(":")[0]


def _length(one: Example) -> int:
    return max(1, len(one.moment.words.split()))
