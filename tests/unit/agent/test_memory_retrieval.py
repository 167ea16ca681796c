"""Ranking what was said before."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.memory.retrieval import closest, fused, packed, telling_words


def unit(*components: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.zeros(384, np.float32)
    vector[: len(components)] = components
    result: np.ndarray[tuple[int], np.dtype[np.float32]] = vector / np.linalg.norm(vector)
    return result


def test_words_that_everybody_uses_are_not_searched_for() -> None:
    assert telling_words("Could you tell me about the blue room, please?") == [
        "room",
        "blue",
        "tell",
    ]


@given(st.text(max_size=2000))
def test_what_is_searched_for_is_words_and_not_many(text: str) -> None:
    words = telling_words(text)
    assert len(words) <= 24
    assert all(word.isalnum() for word in words)


def test_the_nearest_comes_first_and_strangers_not_at_all() -> None:
    rows = [packed(unit(1, 1)), packed(unit(1, 0.1)), packed(unit(0, 0, 1))]
    assert closest(unit(1), ["b", "a", "stranger"], rows, 5) == ["a", "b"]


def test_packing_keeps_the_direction() -> None:
    rng = np.random.default_rng(1)
    vector = rng.normal(size=384).astype(np.float32)
    vector /= np.linalg.norm(vector)
    kept = np.frombuffer(packed(vector), np.int8).astype(np.float32)
    assert len(packed(vector)) == 384
    assert float(kept @ vector / np.linalg.norm(kept)) > 0.999


def test_what_stands_high_in_both_rankings_comes_first() -> None:
    assert fused([["a", "b", "c"], ["d", "b"]], 2) == ["b", "a"]
    assert fused([[], []], 5) == []
