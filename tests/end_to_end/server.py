"""A running ``interject serve`` for the tests to call: a process of its own on loopback."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.config import DATABASE_VARIABLE

READY_TIMEOUT_S = 60.0
# The tests describe the embedded profile; keys of the person who runs them must not change it.
_KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY")


def free_port() -> int:
    """A port that is free for UDP and TCP on 127.0.0.1 at this moment, and the next for TCP.

    A SIP phone takes the next one for TLS, asked or not.
    """
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tls,
        ):
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
                tls.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class RunningServer:
    """Starts the server, waits until it is ready, stops it with SIGTERM.

    Args:
        config_text: TOML; ports and addresses come from the command line anyway.
        environ: Added to the environment, for secrets.
        bind: Address to listen on.
    """

    def __init__(
        self,
        config_text: str = "",
        *,
        environ: dict[str, str] | None = None,
        bind: str = "127.0.0.1",
    ) -> None:
        self.sip_port = free_port()
        self.web_port = free_port()
        self.bind = bind
        self.returncode: int | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="interject-test-")
        self.folder = Path(self._folder.name)
        self.events_file = self.folder / "events.jsonl"
        self._config = self.folder / "interject.toml"
        self._config.write_text(config_text)
        kept = {k: v for k, v in os.environ.items() if k not in _KEYS}
        database = {DATABASE_VARIABLE: f"sqlite:///{self.folder / 'interject.db'}"}
        self._environ = kept | database | (environ or {})
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self.output: list[str] = []

    @property
    def sip_uri(self) -> str:
        """Where to call it."""
        return f"sip:agent@{self.bind}:{self.sip_port}"

    @property
    def web_url(self) -> str:
        """Where to join it."""
        return f"http://{self.bind}:{self.web_port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "agent.cli", "serve", "--bind", self.bind]
        command += ["--sip-port", str(self.sip_port), "--web-port", str(self.web_port)]
        command += ["--config", str(self._config), "--events", str(self.events_file)]
        command += ["--log-level", "debug"]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environ,
        )
        threading.Thread(target=self._drain, daemon=True).start()
        self.wait_for_output(lambda line: line.startswith("Ready"), READY_TIMEOUT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._folder.cleanup()

    def stop(self, timeout_s: float = 10.0) -> float:
        """SIGTERM; returns the seconds until the process was gone and sets ``returncode``."""
        assert self._process is not None
        started = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.returncode = self._process.returncode
        return time.monotonic() - started

    def wait_for_output(self, wanted: Callable[[str], bool], timeout_s: float = 10.0) -> str:
        """The next line of output for which *wanted* is true.

        Raises:
            AssertionError: It did not come; the message holds what came instead.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                tail = "".join(self.output[-40:])
                raise AssertionError(f"the server did not say it; it said:\n{tail}") from None
            if wanted(line):
                return line

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What happened in calls so far, oldest first."""
        if not self.events_file.exists():
            return []
        events = [json.loads(line) for line in self.events_file.read_text().splitlines()]
        return [event for event in events if kind is None or event["type"] == kind]

    def wait_for_event(
        self,
        kind: str,
        wanted: Callable[[dict[str, Any]], bool] = lambda _: True,
        timeout_s: float = 10.0,
    ) -> dict[str, Any]:
        """The first event of *kind* for which *wanted* is true, waiting for it."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for event in self.events(kind):
                if wanted(event):
                    return event
            time.sleep(0.05)
        raise AssertionError(f"no {kind} event came; events: {self.events()}")

    def _drain(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            self._lines.put(line)
