"""Debian's baresip as a telephone: it dials, speaks from a file and records what it hears."""

from __future__ import annotations

import itertools
import json
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from tests.end_to_end.callers.programs import path_of, stop
from tests.end_to_end.callers.speech import Samples, silence, write_wav
from tests.end_to_end.listening import Recording, read_wav
from tests.end_to_end.server import free_port

_RATES_HZ: Final = {"PCMU": 8000, "PCMA": 8000, "G722": 16000}

_CONFIG = """\
poll_method             epoll
sip_listen              127.0.0.1:{sip_port}
net_interface           127.0.0.1
rtp_ports               20000-29998
call_local_timeout      60
call_max_calls          4
audio_player            aubridge,ear
audio_source            aufile,{folder}/silence.wav
audio_alert             aubridge,bell
ringback_disabled       yes
jitter_buffer_delay     2-5
module_path             /usr/lib/baresip/modules
module                  aufile.so
module                  aubridge.so
module                  sndfile.so
module                  g711.so
module                  g722.so
module_tmp              account.so
module_app              ctrl_tcp.so
module_app              menu.so
ctrl_tcp_listen         127.0.0.1:{control_port}
snd_path                {folder}
"""


class CallFailed(AssertionError):
    """The call was refused or not answered; the message holds what the far end said."""


@dataclass(frozen=True)
class Credentials:
    """An account with a registrar (host:port)."""

    registrar: str
    password: str


