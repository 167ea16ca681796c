"""The import arrows point one way, and what is foreign stays in its room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "judge", "telephony")
SOURCES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
TRAINING = ("judge/training/", "judge/models/causal_lm.py", "judge/evaluation/baselines.py")
"""Where the packages of the training extra may be used."""


@cache
def imported_by(file: Path) -> tuple[str, ...]:
    """Every module that *file* imports, however deep inside it."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def users_of(package: str) -> set[str]:
    """The project's files that import *package*, relative to the root."""
    return {
        file.relative_to(ROOT).as_posix()
        for file in SOURCES
        for module in imported_by(file)
        if module == package or module.startswith(package + ".")
    }


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 30


@pytest.mark.parametrize(
    ("room", "stranger"),
    [
        ("telephony", "agent"),
        ("telephony", "judge"),
        ("judge", "agent"),
        ("judge", "telephony"),
    ],
)
def test_the_arrows_point_from_the_agent_outwards(room: str, stranger: str) -> None:
    assert not {file for file in users_of(stranger) if file.startswith(f"{room}/")}


@pytest.mark.parametrize(
    ("package", "room"),
    [
        ("pjsua2", "telephony/sip/"),
        ("aiortc", "telephony/webrtc/"),
        ("av", "telephony/webrtc/"),
        ("baresip", "agent/bench/"),
    ],
)
def test_a_foreign_library_stays_in_its_room(package: str, room: str) -> None:
    users = users_of(package)
    assert users, f"nobody imports {package} any more: this test checks nothing"
    assert not {file for file in users if not file.startswith(room)}


@pytest.mark.parametrize("package", ["torch", "transformers", "peft", "onnx"])
def test_nothing_needs_torch_at_run_time(package: str) -> None:
    assert users_of(package), f"nobody imports {package} any more: this test checks nothing"
    assert not {file for file in users_of(package) if not file.startswith(TRAINING)}


def test_the_bench_calls_from_outside() -> None:
    """The bench may not look inside what it measures."""
    outside = ("telephony", "agent.pipeline", "agent.session", "agent.serve", "agent.turns")
    for package in outside:
        assert not {file for file in users_of(package) if file.startswith("agent/bench/")}


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {
        file.relative_to(ROOT).as_posix()
        for file in SOURCES
        if "os.environ" in file.read_text(encoding="utf-8")
        or "os.getenv" in file.read_text(encoding="utf-8")
    }
    # The bench hands its environment on to the server that it starts.
    assert {file for file in readers if not file.startswith("agent/bench/")} == {"agent/config.py"}
