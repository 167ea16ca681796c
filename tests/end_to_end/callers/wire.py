"""Bare SIP on a socket: messages that no telephone would send, moments that none would hit."""

from __future__ import annotations

import re
import secrets
import socket
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

SDP: Final = (
    "v=0\r\no=wire 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


@dataclass(frozen=True)
class Reply:
    """A response as it came, and when (monotonic seconds)."""

    status: int
    method: str
    text: str = field(repr=False)
    at_s: float

    @property
    def tag(self) -> str:
        """The far end's tag."""
        return self.header("To").rpartition("tag=")[2]

    def header(self, name: str) -> str:
        """The first value of a header; empty if there is none."""
        found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", self.text, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else ""


@dataclass
class Dialog:
    """What the requests of one call have in common."""

    target: str
    local: str
    call_id: str = field(default_factory=lambda: f"wire-{secrets.token_hex(6)}")
    to_tag: str = ""

    def request(
        self,
        method: str,
        *,
        cseq: int = 1,
        body: str = "",
        branch: str = "",
        extra: str = "",
        without: tuple[str, ...] = (),
    ) -> bytes:
        """A request as text; *extra* is whole header lines, *without* names what to leave out."""
        branch = branch or f"z9hG4bK-{self.call_id}-{cseq}"
        headers = {
            "Via": f"SIP/2.0/UDP {self.local};branch={branch}",
            "Max-Forwards": "70",
            "From": f"<sip:wire@{self.local}>;tag={self.call_id}",
            "To": f"<{self.target}>" + (f";tag={self.to_tag}" if self.to_tag else ""),
            "Call-ID": self.call_id,
            "CSeq": f"{cseq} {method}",
            "Contact": f"<sip:wire@{self.local}>",
        }
        if body:
            headers["Content-Type"] = "application/sdp"
        headers["Content-Length"] = str(len(body.encode()))
        lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name not in without]
        return f"{method} {self.target} SIP/2.0\r\n{''.join(lines)}{extra}\r\n{body}".encode()


class Wire:
    """A UDP socket toward a SIP server on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(("127.0.0.1", port))
        self._port = port
        self.local = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def dialog(self) -> Dialog:
        """A new call's worth of addresses and identifiers."""
        return Dialog(f"sip:agent@127.0.0.1:{self._port}", self.local)

    def send(self, message: bytes) -> None:
        """Send one datagram."""
        self._socket.send(message)

    def receive(self, timeout_s: float) -> Reply | None:
        """The next response, or None when none comes in time. Requests are passed over."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left_s)
            try:
                text = self._socket.recv(65536).decode(errors="replace")
            except TimeoutError:
                return None
            first = re.match(r"SIP/2\.0 (\d{3}) ", text)
            if first:
                method = re.search(r"^CSeq\s*:\s*\d+\s+(\w+)", text, re.IGNORECASE | re.MULTILINE)
                return Reply(int(first[1]), method[1] if method else "", text, time.monotonic())
        return None

    def final(self, method: str = "", timeout_s: float = 5.0) -> Reply | None:
        """The next final response (to *method*, if given), or None when none comes in time."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            reply = self.receive(left_s)
            if reply and reply.status >= 200 and method in ("", reply.method):
                return reply
        return None

    def is_alive(self, timeout_s: float = 3.0) -> bool:
        """Whether the server answers an OPTIONS of ours, whatever else it still has to say."""
        dialog = self.dialog()
        self.send(dialog.request("OPTIONS"))
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            reply = self.final("OPTIONS", left_s)
            if reply and reply.header("Call-ID") == dialog.call_id:
                return reply.status == 200
        return False
