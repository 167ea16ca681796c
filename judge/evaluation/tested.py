"""The test set, taken apart into what each figure needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from judge.data.example import Example, Split, Variant
from judge.data.selection import scored
from judge.evaluation import selection
from judge.evaluation.ablations import BLANKS, Pairs, blanked

SOURCES: Final = ("mrda", "convabuse", "harmful", "xstest", "abcd", "coraal", "scenarios")
STREAMED: Final = ("mrda", "coraal")
VARIANTS: Final = (Variant.DISFLUENT, Variant.RECOGNISED)
WRITTEN: Final = "scenarios"


@dataclass(frozen=True)
class TestSet:
    """Test examples by what they are for.

    Attributes:
        headline: The written test set: of an utterance that goes on the end, and one cut on
            each side of the bar.
        each_second: The same utterances as a call would judge them, once a second.
        cuts: Every moment before its end of the written utterances that go on.
        sources: By source, what is judged once; the written ones as in `headline`.
        streams: By recorded corpus, utterances at every second of speech.
        wordings: By variant, headline moments beside the same ones in other words.
        blanks: By what is taken away, the moments that depend on it, and without it.
    """

    __test__ = False  # pytest takes what is called Test for one

    headline: list[Example]
    each_second: list[Example]
    cuts: list[Example]
    sources: dict[str, list[Example]]
    streams: dict[str, list[Example]]
    wordings: dict[Variant, Pairs]
    blanks: dict[str, Pairs]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> TestSet:
        """Take *examples* apart; those of other splits are left out."""
        tested = [one for one in examples if one.split is Split.TEST]
        plain = selection.written(tested)
        headline = scored(plain)
        recorded = [one for one in tested if one.source != WRITTEN]
        names = dict.fromkeys((*SOURCES, *sorted({one.source for one in recorded})))
        sources = {
            name: selection.at_rest(one for one in recorded if one.source == name) for name in names
        }
        sources[WRITTEN] = headline
        return cls(
            headline=headline,
            each_second=selection.as_judged(plain),
            cuts=selection.unfinished_streams(plain),
            sources=sources,
            streams={
                name: selection.unfinished_streams(one for one in recorded if one.source == name)
                for name in STREAMED
            },
            wordings={
                variant: Pairs(*selection.paired(headline, selection.written(tested, variant)))
                for variant in VARIANTS
            },
            blanks={what: blanked(headline, what) for what in BLANKS},
        )

    def everything(self) -> Iterator[Example]:
        """All that is to be judged; some of it twice."""
        for part in self._parts():
            yield from part

    def _parts(self) -> Iterator[Iterable[Example]]:
        yield from (self.headline, self.each_second, self.cuts)
        yield from self.sources.values()
        yield from self.streams.values()
        for pairs in (*self.wordings.values(), *self.blanks.values()):
            yield from (pairs.whole, pairs.without)

    def missing(self) -> list[str]:
        """What a figure would need and the set does not hold."""
        parts = {name: bool(found) for name, found in self.sources.items()}
        parts |= {f"{name}-streams": bool(found) for name, found in self.streams.items()}
        parts |= {f"{WRITTEN}-streams": bool(self.cuts)}
        parts |= {
            f"{WRITTEN}-{variant}": bool(pairs.whole) for variant, pairs in self.wordings.items()
        }
        parts |= {
            f"families that depend on {what}": bool(pairs.whole)
            for what, pairs in self.blanks.items()
        }
        return [name for name, there in parts.items() if not there]
