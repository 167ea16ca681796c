"""``interject serve``: answer calls until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from loguru import logger

from agent.blocks import BlockList
from agent.config import Resolved
from agent.database.database import Database
from agent.doorman import Doorman
from agent.events import EventFile, SessionEvent
from agent.memory.memories import Memories
from agent.profiles import load_profile
from agent.providers.catalog import Catalog, ServedBy
from agent.staff import Staff
from agent.switchboard import Switchboard
from agent.turns.settings import TurnSettings
from judge.judge import open_judge
from judge.policy import Policy
from telephony.sip.endpoint import SipEndpoint, local_address
from telephony.webrtc.app import WebRoom


class ServeError(RuntimeError):
    """The server could not start; the message names the setting and the remedy."""


class Server:
    """All that runs: the models, the two ways in, and the sessions between them."""

    def __init__(self, resolved: Resolved, events: Path | None) -> None:
        self._resolved = resolved
        self._profile = load_profile(resolved.config.agent.profile)
        self.catalog = Catalog(resolved, self._profile)
        self._events = EventFile(events) if events else None
        config = resolved.config
        database = Database(resolved.database_url.get_secret_value())
        self._memories = Memories(
            database,
            config.memory,
            self.catalog.embedder,
            self._profile.name,
            self.catalog.note_taker(),
        )
        self._judge = open_judge(config.judge)
        # Nothing in a call acts on a judgement yet: they are made, ruled on and logged.
        policy = Policy(config.judge.policy.model_copy(update={"shadow": True}))
        self._doorman = Doorman(BlockList(database), policy, self._memories.key_of)
        self._switchboard = Switchboard(
            Staff(
                profile=self._profile,
                catalog=self.catalog,
                turns=TurnSettings(config.endpointing, config.yielding),
                memories=self._memories,
                judge=self._judge,
                policy=policy,
                doorman=self._doorman,
                sink=self._note,
            )
        )
        self.sip: SipEndpoint | None = None
        self._room: WebRoom | None = None
        self._http: uvicorn.Server | None = None
        self._http_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open both ways in.

        Raises:
            SipError: SIP cannot listen.
            ServeError: The web port is taken.
            StoreError: The database can never be used.
        """
        config = self._resolved.config
        await self._memories.open()
        await self._judge.ready()
        if config.sip.enabled:
            self.sip = SipEndpoint(self._resolved.sip_settings(), self._switchboard.take)
            await self.sip.start()
        if config.web.enabled:
            try:
                await self._start_web()
            except ServeError:
                if self.sip:
                    await self.sip.close()
                raise

    async def stop(self) -> None:
        """Refuse new calls, say goodbye on the live ones, and close."""
        if self.sip:
            await self.sip.drain()
        if self._room:
            self._room.drain()
        await self._switchboard.close()
        if self._room:
            await self._room.close()
        if self._http and self._http_task:
            self._http.should_exit = True
            await self._http_task
        if self.sip:
            await self.sip.close()
        await self._judge.close()
        await self._memories.close()
        self.catalog.close()
        if self._events:
            self._events.close()

    def ways_in(self) -> dict[str, str]:
        """How to reach the agent, in words for people."""
        config = self._resolved.config
        ways: dict[str, str] = {}
        if self.sip:
            address = config.sip.public_address or local_address(config.sip.bind)
            ways["call"] = f"sip:{config.sip.user}@{address}:{config.sip.port}"
        if config.web.enabled:
            host = "localhost" if config.web.bind in ("0.0.0.0", "::") else config.web.bind
            ways["join"] = f"http://{host}:{config.web.port}"
        return ways

    def describe(self) -> dict[str, str]:
        """What the start page shows: where to call and who serves each role."""
        roles = {by.role: by.provider for by in self.roles()}
        return {"sip": self.ways_in().get("call", ""), **roles}

    def roles(self) -> list[ServedBy]:
        """Who serves each role, in words for people."""
        *models, agent = self.catalog.roles()
        return [*models, ServedBy("judging", f"{self._judge.model} (logged, not acted on)"), agent]

    async def _start_web(self) -> None:
        group = self._resolved.config.web
        self._room = WebRoom(
            on_call=self._switchboard.take,
            max_calls=group.max_calls,
            title=self._profile.name,
            ice_servers=group.ice_servers,
            describe=self.describe,
            turns_away=self._doorman.turns_away,
        )
        config = uvicorn.Config(
            self._room.app,
            host=group.bind,
            port=group.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._http = _QuietServer(config)
        listener = _listen(group.bind, group.port)
        self._http_task = asyncio.create_task(self._http.serve(sockets=[listener]), name="http")

    def _note(self, event: SessionEvent) -> None:
        if event.type in ("caller", "agent") and not event.final:
            logger.trace(f"{event.call} {event.type}: {event.text}")
        else:
            logger.debug(f"{event.call} {event.type}: {event.text or event.ms}")
        if self._events:
            self._events(event)


def _listen(bind: str, port: int) -> socket.socket:
    """A bound socket for the web; uvicorn would report a taken port in its own words and exit."""
    try:
        return socket.create_server((bind, port))
    except OSError as error:
        raise ServeError(
            f"cannot listen on {bind}:{port}/tcp for the web: {error.strerror}; "
            "stop what uses it, or set another --web-port (web.port) or --bind (web.bind)"
        ) from error


class _QuietServer(uvicorn.Server):
    """Uvicorn without its own signal handlers: the whole process stops in one place."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to :func:`serve`."""
        yield


async def serve(resolved: Resolved, events: Path | None, ready: Callable[[Server], None]) -> None:
    """Run until SIGTERM or SIGINT, then say goodbye on every call and leave."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(resolved, events)
    await server.start()
    gc.collect()
    gc.freeze()  # the models stay; later collections need not look at them, and take milliseconds
    ready(server)
    await stop.wait()
    logger.info("stopping: goodbye to every caller")
    await server.stop()
