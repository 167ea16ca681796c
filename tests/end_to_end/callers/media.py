"""The media half of a telephone, for signalling that sipp plays: PCMU over RTP (RFC 3550, 4733)."""

from __future__ import annotations

import itertools
import secrets
import socket
import struct
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from tests.end_to_end.callers.speech import Samples
from tests.end_to_end.listening import Recording

RATE_HZ: Final = 8000
PACKET_SAMPLES: Final = 160
PACKET_S: Final = 0.02
PCMU: Final = 0
TELEPHONE_EVENT: Final = 101
_KEYS: Final = "0123456789*#ABCD"
_LATE_S: Final = 0.1


def _decoded() -> npt.NDArray[np.int16]:
    """What each of the 256 codes of G.711's μ-law means."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 0x07)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_VALUES: Final = _decoded()
_CODES_BY_VALUE: Final = np.argsort(_VALUES, kind="stable").astype(np.uint8)
_SORTED: Final = _VALUES[_CODES_BY_VALUE]


def encode(samples: Samples) -> bytes:
    """16-bit samples as μ-law, each as the next code above it."""
    at = np.minimum(np.searchsorted(_SORTED, samples), 255)
    return _CODES_BY_VALUE[at].tobytes()


def decode(payload: bytes) -> Samples:
    """μ-law as 16-bit samples."""
    return _VALUES[np.frombuffer(payload, dtype=np.uint8)]


@dataclass(frozen=True)
class Packet:
    """An RTP packet that came, and when (monotonic seconds)."""

    at_s: float
    payload_type: int
    payload: bytes


class Media:
    """An RTP socket on loopback that talks to whoever talks to it.

    It sends a packet every 20 ms, silence when there is nothing to say, from
    the moment the first packet has told where to.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port: int = self._socket.getsockname()[1]
        self.packets: list[Packet] = []
        self._far_end: tuple[str, int] | None = None
        self._waiting = b""
        self._sending = True
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._sequence = secrets.randbelow(1 << 15)
        self._timestamp = secrets.randbelow(1 << 31)
        self._source = secrets.randbits(32)
        self._threads = [
            threading.Thread(target=self._receive, daemon=True),
            threading.Thread(target=self._send, daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2)
        self._socket.close()

    def say(self, samples: Samples) -> None:
        """Queue speech at 8 kHz."""
        with self._lock:
            self._waiting += encode(samples)

    def fall_silent(self) -> None:
        """Send no packet any more, as a telephone that lost its network."""
        self._sending = False

    def press(self, key: str, *, end_packets: int = 3) -> None:
        """Press *key* for 100 ms: five packets while it is down, *end_packets* at its end."""
        event, timestamp = _KEYS.index(key), self._timestamp
        for index in range(5):
            duration = (index + 1) * PACKET_SAMPLES
            self._put(
                TELEPHONE_EVENT,
                struct.pack("!BBH", event, 10, duration),
                timestamp,
                marker=index == 0,
            )
            time.sleep(PACKET_S)
        for _ in range(end_packets):
            payload = struct.pack("!BBH", event, 0x80 | 10, 5 * PACKET_SAMPLES)
            self._put(TELEPHONE_EVENT, payload, timestamp)

    def send_datagram(self, datagram: bytes) -> None:
        """Send anything at all to where the audio goes."""
        assert self._far_end is not None, "nobody has called yet"
        self._socket.sendto(datagram, self._far_end)

    def wait_for_packets(self, count: int = 1, timeout_s: float = 5.0) -> None:
        """Wait until *count* packets have come."""
        deadline = time.monotonic() + timeout_s
        while len(self.packets) < count:
            assert time.monotonic() < deadline, f"{len(self.packets)} RTP packets, not {count}"
            time.sleep(0.02)

    def longest_gap_s(self) -> float:
        """The longest time between two packets that came."""
        times = [packet.at_s for packet in self.packets]
        return max(after - before for before, after in itertools.pairwise(times))

    def heard(self, since_s: float | None = None, until_s: float | None = None) -> Recording:
        """What came between two moments (monotonic seconds), each packet in its own time.

        Without *since_s* it begins with the first packet.
        """
        pieces: list[Samples] = []
        length = 0
        for packet in list(self.packets):
            since_s = packet.at_s if since_s is None else since_s
            if packet.payload_type != PCMU or packet.at_s < since_s:
                continue
            if until_s is not None and packet.at_s > until_s:
                break
            due = round((packet.at_s - since_s) * RATE_HZ)
            if due - length > _LATE_S * RATE_HZ:  # nothing came for a while
                pieces.append(np.zeros(due - length, dtype=np.int16))
                length = due
            pieces.append(decode(packet.payload))
            length += len(packet.payload)
        return Recording(np.concatenate([np.zeros(0, np.int16), *pieces]), RATE_HZ)

    def wait_for_silence(self, since_s: float, quiet_s: float, timeout_s: float) -> None:
        """Wait until speech that came after *since_s* has come, and been over for *quiet_s*."""
        deadline = time.monotonic() + timeout_s
        while True:
            spans = self.heard(since_s).speech()
            if spans and time.monotonic() - since_s - spans[-1].end_s >= quiet_s:
                return
            assert time.monotonic() < deadline, f"not speech, then silence, within {timeout_s} s"
            time.sleep(0.1)

    def _receive(self) -> None:
        while not self._over.is_set():
            try:
                packet, source = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            if len(packet) >= 12 and packet[0] >> 6 == 2:
                self._far_end = source
                self.packets.append(Packet(time.monotonic(), packet[1] & 0x7F, packet[12:]))

    def _send(self) -> None:
        due_s = time.monotonic()
        while not self._over.wait(max(0.0, due_s - time.monotonic())):
            due_s += PACKET_S
            if self._far_end is None or not self._sending:
                continue
            with self._lock:
                payload, self._waiting = (
                    self._waiting[:PACKET_SAMPLES],
                    self._waiting[PACKET_SAMPLES:],
                )
            self._put(PCMU, payload.ljust(PACKET_SAMPLES, b"\xff"), self._timestamp)
            self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF

    def _put(self, kind: int, payload: bytes, timestamp: int, *, marker: bool = False) -> None:
        assert self._far_end is not None, "nobody has called yet"
        with self._lock:
            self._sequence = (self._sequence + 1) & 0xFFFF
            header = struct.pack(
                "!BBHII",
                0x80,
                kind | (0x80 if marker else 0),
                self._sequence,
                timestamp,
                self._source,
            )
            self._socket.sendto(header + payload, self._far_end)
