"""The moment, and the schema that is published of it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

import judge
from judge.commands.asking import schema_text
from judge.moment import Memory, Moment, Relation, Signals, Speaker, Turn, json_schema
from tests.unit.judge.moments import moments

PUBLISHED = Path(judge.__file__).with_name("moment.schema.json")


def test_only_the_words_are_required() -> None:
    assert json_schema()["required"] == ["words"]
    moment = Moment(words="hello")
    assert (moment.final, moment.turns, moment.relation) == (True, (), Relation.NEW)


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "interject judge schema > judge/moment.schema.json"
    )


def test_the_schema_names_its_dialect() -> None:
    schema = json.loads(schema_text())
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["title"] == "Moment"


@settings(max_examples=50, deadline=None)
@given(moments)
def test_a_moment_comes_back_as_it_was_sent(moment: Moment) -> None:
    assert Moment.model_validate_json(moment.model_dump_json()) == moment


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"words": None},
        {"words": "a", "wrods": "b"},
        {"words": "a", "relation": "stranger"},
        {"words": "a", "affronts": -1},
        {"words": "a", "turns": [{"speaker": "cat", "text": "miaow"}]},
        {"words": "a", "memory": {"signals": {"gap_s": -0.1}}},
        {"words": "a", "memory": {"signals": {"local_hour": 24}}},
        {"words": "a", "memory": {"signals": {"speech_s": math.inf}}},
        {"words": "a", "memory": {"signals": {"words_per_s": math.nan}}},
    ],
)
def test_what_is_no_moment_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Moment.model_validate(wrong)


def test_a_moment_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Moment(words="a").words = "b"


def test_without_memory_everything_else_remains() -> None:
    turns = (Turn(speaker=Speaker.AGENT, text="Yes?"),)
    full = Moment(
        words="a",
        final=False,
        turns=turns,
        relation=Relation.VIP,
        memory=Memory(signals=Signals(gap_s=1.0), history=("b",), facts=("c",)),
    )
    blank = full.without_memory()
    assert blank.memory == Memory()
    assert (blank.words, blank.final, blank.turns) == (full.words, full.final, full.turns)
    assert (blank.relation, blank.agent) == (full.relation, full.agent)
