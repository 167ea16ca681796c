"""Kamailio as the telephone company: a registrar and proxy that asks everybody for a digest."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.callers.programs import path_of, stop
from tests.end_to_end.server import free_port

CONFIG = Path(__file__).with_name("kamailio.cfg")
START_S = 10.0


def secret_of(number: str) -> str:
    """What opens the account of *number*; the configuration says so."""
    return f"opens-{number}"


class Kamailio:
    """One Kamailio on a loopback port of its own, over UDP and TCP; it may go and come back."""

    def __init__(self) -> None:
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory(prefix="interject-kamailio-")
        self._folder = Path(self._temporary.name)
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._temporary.cleanup()

    def start(self) -> None:
        """Start it in the foreground and wait until it answers."""
        command = [path_of("kamailio"), "-f", str(CONFIG), "-DD", "-E", "-m", "32", "-M", "4"]
        command += ["-Y", str(self._folder), "-w", str(self._folder)]
        command += ["-l", f"udp:{self.address}", "-l", f"tcp:{self.address}"]
        output = self._folder / "output.txt"
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output.open("a"),
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + START_S
        while not self._answers():
            gone = self._process.poll() is not None
            if gone or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"kamailio did not start:\n{output.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; its registrations are forgotten."""
        if self._process is not None:
            stop(self._process)
            self._process = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
