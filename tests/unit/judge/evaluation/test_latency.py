"""Time, at a given number of tokens."""

from __future__ import annotations

import os

import pytest

from judge.evaluation.latency import filled_up, latency, length
from judge.models.minilm import load_tokenizer
from judge.models.rules import Rules
from judge.moment import Memory, Moment, Speaker, Turn

PLAIN = Moment(words="could I stay until two")
FULL = Moment(
    words="could I stay until two as you promised",
    agent="Front desk of the Hotel Aurora",
    turns=(Turn(speaker=Speaker.AGENT, text="Good morning, how can I help?"),),
    memory=Memory(facts=("Late check-out agreed on 3 June",), history=("Asked about breakfast",)),
)


@pytest.mark.parametrize("moment", [PLAIN, FULL])
def test_a_moment_is_filled_up_to_the_token(moment: Moment) -> None:
    tokenizer = load_tokenizer()
    filled = filled_up(moment, 96, tokenizer)
    assert filled is not None
    assert length(filled, tokenizer) == 96
    assert filled.words.endswith(moment.words)


def test_a_moment_that_is_too_long_already_is_not_used() -> None:
    assert filled_up(FULL, 10, load_tokenizer()) is None


def test_times_are_measured_and_the_cores_given_back() -> None:
    before = os.sched_getaffinity(0)
    found = latency(Rules(), [PLAIN, FULL], tokens=96, repetitions=20)
    assert os.sched_getaffinity(0) == before
    assert found is not None
    assert (found.repetitions, found.tokens, found.median_tokens) == (20, 96, 96)
    assert 0 < found.p50_ms <= found.p99_ms


def test_own_lengths_are_left_as_they_are() -> None:
    found = latency(Rules(), [PLAIN], repetitions=5)
    assert found is not None
    assert found.median_tokens == length(PLAIN, load_tokenizer())


def test_without_moments_there_is_nothing_to_measure() -> None:
    assert latency(Rules(), []) is None
