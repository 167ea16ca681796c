"""Shows the judge what is heard, as it is heard: a processor before the user aggregator."""

from __future__ import annotations

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agent.judging.loop import JudgementLoop
from agent.judging.trigger import JudgeTrigger
from agent.memory.signals import TemporalSignals
from telephony.audio import duration_ms


class JudgingProcessor(FrameProcessor):
    """Follows the caller's words and pauses, and asks the judge when it is time.

    What the aggregator behind it finds out (voice activity, whose turn it is) comes by on its way
    upstream. Every frame goes on at once; judging happens beside them.
    """

    def __init__(
        self, loop: JudgementLoop, trigger: JudgeTrigger, signals: TemporalSignals
    ) -> None:
        super().__init__()
        self._loop = loop
        self._trigger = trigger
        self._signals = signals
        self._finals: list[str] = []
        self._interim = ""
        self._speaking = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take note of *frame* and pass it on."""
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._signals.audio(duration_ms(frame.audio) / 1000)
            self._ask_if_due()
        elif isinstance(frame, InterimTranscriptionFrame):
            self._interim = frame.text.strip()
        elif isinstance(frame, TranscriptionFrame):
            if frame.text.strip():
                self._finals.append(frame.text.strip())
            self._interim = ""
        elif isinstance(frame, EndFrame | CancelFrame):
            await self._loop.close()
        else:
            self._note(frame)

    def _note(self, frame: Frame) -> None:
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._speaking = True
            self._signals.caller_started(frame.start_secs)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speaking = False
            self._signals.caller_stopped(frame.stop_secs)
        elif isinstance(frame, BotStartedSpeakingFrame):
            self._signals.agent_started()
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._signals.agent_stopped()
        elif isinstance(frame, UserStartedSpeakingFrame):
            self._signals.turn_began()
            self._trigger.turn_began()
        elif isinstance(frame, UserStoppedSpeakingFrame):
            self._turn_ended()

    @property
    def _words(self) -> str:
        return " ".join(part for part in (*self._finals, self._interim) if part)

    def _ask_if_due(self) -> None:
        words = self._words
        if not words:
            return
        signals = self._signals.signals()
        if self._trigger.due(words, gap_s=signals.gap_s, speech_s=signals.speech_s):
            self._loop.ask(words, final=not self._speaking and not self._interim)

    def _turn_ended(self) -> None:
        """The turn was ruled over, perhaps sooner than half a second after the last word."""
        words = self._words
        if words and self._trigger.due(words, gap_s=float("inf"), speech_s=0.0):
            self._loop.ask(words, final=True)
        self._finals.clear()
        self._interim = ""
