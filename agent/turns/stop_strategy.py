"""The end of the caller's turn, decided from intonation, words and silence."""

from __future__ import annotations

import asyncio
from typing import Final

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

from agent.turns.completeness import completeness
from agent.turns.endpointing import EndpointingSettings, required_silence_s
from agent.turns.intonation import RATE_HZ, WINDOW_S, IntonationJudge
from agent.turns.level import LevelGate
from telephony.frames import OutputResumeFrame

_LEAD_BYTES: Final = RATE_HZ * 2 * 7 // 10  # audio from before the VAD spoke up
_WINDOW_BYTES: Final = RATE_HZ * 2 * WINDOW_S

_ASK_AFTER_S: Final = 0.12
"""Quiet after which smart-turn is asked, while the VAD still waits for its silence."""

_RESUMING_S: Final = 0.25
"""A voice that comes back is given this long for the VAD to notice it."""


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
        self._gate = LevelGate()
        self._in_turn = False
        self._speaking = False
        self._silence_s = 0.0
        self._resumed_at_s = -_RESUMING_S  # when the level rose again in this silence
        self._finals: list[str] = []
        self._interim = ""
        self._final_pending = False
        self._probability: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def handle_user_turn_started(self) -> None:
        """A turn begins, perhaps with words that came while the agent was held back."""
        self._in_turn = True
        self._gate = LevelGate()
        self._probability = None

    async def handle_user_turn_stopped(self) -> None:
        """The turn is over."""
        self._in_turn = False
        self._final_pending = False
        self._forget_words()
        self._audio.clear()
        await self._forget_answer()

    async def cleanup(self) -> None:
        """Release the pending question to smart-turn."""
        await super().cleanup()
        await self._forget_answer()

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Take note of *frame* and end the turn when it is time."""
        await super().process_frame(frame)
        if isinstance(frame, InputAudioRawFrame):
            await self._hear(frame.audio)
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._speaking = True
            await self._forget_answer()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speaking = False
            self._silence_s = frame.stop_secs
            self._resumed_at_s = -_RESUMING_S
            self._final_pending = True
            if self._probability is None and self._asking is None:
                self._ask()
        elif isinstance(frame, InterimTranscriptionFrame):
            self._interim = frame.text
        elif isinstance(frame, TranscriptionFrame):
            self._finals.append(frame.text)
            self._interim = ""
            self._final_pending = False
        elif isinstance(frame, OutputResumeFrame):
            self._forget_words()  # they were ridden over, and belong to no turn
        else:
            return ProcessFrameResult.CONTINUE
        await self._end_if_due()
        return ProcessFrameResult.CONTINUE

    async def _hear(self, audio: bytes) -> None:
        self._audio += audio
        limit = _WINDOW_BYTES if self._in_turn else _LEAD_BYTES
        if len(self._audio) > limit:
            del self._audio[: len(self._audio) - limit]
        was_quiet = self._gate.quiet_s >= _ASK_AFTER_S
        self._gate.feed(audio)
        if not self._speaking:
            self._silence_s += len(audio) / (2 * RATE_HZ)
            if was_quiet and self._gate.quiet_s == 0.0:
                self._resumed_at_s = self._silence_s
        elif self._in_turn:
            if self._gate.quiet_s == 0.0:
                await self._forget_answer()  # it was about a pause that is over
            elif self._gate.quiet_s >= _ASK_AFTER_S and self._asking is None:
                self._ask()

    def _forget_words(self) -> None:
        self._finals.clear()
        self._interim = ""

    def _ask(self) -> None:
        self._asking = self.task_manager.create_task(
            self._take_answer(bytes(self._audio)), f"{self}::smart-turn"
        )

    async def _take_answer(self, audio: bytes) -> None:
        self._probability = await self._judge.probability(audio)

    async def _forget_answer(self) -> None:
        self._probability = None
        if self._asking is not None:
            asking, self._asking = self._asking, None
            await self.task_manager.cancel_task(asking)

    async def _end_if_due(self) -> None:
        if not self._in_turn or self._speaking:
            return
        text = " ".join([*self._finals, self._interim]).strip()
        words = completeness(text)
        if self._final_pending:
            due_s = self._settings.final_text_s
        elif not text:
            due_s = self._settings.no_words_s
        else:
            due_s = required_silence_s(self._probability, words, self._settings)
        if self._silence_s < due_s or self._silence_s - self._resumed_at_s < _RESUMING_S:
            return
        logger.debug(
            f"turn ends after {self._silence_s:.2f} s: words {words}, "
            f"intonation {self._probability}, text {text!r}"
        )
        await self.trigger_user_turn_stopped()
