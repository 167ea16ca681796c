"""What was measured in a run, and the figures that sum it up.

Times are on the clock of the call they belong to (seconds since its INVITE,
see ``line.py``); figures are milliseconds. A figure is None when the run has
nothing to compute it from.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.bench.line import LineHealth
from agent.bench.listening import Span, percentile


@dataclass(frozen=True)
class ExchangeResult:
    """A question and how long the answer took.

    question: when it was audible. reply_s: the reply's first audible sample
    after its end; None if there was none within the patience. spoke_over: the
    agent was audible at its end, so that there is no latency to speak of and
    the figures leave it out. answer_end_s: its last audible sample.
    """

    text: str
    question: Span
    reply_s: float | None
    answer_end_s: float | None
    spoke_over: bool = False
    kind: str = "exchange"

    @property
    def v2v_s(self) -> float | None:
        if self.reply_s is None or self.spoke_over:
            return None
        return self.reply_s - self.question.end_s

    @property
    def failed(self) -> bool:
        return self.reply_s is None


@dataclass(frozen=True)
class BargeInResult:
    """How long the agent went on after the caller talked over it.

    question, answer_s: what was asked before, and when the answer began.
    stop_s: its last audible sample before it fell silent; None if it had not
    fallen silent in time. stopped_before: it had stopped by itself before the
    caller began, so that nothing was tried. reply: the answer to the interruption.
    """

    text: str
    question: Span
    answer_s: float | None
    interruption: Span
    stop_s: float | None
    stopped_before: bool
    reply: ExchangeResult | None
    kind: str = "barge_in"

    @property
    def stop_after_s(self) -> float | None:
        if self.stop_s is None or self.stopped_before:
            return None
        return self.stop_s - self.interruption.start_s

    @property
    def failed(self) -> bool:
        return self.stopped_before or self.stop_s is None


@dataclass(frozen=True)
class PrematureResult:
    """Whether the agent spoke between the pause in a sentence and the sentence's end.

    spoke_s: when it was first audible there; None if it waited.
    """

    text: str
    complete_before_pause: bool
    pause: Span
    spoke_s: float | None
    reply: ExchangeResult | None
    kind: str = "premature"

    @property
    def premature(self) -> bool:
        return self.spoke_s is not None

    @property
    def failed(self) -> bool:
        return self.reply is None or self.reply.failed


TrialResult = ExchangeResult | BargeInResult | PrematureResult


@dataclass(frozen=True)
class CallResult:
    """One call. ``failure`` says why it ended before its script did; None if it did not."""

    caller_id: str
    voice: str
    call_id: str | None
    began_unix_s: float
    setup_s: float | None
    ringing_s: float | None
    first_packet_s: float | None
    greeting_s: float | None
    trials: tuple[TrialResult, ...]
    failure: str | None
    untried: int
    health: LineHealth | None
    recording: str | None = None


@dataclass(frozen=True)
class BenchResult:
    """A whole run."""

    uri: str
    calls: tuple[CallResult, ...]
    wall_s: float
    parallel: int
    detail: dict[str, Any] = field(default_factory=dict)

    def of_kind(self, kind: type[TrialResult]) -> list[Any]:
        return [trial for call in self.calls for trial in call.trials if isinstance(trial, kind)]

    def replies(self) -> list[ExchangeResult]:
        """Every question that waited for an answer, whatever trial it was part of."""
        plain: list[ExchangeResult] = self.of_kind(ExchangeResult)
        others = [*self.of_kind(BargeInResult), *self.of_kind(PrematureResult)]
        return plain + [trial.reply for trial in others if trial.reply is not None]

    @property
    def failed(self) -> int:
        """Calls that broke, trials they had left, and questions without an answer in time.

        A barge-in that found the agent already silent counts too: nothing was measured.
        """
        broken = sum((call.failure is not None) + call.untried for call in self.calls)
        return broken + sum(trial.failed for call in self.calls for trial in call.trials)

    def as_json(self) -> dict[str, Any]:
        """The figures, and under ``detail`` everything they were computed from."""
        exchanges: list[ExchangeResult] = self.of_kind(ExchangeResult)
        barge_ins: list[BargeInResult] = self.of_kind(BargeInResult)
        prematures: list[PrematureResult] = self.of_kind(PrematureResult)
        v2v_s = _known(exchange.v2v_s for exchange in exchanges)
        stop_s = _known(trial.stop_after_s for trial in barge_ins)
        setup_s = _known(call.setup_s for call in self.calls)
        greeting_s = _known(call.greeting_s for call in self.calls)
        premature = sum(trial.premature for trial in prematures)
        all_v2v_s = _known(reply.v2v_s for reply in self.replies())
        return {
            "calls": len(self.calls),
            "exchanges": len(exchanges),
            "v2v_p50_ms": _ms(percentile(v2v_s, 50)),
            "v2v_p95_ms": _ms(percentile(v2v_s, 95)),
            "bargein_p50_ms": _ms(percentile(stop_s, 50)),
            "bargein_p95_ms": _ms(percentile(stop_s, 95)),
            "setup_p50_ms": _ms(percentile(setup_s, 50)),
            "greeting_p50_ms": _ms(percentile(greeting_s, 50)),
            "premature_rate": round(premature / len(prematures), 4) if prematures else None,
            "failed": self.failed,
            "detail": {
                "uri": self.uri,
                "wall_s": round(self.wall_s, 1),
                "parallel": self.parallel,
                "v2v_ms": [_ms(value) for value in v2v_s],
                "v2v_min_ms": _ms(min(v2v_s, default=None)),
                "v2v_max_ms": _ms(max(v2v_s, default=None)),
                "v2v_all_replies_p50_ms": _ms(percentile(all_v2v_s, 50)),
                "v2v_all_replies_p95_ms": _ms(percentile(all_v2v_s, 95)),
                "bargeins": len(barge_ins),
                "bargein_ms": [_ms(value) for value in stop_s],
                "bargein_max_ms": _ms(max(stop_s, default=None)),
                "bargeins_agent_already_silent": sum(t.stopped_before for t in barge_ins),
                "prematures": len(prematures),
                "premature": premature,
                "premature_after_complete": sum(
                    t.premature for t in prematures if t.complete_before_pause
                ),
                "spoke_over_caller": sum(exchange.spoke_over for exchange in exchanges),
                "setup_max_ms": _ms(max(setup_s, default=None)),
                "greeting_max_ms": _ms(max(greeting_s, default=None)),
                "calls": [_call_json(call) for call in self.calls],
                **self.detail,
            },
        }


def _call_json(call: CallResult) -> dict[str, Any]:
    trials = [_trial_json(trial) for trial in call.trials]
    return {**asdict(call), "trials": trials}


def _trial_json(trial: TrialResult) -> dict[str, Any]:
    """The trial's facts, and what follows from them."""
    facts = asdict(trial)
    match trial:
        case ExchangeResult():
            facts["v2v_ms"] = _ms(trial.v2v_s)
        case BargeInResult():
            facts["stop_ms"] = _ms(trial.stop_after_s)
        case PrematureResult():
            facts["premature"] = trial.premature
    return {**facts, "failed": trial.failed}


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
