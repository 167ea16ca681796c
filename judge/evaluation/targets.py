"""What the judge should reach, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for one figure.

    Attributes:
        key: Where the figure stands in the results; ``a.b`` is ``b`` in ``a``.
        at_least: Whether the bound is the least or the most.
    """

    what: str
    key: str
    bound: float
    at_least: bool
    unit: str = ""

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"

    def reached(self, measured: float | None) -> bool | None:
        """None when it was not measured."""
        if measured is None:
            return None
        return measured >= self.bound if self.at_least else measured <= self.bound


TARGETS: Final = (
    Target("accuracy, written test set", "accuracy", 0.91, True),
    Target("macro-F1, written test set", "macro_f1", 0.85, True),
    Target("interruption precision", "interrupt_precision", 0.90, True),
    Target("interruption recall", "interrupt_recall", 0.85, True),
    Target("false interruptions, MRDA", "false_interrupts_per_min.mrda", 0.2, False, " /min"),
    Target("false interruptions, CORAAL", "false_interrupts_per_min.coraal", 0.2, False, " /min"),
    Target("accuracy lost without memory", "memory_blank_drop", 10, True, " points"),
    Target("accuracy lost on recognised text", "recognised_drop", 5, False, " points"),
    Target("median judgement at 96 tokens", "p50_ms", 12, False, " ms"),
    Target("99th percentile at 96 tokens", "p99_ms", 25, False, " ms"),
)


def compared(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every target with what was measured and whether it was reached."""
    rows = []
    for target in TARGETS:
        measured: Any = figures
        for part in target.key.split("."):
            measured = measured.get(part) if measured is not None else None
        rows.append(
            {
                "what": target.what,
                "key": target.key,
                "wanted": target.wanted,
                "unit": target.unit.strip(),
                "measured": measured,
                "reached": target.reached(measured),
            }
        )
    return rows
