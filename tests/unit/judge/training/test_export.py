"""The graph that is served says what the student says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("onnx")

from judge.data.build import read_set
from judge.data.example import Example, Split
from judge.models.minilm import CARD_FILE, GRAPH_FILE, MiniLM, read_card
from judge.moment import Moment
from judge.render import render
from judge.training.export import export
from judge.training.lessons import encode
from judge.training.student import load, logits_of


@pytest.fixture(scope="module")
def examples(small_set: Path) -> list[Example]:
    tested = [one for one in read_set(small_set, ["scenarios"]) if one.split is Split.TEST]
    return tested[:: max(1, len(tested) // 30)]


@pytest.fixture(scope="module")
def in_full(small_adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small adapter, exported in full precision."""
    folder = tmp_path_factory.mktemp("full") / "tiny"
    shutil.copytree(small_adapter, folder, ignore=shutil.ignore_patterns("work"))
    export(load(folder), folder, read_card(folder), int8=False)
    return folder


def logits(folder: Path, examples: list[Example]) -> tuple[np.ndarray, np.ndarray]:
    model = MiniLM.load(folder)
    both = [model.logits(render(one.moment)) for one in examples]
    return np.stack([actions for actions, _ in both]), np.stack([one for _, one in both])


def test_in_full_precision_it_equals_the_student(in_full: Path, examples: list[Example]) -> None:
    actions, situations = logits_of(load(in_full), encode(examples))
    served_actions, served_situations = logits(in_full, examples)
    assert np.abs(actions - served_actions).max() < 1e-3
    assert np.abs(situations - served_situations).max() < 1e-3


def test_in_eight_bits_it_mostly_agrees(
    in_full: Path, small_adapter: Path, examples: list[Example]
) -> None:
    full, _ = logits(in_full, examples)
    small, _ = logits(small_adapter, examples)
    assert np.mean(full.argmax(axis=1) == small.argmax(axis=1)) >= 0.85


def test_eight_bits_take_a_third_of_the_space(in_full: Path, small_adapter: Path) -> None:
    size = (small_adapter / GRAPH_FILE).stat().st_size
    assert size < (in_full / GRAPH_FILE).stat().st_size / 3
    assert size < 30_000_000


def test_any_length_is_served(in_full: Path) -> None:
    model = MiniLM.load(in_full)
    for count in (0, 1, 30, 400):
        actions, _ = model.logits(render(Moment(words="word " * count)))
        assert np.isfinite(actions).all()


def test_the_card_names_the_graph(small_adapter: Path, in_full: Path) -> None:
    assert read_card(small_adapter).graph_sha256 != read_card(in_full).graph_sha256


def test_the_graph_tells_nothing_of_who_made_it(small_adapter: Path) -> None:
    content = (small_adapter / GRAPH_FILE).read_bytes()
    assert str(Path.home()).encode() not in content
    assert b"site-packages" not in content
    assert str(small_adapter.parent).encode() not in content


def test_a_broken_export_leaves_the_old_graph(
    in_full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(in_full, folder)
    before = (folder / CARD_FILE).read_bytes(), (folder / GRAPH_FILE).read_bytes()

    def full_disk(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        export(load(folder), folder, read_card(folder))
    monkeypatch.undo()
    assert ((folder / CARD_FILE).read_bytes(), (folder / GRAPH_FILE).read_bytes()) == before
    MiniLM.load(folder)
