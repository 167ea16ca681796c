"""What a recogniser heard, and where the bar stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.data.example import Variant
from judge.data.recognised import Heard, recognised
from judge.data.scenarios import Wording
from tests.unit.judge.small_set import Mishearing


def wording(say: str) -> Wording:
    before, bar, _ = say.partition("|")
    return Wording(say.replace("|", " ").split(), len(before.split()) if bar else None)


@pytest.mark.parametrize(
    ("said", "heard", "before"),
    [
        ("my card number is | four five three", "My card number is four five three.", 4),
        ("my card number is | four five three", "uh my cart number is four five three", 5),
        ("my card number is | four five three", "my card number it four five three", 3),
        ("so the room is | ten four two", "the room is ten four two", 3),
    ],
)
def test_the_bar_goes_behind_the_last_heard_word_from_before_it(
    said: str, heard: str, before: int
) -> None:
    found = recognised(wording(said), heard)
    assert found is not None
    assert found.mark == before
    assert found.variant is Variant.RECOGNISED


def test_without_a_bar_the_heard_words_are_taken_as_they_are() -> None:
    found = recognised(wording("can I stay"), "Can I say?")
    assert found == Wording(["can", "i", "say"], None, Variant.RECOGNISED)


@pytest.mark.parametrize("heard", ["", "...", "something else entirely"])
def test_a_bar_of_which_nothing_was_heard_has_no_place(heard: str) -> None:
    assert recognised(wording("my card number | is four five"), heard) is None


@given(st.lists(st.sampled_from("a b c d".split()), min_size=2), st.integers(1), st.text())
def test_a_bar_stands_inside_what_was_heard(said: list[str], place: int, heard: str) -> None:
    found = recognised(Wording(said, 1 + place % (len(said) - 1)), heard)
    if found is not None:
        assert found.mark is not None
        assert 0 < found.mark < len(found.words)


def test_a_text_is_listened_to_once(tmp_path: Path) -> None:
    file, ear = tmp_path / "heard.jsonl", Mishearing()
    for _ in range(2):
        assert list(Heard(file).listen(["one two three", "four five"], ear)) == [
            "one two three",
            "four five",
        ]
    assert ear.heard == ["one two three", "four five"]
    assert Heard(file)["one two three"] == "one three"


def test_a_line_that_was_being_written_is_heard_again(tmp_path: Path) -> None:
    file, ear = tmp_path / "heard.jsonl", Mishearing()
    list(Heard(file).listen(["one two three"], ear))
    with file.open("a") as lines:
        lines.write('["four fi')
    assert "one two three" in Heard(file)
    list(Heard(file).listen(["four five six"], ear))
    assert Heard(file)["four five six"] == "four six"
