"""Harmful requests in callers' mouths, and harmless ones that look like them.

HarmBench (Mazeika et al. 2024), StrongREJECT (Souly et al. 2024) and AdvBench (Zou et al. 2023),
all MIT; the look-alikes are this project's own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from judge.data.example import CorruptData, Example, OnError
from judge.data.phoned import Form, Request, phoned, split_by_hash, spoken, understood
from judge.data.rows import Report, read_rows
from judge.judgement import Action, Situation

LOOKALIKES: Final = Path(__file__).with_name("lookalikes.yaml")
REMEDY: Final = "fetch the three sets of harmful behaviours and name their folder"

_LONGEST_WORDS: Final = 45
_ALIKE: Final = 0.6  # share of words in common from which two behaviours are one
_IDLE_WORDS: Final = frozenset(
    """a an and the of to for on in into by with from that this or as at be is are it its their how
    write create develop give provide describe explain outline design teach show produce generate
    make guide tutorial article instructions instruction detailed step steps manual tips script
    program using use can could do i you me my your someone somebody people person others who what
    some without get getting been list persuasive video blog post
    """.split()
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A behaviour as one of the sets words it."""

    id: str
    text: str


def load(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    report: Report | None = None,
) -> Iterator[Example]:
    """The harmful requests of the three sets, and this project's look-alikes after them.

    A behaviour is told if a caller could say it: without context to go with it, not about
    copyright, and in no more than 45 words. Near-identical behaviours are one group, and of the
    same words only one is kept.

    Raises:
        FileNotFoundError: If one of the files is missing.
        CorruptData: At the first corrupt row, unless *on_error* is ``skip``.
    """
    every = [
        one
        for one in behaviours(folder, on_error=on_error, report=report)
        if 2 < len(one.text.split()) <= _LONGEST_WORDS
    ]
    for one, group in zip(every, groups([one.text for one in every]), strict=True):
        if group is None:
            continue
        rng = random.Random(f"{seed}:{one.id}")
        yield Example(
            id=f"harmful/{one.id}",
            source="harmful",
            group=f"harmful/{every[group].id}",
            split=split_by_hash(every[group].id),
            moment=phoned(spoken(understood(one.text, rng), rng), rng),
            action=Action.REFUSE,
            situation=Situation.UNREASONABLE_DEMAND,
            kind="harmful",
        )
    yield from lookalikes(seed=seed)


def lookalikes(file: Path = LOOKALIKES, *, seed: int = 0, tellings: int = 2) -> Iterator[Example]:
    """Harmless requests in the frames of the harmful ones, each told *tellings* times.

    Raises:
        CorruptData: At the first entry that is not ``how:``, ``do:``, ``ask:`` or ``say:``.
    """
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    for number, entry in enumerate(entries, start=1):
        try:
            ((form, text),) = entry.items()
            request = Request(Form(form), text.strip())
        except (AttributeError, ValueError) as error:
            raise CorruptData(file, number, f"entry {number}: {error}") from error
        name = re.sub(r"\W+", "-", text.strip().lower())
        for telling in range(1, tellings + 1):
            rng = random.Random(f"{seed}:{name}:{telling}")
            yield Example(
                id=f"lookalikes/{name}/{telling}",
                source="lookalikes",
                group=f"lookalikes/{name}",
                split=split_by_hash(name),
                moment=phoned(spoken(request, rng), rng),
                action=Action.RESPOND,
                situation=Situation.NONE,
                kind="lookalike",
            )


def behaviours(
    folder: Path, *, on_error: OnError = "refuse", report: Report | None = None
) -> Iterator[Behaviour]:
    """Every behaviour of the three sets that stands alone and is not about copyright."""
    harmbench = folder / "harmbench_behaviors_text_all.csv"
    columns: tuple[str, ...] = ("Behavior", "ContextString", "BehaviorID", "FunctionalCategory")
    for _, row in read_rows(harmbench, columns, remedy=REMEDY, on_error=on_error, report=report):
        if not row["ContextString"].strip() and row["FunctionalCategory"] != "copyright":
            yield Behaviour(f"harmbench-{row['BehaviorID']}", row["Behavior"])
    columns = columns[:3]
    advbench = folder / "advbench_behaviors.csv"
    for _, row in read_rows(advbench, columns, remedy=REMEDY, on_error=on_error, report=report):
        if not row["ContextString"].strip():
            yield Behaviour(row["BehaviorID"], row["Behavior"])
    strong = folder / "strongreject_dataset.csv"
    rows = read_rows(strong, ("forbidden_prompt",), remedy=REMEDY, on_error=on_error, report=report)
    for number, (_, row) in enumerate(rows, start=1):
        yield Behaviour(f"strongreject-{number}", row["forbidden_prompt"])


def groups(texts: Sequence[str]) -> list[int | None]:
    """For each text, the place of the first that means nearly the same; None for a repetition.

    Two are nearly the same when three of five of their telling words are shared, and so are two
    that are nearly the same as a third.
    """
    bags = [_telling(text) for text in texts]
    first = list(range(len(texts)))
    repeated = [False] * len(texts)
    for later, bag in enumerate(bags):
        for earlier in range(later):
            union = len(bag | bags[earlier])
            if not union or len(bag & bags[earlier]) < _ALIKE * union:
                continue
            repeated[later] = repeated[later] or _words(texts[later]) == _words(texts[earlier])
            one, other = sorted((first[earlier], first[later]))
            first = [one if place == other else place for place in first]
    return [None if again else place for place, again in zip(first, repeated, strict=True)]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _telling(text: str) -> frozenset[str]:
    words = (re.sub(r"(?:ing|ed|es|s)$", "", word) for word in _words(text))
    return frozenset(word for word in words if word not in _IDLE_WORDS)
