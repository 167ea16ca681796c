"""Smart-turn, loaded once for all calls: does the voice sound finished?"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

RATE_HZ = 16_000
WINDOW_S = 8
"""Smart-turn hears the last eight seconds."""


class IntonationJudge:
    """Pipecat's bundled smart-turn v3 model as a function.

    Pipecat's analyzer loads a session for every call and keeps a turn's audio
    inside; here the session is shared, and the caller's turn owns its audio.
    """

    def __init__(self) -> None:
        self._model = LocalSmartTurnAnalyzerV3(sample_rate=RATE_HZ)
        self._model.set_sample_rate(RATE_HZ)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="smart-turn")

    async def probability(self, pcm: bytes) -> float:
        """Probability that the turn in *pcm* (s16le mono, 16 kHz, its end at the end) is over."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.predict, pcm)

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def predict(self, pcm: bytes) -> float:
        """The same, blocking for some 50 ms."""
        samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / 32768
        return float(self._model._predict_endpoint(samples)["probability"])
