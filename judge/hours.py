"""Whether the hours that a remembered text names hold at this hour.

A small encoder cannot compare numbers: that 21:24 lies outside "8 to 17" it would have to learn for
every pair of hours. So it is worked out, and the rendering says it in a word.
"""

from __future__ import annotations

import re
from typing import Final

_TIME: Final = r"(\d{1,2})(?:[:.](\d\d))?(?: ?(am|pm)\b| o'?clock\b)?"
_SPAN: Final = re.compile(rf"\b{_TIME} ?(?:to|till|until|and|-|\u2013) ?{_TIME}(?![\w:.,]*\d| ?%)")
_BOUND: Final = re.compile(
    rf"\b(until|till|before|closes at|ends at|after|from|opens at) {_TIME}(?![\w:.,]*\d| ?%)"
)
_MORNING: Final = 6.0
_UP_TO: Final = {"until", "till", "before", "closes at", "ends at"}
_DATED: Final = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|20\d\d|tomorrow|yesterday)\b"
)
_COUNTED: Final = re.compile(
    r" ?(?:years?|days?|weeks?|months?|nights?|minutes?|people|persons?|guests?|euros?|pounds?"
    r"|dollars?|percent|metres?|kilos?|degrees|pieces|steps)\b"
)


def holds_at(text: str, hour: float) -> bool | None:
    """Whether *hour* lies within the hours that *text* names; None where it names none.

    "Open from 9 to 17" holds at 10.0 and not at 20.0; "quiet after 22:00" the other way round.
    Hours of a certain date, and numbers that count other things, are not hours of the day.

    Args:
        text: A fact or a piece of history.
        hour: Local time of day in hours, 0 to 24.
    """
    lowered = text.lower()
    if _DATED.search(lowered):
        return None
    spans = [span for span in map(_span, _SPAN.finditer(lowered)) if span]
    if spans:
        return any(_within(hour, start, end) for start, end in spans)
    bounds = [bound for bound in map(_bound, _BOUND.finditer(lowered)) if bound]
    if bounds:
        return all(_within(hour, start, end) for start, end in bounds)
    return None


def _span(match: re.Match[str]) -> tuple[float, float] | None:
    if _counts(match):
        return None
    first, first_minutes, first_half, second, second_minutes, second_half = match.groups()
    start = _hour(first, first_minutes, first_half or second_half)
    end = _hour(second, second_minutes, second_half)
    if start is None or end is None:
        return None
    if first_half is None and second_half == "pm" and start > end:  # "9 to 5 pm"
        start -= 12
    return start, end


def _bound(match: re.Match[str]) -> tuple[float, float] | None:
    side, hours, minutes, half = match.groups()
    if _counts(match) or not (minutes or half):  # "from 3" may count anything
        return None
    bound = _hour(hours, minutes, half)
    if bound is None:
        return None
    if side not in _UP_TO:
        return bound, 24.0
    return (_MORNING if bound < _MORNING else 0.0), bound  # "until 1 am" begins the day before


def _counts(match: re.Match[str]) -> bool:
    return _COUNTED.match(match.string, match.end()) is not None


def _hour(hours: str, minutes: str | None, half: str | None) -> float | None:
    hour = int(hours) + int(minutes or 0) / 60
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour >= 12:
        hour -= 12
    return hour if hour <= 24 and int(minutes or 0) < 60 else None


def _within(hour: float, start: float, end: float) -> bool:
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end  # over midnight
