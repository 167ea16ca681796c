"""Numbers in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.numbers import in_digits, written_alike
from judge.render import normalised


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("two fifty", "250"),
        ("two hundred and fifty pounds", "250 pounds"),
        ("a hundred and five", "105"),
        ("four eighty back", "480 back"),
        ("ninety five dollar fee", "95 dollar fee"),
        ("nineteen ninety eight", "1998"),
        ("twenty twenty six", "2026"),
        ("two thousand and five", "2005"),
        ("two hundred and seventy five thousand", "275000"),
        ("three thousand six hundred", "3600"),
        ("a thousand", "1000"),
        ("four point one percent", "4 1 percent"),
        ("half past nine", "930"),
        ("quarter to one", "1245"),
        ("quarter past six", "615"),
        ("the third of october", "the 3 of october"),
        ("june twenty sixth", "june 26"),
        ("on the twenty sixth", "on the 26"),
        ("the 3rd of may", "the 3 of may"),
        ("four nine two two", "4 9 2 2"),
        ("twenty and thirty", "20 and 30"),
        ("room two oh four", "room 2 oh 4"),
        ("this one", "this one"),
        ("one hundred", "100"),
        ("one two three", "one 2 3"),
        ("first of all give me a second", "first of all give me a second"),
        ("a half hour", "a half hour"),
        ("hundred", "hundred"),
        ("zero five", "0 5"),
        ("", ""),
    ],
)
def test_what_was_said(said: str, expected: str) -> None:
    assert in_digits(said.split()) == expected.split()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Meeting at 14:00", "Meeting at 2"),
        ("Opens 9:30", "Opens 930"),
        ("1,500 euros, not 15,00", "1500 euros, not 15,00"),
        ("Score 31:75", "Score 31:75"),
    ],
)
def test_what_was_written(written: str, expected: str) -> None:
    assert written_alike(written) == expected


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("two hundred and fifty pounds", "250 pounds"),
        ("at half past two", "at 14:30"),
        ("the third of October", "the 3rd of October"),
        ("one thousand five hundred euros", "1,500 euros"),
        ("four point one percent", "4.1 percent"),
    ],
)
def test_said_and_written_become_the_same(said: str, written: str) -> None:
    assert normalised(said) == normalised(written)


_WORDS = (
    "one two nine ten nineteen twenty ninety hundred thousand million and a point half quarter "
    "past to third of june the"
).split()


@given(st.lists(st.sampled_from(_WORDS), max_size=12))
def test_any_row_of_number_words_is_read(words: list[str]) -> None:
    out = in_digits(words)
    assert len(out) <= len(words)
    assert in_digits(out) == out or "one" in out or "a" in out


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    in_digits(written_alike(text).lower().split())
