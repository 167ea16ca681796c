"""CORAAL: interviews in African American English, as moments. For testing only.

Kendall and Farrington, "The Corpus of Regional African American Language", CC BY-NC-SA 4.0: what
is learned from it could not be shipped. A file is tab-separated: line, speaker, start, text, end;
``(pause 0.28)``, ``[overlap]``, ``/unclear/``, ``<laugh>``, ``/RD-NAME-1/`` for what was redacted.
The interviewer plays the agent, the person whom the file is named after the caller.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from judge.data.cuts import (
    backchannels,
    drawn,
    interruptions,
    pauses,
    some_minutes,
    taken_up,
    truncations,
)
from judge.data.cuts import streams as streams_of
from judge.data.example import CorruptData, Example, OnError, Split
from judge.data.spoken import (
    Conversation,
    Ending,
    Gaps,
    Stretch,
    Weight,
    Word,
)

AGENT: Final = "An interviewer"
REMEDY: Final = "fetch the CORAAL transcripts (.txt) and name their folder"

_JOIN_S: Final = 2.0  # people who are telling something pause longer than in meetings
_HEADER: Final = ("Line", "Spkr", "StTime", "Content", "EnTime")
_NEAR: Final = 30  # lines before and after one that can have to do with it
_PAUSE: Final = re.compile(r"\(pause [\d.]+\)")
_UNHEARD: Final = re.compile(
    r"/\s*(?:\?+|unintelligible|inaudible)[.,]?\s*/|<[^>]*>|\([^)]*\)", re.IGNORECASE
)
_REDACTED: Final = {
    "NAME": "somebody",
    "ADDRESS": "somewhere",
    "SCHOOL": "that school",
    "WORK": "that place",
}
_BACKCHANNEL: Final = frozenset(
    "mm-hm mhm mm hm hmm uh-huh yeah yep right okay oh wow true exactly sure yes".split()
)
_LIGHT: Final = frozenset("um uh so well and but like".split())


def load(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    per_kind: int | None = 40,
    gaps: Gaps = "asked",
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[Example]:
    """The interviewees' examples.

    Args:
        on_error: Whether a corrupt row is an error, or left out and told to *report*.
        per_kind: How many of a kind one interview gives at most; None is all.
        gaps: See `judge.data.spoken.Gaps`.

    Raises:
        FileNotFoundError: If there is no interview in *folder*.
        CorruptData: At the first corrupt row, unless *on_error* is ``skip``.
    """
    for caller, talk in interviews(folder, on_error, seed, gaps, report):
        mine = f"/{caller}-"
        for kind, examples in {
            "interruption": interruptions(talk),
            "truncation": truncations(talk, 10**9),
            "pause": pauses(talk),
            "backchannel": backchannels(talk, caller),
            "taken_up": taken_up(talk),
        }.items():
            his = (example for example in examples if mine in example.id)
            yield from drawn(his, per_kind, f"{seed}:{talk.group}:{kind}")


def streams(
    folder: Path,
    *,
    minutes: float | None = 60.0,
    on_error: OnError = "refuse",
    seed: int = 0,
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[Example]:
    """Interviewees' utterances judged at every second of speech.

    Args:
        minutes: Speech to cover, in utterances drawn by *seed*; all where None.
    """
    talks = interviews(folder, on_error, seed, "real", report)
    return some_minutes(
        (one for caller, talk in talks for one in streams_of(talk, caller)), minutes, seed
    )


def interviews(
    folder: Path,
    on_error: OnError = "refuse",
    seed: int = 0,
    gaps: Gaps = "asked",
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[tuple[str, Conversation]]:
    """Every interview, with the code of its interviewee.

    An interviewee of one file may interview in another, so that the file's name decides.
    """
    files = sorted(folder.glob("*_*_*.txt"))
    if not files:
        raise FileNotFoundError(f"no interview in {folder}: {REMEDY}")
    for file in files:
        caller = file.stem.rpartition("_")[0]
        talk = Conversation(
            _settled(list(read(file, on_error=on_error, report=report)), caller),
            source="coraal",
            group=file.stem,
            split=Split.TEST,
            agent=AGENT,
            seed=seed,
            gaps=gaps,
            join_s=_JOIN_S,
        )
        yield caller, talk


def read(
    file: Path,
    *,
    on_error: OnError = "refuse",
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[Stretch]:
    """The lines of one interview that hold speech."""
    with file.open(encoding="utf-8-sig", errors="replace") as rows:
        for number, row in enumerate(rows, start=1):
            if number == 1 or not row.strip():
                continue
            try:
                line = _line(row.rstrip("\r\n"))
            except ValueError as error:
                corrupt = CorruptData(file, number, str(error))
                if on_error == "refuse":
                    raise corrupt from error
                if report:
                    report(corrupt)
                continue
            if line:
                yield line


def _line(row: str) -> Stretch | None:
    cells = row.split("\t")
    if len(cells) != len(_HEADER):
        raise ValueError(f"{len(cells)} columns where {len(_HEADER)} are due: {', '.join(_HEADER)}")
    _, speaker, start, content, end = (cell.strip() for cell in cells)
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        raise ValueError(f"no times: {start!r}, {end!r}") from None
    if not 0 <= start_s <= end_s < math.inf:
        raise ValueError(f"times out of order: {start}, {end}")
    if not speaker:
        raise ValueError("no speaker")
    words = clean(content)
    if not words:
        return None
    return Stretch(
        speaker=speaker,
        words=_timed(words, start_s, end_s),
        start_s=start_s,
        end_s=end_s,
        weight=_weight(words),
        ending=_ending(content),
        usable=speaker != "Misc",
    )


def clean(content: str) -> list[str]:
    """The words of a line, in lower case and without marks; empty strings for broken-off words."""
    text = _PAUSE.sub(" ", content)
    text = re.sub(r"/RD-([A-Z]+)-?\d*/", _named, text)
    text = _UNHEARD.sub(" ", text)
    text = text.replace("\u2019", "'").replace("--", "- ")
    words = []
    for piece in re.sub(r"[\[\]/<>()]", " ", text).lower().split():
        word = re.sub(r"[^\w'-]", "", piece)
        if word.endswith("-"):
            words.append("")
        elif word := word.strip("-"):
            words.append(word)
    return words


def _named(redacted: re.Match[str]) -> str:
    return _REDACTED.get(redacted[1], "something")


def _timed(words: list[str], start_s: float, end_s: float) -> tuple[Word, ...]:
    """The line's time shared among its words by their length: it has no times of its own."""
    lengths = [max(2, len(word)) for word in words]
    rate = (end_s - start_s) / sum(lengths)
    timed = []
    at = 0
    for word, length in zip(words, lengths, strict=True):
        timed.append(Word(word, start_s + at * rate, start_s + (at + length) * rate))
        at += length
    return tuple(timed)


