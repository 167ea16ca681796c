"""A small set and a small adapter, made once: by the commands that a user would give."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from judge.cli import make_app
from tests.unit.judge.small_set import Mishearing, write_scenarios


def interject_judge(
    *arguments: str | Path, stdin: str | bytes | None = None
) -> tuple[int, str, str]:
    """Give a command; exit status, stdout and stderr."""
    result = CliRunner().invoke(
        make_app(Mishearing), [str(each) for each in arguments], input=stdin
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="session")
def small_scenarios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenarios(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(scope="session")
def small_set(small_scenarios: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built set, with what was heard of it."""
    out = tmp_path_factory.mktemp("set")
    status, _, stderr = interject_judge(
        "data", "build", "--out", out, "--no-corpora", "--recognise", "--scenarios", small_scenarios
    )
    assert status == 0, stderr
    return out


@pytest.fixture(scope="session")
def small_adapter(small_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that has seen 64 moments once, with its graph in eight bits."""
    pytest.importorskip("peft")
    out = tmp_path_factory.mktemp("adapter") / "tiny"
    status, _, stderr = interject_judge(
        "train", "--data", small_set, "--out", out,
        "--epochs", "1", "--rank", "4", "--limit", "64",
    )  # fmt: skip
    assert status == 0, stderr
    return out
