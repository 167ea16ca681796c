"""The beginning of the caller's turn, frame by frame, on the audio's own clock."""

from __future__ import annotations

from typing import Any

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

from agent.turns.start_strategy import SelectiveTurnStartStrategy
from agent.turns.yielding import YieldingSettings

SETTINGS = YieldingSettings(decide_s=0.6, longest_s=1.2, quiet_s=0.2)


class Line:
    """Feeds the strategy, and notes what it does and when, in seconds of audio."""

    def __init__(self, *, agent_speaks: bool) -> None:
        self.strategy = SelectiveTurnStartStrategy(SETTINGS)
        self.heard_s = 0.0
        self.did: list[tuple[str, float]] = []
        self.strategy.add_event_handler("on_user_turn_started", self._began)
        self.strategy.add_event_handler("on_push_frame", self._pushed)
        self.strategy.add_event_handler("on_reset_aggregation", self._reset)
        self._agent_speaks = agent_speaks

    async def open(self) -> Line:
        if self._agent_speaks:
            await self.frame(BotStartedSpeakingFrame())
        return self

    async def _began(self, *_: Any) -> None:
        self._note("turn")
        await self.strategy.handle_user_turn_started()

    async def _pushed(self, _: object, frame: Frame, *__: Any) -> None:
        self._note(
            {"OutputPauseFrame": "pause", "OutputResumeFrame": "resume"}[type(frame).__name__]
        )

    async def _reset(self, *_: Any) -> None:
        self._note("words dropped")

    def _note(self, what: str) -> None:
        self.did.append((what, round(self.heard_s, 2)))

    async def frame(self, frame: Frame) -> None:
        await self.strategy.process_frame(frame)

    async def speaks(self, seconds: float) -> None:
        """The VAD speaks up after 0.1 s."""
        await self.audio(0.1)
        await self.frame(VADUserStartedSpeakingFrame(start_secs=0.1))
        await self.audio(seconds - 0.1)

    async def falls_silent(self, seconds: float) -> None:
        """The VAD speaks up after 0.2 s."""
        await self.audio(0.2)
        await self.frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        await self.audio(seconds - 0.2)

    async def partial(self, text: str) -> None:
        await self.frame(InterimTranscriptionFrame(text, "", ""))

    async def final(self, text: str) -> None:
        await self.frame(TranscriptionFrame(text, "", "", finalized=True))

    async def audio(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.heard_s += 0.02
            pcm = bytes(640)
            await self.frame(InputAudioRawFrame(audio=pcm, sample_rate=16_000, num_channels=1))


async def line(*, agent_speaks: bool = True) -> Line:
    return await Line(agent_speaks=agent_speaks).open()


async def test_while_the_agent_is_silent_every_sound_begins_the_turn() -> None:
    call = await line(agent_speaks=False)
    await call.speaks(0.5)
    assert call.did == [("turn", 0.1)]
    await call.falls_silent(0.5)
    await call.speaks(0.5)  # the same turn goes on
    assert call.did == [("turn", 0.1)]


async def test_a_backchannel_holds_the_agent_back_and_lets_it_go_on() -> None:
    call = await line()
    await call.speaks(0.3)
    await call.falls_silent(0.24)
    await call.final("Mhm.")
    assert call.did == [("pause", 0.1), ("words dropped", 0.54), ("resume", 0.54)]
    assert not call.strategy.holding


async def test_a_cough_lets_the_agent_go_on_when_nothing_was_recognised() -> None:
    call = await line()
    await call.speaks(0.2)
    await call.falls_silent(0.2)
    await call.final("")
    assert [what for what, _ in call.did] == ["pause", "words dropped", "resume"]


async def test_words_that_come_late_of_a_sound_that_was_ridden_over_begin_no_turn() -> None:
    call = await line()
    await call.speaks(0.2)
    await call.falls_silent(0.6)  # the recogniser takes its time
    assert [what for what, _ in call.did] == ["pause", "words dropped", "resume"]
    await call.final("Right.")
    assert call.did[-1][0] == "words dropped"
    await call.speaks(0.5)  # the next sound is looked at anew
    assert call.did[-1][0] == "pause"


async def test_words_that_claim_the_floor_get_it_at_once() -> None:
    call = await line()
    await call.speaks(0.4)
    await call.partial("No, wait")
    assert call.did == [("pause", 0.1), ("turn", 0.4)]


async def test_other_words_get_the_floor_when_the_time_to_judge_is_over() -> None:
    call = await line()
    await call.speaks(0.4)
    await call.partial("which room")
    await call.audio(0.4)
    assert call.did == [("pause", 0.1), ("turn", 0.6)]


async def test_speech_that_nobody_understands_gets_the_floor_in_the_end() -> None:
    call = await line()
    await call.speaks(2.0)
    assert call.did == [("pause", 0.1), ("turn", 1.2)]


async def test_a_sound_at_the_agents_last_word_begins_the_turn() -> None:
    call = await line()
    await call.speaks(0.2)
    await call.frame(BotStoppedSpeakingFrame())
    assert call.did == [("pause", 0.1), ("turn", 0.2)]


async def test_a_voice_too_low_for_the_vad_is_heard_by_its_words() -> None:
    silent = await line(agent_speaks=False)
    await silent.partial("hello")
    assert [what for what, _ in silent.did] == ["turn"]
    speaking = await line()
    await speaking.partial("stop please")
    assert [what for what, _ in speaking.did] == ["pause", "turn"]
    await speaking.final("stop please")
    assert len(speaking.did) == 2


async def test_within_a_turn_the_agent_is_not_held_back() -> None:
    call = await line(agent_speaks=False)
    await call.speaks(0.3)
    await call.frame(BotStartedSpeakingFrame())  # it cuts in
    await call.falls_silent(0.3)
    await call.speaks(0.3)
    assert [what for what, _ in call.did] == ["turn"]
