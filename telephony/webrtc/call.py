"""A call from a browser: a peer connection behind :class:`~telephony.call.Call`.

Media and messages ride on Pipecat's ``SmallWebRTCConnection`` (aiortc): Opus
both ways, and one data channel of JSON. Everything here runs on the event loop;
only aiortc's own codec threads stand beside it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import SessionDescription, candidate_from_sdp
from loguru import logger
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection, SmallWebRTCTrack

from telephony.audio import FRAME_MS, SILENCE
from telephony.call import Call, Caller, CallInfo, CallState, Medium, MessageReceived, Subscriber
from telephony.endings import Cause, Ending, Party
from telephony.webrtc.media import Ear, PlayoutTrack

CONNECT_TIMEOUT_S: Final = 15.0
"""How long the browser may take from our answer to a connection that stands."""

GAP_S: Final = 0.1
"""Nothing heard for this long is a gap, filled with silence until audio comes again."""

MESSAGES_KEPT: Final = 32

_FRAME_S: Final = FRAME_MS / 1000


class OfferError(ValueError):
    """The browser's offer cannot become a call; ``code`` is for programs, the words for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class CandidateError(ValueError):
    """A trickled ICE candidate is not one."""


class WebCall(Call):
    """One call over one peer connection. Made by :meth:`offered`.

    What the browser sends on the data channel is kept, the latest
    ``MESSAGES_KEPT`` of it, and given to later subscribers too: a page says
    that it is ready the moment the channel opens, often before anybody listens.
    """

    def __init__(self, info: CallInfo, connection: SmallWebRTCConnection) -> None:
        super().__init__(info)
        self._connection: Any = connection  # Pipecat types it only in part
        self._voice = PlayoutTrack(self.playout)
        self._was_connected = False
        self._settled = asyncio.Event()  # connected, or never to be
        self._messages: deque[MessageReceived] = deque(maxlen=MESSAGES_KEPT)
        self._hearing: asyncio.Task[None] | None = None
        # Pipecat's own events run in tasks that read the state when they get to
        # it; what we want to know is the state at the moment of the change.
        connection.pc.on("connectionstatechange", self._note_connection)
        self._dtls: Any = connection.pc.getTransceivers()[0].receiver.transport
        self._dtls.on("statechange", self._note_dtls)
        connection.add_event_handler("app-message", self._note_message)
        self._release = asyncio.create_task(self._release_when_ended())

    @classmethod
    async def offered(
        cls,
        *,
        room: str,
        sdp: str,
        participant: str = "",
        name: str = "",
        ice_servers: Sequence[str] = (),
    ) -> WebCall:
        """Make a call of a browser's SDP offer; :attr:`sdp_answer` is what it waits for.

        Raises:
            OfferError: The SDP is none, or offers no audio both ways.
        """
        _require_audio(sdp)
        connection: Any = SmallWebRTCConnection(ice_servers=list(ice_servers))
        try:
            await connection.initialize(sdp=sdp, type="offer")
            # Called before the connection stands this only notes that somebody
            # is here; afterwards it would also go looking for video.
            await connection.connect()
        except Exception as error:  # aiortc lets through whatever its parts raise
            await connection.disconnect()
            logger.info(f"offer to room {room} refused: {error!r}")
            raise OfferError(
                "bad_offer", "The browser's offer has nothing that this agent can use."
            ) from error
        caller = caller_of(participant, name)
        return cls(CallInfo(connection.pc_id, Medium.WEB, caller, dialled=room), connection)

    @property
    def sdp_answer(self) -> str:
        """The SDP that answers the browser's offer."""
        answer = self._connection.get_answer()
        assert answer is not None  # offered() made it
        return str(answer["sdp"])

    async def add_candidate(self, line: str, mid: str | None, index: int | None) -> None:
        """Take one more ICE candidate of the browser's; an empty *line* says there are no more.

        Raises:
            CandidateError: The line is no candidate.
        """
        if self.state is CallState.ENDED:
            return
        try:
            candidate = candidate_from_sdp(line.removeprefix("candidate:")) if line else None
            if candidate is not None:
                candidate.sdpMid, candidate.sdpMLineIndex = mid, index
            await self._connection.add_ice_candidate(candidate)
        except Exception as error:  # the parser asserts, indexes and converts as it goes
            raise CandidateError(line) from error

    def subscribe(self, subscriber: Subscriber) -> None:
        """Deliver every later event to *subscriber*, after the messages that came before it."""
        super().subscribe(subscriber)
        for event in tuple(self._messages):
            subscriber(event)

    async def answer(self) -> None:
        """Wait until the browser is connected and let audio flow both ways."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._settled.wait()
        except TimeoutError:
            self.end(_UNREACHED)
        if self.state is not CallState.OFFERED:
            return
        self._connection.replace_audio_track(self._voice)
        self._hearing = asyncio.create_task(self._hear())
        self.set_state(CallState.ACTIVE)

    async def decline(self, ending: Ending) -> None:
        """Refuse the call and close its connection."""
        await self.hang_up(ending)

    async def hang_up(self, ending: Ending) -> None:
        """End the call; returns when the connection is closed."""
        self.end(ending)
        await self.wait_released()

    def send_message(self, message: Any) -> None:
        """Send JSON to the page. Before its channel is open, 50 messages wait; more are dropped."""
        if self.state is not CallState.ENDED:
            self._connection.send_app_message(message)

    def end(self, ending: Ending) -> None:
        """Record the end; the connection is closed right after, see :meth:`wait_released`."""
        super().end(ending)
        self._settled.set()

    async def wait_released(self) -> None:
        """Wait until the call has ended and nothing of it is left running."""
        await asyncio.wait([self._release])

    def _note_connection(self) -> None:
        match self._connection.pc.connectionState:
            case "connected":
                self._was_connected = True
                self._settled.set()
            case "failed":
                self.end(_LOST if self._was_connected else _UNREACHED)
            case "closed":  # by Pipecat, which gives up after a minute without an answer()
                self.end(_UNREACHED)

    def _note_dtls(self) -> None:
        """Tell a goodbye (DTLS close_notify) from silence (ICE consent expired, RFC 7675).

        Both close the DTLS transport, but only after a silence has the ICE agent
        let go of its candidates by then. It fails visibly too late to go by.
        """
        if self._dtls.state != "closed" or self.state is CallState.ENDED:
            return
        if not self._dtls.transport.iceGatherer.getLocalCandidates():
            self.end(_LOST)
        elif self.state is CallState.OFFERED:
            self.end(Ending(Party.CALLER, Cause.CANCELLED))
        else:
            self.end(Ending(Party.CALLER, Cause.HUNG_UP))

    async def _note_message(self, _: SmallWebRTCConnection, message: Any) -> None:
        if self.state is CallState.ENDED:
            return
        event = MessageReceived(message)
        self._messages.append(event)
        self.emit(event)

    async def _hear(self) -> None:
        """Carry the caller's audio in, at the pace of real time even when none arrives.

        A browser that mutes sends silence, but one that goes to sleep or loses
        packets sends nothing, and a turn must still be able to end.
        """
        loop = asyncio.get_running_loop()
        ear = Ear()
        track: SmallWebRTCTrack | None = self._connection.audio_input_track()
        due = loop.time() + GAP_S
        while True:
            try:
                async with asyncio.timeout_at(due):
                    if track is None:
                        await asyncio.Event().wait()  # until the timeout
                    else:
                        frames = ear.hear(await track.recv())
                        due = loop.time() + GAP_S
            except TimeoutError:
                due += _FRAME_S
                self.intake.put(SILENCE)
            except MediaStreamError:  # the browser ended its track; the call may go on
                track = None
            else:
                for frame in frames:
                    self.intake.put(frame)

    async def _release_when_ended(self) -> None:
        ending = await self.wait_ended()
        if dropped := self.intake.dropped_frames:
            logger.warning(f"{self.info.call_id}: {dropped} frames came faster than they were read")
        self._connection.send_app_message(_goodbye(ending))
        if self._hearing:
            self._hearing.cancel()
            await asyncio.wait([self._hearing])
        self._voice.stop()
        try:
            await self._connection.disconnect()
            await self._connection.cleanup()
        except Exception:  # the call is over; a half-closed connection must not outlive the log
            logger.exception(f"{self.info.call_id}: closing the peer connection failed")


_LOST: Final = Ending(Party.NETWORK, Cause.CONNECTION_LOST, "the browser stopped answering")
_UNREACHED: Final = Ending(
    Party.NETWORK, Cause.CONNECTION_LOST, "no connection to the browser came about"
)


def _goodbye(ending: Ending) -> dict[str, Any]:
    """Tell the page, in RTVI's words for a message of one's own, why the call ends."""
    data = {"type": "call_ended", "party": ending.party.value, "cause": ending.cause.value}
    return {"label": "rtvi-ai", "type": "server-message", "data": data}


def _require_audio(sdp: str) -> None:
    """Check that *sdp* offers audio both ways, first: Pipecat finds it by its place."""
    try:
        media = SessionDescription.parse(sdp).media
    except Exception as error:  # the parser asserts, indexes and converts as it goes
        raise OfferError(
            "bad_offer", "The browser's offer is not a session description."
        ) from error
    if not media or media[0].kind != "audio":
        raise OfferError("no_audio", "The browser's offer has no audio in it.")
    if media[0].direction not in (None, "sendrecv"):
        raise OfferError("no_audio", "The browser's offer must send audio and receive it.")


def caller_of(participant: str, name: str) -> Caller:
    """Who joins a room: nobody has to say."""
    return Caller(uri=f"web:{participant or 'anonymous'}", name=name)
