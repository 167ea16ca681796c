"""What a listener finds in signals whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bench.listening import (
    Ear,
    Span,
    audible_spans,
    ear_above_noise,
    first_audible_after,
    first_onset_after,
    last_audible_before_yield,
    percentile,
)
from agent.bench.timeline import Pcm

RATE_HZ = 8000


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def tone(seconds: float, amplitude: int = 8000) -> Pcm:
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.round(amplitude * np.sin(2 * np.pi * 1000 * times)).astype(np.int16)


def noise(seconds: float, dbfs: float) -> Pcm:
    random = np.random.default_rng(7)
    scaled = random.standard_normal(round(seconds * RATE_HZ)) * 32768 * 10 ** (dbfs / 20)
    return np.round(scaled).astype(np.int16)


def joined(*parts: Pcm) -> Pcm:
    return np.concatenate(parts)


def test_silence_is_not_heard() -> None:
    assert audible_spans(silence(1.0), RATE_HZ) == []
    assert audible_spans(silence(0.0), RATE_HZ) == []


def test_the_edges_of_a_sound_are_found_to_the_millisecond() -> None:
    (span,) = audible_spans(
        joined(silence(0.5037), tone(0.3), silence(0.5)), RATE_HZ, origin_s=10.0
    )
    assert span.start_s == pytest.approx(10.5037, abs=0.001)
    assert span.end_s == pytest.approx(10.8037, abs=0.001)


def test_the_smallest_steps_of_g711_are_not_heard() -> None:
    lowest = np.tile(np.array([8, -8], np.int16), RATE_HZ)
    assert audible_spans(lowest, RATE_HZ) == []


def test_comfort_noise_is_not_heard() -> None:
    assert audible_spans(noise(2.0, -58), RATE_HZ) == []


def test_a_noisy_line_raises_the_threshold_but_speech_stays_audible() -> None:
    line = noise(2.0, -47)
    line[8000:12000] += tone(0.5)
    assert len(audible_spans(line, RATE_HZ)) == 1  # all of it, noise included
    ear = ear_above_noise(line, RATE_HZ)
    (span,) = audible_spans(line, RATE_HZ, ear=ear)
    assert span.start_s == pytest.approx(1.0, abs=0.011)
    assert span.end_s == pytest.approx(1.5, abs=0.011)


def test_on_a_silent_line_the_ear_stays_as_it_is() -> None:
    assert ear_above_noise(joined(silence(1.0), tone(0.2)), RATE_HZ) == Ear()


def test_a_click_is_not_speech() -> None:
    assert audible_spans(joined(silence(0.3), tone(0.01), silence(0.3)), RATE_HZ) == []


def test_gaps_between_words_are_bridged_and_pauses_are_not() -> None:
    spoken = joined(tone(0.3), silence(0.15), tone(0.3), silence(0.4), tone(0.2))
    spans = audible_spans(spoken, RATE_HZ)
    assert [round(span.length_s, 2) for span in spans] == [0.75, 0.2]


@given(st.integers(0, 4000), st.integers(400, 4000))
def test_a_sound_is_found_wherever_it_lies(before: int, length: int) -> None:
    pcm = np.zeros(10000, np.int16)
    pcm[before : before + length] = 5000
    (span,) = audible_spans(pcm, RATE_HZ)
    assert span == Span(before / RATE_HZ, (before + length) / RATE_HZ)


SPANS = [Span(1.0, 2.0), Span(3.0, 4.0)]


def test_first_audible_is_now_while_something_sounds() -> None:
    assert first_audible_after(SPANS, 1.5) == 1.5
    assert first_audible_after(SPANS, 2.5) == 3.0
    assert first_audible_after(SPANS, 4.5) is None


def test_an_onset_is_a_beginning() -> None:
    assert first_onset_after(SPANS, 1.5) == 3.0
    assert first_onset_after(SPANS, 3.0) == 3.0


def test_who_goes_on_until_talked_over_yields_at_his_last_sound() -> None:
    assert last_audible_before_yield([Span(0.0, 2.3)], 2.0, 3.5, 0.5) == 2.3


def test_a_breath_is_not_yielding() -> None:
    spans = [Span(0.0, 2.1), Span(2.4, 3.0)]
    assert last_audible_before_yield(spans, 2.0, 3.5, 0.5) == 3.0


def test_what_begins_after_a_long_silence_is_the_answer() -> None:
    spans = [Span(0.0, 2.3), Span(4.2, 6.0)]
    assert last_audible_before_yield(spans, 2.0, 3.5, 0.5) == 2.3


def test_what_begins_when_the_other_has_finished_is_the_answer() -> None:
    spans = [Span(0.0, 3.3), Span(3.6, 6.0)]
    assert last_audible_before_yield(spans, 2.0, 3.5, 0.5) == 3.3


def test_who_was_taking_breath_when_talked_over_was_speaking() -> None:
    spans = [Span(0.0, 1.8), Span(2.1, 2.4)]
    assert last_audible_before_yield(spans, 2.0, 3.5, 0.5) == 2.4
    assert last_audible_before_yield([Span(0.0, 1.8)], 2.0, 3.5, 0.5) == 1.8


def test_who_was_silent_cannot_yield() -> None:
    assert last_audible_before_yield([Span(0.0, 1.0)], 2.0, 3.5, 0.5) is None


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 10.0), (95, 19.0), (96, 20.0), (100, 20.0)]
)
def test_percentiles_are_values_that_occurred(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(20, 0, -1)], percent) == expected


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 50) is None
