"""Conversations with Debian's baresip, judged by what is in the telephone's own recording."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from agent.profiles import load_profile
from tests.end_to_end.callers.baresip import Baresip
from tests.end_to_end.callers.speech import say
from tests.end_to_end.conftest import ServerFactory
from tests.end_to_end.listening import Ear, Recording, matches, question_answered
from tests.end_to_end.server import RunningServer

GREETING = ("hotel", "good day", "how can", "help")
RIDDEN_OVER_WITHIN_S = 1.0
"""For how long a backchannel may stop the agent."""
SILENT_WITHIN_S = 1.0
"""How soon after the caller cuts in the agent must have fallen silent."""


@pytest.fixture(scope="module")
def server(start_server: ServerFactory) -> Iterator[RunningServer]:
    """One server for all conversations of this file."""
    with start_server() as server:
        yield server


def words_spoken(server: RunningServer, since_s: float) -> str:
    """What the agent really said after *since_s* (Unix time), by its own account."""
    words = [event["text"] for event in server.events("agent") if event["t"] >= since_s]
    return " ".join(words).lower()


def test_a_caller_is_greeted_asks_and_is_answered(server: RunningServer, ear: Ear) -> None:
    """The greeting is heard, a spoken question is understood, and its answer is heard."""
    with Baresip() as phone:
        phone.dial(server.sip_uri)
        greeted_s = phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
        greeting = ear.words(phone.heard.between(0.0, greeted_s + 0.3))
        assert len(matches(greeting, GREETING)) >= 2, greeting

        asked_at = time.time()
        asked_s = phone.heard.length_s
        phone.say(say("What time is breakfast?", phone.rate_hz))
        answered_s = phone.wait_for_silence(asked_s, quiet_s=1.0, timeout_s=15)
        answer = ear.words(phone.heard.between(asked_s, answered_s + 0.3))
        phone.hang_up()

    caller = " ".join(event["text"] for event in server.events("caller") if event["t"] >= asked_at)
    assert "breakfast" in caller.lower()
    assert "breakfast is from seven to ten" in words_spoken(server, asked_at)
    assert question_answered(answer) == "What time is breakfast?", answer


def test_the_agent_falls_silent_when_the_caller_cuts_in(server: RunningServer, ear: Ear) -> None:
    """Talked over in mid-answer, the agent stops at once and then answers what was said instead."""
    with Baresip() as phone:
        phone.dial(server.sip_uri)
        phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
        asked_s = phone.heard.length_s
        phone.say(say("Tell me about your rooms.", phone.rate_hz))
        answering_s = phone.wait_for_speech(asked_s, timeout_s=10)
        while phone.heard.length_s < answering_s + 2.0:  # its answer takes six seconds
            time.sleep(0.05)

        cut_in_at = time.time()
        before_s = phone.spoken.length_s
        phone.say(say("Wait, what time is breakfast?", phone.rate_hz))
        time.sleep(2.0)
        onset_s = phone.spoken.between(before_s - 0.2).speech()[0].start_s + before_s - 0.2
        silent_s = falls_silent_s(phone.heard, onset_s)
        answered_s = phone.wait_for_silence(silent_s + 0.2, quiet_s=1.0, timeout_s=15)
        answer = ear.words(phone.heard.between(silent_s, answered_s + 0.3))
        phone.hang_up()

    assert silent_s - onset_s <= SILENT_WITHIN_S, f"it went on for {silent_s - onset_s:.2f} s"
    server.wait_for_event("interrupted", lambda event: event["t"] >= cut_in_at)
    assert "breakfast is from seven" in words_spoken(server, cut_in_at)
    assert question_answered(answer) == "What time is breakfast?", answer


def test_a_backchannel_is_ridden_over(server: RunningServer) -> None:
    """An "okay" over an answer holds it back for a moment; then the same sentence goes on."""
    with Baresip() as phone:
        phone.dial(server.sip_uri)
        phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
        asked_at, asked_s = time.time(), phone.heard.length_s
        phone.say(say("Tell me about your rooms.", phone.rate_hz))
        answering_s = phone.wait_for_speech(asked_s, timeout_s=10)
        while phone.heard.length_s < answering_s + 1.2:
            time.sleep(0.05)
        spoken_at = time.time()
        phone.say(say("Okay.", phone.rate_hz))
        server.wait_for_event("resumed", lambda event: event["t"] >= spoken_at)
        done_s = phone.wait_for_silence(phone.heard.length_s, quiet_s=1.5, timeout_s=15)
        spans = phone.heard.between(answering_s - 0.1, done_s).speech()
        phone.hang_up()

    gaps = [after.start_s - before.end_s for before, after in pairwise(spans)]
    assert max(gaps, default=0.0) <= RIDDEN_OVER_WITHIN_S, spans
    assert not [e for e in server.events("interrupted") if e["t"] >= spoken_at]
    said = words_spoken(server, asked_at)
    # Whichever answer it gave to what it understood, it gave all of it.
    profile = load_profile("hotel")
    answers = [*(entry.answer for entry in profile.knowledge), profile.lines.handover]
    endings = {tuple(answer.lower().split()[-4:]) for answer in answers}
    assert tuple(said.split()[-4:]) in endings, said


def falls_silent_s(heard: Recording, onset_s: float) -> float:
    """When the agent, speaking at *onset_s*, was next silent for a third of a second."""
    for span in heard.speech():
        if span.start_s <= onset_s < span.end_s:
            return span.end_s
    raise AssertionError(f"the agent was not speaking at {onset_s:.2f} s: {heard.speech()}")


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722"])
def test_the_greeting_is_understood_in_every_codec(
    server: RunningServer, ear: Ear, codec: str
) -> None:
    """Two telephones at once, one over UDP and one over TCP, both hear who answers."""

    def greeting(transport: str) -> Recording:
        with Baresip(codec=codec, transport=transport) as phone:
            phone.dial(server.sip_uri)
            end_s = phone.wait_for_silence(0.0, quiet_s=0.8, timeout_s=10)
            phone.hang_up()
            return phone.heard.between(0.0, end_s + 0.3)

    with ThreadPoolExecutor() as phones:
        for recording in phones.map(greeting, ("udp", "tcp")):
            words = ear.words(recording)
            assert len(matches(words, GREETING)) >= 2, words


def test_keys_that_the_telephone_sends_arrive_once_each(server: RunningServer) -> None:
    """Keys pressed on a telephone (RFC 4733) reach the session, each once and in order."""
    with Baresip() as phone:
        phone.dial(server.sip_uri)
        pressed_at = time.time()
        phone.press("42#")
        server.wait_for_event("digit", lambda e: e["t"] >= pressed_at and e["text"] == "#")
        time.sleep(0.5)
        phone.hang_up()
    keys = [event["text"] for event in server.events("digit") if event["t"] >= pressed_at]
    assert keys == ["4", "2", "#"]
