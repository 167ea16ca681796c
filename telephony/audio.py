"""The one audio format that crosses the boundary of a call.

Signed 16-bit little-endian mono at 16 kHz in frames of 20 ms. Smart-turn and
the recogniser want 16 kHz; whatever the codec runs at is resampled by the
media stack on the far side of the boundary.
"""

from __future__ import annotations

from typing import Final

RATE_HZ: Final = 16_000
FRAME_MS: Final = 20
SAMPLE_BYTES: Final = 2
FRAME_SAMPLES: Final = RATE_HZ * FRAME_MS // 1000
FRAME_BYTES: Final = FRAME_SAMPLES * SAMPLE_BYTES
SILENCE: Final = bytes(FRAME_BYTES)


def duration_ms(pcm: bytes) -> float:
    """Length of *pcm* (s16le mono at :data:`RATE_HZ`) in milliseconds."""
    return len(pcm) * 1000 / (RATE_HZ * SAMPLE_BYTES)
