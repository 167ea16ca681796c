"""Numbers and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

NONE: Final = "–"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is left-aligned, the others are right-aligned."""
    lines = [list(heading), ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """*text* as it can stand in a table."""
    return " ".join(text.replace("|", "\\|").split())


def share(value: float | None) -> str:
    """A figure between 0 and 1, to three digits."""
    return NONE if value is None else f"{value:.3f}"


def number(value: float | None, digits: int = 1, unit: str = "") -> str:
    if value is None:
        return NONE
    return f"{value:.{digits}f}{f' {unit}' if unit else ''}"


def between(interval: dict[str, Any] | None) -> str:
    return NONE if interval is None else f"{interval['low']:.3f}–{interval['high']:.3f}"


def plain(text: str) -> str:
    """Words as they are, with nothing in them that Markdown would read."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|" else letter for letter in text)
