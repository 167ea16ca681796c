"""The judge's configuration, and what it says of one that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from judge.config import (
    ADAPTERS,
    JudgeConfig,
    JudgeConfigError,
    ModelKind,
    adapter_folder,
    judge_config,
)


def test_without_a_word_the_embedded_model_judges_within_150_ms() -> None:
    config = judge_config({})
    assert config == JudgeConfig()
    assert (config.model, config.deadline_ms) == (ModelKind.MINILM, 150)
    assert config.cascade.large is None
    assert not config.policy.shadow


def test_everything_can_be_set() -> None:
    config = judge_config(
        {
            "model": "minilm",
            "deadline_ms": 200,
            "cascade": {"large": "openai-compatible", "to_confidence": 0.7},
            "openai_compatible": {"base_url": "http://[::1]:8000/v1", "model": "judge"},
            "policy": {
                "shadow": True,
                "restraint": {"cooldown_s": 20},
                "escalation": {"terms_s": [60]},
                "access": {"deny": ["+4930*"]},
            },
        }
    )
    assert config.cascade.large is ModelKind.OPENAI_COMPATIBLE
    assert config.policy.escalation.terms_s == (60,)


SERVER = {"base_url": "http://127.0.0.1:8000/v1", "model": "judge"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"modell": "rules"},
            "judge.toml: modell: unknown key; accepted here: model, deadline_ms, minilm, "
            "causal_lm, openai_compatible, cascade, policy",
        ),
        (
            {"policy": {"restraint": {"cooldown": 3}}},
            "judge.toml: policy.restraint.cooldown: unknown key; accepted here: cooldown_s, "
            "per_minute",
        ),
        (
            {"model": "gpt"},
            "judge.toml: model: given 'gpt'; accepted: 'minilm', 'causal-lm', "
            "'openai-compatible' or 'rules'",
        ),
        ({"deadline_ms": 0}, "judge.toml: deadline_ms: given 0; accepted: greater than 0"),
        (
            {"model": "causal-lm"},
            "judge.toml: causal_lm.base: given nothing, but causal-lm is to judge; name a "
            "model's folder or its name on the Hugging Face hub",
        ),
        (
            {"model": "openai-compatible"},
            "judge.toml: openai_compatible.base_url: given nothing, but openai-compatible is to "
            "judge; set it, such as 'http://127.0.0.1:8000/v1'",
        ),
        (
            {"model": "openai-compatible", "cascade": {"large": "openai-compatible"}}
            | {"openai_compatible": SERVER},
            "judge.toml: cascade.large: given 'openai-compatible', which is the model itself; "
            "name a larger one or leave it out",
        ),
        (
            {"cascade": {"from_confidence": 0.9}},
            "judge.toml: cascade: from_confidence 0.9 lies above to_confidence 0.85; swap them",
        ),
        (
            {"policy": {"escalation": {"warn_at": 9}}},
            "judge.toml: policy.escalation: refuse_at 2, warn_at 9 and block_at 4 are out of "
            "order; give numbers that do not fall",
        ),
        (
            {"policy": {"thresholds": {"interrupt": 80}}},
            "judge.toml: policy.thresholds.interrupt: given 80; accepted: less than or equal to 1",
        ),
    ],
)
def test_a_problem_is_one_line_with_the_key_and_the_remedy(
    values: dict[str, Any], line: str
) -> None:
    with pytest.raises(JudgeConfigError) as error:
        judge_config(values, source="judge.toml")
    assert error.value.problems == [line]


def test_a_server_has_a_url() -> None:
    with pytest.raises(JudgeConfigError, match=r"openai_compatible\.base_url: given 'localhost'"):
        judge_config({"openai_compatible": {"base_url": "localhost"}})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(JudgeConfigError) as error:
        judge_config({"model": "gpt", "deadline_ms": -1})
    assert len(error.value.problems) == 2


def test_a_key_is_never_shown() -> None:
    config = judge_config({"openai_compatible": SERVER | {"api_key": "canary"}})
    assert "canary" not in repr(config) + config.model_dump_json()


def test_an_adapter_is_a_name_or_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert adapter_folder("minilm") == ADAPTERS / "minilm"
    assert adapter_folder("mine") == Path("mine")
    assert adapter_folder("not/there") == Path("not/there")
