"""What the README says of the judge is what the committed report says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from judge.evaluation.readme import block, put_into
from judge.models.base import ModelError

ROOT = Path(__file__).parents[3]
FIGURES = json.loads((ROOT / "judge/reports/minilm.json").read_text(encoding="utf-8"))


def test_the_readme_shows_the_reports_figures() -> None:
    assert block(FIGURES) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_report_is_of_the_adapter_that_is_shipped() -> None:
    card = json.loads((ROOT / "judge/adapters/minilm/card.json").read_text(encoding="utf-8"))
    assert FIGURES["model"] == f"{card['name']}/{card['version']}"
    assert FIGURES["trained_on_this_set"] is True


def test_a_file_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("nothing here", encoding="utf-8")
    with pytest.raises(ModelError, match=r"notes\.md has no"):
        put_into(file, FIGURES)
    assert file.read_text(encoding="utf-8") == "nothing here"
