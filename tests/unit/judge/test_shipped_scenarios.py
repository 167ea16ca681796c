"""The scenario files that come with the project keep to their own guide."""

from __future__ import annotations

from collections import defaultdict

import pytest

from judge.data.example import Split
from judge.data.scenarios import (
    FOLDER,
    SPLITS,
    Family,
    draw_splits,
    families_in,
    normal,
    read_splits,
)
from judge.judgement import Action, Situation

TESTED = ("assistant", "bank", "clinic", "delivery", "hotel", "support")
"""The trades that take turns in the splits; what was added later is learned from alone."""


@pytest.fixture(scope="module")
def families() -> list[Family]:
    return list(families_in(FOLDER))


@pytest.fixture(scope="module")
def splits() -> dict[str, Split]:
    return read_splits(FOLDER / SPLITS)


def test_there_is_enough_to_learn_from(families: list[Family]) -> None:
    said = {normal(case.say) for family in families for case in family.cases}
    assert len(families) >= 60
    assert len(said) >= 1500
    assert {family.trade for family in families} >= set(TESTED)


def test_every_action_and_situation_is_taught_and_tested(
    families: list[Family], splits: dict[str, Split]
) -> None:
    for split in Split:
        labels = [
            label
            for family in families
            if splits[family.family] is split
            for case in family.cases
            for label in case.labels.values()
        ]
        assert {label.action for label in labels} == set(Action), split
        assert {label.situation for label in labels} == set(Situation), split


def test_no_sentence_stands_in_two_families(families: list[Family]) -> None:
    """Single words and "two, please" may; they are what people say to everything."""
    where: dict[str, set[str]] = defaultdict(set)
    for family in families:
        for case in family.cases:
            if len(case.words) > 3:
                where[normal(case.say)].add(family.family)
    assert not {said: names for said, names in where.items() if len(names) > 1}


def test_the_splits_are_those_that_were_drawn(
    families: list[Family], splits: dict[str, Split]
) -> None:
    """Nobody has moved a family to where it suits."""
    assert draw_splits(families, seed=7, tested=TESTED) == splits


def test_the_same_words_are_right_in_one_context_and_wrong_in_another(
    families: list[Family],
) -> None:
    pairs = sum(
        len({label.action for label in case.labels.values()}) > 1
        for family in families
        for case in family.cases
    )
    assert pairs > 500


def test_files_are_named_after_their_families() -> None:
    for file in FOLDER.rglob("*.yaml"):
        if file.name != SPLITS:
            assert f"\nfamily: {file.stem}\n" in "\n" + file.read_text(encoding="utf-8"), file
