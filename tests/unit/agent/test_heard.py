"""After a barge-in the context holds what the caller heard, and the line is silent."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import InterruptionFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.workers.runner import WorkerRunner

from agent.providers.espeak import EspeakTTSService
from agent.providers.espeak_engine import EspeakEngine, SpeechSynthesisError
from telephony.audio import FRAME_MS, RATE_HZ
from telephony.transport import CallTransport
from tests.unit.telephony.plain_call import listen, offered

TEXT = "One two three four five six seven eight nine ten. Eleven twelve thirteen fourteen fifteen."
VOICE = "en+Andrea"


@pytest.fixture(scope="module")
def engine() -> EspeakEngine:
    return EspeakEngine()


def said(context: LLMContext) -> str:
    return " ".join(
        str(message["content"])
        for message in context.get_messages()
        if isinstance(message, dict) and message["role"] == "assistant"
    )


async def speak(
    engine: EspeakEngine, *, interrupt_after_s: float | None
) -> tuple[str, list[bytes]]:
    """Speak TEXT to a caller who may cut in; what the context holds, what was heard."""
    call, heard = offered(), list[bytes]()
    context = LLMContext()
    transport = CallTransport(call)
    worker = PipelineWorker(
        Pipeline(
            [
                EspeakTTSService(engine, voice=VOICE, words_per_minute=160),
                transport.output(),
                LLMContextAggregatorPair(context).assistant(),
            ]
        ),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    await runner.add_workers(worker)
    await worker.queue_frame(TTSSpeakFrame(TEXT))
    running = asyncio.create_task(runner.run())
    listening = asyncio.create_task(listen(call, heard))
    try:
        while not heard:  # noqa: ASYNC110 (a telephone has no event to wait for)
            await asyncio.sleep(0.01)
        if interrupt_after_s is None:
            await worker.stop_when_done()
        else:
            await asyncio.sleep(interrupt_after_s)
            await worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(0.3)
            at_interruption = len(heard)
            await asyncio.sleep(0.5)
            assert len(heard) == at_interruption, "audio went on after the interruption"
            await worker.cancel()
        await asyncio.wait_for(running, 20)
    finally:
        listening.cancel()
    return said(context), heard


async def test_a_reply_that_is_not_interrupted_is_kept_whole(engine: EspeakEngine) -> None:
    kept, heard = await speak(engine, interrupt_after_s=None)
    assert kept == TEXT
    spoken_s = engine.synthesise(TEXT, voice=VOICE, words_per_minute=160).result().duration_s
    assert len(heard) * FRAME_MS / 1000 == pytest.approx(spoken_s, abs=0.8)


async def test_an_interrupted_reply_is_kept_as_far_as_it_was_heard(engine: EspeakEngine) -> None:
    kept, heard = await speak(engine, interrupt_after_s=1.5)
    assert TEXT.startswith(kept)
    heard_s = len(heard) * FRAME_MS / 1000
    assert heard_s == pytest.approx(1.5, abs=0.4)
    speech = engine.synthesise(TEXT, voice=VOICE, words_per_minute=160).result()
    begun = [word.text for word in speech.words if word.start_s < heard_s]
    assert abs(len(kept.split()) - len(begun)) <= 1


def test_word_times_rise_and_stay_within_the_audio(engine: EspeakEngine) -> None:
    speech = engine.synthesise(TEXT, voice=VOICE, words_per_minute=160).result()
    starts = [word.start_s for word in speech.words]
    assert [word.text for word in speech.words] == TEXT.split()
    assert starts == sorted(starts)
    assert starts[0] == pytest.approx(0, abs=0.05)
    assert starts[-1] < speech.duration_s


def test_text_without_sound_is_spoken_as_nothing(engine: EspeakEngine) -> None:
    assert len(engine.synthesise("", voice=VOICE, words_per_minute=160).result().words) == 0


def test_an_unknown_voice_is_named_with_a_remedy(engine: EspeakEngine) -> None:
    with pytest.raises(SpeechSynthesisError, match="no-such-voice"):
        engine.check_voice("no-such-voice")
