"""Callers are remembered from one call to the next, in real calls, across a restart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from agent.config import DATABASE_VARIABLE
from tests.end_to_end.callers.baresip import Baresip, CallFailed
from tests.end_to_end.callers.speech import say
from tests.end_to_end.conftest import ServerFactory
from tests.end_to_end.server import RunningServer

MARY = "+442079460001"
JOHN = "+442079460002"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'interject.db'}"


def converse(server: RunningServer, number: str, *sentences: str) -> list[str]:
    """Call from *number*, say each sentence; what the agent said after each, in lower case."""
    replies = []
    with Baresip(user=number) as phone:
        phone.dial(server.sip_uri)
        phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
        for sentence in sentences:
            asked_at, asked_s = time.time(), phone.heard.length_s
            phone.say(say(sentence, phone.rate_hz))
            phone.wait_for_speech(asked_s, timeout_s=15)
            phone.wait_for_silence(asked_s, quiet_s=1.2, timeout_s=15)
            spoken = [event["text"] for event in server.events("agent") if event["t"] >= asked_at]
            replies.append(" ".join(spoken).lower())
        phone.hang_up()
    server.wait_for_event("call_ended", lambda event: event["t"] >= asked_at)
    return replies


def remembered(url: str, *command: str) -> Any:
    """What ``interject memory`` prints as JSON."""
    return interject(url, "memory", *command)


def interject(url: str, *command: str) -> Any:
    """What a command prints as JSON."""
    outcome = subprocess.run(
        [sys.executable, "-m", "agent.cli", *command, "--json"],
        env={**os.environ, DATABASE_VARIABLE: url},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(outcome.stdout)


def test_a_caller_is_known_again_after_a_restart_and_another_is_not(
    start_server: ServerFactory, url: str
) -> None:
    with start_server(**{DATABASE_VARIABLE: url}) as server:
        converse(server, MARY, "My name is Mary Smith.", "I am allergic to peanuts.")

    facts = [fact["text"].lower() for fact in remembered(url, "show", MARY)["facts"]]
    assert any("mary" in fact for fact in facts), facts
    assert any("allergic" in fact for fact in facts), facts

    with start_server(**{DATABASE_VARIABLE: url}) as server:
        (known,) = converse(server, MARY, "What is my name?")
        (unknown,) = converse(server, JOHN, "What is my name?")
    assert "mary" in known
    assert "mary" not in unknown
    assert "no note" in unknown


def test_what_is_to_be_forgotten_is_gone_from_the_store(
    start_server: ServerFactory, url: str
) -> None:
    with start_server(**{DATABASE_VARIABLE: url}) as server:
        (reply,) = converse(server, MARY, "Please forget everything you know about me.")
    assert "forgotten" in reply
    assert all(known["caller"] != f"tel:{MARY}" for known in remembered(url, "list"))


def test_a_blocked_caller_is_declined_before_and_after_a_restart(
    start_server: ServerFactory, url: str
) -> None:
    """603 by telephone, refused in the room; a pardon lets both in again."""
    with start_server(**{DATABASE_VARIABLE: url}) as server:
        for caller in (JOHN, "web:john"):
            interject(url, "block", "add", caller, "--hours", "1")
        declined(server)
    with start_server(**{DATABASE_VARIABLE: url}) as server:
        declined(server)
        for caller in (JOHN, "web:john"):
            interject(url, "block", "remove", caller)
        assert offer(server, "john")["error"] == "no_audio"  # looked at, and no longer refused
        (reply,) = converse(server, JOHN, "What time is breakfast?")
        assert "seven" in reply


def declined(server: RunningServer) -> None:
    with Baresip(user=JOHN) as phone, pytest.raises(CallFailed, match="603"):
        phone.dial(server.sip_uri)
    assert offer(server, "john")["error"] == "blocked"
    assert offer(server, "mary")["error"] == "no_audio"
    assert not server.events("call_started")


def offer(server: RunningServer, participant: str) -> Any:
    """What the room answers to an offer that is none."""
    body = json.dumps({"type": "offer", "sdp": "v=0", "participant": participant}).encode()
    request = urllib.request.Request(
        f"{server.web_url}/api/rooms/lobby/offer",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    return json.loads(refused.value.read())
