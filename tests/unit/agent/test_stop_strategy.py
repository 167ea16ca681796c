"""The end of a turn, frame by frame, on the audio's own clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import numpy as np
import pytest
from pipecat.clocks.system_clock import SystemClock
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.utils.asyncio.task_manager import TaskManager

from agent.turns.endpointing import EndpointingSettings
from agent.turns.intonation import IntonationJudge
from agent.turns.stop_strategy import JudgedTurnStopStrategy

SETTINGS = EndpointingSettings(
    sure_s=0.3, likely_s=0.5, pause_s=0.6, torn_s=0.8, unfinished_s=1.5, no_words_s=1.2
)
LOUD = (6000 * np.sin(np.arange(320) * 0.2)).astype(np.int16).tobytes()
QUIET = bytes(640)


class FixedJudge:
    """Answers what it is told to, and counts the questions."""

    def __init__(self, answer: float) -> None:
        self.answer = answer
        self.asked = 0

    async def probability(self, pcm: bytes) -> float:
        self.asked += 1
        return self.answer


class Caller:
    """Feeds one turn to the strategy and notes when it ends."""

    def __init__(self, strategy: JudgedTurnStopStrategy) -> None:
        self.strategy = strategy
        self.silence_s = 0.0
        self.ended_after_s: float | None = None

    async def speaks(self, seconds: float) -> None:
        await self.frame(VADUserStartedSpeakingFrame(start_secs=0.1))
        await self.strategy.handle_user_turn_started()
        await self.sound(LOUD, seconds)

    async def resumes(self, seconds: float) -> None:
        await self.frame(VADUserStartedSpeakingFrame(start_secs=0.1))
        await self.sound(LOUD, seconds)

    async def falls_silent(self, seconds: float, heard: str | None) -> None:
        """Silence; the VAD speaks up after 0.2 s, and the recogniser with it."""
        self.silence_s = 0.0
        await self.sound(QUIET, 0.2)
        await self.frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        if heard is not None:
            await self.frame(TranscriptionFrame(heard, "", "", finalized=True))
        await self.sound(QUIET, seconds - 0.2)

    async def sound(self, pcm: bytes, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.silence_s += 0.02
            await self.frame(InputAudioRawFrame(audio=pcm, sample_rate=16_000, num_channels=1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def frame(self, frame: Frame) -> None:
        await self.strategy.process_frame(frame)

    def note_end(self, *_: Any) -> None:
        if self.ended_after_s is None:
            self.ended_after_s = round(self.silence_s, 2)


@pytest.fixture
async def call() -> AsyncIterator[Callable[[FixedJudge], Any]]:
    strategies: list[JudgedTurnStopStrategy] = []

    async def begin(judge: FixedJudge) -> Caller:
        strategy = JudgedTurnStopStrategy(cast(IntonationJudge, judge), SETTINGS)
        strategies.append(strategy)
        manager = TaskManager(loop=asyncio.get_running_loop())
        await strategy.setup(
            FrameProcessorSetup(
                clock=SystemClock(),
                task_manager=manager,
                pipeline_worker=cast(Any, None),
                audio_in_sample_rate=16_000,
                audio_out_sample_rate=16_000,
            )
        )
        caller = Caller(strategy)

        async def ended(*_: Any) -> None:
            caller.note_end()
            await strategy.handle_user_turn_stopped()

        strategy.add_event_handler("on_user_turn_stopped", ended)
        return caller

    yield begin
    for strategy in strategies:
        await strategy.cleanup()


@pytest.mark.parametrize(
    ("intonation", "words", "ends_after_s"),
    [
        (0.9, "What time is breakfast served?", 0.3),
        (0.1, "What time is breakfast served?", 0.5),
        (0.01, "What time is breakfast served?", 0.6),
        (0.9, "I need to cancel my booking", 0.6),
        (0.6, "I need to cancel my booking", 0.8),
        (0.1, "I need to cancel my booking", 0.8),
        (0.9, "I would like a room for", 0.8),
        (0.1, "I would like a room for", 1.5),
    ],
)
async def test_the_table_decides(
    call: Any, intonation: float, words: str, ends_after_s: float
) -> None:
    caller = await call(FixedJudge(intonation))
    await caller.speaks(1.0)
    await caller.falls_silent(2.0, words)
    assert caller.ended_after_s == pytest.approx(ends_after_s, abs=0.03)


async def test_a_caller_who_goes_on_in_time_keeps_the_turn(call: Any) -> None:
    caller = await call(FixedJudge(0.9))
    await caller.speaks(1.0)
    await caller.falls_silent(0.7, "I would like a room for")
    assert caller.ended_after_s is None
    await caller.resumes(0.5)
    await caller.falls_silent(1.0, "two nights, please.")
    assert caller.ended_after_s == pytest.approx(0.3, abs=0.03)


async def test_a_voice_that_comes_back_is_noticed_before_the_vad_does(call: Any) -> None:
    caller = await call(FixedJudge(0.9))
    await caller.speaks(1.0)
    await caller.falls_silent(0.56, "I need to cancel my booking")
    await caller.sound(LOUD, 0.14)  # due at 0.6 s, but somebody speaks
    assert caller.ended_after_s is None
    await caller.resumes(0.3)
    assert caller.ended_after_s is None


async def test_a_click_in_the_silence_only_delays_the_end(call: Any) -> None:
    caller = await call(FixedJudge(0.9))
    await caller.speaks(1.0)
    await caller.falls_silent(0.5, "I need to cancel my booking")
    await caller.sound(LOUD, 0.02)
    await caller.sound(QUIET, 0.5)
    assert caller.ended_after_s == pytest.approx(0.77, abs=0.03)


async def test_the_end_waits_for_the_final_text(call: Any) -> None:
    caller = await call(FixedJudge(0.9))
    await caller.speaks(1.0)
    await caller.frame(InterimTranscriptionFrame("What time is breakfast served?", "", ""))
    await caller.falls_silent(0.6, None)
    assert caller.ended_after_s is None
    await caller.frame(TranscriptionFrame("What time is breakfast served?", "", ""))
    assert caller.ended_after_s == pytest.approx(0.6, abs=0.03)


async def test_a_sound_without_words_ends_in_the_end(call: Any) -> None:
    caller = await call(FixedJudge(0.9))
    await caller.speaks(0.3)
    await caller.falls_silent(2.0, "")
    assert caller.ended_after_s == pytest.approx(SETTINGS.no_words_s, abs=0.03)


async def test_a_recogniser_that_never_answers_does_not_hold_the_turn_for_ever(call: Any) -> None:
    caller = await call(FixedJudge(0.9))
    await caller.speaks(0.5)
    await caller.falls_silent(4.0, None)
    assert caller.ended_after_s == pytest.approx(SETTINGS.final_text_s, abs=0.03)


async def test_smart_turn_is_asked_once_a_pause_while_the_vad_still_waits(call: Any) -> None:
    judge = FixedJudge(0.9)
    caller = await call(judge)
    await caller.speaks(1.0)
    await caller.sound(QUIET, 0.16)
    assert judge.asked == 1
    await caller.falls_silent(0.2, "What time is breakfast served?")
    assert judge.asked == 1


async def test_an_answer_about_a_pause_that_is_over_is_forgotten(call: Any) -> None:
    judge = FixedJudge(0.9)
    caller = await call(judge)
    await caller.speaks(1.0)
    await caller.sound(QUIET, 0.16)  # a pause shorter than the VAD's
    judge.answer = 0.1
    await caller.sound(LOUD, 0.4)
    await caller.falls_silent(1.0, "What time is breakfast served?")
    assert judge.asked == 2
    assert caller.ended_after_s == pytest.approx(0.5, abs=0.03)
