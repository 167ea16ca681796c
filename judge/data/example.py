"""One labelled moment, and how it is written to disk."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from judge.judgement import Action, Situation
from judge.moment import Moment

OnError = Literal["refuse", "skip"]


class Split(StrEnum):
    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


class Variant(StrEnum):
    """How the words came about."""

    PLAIN = "plain"
    DISFLUENT = "disfluent"
    RECOGNISED = "recognised"


class CorruptData(ValueError):
    """A row that cannot be read: the data's fault, and no retry helps."""

    def __init__(self, file: Path, line: int, why: str) -> None:
        super().__init__(f"{file}, line {line}: {why}")
        self.file, self.line, self.why = file, line, why


@dataclass(frozen=True, slots=True)
class Stream:
    """Where in an utterance a moment stands, when several moments of it are judged in turn.

    Attributes:
        utterance: What the moments of one utterance share.
        at_s: Seconds of speech from the utterance's beginning to this moment.
        mark_s: Seconds to where cutting in becomes right; None when it never does.
    """

    utterance: str
    at_s: float
    mark_s: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A moment and what is right in it.

    Attributes:
        id: Unique in a set, and the same whenever the set is built.
        source: Where it comes from: ``scenarios``, ``mrda``, ...
        group: What a split never cuts: a scenario family, a meeting, a conversation.
        kind: What it is within its source, such as a scenario's kind or ``backchannel``.
        situation: None where the source does not say; it is then neither learned nor scored.
        depends_on: What decides beside the words: ``memory``, ``caller``, ``time``.
    """

    id: str
    source: str
    group: str
    split: Split
    moment: Moment
    action: Action
    situation: Situation | None
    kind: str = ""
    depends_on: tuple[str, ...] = ()
    variant: Variant = Variant.PLAIN
    stream: Stream | None = None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; a moment's defaults are left out."""
        record: dict[str, Any] = {
            "id": self.id,
            "source": self.source,
            "group": self.group,
            "split": self.split.value,
            "action": self.action.value,
            "situation": self.situation.value if self.situation else None,
            "kind": self.kind,
            "depends_on": list(self.depends_on),
            "variant": self.variant.value,
            "moment": self.moment.model_dump(mode="json", exclude_defaults=True),
        }
        if self.stream:
            record["stream"] = {
                "utterance": self.stream.utterance,
                "at_s": self.stream.at_s,
                "mark_s": self.stream.mark_s,
            }
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Example:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: If the record is not such an object.
        """
        stream = record.get("stream")
        situation = record["situation"]
        return cls(
            id=record["id"],
            source=record["source"],
            group=record["group"],
            split=Split(record["split"]),
            moment=Moment.model_validate(record["moment"]),
            action=Action(record["action"]),
            situation=None if situation is None else Situation(situation),
            kind=record["kind"],
            depends_on=tuple(record["depends_on"]),
            variant=Variant(record["variant"]),
            stream=Stream(**stream) if stream else None,
        )


def write_examples(file: Path, examples: Iterable[Example]) -> int:
    """Write *examples* as JSON lines, whole or not at all; returns how many."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(file.suffix + ".part")
    count = 0
    with part.open("w", encoding="utf-8") as lines:
        for example in examples:
            count += 1
            lines.write(json.dumps(example.to_json(), ensure_ascii=False) + "\n")
    part.replace(file)
    return count


def read_examples(
    file: Path, *, splits: Collection[Split] = tuple(Split), on_error: OnError = "refuse"
) -> Iterator[Example]:
    """Read the JSON lines that belong to *splits*.

    Raises:
        CorruptData: At the first bad row, unless *on_error* is ``skip``.
        OSError: If the file cannot be read.
    """
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                if Split(record["split"]) in splits:
                    yield Example.from_json(record)
            except (KeyError, TypeError, ValueError, ValidationError) as error:
                if on_error == "refuse":
                    raise CorruptData(file, number, _why(error)) from error


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    if isinstance(error, KeyError):
        return f"the key {error} is missing"
    return str(error)
