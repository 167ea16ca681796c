"""Numbers in one spelling, however they were said or written.

One recogniser writes "two hundred and fifty", the next "250", and the fact beside them was typed
by somebody as "250 pounds". A small encoder knows none of these to be the same; in one spelling
it has only to compare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_UNITS: Final = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS: Final = {
    word: 10 * value
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_SMALL: Final = {**_UNITS, **_TENS}
_SCALES: Final = {"thousand": 1000, "million": 1_000_000}
_ORDINALS: Final = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
        "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth "
        "twentieth".split(),
        start=1,
    )
} | {"thirtieth": 30}
_MONTHS: Final = frozenset(
    "january february march april may june july august september october november december".split()
)
_SUFFIXED: Final = re.compile(r"(\d+)(?:st|nd|rd|th)")
_CLOCK: Final = re.compile(r"\b(\d{1,2}):(\d\d)\b")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")


def written_alike(text: str) -> str:
    """*text* with its times and large numbers written as :func:`in_digits` writes spoken ones.

    "14:00" becomes "2" and "9:30" "930", as people say them; "1,500" becomes "1500".
    """
    return _CLOCK.sub(_clock, _THOUSANDS.sub("", text))


def in_digits(words: Sequence[str]) -> list[str]:
    """*words*, lower-case and without punctuation, with numbers in digits.

    Digits that are said one by one stay apart, and so does a lone "one", which is seldom a
    number. "Two fifty" is 250, "nineteen ninety-eight" 1998, "half past nine" 930.
    """
    out: list[str] = []
    at = 0
    while at < len(words):
        spelled, length = _number_at(words, at)
        out.append(spelled)
        at += length
    return out


def _clock(match: re.Match[str]) -> str:
    hour, minutes = int(match[1]), match[2]
    if hour > 24 or int(minutes) > 59:
        return match[0]
    hour = hour - 12 if hour > 12 else hour
    return str(hour) if minutes == "00" else f"{hour}{minutes}"


def _number_at(words: Sequence[str], at: int) -> tuple[str, int]:
    """What stands for the words from *at* on, and how many words it stands for."""
    word = words[at]
    if word in _SMALL or (word == "a" and _word(words, at + 1) in ("hundred", "thousand")):
        value, length = _cardinal(words, at)
        day = _ORDINALS.get(_word(words, at + 1), 0) if word in ("twenty", "thirty") else 0
        if length == 1 and 0 < day < 10 and _dates(words, at, at + 2):  # "the twenty sixth of"
            return str(_TENS[word] + day), 2
        return (word, 1) if word == "one" and length == 1 else (str(value), length)
    if word in _ORDINALS and _dates(words, at, at + 1):
        return str(_ORDINALS[word]), 1
    if word in ("half", "quarter"):
        return _part_of_an_hour(words, at)
    if word == "point" and at and words[at - 1] in _SMALL and _word(words, at + 1) in _SMALL:
        value, length = _cardinal(words, at + 1)
        return str(value), 1 + length
    suffixed = _SUFFIXED.fullmatch(word)
    return (suffixed[1] if suffixed else word), 1


def _cardinal(words: Sequence[str], at: int) -> tuple[int, int]:
    """The number that begins at *at*, and its length in words."""
    total, part = 0, 0
    begun = at
    open_to = 100  # below what a word may be that is added to the part
    paired = False
    if words[at] == "a":
        part, at, open_to = 1, at + 1, 1
    while at < len(words):
        word = words[at]
        if word in _SMALL:
            value = _SMALL[word]
            if value < open_to or at == begun:
                part += value
            elif 0 < part < 100 and value >= 10 and not paired and not total:
                part, paired = 100 * part + value, True
            else:
                break
            open_to = 10 if word in _TENS else 0
            open_to = 0 if value == 0 else open_to
        elif word == "hundred" and 0 < part < 100:
            part, open_to, paired = 100 * part, 100, True
        elif word in _SCALES and 0 < part < 1000:
            total, part, open_to = total + part * _SCALES[word], 0, 1000
        elif not (
            word == "and" and open_to >= 100 and at > begun and _word(words, at + 1) in _SMALL
        ):
            break
        at += 1
    return total + part, at - begun


def _part_of_an_hour(words: Sequence[str], at: int) -> tuple[str, int]:
    hour = _UNITS.get(_word(words, at + 2), 0)
    side = _word(words, at + 1)
    if not 0 < hour <= 12 or side not in ("past", "to") or (words[at], side) == ("half", "to"):
        return words[at], 1
    if side == "past":
        return f"{hour}{30 if words[at] == 'half' else 15}", 3
    return f"{hour - 1 or 12}45", 3


def _dates(words: Sequence[str], at: int, after: int) -> bool:
    """Whether an ordinal is a day: "the third of", "june the third", "on the third"."""
    before, last = _word(words, at - 1), _word(words, at - 2)
    of_month = _word(words, after) == "of" and _word(words, after + 1) in _MONTHS
    if of_month or _word(words, after) in _MONTHS or before in _MONTHS:
        return True
    return before == "the" and (last in _MONTHS or last in ("on", "by", "until", "till", "from"))


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
