"""What a model says, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from judge.evaluation.scoring import Floats, judged
from judge.judgement import ACTIONS, SITUATIONS, Action, Judgement
from judge.models.rules import Rules
from judge.moment import Moment
from tests.unit.judge.evaluation.made import example, scores

A = Action


def said(action: Action, sure: float, threshold: float) -> Action:
    ruled = scores((example(A.INTERRUPT), action, sure)).ruled(threshold)
    return ACTIONS[int(ruled[0])]


def test_an_interruption_that_reaches_the_threshold_is_called() -> None:
    assert said(A.INTERRUPT, 0.8, threshold=0.8) is A.INTERRUPT


def test_of_an_unsure_interruption_the_next_most_probable_action_counts() -> None:
    assert said(A.INTERRUPT, 0.79, threshold=0.8) is not A.INTERRUPT


def test_other_actions_need_no_threshold() -> None:
    assert said(A.REFUSE, 0.3, threshold=0.8) is A.REFUSE


def test_each_example_is_judged_once_however_often_it_is_asked_for() -> None:
    class Counting(Rules):
        count = 0

        def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
            self.count += 1
            return super().judge(moment)

    model = Counting()
    one, other = example(id="a"), example(id="b", words="you stupid idiot")
    found = judged(model, [one, other, one])
    assert model.count == 2
    assert [each.id for each in found.of([other, one, other]).examples] == ["b", "a", "b"]
    assert found.of([other]).said.tolist() == [ACTIONS.index(A.DEFLECT)]


def test_a_row_is_the_judgement_that_it_came_from() -> None:
    one = example(words="one moment please")
    again = judged(Rules(), [one]).judgement(0, "rules/1")
    straight = Rules().judge(one.moment)
    assert (again.action, again.situation) == (straight.action, straight.situation)
    assert again.actions == straight.actions


def test_a_model_that_takes_many_moments_is_given_many() -> None:
    class Many:
        calls = 0

        def judge_all(self, moments: Sequence[Moment]) -> tuple[Floats, Floats]:
            self.calls += 1
            shape = len(moments), len(ACTIONS)
            return np.full(shape, 0.2), np.full((len(moments), len(SITUATIONS)), 1 / 13)

    model = Many()
    found = judged(model, [example(id=str(number)) for number in range(300)])
    assert len(found) == 300
    assert model.calls == 2
    assert found.actions.min() == 0.2


def test_nothing_to_judge_gives_empty_scores() -> None:
    found = judged(Rules(), [])
    assert len(found) == 0
    assert found.of([]).said.tolist() == []
