"""Rows of a CSV file, each with its line, and an error that says which one is bad."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from judge.data.example import CorruptData, OnError

Report = Callable[[CorruptData], None]
"""Told of every row that is skipped."""


def read_rows(
    file: Path,
    columns: Sequence[str],
    *,
    remedy: str,
    on_error: OnError = "refuse",
    report: Report | None = None,
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows as column → text, each with the line on which it ends.

    Args:
        columns: Those that must be there; others are given as they are.
        remedy: What to do if the file is missing.

    Raises:
        FileNotFoundError: If there is no such file.
        CorruptData: At a header that lacks a column; at the first row that is too short or too
            long, or cannot be parsed, unless *on_error* is ``skip``.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no file {file}: {remedy}")
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
        except csv.Error as error:
            raise CorruptData(file, 1, str(error)) from error
        if lacking := [column for column in columns if column not in header]:
            raise CorruptData(file, 1, f"no column {', '.join(lacking)}")
        while True:
            try:
                cells = next(reader, None)
                if cells is None:
                    return
                if cells and len(cells) != len(header):
                    raise ValueError(f"{len(cells)} cells where {len(header)} are due")
            except (csv.Error, ValueError) as error:
                corrupt = CorruptData(file, reader.line_num, str(error))
                if on_error == "refuse":
                    raise corrupt from error
                if report:
                    report(corrupt)
                continue
            if cells:
                yield reader.line_num, dict(zip(header, cells, strict=True))
