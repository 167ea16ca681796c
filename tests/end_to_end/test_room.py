"""The room, seen and heard by a real browser that talks to a running server."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.end_to_end.browser import RoomPage, chromium, record, seconds_of_speech
from tests.end_to_end.server import RunningServer

GREETING_S = 6.0
"""Silence at the start of every recording, so that the greeting passes undisturbed."""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server with the embedded profile."""
    with RunningServer() as server:
        yield server


@pytest.fixture(scope="module")
def narrow_server() -> Iterator[RunningServer]:
    """A server with room for one browser."""
    with RunningServer("[web]\nmax_calls = 1\n") as server:
        yield server


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    """The recording of a caller who says nothing."""
    return record(tmp_path / "silence.wav", 60.0)


def test_a_caller_asks_and_is_answered(server: RunningServer, tmp_path: Path) -> None:
    # Asked again, as people do, in case that a busy machine makes the agent mishear.
    question = "Do you have parking?"
    microphone = record(tmp_path / "question.wav", GREETING_S, question, 9.0, question, 60.0)
    with chromium(microphone) as browser:
        room = RoomPage(browser, server.web_url)
        room.join("Grete")
        room.wait_for_caption("agent", "how can i help")
        room.wait_for_caption("caller", "parking", timeout_s=35)
        answer = room.wait_for_caption("agent", r"car park .* reserve\.")
        assert answer.startswith("Yes, there is")
        speakers = [who for who, _ in room.captions()]
        assert speakers[0] == "agent"
        assert speakers[-2:] == ["caller", "agent"]
        expect(room.page.locator("#latency")).to_contain_text("replied in")
        judged = room.page.locator("#judgements li")
        expect(judged.last).to_contain_text(re.compile("respond.*parking", re.IGNORECASE))
        assert seconds_of_speech(room.recording()) > 3
        room.hang_up()
        room.wait_for_stage("over")
        assert room.floor() == "You hung up"
        assert room.errors == []
    server.wait_for_event("call_started", lambda event: "Grete <web:anonymous>" in event["text"])
    server.wait_for_event("call_ended", lambda event: event["text"] == "hung_up by caller")


def test_a_caller_cuts_in_and_only_what_was_heard_stays(
    server: RunningServer, tmp_path: Path
) -> None:
    microphone = record(
        tmp_path / "barge-in.wav",
        GREETING_S,
        "How much is breakfast?",
        3.2,
        "Sorry, excuse me, do you have parking?",
        60.0,
    )
    with chromium(microphone) as browser:
        room = RoomPage(browser, server.web_url)
        room.join()
        cut = room.page.locator(".line-of.agent.cut .words")
        cut.wait_for(timeout=30_000)
        room.page.wait_for_timeout(400)  # what had left the agent before it was cut off
        assert room.agent_level() < 0.01
        words = cut.inner_text()
        assert words.endswith("—")
        assert "tells you" not in words, "the end of the answer"
        assert "reception" not in words, "the end of what it says if it misheard"
        expect(room.page.locator(".line-of.agent")).to_have_count(3, timeout=20_000)
        room.page.keyboard.press("Escape")
        room.page.keyboard.press("Escape")
        room.wait_for_stage("over")
        assert room.errors == []


def test_a_muted_caller_is_not_heard(server: RunningServer, tmp_path: Path) -> None:
    microphone = record(tmp_path / "muted.wav", 3.0, "What time is breakfast?", 60.0)
    with chromium(microphone) as browser:
        room = RoomPage(browser, server.web_url)
        room.join()
        room.page.keyboard.press("m")
        mute = room.page.get_by_role("button", name="Unmute")
        expect(mute).to_have_attribute("aria-pressed", "true")
        room.wait_for_caption("agent", "how can i help")
        room.page.wait_for_timeout(4000)
        assert all(who == "agent" for who, _ in room.captions())
        mute.click()
        expect(room.page.get_by_role("button", name="Mute")).to_have_attribute(
            "aria-pressed", "false"
        )


def test_a_caller_who_closes_the_tab_has_hung_up(server: RunningServer, silence: Path) -> None:
    with chromium(silence) as browser:
        room = RoomPage(browser, server.web_url)
        room.join("Tab")
        room.wait_for_caption("agent", "hotel")
        room.page.close()
    started = server.wait_for_event("call_started", lambda event: "Tab <" in event["text"])
    ended = server.wait_for_event("call_ended", lambda event: event["call"] == started["call"])
    assert ended["text"] == "hung_up by caller"


def test_a_refused_microphone_is_explained(server: RunningServer, silence: Path) -> None:
    with chromium(silence, allowed=False) as browser:
        room = RoomPage(browser, server.web_url)
        room.start()
        assert "The microphone is blocked" in room.trouble()


def test_a_missing_microphone_is_explained(server: RunningServer) -> None:
    with chromium(None) as browser:
        room = RoomPage(browser, server.web_url)
        room.start()
        assert "No microphone found" in room.trouble()


@pytest.mark.parametrize("path", ["/", "/room/lobby", "/room/No Room"])
def test_pages_fit_a_small_telephone(server: RunningServer, path: str) -> None:
    with chromium(None) as browser:
        page = browser.new_page(viewport={"width": 360, "height": 640})
        page.goto(server.web_url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_front_page_leads_to_a_room(server: RunningServer) -> None:
    with chromium(None) as browser:
        page = browser.new_page()
        page.goto(server.web_url)
        expect(page.locator("#sip")).to_have_text(server.sip_uri)
        expect(page.locator("#roles")).to_contain_text("moonshine")
        page.get_by_label("Room").fill("The Blue Room")
        page.get_by_role("button", name="Join").click()
        expect(page).to_have_url(f"{server.web_url}/room/the-blue-room")
        expect(page.get_by_role("button", name="Start the call")).to_be_visible()


def test_a_full_server_says_so(narrow_server: RunningServer, silence: Path) -> None:
    with chromium(silence) as browser:
        first = RoomPage(browser, narrow_server.web_url)
        first.join()
        second = RoomPage(browser, narrow_server.web_url)
        second.start()
        assert "All lines are in use" in second.trouble()
        first.hang_up()
        second.page.get_by_role("button", name="Try again").click()
        second.wait_for_stage("live")
        second.hang_up()


def test_a_lost_connection_is_told_from_a_hang_up(
    narrow_server: RunningServer, silence: Path
) -> None:
    with chromium(silence) as browser:
        room = RoomPage(browser, narrow_server.web_url)
        room.join()
        os.kill(narrow_server.pid, signal.SIGSTOP)
        try:
            expect(room.page.locator("#advice")).to_contain_text("unsteady", timeout=15_000)
            room.wait_for_stage("over", timeout_s=30)
            assert room.floor() == "The connection was lost"
            assert room.page.get_by_role("button", name="Call again").is_visible()
        finally:
            os.kill(narrow_server.pid, signal.SIGCONT)


def test_a_server_that_leaves_says_goodbye(narrow_server: RunningServer, silence: Path) -> None:
    with chromium(silence) as browser:
        room = RoomPage(browser, narrow_server.web_url)
        room.join()
        room.wait_for_caption("agent", "how can i help")
        narrow_server.stop()
        room.wait_for_stage("over")
        assert room.floor() == "The agent had to go"
