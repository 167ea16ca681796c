"""MRDA: dialogue acts on the ICSI meetings, as moments.

75 meetings of research groups, 71 h; the words and their times are ICSI's (CC BY 4.0), the acts
are those of Shriberg et al., "The ICSI Meeting Recorder Dialog Act (MRDA) Corpus", SIGdial 2004.
A row of a ``.dadb`` file: start, end, name, "A", ``start+end+word|...``, act, channel, speaker, ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from judge.data.cuts import (
    asides,
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

AGENT: Final = "A colleague in a research meeting"
REMEDY: Final = "fetch the MRDA corpus (.dadb files) and name its folder"

DEV: Final = frozenset("Bed012 Bed014 Bmr002 Bmr006 Bmr008 Bns001 Bro011 Bro017".split())
TEST: Final = frozenset(
    "Bed002 Bed011 Bed017 Bmr001 Bmr014 Bmr022 Bmr024 Bmr030 "
    "Bmr031 Bro013 Bro015 Bro016 Bro023 Bro028 Btr001 Btr002".split()
)
"""Drawn once, a tenth and a fifth of each series of meetings; the rest is for training. The
series share speakers, so that a voice of the test may have been met in training."""

_COLUMNS: Final = 8
_UNTIMED: Final = "XXXX"
_NOT_TALK: Final = frozenset({"z", "x", ""})  # not labelled, or no speech
_LIGHT: Final = frozenset({"fg", "fh", "h", "%", "%-", "%--"})
_SHORT_WORDS: Final = 2
_FRAGMENT: Final = re.compile(r".*-$")
_MARKER: Final = re.compile(r"\{@.*|\{h+\}")


@dataclass(frozen=True, slots=True)
class Caps:
    """How many examples of a kind one meeting gives at most; None is all."""

    interruption: int | None = None
    truncation: int = 68
    pause: int | None = 20
    backchannel: int | None = 39
    taken_up: int | None = 58
    self_talk: int | None = None
    third_party: int | None = None


def split_of(meeting: str) -> Split:
    if meeting in TEST:
        return Split.TEST
    return Split.DEV if meeting in DEV else Split.TRAIN


def load(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    caps: Caps = Caps(),
    gaps: Gaps = "asked",
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[Example]:
    """Every meeting's examples.

    Args:
        on_error: Whether a corrupt row is an error, or left out and told to *report*.
        gaps: See `judge.data.spoken.Gaps`.

    Raises:
        FileNotFoundError: If there is no meeting in *folder*.
        CorruptData: At the first corrupt row, unless *on_error* is ``skip``.
    """
    for talk in conversations(folder, on_error=on_error, seed=seed, gaps=gaps, report=report):
        kinds: Mapping[str, tuple[int | None, Iterator[Example]]] = {
            "interruption": (caps.interruption, interruptions(talk)),
            "truncation": (caps.truncation, truncations(talk, caps.truncation)),
            "pause": (caps.pause, pauses(talk)),
            "backchannel": (caps.backchannel, backchannels(talk)),
            "self_talk": (caps.self_talk, asides(talk, "t1", "self_talk")),
            "third_party": (caps.third_party, asides(talk, "t3", "third_party")),
            "taken_up": (caps.taken_up, taken_up(talk)),
        }
        for kind, (count, examples) in kinds.items():
            yield from drawn(examples, count, f"{seed}:{talk.group}:{kind}")


def streams(
    folder: Path,
    split: Split = Split.TEST,
    *,
    minutes: float | None = 60.0,
    on_error: OnError = "refuse",
    seed: int = 0,
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[Example]:
    """Utterances judged at every second of speech: for false interruptions per minute.

    Args:
        minutes: Speech to cover, in utterances drawn by *seed*; all where None.
    """
    talks = conversations(folder, on_error=on_error, seed=seed, report=report, split=split)
    return some_minutes((one for talk in talks for one in streams_of(talk)), minutes, seed)


def conversations(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    gaps: Gaps = "asked",
    report: Callable[[CorruptData], None] | None = None,
    split: Split | None = None,
) -> Iterator[Conversation]:
    """Every meeting, or those of one *split*."""
    files = sorted(folder.glob("*.dadb"))
    if not files:
        raise FileNotFoundError(f"no .dadb file in {folder}: {REMEDY}")
    for file in files:
        if split in {None, split_of(file.stem)}:
            yield Conversation(
                read(file, on_error=on_error, report=report),
                source="mrda",
                group=file.stem,
                split=split_of(file.stem),
                agent=AGENT,
                seed=seed,
                gaps=gaps,
            )


def read(
    file: Path,
    *,
    on_error: OnError = "refuse",
    report: Callable[[CorruptData], None] | None = None,
) -> Iterator[Stretch]:
    """The acts of one meeting; acts without words (some were never aligned) are left out."""
    with file.open(encoding="utf-8", errors="replace") as rows:
        for number, row in enumerate(rows, start=1):
            if not row.strip():
                continue
            try:
                act = _act(row.rstrip("\r\n"))
            except ValueError as error:
                corrupt = CorruptData(file, number, str(error))
                if on_error == "refuse":
                    raise corrupt from error
                if report:
                    report(corrupt)
                continue
            if act:
                yield act


def _act(row: str) -> Stretch | None:
    cells = row.split(",")
    if len(cells) < _COLUMNS:
        raise ValueError(f"{len(cells)} columns where at least {_COLUMNS} are due")
    start_s, end_s = _span(cells[0], cells[1])
    timed, act, speaker = cells[4], cells[5], cells[7]
    if not speaker:
        raise ValueError("no speaker")
    if not timed:
        return None
    words = _words(timed, start_s, end_s)
    weight, ending, tags = _meaning(act, sum(1 for word in words if word.text))
    return Stretch(
        speaker=speaker,
        words=words,
        start_s=start_s,
        end_s=end_s,
        weight=weight,
        ending=ending,
        tags=tags,
        usable=not tags & _NOT_TALK,
    )


def _span(start: str, end: str) -> tuple[float, float]:
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        raise ValueError(f"no times: {start!r}, {end!r}") from None
    if not 0 <= start_s <= end_s < float("inf"):
        raise ValueError(f"times out of order: {start}, {end}")
    return start_s, end_s


def _words(timed: str, start_s: float, end_s: float) -> tuple[Word, ...]:
    """Words in order. Those that the corpus could not time share the room between their
    neighbours; where two overlap by a few hundredths, the later one gives way."""
    parts = [word.split("+", 2) for word in timed.split("|")]
    for part in parts:
        if len(part) != 3:
            raise ValueError(f"not start+end+word: {'+'.join(part)!r}")
    spans = [None if part[0] == _UNTIMED else _span(part[0], part[1]) for part in parts]
    words: list[Word] = []
    for place, (known, part) in enumerate(zip(spans, parts, strict=True)):
        before_s = words[-1].end_s if words else start_s
        span = known
        if span is None:
            ahead = next((place + n for n, one in enumerate(spans[place:]) if one), len(spans))
            later = spans[ahead] if ahead < len(spans) else None
            until_s = max(before_s, later[0] if later else end_s)
            span = before_s, before_s + (until_s - before_s) / (ahead - place)
        begin_s = max(span[0], before_s) if words else span[0]
        words.append(Word(clean(part[2]), begin_s, max(begin_s, span[1])))
    return tuple(words)


def clean(word: str) -> str:
    """A word as a recogniser would write it; empty for a sound or a broken-off word.

    Letters are joined by underscores in the corpus: ``p_d_a``, ``t_i-digits``, ``o_k``.
    """
    if _MARKER.fullmatch(word):
        return ""
    word = re.sub(r"[<>{}@]", "", word).lower()
    if "_" not in word and _FRAGMENT.fullmatch(word):
        return ""
    if word == "o_k":
        return "okay"
    if "_" in word:
        word = re.sub(r"(?<=\b[a-z])-|-(?=[a-z]\b)", " ", word.replace("_", " "))
    return " ".join(part.strip("-") for part in word.replace(" '", "'").split() if part.strip("-"))


def _meaning(act: str, words: int) -> tuple[Weight, Ending, frozenset[str]]:
    """What an act's tag says: ``general^specific...`` or two joined by ``|``, then ``.%-``."""
    last = re.split(r"[|:]", act)[-1]
    tags = frozenset(re.split(r"[|:.^]", act))
    generals = {re.split(r"[.^]", part)[0] for part in re.split(r"[|:]", act)}
    if "%-" in tags:
        ending = Ending.CUT
    elif "%--" in tags:
        ending = Ending.ABANDONED
    elif tags & {"%", *_NOT_TALK} or re.split(r"[.^]", last)[0] in _LIGHT:
        ending = Ending.OPEN
    else:
        ending = Ending.COMPLETE
    if "b" in generals:
        return Weight.BACKCHANNEL, ending, tags
    acknowledges = "s" in generals and "bk" in tags and words <= _SHORT_WORDS
    attempts = generals <= _LIGHT and words <= _SHORT_WORDS  # "I", and no more of it
    if "x" in tags or generals <= _LIGHT - {"%-", "%--"} or acknowledges or attempts:
        return Weight.LIGHT, ending, tags
    return Weight.FLOOR, ending, tags
