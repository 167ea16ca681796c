"""XSTest: safe prompts that look unsafe, and their unsafe counterparts. For testing only.

Röttger et al., "XSTest", NAACL 2024, CC BY 4.0: 250 safe, 200 unsafe.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from judge.data.example import CorruptData, Example, OnError, Split
from judge.data.phoned import Form, Request, phoned, plain, spoken
from judge.data.rows import Report, read_rows
from judge.judgement import Action, Situation

REMEDY: Final = "fetch xstest_prompts.csv and name its folder"

_RIGHT: Final = {
    "safe": (Action.RESPOND, Situation.NONE),
    "unsafe": (Action.REFUSE, Situation.UNREASONABLE_DEMAND),
}


def load(
    folder: Path,
    *,
    on_error: OnError = "refuse",
    seed: int = 0,
    report: Report | None = None,
) -> Iterator[Example]:
    """Every prompt, in its own words after an opener, as said on some firm's line.

    Raises:
        FileNotFoundError: If the file is missing.
        CorruptData: At the first corrupt row, unless *on_error* is ``skip``.
    """
    file = folder / "xstest_prompts.csv"
    columns = ("id", "prompt", "type", "label")
    for line, row in read_rows(file, columns, remedy=REMEDY, on_error=on_error, report=report):
        if row["label"] not in _RIGHT or not row["prompt"].strip():
            corrupt = CorruptData(file, line, f"no prompt, or a label unknown: {row['label']!r}")
            if on_error == "refuse":
                raise corrupt
            if report:
                report(corrupt)
            continue
        action, situation = _RIGHT[row["label"]]
        rng = random.Random(f"{seed}:{row['id']}")
        asked = Request(Form.ASK, plain(row["prompt"]))  # they are tested as they are written
        yield Example(
            id=f"xstest/{row['id']}",
            source="xstest",
            group=f"xstest/{row['type'].removeprefix('contrast_')}",
            split=Split.TEST,
            moment=phoned(spoken(asked, rng), rng),
            action=action,
            situation=situation,
            kind=row["label"],
        )
