"""A web call against a real peer: audio and messages both ways, and every kind of end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aioice.ice
import pytest

import telephony.webrtc.call
from telephony.audio import FRAME_BYTES, SILENCE
from telephony.call import BUSY, Call, CallEvent, CallState, Medium, MessageReceived
from telephony.endings import Cause, Ending, Party
from telephony.intake import IntakeClosed
from telephony.webrtc.call import (
    MESSAGES_KEPT,
    CandidateError,
    OfferError,
    WebCall,
)
from telephony.webrtc.media import Pace
from tests.unit.webrtc.peer import CALLER_TONE_HZ, Browser, Tone, loudness, pitch_hz, sine

HUNG_UP = Ending(Party.AGENT, Cause.HUNG_UP)
Connect = Callable[..., Awaitable[tuple[Browser, WebCall]]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make browsers that call; they, their calls and all tasks are gone afterwards."""
    before = asyncio.all_tasks()
    pairs: list[tuple[Browser, WebCall]] = []

    async def make(voice: Tone | None = None, **who: str) -> tuple[Browser, WebCall]:
        browser = Browser(voice)
        call = await browser.call(**who)
        pairs.append((browser, call))
        return browser, call

    yield make
    for browser, call in pairs:
        await call.hang_up(HUNG_UP)
        await browser.close()
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    if left:  # aiortc's own tasks end a step or two later
        _, stuck = await asyncio.wait(left, timeout=5)
        assert not stuck


async def hear_pitch(read: Callable[[], Awaitable[bytes]], hz: int) -> bool:
    """Whether 200 ms around *hz* come within three seconds."""
    async with asyncio.timeout(3):
        while True:
            stretch = b"".join([await read() for _ in range(10)])
            if loudness(stretch) > 1000 and abs(pitch_hz(stretch) - hz) < 15:
                return True


async def test_knows_who_called_and_where(connect: Connect) -> None:
    _, call = await connect(participant="p-1", name="Grete")
    assert call.state is CallState.OFFERED
    assert call.info.medium is Medium.WEB
    assert call.info.dialled == "lobby"
    assert call.info.caller.uri == "web:p-1"
    assert str(call.info.caller) == "Grete <web:p-1>"


async def test_answer_waits_for_the_connection(connect: Connect) -> None:
    browser, call = await connect()
    await call.answer()
    assert call.state is CallState.ACTIVE
    assert browser.pc.connectionState in ("connecting", "connected")


async def test_the_caller_is_heard_in_exact_frames(connect: Connect) -> None:
    _, call = await connect()
    await call.answer()
    assert len(await call.read()) == FRAME_BYTES
    assert await hear_pitch(call.read, CALLER_TONE_HZ)


async def test_the_agent_is_heard(connect: Connect) -> None:
    browser, call = await connect()
    await call.answer()
    playing = asyncio.create_task(call.play(sine(700, 3000)))
    assert await hear_pitch(browser.heard.get, 700)
    playing.cancel()


async def test_playing_takes_real_time(connect: Connect) -> None:
    _, call = await connect()
    await call.answer()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await call.play(sine(700, 600))
    assert 0.45 < loop.time() - began < 0.8


async def test_the_browser_hears_silence_while_the_agent_says_nothing(connect: Connect) -> None:
    browser, call = await connect()
    await call.answer()
    async with asyncio.timeout(3):
        stretch = b"".join([await browser.heard.get() for _ in range(25)])
    assert loudness(stretch) < 10


async def test_a_browser_that_sends_nothing_is_heard_as_silence_in_real_time(
    connect: Connect,
) -> None:
    _, call = await connect(Tone(frames=25))
    await call.answer()
    assert await hear_pitch(call.read, CALLER_TONE_HZ)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(3):
        while await call.read() != SILENCE:
            pass
        began = loop.time()
        for _ in range(25):
            assert await call.read() == SILENCE
    assert 0.4 < loop.time() - began < 0.8


async def test_messages_go_both_ways(connect: Connect) -> None:
    browser, call = await connect()
    inbox = Inbox(call)
    await call.answer()
    call.send_message({"label": "rtvi-ai", "type": "bot-ready"})
    async with asyncio.timeout(3):
        assert (await browser.messages.get())["type"] == "bot-ready"
    await browser.send({"type": "note", "number": 7})
    await inbox.wait_for(7)


async def test_messages_before_the_first_listener_are_not_lost(connect: Connect) -> None:
    browser, call = await connect()
    first = Inbox(call)
    for number in range(MESSAGES_KEPT + 8):
        await browser.send({"type": "note", "number": number})
    await call.answer()
    await first.wait_for(MESSAGES_KEPT + 7)
    assert first.numbers == list(range(MESSAGES_KEPT + 8))
    later = Inbox(call)
    assert later.numbers == list(range(8, MESSAGES_KEPT + 8)), "the latest, in order, bounded"


@pytest.mark.parametrize("garbage", ["[1, 2]", '"words"', "7", "null", "{}", '{"type": 5}'])
async def test_odd_messages_do_no_harm(connect: Connect, garbage: str) -> None:
    browser, call = await connect()
    await call.answer()
    await browser.open.wait()
    browser._channel.send("not JSON {")
    browser._channel.send(garbage)
    await browser.send({"type": "note", "number": 1})
    await Inbox(call).wait_for(1)
    assert call.state is CallState.ACTIVE


