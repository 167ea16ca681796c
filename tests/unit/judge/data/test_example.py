"""Examples on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.data.example import (
    CorruptData,
    Example,
    Split,
    Stream,
    Variant,
    read_examples,
    write_examples,
)
from judge.judgement import Action, Situation
from judge.moment import Moment
from tests.unit.judge.moments import moments

ONE = Example(
    id="hotel_card/1/call:plain@end",
    source="scenarios",
    group="hotel_card",
    split=Split.TEST,
    moment=Moment(words="hello"),
    action=Action.RESPOND,
    situation=None,
)


@settings(max_examples=50, deadline=None)
@given(
    moment=moments,
    action=st.sampled_from(Action),
    situation=st.none() | st.sampled_from(Situation),
    stream=st.none() | st.builds(Stream, st.text(), st.floats(0, 1e6), st.none() | st.floats(0, 9)),
)
def test_an_example_comes_back_as_it_was_written(
    moment: Moment, action: Action, situation: Situation | None, stream: Stream | None
) -> None:
    one = Example(
        id="a",
        source="s",
        group="g",
        split=Split.DEV,
        moment=moment,
        action=action,
        situation=situation,
        kind="k",
        depends_on=("memory",),
        variant=Variant.RECOGNISED,
        stream=stream,
    )
    assert Example.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_lines_are_written_and_read_in_order(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "set.jsonl"
    assert write_examples(file, [ONE, ONE]) == 2
    assert list(read_examples(file)) == [ONE, ONE]


def test_a_write_that_breaks_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    write_examples(file, [ONE])

    def broken() -> object:
        yield ONE
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_examples(file, broken())  # type: ignore[arg-type]
    assert list(read_examples(file)) == [ONE]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "line 2"),
        ("[1]", "line 2"),
        (json.dumps({**ONE.to_json(), "action": "shout"}), "shout"),
        (json.dumps({**ONE.to_json(), "split": "tset"}), "tset"),
        (json.dumps({**ONE.to_json(), "moment": {"words": 3}}), "words"),
        (json.dumps({k: v for k, v in ONE.to_json().items() if k != "split"}), "split"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line_or_skipped(tmp_path: Path, bad: str, why: str) -> None:
    file = tmp_path / "set.jsonl"
    write_examples(file, [ONE])
    with file.open("a") as lines:
        lines.write(bad + "\n" + json.dumps(ONE.to_json()) + "\n")
    with pytest.raises(
        CorruptData, match=rf"set\.jsonl, line 2: (?s:.*){why if why != 'line 2' else ''}"
    ):
        list(read_examples(file))
    assert list(read_examples(file, on_error="skip")) == [ONE, ONE]
