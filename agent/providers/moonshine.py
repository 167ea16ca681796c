"""Streaming speech recognition by Moonshine: the embedded ear."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from concurrent.futures import Future
from typing import Final

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.time import time_now_iso8601

from agent.providers.moonshine_engine import RATE_HZ, MoonshineEngine, Segment
from agent.turns.level import LevelGate

PARTIAL_EVERY_S: Final = 0.5
PARTIAL_SHARE: Final = 0.25
"""At most this part of the time goes into partial texts: they get rarer in long utterances and
under load, so that the last recognition seldom has to wait for one that is under way."""

LEAD_S: Final = 0.35
"""Audio kept from before the VAD's onset: Moonshine mishears a first word that starts abruptly."""

QUIET_S: Final = 0.08
"""This much quiet after speech starts the last recognition, ahead of the VAD's verdict."""

TTFS_P99_S: Final = 0.5


class MoonshineSTTService(STTService):
    """Partial texts while the caller speaks, a final one when the VAD hears the end.

    The last recognition starts as soon as the level falls, while the VAD still
    waits for its silence; if no sound follows, its text is the final one and
    costs no more time.
    """

    def __init__(self, engine: MoonshineEngine) -> None:
        super().__init__(
            sample_rate=RATE_HZ,
            ttfs_p99_latency=TTFS_P99_S,
            settings=STTSettings(model="moonshine-tiny-en", language=None),
        )
        self._engine = engine
        self._lead: deque[bytes] = deque()
        self._lead_bytes = 0
        self._segment: Segment | None = None
        self._gate = LevelGate()
        self._since_partial_s = 0.0
        self._partial_due_s = PARTIAL_EVERY_S
        self._ahead: Future[str] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lead_limit = int(RATE_HZ * 2 * LEAD_S)

    def can_generate_metrics(self) -> bool:
        """Yes: the time from the end of speech to the final text is measured."""
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Take 20 ms of the caller's audio. Never recognises anything itself."""
        if self._segment is None:
            self._keep_lead(audio)
        else:
            self._segment.feed(audio)
            self._gate.feed(audio)
            self._since_partial_s += len(audio) / (2 * RATE_HZ)
            self._recognise_if_due()
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Open a segment when the VAD hears speech, close it when it hears the end."""
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._open(frame.start_secs)
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._finish()

    async def stop(self, frame: EndFrame) -> None:
        """The call ends."""
        await super().stop(frame)
        await self._abandon()

    async def cancel(self, frame: CancelFrame) -> None:
        """The call ends at once."""
        await super().cancel(frame)
        await self._abandon()

    def _keep_lead(self, audio: bytes) -> None:
        self._lead.append(audio)
        self._lead_bytes += len(audio)
        while self._lead_bytes > self._lead_limit:
            self._lead_bytes -= len(self._lead.popleft())

    def _open(self, vad_delay_s: float) -> None:
        # The VAD speaks up only after vad_delay_s of speech: keep that much more from now on.
        self._lead_limit = int(RATE_HZ * 2 * (LEAD_S + vad_delay_s))
        if self._segment is not None:
            return
        self._segment = self._engine.segment()
        self._gate = LevelGate()
        for audio in self._lead:
            self._segment.feed(audio)
            self._gate.feed(audio)
        self._lead.clear()
        self._lead_bytes = 0
        self._since_partial_s = 0.0
        self._ahead = None

    def _recognise_if_due(self) -> None:
        assert self._segment is not None
        if self._gate.quiet_s == 0.0 and self._ahead is not None:
            self._ahead.cancel()  # the caller goes on: it would come too early
            self._ahead = None
        if self._gate.quiet_s >= QUIET_S and self._ahead is None:
            self._ahead = self._segment.partial(urgent=True)
            if self._ahead is not None:
                self._since_partial_s = 0.0
                self._watch(self._push_partial(self._segment, self._ahead))
        elif self._gate.quiet_s == 0.0 and self._since_partial_s >= self._partial_due_s:
            outcome = self._segment.partial()
            if outcome is not None:
                self._since_partial_s = 0.0
                self._watch(self._push_partial(self._segment, outcome))

    def _finish(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        if self._ahead is not None:
            outcome = self._ahead
            segment.close_after_partial()
        else:
            outcome = segment.finish()
        self._watch(self._push_final(outcome))

    def _watch(self, coroutine: Coroutine[None, None, None]) -> None:
        task = self.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _push_partial(self, segment: Segment, outcome: Future[str]) -> None:
        asked_s = time.monotonic()
        try:
            text = await asyncio.wrap_future(outcome)
            took_s = time.monotonic() - asked_s
            self._partial_due_s = max(PARTIAL_EVERY_S, took_s / PARTIAL_SHARE)
        except asyncio.CancelledError:
            return  # overtaken by the end of the utterance
        except Exception as error:
            logger.warning(f"{self}: partial text lost: {error}")
            return
        if text and segment is self._segment:
            await self.push_frame(
                InterimTranscriptionFrame(text=text, user_id="", timestamp=time_now_iso8601())
            )

    async def _push_final(self, outcome: Future[str]) -> None:
        try:
            text = await asyncio.wrap_future(outcome)
        except Exception as error:
            await self.push_error(f"recognition failed: {error}", exception=error)
            return
        await self.emit_stt_usage_metrics()
        # Also when it was only a noise: whoever waits for the words must learn that none come.
        await self.push_frame(
            TranscriptionFrame(text=text, user_id="", timestamp=time_now_iso8601(), finalized=True)
        )

    async def _abandon(self) -> None:
        if self._segment is not None:
            self._segment.discard()
            self._segment = None
        for task in list(self._tasks):
            await self.cancel_task(task)
