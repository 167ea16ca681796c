"""The SIP endpoint: listens, registers, and turns INVITEs into calls."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import pjsua2 as pj
from loguru import logger

from telephony.call import SHUTDOWN, Call, CallInfo, CallState, Medium
from telephony.endings import Cause, Ending, Party
from telephony.sip.account import IncomingAccount, Registration, listener_config, trunk_config
from telephony.sip.addresses import parse_caller, user_of
from telephony.sip.call import Leg, SipCall
from telephony.sip.config import SipSettings, SipTransport
from telephony.sip.log import PjsipLog
from telephony.sip.media_port import MediaPorts
from telephony.sip.thread import SipThread

P = ParamSpec("P")

_TRANSPORT_TYPES = {
    SipTransport.UDP: pj.PJSIP_TRANSPORT_UDP,
    SipTransport.TCP: pj.PJSIP_TRANSPORT_TCP,
}
_ASK_FOR_CALLS = 1024  # more than any build has; the library takes what it was compiled for
_WATCH_EVERY_S = 1.0


class SipError(RuntimeError):
    """The endpoint could not start; the message names the setting and the remedy."""


class SipEndpoint:
    """One SIP user agent: at most one in a process, as PJSIP has it.

    Args:
        settings: Where to listen, what to offer, where to register.
        on_call: Gets every call that came in, ringing, on the event loop.
    """

    def __init__(self, settings: SipSettings, on_call: Callable[[Call], None]) -> None:
        self.settings = settings
        self.thread = SipThread(self._poll)
        self.max_calls = 0
        self.codecs: tuple[str, ...] = ()
        self.version = ""
        self.registrations: dict[str, Registration] = {}
        self._on_call = on_call
        self._loop = asyncio.get_running_loop()
        self._calls: set[SipCall] = set()
        self._watch: asyncio.Task[None] | None = None
        # Everything below belongs to the SIP thread. PJSIP keeps pointers to
        # these objects: they must outlive its use of them.
        self._ep: Any = None
        self._log: PjsipLog | None = None
        self.legs: dict[int, Leg] = {}
        self._leg_keys = itertools.count()
        self._accounts: list[IncomingAccount] = []
        self.ports = MediaPorts()
        self._closing = False

    @property
    def live_calls(self) -> int:
        """How many calls have not ended."""
        return len(self._calls)

    async def start(self) -> None:
        """Listen and register.

        Raises:
            SipError: A port is taken or an address is not ours.
        """
        self.thread.start()
        try:
            await self.thread.run(self._open)
        except SipError:
            await self.thread.run(self._close)
            await self.thread.stop()
            raise
        self._watch = asyncio.create_task(self._watch_media(), name="sip media watch")

    async def drain(self) -> None:
        """Refuse every new call with 503 from now on; the live ones go on."""
        await self.thread.run(lambda: setattr(self, "_closing", True))

    async def close(self) -> None:
        """Hang up what is left, unregister, and release the library."""
        if self._watch:
            self._watch.cancel()
        await self.drain()
        await asyncio.gather(*(call.hang_up(SHUTDOWN) for call in list(self._calls)))
        await self.thread.run(self._close)
        await self.thread.stop()

    # Event loop side.

    def on_registration(self, registration: Registration) -> None:
        """Note where a trunk's registration stands."""
        self.registrations[registration.trunk] = registration

    def _offer(self, leg_key: int, info: CallInfo) -> None:
        call = SipCall(info, leg_key, self)
        call.set_state(CallState.RINGING)
        self._calls.add(call)
        asyncio.create_task(self._forget_when_ended(call), name=f"end of {info.call_id}")  # noqa: RUF006
        self.thread.post(lambda: self._attach(leg_key, call))
        self._on_call(call)

    def _attach(self, leg_key: int, call: SipCall) -> None:
        leg = self.legs.get(leg_key)
        if leg is not None:
            leg.call = call
        else:  # the caller gave up before the loop had heard of the call
            self.tell(call.on_disconnected, int(pj.PJSIP_SC_REQUEST_TERMINATED), "cancelled")

    async def _forget_when_ended(self, call: SipCall) -> None:
        await call.wait_ended()
        self._calls.discard(call)

    async def _watch_media(self) -> None:
        """End calls whose audio has stopped coming: PJSIP has no timeout for that."""
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            for call in await self.thread.run(self._calls_gone_silent):
                detail = f"no audio for {self.settings.media_timeout_s:g} s"
                await call.hang_up(Ending(Party.NETWORK, Cause.MEDIA_TIMEOUT, detail))

    # SIP thread side.

    def tell(self, handler: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call *handler* on the event loop."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: handler(*args, **kwargs))

    def on_invite(self, account: IncomingAccount, prm: Any) -> None:
        """Ring for an INVITE and offer it to the loop, or refuse it."""
        leg = Leg(account, prm.callId, next(self._leg_keys), self)
        if self._closing:
            leg.finish(pj.PJSIP_SC_SERVICE_UNAVAILABLE)
            return
        if len(self.legs) >= self.max_calls:
            logger.warning(f"refused a call with 486: {self.max_calls} calls are up")
            leg.finish(pj.PJSIP_SC_BUSY_HERE)
            return
        self.legs[leg.key] = leg
        leg.ring()
        info = leg.getInfo()
        call_info = CallInfo(
            call_id=info.callIdString,
            medium=Medium.SIP,
            caller=parse_caller(info.remoteUri),
            dialled=user_of(parse_caller(info.localUri).uri) or info.localUri,
            via=account.name,
        )
        logger.info(f"call {call_info.call_id}: from {call_info.caller} via {account.name}")
        self.tell(self._offer, leg.key, call_info)

    def forget(self, leg: Leg) -> None:
        """The leg's dialog is over; it dies when its callback returns, as pjsua2 has it.

        Not a moment later: PJSIP gives the leg's number to the next call, and
        that is whom the destructor of a leg that lingers would hang up.
        """
        self.legs.pop(leg.key, None)

    def _poll(self, timeout_ms: int) -> None:
        self._ep.libHandleEvents(timeout_ms)

    def _calls_gone_silent(self) -> list[SipCall]:
        now = time.monotonic()
        timeout_s = self.settings.media_timeout_s
        return [
            leg.call
            for leg in list(self.legs.values())
            if leg.call and leg.silent_for_s(now) >= timeout_s
        ]

    def _open(self) -> None:
        settings = self.settings
        self._ep = pj.Endpoint()
        _extension().pj_log_set_level(0)  # it logs to stdout until its writer is set
        self._ep.libCreate()
        config = pj.EpConfig()
        config.uaConfig.maxCalls = _ASK_FOR_CALLS
        config.uaConfig.threadCnt = 0
        config.uaConfig.userAgent = "Interject"
        self._log = PjsipLog()
        config.logConfig.writer = self._log
        config.logConfig.level = config.logConfig.consoleLevel = 3
        config.logConfig.msgLogging = 0
        media = config.medConfig
        media.clockRate = media.sndClockRate = 16_000
        media.audioFramePtime = 20
        media.threadCnt = 1
        # PJSIP's own silence suppression and echo canceller eat what the agent's VAD needs.
        media.noVad = True
        media.ecTailLen = 0
        media.jbMax = 500
        self._ep.libInit(config)
        library_maximum = _library_max_calls()
        self.max_calls = min(settings.max_calls or library_maximum, library_maximum)
        if settings.max_calls and settings.max_calls > library_maximum:
            logger.warning(
                f"sip.max_calls = {settings.max_calls}, but this PJSIP was built for "
                f"{library_maximum}; it takes {library_maximum} calls"
            )
        self.version = self._ep.libVersion().full
        transport_ids = {kind: self._listen(kind) for kind in settings.transports}
        self._ep.libStart()
        self._ep.audDevManager().setNullDev()
        self.codecs = self._choose_codecs()
        self._add_accounts(transport_ids)
        self.thread.begin_polling()

    def _listen(self, kind: SipTransport) -> int:
        settings = self.settings
        _require_free(settings.bind, settings.port, kind)
        config = pj.TransportConfig()
        config.port = settings.port
        if settings.bind not in ("", "0.0.0.0", "::"):
            config.boundAddress = settings.bind
        config.publicAddress = settings.public_address
        try:
            return int(self._ep.transportCreate(_TRANSPORT_TYPES[kind], config))
        except pj.Error as error:
            raise SipError(
                f"cannot listen on {settings.bind}:{settings.port}/{kind}: {error.reason}; "
                "change sip.port or sip.bind"
            ) from error

    def _choose_codecs(self) -> tuple[str, ...]:
        wanted = [name.lower() for name in self.settings.codecs]
        chosen: dict[str, str] = {}
        for codec in self._ep.codecEnum2():
            name = codec.codecId.split("/")[0]
            if name.lower() in wanted:
                self._ep.codecSetPriority(codec.codecId, 250 - wanted.index(name.lower()))
                chosen[name.lower()] = name
            else:
                self._ep.codecSetPriority(codec.codecId, 0)
        if not chosen:
            raise SipError(
                f"sip.codecs = {list(self.settings.codecs)}: this PJSIP has none of them; "
                "PCMU and PCMA are always there"
            )
        return tuple(chosen[name] for name in wanted if name in chosen)

    def _add_accounts(self, transport_ids: dict[SipTransport, int]) -> None:
        address = self.settings.public_address or local_address(self.settings.bind)
        listener = IncomingAccount("direct", self)
        listener.create(listener_config(self.settings, address), True)
        self._accounts.append(listener)
        for trunk in self.settings.trunks:
            account = IncomingAccount(trunk.name, self)
            # TCP connections are opened to the registrar; only UDP is bound to our socket.
            transport_id = (
                transport_ids.get(trunk.transport, -1)
                if trunk.transport is SipTransport.UDP
                else -1
            )
            account.create(trunk_config(self.settings, trunk, transport_id))
            self._accounts.append(account)

    def _close(self) -> None:
        self._closing = True
        if self._ep is None:
            return
        try:
            if self._ep.libGetState() >= pj.PJSUA_STATE_RUNNING:
                self._leave()
            self.thread.end_polling()
            self._ep.audDevManager().setNoDev()  # the clock stops: no port is called any more
            self.legs.clear()
            self.ports.abandon()
            for account in self._accounts:
                account.shutdown()
            self._accounts.clear()
            self._ep.libDestroy()
        finally:
            self._ep = None

    def _leave(self) -> None:
        """Send BYE and un-REGISTER, and give the answers a moment to come."""
        self._ep.hangupAllCalls()
        for account in self._accounts:
            if account.getInfo().regIsConfigured and account.getInfo().regIsActive:
                account.setRegistration(False)
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline and (self.legs or self._registered()):
            self._ep.libHandleEvents(20)

    def _registered(self) -> bool:
        return any(
            account.getInfo().regIsConfigured and account.getInfo().regIsActive
            for account in self._accounts
        )


def _extension() -> ctypes.CDLL:
    """PJSIP's C functions, for the few that pjsua2 has no name for."""
    folder = Path(pj.__file__).parent
    for library in (*folder.glob("_pjsua2*.so"), *folder.parent.glob("_pjsua2*.so")):
        return ctypes.CDLL(str(library))
    raise SipError("the pjsua2 extension module was not found beside its Python part")


def _library_max_calls() -> int:
    """How many calls this PJSIP was compiled for."""
    return int(_extension().pjsua_call_get_max_count())


def local_address(bind: str) -> str:
    """The address by which callers reach *bind*: itself, or this host's when it is 0.0.0.0."""
    if bind not in ("", "0.0.0.0", "::"):
        return bind
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: picks a route, sends nothing
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _require_free(bind: str, port: int, kind: SipTransport) -> None:
    """Say clearly that a port is taken; PJSIP would share a TCP port or give a number."""
    type_ = socket.SOCK_DGRAM if kind is SipTransport.UDP else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, type_) as probe:
        if kind is SipTransport.TCP:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind or "0.0.0.0", port))
        except OSError as error:
            raise SipError(
                f"cannot listen on {bind}:{port}/{kind}: {error.strerror}; "
                "stop what uses it, or set another --sip-port (sip.port) or --bind (sip.bind)"
            ) from error
