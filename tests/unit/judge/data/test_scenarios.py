"""Scenario files, and the moments that they are told as."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from judge.data import scenarios
from judge.data.example import CorruptData, Example, Split
from judge.data.scenarios import Family, Wording
from judge.judgement import Action, Situation
from judge.moment import Relation, Speaker
from tests.unit.judge.small_set import families, family, write_family

BARRED = "I'll read you my card number it is | four five three nine two one"


def told(
    case: dict[str, Any], split: Split = Split.TEST, seed: int = 1, **parts: Any
) -> list[Example]:
    """The moments of a family with one case."""
    made = Family.model_validate(family("hotel", "card", cases=[case], **parts))
    (telling,) = scenarios.tellings([made], {made.family: split})
    return list(scenarios.moments_of(telling, telling.wording, seed))


def read(tmp_path: Path, **parts: Any) -> Family:
    return scenarios.read_family(write_family(tmp_path, family("hotel", "card", **parts)))


def test_up_to_the_bar_silence_is_right_and_from_there_the_label() -> None:
    moments = told({"say": BARRED, "in": {"call": "interrupt/sensitive_data"}})
    cuts = [one for one in moments if not one.moment.final]
    assert [one.action for one in cuts] == [Action.SILENCE] * 7 + [Action.INTERRUPT] * 7
    assert {one.situation for one in cuts if one.action is Action.INTERRUPT} == {
        Situation.SENSITIVE_DATA
    }
    assert cuts[7].moment.words == "I'll read you my card number it is"


def test_the_mark_lies_at_the_first_cut_that_may_be_interrupted() -> None:
    moments = told({"say": BARRED, "in": {"call": "interrupt/sensitive_data"}})
    first = next(one for one in moments if one.action is Action.INTERRUPT)
    assert first.stream is not None
    assert first.stream.at_s == first.stream.mark_s
    assert all(
        (one.stream.at_s >= (one.stream.mark_s or 0)) == (one.action is Action.INTERRUPT)
        for one in moments
        if one.stream and not one.moment.final
    )


def test_where_cutting_in_is_never_right_there_is_no_mark() -> None:
    moments = told({"say": BARRED, "in": {"call": "silence"}})
    assert {one.action for one in moments if not one.moment.final} == {Action.SILENCE}
    assert all(one.stream is not None and one.stream.mark_s is None for one in moments)


@pytest.mark.parametrize(
    ("label", "at_last", "right"),
    [
        ("interrupt/sensitive_data", None, "respond/sensitive_data"),
        ("interrupt/boring_topic", None, "deflect/boring_topic"),
        ("silence", None, "respond/none"),
        ("interrupt/false_premise", "refuse/unreasonable_demand", "refuse/unreasonable_demand"),
    ],
)
def test_a_barred_case_has_a_label_for_its_end(label: str, at_last: str | None, right: str) -> None:
    end = told({"say": BARRED, "in": {"call": label}} | ({"finally": at_last} if at_last else {}))
    assert f"{end[-1].action}/{end[-1].situation}" == right
    assert end[-1].moment.final


def test_a_finished_utterance_is_also_cut_before_its_end() -> None:
    cut, end = told(
        {"say": "which room does she have", "in": {"call": "refuse/unreasonable_demand"}}
    )
    assert (cut.moment.final, cut.action, cut.situation) == (False, Action.SILENCE, None)
    assert (end.moment.final, end.action) == (True, Action.REFUSE)
    assert end.moment.words.startswith(cut.moment.words)
    assert end.stream is None


def test_one_word_is_not_cut() -> None:
    (only,) = told({"say": "yes", "in": {"call": "respond"}})
    assert only.moment.final


def test_the_test_set_is_cut_after_every_word_and_the_training_set_after_some() -> None:
    long = "so I was saying that | " + " ".join(f"word{n}" for n in range(60))
    case = {"say": long, "in": {"call": "interrupt/boring_topic"}}
    assert len(told(case)) == 66
    learned = told(case, Split.TRAIN)
    assert len(learned) < 30
    counts = [len(one.moment.words.split()) for one in learned if not one.moment.final]
    assert {4, 5} <= set(counts)


def test_a_telling_is_the_same_whenever_it_is_told() -> None:
    case = {"say": BARRED, "in": {"call": "interrupt/sensitive_data"}}
    assert told(case) == told(case)
    assert told(case, seed=2) != told(case)


def test_the_context_becomes_the_moment() -> None:
    context = {
        "turns": [{"agent": "Hello?"}, {"caller": "Hi."}],
        "facts": ["Likes tea"],
        "history": ["Rang before"],
        "relation": "vip",
        "hour": 22.5,
        "overlap_s": 1.0,
        "affronts": 2,
    }
    end = told({"say": "are you there", "in": {"call": "respond"}}, contexts={"call": context})[-1]
    moment, signals = end.moment, end.moment.memory.signals
    assert [turn.speaker for turn in moment.turns] == [Speaker.AGENT, Speaker.CALLER]
    assert (moment.memory.facts, moment.memory.history) == (("Likes tea",), ("Rang before",))
    assert (moment.relation, moment.affronts) == (Relation.VIP, 2)
    assert (signals.local_hour, signals.overlap_s) == (22.5, 1.0)
    assert signals.gap_s >= 0.5
    assert signals.speech_s > 0


def test_somebody_who_speaks_leaves_no_gap() -> None:
    moments = told({"say": BARRED, "in": {"call": "silence"}}, contexts={"call": {"gap_s": 3.0}})
    assert all(one.moment.memory.signals.gap_s <= 0.25 for one in moments if not one.moment.final)
    assert moments[-1].moment.memory.signals.gap_s == 3.0


def test_ids_are_unique() -> None:
    made = [Family.model_validate(one) for one in families()]
    splits = {one.family: Split.TEST for one in made}
    ids = [
        one.id
        for telling in scenarios.tellings(made, splits)
        for one in scenarios.moments_of(telling, telling.wording, 1)
    ]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("cases", "why"),
    [
        ([{"say": "hello", "in": {"call": "interrupt/danger"}}], "needs a bar"),
        ([{"say": BARRED, "in": {"call": "respond"}}], "still speaks"),
        ([{"say": "a | b c d e f g", "in": {"call": "silence"}}], "2 words before"),
        ([{"say": "a b | c d", "in": {"call": "silence"}}], "6 after"),
        ([{"say": "a b | c | d", "in": {"call": "silence"}}], "more than one bar"),
        ([{"say": "hello", "in": {"call": "refuse/affront"}}], "no pair"),
        ([{"say": "hello", "in": {"call": "shout"}}], "cases.0"),
        ([{"say": "hello", "in": {"nowhere": "respond"}}], "no such context"),
        ([{"say": "hello", "in": {}}], "cases.0"),
        ([{"say": "", "in": {"call": "respond"}}], "cases.0"),
        (
            [
                {"say": "Hello!", "in": {"call": "respond"}},
                {"say": "hello", "in": {"call": "respond"}},
            ],
            "says what another says",
        ),
        ([], "cases"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, cases: list[Any], why: str) -> None:
    with pytest.raises(CorruptData, match=rf"hotel_card\.yaml.*{why}"):
        read(tmp_path, cases=cases)


def test_a_context_that_nobody_uses_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CorruptData, match="no case uses: other"):
        read(
            tmp_path,
            contexts={"call": {}, "other": {}},
            cases=[{"say": "hello", "in": {"call": "respond"}}],
        )


def test_a_turn_has_one_speaker(tmp_path: Path) -> None:
    with pytest.raises(CorruptData, match="one speaker"):
        read(
            tmp_path,
            contexts={"call": {"turns": [{"agent": "a", "caller": "b"}]}},
            cases=[{"say": "hello", "in": {"call": "respond"}}],
        )


@pytest.mark.parametrize("text", ["family: [", "a: b: c", "\x00"])
def test_what_is_no_yaml_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("# a comment\n" + text)
    with pytest.raises(CorruptData, match=r"odd\.yaml, line \d"):
        scenarios.read_family(file)


def test_unreadable_files_are_told_of_and_passed_by(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("nonsense")
    write_family(tmp_path, families()[0])
    told_of: list[CorruptData] = []
    assert len(list(scenarios.families_in(tmp_path, told_of.append))) == 1
    assert [error.file.name for error in told_of] == ["a.yaml"]
    with pytest.raises(CorruptData):
        list(scenarios.families_in(tmp_path))


def test_of_each_kind_one_trade_is_for_the_test_and_one_for_tuning() -> None:
    made = [Family.model_validate(one) for one in families()]
    drawn = scenarios.draw_splits(made, seed=7)
    by_kind = {
        kind: Counter(drawn[one.family] for one in made if one.kind == kind)
        for kind in {one.kind for one in made}
    }
    assert all(
        counts == {Split.TRAIN: 1, Split.DEV: 1, Split.TEST: 1} for counts in by_kind.values()
    )
    assert scenarios.draw_splits(reversed(made), seed=7) == drawn


def test_a_table_of_splits_comes_back_as_it_was_written(tmp_path: Path) -> None:
    drawn = {"a": Split.TRAIN, "b": Split.TEST, "c": Split.DEV}
    scenarios.write_splits(tmp_path / "splits.yaml", drawn, "test")
    assert scenarios.read_splits(tmp_path / "splits.yaml") == drawn


def test_a_family_in_two_splits_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "splits.yaml"
    file.write_text(yaml.safe_dump({"train": ["a"], "test": ["a"]}))
    with pytest.raises(CorruptData, match="a stands in two splits"):
        scenarios.read_splits(file)


@pytest.mark.parametrize("text", ["[a, b]", "training: [a]", "train: 3", "", "a: [", "\x00"])
def test_what_is_no_table_of_splits_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "splits.yaml"
    file.write_text(text)
    with pytest.raises(CorruptData, match=r"splits\.yaml"):
        scenarios.read_splits(file)


def test_a_wording_without_a_bar_has_no_mark() -> None:
    made = Family.model_validate(
        family("hotel", "card", cases=[{"say": "hello there", "in": {"call": "respond"}}])
    )
    (telling,) = scenarios.tellings([made], {"hotel_card": Split.TEST})
    assert telling.wording == Wording(["hello", "there"], None)


def test_the_written_families_are_whole_and_all_split() -> None:
    made = list(scenarios.families_in(scenarios.FOLDER))
    splits = scenarios.read_splits(scenarios.FOLDER / scenarios.SPLITS)
    assert {one.family for one in made} == set(splits)
    assert len(made) >= 60
    said = {scenarios.normal(case.say) for one in made for case in one.cases}
    assert len(said) >= 1500
    labels = {label for one in made for case in one.cases for label in case.labels.values()}
    assert {label.action for label in labels} == set(Action)
    assert {label.situation for label in labels} == set(Situation)
