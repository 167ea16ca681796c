"""An Interject server of our own to call: started as a subprocess, known only by its port."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.config import DATABASE_VARIABLE

READY = "Ready"
_LINES_KEPT = 40
_STOP_TIMEOUT_S = 15.0


class ServerFailed(Exception):
    """The server did not come up. Its last lines are in the message."""


def free_udp_port(address: str) -> int:
    """A port nobody listens on at the moment of asking, for UDP and TCP."""
    for _ in range(50):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((address, 0))
            port: int = udp.getsockname()[1]
            with contextlib.suppress(OSError):
                tcp.bind((address, port))
                return port
    raise ServerFailed(f"no free port on {address}")


class Server:
    """``interject serve`` on free loopback ports; an async context manager.

    events: a file to which the server is asked to write its events as JSON
        lines, or None. more: further arguments for ``serve``.
    """

    def __init__(
        self,
        *,
        address: str = "127.0.0.1",
        events: Path | None = None,
        more: Sequence[str] = (),
        ready_timeout_s: float = 60.0,
    ) -> None:
        self._address = address
        self._more = [*more, *(("--events", str(events)) if events else ())]
        self._ready_timeout_s = ready_timeout_s
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        # Measuring must neither find nor leave anything in the user's own memory of callers.
        self._folder = tempfile.TemporaryDirectory(prefix="interject-bench-")
        self._process: asyncio.subprocess.Process | None = None
        self._drains: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self.sip_port = free_udp_port(address)
        self.web_port = free_udp_port(address)

    @property
    def uri(self) -> str:
        return f"sip:agent@{self._address}:{self.sip_port}"

    @property
    def last_lines(self) -> str:
        """The end of what the server printed."""
        return "\n".join(self._lines)

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agent.cli",
            "serve",
            "--bind",
            self._address,
            "--sip-port",
            str(self.sip_port),
            "--web-port",
            str(self.web_port),
            *self._more,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, DATABASE_VARIABLE: f"sqlite:///{self._folder.name}/interject.db"},
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._drains = [
            asyncio.create_task(self._drain(self._process.stdout, watch=True)),
            asyncio.create_task(self._drain(self._process.stderr, watch=False)),
        ]
        waits = [
            asyncio.create_task(self._ready.wait()),
            asyncio.create_task(self._process.wait()),
        ]
        try:
            await asyncio.wait(
                waits, timeout=self._ready_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if not self._ready.is_set():
                await self._stop()
                raise ServerFailed(f"the server did not get ready:\n{self.last_lines}")
        except asyncio.CancelledError:
            await self._stop()
            raise
        finally:
            for wait in waits:
                wait.cancel()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _drain(self, stream: asyncio.StreamReader, *, watch: bool) -> None:
        """Keep the pipe empty, the last lines in mind, and look out for ``Ready``."""
        while line := await _read_line(stream):
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            if watch and text.startswith(READY):
                self._ready.set()

    async def _stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not help; by the process we started, no other."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        await asyncio.gather(*self._drains, return_exceptions=True)
        self._process = None
        self._folder.cleanup()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """The next line; of one that is longer than the buffer, a part."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line too long to keep)\n"
