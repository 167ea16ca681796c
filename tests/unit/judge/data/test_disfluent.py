"""Words made disfluent."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from judge.data.disfluent import disfluent
from judge.data.example import Variant
from judge.data.scenarios import Wording

words = st.lists(st.sampled_from("the room was cold and I called the desk".split()), min_size=1)


@st.composite
def wordings(draw: st.DrawFn) -> Wording:
    said = draw(words)
    return Wording(said, draw(st.none() | st.integers(0, len(said))))


def is_inside(part: list[str], whole: list[str]) -> bool:
    """Whether *part* is in *whole*, in order."""
    rest = iter(whole)
    return all(word in rest for word in part)


@given(wordings(), st.integers())
def test_what_was_said_stays_and_something_is_added(wording: Wording, seed: int) -> None:
    found = disfluent(wording, random.Random(seed))
    assert is_inside(list(wording.words), list(found.words))
    assert len(found.words) > len(wording.words)
    assert found.variant is Variant.DISFLUENT


@given(wordings(), st.integers())
def test_the_bar_keeps_its_place_among_the_words(wording: Wording, seed: int) -> None:
    found = disfluent(wording, random.Random(seed))
    if wording.mark is None:
        assert found.mark is None
        return
    assert found.mark is not None
    before, behind = list(wording.words[: wording.mark]), list(wording.words[wording.mark :])
    assert is_inside(before, list(found.words[: found.mark]))
    assert is_inside(behind, list(found.words[found.mark :]))
    if before:
        assert found.words[found.mark - 1] == before[-1]


@given(wordings(), st.integers())
def test_the_same_seed_stumbles_in_the_same_way(wording: Wording, seed: int) -> None:
    assert disfluent(wording, random.Random(seed)) == disfluent(wording, random.Random(seed))
