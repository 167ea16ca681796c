"""sipp: plays a scenario of ours, message by message, and says whether the far end followed it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.callers.programs import path_of, stop
from tests.end_to_end.server import free_port

SCENARIOS = Path(__file__).parent / "sipp"


class Sipp:
    """One run of a scenario against a server on 127.0.0.1.

    Args:
        scenario: A file in ``callers/sipp``, without its suffix.
        port: Where the server listens.
        calls: How many calls to make, one after another (or *at_once*).
        transport: udp or tcp.
        keys: Values for the scenario's own ``[keywords]``.
        timeout_s: After this the run has failed.
    """

    def __init__(
        self,
        scenario: str,
        port: int,
        *,
        calls: int = 1,
        at_once: int = 1,
        transport: str = "udp",
        pause_ms: int = 300,
        keys: dict[str, str] | None = None,
        timeout_s: int = 20,
    ) -> None:
        self.scenario = scenario
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory(prefix="interject-sipp-")
        self._folder = Path(self._temporary.name)
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[str] | None = None
        command = [path_of("sipp"), f"127.0.0.1:{port}", "-sf", str(SCENARIOS / f"{scenario}.xml")]
        command += ["-i", "127.0.0.1", "-p", str(self.port), "-s", "agent", "-nostdin"]
        command += ["-t", "t1" if transport == "tcp" else "u1", "-m", str(calls)]
        command += ["-l", str(at_once), "-r", str(5 * at_once), "-d", str(pause_ms)]
        command += ["-timeout", f"{timeout_s}s", "-timeout_error"]
        command += ["-trace_err", "-error_file", str(self._folder / "errors.txt")]
        command += ["-trace_msg", "-message_file", str(self._folder / "messages.txt")]
        for key, value in (keys or {}).items():
            command += ["-key", key, value]
        self._command = command

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "screen.txt").open("w"),
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            text=True,
            env=os.environ | {"TERM": "dumb"},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        stop(self._process)
        self._temporary.cleanup()

    @property
    def messages(self) -> str:
        """Every message sent and received so far."""
        path = self._folder / "messages.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    def finish(self) -> str:
        """Wait for the end of the run; returns :attr:`messages`.

        Raises:
            AssertionError: The far end did not do what the scenario says.
        """
        assert self._process is not None
        try:
            code = self._process.wait(self._timeout_s + 5)
        except subprocess.TimeoutExpired:
            code = -1
        if code != 0:
            texts = [self._folder / name for name in ("errors.txt", "screen.txt")]
            said = "".join(path.read_text(errors="replace") for path in texts if path.exists())
            raise AssertionError(
                f"sipp scenario {self.scenario}: exit code {code}\n{said[-3000:]}\n"
                f"{self.messages[-6000:]}"
            )
        return self.messages


def play(scenario: str, port: int, **options: object) -> str:
    """Run a scenario to its end; returns every message of it. Options are :class:`Sipp`'s."""
    with Sipp(scenario, port, **options) as run:  # type: ignore[arg-type]
        return run.finish()
