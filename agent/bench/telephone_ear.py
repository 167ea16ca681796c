"""Text as it arrives over a telephone: spoken by a synthetic voice, through G.711, recognised.

The judge learns and is tested on what comes out of this (:mod:`judge.data.recognised`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr

from agent.bench.speech import available_voices, speak
from agent.bench.timeline import Pcm
from agent.providers.moonshine_engine import RATE_HZ, MoonshineEngine

_LINE_HZ: Final = 8000
_MU: Final = 255.0
_LEAD_S: Final = 0.3  # moonshine mishears a first word that begins abruptly
_TAIL_S: Final = 0.3


class TelephoneEar:
    """Speaks and recognises. One utterance costs some 10 % of its length in CPU time."""

    def __init__(self) -> None:
        self._engine = MoonshineEngine()
        self._voices = available_voices()

    def __call__(self, text: str, seed: int) -> str:
        """What the embedded recogniser makes of *text* in the voice that *seed* chooses."""
        spoken = speak(text, self._voices[seed % len(self._voices)], _LINE_HZ)
        line = np.concatenate(
            [
                np.zeros(round(_LEAD_S * _LINE_HZ), np.int16),
                through_g711(spoken.pcm),
                np.zeros(round(_TAIL_S * _LINE_HZ), np.int16),
            ]
        )
        segment = self._engine.segment()
        segment.feed(soxr.resample(line, _LINE_HZ, RATE_HZ).astype(np.int16).tobytes())
        return segment.finish().result()

    def close(self) -> None:
        """End the recogniser's thread."""
        self._engine.close()


def through_g711(pcm: Pcm) -> Pcm:
    """Compand to 8 bits by the µ-law and back (ITU-T G.711, as its continuous formula)."""
    x = pcm.astype(np.float64) / 32768
    companded = np.sign(x) * np.log1p(_MU * np.abs(x)) / np.log1p(_MU)
    coded = np.round(companded * 127) / 127
    expanded = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(_MU)) / _MU
    return np.asarray(np.clip(np.round(expanded * 32768), -32768, 32767), np.int16)
