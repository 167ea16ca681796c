"""The tables of the report, put between two marks in a Markdown file such as the README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from judge.evaluation.report import models_table, targets_table
from judge.models.base import ModelError

BEGIN: Final = "<!-- judge: interject judge evaluate --readme -->"
END: Final = "<!-- /judge -->"


def block(figures: Mapping[str, Any]) -> str:
    """What stands between the marks, the marks included."""
    return "\n\n".join([BEGIN, models_table(figures), targets_table(figures), END])


def put_into(file: Path, figures: Mapping[str, Any]) -> None:
    """Replace what stands between the marks in *file*.

    Raises:
        ModelError: If the marks are not there.
        OSError: If it cannot be read or written.
    """
    text = file.read_text(encoding="utf-8")
    found = re.search(f"{re.escape(BEGIN)}.*?{re.escape(END)}", text, flags=re.DOTALL)
    if found is None:
        raise ModelError(f"{file} has no {BEGIN} with {END} after it: put both where the tables go")
    text = text[: found.start()] + block(figures) + text[found.end() :]
    part = file.with_suffix(f"{file.suffix}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
