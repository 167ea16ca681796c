"""The web room: the page, and the HTTP by which a browser's offer becomes a call.

A browser posts its SDP offer to ``/api/rooms/{name}/offer`` and gets the answer
back; from then on the call lives on its own connection. Every refusal is JSON,
``{"error": code, "message": sentence}``: the code for programs, the sentence
for people.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from loguru import logger
from starlette.exceptions import HTTPException

from telephony.call import SHUTDOWN, Call, CallInfo, Medium
from telephony.endings import Cause, Ending, Party
from telephony.webrtc.call import CandidateError, OfferError, WebCall, caller_of

STATIC: Final = Path(__file__).parent / "static"
MAX_BODY_BYTES: Final = 256 * 1024
BODY_TIMEOUT_S: Final = 10.0
MAX_CANDIDATES: Final = 64
MAX_NAME_CHARACTERS: Final = 80
SIP_ROLE: Final = "sip"

_SLUG: Final = re.compile(r"[a-z0-9-]{1,64}")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # ask again, which costs a 304: page and server change together
}
_SENTENCES: Final = {404: "There is nothing here.", 405: "That kind of request is not taken here."}


class Refusal(Exception):
    """What was asked is not done; becomes the JSON answer to the browser."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


TurnsAway = Callable[[CallInfo], Awaitable[Ending | None]]


class WebRoom:
    """Where browsers call: serves the page and holds the calls that live.

    Args:
        on_call: Gets each call while it is ``OFFERED``, on the event loop; it must
            not block, and has ``call.answer()`` or ``call.decline()`` awaited later.
        max_calls: Further offers are refused with 503 ``full``.
        title: Who answers here, for people.
        describe: What serves each role ("hearing": "Moonshine"), for the page;
            under ``"sip"`` the address that telephones call.
        ice_servers: STUN and TURN URLs, for both ends.
        turns_away: Why a call is not let in, before anything is done for it; None lets it in.
    """

    def __init__(
        self,
        *,
        on_call: Callable[[Call], None],
        max_calls: int,
        title: str,
        describe: Callable[[], Mapping[str, str]],
        ice_servers: Sequence[str] = (),
        turns_away: TurnsAway | None = None,
    ) -> None:
        self._on_call = on_call
        self._turns_away = turns_away
        self._max_calls = max_calls
        self._title = title
        self._describe = describe
        self._ice_servers = tuple(ice_servers)
        self._calls: dict[WebCall, asyncio.Task[None]] = {}
        self._arriving = 0
        self._closing = False
        self.app = self._build_app()

    @property
    def live_calls(self) -> tuple[WebCall, ...]:
        """The calls that have not ended, or are not all closed yet."""
        return tuple(self._calls)

    def drain(self) -> None:
        """Take no more calls; those that live go on."""
        self._closing = True

    async def close(self, ending: Ending = SHUTDOWN) -> None:
        """Take no more calls and end those that live; returns when all are closed."""
        self.drain()
        await asyncio.gather(*(call.hang_up(ending) for call in self.live_calls))
        await asyncio.gather(*self._calls.values())

    def _build_app(self) -> FastAPI:
        app = FastAPI(title=self._title, docs_url=None, redoc_url=None, openapi_url=None)
        app.middleware("http")(_add_headers)
        app.exception_handler(Refusal)(_refuse)
        app.exception_handler(HTTPException)(_refuse_politely)
        app.exception_handler(Exception)(_own_up)
        for path, methods, endpoint in (
            ("/", ["GET", "HEAD"], self._front_page),
            ("/room/{name}", ["GET", "HEAD"], self._room_page),
            ("/api/info", ["GET"], self._info),
            ("/api/rooms/{name}/offer", ["POST"], self._take_offer),
            ("/api/rooms/{name}/offer", ["PATCH"], self._take_candidates),
            ("/healthz", ["GET"], self._health),
        ):
            app.add_api_route(path, endpoint, methods=methods, response_model=None)
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
        return app

    async def _front_page(self) -> Response:
        return FileResponse(STATIC / "index.html")

    async def _room_page(self, name: str) -> Response:
        if not _SLUG.fullmatch(name):
            return FileResponse(STATIC / "no-room.html", status_code=404)
        return FileResponse(STATIC / "room.html")

    async def _info(self) -> Response:
        roles = dict(self._describe())
        who = {"title": self._title, "sip": roles.pop(SIP_ROLE, ""), "roles": roles}
        load = {"calls": len(self._calls), "max_calls": self._max_calls}
        return JSONResponse({**who, **load, "ice_servers": list(self._ice_servers)})

    async def _health(self) -> Response:
        status = "closing" if self._closing else "ok"
        return JSONResponse({"status": status, "calls": len(self._calls)})

    async def _take_offer(self, name: str, request: Request) -> Response:
        _require_room(name)
        offer = _Offer(await _read_json(request))
        self._require_space()
        await self._require_welcome(name, offer)
        self._arriving += 1
        try:
            call = await WebCall.offered(
                room=name,
                sdp=offer.sdp,
                participant=offer.participant,
                name=offer.name,
                ice_servers=self._ice_servers,
            )
        except OfferError as error:
            raise Refusal(400, error.code, str(error)) from error
        finally:
            self._arriving -= 1
        self._calls[call] = asyncio.create_task(self._forget_when_over(call))
        await self._present(call)
        return JSONResponse({"sdp": call.sdp_answer, "type": "answer", "pc_id": call.info.call_id})

    async def _present(self, call: WebCall) -> None:
        """Hand *call* to the agent, which may have no use for it."""
        if self._closing:  # while the offer was being answered
            await call.decline(SHUTDOWN)
            raise _going()
        try:
            self._on_call(call)
        except Exception as error:  # the agent's fault, not the browser's
            logger.exception(f"{call.info.call_id}: nobody could take the call")
            await call.decline(Ending(Party.AGENT, Cause.FAILED, repr(error)))
        if ending := call.ending:
            raise _refused(ending)

    async def _take_candidates(self, name: str, request: Request) -> Response:
        _require_room(name)
        body = await _read_json(request)
        call = self._find(name, body.get("pc_id"))
        candidates = body.get("candidates")
        if not isinstance(candidates, list) or len(candidates) > MAX_CANDIDATES:
            raise Refusal(422, "bad_candidates", f"Send at most {MAX_CANDIDATES} candidates.")
        try:
            for candidate in candidates:
                await call.add_candidate(
                    candidate["candidate"], candidate.get("sdp_mid"), candidate["sdp_mline_index"]
                )
        except (CandidateError, KeyError, TypeError, AttributeError) as error:
            raise Refusal(422, "bad_candidates", "A candidate could not be read.") from error
        return JSONResponse({"status": "success"})

    def _find(self, room: str, call_id: Any) -> WebCall:
        for call in self._calls:
            if call.info.call_id == call_id and call.info.dialled == room:
                return call
        raise Refusal(404, "no_such_call", "That call has ended or never was.")

    def _require_space(self) -> None:
        if self._closing:
            raise _going()
        if len(self._calls) + self._arriving >= self._max_calls:
            raise _full()

    async def _require_welcome(self, room: str, offer: _Offer) -> None:
        if self._turns_away is None:
            return
        info = CallInfo("", Medium.WEB, caller_of(offer.participant, offer.name), dialled=room)
        if ending := await self._turns_away(info):
            logger.info(f"{info.caller} is turned away from room {room}: {ending}")
            raise Refusal(403, "blocked", "The agent takes no calls from you at present.")

    async def _forget_when_over(self, call: WebCall) -> None:
        await call.wait_released()
        del self._calls[call]