class Baresip:
    """One baresip process with one account, for one call at a time.

    Args:
        codec: The only one it offers: PCMU, PCMA or G722.
        transport: udp or tcp.
        user: Its number.
        name: Its display name.
        register: Where to register; a phone without calls from its own address.
    """

    def __init__(
        self,
        *,
        codec: str = "PCMU",
        transport: str = "udp",
        user: str = "caller",
        name: str = "",
        register: Credentials | None = None,
    ) -> None:
        self.rate_hz = _RATES_HZ[codec]
        self._transport = transport
        self._temporary = tempfile.TemporaryDirectory(prefix="interject-baresip-")
        self._folder = Path(self._temporary.name)
        self._control_port = free_port()
        self._numbers = itertools.count()
        self._events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._control: socket.socket | None = None
        self._write_folder(codec, user, name, register)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [path_of("baresip"), "-f", str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "output.txt").open("w"),
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._control = self._connect()
        threading.Thread(target=self._listen, args=(self._control,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        try:
            if self._process.poll() is None:
                self._command("quit")
                try:
                    self._process.wait(3)
                except subprocess.TimeoutExpired:
                    stop(self._process)
            if self._control is not None:
                self._control.close()
        finally:
            self._temporary.cleanup()

    # Calling.

    def dial(self, uri: str, timeout_s: float = 10.0) -> None:
        """Call *uri* and wait until it has answered.

        Raises:
            CallFailed: It did not.
        """
        seen = len(self._events)
        self._command("dial", f"{uri};transport={self._transport}")
        event = self._wait(("CALL_ESTABLISHED", "CALL_CLOSED"), seen, timeout_s)
        if event["type"] == "CALL_CLOSED":
            raise CallFailed(event.get("param", ""))

    def hang_up(self) -> None:
        """Send BYE."""
        self._command("hangup")

    def hold(self) -> None:
        """Put the far end on hold."""
        self._command("hold")

    def resume(self) -> None:
        """Take the far end off hold."""
        self._command("resume")

    def press(self, keys: str) -> None:
        """Press keys, one after another, as RFC 4733 events."""
        self._command("sndcode", keys)

    def wait_closed(self, timeout_s: float) -> str:
        """Wait for the end of the call; returns the reason given."""
        return str(self._wait(("CALL_CLOSED",), 0, timeout_s).get("param", ""))

    def wait_registered(self, timeout_s: float = 10.0) -> None:
        """Wait until the registrar has accepted it, which may be before the control connection."""
        deadline = time.monotonic() + timeout_s
        while not re.search(r" 200 OK .*\[\d+ bindings?\]", self._output()):
            if time.monotonic() > deadline:
                raise CallFailed(f"not registered; baresip said:\n{self._output()}")
            time.sleep(0.05)

    # Speaking and listening.

    def say(self, samples: Samples) -> None:
        """Speak *samples* (at :attr:`rate_hz`) from now on, then be silent for a minute."""
        path = self._folder / f"said-{next(self._numbers)}.wav"
        write_wav(path, np.concatenate([samples, silence(60, self.rate_hz)]), self.rate_hz)
        self._command("ausrc", f"aufile,{path}")

    @property
    def heard(self) -> Recording:
        """What came from the far end so far. Its clock starts with that of :attr:`spoken`."""
        return self._recording("dec")

    @property
    def spoken(self) -> Recording:
        """What was sent so far."""
        return self._recording("enc")

    def wait_for_speech(self, after_s: float, timeout_s: float) -> float:
        """When, at or after *after_s* of the recording, the far end is first audible."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for span in self.heard.speech():
                if span.end_s > after_s + 0.1:
                    return max(span.start_s, after_s)
            time.sleep(0.1)
        raise AssertionError(f"nothing was heard in {timeout_s} s after {after_s:.1f} s")

    def wait_for_silence(self, after_s: float, quiet_s: float, timeout_s: float) -> float:
        """When the far end, audible after *after_s*, stopped: it is silent for *quiet_s* since."""
        start_s = self.wait_for_speech(after_s, timeout_s)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            heard = self.heard
            end_s = max((span.end_s for span in heard.speech()), default=start_s)
            if heard.length_s - end_s >= quiet_s:
                return end_s
            time.sleep(0.1)
        raise AssertionError(f"the far end did not stop speaking in {timeout_s} s")

    # The control connection: JSON in netstrings.

    def _command(self, command: str, params: str = "") -> None:
        assert self._control is not None
        message = json.dumps({"command": command, "params": params, "token": "test"}).encode()
        self._control.sendall(b"%d:%s," % (len(message), message))

    def _listen(self, control: socket.socket) -> None:
        for message in _netstrings(control):
            with self._changed:
                self._events.append(message)
                self._changed.notify_all()

    def _wait(self, types: tuple[str, ...], seen: int, timeout_s: float) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((e for e in self._events[seen:] if e.get("type") in types), None)

        with self._changed:
            event = self._changed.wait_for(found, timeout_s)
        if event is None:
            raise CallFailed(
                f"no {' or '.join(types)} in {timeout_s} s; baresip said:\n{self._output()}"
            )
        return event

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + 10
        while True:
            try:
                control = socket.create_connection(("127.0.0.1", self._control_port), timeout=5)
            except OSError:
                if time.monotonic() > deadline:
                    raise CallFailed(f"baresip did not start:\n{self._output()}") from None
                time.sleep(0.05)
            else:
                control.settimeout(None)
                return control

    def _write_folder(self, codec: str, user: str, name: str, register: Credentials | None) -> None:
        host = register.registrar if register else "127.0.0.1"
        account = f'"{name}" ' if name else ""
        account += (
            f"<sip:{user}@{host};transport={self._transport}>;audio_codecs={codec}/{self.rate_hz}/1"
        )
        if register:
            account += f";auth_pass={register.password};regint=60"
        else:
            account += ";regint=0"
        (self._folder / "accounts").write_text(account + "\n")
        (self._folder / "config").write_text(
            _CONFIG.format(
                sip_port=free_port(), control_port=self._control_port, folder=self._folder
            )
        )
        write_wav(self._folder / "silence.wav", silence(120, self.rate_hz), self.rate_hz)

    def _output(self) -> str:
        return (self._folder / "output.txt").read_text(errors="replace")[-3000:]

    def _recording(self, direction: str) -> Recording:
        dumps = sorted(self._folder.glob(f"dump-*-{direction}.wav"))
        if not dumps or dumps[-1].stat().st_size < 46:
            return Recording(silence(0), self.rate_hz)
        return read_wav(dumps[-1])


def _netstrings(control: socket.socket) -> Iterator[dict[str, Any]]:
    """The JSON objects that come, until the connection ends."""
    waiting = b""
    while True:
        try:
            received = control.recv(65536)
        except OSError:
            return
        if not received:
            return
        waiting += received
        while b":" in waiting:
            length, rest = waiting.split(b":", 1)
            size = int(length)
            if len(rest) < size + 1:
                break
            message, waiting = rest[:size], rest[size + 1 :]
            yield json.loads(message)
