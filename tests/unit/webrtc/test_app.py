"""The web room's HTTP: what it serves, what it takes, and what it refuses in words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telephony.call import BUSY, Call, CallState
from telephony.endings import Cause, Ending, Party
from telephony.webrtc.app import MAX_BODY_BYTES, MAX_CANDIDATES, WebRoom
from tests.unit.webrtc.peer import Browser

OFFER = "/api/rooms/lobby/offer"
JSON = {"content-type": "application/json"}
HUNG_UP = Ending(Party.AGENT, Cause.HUNG_UP)


class Front:
    """A room, the calls it handed over, and a client of its HTTP."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.room = WebRoom(
            on_call=self.take,
            max_calls=2,
            title="the hotel",
            describe=lambda: {"sip": "sip:hotel@192.0.2.1", "hearing": "ears"},
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.room.app, raise_app_exceptions=False),
            base_url="http://room",
        )

    def take(self, call: Call) -> None:
        self.calls.append(call)

    async def call(self, browser: Browser, path: str = OFFER, **extra: Any) -> httpx.Response:
        body = {"type": "offer", "sdp": await browser.offer(), **extra}
        return await self.http.post(path, json=body)


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """A room that is closed afterwards."""
    front = Front()
    yield front
    await front.room.close()
    await front.http.aclose()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser that is closed afterwards."""
    browser = Browser()
    yield browser
    await browser.close()


def refused(response: httpx.Response) -> tuple[int, str]:
    """The status and code of a refusal, which must have a sentence too."""
    body = response.json()
    assert set(body) == {"error", "message"}
    assert body["message"].endswith(".")
    return response.status_code, body["error"]


async def test_an_offer_is_answered_and_the_agent_gets_the_call(
    front: Front, browser: Browser
) -> None:
    response = await front.call(browser, name="  Grete\n Müller ", participant="p-1")
    answer = response.json()
    assert response.status_code == 200
    assert answer["type"] == "answer"
    [call] = front.calls
    assert call.state is CallState.OFFERED
    assert call.info.call_id == answer["pc_id"]
    assert str(call.info.caller) == "Grete Müller <web:p-1>"
    assert front.room.live_calls == (call,)
    await browser.accept(answer["sdp"])
    await call.answer()
    assert front.calls[0].state is CallState.ACTIVE


async def test_an_ended_call_makes_room(front: Front, browser: Browser) -> None:
    await front.call(browser)
    await front.calls[0].hang_up(HUNG_UP)
    await front.http.get("/healthz")
    assert front.room.live_calls == ()


async def test_a_full_room_says_so(front: Front) -> None:
    browsers = [Browser() for _ in range(3)]
    responses = [await front.call(browser) for browser in browsers]
    assert [response.status_code for response in responses[:2]] == [200, 200]
    assert refused(responses[2]) == (503, "full")
    assert len(front.calls) == 2
    for browser in browsers:
        await browser.close()


async def test_a_closing_room_takes_no_calls_and_ends_those_it_has(
    front: Front, browser: Browser
) -> None:
    await front.call(browser)
    await front.room.close()
    assert front.calls[0].ending is not None
    assert front.calls[0].ending.cause is Cause.SHUTDOWN
    assert front.room.live_calls == ()
    assert refused(await front.call(browser)) == (503, "closing")
    assert (await front.http.get("/healthz")).json() == {"status": "closing", "calls": 0}


async def test_an_agent_that_fails_to_take_the_call_is_no_500(browser: Browser) -> None:
    def fall_over(call: Call) -> None:
        raise RuntimeError("no model")

    front = Front()
    front.room._on_call = fall_over
    assert refused(await front.call(browser)) == (503, "unavailable")
    assert front.room.live_calls == ()


async def test_an_agent_that_is_busy_at_once_is_a_full_room(browser: Browser) -> None:
    front = Front()
    front.room._on_call = lambda call: call.end(BUSY)
    assert refused(await front.call(browser)) == (503, "full")


SDP = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "not_json")),
        (b"{", (400, "not_json")),
        (b"\xff\xfe", (400, "not_json")),
        (b"[" * 100_000, (400, "not_json")),
        (b"[]", (422, "not_json")),
        (b"null", (422, "not_json")),
        (b"{}", (422, "bad_offer")),
        (b'{"type": "offer"}', (422, "bad_offer")),
        (b'{"type": "offer", "sdp": 5}', (422, "bad_offer")),
        (b'{"type": "offer", "sdp": ""}', (422, "bad_offer")),
        (b'{"type": "answer", "sdp": "v=0"}', (422, "bad_offer")),
        (b'{"type": ["offer"], "sdp": "v=0"}', (422, "bad_offer")),
        (b'{"type": "offer", "sdp": "v=0"}', (400, "no_audio")),
        (b'{"type": "offer", "sdp": "\\u0000\\ud800"}', (400, "no_audio")),
        (json.dumps({"type": "offer", "sdp": SDP + "m=audio"}).encode(), (400, "bad_offer")),
        (b'{"type": "offer", "sdp": "v=0", "name": 5}', (422, "bad_name")),
        (b'{"type": "offer", "sdp": "v=0", "name": "' + b"x" * 81 + b'"}', (422, "bad_name")),
        (b'{"type": "offer", "sdp": "v=0", "participant": "A b"}', (422, "bad_name")),
        (b'{"type": "offer", "sdp": "v=0", "pc_id": "old"}', (409, "renegotiation")),
        (b'"' + b"x" * MAX_BODY_BYTES + b'"', (413, "too_large")),
    ],
    ids=lambda value: repr(value)[:48],
)
async def test_refuses_malformed_offers(
    front: Front, body: bytes, expected: tuple[int, str]
) -> None:
    assert refused(await front.http.post(OFFER, content=body, headers=JSON)) == expected
    assert front.calls == []


async def test_takes_json_only_so_that_no_other_page_can_call(front: Front) -> None:
    response = await front.http.post(OFFER, content=b"{}", headers={"content-type": "text/plain"})
    assert refused(response) == (415, "not_json")
    assert "access-control-allow-origin" not in (await front.http.options(OFFER)).headers


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("offer") | json_values,
            "sdp": st.text() | json_values,
            "name": json_values,
            "participant": json_values,
            "pc_id": json_values,
            "candidates": json_values
            | st.lists(st.fixed_dictionaries({}, optional={"candidate": json_values}), max_size=3),
        },
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_no_json_brings_it_down(body: dict[str, Any]) -> None:
    front = Front()
    for method in ("POST", "PATCH"):
        response = await front.http.request(method, OFFER, content=json.dumps(body), headers=JSON)
        assert 400 <= refused(response)[0] < 500


@given(cut=st.integers(0, 2000), junk=st.text(max_size=20))
@settings(max_examples=25, deadline=None)
async def test_no_damaged_offer_brings_it_down(cut: int, junk: str) -> None:
    front, browser = Front(), Browser()
    sdp = await browser.offer()
    at = cut % len(sdp)
    body = {"type": "offer", "sdp": sdp[:at] + junk + sdp[at + len(junk) :]}
    response = await front.http.post(OFFER, content=json.dumps(body), headers=JSON)
    assert response.status_code < 500
    await front.room.close()
    await browser.close()


@pytest.mark.parametrize("name", ["Lobby", "a_b", "a b", "x" * 65, "ä", "%00"])
async def test_rooms_have_plain_names(front: Front, browser: Browser, name: str) -> None:
    page = await front.http.get(f"/room/{name}")
    assert page.status_code == 404
    offer = await front.http.post(f"/api/rooms/{name}/offer", json={})
    assert offer.status_code == 404
    assert offer.json()["message"]


async def test_candidates_find_their_call(front: Front, browser: Browser) -> None:
    call_id = (await front.call(browser)).json()["pc_id"]
    candidate = {
        "candidate": "candidate:1 1 udp 2122260223 192.0.2.1 9 typ host",
        "sdp_mid": "0",
        "sdp_mline_index": 0,
    }
    end = {"candidate": "", "sdp_mid": "0", "sdp_mline_index": 0}
    body = {"pc_id": call_id, "candidates": [candidate, end]}
    assert (await front.http.patch(OFFER, json=body)).json() == {"status": "success"}
    elsewhere = await front.http.patch("/api/rooms/attic/offer", json=body)
    assert refused(elsewhere) == (404, "no_such_call")


@pytest.mark.parametrize(
    "candidates",
    [None, {}, [5], [{}], [{"candidate": "rubbish", "sdp_mline_index": 0}], [{"candidate": 5}]],
)
async def test_refuses_what_are_no_candidates(
    front: Front, browser: Browser, candidates: Any
) -> None:
    call_id = (await front.call(browser)).json()["pc_id"]
    response = await front.http.patch(OFFER, json={"pc_id": call_id, "candidates": candidates})
    assert refused(response) == (422, "bad_candidates")


async def test_refuses_a_flood_of_candidates(front: Front, browser: Browser) -> None:
    call_id = (await front.call(browser)).json()["pc_id"]
    body = {"pc_id": call_id, "candidates": [{}] * (MAX_CANDIDATES + 1)}
    assert refused(await front.http.patch(OFFER, json=body)) == (422, "bad_candidates")


@pytest.mark.parametrize("path", ["/", "/room/lobby", "/static/room.js", "/static/type.css"])
async def test_serves_the_page_without_trusting_anything_else(front: Front, path: str) -> None:
    response = await front.http.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "microphone=(self)" in response.headers["permissions-policy"]
    assert "<script>" not in response.text
    assert "style=" not in response.text


async def test_tells_who_answers_and_where_to_call(front: Front) -> None:
    assert (await front.http.get("/api/info")).json() == {
        "title": "the hotel",
        "sip": "sip:hotel@192.0.2.1",
        "roles": {"hearing": "ears"},
        "ice_servers": [],
        "calls": 0,
        "max_calls": 2,
    }


async def test_is_healthy(front: Front) -> None:
    assert (await front.http.get("/healthz")).json() == {"status": "ok", "calls": 0}


@pytest.mark.parametrize("path", ["/nowhere", "/static/../app.py", "/static/nothing.js", "/docs"])
async def test_says_in_words_that_there_is_nothing(front: Front, path: str) -> None:
    assert refused(await front.http.get(path)) == (404, "not_found")


async def test_says_in_words_that_a_method_is_wrong(front: Front) -> None:
    assert refused(await front.http.delete(OFFER)) == (405, "refused")


async def test_a_fault_of_ours_shows_no_trace(front: Front) -> None:
    def fail() -> dict[str, str]:
        raise RuntimeError("a secret")

    front.room._describe = fail
    response = await front.http.get("/api/info")
    assert refused(response) == (500, "failed")
    assert "secret" not in response.text
