"""Where the real corpora lie, for tests that look at them if they are there."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPORA = Path(__file__).parents[5] / "shared" / "data"


def corpus(name: str) -> Path:
    """The folder of a corpus; skips the test without it."""
    folder = CORPORA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder
