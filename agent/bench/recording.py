"""A call as one stereo file: the caller on the left, the agent on the right."""

import wave
from pathlib import Path

import numpy as np

from agent.bench.phone_call import PhoneCall


def write_stereo(call: PhoneCall, path: Path) -> None:
    """Write both directions on the call's clock, from the INVITE to the last sample."""
    end_s = max(call.line.spoken.end_s, call.line.heard.end_s)
    left, right = call.spoken(0.0, end_s), call.heard(0.0, end_s)
    stereo = np.column_stack([left, right]).astype("<i2")
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(2)
        recording.setframerate(call.rate_hz)
        recording.writeframes(stereo.tobytes())
