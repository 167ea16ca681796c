"""The ports of the conference bridge: where PJSIP's audio meets ours."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Final

import pjsua2 as pj

from telephony.audio import FRAME_BYTES, FRAME_MS, RATE_HZ, SILENCE
from telephony.intake import Intake
from telephony.playout import Playout
from telephony.sip.buffers import fill_frame, read_frame
from telephony.sip.callbacks import logged

_REST_S: Final = 1.0
"""The bridge disconnects ports asynchronously; until then one would hear the call before."""


class MediaPort(pj.AudioMediaPort):  # type: ignore[misc]
    """Copies frames between the bridge and a call's rings, on the bridge's clock thread.

    A port serves one call after another and is never destroyed: the clock may
    be on its way into a port at any moment, so there is no safe one to do it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rings: tuple[Intake, Playout] | None = None

    def open(self, name: str) -> None:
        """Register with the bridge. On the SIP thread only."""
        fmt = pj.MediaFormatAudio()
        fmt.init(pj.PJMEDIA_FORMAT_PCM, RATE_HZ, 1, FRAME_MS * 1000, 16)
        self.createPort(name, fmt)

    def serve(self, intake: Intake, playout: Playout) -> None:
        """From now on carry the audio of the call that these rings belong to."""
        self._rings = intake, playout

    def rest(self) -> None:
        """The call is over: carry nothing."""
        self._rings = None

    def abandon(self) -> None:
        """Leave the C++ object to the end of the process: nothing here frees it any more."""
        self.thisown = False

    @logged
    def onFrameRequested(self, frame: Any) -> None:  # noqa: N802 (PJSIP's name)
        """PJSIP wants 20 ms for the caller; silence keeps RTP flowing when there is nothing."""
        rings = self._rings
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        fill_frame(frame, (rings and rings[1].pull()) or SILENCE)

    @logged
    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802
        """PJSIP has 20 ms from the caller."""
        rings = self._rings
        if rings is None:
            return
        pcm = read_frame(frame)
        # A lost packet that was not concealed comes as an empty frame: time still passes.
        rings[0].put(pcm if len(pcm) == FRAME_BYTES else SILENCE)


class MediaPorts:
    """All ports of the bridge that are ours. Every method belongs to the SIP thread."""

    def __init__(self) -> None:
        self._all: list[MediaPort] = []
        self._resting: deque[tuple[float, MediaPort]] = deque()

    def take(self) -> MediaPort:
        """A port that carries nothing; a new one when the others are in use."""
        if self._resting and self._resting[0][0] <= time.monotonic():
            return self._resting.popleft()[1]
        port = MediaPort()
        port.open(f"call-{len(self._all)}")
        self._all.append(port)
        return port

    def give_back(self, port: MediaPort) -> None:
        """The call of *port* is over. It rests until the bridge has forgotten the call's audio."""
        port.rest()
        self._resting.append((time.monotonic() + _REST_S, port))

    def abandon(self) -> None:
        """The clock has stopped and the library is about to go."""
        for port in self._all:
            port.abandon()
        self._all.clear()
        self._resting.clear()
