"""Facts in what was said, found by their wording.

The embedded profile has no language model to ask. What people tell about themselves on the
telephone comes in few forms, and what the agent promises in fewer still; ``wordings.toml`` has
them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from judge.moment import Speaker, Turn

_WORDINGS: Final = Path(__file__).with_name("wordings.toml")
_LONGEST: Final = 120  # characters of a fact
_PART: Final = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Found:
    """A fact in a turn: what it is about, and in words."""

    slot: str
    text: str


class FactFinder(Protocol):
    """Finds facts. Called after a turn, beside the call; may take its time, and may raise."""

    async def facts_in(self, turn: Turn, before: Sequence[Turn]) -> list[Found]:
        """Facts that *turn* states; *before* are the turns that it answers."""


@dataclass(frozen=True, slots=True)
class _Form:
    by: Speaker
    slot: str
    text: str
    wording: re.Pattern[str]
    many: bool


class WordedFacts:
    """The embedded finder of facts: English wordings and nothing else."""

    def __init__(self) -> None:
        table = tomllib.loads(_WORDINGS.read_text(encoding="utf-8"))
        self._forms = [_form(entry, table["parts"]) for entry in table["fact"]]

    async def facts_in(self, turn: Turn, before: Sequence[Turn]) -> list[Found]:
        """Facts that *turn* states; *before* is not looked at."""
        return self.find(turn)

    def find(self, turn: Turn) -> list[Found]:
        """The same, at once; takes microseconds."""
        text = turn.text.replace("\u2019", "'")
        found: dict[str, Found] = {}
        for form in self._forms:
            if form.by is not turn.speaker:
                continue
            for match in form.wording.finditer(text):
                named = {name: value.strip() for name, value in match.groupdict().items()}
                slot = f"{form.slot}:{_about(named['it'])}" if form.many else form.slot
                found.setdefault(slot, Found(slot, form.text.format(**named)[:_LONGEST]))
        return list(found.values())


def _form(entry: Mapping[str, Any], parts: Mapping[str, str]) -> _Form:
    wording = entry["wording"]
    while (filled := _PART.sub(lambda match: parts[match[1]], wording)) != wording:
        wording = filled
    flags = 0 if entry.get("case") else re.IGNORECASE
    return _Form(
        Speaker(entry.get("by", "caller")),
        entry["slot"],
        entry["text"],
        re.compile(wording, flags),
        entry.get("many", False),
    )


def _about(it: str) -> str:
    """A few letters that two wordings of the same matter share: its longest word's beginning."""
    words = re.findall(r"\w+", it.lower())
    return max(words, key=len)[:6] if words else ""
