"""The beginning of the caller's turn, which is not every sound he makes while the agent speaks."""

from __future__ import annotations

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import BaseUserTurnStartStrategy

from agent.turns.yielding import Onset, Verdict, YieldingSettings, verdict
from telephony.audio import duration_ms
from telephony.frames import OutputPauseFrame, OutputResumeFrame


class SelectiveTurnStartStrategy(BaseUserTurnStartStrategy):
    """Begins the caller's turn when he means to take it.

    While the agent is silent every sound of his begins it. While the agent speaks, its audio is
    held back at his first sound; then either his turn begins, which interrupts the agent, or the
    same sentence goes on, and what he said ("mhm") belongs to no turn.

    Time is counted in the caller's audio.
    """

    def __init__(self, settings: YieldingSettings) -> None:
        super().__init__()
        self._settings = settings
        self._clock_s = 0.0
        self._agent_speaks = False
        self._caller_speaks = False
        self._quiet_from_s = 0.0
        self._in_turn = False
        self._onset_s: float | None = None  # of the sound at which the agent is held back
        self._finals: list[str] = []
        self._interim = ""
        self._closed = False
        self._words_to_come = False  # of a sound that was ridden over

    @property
    def holding(self) -> bool:
        """Whether the agent is held back at this moment."""
        return self._onset_s is not None

    async def handle_user_turn_started(self) -> None:
        """A turn has begun, whoever began it."""
        self._in_turn = True
        self._forget_sound()

    async def handle_user_turn_stopped(self) -> None:
        """The turn is over."""
        self._in_turn = False

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Take note of *frame*, and begin the turn when the caller means to."""
        await super().process_frame(frame)
        if isinstance(frame, InputAudioRawFrame):
            self._clock_s += duration_ms(frame.audio) / 1000
        elif isinstance(frame, BotStartedSpeakingFrame):
            self._agent_speaks = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            await self._agent_stopped()
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._caller_speaks = True
            await self._sound(frame.start_secs)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._caller_speaks = False
            self._quiet_from_s = self._clock_s - frame.stop_secs
        elif isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame):
            await self._words(frame)
        else:
            return ProcessFrameResult.CONTINUE
        if self.holding:
            await self._decide()
        return ProcessFrameResult.CONTINUE

    async def _sound(self, noticed_after_s: float) -> None:
        self._words_to_come = False
        if self._in_turn or self.holding:
            return
        if not self._agent_speaks:
            await self.trigger_user_turn_started()
            return
        self._onset_s = self._clock_s - noticed_after_s
        await self.push_frame(OutputPauseFrame())

    async def _words(self, frame: TranscriptionFrame | InterimTranscriptionFrame) -> None:
        final = isinstance(frame, TranscriptionFrame)
        if self.holding:
            if final:
                self._finals.append(frame.text.strip())
                self._interim = ""
                self._closed = True
            else:
                self._interim = frame.text.strip()
        elif self._words_to_come:
            if final:
                self._words_to_come = False
                await self.trigger_reset_aggregation()
        elif not self._in_turn and frame.text.strip():
            # Words of a voice too low for the VAD.
            self._onset_s = self._clock_s
            self._interim = frame.text.strip()
            if not self._agent_speaks:
                await self.trigger_user_turn_started()
            else:
                await self.push_frame(OutputPauseFrame())

    async def _agent_stopped(self) -> None:
        self._agent_speaks = False
        if self.holding:  # at its very last words: there is nothing left to resume
            await self._yield("the agent had finished")

    async def _decide(self) -> None:
        assert self._onset_s is not None
        words = " ".join(part for part in (*self._finals, self._interim) if part)
        onset = Onset(
            since_s=self._clock_s - self._onset_s,
            speaking=self._caller_speaks,
            quiet_s=0.0 if self._caller_speaks else self._clock_s - self._quiet_from_s,
            words=words,
            closed=self._closed,
        )
        ruled = verdict(onset, self._settings)
        if ruled is Verdict.YIELD:
            await self._yield(words or "speech without words")
        elif ruled is Verdict.RESUME:
            logger.debug(f"ridden over after {onset.since_s:.2f} s: {words or 'a noise'!r}")
            # What the recogniser still finds in this sound belongs to no turn either.
            self._words_to_come = not self._closed
            await self.trigger_reset_aggregation()
            await self.push_frame(OutputResumeFrame())
            self._forget_sound()

    async def _yield(self, why: str) -> None:
        logger.debug(f"yielded to: {why!r}")
        self._forget_sound()
        await self.trigger_user_turn_started()

    def _forget_sound(self) -> None:
        self._onset_s = None
        self._finals.clear()
        self._interim = ""
        self._closed = False