def _weight(words: list[str]) -> Weight:
    said = [word for word in words if word]
    if said and len(said) <= 3 and all(word in _BACKCHANNEL for word in said):
        return Weight.BACKCHANNEL
    return Weight.LIGHT if all(word in _LIGHT for word in said) else Weight.FLOOR


def _ending(content: str) -> Ending:
    """What the transcriber's last mark says; whether a dash is a cut shows who spoke next."""
    text = re.sub(r"<[^>]*>|\([^)]*\)|[\[\]/]", "", content).strip()
    return Ending.COMPLETE if text.endswith((".", "?", "!")) else Ending.OPEN


def _settled(lines: list[Stretch], caller: str) -> Iterator[Stretch]:
    """Lines whose weight and ending take into account what the others said beside them.

    "Yeah" while the other speaks on is a backchannel; after his question it is an answer. A line
    that breaks off under the other's words, and is not taken up again, was cut off.
    """
    lines = sorted(lines, key=lambda line: line.start_s)
    for place, line in enumerate(lines):
        near = lines[max(0, place - _NEAR) : place + _NEAR]
        others = [one for one in near if one.speaker != line.speaker]
        if line.weight is Weight.BACKCHANNEL and not _speaks_on(line, others):
            yield replace(line, weight=Weight.FLOOR if line.speaker == caller else Weight.LIGHT)
            continue
        cut = line.ending is Ending.OPEN and any(
            line.start_s < other.start_s < line.end_s <= other.end_s + 0.2
            and other.weight is Weight.FLOOR
            for other in others
        )
        resumed = any(
            one.speaker == line.speaker and 0 <= one.start_s - line.end_s < 1
            for one in near
            if one is not line
        )
        yield replace(line, ending=Ending.CUT) if cut and not resumed else line


def _speaks_on(line: Stretch, others: list[Stretch]) -> bool:
    """Whether somebody who spoke when a line began, or just before, goes on beyond it."""
    before = [
        one for one in others if line.start_s - 1.5 < one.end_s and one.start_s < line.start_s
    ]
    if not before:
        return False
    latest = max(before, key=lambda one: one.end_s)
    if latest.end_s > line.end_s + 0.1:
        return True
    return latest.ending is Ending.OPEN and any(
        one.speaker == latest.speaker and 0 <= one.start_s - latest.end_s < _JOIN_S
        for one in others
        if one is not latest
    )
