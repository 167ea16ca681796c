"""When a stretch of speech has fallen quiet, judged by the level of its frames alone."""

from __future__ import annotations

from typing import Final

import numpy as np

RATE_HZ: Final = 16_000
QUIET_RATIO: Final = 0.05  # of the loudest frame so far: -26 dB


class LevelGate:
    """Says when a stretch of speech has fallen quiet, from the level of its frames.

    Fed with every frame of a segment in order; pure arithmetic on int16 audio.
    """

    def __init__(self) -> None:
        self._peak = 0.0
        self.quiet_s = 0.0

    def feed(self, pcm: bytes) -> None:
        """Take the next frame (s16le mono, 16 kHz)."""
        samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
        level = float(np.sqrt(np.mean(samples * samples))) if samples.size else 0.0
        self._peak = max(self._peak, level)
        if level < self._peak * QUIET_RATIO:
            self.quiet_s += len(pcm) / (2 * RATE_HZ)
        else:
            self.quiet_s = 0.0