class _Offer:
    """What a browser posts: its SDP, and optionally who calls."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        if body.get("pc_id"):
            raise Refusal(409, "renegotiation", "A call keeps its connection; start a new call.")
        sdp = body.get("sdp")
        if not isinstance(sdp, str) or not sdp or body.get("type") != "offer":
            raise Refusal(422, "bad_offer", 'Send {"type": "offer", "sdp": "..."} as JSON.')
        name = body.get("name") or ""
        if not isinstance(name, str) or len(name) > MAX_NAME_CHARACTERS:
            raise Refusal(422, "bad_name", f"A name has at most {MAX_NAME_CHARACTERS} characters.")
        participant = body.get("participant") or ""
        if participant and not (isinstance(participant, str) and _SLUG.fullmatch(participant)):
            raise Refusal(422, "bad_name", f"A participant is written like a room: {_SLUG_WORDS}")
        self.sdp = sdp
        self.name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
        self.participant: str = participant


_SLUG_WORDS: Final = "up to 64 small letters, digits and hyphens."


def _full() -> Refusal:
    return Refusal(503, "full", "All lines are in use. Please try again in a moment.")


def _going() -> Refusal:
    return Refusal(503, "closing", "The agent is going away and takes no more calls.")


def _refused(ending: Ending) -> Refusal:
    if ending.cause is Cause.BUSY:
        return _full()
    if ending.cause is Cause.SHUTDOWN:
        return _going()
    return Refusal(503, "unavailable", "The agent cannot take the call just now.")


def _require_room(name: str) -> None:
    if not _SLUG.fullmatch(name):
        raise Refusal(404, "no_such_room", f"A room's name has {_SLUG_WORDS}")


async def _read_json(request: Request) -> Mapping[str, Any]:
    """The request's JSON object, read no further than :data:`MAX_BODY_BYTES`."""
    # A page elsewhere cannot send this type without asking first, so it cannot call on its own.
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Refusal(415, "not_json", "Send JSON, with the content type application/json.")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise Refusal(413, "too_large", "That is larger than any offer of a browser.")
        message = json.loads(body)
    except TimeoutError as error:
        raise Refusal(408, "too_slow", "The request took too long to arrive.") from error
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "not_json", "The request is not JSON.") from error
    if not isinstance(message, dict):
        raise Refusal(422, "not_json", "The request must be a JSON object.")
    return message


async def _add_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers.update(_HEADERS)
    return response


async def _refuse(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return JSONResponse({"error": refusal.code, "message": str(refusal)}, refusal.status)


async def _refuse_politely(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = _SENTENCES.get(error.status_code, "That cannot be done.")
    code = "not_found" if error.status_code == 404 else "refused"
    return JSONResponse({"error": code, "message": sentence}, error.status_code, error.headers)


async def _own_up(_: Request, error: Exception) -> Response:
    logger.opt(exception=error).error("the web room failed")
    sentence = "Something went wrong on our side."
    return JSONResponse({"error": "failed", "message": sentence}, 500, _HEADERS)
