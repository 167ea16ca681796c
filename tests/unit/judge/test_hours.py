"""Hours that a remembered text names, and whether they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.hours import holds_at
from judge.moment import Memory, Moment, Signals
from judge.render import SEPARATOR, render


@pytest.mark.parametrize(
    ("text", "within", "outside"),
    [
        ("Open from 9 to 17", [9.0, 12.5, 16.9], [8.9, 17.0, 23.0]),
        ("Desk 8:00-17:30, recovery day and night", [8.0, 17.4], [17.5, 3.0]),
        ("We are in from 9 to 5 pm", [9.0, 16.5], [17.0, 20.0, 4.0]),
        ("Open 9am to 5pm", [9.0, 16.5], [17.0, 5.0]),
        ("Bedside phones are off between 20:00 and 10:00", [21.0, 3.0, 9.5], [10.0, 19.9]),
        ("Oven lit from 11 until 14:30 and again from 18 until 23", [11.5, 18.0], [15.0, 23.5]),
        ("Quiet from 22:00", [22.0, 23.5], [12.0]),
        ("No visitors before 14:00", [9.0], [14.0, 20.0]),
        ("Bar closes at 01:00", [20.0, 0.5], [1.5, 5.0]),
        ("Gate opens at 07:00 and closes at 21:00", [7.0, 20.9], [6.0, 21.0]),
        ("Snacks until 12 am", [12.0, 23.5], [3.0]),
    ],
)
def test_hours_of_the_day(text: str, within: list[float], outside: list[float]) -> None:
    assert [holds_at(text, hour) for hour in within] == [True] * len(within)
    assert [holds_at(text, hour) for hour in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Room 204",
        "Stays from 4 to 18 August",
        "Contract runs until 2027",
        "Table for 2 to 4 people",
        "Delivery takes 3 to 5 days",
        "Appointment tomorrow 8:00 to 10:00",
        "Rent rises from 745 to 780",
        "Interest of 3 to 5 percent",
        "Rooms 31 to 45",
        "Order 8812 delivered at 11:20",
    ],
)
def test_other_numbers_are_no_hours(text: str) -> None:
    assert holds_at(text, 12.0) is None


@given(st.text(max_size=60), st.floats(0, 24))
def test_any_text_is_read(text: str, hour: float) -> None:
    assert holds_at(text, hour) in (True, False, None)


@given(st.integers(0, 24), st.integers(0, 24), st.floats(0, 23.99))
def test_a_span_and_its_complement_share_the_day(start: int, end: int, hour: float) -> None:
    if start % 24 != end % 24:
        one = holds_at(f"open {start}:00 to {end}:00", hour)
        other = holds_at(f"open {end % 24}:00 to {start % 24}:00", hour)
        assert {one, other} == {True, False}


def test_the_rendering_says_whether_hours_hold() -> None:
    def facts_at(hour: float | None) -> str:
        memory = Memory(signals=Signals(local_hour=hour), facts=("Open from 9 to 17",))
        return render(Moment(words="let me in", memory=memory)).split(f" {SEPARATOR} ")[2]

    assert facts_at(10.0) == "now open from 9 to 17"
    assert facts_at(20.0) == "not now open from 9 to 17"
    assert facts_at(None) == "open from 9 to 17"
