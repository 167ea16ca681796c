"""When the judge is asked, about what, and that a call never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
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

from agent.judging.loop import Judged, JudgementLoop
from agent.judging.processor import JudgingProcessor
from agent.judging.trigger import JudgeTrigger, TriggerSettings
from agent.memory.call_memory import CallMemory
from agent.memory.facts import WordedFacts
from agent.memory.signals import TemporalSignals
from judge.config import JudgeConfig, ModelKind
from judge.judge import Judge, open_judge
from judge.moment import Speaker
from judge.policy import Policy, PolicyConfig

NOON = datetime(2026, 11, 22, 12, 0)


def test_a_gap_asks_at_once_and_speech_every_second() -> None:
    trigger = JudgeTrigger(TriggerSettings())
    asked = [
        trigger.due("I would", gap_s=0.0, speech_s=0.5),
        trigger.due("I would like", gap_s=0.0, speech_s=1.1),
        trigger.due("I would like a", gap_s=0.0, speech_s=1.9),
        trigger.due("I would like a room", gap_s=0.0, speech_s=2.2),
        trigger.due("I would like a room", gap_s=0.3, speech_s=2.3),
        trigger.due("I would like a room", gap_s=0.52, speech_s=2.3),
    ]
    assert asked == [False, True, False, True, False, True]


def test_unchanged_words_are_not_judged_twice() -> None:
    trigger = JudgeTrigger(TriggerSettings())
    assert trigger.due("hello", gap_s=0.6, speech_s=0.5)
    assert not trigger.due("hello", gap_s=1.6, speech_s=0.5)
    assert not trigger.due("hello", gap_s=0.0, speech_s=5.0)
    assert not trigger.due("", gap_s=2.0, speech_s=0.0)
    trigger.turn_began()
    assert trigger.due("hello", gap_s=0.6, speech_s=0.5)


def test_signals_are_counted_in_audio() -> None:
    signals = TemporalSignals(3600.0, NOON)
    signals.audio(2.0)
    signals.caller_started(0.2)
    signals.turn_began()
    signals.audio(3.0)
    speaking = signals.signals("six words in three seconds here")
    assert (speaking.gap_s, speaking.speech_s, speaking.words_per_s) == (0.0, 3.0, 2.0)
    signals.audio(0.2)
    signals.caller_stopped(0.2)
    signals.audio(0.5)
    silent = signals.signals()
    assert silent.gap_s == pytest.approx(0.7)
    assert silent.speech_s == pytest.approx(3.0)
    assert silent.in_call_s == pytest.approx(5.7)
    assert silent.local_hour == pytest.approx(12.0016, abs=1e-3)
    assert silent.since_last_call_s == 3600.0


def test_overlap_is_counted_while_both_speak() -> None:
    signals = TemporalSignals(None, NOON)
    signals.agent_started()
    signals.audio(1.0)
    assert signals.signals().overlap_s == 0.0
    signals.caller_started(0.1)
    signals.audio(0.4)
    assert signals.signals().overlap_s == pytest.approx(0.5)
    signals.agent_stopped()
    signals.audio(0.1)
    assert signals.signals().overlap_s == 0.0


class Call:
    """A judged call, fed frame by frame."""

    def __init__(self, judge: Judge) -> None:
        self.memory = CallMemory(None, None, "one", "sip", WordedFacts())
        self.signals = TemporalSignals(None, NOON)
        self.judged: list[Judged] = []
        self.loop = JudgementLoop(
            judge,
            Policy(PolicyConfig(shadow=True)),
            self.memory,
            self.signals,
            agent="Front desk of the Hotel Aurora",
            identity="+442079460001",
            judged=self.judged.append,
        )
        trigger = JudgeTrigger(TriggerSettings())
        self.processor = JudgingProcessor(self.loop, trigger, self.signals)

    async def frame(self, frame: Frame) -> None:
        await self.processor.process_frame(frame, FrameDirection.DOWNSTREAM)

    async def audio(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            pcm = bytes(640)
            await self.frame(InputAudioRawFrame(audio=pcm, sample_rate=16_000, num_channels=1))

    async def settle(self) -> list[tuple[str, bool]]:
        """What was judged, when everything has been."""
        if self.loop._working:
            await self.loop._working
        return [(one.moment.words, one.moment.final) for one in self.judged]


@pytest.fixture
async def call(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Call]:
    async def push(*_: object) -> None:
        return None

    monkeypatch.setattr(FrameProcessor, "push_frame", push)
    async with open_judge(JudgeConfig(model=ModelKind.RULES)) as judge:
        await judge.ready()
        yield Call(judge)


async def test_words_are_judged_while_they_come_and_when_they_have_come(call: Call) -> None:
    await call.frame(VADUserStartedSpeakingFrame(start_secs=0.1))
    await call.frame(UserStartedSpeakingFrame())
    await call.audio(1.2)
    await call.frame(InterimTranscriptionFrame("could you tell me", "", ""))
    await call.audio(0.1)
    await call.settle()
    await call.audio(0.2)
    await call.frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    await call.frame(TranscriptionFrame("Could you tell me what breakfast costs?", "", ""))
    await call.audio(0.4)
    assert await call.settle() == [
        ("could you tell me", False),
        ("Could you tell me what breakfast costs?", True),
    ]
    assert call.judged[1].judgement.action == "respond"
    assert call.judged[1].moment.memory.signals.gap_s > 0.5
    await call.frame(UserStoppedSpeakingFrame())
    assert len(await call.settle()) == 2  # judged already


async def test_a_turn_that_ends_early_is_judged_at_its_end(call: Call) -> None:
    await call.frame(VADUserStartedSpeakingFrame(start_secs=0.1))
    await call.frame(UserStartedSpeakingFrame())
    await call.audio(0.8)
    await call.frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    await call.frame(TranscriptionFrame("Goodbye.", "", ""))
    await call.frame(UserStoppedSpeakingFrame())
    assert await call.settle() == [("Goodbye.", True)]


async def test_the_judge_is_shown_memory_turns_and_overlap(call: Call) -> None:
    call.memory.said(Speaker.CALLER, "My name is Mary Smith.")
    await call.memory.end()
    call.memory.said(Speaker.AGENT, "Hello Mary, how can I help?")
    await call.frame(BotStartedSpeakingFrame())
    await call.frame(VADUserStartedSpeakingFrame(start_secs=0.1))
    await call.frame(UserStartedSpeakingFrame())
    await call.frame(InterimTranscriptionFrame("no wait", "", ""))
    await call.audio(1.1)
    await call.settle()
    moment = call.judged[0].moment
    assert moment.memory.facts == ("Name is Mary Smith",)
    assert [turn.speaker for turn in moment.turns] == [Speaker.CALLER, Speaker.AGENT]
    assert moment.memory.signals.overlap_s > 0.9
    assert moment.agent == "Front desk of the Hotel Aurora"


async def test_of_moments_that_come_while_one_is_judged_the_last_counts(call: Call) -> None:
    for words in ("a", "a b", "a b c"):
        call.loop.ask(words, final=False)
    await asyncio.sleep(0)
    assert await call.settle() == [("a b c", False)]
