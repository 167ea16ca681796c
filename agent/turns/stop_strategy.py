"""The end of the caller's turn, decided from intonation, words and silence."""

from __future__ import annotations

import asyncio

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_stop.base_user_turn_stop_strategy import BaseUserTurnStopStrategy

from agent.turns.completeness import Completeness, completeness
from agent.turns.endpointing import EndpointingSettings, required_silence_s
from agent.turns.intonation import RATE_HZ, WINDOW_S, IntonationJudge

_LEAD_BYTES = RATE_HZ * 2 * 7 // 10  # audio from before the VAD spoke up
_WINDOW_BYTES = RATE_HZ * 2 * WINDOW_S


class JudgedTurnStopStrategy(BaseUserTurnStopStrategy):
    """Ends the turn once it has been silent for as long as the judges ask for.

    Silence is counted in audio frames, not with timers: a stalled event loop
    makes the decision late, never wrong.
    """

    def __init__(self, intonation: IntonationJudge, settings: EndpointingSettings) -> None:
        super().__init__()
        self._judge = intonation
        self._settings = settings
        self._audio = bytearray()
        self._in_turn = False
        self._speaking = False
        self._silence_s = 0.0
        self._finals: list[str] = []
        self._interim = ""
        self._final_pending = False
        self._probability: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def handle_user_turn_started(self) -> None:
        """A turn begins: forget the one before."""
        self._in_turn = True
        self._finals.clear()
        self._interim = ""
        self._probability = None

    async def handle_user_turn_stopped(self) -> None:
        """The turn is over."""
        self._in_turn = False
        self._final_pending = False
        self._audio.clear()
        await self._forget_question()

    async def cleanup(self) -> None:
        """Release the pending question to smart-turn."""
        await super().cleanup()
        await self._forget_question()

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Take note of *frame* and end the turn when it is time."""
        await super().process_frame(frame)
        if isinstance(frame, InputAudioRawFrame):
            self._keep(frame.audio)
            if not self._speaking:
                self._silence_s += len(frame.audio) / (2 * RATE_HZ)
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._speaking = True
            self._probability = None
            await self._forget_question()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speaking = False
            self._silence_s = frame.stop_secs
            self._final_pending = True
            await self._ask()
        elif isinstance(frame, InterimTranscriptionFrame):
            self._interim = frame.text
        elif isinstance(frame, TranscriptionFrame):
            self._finals.append(frame.text)
            self._interim = ""
            self._final_pending = False
        else:
            return ProcessFrameResult.CONTINUE
        await self._end_if_due()
        return ProcessFrameResult.CONTINUE

    def _keep(self, audio: bytes) -> None:
        self._audio += audio
        limit = _WINDOW_BYTES if self._in_turn else _LEAD_BYTES
        if len(self._audio) > limit:
            del self._audio[: len(self._audio) - limit]

    async def _ask(self) -> None:
        await self._forget_question()
        self._asking = self.task_manager.create_task(
            self._take_answer(bytes(self._audio)), f"{self}::smart-turn"
        )

    async def _take_answer(self, audio: bytes) -> None:
        probability = await self._judge.probability(audio)
        self._probability = probability

    async def _forget_question(self) -> None:
        if self._asking is not None:
            asking, self._asking = self._asking, None
            await self.task_manager.cancel_task(asking)

    async def _end_if_due(self) -> None:
        if not self._in_turn or self._speaking:
            return
        text = " ".join([*self._finals, self._interim]).strip()
        if not text:
            due_s = self._settings.no_words_s
        elif self._final_pending:
            return  # the recogniser still owes the end of the sentence
        else:
            due_s = required_silence_s(self._probability, completeness(text), self._settings)
        if self._silence_s < due_s:
            return
        words = completeness(text) if text else Completeness.UNKNOWN
        logger.debug(
            f"turn ends after {self._silence_s:.2f} s: words {words}, "
            f"intonation {self._probability}, text {text!r}"
        )
        await self.trigger_user_turn_stopped()
