"""Agreement, against values reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from judge.evaluation import metrics
from judge.judgement import ACTIONS, Action, Situation
from tests.unit.judge.evaluation.made import example, scores

A = Action
GOLD = (A.RESPOND, A.RESPOND, A.REFUSE, A.SILENCE, A.INTERRUPT, A.INTERRUPT)
SAID = (A.RESPOND, A.REFUSE, A.REFUSE, A.SILENCE, A.INTERRUPT, A.SILENCE)


def places(actions: tuple[Action, ...]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([ACTIONS.index(action) for action in actions], np.int64)


def test_accuracy_is_the_share_that_is_right() -> None:
    assert metrics.agreement(places(GOLD), places(SAID)).accuracy == pytest.approx(4 / 6)


def test_every_action_has_its_precision_recall_and_f1() -> None:
    found = metrics.agreement(places(GOLD), places(SAID)).per_action
    assert found["respond"].precision == 1
    assert found["respond"].recall == 0.5
    assert found["respond"].f1 == pytest.approx(2 / 3)
    assert found["refuse"].precision == 0.5
    assert found["refuse"].recall == 1
    assert (found["silence"].support, found["silence"].said) == (1, 2)


def test_an_action_that_is_never_right_or_said_has_no_precision_and_no_recall() -> None:
    deflect = metrics.agreement(places(GOLD), places(SAID)).per_action["deflect"]
    assert (deflect.precision, deflect.recall, deflect.support) == (None, None, 0)


def test_macro_f1_is_the_mean_over_the_actions_that_occur() -> None:
    assert metrics.agreement(places(GOLD), places(SAID)).macro_f1 == pytest.approx(2 / 3)


def test_an_action_that_is_missed_altogether_pulls_macro_f1_down() -> None:
    found = metrics.agreement(places((A.RESPOND, A.REFUSE)), places((A.RESPOND, A.RESPOND)))
    assert found.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_a_confusion_has_a_row_for_what_is_right() -> None:
    table = metrics.confusion(places((A.RESPOND,)), places((A.REFUSE,)), len(ACTIONS))
    assert table[0, 1] == 1
    assert table.sum() == 1


def test_with_one_family_the_interval_is_the_point() -> None:
    alone = scores((example(A.RESPOND), A.RESPOND, 0.9), (example(A.REFUSE), A.RESPOND, 0.9))
    accuracy, _ = metrics.intervals(alone, resamples=50)
    assert (accuracy.low, accuracy.high) == (0.5, 0.5)


def test_the_interval_is_as_wide_as_families_differ() -> None:
    judged = [(example(A.RESPOND, group=f"f{n}"), A.RESPOND, 0.9) for n in range(2)]
    judged += [(example(A.REFUSE, group=f"g{n}"), A.RESPOND, 0.9) for n in range(2)]
    by_family = metrics.intervals(scores(*judged))[0]
    together = metrics.intervals(
        scores(*[(example(one.action, group="one"), said, sure) for one, said, sure in judged])
    )[0]
    assert by_family.low < 0.25
    assert by_family.high > 0.75
    assert together.high == together.low


def test_situations_count_only_where_they_are_known() -> None:
    judged = scores(
        (example(situation=Situation.NONE), A.RESPOND, 0.9),
        (example(situation=Situation.AFFRONT), A.RESPOND, 0.9),
        (example(situation=None), A.RESPOND, 0.9),
    )
    assert metrics.situation_accuracy(judged) == 0.5
    assert metrics.situation_confusion(judged).sum() == 2


def test_without_a_known_situation_there_is_no_figure() -> None:
    assert metrics.situation_accuracy(scores((example(situation=None), A.RESPOND, 0.9))) is None


def test_names_come_with_the_worst_first() -> None:
    judged = scores(
        (example(A.RESPOND), A.RESPOND, 0.9),
        (example(A.RESPOND), A.REFUSE, 0.9),
        (example(A.RESPOND), A.RESPOND, 0.9),
    )
    found = metrics.by_name(["good", "bad", "bad"], judged)
    assert list(found) == ["bad", "good"]
    assert found["bad"] == {"n": 2, "accuracy": 0.5}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert metrics.percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert metrics.percentile([1.0, 2.0], 99) == 2.0
    assert metrics.percentile([], 50) is None
