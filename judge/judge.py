"""The judge as a call sees it: ask, and be answered in time.

The model runs on a thread of its own, never on the event loop. When it is late, still loading,
could not be loaded or fails, :mod:`judge.models.rules` answers instead, at once, and the
judgement says so in :attr:`~judge.judgement.Judgement.fallback`. So a call never waits on the
judge for longer than the deadline, and never dies of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self

from loguru import logger

from judge.config import Answering, JudgeConfig, ModelKind, adapter_folder
from judge.judgement import ACTIONS, SITUATIONS, Action, Judgement, Situation
from judge.models.base import JudgeModel, ModelError
from judge.models.cascade import Cascade
from judge.models.rules import NAME as RULES
from judge.models.rules import Rules
from judge.moment import Moment
from judge.worker import Worker

_WAITING: Final = 8
"""Moments of several calls that may wait for the model; of more, the oldest is let go."""
_MOST_CHARACTERS: Final = 20_000
"""Of the caller's words, from their end, what a model is given."""
_FAREWELL_S: Final = 1.0


class Fallback(StrEnum):
    """Why the rules answered."""

    DEADLINE = "deadline"
    BUSY = "busy"
    """The model is still at a moment whose deadline has passed, or too many wait for it."""
    LOADING = "loading"
    NOT_LOADED = "not_loaded"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass
class Counts:
    """How it went since the judge was opened. `judged` counts every answer, the others' share."""

    judged: int = 0
    by_rules: int = 0
    late: int = 0
    failed: int = 0


