"""One SIP call: PJSIP's callbacks on one side, :class:`telephony.call.Call` on the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pjsua2 as pj
from loguru import logger

from telephony.call import Call, CallInfo, CallState, DigitPressed
from telephony.endings import Cause, Ending, Party
from telephony.sip.callbacks import logged
from telephony.sip.media_port import MediaPort

if TYPE_CHECKING:
    from telephony.sip.endpoint import SipEndpoint

ANSWER_TIMEOUT_S = 10.0

# Our reason for refusing → the status code that says so (RFC 3261 section 21).
_STATUS_OF = {
    Cause.BUSY: pj.PJSIP_SC_BUSY_HERE,
    Cause.SHUTDOWN: pj.PJSIP_SC_SERVICE_UNAVAILABLE,
    Cause.FAILED: pj.PJSIP_SC_INTERNAL_SERVER_ERROR,
}


class SipCall(Call):
    """A call that came in over SIP.

    It names its leg by a key instead of holding it: PJSIP's objects have to be
    gone before the library is, however long somebody keeps the call.
    """

    def __init__(self, info: CallInfo, leg_key: int, endpoint: SipEndpoint) -> None:
        super().__init__(info)
        self._leg_key = leg_key
        self._endpoint = endpoint
        self._media_ready = asyncio.Event()

    async def answer(self) -> None:
        """Send 200 and wait until audio flows (or the call is gone)."""
        if self.state is CallState.ENDED:
            return
        try:
            await self._on_leg(Leg.accept)
        except pj.Error as error:
            # The caller's CANCEL crossed our answer: its callback tells the end.
            logger.info(f"call {self.info.call_id}: answering came too late: {error.reason}")
        ready = asyncio.create_task(self._media_ready.wait())
        ended = asyncio.create_task(self.wait_ended())
        try:
            done, _ = await asyncio.wait(
                (ready, ended), timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ready.cancel()
            ended.cancel()
        if not done:
            await self.hang_up(
                Ending(Party.NETWORK, Cause.FAILED, "the answer was never confirmed")
            )

    async def decline(self, ending: Ending) -> None:
        """Refuse with the status code that fits *ending*."""
        self.end(ending)
        status = _STATUS_OF.get(ending.cause, pj.PJSIP_SC_DECLINE)
        await self._on_leg(lambda leg: leg.finish(status))

    async def hang_up(self, ending: Ending) -> None:
        """Send BYE (or the refusal that the moment asks for)."""
        if self.state is CallState.ENDED:
            return
        self.end(ending)
        status = _STATUS_OF.get(ending.cause, 0)
        await self._on_leg(lambda leg: leg.finish(status))

    async def _on_leg(self, command: Callable[[Leg], None]) -> None:
        def run() -> None:
            leg = self._endpoint.legs.get(self._leg_key)
            if leg is not None:
                command(leg)

        await self._endpoint.thread.run(run)

    # Called on the event loop by the leg.

    def on_media(self, flowing: bool) -> None:
        """Audio began to flow, or stopped because the caller put us on hold."""
        if self.state is CallState.ENDED:
            return
        if flowing:
            self.set_state(CallState.ACTIVE)
            self._media_ready.set()
        elif self.state is CallState.ACTIVE:
            self.set_state(CallState.HELD)
        elif self.state in (CallState.OFFERED, CallState.RINGING):
            # Answered onto hold: a=sendonly or inactive in the first offer.
            self.set_state(CallState.ACTIVE)
            self.set_state(CallState.HELD)
            self._media_ready.set()

    def on_disconnected(self, status: int, reason: str) -> None:
        """The dialog is over; if nobody here ended it, the caller or the network did."""
        detail = f"{status} {reason}".strip()
        if self.state in (CallState.OFFERED, CallState.RINGING):
            cancelled = status == pj.PJSIP_SC_REQUEST_TERMINATED
            ending = Ending(
                Party.CALLER if cancelled else Party.NETWORK,
                Cause.CANCELLED if cancelled else Cause.FAILED,
                detail,
            )
        elif status == pj.PJSIP_SC_OK:
            ending = Ending(Party.CALLER, Cause.HUNG_UP, detail)
        else:
            ending = Ending(Party.NETWORK, Cause.CONNECTION_LOST, detail)
        self.end(ending)


class Leg(pj.Call):  # type: ignore[misc]
    """PJSIP's half of a call. Lives on the SIP thread; every method belongs there."""

    def __init__(self, account: Any, call_id: int, key: int, endpoint: SipEndpoint) -> None:
        super().__init__(account, call_id)
        self.key = key
        self._endpoint = endpoint
        self._port: MediaPort | None = None
        self.call: SipCall | None = None
        self.connected_since: float | None = None
        self._audio_index = 0
        self._packets = 0
        self._last_packet_at = 0.0
        self._held = False

    def accept(self) -> None:
        """Answer with 200."""
        prm = pj.CallOpParam(True)
        prm.statusCode = pj.PJSIP_SC_OK
        self.answer(prm)

    def ring(self) -> None:
        """Answer with 180."""
        prm = pj.CallOpParam()
        prm.statusCode = pj.PJSIP_SC_RINGING
        self.answer(prm)

    def finish(self, status: int = 0) -> None:
        """Send BYE, CANCEL or *status*, whichever the dialog's state asks for."""
        prm = pj.CallOpParam()
        if status:
            prm.statusCode = status
        try:
            self.hangup(prm)
        except pj.Error as error:
            # Both sides hung up at once: it is over already.
            logger.debug(f"hang-up of a call that was gone: {error.reason}")

    def silent_for_s(self, now: float) -> float:
        """Seconds since the last RTP packet came, 0 while the call is held or not up yet."""
        if self.connected_since is None or self._held:
            self._last_packet_at = now
            return 0.0
        try:
            packets = self.getStreamStat(self._audio_index).rtcp.rxStat.pkt
        except pj.Error:  # the stream is not set up (yet): nothing came
            packets = self._packets
        if packets != self._packets:
            self._packets = packets
            self._last_packet_at = now
        return now - self._last_packet_at

    @logged
    def onCallState(self, prm: Any) -> None:  # noqa: N802 (PJSIP's name)
        """The dialog moved."""
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.connected_since = self._last_packet_at = time.monotonic()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._close_port()
            self._endpoint.forget(self)
            if self.call:
                self._endpoint.tell(self.call.on_disconnected, info.lastStatusCode, info.lastReason)

    @logged
    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        """Media was set up, changed by a re-INVITE, or put on hold."""
        if self.call is None:
            return
        info = self.getInfo()  # kept: iterating a temporary's media reads freed memory
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            flowing = media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
            self._held = not flowing
            if flowing:
                self._connect(index)
            self._endpoint.tell(self.call.on_media, flowing)
            return

    @logged
    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        """A telephone-event has ended (RFC 4733)."""
        if self.call and prm.digit.upper() in "0123456789ABCD*#":
            self._endpoint.tell(self.call.emit, DigitPressed(prm.digit.upper()))

    def _connect(self, index: int) -> None:
        assert self.call is not None
        self._audio_index = index
        if self._port is None:
            self._port = self._endpoint.ports.take()
            self._port.serve(self.call.intake, self.call.playout)
        audio = self.getAudioMedia(index)
        audio.startTransmit(self._port)
        self._port.startTransmit(audio)

    def _close_port(self) -> None:
        if self._port is not None:
            self._endpoint.ports.give_back(self._port)
            self._port = None
