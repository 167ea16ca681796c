"""SIP message by message: sipp plays the caller's half of each dialog, RTP is watched beside it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.end_to_end.callers.media import Media
from tests.end_to_end.callers.sipp import Sipp, play
from tests.end_to_end.callers.speech import say
from tests.end_to_end.callers.wire import SDP, Wire
from tests.end_to_end.conftest import STOP_S, ServerFactory, check_left_cleanly
from tests.end_to_end.listening import Ear, matches, question_answered
from tests.end_to_end.server import RunningServer

MEDIA_TIMEOUT_S = 3.0
NOWHERE = {"rtp_port": "9"}
"""The discard port: for calls whose audio nobody wants."""


@pytest.fixture(scope="module")
def server(start_server: ServerFactory) -> Iterator[RunningServer]:
    """An agent as it comes, for most of the scenarios."""
    with start_server() as server:
        yield server


@pytest.fixture(scope="module")
def small(start_server: ServerFactory) -> Iterator[RunningServer]:
    """An agent that takes two calls and hangs up after three seconds without audio."""
    with start_server(f"[sip]\nmax_calls = 2\nmedia_timeout_s = {MEDIA_TIMEOUT_S}") as server:
        yield server


def wait_until_idle(server: RunningServer, timeout_s: float = 5.0) -> None:
    """Wait until every call that began has also ended."""
    deadline = time.monotonic() + timeout_s
    while len(server.events("call_ended")) < len(server.events("call_started")):
        assert time.monotonic() < deadline, "a call did not end"
        time.sleep(0.05)


# A call's beginning and end


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_rings_is_answered_carries_audio_and_ends(
    server: RunningServer, transport: str
) -> None:
    """180, 200 with an SDP answer, RTP fifty times a second, and 200 to the caller's BYE."""
    with Media() as media:
        keys = {"rtp_port": str(media.port)}
        play("basic_call", server.sip_port, transport=transport, pause_ms=1000, keys=keys)
        assert 40 <= len(media.packets) <= 75
        last_s = media.packets[-1].at_s
        time.sleep(0.3)
        assert media.packets[-1].at_s - last_s < 0.2, "audio went on after the BYE"
    wait_until_idle(server)
    assert "hung_up by caller" in server.events("call_ended")[-1]["text"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_caller_who_gives_up_while_it_rings_gets_487(
    server: RunningServer, transport: str
) -> None:
    """CANCEL right after 180: 200 for the CANCEL, 487 for the INVITE, five times in a row."""
    before = len(server.events("call_ended"))
    play("cancel", server.sip_port, transport=transport, calls=5, keys=NOWHERE)
    wait_until_idle(server)
    endings = [event["text"] for event in server.events("call_ended")[before:]]
    assert len(endings) == 5
    assert all("cancelled by caller" in ending for ending in endings), endings


def test_a_cancel_that_crosses_the_answer_leaves_no_call_behind(server: RunningServer) -> None:
    """Whenever the CANCEL comes, the INVITE ends in 487, or in 200 and a call that BYE ends."""
    outcomes = set()
    with Wire(server.sip_port) as wire:
        for delay_s in (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.3):
            outcomes.add(cancel_after(wire, delay_s))
    assert outcomes <= {200, 487}
    assert 487 in outcomes
    wait_until_idle(server)
    play("basic_call", server.sip_port, keys=NOWHERE)


def cancel_after(wire: Wire, delay_s: float) -> int:
    """Send INVITE and, *delay_s* after the first 180, CANCEL; end what came of it."""
    dialog = wire.dialog()
    wire.send(dialog.request("INVITE", body=SDP))
    ringing = wire.receive(3)
    while ringing and ringing.status < 180:
        ringing = wire.receive(3)
    assert ringing is not None
    time.sleep(delay_s)
    wire.send(dialog.request("CANCEL"))
    answer = wire.final("INVITE") if ringing.status < 200 else ringing
    assert answer is not None, "neither 200 nor 487 came"
    dialog.to_tag = answer.tag
    if answer.status == 200:
        wire.send(dialog.request("ACK", branch="z9hG4bK-ack-" + dialog.call_id))
        wire.send(dialog.request("BYE", cseq=2))
        ended = wire.final("BYE")
        assert ended is not None
        assert ended.status == 200
    else:
        wire.send(dialog.request("ACK"))
    return answer.status


def test_a_call_is_not_ended_by_those_before_it(server: RunningServer) -> None:
    """After a burst of short calls, the next one lives until its own caller ends it."""
    with Wire(server.sip_port) as wire:
        for _ in range(8):
            cancel_after(wire, 0.0)
    play("basic_call", server.sip_port, pause_ms=1500, keys=NOWHERE)


def test_a_caller_may_hang_up_at_once(server: RunningServer) -> None:
    """BYE straight after the ACK, while the conversation is still being set up."""
    play("basic_call", server.sip_port, calls=5, pause_ms=0, keys=NOWHERE)
    wait_until_idle(server)


def test_both_sides_may_hang_up_at_once(small: RunningServer) -> None:
    """The caller's BYE crosses the agent's: both are answered."""
    play("crossing_byes", small.sip_port, keys=NOWHERE)
    wait_until_idle(small)


# What is offered


def test_an_offer_without_a_codec_in_common_gets_488(server: RunningServer) -> None:
    """G.729 alone is refused before it rings for anybody."""
    before = len(server.events("call_started"))
    play("no_common_codec", server.sip_port, keys=NOWHERE)
    assert len(server.events("call_started")) == before


def test_an_invite_without_an_offer_is_answered_with_one(server: RunningServer) -> None:
    """The agent offers in its 200, and audio flows once the ACK has brought the answer."""
    with Media() as media:
        keys = {"rtp_port": str(media.port)}
        with Sipp("late_offer", server.sip_port, pause_ms=1500, keys=keys) as caller:
            caller.finish()
        assert media.heard().speech(), "the greeting was not heard"


# Within a call


def test_a_second_invite_keeps_the_call(server: RunningServer) -> None:
    """A re-INVITE is answered with SDP, and audio goes on."""
    with Media() as media:
        keys = {"rtp_port": str(media.port)}
        play("reinvite", server.sip_port, pause_ms=600, keys=keys)
        assert len(media.packets) > 45
        assert media.longest_gap_s() < 0.5


def test_update_and_options_within_a_call_keep_it(server: RunningServer) -> None:
    """UPDATE is answered with 200, with SDP where it brought some; OPTIONS does no harm."""
    play("update", server.sip_port, keys=NOWHERE)


def test_options_outside_a_call_tell_that_the_agent_is_there(server: RunningServer) -> None:
    """A monitor's OPTIONS get 200 and make no call."""
    before = len(server.events("call_started"))
    play("options", server.sip_port, calls=3)
    play("options", server.sip_port, transport="tcp")
    assert len(server.events("call_started")) == before


@pytest.mark.parametrize(
    ("address", "direction"),
    [("127.0.0.1", "a=sendonly"), ("127.0.0.1", "a=inactive"), ("0.0.0.0", "a=sendrecv")],
    ids=["sendonly", "inactive", "0.0.0.0"],
)
def test_a_held_caller_hears_nothing(server: RunningServer, address: str, direction: str) -> None:
    """On hold in mid-greeting the agent is silent, however the caller holds; then audio is back."""
    with Media() as media:
        with Sipp(
            "hold", server.sip_port, pause_ms=1000, keys=hold_keys(media, address, direction)
        ) as caller:
            held_s, resumed_s = wait_for_hold(server)
            caller.finish()
        assert not media.heard(held_s, resumed_s).speech()
        assert len([packet for packet in media.packets if packet.at_s > resumed_s]) > 30


def test_a_caller_off_hold_is_heard_and_answered(server: RunningServer, ear: Ear) -> None:
    """After the hold the conversation goes on: a question is understood and answered."""
    with Media() as media:
        keys = hold_keys(media, "127.0.0.1", "a=sendonly")
        with Sipp("hold", server.sip_port, pause_ms=9000, keys=keys, timeout_s=25) as caller:
            wait_for_hold(server)
            time.sleep(0.5)
            asked_s = time.monotonic()
            media.say(say("What time is breakfast?"))
            media.wait_for_silence(asked_s, quiet_s=0.6, timeout_s=7)
            answer = ear.words(media.heard(asked_s))
            caller.finish()
    assert question_answered(answer) == "What time is breakfast?", answer


def hold_keys(media: Media, address: str, direction: str) -> dict[str, str]:
    """What the scenario ``hold`` wants to know."""
    return {
        "rtp_port": str(media.port),
        "hold_address": address,
        "hold_direction": direction,
    }


def wait_for_hold(server: RunningServer) -> tuple[float, float]:
    """Wait through the hold; returns its beginning and end, less what was on its way."""
    server.wait_for_output(lambda line: "active -> held" in line)
    held_s = time.monotonic() + 0.3
    server.wait_for_output(lambda line: "held -> active" in line)
    resumed_s = time.monotonic() - 0.3
    assert resumed_s - held_s > 1.0
    return held_s, resumed_s


def test_every_key_arrives_once(server: RunningServer) -> None:
    """RFC 4733 events: repeated end packets make one key, lost ones too, the same key twice two."""
    before = len(server.events("digit"))
    with Media() as media:
        keys = {"rtp_port": str(media.port)}
        with Sipp("basic_call", server.sip_port, pause_ms=3000, keys=keys) as caller:
            media.wait_for_packets(5)
            for key in "15#00*":
                media.press(key)
                time.sleep(0.08)
            media.press("7", end_packets=0)
            time.sleep(0.08)
            media.press("9")
            caller.finish()
    wait_until_idle(server)
    assert "".join(event["text"] for event in server.events("digit")[before:]) == "15#00*79"


# Limits


def test_one_call_too_many_gets_486_and_the_others_go_on(small: RunningServer) -> None:
    """With the line full the next caller is told so; the calls that are up do not notice."""
    said = next(line for line in small.output if "calls at once" in line)
    most = int(re.search(r"(\d+) calls at once", said)[1])  # type: ignore[index]
    assert most == 2
    lines = [Media() for _ in range(most)]
    with lines[0], lines[1], ThreadPoolExecutor() as pool:
        calls: list[Future[str]] = [
            pool.submit(
                play,
                "basic_call",
                small.sip_port,
                pause_ms=3500,
                keys={"rtp_port": str(media.port)},
            )
            for media in lines
        ]
        for media in lines:
            media.wait_for_packets(10)
        play("refused_486", small.sip_port, keys=NOWHERE)
        for call in calls:
            call.result()
        for media in lines:
            assert media.longest_gap_s() < 0.5, "the refused call was heard in a live one"
    wait_until_idle(small)
    play("basic_call", small.sip_port, keys=NOWHERE)


@pytest.mark.parametrize("spoke_first", [True, False], ids=["after audio", "without any audio"])
def test_a_call_whose_audio_stops_is_ended(small: RunningServer, spoke_first: bool) -> None:
    """No RTP for the configured three seconds: the agent sends BYE, at most two seconds late."""
    with Media() as media:
        keys = {"rtp_port": str(media.port)}
        with Sipp("agent_hangs_up", small.sip_port, keys=keys) as caller:
            media.wait_for_packets(1)
            if spoke_first:
                time.sleep(MEDIA_TIMEOUT_S + 1.5)
            media.fall_silent()
            stopped_s = time.monotonic()
            caller.finish()
            took_s = time.monotonic() - stopped_s
    assert MEDIA_TIMEOUT_S - 0.3 <= took_s <= MEDIA_TIMEOUT_S + 2.0
    wait_until_idle(small)
    assert "media_timeout" in small.events("call_ended")[-1]["text"]


# Leaving


def test_sigterm_says_goodbye_and_refuses_new_callers(
    start_server: ServerFactory, ear: Ear
) -> None:
    """A live caller hears the goodbye and gets BYE; who calls meanwhile gets 503."""
    with start_server() as server, Media() as media, ThreadPoolExecutor() as pool:
        keys = {"rtp_port": str(media.port)}
        with Sipp("agent_hangs_up", server.sip_port, keys=keys) as caller:
            media.wait_for_silence(time.monotonic(), quiet_s=0.7, timeout_s=8)
            told_s = time.monotonic()
            stopping = pool.submit(server.stop)
            time.sleep(0.3)
            play("refused_503", server.sip_port, keys=NOWHERE)
            caller.finish()
            took_s = stopping.result()
        goodbye = ear.words(media.heard(told_s))
        assert matches(goodbye, ("thank", "calling", "goodbye|good bye|bye")), goodbye
        assert took_s <= STOP_S
        check_left_cleanly(server)


def test_sigterm_while_calls_are_coming_up(start_server: ServerFactory) -> None:
    """One call rings and another was answered but never confirmed: both are let go of cleanly."""
    with start_server() as server, Wire(server.sip_port) as wire:
        unconfirmed = wire.dialog()
        wire.send(unconfirmed.request("INVITE", body=SDP))
        answer = wire.final("INVITE")
        assert answer is not None
        assert answer.status == 200

        ringing = wire.dialog()
        wire.send(ringing.request("INVITE", body=SDP))
        while True:
            reply = wire.receive(3)
            assert reply is not None
            if reply.status == 180 and reply.header("Call-ID") == ringing.call_id:
                break
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        finals = []
        while reply := wire.final("INVITE", 2):
            if reply.header("Call-ID") == ringing.call_id:
                finals.append(reply.status)
        stopping.join()
        check_left_cleanly(server)
        assert finals, "the ringing caller was never told"
        assert set(finals) <= {200, 480, 503, 603}
