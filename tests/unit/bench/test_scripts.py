"""What is tried in a run, and how it is shared out over calls."""

import pytest

from agent.bench.scripts import (
    BARGE_INS,
    EXCHANGES,
    PREMATURES,
    BargeIn,
    Exchange,
    Premature,
    plan_calls,
)


def test_there_is_enough_to_ask() -> None:
    assert len({exchange.question for exchange in EXCHANGES}) >= 20
    assert len({(trial.first, trial.second) for trial in PREMATURES}) >= 12
    assert any(trial.complete for trial in PREMATURES)
    assert len(BARGE_INS) >= 5


def test_every_trial_asked_for_is_planned_once() -> None:
    calls = plan_calls(exchanges=20, barge_ins=10, prematures=12, voices=("slt", "rms", "awb"))
    trials = [trial for call in calls for trial in call.trials]
    assert sum(isinstance(trial, Exchange) for trial in trials) == 20
    assert sum(isinstance(trial, BargeIn) for trial in trials) == 10
    assert sum(isinstance(trial, Premature) for trial in trials) == 12


def test_calls_are_short_voices_take_turns_and_callers_differ() -> None:
    calls = plan_calls(exchanges=20, barge_ins=10, prematures=12, voices=("slt", "rms"))
    assert max(len(call.trials) for call in calls) == 5
    assert [call.voice for call in calls[:3]] == ["slt", "rms", "slt"]
    assert len({call.caller_id for call in calls}) == len(calls)


def test_the_kinds_are_mixed() -> None:
    first, *_ = plan_calls(exchanges=20, barge_ins=10, prematures=12, voices=("slt",))
    assert {type(trial) for trial in first.trials} == {Exchange, BargeIn, Premature}


def test_lists_are_begun_again_when_more_is_wanted() -> None:
    calls = plan_calls(exchanges=50, barge_ins=0, prematures=0, voices=("slt",))
    assert sum(len(call.trials) for call in calls) == 50


def test_nothing_asked_for_is_no_call() -> None:
    assert plan_calls(exchanges=0, barge_ins=0, prematures=0, voices=("slt",)) == ()


def test_somebody_must_speak() -> None:
    with pytest.raises(ValueError, match="no voice"):
        plan_calls(exchanges=1, barge_ins=0, prematures=0, voices=())
