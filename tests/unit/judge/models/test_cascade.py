"""A fast model, and a larger one for what the fast one is unsure of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from judge.judgement import Action, Judgement
from judge.models.base import ModelError
from judge.models.cascade import Cascade
from judge.moment import Moment
from tests.unit.judge.moments import judgement

MOMENT = Moment(words="well")


class Model:
    """Says *action* with *sure*; waits for *gate*, or raises *error*, when given."""

    def __init__(
        self,
        name: str,
        action: Action,
        sure: float = 0.9,
        *,
        gate: threading.Event | None = None,
        error: Exception | None = None,
    ) -> None:
        self.name = name
        self.budgets_s: list[float | None] = []
        self.closed = threading.Event()
        self._answer = replace(judgement(action, sure=sure), model=name)
        self._gate, self._error = gate, error

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        self.budgets_s.append(budget_s)
        if self._gate:
            self._gate.wait(5)
        if self._error:
            raise self._error
        return self._answer

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Closed in the test, opened after it."""
    gate = threading.Event()
    yield gate
    gate.set()


def cascade(sure: float, large: Model) -> Cascade:
    """A fast model that is so sure, *large* behind it."""
    return Cascade(Model("fast", Action.RESPOND, sure), large, (0.3, 0.6))


@pytest.mark.parametrize(
    ("sure", "by"),
    [(0.25, "fast"), (0.3, "large"), (0.5, "large"), (0.6, "large"), (0.61, "fast")],
)
def test_the_larger_model_decides_within_the_band(sure: float, by: str) -> None:
    judged = cascade(sure, Model("large", Action.REFUSE)).judge(MOMENT, budget_s=5)
    assert (judged.model, judged.fallback) == (by, "")


def test_it_gets_what_is_left_of_the_budget() -> None:
    large = Model("large", Action.REFUSE)
    cascade(0.5, large).judge(MOMENT, budget_s=1)
    cascade(0.5, large).judge(MOMENT)
    first, second = large.budgets_s
    assert first is not None and 0.9 < first < 0.995
    assert second is None


def test_without_time_left_it_is_not_asked() -> None:
    large = Model("large", Action.REFUSE)
    judged = cascade(0.5, large).judge(MOMENT, budget_s=0.015)
    assert (judged.model, judged.fallback) == ("fast", "no time left for large")
    assert not large.budgets_s


def test_when_it_fails_the_fast_one_stands_and_says_so() -> None:
    large = Model("large", Action.REFUSE, error=ModelError("the server is gone"))
    judged = cascade(0.5, large).judge(MOMENT, budget_s=1)
    assert (judged.action, judged.fallback) == (Action.RESPOND, "the server is gone")


def test_when_it_is_late_the_fast_one_is_handed_over_in_time(gate: threading.Event) -> None:
    both = cascade(0.5, Model("large", Action.REFUSE, gate=gate))
    judged = both.judge(MOMENT, budget_s=0.05)
    assert (judged.model, judged.fallback) == ("fast", "large is late")


def test_while_it_is_busy_with_what_nobody_waits_for_it_is_not_asked(
    gate: threading.Event,
) -> None:
    large = Model("large", Action.REFUSE, gate=gate)
    both = cascade(0.5, large)
    both.judge(MOMENT, budget_s=0.03)
    assert both.judge(MOMENT, budget_s=0.03).fallback == "large is busy with an earlier moment"
    assert len(large.budgets_s) == 1


def test_when_the_fast_one_fails_so_does_the_cascade() -> None:
    broken = Model("fast", Action.RESPOND, error=ModelError("broken"))
    both = Cascade(broken, Model("large", Action.REFUSE), (0, 1))
    with pytest.raises(ModelError, match="broken"):
        both.judge(MOMENT)


def test_closing_closes_both_once() -> None:
    fast, large = Model("fast", Action.RESPOND), Model("large", Action.REFUSE)
    both = Cascade(fast, large, (0, 1))
    assert both.name == "fast+large"
    both.close()
    both.close()
    assert fast.closed.is_set()
    assert large.closed.wait(1)
