"""Calibration, against values reckoned by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from judge.evaluation.calibration import ece, reliability


def bins_of(*judged: tuple[float, bool]) -> list[tuple[Any, ...]]:
    confidence, right = (np.array(column) for column in zip(*judged, strict=True))
    return [
        (one.confidence, one.accuracy, one.n) for one in reliability(confidence, right.astype(bool))
    ]


def test_a_bin_holds_confidence_accuracy_and_count() -> None:
    assert bins_of((0.9, True), (0.9, False), (0.3, False)) == [
        (pytest.approx(0.3), 0.0, 1),
        (pytest.approx(0.9), 0.5, 2),
    ]


def test_the_error_is_the_mean_distance_weighted_by_count() -> None:
    bins = reliability(np.array([0.9, 0.9, 0.3]), np.array([True, False, False]))
    assert ece(bins) == pytest.approx((2 * 0.4 + 1 * 0.3) / 3)


def test_what_is_true_to_its_word_has_no_error() -> None:
    bins = reliability(np.full(4, 0.75), np.array([True, True, True, False]))
    assert ece(bins) == pytest.approx(0)


def test_certainty_lies_in_the_last_bin() -> None:
    (last,) = reliability(np.array([1.0]), np.array([True]))
    assert (last.high, last.n) == (1.0, 1)


def test_nothing_judged_has_no_bins() -> None:
    assert reliability(np.zeros(0), np.zeros(0, bool)) == []
    assert ece([]) == 0
