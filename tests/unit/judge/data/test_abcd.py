"""ABCD's policies as moments. The guidelines here hold only what the loader looks for."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.data import abcd
from judge.data.example import CorruptData, Example
from judge.judgement import Action, Situation
from tests.unit.judge.data.corpora import corpus


def guidelines() -> dict[str, Any]:
    written: dict[str, Any] = defaultdict(lambda: {"subflows": {}})
    for policy in abcd.POLICIES:
        subflows = written[policy.flow]["subflows"]
        actions = subflows.setdefault(policy.subflow, {"actions": []})["actions"]
        actions.append({"subtext": [f"> {policy.says}."]})
    return dict(written)


def write(folder: Path, written: Any = None, topics: Any = None) -> None:
    (folder / "guidelines.json").write_text(
        json.dumps(guidelines() if written is None else written), encoding="utf-8"
    )
    topics = {topic: ["pull-up-account"] for topic in abcd.REQUESTS} if topics is None else topics
    (folder / "kb.json").write_text(json.dumps(topics), encoding="utf-8")


def told(folder: Path) -> list[Example]:
    write(folder)
    return list(abcd.load(folder))


def test_who_calls_decides_what_the_same_words_deserve(tmp_path: Path) -> None:
    """Every sentence that a policy refuses to some is granted to others, or refused to all."""
    by_words = defaultdict(set)
    for example in told(tmp_path):
        if example.depends_on:
            by_words[example.moment.words].add(example.action)
    assert by_words
    assert all(actions == {Action.RESPOND, Action.REFUSE} for actions in by_words.values())


def test_refusals_are_unreasonable_demands_and_the_rest_is_nothing_special(tmp_path: Path) -> None:
    for example in told(tmp_path):
        refused = example.action is Action.REFUSE
        right = Situation.UNREASONABLE_DEMAND if refused else Situation.NONE
        assert example.situation is right
        assert example.moment.final


def test_a_request_that_depends_on_the_caller_carries_the_facts(tmp_path: Path) -> None:
    for example in told(tmp_path):
        assert bool(example.moment.memory.facts) == (example.depends_on == ("memory",))


def test_ids_are_unique_and_groups_uncut(tmp_path: Path) -> None:
    examples = told(tmp_path)
    assert len({example.id for example in examples}) == len(examples)
    splits: dict[str, str] = {}
    for example in examples:
        assert splits.setdefault(example.group, example.split) == example.split


def test_a_policy_that_the_guidelines_do_not_hold_is_refused_or_left_out(tmp_path: Path) -> None:
    written = guidelines()
    del written["Subscription Inquiry"]["subflows"]["Manage Extension"]
    write(tmp_path, written)
    with pytest.raises(CorruptData, match=r"guidelines\.json.*Manage Extension does not say"):
        list(abcd.load(tmp_path))
    reported: list[CorruptData] = []
    examples = list(abcd.load(tmp_path, on_error="skip", report=reported.append))
    assert len(reported) == 1
    assert not [one for one in examples if one.group == "abcd/extension"]


def test_what_is_no_json_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "kb.json").write_text('{\n"a": }', encoding="utf-8")
    with pytest.raises(CorruptData, match=r"kb\.json, line 2"):
        list(abcd.load(tmp_path))


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"guidelines\.json: fetch"):
        list(abcd.load(tmp_path))


@given(
    written=st.dictionaries(
        st.sampled_from([policy.flow for policy in abcd.POLICIES]),
        st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)),
    )
)
def test_guidelines_of_another_shape_never_crash(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("abcd")
    write(folder, written)
    reported: list[CorruptData] = []
    examples = list(abcd.load(folder, on_error="skip", report=reported.append))
    assert {example.kind for example in examples} == {"standard"}
    assert len(reported) == len(abcd.POLICIES)


def test_the_real_guidelines_hold_every_policy() -> None:
    examples = list(abcd.load(corpus("abcd")))
    assert 100 <= len(examples) <= 250
