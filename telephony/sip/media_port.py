"""The conference-bridge port of one call: where PJSIP's audio meets ours."""

from __future__ import annotations

from typing import Any

import pjsua2 as pj

from telephony.audio import FRAME_BYTES, FRAME_MS, RATE_HZ, SILENCE
from telephony.intake import Intake
from telephony.playout import Playout
from telephony.sip.buffers import fill_frame, read_frame
from telephony.sip.callbacks import logged


class MediaPort(pj.AudioMediaPort):  # type: ignore[misc]
    """Copies frames between the bridge and a call's rings, on the bridge's clock thread."""

    def __init__(self, intake: Intake, playout: Playout) -> None:
        super().__init__()
        self._intake = intake
        self._playout = playout

    def open(self, name: str) -> None:
        """Register with the bridge. On the SIP thread only."""
        fmt = pj.MediaFormatAudio()
        fmt.init(pj.PJMEDIA_FORMAT_PCM, RATE_HZ, 1, FRAME_MS * 1000, 16)
        self.createPort(name, fmt)

    @logged
    def onFrameRequested(self, frame: Any) -> None:  # noqa: N802 (PJSIP's name)
        """PJSIP wants 20 ms for the caller; silence keeps RTP flowing when there is nothing."""
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        fill_frame(frame, self._playout.pull() or SILENCE)

    @logged
    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802
        """PJSIP has 20 ms from the caller."""
        pcm = read_frame(frame)
        # A lost packet that was not concealed comes as an empty frame: time still passes.
        self._intake.put(pcm if len(pcm) == FRAME_BYTES else SILENCE)
