"""A moment as text, for the encoder. Training and serving share it.

The text is cut in fields, each after a separator, the most telling first: state, the caller's
words, facts, the agent's last turn, history, who the agent is, earlier turns. Whatever does not
fit into the model's tokens is lost from the end.

What people said is reduced to lower-case words before it is put in. So recognisers that punctuate
and those that do not give the same text, and nobody can forge a separator by saying one.

Any change of what comes out raises `VERSION`; an adapter that was trained on another version is
refused when it is loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from judge.hours import holds_at
from judge.moment import Moment, Relation, Signals, Speaker
from judge.numbers import in_digits, written_alike

VERSION: Final = 1

SEPARATOR: Final = "[SEP]"
MAX_TOKENS: Final = 128
"""Tokens that the encoder reads of a rendering, its own two special ones included."""

_WORDS: Final = 40  # of the caller's current words, the last
_OPENING: Final = 6  # of a longer utterance, the first that are kept beside them
_AGENT: Final = 18
_FACTS: Final = 34
_HISTORY: Final = 26
_PROFILE: Final = 7
_EARLIER: Final = 12
_TURNS: Final = 3  # earlier turns, each cut to _EARLIER words
_STEM: Final = 5  # letters of a word that two texts must share
_LONG: Final = 4  # letters of a word that says something
_READ: Final = 4000  # characters of any text that are looked at at all

_SPOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def render(moment: Moment) -> str:
    """The text that the encoder reads; its words alone decide nothing that this leaves out."""
    agent_said, earlier = _turns(moment)
    fields = [
        _state(moment),
        _current(moment.words),
        _first(_FACTS, *_facts(moment)),
        agent_said,
        _first(_HISTORY, *_nearest_first(moment.words, moment.memory.history)),
        _first(_PROFILE, moment.agent),
        *earlier,
    ]
    return f" {SEPARATOR} ".join(fields)


def spoken(text: str) -> list[str]:
    """The words of *text* as a recogniser without punctuation would give them."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").lower()
    return _SPOKEN.findall(plain)


def normalised(text: str) -> list[str]:
    """The words of *text* as the encoder reads them: as :func:`spoken`, numbers in digits."""
    return in_digits(spoken(written_alike(text)))


def _state(moment: Moment) -> str:
    """The state in words that the encoder knows, so that it need not learn numbers."""
    signals = moment.memory.signals
    parts = ["finished" if moment.final else "speaking"]
    if signals.overlap_s > 0:
        parts.append("over agent")
    parts += [_gap(signals), _speech(signals)]
    if moment.relation is not Relation.NEW:
        parts.append("friend" if moment.relation is Relation.KNOWN else "vip")
    if signals.local_hour is not None:
        parts.append(_time_of_day(signals.local_hour))
    if moment.affronts:
        parts.append("angry" if moment.affronts == 1 else "furious")
    return " ".join(part for part in parts if part)


def _gap(signals: Signals) -> str:
    if signals.gap_s < 0.5:
        return ""
    return "pause" if signals.gap_s < 2.0 else "long pause"


def _speech(signals: Signals) -> str:
    if signals.speech_s < 6:
        return ""
    return "long" if signals.speech_s < 15 else "very long"


def _time_of_day(hour: float) -> str:
    """The hour on the clock: what is open is a matter of the facts."""
    if hour < 6 or hour >= 22:
        return f"night {int(hour)}"
    if hour < 8:
        return f"early {int(hour)}"
    return f"day {int(hour)}" if hour < 18 else f"evening {int(hour)}"


def _current(words: str) -> str:
    said = normalised(words[-_READ:])
    if len(said) <= _WORDS:
        return " ".join(said)
    if len(words) > _READ:
        return " ".join(said[-_WORDS:])
    return " ".join([*said[:_OPENING], *said[_OPENING - _WORDS :]])


def _turns(moment: Moment) -> tuple[str, list[str]]:
    """What the agent said last, and what was said before it, the latest first."""
    latest = list(reversed(moment.turns))
    agent_said = ""
    for place, turn in enumerate(latest):
        if turn.speaker is Speaker.AGENT:
            agent_said = _last(_AGENT, turn.text)
            del latest[place]
            break
    return agent_said, [_last(_EARLIER, turn.text) for turn in latest[:_TURNS]]


def _facts(moment: Moment) -> list[str]:
    """What bears on the words first; where hours are named, whether they hold now."""
    facts = _nearest_first(moment.words, moment.memory.facts)
    hour = moment.memory.signals.local_hour
    if hour is None:
        return facts
    holds = {True: "now ", False: "not now ", None: ""}
    return [holds[holds_at(fact[:_READ], hour)] + fact for fact in facts]


def _nearest_first(words: str, remembered: Sequence[str]) -> list[str]:
    """What shares most words with the caller's first: it bears on them, and the end may be cut."""
    if len(remembered) < 2:
        return list(remembered)
    said = _stems(words[-_READ:])
    return sorted(remembered, key=lambda text: -len(said & _stems(text[:_READ])))


def _stems(text: str) -> set[str]:
    """Longer words by their beginnings, so that "booked" meets "booking"."""
    return {word[:_STEM] for word in normalised(text) if len(word) >= _LONG or word.isdigit()}


def _first(count: int, *texts: str) -> str:
    words: list[str] = []
    for text in texts:
        words += [*normalised(text[:_READ]), ","]
        if len(words) > count:
            break
    return " ".join(words[:count]).rstrip(", ")


def _last(count: int, text: str) -> str:
    return " ".join(normalised(text[-_READ:])[-count:])