async def test_a_browser_that_closes_has_hung_up(connect: Connect) -> None:
    browser, call = await connect()
    await call.answer()
    await browser.close()
    async with asyncio.timeout(3):
        ending = await call.wait_ended()
        await call.wait_released()
    assert (ending.party, ending.cause) == (Party.CALLER, Cause.HUNG_UP)
    with pytest.raises(IntakeClosed):
        while True:
            await call.read()
    assert not await call.play(SILENCE)


async def test_a_browser_that_closes_before_the_answer_has_cancelled(connect: Connect) -> None:
    browser, call = await connect()
    async with asyncio.timeout(3):
        await browser.open.wait()
        await browser.close()
        ending = await call.wait_ended()
        await call.answer()
    assert (ending.party, ending.cause) == (Party.CALLER, Cause.CANCELLED)


async def test_a_browser_that_vanishes_is_a_lost_connection(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.05)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 2)
    browser, call = await connect()
    await call.answer()
    browser.vanish()
    async with asyncio.timeout(10):
        ending = await call.wait_ended()
        await call.wait_released()
    assert (ending.party, ending.cause) == (Party.NETWORK, Cause.CONNECTION_LOST)


async def test_a_browser_that_never_connects_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telephony.webrtc.call, "CONNECT_TIMEOUT_S", 0.2)
    browser = Browser()
    call = await WebCall.offered(room="lobby", sdp=await browser.offer())
    await call.answer()
    assert call.ending is not None
    assert (call.ending.party, call.ending.cause) == (Party.NETWORK, Cause.CONNECTION_LOST)
    await call.wait_released()
    await browser.close()


async def test_the_browser_is_told_why_the_agent_hangs_up(connect: Connect) -> None:
    browser, call = await connect()
    await call.answer()
    await browser.open.wait()
    await call.hang_up(HUNG_UP)
    await call.hang_up(Ending(Party.CALLER, Cause.HUNG_UP))
    assert call.ending is HUNG_UP, "the first reason stays"
    async with asyncio.timeout(3):
        goodbye = await browser.messages.get()
        await browser.gone.wait()
    assert goodbye["type"] == "server-message"
    assert goodbye["data"] == {"type": "call_ended", "party": "agent", "cause": "hung_up"}


async def test_a_declined_call_never_gets_active(connect: Connect) -> None:
    _, call = await connect()
    await call.decline(BUSY)
    await call.answer()
    assert call.state is CallState.ENDED
    assert call.ending is BUSY


@pytest.mark.parametrize(
    ("sdp", "code"),
    [
        ("", "no_audio"),
        ("hello", "no_audio"),
        ("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio", "bad_offer"),
        ("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n", "bad_offer"),
        ("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n", "no_audio"),
    ],
)
async def test_refuses_what_is_no_offer_of_audio(sdp: str, code: str) -> None:
    with pytest.raises(OfferError) as refusal:
        await WebCall.offered(room="lobby", sdp=sdp)
    assert refusal.value.code == code


@pytest.mark.parametrize("direction", ["sendonly", "recvonly", "inactive"])
async def test_refuses_audio_that_goes_one_way(direction: str) -> None:
    browser = Browser()
    sdp = (await browser.offer()).replace("a=sendrecv", f"a={direction}")
    with pytest.raises(OfferError, match="must send audio and receive it"):
        await WebCall.offered(room="lobby", sdp=sdp)
    await browser.close()


async def test_takes_candidates_and_refuses_what_is_none(connect: Connect) -> None:
    _, call = await connect()
    await call.add_candidate(
        "candidate:1 1 udp 2122260223 192.0.2.1 9 typ host generation 0", "0", 0
    )
    await call.add_candidate("", "0", 0)
    with pytest.raises(CandidateError):
        await call.add_candidate("candidate:nonsense", "0", 0)


def test_after_a_stall_the_voice_goes_on_without_a_burst() -> None:
    pace = Pace()
    waits_s = [pace.wait_s(now_s) for now_s in (100.0, 100.0, 100.03, 101.5, 101.5)]
    assert waits_s == pytest.approx([0, 0.02, 0.01, 0, 0.02])


class Inbox:
    """The numbered notes that a subscriber of a call gets."""

    def __init__(self, call: Call) -> None:
        self.numbers: list[int] = []
        self._waiting: tuple[int, asyncio.Event] | None = None
        call.subscribe(self._note)

    async def wait_for(self, number: int) -> None:
        """Return when note *number* is here."""
        arrived = asyncio.Event()
        self._waiting = (number, arrived)
        if number in self.numbers:
            return
        async with asyncio.timeout(3):
            await arrived.wait()

    def _note(self, event: CallEvent) -> None:
        if isinstance(event, MessageReceived) and "number" in event.message:
            self.numbers.append(event.message["number"])
            if self._waiting and self._waiting[0] == self.numbers[-1]:
                self._waiting[1].set()
