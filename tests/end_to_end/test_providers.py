"""Providers are swapped by configuration, and one that fails is not answered with silence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.callers.baresip import Baresip
from tests.end_to_end.callers.speech import say
from tests.end_to_end.conftest import ServerFactory
from tests.end_to_end.language_model import LanguageModelServer
from tests.end_to_end.server import RunningServer

REPLY = "The lighthouse keeper collects purple umbrellas."
QUESTION = "Do you have a swimming pool in the hotel?"


def configuration(model: LanguageModelServer) -> str:
    return f'[llm]\nprovider = "openai"\nmodel = "test"\nbase_url = "{model.base_url}"\n'


@pytest.fixture(scope="module")
def model() -> Iterator[LanguageModelServer]:
    with LanguageModelServer(REPLY) as model:
        yield model


@pytest.fixture(scope="module")
def server(start_server: ServerFactory, model: LanguageModelServer) -> Iterator[RunningServer]:
    with start_server(configuration(model), OPENAI_API_KEY="a-key") as server:
        yield server


def spoken(server: RunningServer, call_number: int) -> str:
    """What the agent said in the call that began as the *call_number*-th, from 0."""
    call = server.events("call_started")[call_number]["call"]
    return " ".join(e["text"] for e in server.events("agent") if e["call"] == call)


def ask(phone: Baresip, server: RunningServer) -> None:
    phone.dial(server.sip_uri)
    greeted_s = phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
    phone.say(say(QUESTION, phone.rate_hz))
    phone.wait_for_silence(greeted_s, quiet_s=1.2, timeout_s=15)


def test_a_language_model_behind_any_url_answers_the_caller(
    server: RunningServer, model: LanguageModelServer
) -> None:
    """It is asked with persona, knowledge and the caller's words, and what it says is spoken."""
    with Baresip() as phone:
        ask(phone, server)
        phone.hang_up()
    assert REPLY in spoken(server, 0)
    assert set(model.keys) == {"Bearer a-key"}
    # The same model takes notes of the call, unheard.
    asked = next(each for each in model.requests if each.get("stream"))
    assert asked["model"] == "test"
    system = asked["messages"][0]
    assert system["role"] == "system"
    assert "Larkspur Hotel" in system["content"]
    assert "indoor pool is heated" in system["content"]
    assert any(
        m["role"] == "user" and "do you have" in m["content"].lower() for m in asked["messages"]
    )


def test_a_language_model_that_fails_is_covered_with_words(
    server: RunningServer, model: LanguageModelServer
) -> None:
    """The caller hears that something went wrong, and the next question is answered."""
    model.status = 500
    try:
        with Baresip() as phone:
            ask(phone, server)
            assert "I lost my thread" in spoken(server, 1)
            model.status = 200
            before_s = phone.heard.length_s
            phone.say(say(QUESTION, phone.rate_hz))
            phone.wait_for_silence(before_s, quiet_s=1.2, timeout_s=15)
            phone.hang_up()
    finally:
        model.status = 200
    assert REPLY in spoken(server, 1)


def test_a_key_that_is_refused_ends_the_call_with_words(
    server: RunningServer, model: LanguageModelServer
) -> None:
    model.status = 401
    try:
        with Baresip() as phone:
            phone.dial(server.sip_uri)
            phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
            phone.say(say(QUESTION, phone.rate_hz))
            phone.wait_closed(timeout_s=15)
    finally:
        model.status = 200
    assert "something has broken" in spoken(server, 2)


def check(tmp_path: Path, text: str, **environ: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "interject.toml"
    file.write_text("[sip]\nenabled = false\n[web]\nport = 47860\n" + text)
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "check", "--json", "--config", str(file)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **environ},
        timeout=90,
        check=False,
    )


def test_check_tries_everything_and_shows_no_secret(
    tmp_path: Path, model: LanguageModelServer
) -> None:
    done = check(tmp_path, configuration(model), OPENAI_API_KEY="sk-very-secret")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert all(item["ready"] for item in report["readiness"])
    assert report["providers"] == {"stt": "moonshine", "llm": "openai", "tts": "espeak"}
    assert "sk-very-secret" not in done.stdout + done.stderr


def test_check_fails_when_a_provider_is_out_of_reach(tmp_path: Path) -> None:
    done = check(tmp_path, '[llm]\nprovider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n')
    assert done.returncode == 1
    (failed,) = [item for item in json.loads(done.stdout)["readiness"] if not item["ready"]]
    assert failed["what"] == "thinking: openai-compatible"
    assert "http://127.0.0.1:9/v1/models" in failed["detail"]
