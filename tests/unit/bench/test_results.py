"""How a run is summed up."""

import json

import pytest

from agent.bench.listening import Span
from agent.bench.results import (
    BargeInResult,
    BenchResult,
    CallResult,
    ExchangeResult,
    PrematureResult,
    TrialResult,
)

ASKED = Span(1.0, 2.0)


def exchange(reply_s: float | None, *, spoke_over: bool = False) -> ExchangeResult:
    return ExchangeResult("?", ASKED, reply_s, None, spoke_over)


def barge_in(stop_s: float | None, *, stopped_before: bool = False) -> BargeInResult:
    return BargeInResult("!", ASKED, 2.5, Span(4.0, 5.0), stop_s, stopped_before, None)


def premature(spoke_s: float | None) -> PrematureResult:
    return PrematureResult("…", False, Span(1.2, 1.9), spoke_s, exchange(2.4))


def call(*trials: TrialResult, failure: str | None = None, untried: int = 0) -> CallResult:
    return CallResult(
        "bench-1", "slt", "id", 0.0, 0.05, 0.01, 0.1, 0.4, trials, failure, untried, None
    )


def figures(*calls: CallResult) -> dict[str, object]:
    return BenchResult("sip:agent@127.0.0.1", calls, 1.0, 1).as_json()


def test_latency_runs_from_the_end_of_the_question_to_the_reply() -> None:
    assert figures(call(exchange(2.35)))["v2v_p50_ms"] == 350


def test_a_question_without_a_reply_failed_and_has_no_latency() -> None:
    summary = figures(call(exchange(2.3), exchange(None)))
    assert summary["failed"] == 1
    assert summary["exchanges"] == 2
    assert summary["v2v_p95_ms"] == 300


def test_an_agent_that_talked_over_the_questions_end_has_no_latency() -> None:
    summary = figures(call(exchange(2.0, spoke_over=True), exchange(2.6)))
    assert summary["v2v_p50_ms"] == 600
    assert summary["failed"] == 0


def test_a_barge_in_is_measured_from_the_callers_onset() -> None:
    assert figures(call(barge_in(4.25)))["bargein_p50_ms"] == 250


@pytest.mark.parametrize("trial", [barge_in(None), barge_in(3.9, stopped_before=True)])
def test_a_barge_in_that_measured_nothing_failed(trial: BargeInResult) -> None:
    summary = figures(call(trial))
    assert summary["failed"] == 1
    assert summary["bargein_p50_ms"] is None


def test_the_premature_rate_is_a_share_of_the_trials() -> None:
    summary = figures(call(premature(1.5), premature(None), premature(None), premature(None)))
    assert summary["premature_rate"] == 0.25


def test_replies_in_other_trials_stay_out_of_the_latency() -> None:
    assert figures(call(premature(None)))["v2v_p50_ms"] is None


def test_a_call_that_broke_fails_with_all_it_had_left() -> None:
    assert figures(call(exchange(2.3), failure="hung up", untried=4))["failed"] == 5


def test_a_run_of_nothing_has_no_figures() -> None:
    summary = figures()
    assert summary["calls"] == 0
    assert summary["premature_rate"] is None
    assert summary["setup_p50_ms"] is None


def test_a_run_is_one_json_object_with_every_trial_in_it() -> None:
    summary = figures(call(exchange(2.35), barge_in(4.25), premature(1.5)))
    again = json.loads(json.dumps(summary))
    trials = again["detail"]["calls"][0]["trials"]
    assert [trial["kind"] for trial in trials] == ["exchange", "barge_in", "premature"]
    assert trials[0]["v2v_ms"] == 350
    assert trials[1]["stop_ms"] == 250
    assert trials[2]["premature"] is True
