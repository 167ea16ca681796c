"""Where aiortc's media meets a call's frames: the way out and the way in."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from typing import Any, Final

from aiortc.mediastreams import AudioStreamTrack, MediaStreamError
from av import AudioFrame, AudioResampler

from telephony.audio import FRAME_MS, FRAME_SAMPLES, RATE_HZ, SILENCE
from telephony.playout import Playout

_FRAME_S: Final = FRAME_MS / 1000
_LATE_S: Final = 0.2


class Pace:
    """When the next 20 ms are due."""

    def __init__(self) -> None:
        self._due_s: float | None = None

    def wait_s(self, now_s: float) -> float:
        """How long from *now_s* to wait before the next frame.

        After a stall it goes on from there: a burst would only add to the delay.
        """
        if self._due_s is None or now_s - self._due_s > _LATE_S:
            self._due_s = now_s
        wait_s = max(0.0, self._due_s - now_s)
        self._due_s += _FRAME_S
        return wait_s


class PlayoutTrack(AudioStreamTrack):
    """The agent's voice for aiortc: a frame of playout, or silence, every 20 ms."""

    def __init__(self, playout: Playout) -> None:
        super().__init__()
        self._playout = playout
        self._pace = Pace()
        self._sent_samples = 0

    async def recv(self) -> AudioFrame:
        """The next 20 ms, not before they are due.

        Raises:
            MediaStreamError: The track was stopped.
        """
        await asyncio.sleep(self._pace.wait_s(time.monotonic()))
        if self.readyState != "live":
            raise MediaStreamError
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(self._playout.pull() or SILENCE)
        frame.sample_rate = RATE_HZ
        frame.time_base = Fraction(1, RATE_HZ)
        frame.pts = self._sent_samples
        self._sent_samples += FRAME_SAMPLES
        return frame


class Ear:
    """Decoded frames of any rate and layout in, exact frames of call audio out."""

    def __init__(self) -> None:
        self._format: tuple[int, str, str] | None = None
        self._resampler: AudioResampler | None = None

    def hear(self, frame: Any) -> list[bytes]:
        """The frames of 20 ms that *frame* completes: none, one or several."""
        if not isinstance(frame, AudioFrame):
            return []
        heard = (frame.sample_rate, frame.layout.name, frame.format.name)
        if self._resampler is None or heard != self._format:  # the codec may change mid-call
            self._format = heard
            self._resampler = AudioResampler("s16", "mono", RATE_HZ, frame_size=FRAME_SAMPLES)
        frame.pts = None  # a gap in the timestamps is ours to fill, not the resampler's
        return [out.to_ndarray().tobytes() for out in self._resampler.resample(frame)]
