"""ConvAbuse: what people say to chatbots, with the abuse that annotators saw in it.

Cercas Curry, Abercrombie and Rieser, "ConvAbuse", EMNLP 2021, CC BY 4.0. Each annotator gives a
severity: 1 not abusive, 0 ambiguous, -1 mild, -2 strong, -3 very strong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from judge.data.example import CorruptData, Example, OnError, Split
from judge.data.rows import Report, read_rows
from judge.judgement import Action, Situation
from judge.moment import Memory, Moment, Signals, Speaker, Turn

AGENT: Final = "A chat assistant"
REMEDY: Final = "fetch the three ConvAbuseEMNLP*.csv files and name their folder"
FILES: Final[Mapping[str, Split]] = {
    "ConvAbuseEMNLPtest.csv": Split.TEST,
    "ConvAbuseEMNLPvalid.csv": Split.DEV,
    "ConvAbuseEMNLPtrain.csv": Split.TRAIN,
}
"""The corpus' own split, the strictest first: a conversation stays where it is met first."""

ABUSIVE: Final = -0.75
CIVIL: Final = 0.75

_COLUMNS: Final = ("example_id", "conv_id", "prev_agent", "prev_user", "agent", "user")
_SEVERITY: Final = re.compile(r"(Annotator\d+)_is_abuse\.(1|0|-1|-2|-3)")
_NOBODY: Final = frozenset({"", "_"})  # how the corpus writes that nothing was said
_LEAST_WORDS: Final = 3
_TO_THE_BOT: Final = re.compile(
    r"\b(?:you|your|you're|youre|yourself|u|ur|eliza|bots?|robots?|computers?|joke)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Votes:
    """What the annotators of a row said.

    Attributes:
        severity: The mean over those who voted, 1 to -3.
        at_agent: Whether half or more of those who saw abuse saw it aimed at the system.
    """

    severity: float
    at_agent: bool


def load(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    report: Report | None = None,
) -> Iterator[Example]:
    """Abuse aimed at the agent, and ordinary statements; what is neither for sure is left out.

    Talk about the bot itself ("are you married?") is left out too: it is not abuse, but a
    straight answer is not what it deserves either.

    Raises:
        FileNotFoundError: If one of the files is missing.
        CorruptData: At the first corrupt row, unless *on_error* is ``skip``.
    """
    seen: dict[str, Split] = {}
    for name, split in FILES.items():
        file = folder / name
        rows = read_rows(file, _COLUMNS, remedy=REMEDY, on_error=on_error, report=report)
        for line, row in rows:
            try:
                votes = votes_of(row)
            except ValueError as error:
                corrupt = CorruptData(file, line, str(error))
                if on_error == "refuse":
                    raise corrupt from error
                if report:
                    report(corrupt)
                continue
            if seen.setdefault(row["conv_id"], split) is split and votes:
                yield from _told(row, split, votes, f"{name.split('.', 1)[0]}/{line}", seed)


def votes_of(row: Mapping[str, str]) -> Votes | None:
    """The votes in a row; None if nobody voted.

    An annotator who was shown a row twice has two votes in each cell: ``0, 1``.

    Raises:
        ValueError: If a vote is neither 0 nor 1.
    """
    severities: list[int] = []
    aimed: list[bool] = []
    for column, cell in row.items():
        if not (field := _SEVERITY.fullmatch(column)) or not cell.strip():
            continue
        severity = int(field[2])
        target = f"{field[1]}_target.system"
        at_system = _ticks(target, row.get(target, "") or "0")
        for place, ticked in enumerate(_ticks(column, cell)):
            if not ticked:
                continue
            severities.append(severity)
            if severity < 0:
                aimed.append(place < len(at_system) and at_system[place])
    if not severities:
        return None
    mean = sum(severities) / len(severities)
    return Votes(mean, at_agent=bool(aimed) and 2 * sum(aimed) >= len(aimed))


def _ticks(column: str, cell: str) -> list[bool]:
    ticks = [tick.strip() for tick in cell.split(",")]
    if any(tick not in {"0", "1"} for tick in ticks):
        raise ValueError(f"{column} is {cell!r}, neither 0 nor 1")
    return [tick == "1" for tick in ticks]


def _told(
    row: Mapping[str, str], split: Split, votes: Votes, name: str, seed: int
) -> Iterator[Example]:
    words = " ".join(row["user"].split())
    if words in _NOBODY:
        return
    abusive = votes.severity <= ABUSIVE and votes.at_agent
    civil = (
        votes.severity >= CIVIL
        and len(words.split()) >= _LEAST_WORDS
        and not _TO_THE_BOT.search(words)
    )
    if not abusive and not civil:
        return
    said = (
        (Speaker.AGENT, row["prev_agent"]),
        (Speaker.CALLER, row["prev_user"]),
        (Speaker.AGENT, row["agent"]),
    )
    # Typed, so without an audio clock: only the gap that makes the judge judge at all.
    gap_s = round(random.Random(f"{seed}:{name}").uniform(0.5, 1.2), 2)
    yield Example(
        id=f"convabuse/{name}",
        source="convabuse",
        group=f"convabuse/{row['conv_id']}",
        split=split,
        moment=Moment(
            words=words,
            agent=AGENT,
            turns=tuple(
                Turn(speaker=speaker, text=" ".join(text.split()))
                for speaker, text in said
                if text.strip() not in _NOBODY
            ),
            memory=Memory(signals=Signals(gap_s=gap_s)),
        ),
        action=Action.DEFLECT if abusive else Action.RESPOND,
        situation=Situation.AFFRONT if abusive else None,
        kind="abusive" if abusive else "not_abusive",
    )
