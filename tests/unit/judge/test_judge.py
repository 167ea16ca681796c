"""The judge as a call sees it: always answered, always in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from loguru import logger

from judge.config import ModelKind, judge_config
from judge.judge import Judge, load_model, open_judge
from judge.judgement import Action, Judgement
from judge.models.base import JudgeModel, ModelError
from judge.models.cascade import Cascade
from judge.moment import Moment
from tests.unit.judge.moments import assert_sane, judgement, moments

MOMENT = Moment(words="what time do you close")
DEADLINE_S = 0.25


class FakeModel:
    """Refuses everything. Faults are set from outside, after loading."""

    name = "fake/1"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.gate: threading.Event | None = None
        self.started = threading.Event()
        self.moments: list[Moment] = []
        self.threads: set[str] = set()
        self.closed = threading.Event()

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        self.moments.append(moment)
        self.threads.add(threading.current_thread().name)
        self.started.set()
        if self.gate:
            self.gate.wait(5)
        if self.error:
            raise self.error
        return replace(judgement(Action.REFUSE), model=self.name)

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def model() -> FakeModel:
    """A model without faults."""
    return FakeModel()


@pytest.fixture
async def judge(model: FakeModel) -> AsyncIterator[Judge]:
    """A judge that has loaded *model*; a closed gate is opened after the test."""
    async with Judge(lambda: model, deadline_s=DEADLINE_S) as judge:
        assert await judge.ready()
        model.moments.clear()
        model.started.clear()
        yield judge
        if model.gate:
            model.gate.set()


@pytest.fixture
def said() -> Any:
    """What is logged."""
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    yield lines
    logger.remove(sink)


async def test_the_model_judges_on_its_own_thread(judge: Judge, model: FakeModel) -> None:
    judged = await judge.judge(MOMENT)
    assert (judged.action, judged.model, judged.fallback) == (Action.REFUSE, "fake/1", "")
    assert model.threads == {"judge"}
    assert judge.model == "fake/1"


async def test_many_at_once_are_all_judged_by_the_model(judge: Judge, model: FakeModel) -> None:
    all_judged = await asyncio.gather(*(judge.judge(MOMENT) for _ in range(6)))
    assert {judged.model for judged in all_judged} == {"fake/1"}


async def test_when_the_model_is_late_the_rules_answer_at_the_deadline(
    judge: Judge, model: FakeModel
) -> None:
    model.gate = threading.Event()
    started_s = time.perf_counter()
    judged = await judge.judge(MOMENT)
    assert time.perf_counter() - started_s < DEADLINE_S + 2
    assert (judged.model, judged.fallback) == ("rules/1", "deadline")
    assert judged.took_ms >= DEADLINE_S * 1000
    assert (judge.counts.judged, judge.counts.by_rules, judge.counts.late) == (1, 1, 1)


async def test_while_it_is_still_at_the_late_one_the_rules_answer_at_once(
    judge: Judge, model: FakeModel
) -> None:
    model.gate = threading.Event()
    await judge.judge(MOMENT)
    judged = await judge.judge(MOMENT)
    assert judged.fallback == "busy"
    assert len(model.moments) == 1


async def test_a_late_answer_is_dropped_and_the_next_moment_judged(
    judge: Judge, model: FakeModel
) -> None:
    gate = model.gate = threading.Event()
    assert (await judge.judge(MOMENT)).fallback == "deadline"
    model.gate = None
    gate.set()
    for _ in range(100):
        judged = await judge.judge(Moment(words="next"))
        if judged.fallback != "busy":
            break
        await asyncio.sleep(0.001)
    assert judged.fallback == ""
    assert model.moments[-1].words == "next"


async def test_of_too_many_that_wait_the_oldest_is_let_go(judge: Judge, model: FakeModel) -> None:
    model.gate = threading.Event()
    first = asyncio.create_task(judge.judge(MOMENT))
    await asyncio.to_thread(model.started.wait, 1)
    others = [asyncio.create_task(judge.judge(Moment(words=str(n)))) for n in range(9)]
    done, _ = await asyncio.wait([first, *others], return_when=asyncio.FIRST_COMPLETED)
    assert [task.result().fallback for task in done] == ["busy"]
    assert done == {others[0]}
    model.gate.set()
    await asyncio.wait([first, *others])


async def test_who_waits_no_more_is_not_judged(judge: Judge, model: FakeModel) -> None:
    model.gate = threading.Event()
    first = asyncio.create_task(judge.judge(MOMENT))
    await asyncio.to_thread(model.started.wait, 1)
    second = asyncio.create_task(judge.judge(Moment(words="second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    model.gate.set()
    await first
    await judge.judge(Moment(words="third"))
    assert [moment.words for moment in model.moments] == [MOMENT.words, "third"]


@pytest.mark.parametrize("error", [ModelError("out of order"), ValueError("x"), MemoryError()])
async def test_whatever_the_model_raises_the_rules_answer(
    judge: Judge, model: FakeModel, error: Exception, said: list[str]
) -> None:
    model.error = error
    for _ in range(3):
        judged = await judge.judge(MOMENT)
        assert (judged.model, judged.fallback) == ("rules/1", "failed")
    assert judge.counts.failed == 3
    assert len(said) == 1, "each kind is logged once"
    model.error = None
    assert (await judge.judge(MOMENT)).fallback == ""


async def test_a_model_that_cannot_be_loaded_is_told_once(said: list[str]) -> None:
    def load() -> JudgeModel:
        raise ModelError("adapter.onnx is missing: run `interject judge export`")

    async with Judge(load, deadline_s=DEADLINE_S) as judge:
        assert not await judge.ready()
        for _ in range(2):
            judged = await judge.judge(MOMENT)
            assert (judged.model, judged.fallback) == ("rules/1", "not_loaded")
        assert "adapter.onnx is missing" in judge.problem
        assert judge.model == "rules/1"
    assert len(said) == 1


async def test_until_the_model_is_loaded_the_rules_answer(model: FakeModel) -> None:
    gate = threading.Event()

    def load() -> JudgeModel:
        gate.wait(5)
        return model

    async with Judge(load, deadline_s=DEADLINE_S) as judge:
        assert (await judge.judge(MOMENT)).fallback == "loading"
        gate.set()
        assert await judge.ready()
        assert (await judge.judge(MOMENT)).fallback == ""


async def test_the_first_judgement_is_made_before_the_first_call(model: FakeModel) -> None:
    async with Judge(lambda: model, deadline_s=DEADLINE_S) as judge:
        await judge.ready()
        assert len(model.moments) == 1


@pytest.mark.parametrize(("retry", "loaded"), [(True, True), (False, False)])
async def test_a_server_that_may_come_back_is_kept(
    model: FakeModel, retry: bool, loaded: bool
) -> None:
    model.error = ModelError("no answer", retry=retry)
    async with Judge(lambda: model, deadline_s=DEADLINE_S) as judge:
        assert await judge.ready() is loaded
        assert model.closed.is_set() is not loaded


async def test_a_closed_judge_still_answers(judge: Judge, model: FakeModel) -> None:
    await judge.close()
    await judge.close()
    assert model.closed.is_set()
    assert (await judge.judge(MOMENT)).fallback == "closed"


async def test_enormous_words_reach_the_model_cut_to_their_end(
    judge: Judge, model: FakeModel
) -> None:
    await judge.judge(Moment(words="a" * 1_000_000 + "the end"))
    assert len(model.moments[0].words) == 20_000
    assert model.moments[0].words.endswith("the end")


@pytest.mark.parametrize(
    ("broken", "action"),
    [
        (None, Action.RESPOND),
        (Moment.model_construct(words=None, final=False), Action.SILENCE),
        (Moment.model_construct(), Action.RESPOND),
    ],
)
async def test_not_even_a_broken_moment_ends_a_call(
    judge: Judge, model: FakeModel, broken: Any, action: Action
) -> None:
    judged = await judge.judge(broken)
    assert_sane(judged)
    assert (judged.action, judged.fallback) == (action, "failed")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moments)
def test_any_moment_is_judged_and_always_alike(moment: Moment) -> None:
    async def twice() -> tuple[Judgement, Judgement]:
        async with open_judge(judge_config({"model": "rules", "deadline_ms": 5000})) as judge:
            assert await judge.ready()
            return await judge.judge(moment), await judge.judge(moment)

    first, second = asyncio.run(twice())
    assert_sane(first)
    assert (first.actions, first.situations) == (second.actions, second.situations)
    assert first.fallback == second.fallback == ""


def test_the_configured_model_is_loaded() -> None:
    assert load_model(judge_config({"model": "rules"})).name == "rules/1"


def test_a_missing_adapter_is_named(tmp_path: Path) -> None:
    config = judge_config({"minilm": {"adapter": str(tmp_path / "none")}})
    with pytest.raises(ModelError, match="none"):
        load_model(config)


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation in which the causal model's packages are missing."""

    def missing(_: object) -> JudgeModel:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("judge.judge._LOADERS", {ModelKind.CAUSAL_LM: missing})


@pytest.mark.usefixtures("without_package")
def test_a_missing_package_is_named() -> None:
    config = judge_config({"model": "causal-lm", "causal_lm": {"base": "x"}})
    with pytest.raises(ModelError, match=r"causal-lm needs .*: pip install torch"):
        load_model(config)


def test_a_larger_model_that_cannot_be_loaded_leaves_the_fast_one(tmp_path: Path) -> None:
    config = judge_config(
        {
            "model": "rules",
            "causal_lm": {"base": str(tmp_path / "none")},
            "cascade": {"large": "causal-lm", "to_confidence": 1.0},
        }
    )
    model = load_model(config)
    assert isinstance(model, Cascade)
    judged = model.judge(MOMENT)
    assert judged.model == "rules/1"
    assert "causal-lm was not loaded" in judged.fallback
    model.close()
