"""Targets are compared, never claimed."""

from __future__ import annotations

from typing import Any

import pytest

from judge.evaluation.targets import TARGETS, compared

REACHED: dict[str, Any] = {
    "accuracy": 0.91,
    "macro_f1": 0.9,
    "interrupt_precision": 0.95,
    "interrupt_recall": 0.85,
    "false_interrupts_per_min": {"mrda": 0.2, "coraal": 0.0},
    "memory_blank_drop": 10.0,
    "recognised_drop": 5.0,
    "p50_ms": 11.0,
    "p99_ms": 20.0,
}


def verdicts(**changed: Any) -> dict[str, bool | None]:
    return {row["key"]: row["reached"] for row in compared(REACHED | changed)}


def test_a_bound_that_is_met_exactly_is_reached() -> None:
    assert set(verdicts().values()) == {True}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("accuracy", 0.9099),
        ("interrupt_recall", 0.8),
        ("memory_blank_drop", 9.9),
        ("recognised_drop", 5.1),
        ("p99_ms", 25.1),
    ],
)
def test_what_falls_short_is_not(key: str, value: float) -> None:
    assert verdicts(**{key: value})[key] is False


def test_what_was_not_measured_is_neither() -> None:
    found = verdicts(p50_ms=None, false_interrupts_per_min={"mrda": 0.5, "coraal": None})
    assert found["p50_ms"] is None
    assert found["false_interrupts_per_min.mrda"] is False
    assert found["false_interrupts_per_min.coraal"] is None


def test_every_target_of_the_project_is_there() -> None:
    assert {target.key: target.bound for target in TARGETS} == {
        "accuracy": 0.91,
        "macro_f1": 0.85,
        "interrupt_precision": 0.90,
        "interrupt_recall": 0.85,
        "false_interrupts_per_min.mrda": 0.2,
        "false_interrupts_per_min.coraal": 0.2,
        "memory_blank_drop": 10,
        "recognised_drop": 5,
        "p50_ms": 12,
        "p99_ms": 25,
    }
