"""The session of one call: answer, greet, converse, say goodbye."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frameworks.rtvi import RTVIServerMessageFrame
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.workers.runner import WorkerRunner

from agent.doorman import identity_of
from agent.events import EventSink, EventType, SessionEvent
from agent.judging.loop import Judged, JudgementLoop
from agent.judging.processor import JudgingProcessor
from agent.judging.trigger import JudgeTrigger, TriggerSettings
from agent.memory.signals import TemporalSignals
from agent.pipeline import Assembled, assemble
from agent.staff import Staff
from telephony.audio import RATE_HZ
from telephony.call import Call, CallEvent, CallState, DigitPressed, Medium
from telephony.endings import Cause, Ending, Party
from telephony.frames import OutputPauseFrame, OutputResumeFrame
from telephony.transport import CallTransport

GOODBYE_TIMEOUT_S = 3.5
"""How long the last words may take before the call is ended in mid-sentence: the whole process
has five seconds to leave."""


class Session:
    """Everything that one call needs, from its ringing to its end.

    Args:
        call: An offered call.
        staff: What all sessions share.
    """

    def __init__(self, call: Call, staff: Staff) -> None:
        self._call = call
        self._staff = staff
        self._profile = staff.profile
        self._sink = staff.sink
        self._memory = staff.memories.of(call.info)
        self._worker: PipelineWorker | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._farewell = Ending(Party.AGENT, Cause.HUNG_UP)
        self._parting = False

    async def run(self) -> None:
        """Serve the call until it ends. Never raises for a fault of the call's own."""
        call = self._call
        if ending := await self._staff.doorman.turns_away(call.info):
            self._note("declined", f"{call.info.caller}: {ending}")
            await call.decline(ending)
            return
        self._note("call_started", f"{call.info.medium} from {call.info.caller}")
        try:
            # Silero's session takes 50 ms to load, and other calls share this loop.
            vad, _ = await asyncio.gather(
                asyncio.to_thread(self._staff.catalog.vad), self._memory.begin()
            )
            await call.answer()
            if call.state is not CallState.ENDED:
                await self._converse(
                    assemble(
                        CallTransport(call),
                        self._staff.catalog,
                        vad,
                        self._staff.turns,
                        self._memory,
                        self._judging(),
                        self._profile.lines,
                    )
                )
        except Exception:  # one call's fault must not reach the others
            logger.exception(f"call {call.info.call_id}: the session failed")
            await call.hang_up(Ending(Party.OPERATOR, Cause.FAILED, "internal error"))
        finally:
            self._note("call_ended", str(call.ending or "not answered"))
            await self._memory.end()

    def _judging(self) -> JudgingProcessor:
        """The judge's place in this call: it sees everything, and is listened to by the log."""
        signals = TemporalSignals(self._memory.recall().since_last_call_s, datetime.now())
        loop = JudgementLoop(
            self._staff.judge,
            self._staff.policy,
            self._memory,
            signals,
            agent=self._profile.name,
            identity=identity_of(self._call.info),
            judged=self._on_judged,
        )
        return JudgingProcessor(loop, JudgeTrigger(TriggerSettings()), signals)

    def _on_judged(self, judged: Judged) -> None:
        words, final = judged.moment.words, judged.moment.final
        took_ms = round(judged.judgement.took_ms, 1)
        detail = {
            "action": judged.judgement.action.value,
            "situation": judged.judgement.situation.value,
            "confidence": round(judged.judgement.confidence, 3),
            "ruling": judged.ruling.would.value,
            "because": judged.ruling.because,
            "model": judged.judgement.model,
        }
        self._sink(
            SessionEvent(self._call.info.call_id, "judged", words, final, took_ms, detail=detail)
        )
        self._show({"type": "judged", "words": words, "final": final, "ms": took_ms, **detail})

    def _show(self, message: Mapping[str, Any]) -> None:
        """Send a message of ours to the caller's screen, where there is one."""
        worker = self._worker
        if worker is None or self._call.info.medium is not Medium.WEB:
            return
        telling = asyncio.create_task(worker.queue_frame(RTVIServerMessageFrame(data=message)))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def say_goodbye(self, ending: Ending) -> None:
        """Say the profile's goodbye, whatever is being said now, then hang up for *ending*."""
        await self._part_with(self._profile.goodbye, ending)

    async def _part_with(self, line: str, ending: Ending) -> None:
        if self._parting:
            return
        self._parting = True
        self._farewell = ending
        worker = self._worker
        if worker is not None and self._call.state is CallState.ACTIVE:
            await worker.queue_frames([InterruptionFrame(), TTSSpeakFrame(line)])
            await worker.stop_when_done()
            try:
                async with asyncio.timeout(GOODBYE_TIMEOUT_S):
                    await self._call.wait_ended()
            except TimeoutError:
                logger.info(f"call {self._call.info.call_id}: the goodbye was cut short")
        await self._call.hang_up(ending)

    async def _converse(self, assembled: Assembled) -> None:
        latency = UserBotLatencyObserver()
        latency.add_event_handler("on_latency_measured", self._on_latency)
        worker = PipelineWorker(
            assembled.pipeline,
            params=PipelineParams(
                audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ, enable_metrics=True
            ),
            observers=[latency, _Watcher(self._sink, self._call.info.call_id)],
            enable_rtvi=self._call.info.medium is Medium.WEB,
            # A silent caller is the call's matter, and a runner serves this call alone.
            idle_timeout_secs=None,
        )
        worker.add_event_handler("on_pipeline_error", self._on_provider_error)
        self._worker = worker
        self._call.subscribe(self._on_call_event)
        await worker.queue_frame(TTSSpeakFrame(self._profile.greeting))
        runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
        await runner.add_workers(worker)
        ended = asyncio.create_task(self._stop_when_ended(worker))
        try:
            await runner.run()
        finally:
            ended.cancel()
            self._worker = None
        # The pipeline came to its end by itself: the agent is done with the call.
        await self._call.hang_up(self._farewell)

    async def _on_provider_error(self, worker: PipelineWorker, frame: ErrorFrame) -> None:
        """A provider failed: go on with words, or end with words; never with silence."""
        self._note("provider_error", frame.error)
        failed = frame.processor
        if failed is not None and not failed.is_usable:
            ending = Ending(Party.OPERATOR, Cause.FAILED, frame.error)
            line = self._profile.lines.breakdown
            asyncio.create_task(self._part_with(line, ending), name="breakdown")  # noqa: RUF006
        elif isinstance(failed, LLMService):
            await worker.queue_frame(TTSSpeakFrame(self._profile.lines.trouble))

    async def _stop_when_ended(self, worker: PipelineWorker) -> None:
        await self._call.wait_ended()
        await worker.cancel(reason="the call ended")

    async def _on_latency(self, _: object, latency_s: float) -> None:
        self._note("reply_latency", ms=round(latency_s * 1000, 1))
        self._show({"type": "reply_latency", "ms": round(latency_s * 1000)})

    def _on_call_event(self, event: CallEvent) -> None:
        if isinstance(event, DigitPressed):
            self._note("digit", event.digit)

    def _note(self, kind: EventType, text: str = "", ms: float | None = None) -> None:
        self._sink(SessionEvent(call=self._call.info.call_id, type=kind, text=text, ms=ms))


