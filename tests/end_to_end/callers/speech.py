"""What the callers say, in a voice of flite's: not the agent's own."""

from __future__ import annotations

import functools
import io
import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from tests.end_to_end.callers.programs import path_of

Samples = npt.NDArray[np.int16]


@functools.cache
def say(text: str, rate_hz: int = 8000, voice: str = "rms") -> Samples:
    """*text* as speech, mono, between a little silence on either side."""
    spoken = subprocess.run(
        [path_of("flite"), "-voice", voice, "-t", text, "-o", "/dev/stdout"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    with wave.open(io.BytesIO(spoken.stdout)) as file:
        # Flite cannot go back in a pipe to write the length, so the rest of the file counts.
        samples = np.frombuffer(file.readframes(1 << 28), dtype=np.int16)
        resampled: Samples = soxr.resample(samples, file.getframerate(), rate_hz)
    return resampled


def silence(seconds: float, rate_hz: int = 8000) -> Samples:
    """So many seconds of nothing."""
    return np.zeros(round(seconds * rate_hz), dtype=np.int16)


def write_wav(path: Path, samples: Samples, rate_hz: int) -> Path:
    """Save *samples* as 16-bit mono; returns *path*."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path
