"""Where samples come to lie on the clock of a call."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bench.timeline import HOLE_S, Pcm, Track

RATE_HZ = 8000
PACKET = 160


def packet(value: int = 1000) -> Pcm:
    return np.full(PACKET, value, np.int16)


def filled(late_s: list[float], *, start_s: float = 1.0) -> Track:
    """A track of packets every 20 ms from ``start_s``, each observed so much too late."""
    track = Track(RATE_HZ)
    for number, late in enumerate(late_s, start=1):
        track.append(packet())
        track.observe(number * PACKET, start_s + number * 0.02 + late)
    return track


def test_nothing_has_a_time_before_anything_was_observed() -> None:
    track = Track(RATE_HZ)
    track.append(packet())
    assert track.time_of(0) is None
    assert not track.between(0.0, 1.0).any()


def test_polls_that_come_late_do_not_move_the_samples() -> None:
    track = filled([0.004, 0.09, 0.0, 0.2, 0.05, 0.001])
    assert track.holes == 0
    assert track.time_of(0) == pytest.approx(1.0, abs=0.002)
    assert track.time_of(5 * PACKET) == pytest.approx(1.1, abs=0.002)


def test_a_stream_that_falls_behind_for_good_has_a_hole() -> None:
    track = filled([0.0] * 10 + [0.5] * 10)
    assert track.holes == 1
    assert track.time_of(9 * PACKET) == pytest.approx(1.18)
    assert track.time_of(10 * PACKET) == pytest.approx(1.7)
    heard = track.between(1.0, 2.0)
    assert np.flatnonzero(heard == 0)[0] == pytest.approx(0.2 * RATE_HZ, abs=1)
    assert heard[round(0.71 * RATE_HZ)] == 1000


def test_a_delay_that_is_made_up_for_was_no_hole() -> None:
    track = filled([0.0] * 10 + [0.5] * 10 + [0.0] * 5)
    assert track.holes == 0
    assert track.time_of(12 * PACKET) == pytest.approx(1.24)


def test_the_same_said_again_later_says_nothing_new() -> None:
    track = filled([0.0] * 5)
    for poll in range(10):
        track.observe(5 * PACKET, 1.1 + poll * 0.005)
    track.append(packet())
    assert track.time_of(5 * PACKET) == pytest.approx(1.1)
    assert track.holes == 0


def test_postponed_samples_happen_later_than_they_were_observed() -> None:
    track = filled([0.0] * 10)
    track.postpone(4 * PACKET, 0.02)
    track.postpone(8 * PACKET, 0.02)
    assert track.time_of(3 * PACKET) == pytest.approx(1.06)
    assert track.time_of(4 * PACKET) == pytest.approx(1.10)
    assert track.time_of(9 * PACKET) == pytest.approx(1.22)
    assert track.holes == 2


def test_what_was_not_there_reads_as_silence() -> None:
    track = filled([0.0] * 2)
    around = track.between(0.9, 1.2)
    assert len(around) == round(0.3 * RATE_HZ)
    assert not around[: round(0.099 * RATE_HZ)].any()
    assert not around[round(0.141 * RATE_HZ) :].any()
    assert around[round(0.12 * RATE_HZ)] == 1000


def test_a_track_is_bounded_and_drops_what_comes_after() -> None:
    track = Track(RATE_HZ, longest_s=0.05)
    for _ in range(4):
        track.append(packet())
    assert track.count == 400
    assert track.dropped_samples == 240


@given(st.lists(st.floats(0.0, 0.3), min_size=1, max_size=80))
def test_no_sample_is_placed_later_than_it_was_seen(late_s: list[float]) -> None:
    track = filled(late_s)
    for number, late in enumerate(late_s, start=1):
        placed_s = track.time_of(number * PACKET - 1)
        assert placed_s is not None
        assert placed_s <= 1.0 + number * 0.02 + late
        assert placed_s >= 1.0 + (number - 1) * 0.02 - 1e-9


@given(st.lists(st.floats(0.0, HOLE_S * 0.9), min_size=1, max_size=80))
def test_noise_below_a_packet_is_never_a_hole(late_s: list[float]) -> None:
    assert filled(late_s).holes == 0