class _Watcher(BaseObserver):
    """Reports what is said and heard, each frame once, where it is born."""

    def __init__(self, sink: EventSink, call_id: str) -> None:
        super().__init__()
        self._sink = sink
        self._call_id = call_id
        self._speaking = False

    async def on_push_frame(self, data: FramePushed) -> None:
        """Look at one hop of one frame."""
        frame: Frame = data.frame
        if isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame):
            if isinstance(data.source, STTService):
                final = isinstance(frame, TranscriptionFrame)
                self._sink(SessionEvent(self._call_id, "caller", frame.text, final))
        elif isinstance(frame, TTSTextFrame):
            if isinstance(data.source, BaseOutputTransport):
                self._sink(SessionEvent(self._call_id, "agent", frame.text))
        elif isinstance(frame, OutputPauseFrame | OutputResumeFrame):
            if isinstance(data.destination, BaseOutputTransport):
                held = isinstance(frame, OutputPauseFrame)
                self._sink(SessionEvent(self._call_id, "held" if held else "resumed"))
        elif isinstance(frame, InterruptionFrame):
            if self._speaking:
                self._speaking = False
                self._sink(SessionEvent(self._call_id, "interrupted"))
        elif isinstance(data.source, BaseOutputTransport):
            if isinstance(frame, BotStartedSpeakingFrame):
                self._speaking = True
            elif isinstance(frame, BotStoppedSpeakingFrame):
                self._speaking = False