class Judge:
    """One model, shared by all calls of a process. Used from one event loop.

    Args:
        load: Brings the model; runs on the model's thread.
        deadline_s: Seconds within which :meth:`judge` answers.
    """

    def __init__(self, load: Callable[[], JudgeModel], *, deadline_s: float) -> None:
        self.counts = Counts()
        self._deadline_s = deadline_s
        self._rules = Rules()
        self._worker = Worker("judge")
        self._loading = self._worker.submit(lambda: _warmed_up(load()))
        self._waiting: deque[Future[Judgement]] = deque()
        self._late: Future[Judgement] | None = None
        self._said: set[str] = set()
        self._closed = False

    @property
    def model(self) -> str:
        """Name and version of what judges at present."""
        loaded = self._loading.done() and not self._loading.exception()
        return self._loading.result().name if loaded else self._rules.name

    @property
    def problem(self) -> str:
        """Why the model could not be loaded; empty when it could, or is still loading."""
        error = self._loading.exception() if self._loading.done() else None
        return str(error) if error else ""

    async def ready(self) -> bool:
        """Wait until the model is loaded; False when it cannot be (see :attr:`problem`)."""
        await _settled(self._loading)
        if self.problem:
            self._say_once("load", f"{self.problem}; the rules judge instead")
        return not self.problem

    async def judge(self, moment: Moment) -> Judgement:
        """Judge *moment* before the deadline. Raises nothing but cancellation."""
        started_s = time.perf_counter()
        try:
            judgement = await self._ask_model(moment, started_s)
        except _Instead as instead:
            judgement = self._by_rules(moment, instead.why)
        self.counts.judged += 1
        return replace(judgement, took_ms=(time.perf_counter() - started_s) * 1000)

    async def close(self) -> None:
        """Let go of the model, waiting a moment for its thread. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        farewell = self._worker.submit(self._close_model)
        self._worker.stop()
        await _settled(farewell, timeout_s=_FAREWELL_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _ask_model(self, moment: Moment, started_s: float) -> Judgement:
        model = self._model_at_hand()
        job = self._hand_in(model, moment, started_s + self._deadline_s)
        answer = asyncio.wrap_future(job)
        try:
            left_s = started_s + self._deadline_s - time.perf_counter()
            await asyncio.wait({answer}, timeout=max(0.0, left_s))
            if not answer.done():
                self.counts.late += 1
                if job.running():
                    self._late = job
                self._say_once("late", f"{model.name} missed {self._deadline_s * 1000:g} ms")
                raise _Instead(Fallback.DEADLINE)
        finally:
            answer.cancel()  # nothing when it is done; else nobody waits for it any more
        if answer.cancelled():
            raise _Instead(Fallback.BUSY)
        error = answer.exception()
        if error is None:
            return answer.result()
        if isinstance(error, _Instead):
            raise error
        self.counts.failed += 1
        self._say_once(type(error).__name__, f"{model.name} failed: {error!r}")
        raise _Instead(Fallback.FAILED)

    def _model_at_hand(self) -> JudgeModel:
        if self._closed:
            raise _Instead(Fallback.CLOSED)
        if not self._loading.done():
            raise _Instead(Fallback.LOADING)
        if self.problem:
            self._say_once("load", f"{self.problem}; the rules judge instead")
            raise _Instead(Fallback.NOT_LOADED)
        if self._late is not None and not self._late.done():
            raise _Instead(Fallback.BUSY)
        return self._loading.result()

    def _hand_in(self, model: JudgeModel, moment: Moment, until_s: float) -> Future[Judgement]:
        """Queue *moment* for the model. Of too many that wait the oldest is let go."""

        def work() -> Judgement:
            left_s = until_s - time.perf_counter()
            if left_s <= 0:
                raise _Instead(Fallback.DEADLINE)  # it waited so long for its turn
            return model.judge(_bounded(moment), budget_s=left_s)

        while self._waiting and (self._waiting[0].done() or self._waiting[0].running()):
            self._waiting.popleft()
        if len(self._waiting) >= _WAITING:
            self._waiting.popleft().cancel()
        job = self._worker.submit(work)
        self._waiting.append(job)
        return job

    def _by_rules(self, moment: Moment, why: Fallback) -> Judgement:
        self.counts.by_rules += 1
        try:
            judgement = self._rules.judge(moment)
        except Exception as error:  # the boundary: not even a broken moment ends a call
            self._say_once("rules", f"the rules failed: {error!r}")
            judgement = _least(moment)
        return replace(judgement, fallback=why.value)

    def _close_model(self) -> None:
        if self._loading.done() and not self._loading.exception():
            self._loading.result().close()

    def _say_once(self, kind: str, what: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            logger.warning(f"judge: {what} (said once)")


def open_judge(config: JudgeConfig) -> Judge:
    """The judge of *config*. Its model loads on its own thread; until then the rules judge."""
    return Judge(lambda: load_model(config), deadline_s=config.deadline_ms / 1000)


def load_model(config: JudgeConfig) -> JudgeModel:
    """Load the configured model, with the larger one behind it where there is a cascade.

    Blocks, for seconds or minutes. A larger model that cannot be loaded is logged, and each
    judgement that would have been its says so; the fast one does not fall with it.

    Raises:
        ModelError: If the model cannot be loaded.
    """
    fast = _load(config.model, config)
    if config.cascade.large is None:
        return fast
    large: JudgeModel
    try:
        large = _load(config.cascade.large, config)
    except ModelError as error:
        logger.warning(f"judge: {error}; {fast.name} judges alone")
        large = _Absent(config.cascade.large.value, error)
    return Cascade(fast, large, (config.cascade.from_confidence, config.cascade.to_confidence))


def _load(kind: ModelKind, config: JudgeConfig) -> JudgeModel:
    try:
        return _LOADERS[kind](config)
    except ImportError as error:
        remedy = f"pip install {error.name}"
        raise ModelError(f"{kind} needs a package that is missing: {remedy}") from error


def _load_minilm(config: JudgeConfig) -> JudgeModel:
    from judge.models.minilm import MiniLM

    return MiniLM.load(adapter_folder(config.minilm.adapter))


def _load_causal_lm(config: JudgeConfig) -> JudgeModel:
    from judge.models.causal_lm import CausalLM

    group = config.causal_lm
    adapter = adapter_folder(group.adapter) if group.adapter else None
    return CausalLM.load(group.base, adapter, device=group.device.value)


def _load_openai_compatible(config: JudgeConfig) -> JudgeModel:
    from judge.models.openai_compatible import OpenAICompatible

    group = config.openai_compatible
    return OpenAICompatible(
        base_url=group.base_url,
        model=group.model,
        api_key=group.api_key.get_secret_value(),
        letters=group.answer is Answering.LETTERS,
        assumed=group.assumed,
        timeout_s=group.timeout_ms / 1000,
    )


_LOADERS: Final[Mapping[ModelKind, Callable[[JudgeConfig], JudgeModel]]] = {
    ModelKind.MINILM: _load_minilm,
    ModelKind.CAUSAL_LM: _load_causal_lm,
    ModelKind.OPENAI_COMPATIBLE: _load_openai_compatible,
    ModelKind.RULES: lambda _: Rules(),
}


class _Absent:
    """A larger model that could not be loaded."""

    def __init__(self, name: str, error: ModelError) -> None:
        self.name = name
        self._error = error

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        raise ModelError(f"{self.name} was not loaded: {self._error}")

    def close(self) -> None:
        """There is nothing to let go of."""


class _Instead(Exception):
    """The rules are to answer."""

    def __init__(self, why: Fallback) -> None:
        super().__init__(why.value)
        self.why = why


async def _settled(work: Future[Any], *, timeout_s: float | None = None) -> None:
    """Wait for *work* without laying claim to it: giving up does not cancel it."""
    loop = asyncio.get_running_loop()
    settled = asyncio.Event()

    def tell(_: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settled.set)

    work.add_done_callback(tell)
    with suppress(TimeoutError):
        await asyncio.wait_for(settled.wait(), timeout_s)


def _warmed_up(model: JudgeModel) -> JudgeModel:
    """*model*, after its first judgement, which is the slowest."""
    try:
        model.judge(Moment(words="hello, can you hear me"), budget_s=_FAREWELL_S)
    except ModelError as error:
        if not error.retry:
            model.close()
            raise
        logger.warning(f"judge: {model.name} is not there yet: {error}")
    return model


def _bounded(moment: Moment) -> Moment:
    if len(moment.words) <= _MOST_CHARACTERS:
        return moment
    return moment.model_copy(update={"words": moment.words[-_MOST_CHARACTERS:]})


def _least(moment: Moment) -> Judgement:
    """What a call without a judge does, of a moment in which nothing can be read."""
    action = Action.RESPOND if getattr(moment, "final", True) else Action.SILENCE
    actions = {each: 0.6 if each is action else 0.4 / (len(ACTIONS) - 1) for each in ACTIONS}
    situations = dict.fromkeys(SITUATIONS, 0.4 / (len(SITUATIONS) - 1))
    situations[Situation.NONE] = 0.6
    return Judgement.of(actions, situations, model=RULES, took_ms=0.0)
