"""Speech synthesis by eSpeak NG: the embedded voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import soxr
from pipecat.frames.frames import ErrorFrame, Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from agent.providers.espeak_engine import EspeakEngine, SpeechSynthesisError

_CHUNK_MS = 100


class EspeakTTSService(TTSService):
    """Sentence by sentence, with a time for every word.

    The times let the conversation's context keep only the words that were
    heard before the caller cut in.
    """

    def __init__(self, engine: EspeakEngine, *, voice: str, words_per_minute: int) -> None:
        super().__init__(
            push_text_frames=False,  # the words come with their times instead
            push_start_frame=True,
            push_stop_frames=True,
            # eSpeak is done before the first sample is heard: nothing more is to be waited for.
            stop_frame_timeout_s=0.3,
            settings=TTSSettings(model="espeak-ng", voice=voice, language=None),
        )
        self._engine = engine
        self._voice = voice
        self._words_per_minute = words_per_minute
        # A turn's sentences share an audio context; word times count from its start.
        self._spoken_s: dict[str, float] = {}

    def can_generate_metrics(self) -> bool:
        """Yes: times to first byte and processing times are measured."""
        return True

    async def on_audio_context_completed(self, context_id: str) -> None:
        """The turn was spoken to its end."""
        self._spoken_s.pop(context_id, None)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """The caller cut in."""
        self._spoken_s.pop(context_id, None)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Synthesise one sentence: its word times first, then its audio in pieces of 100 ms."""
        try:
            speech = await asyncio.wrap_future(
                self._engine.synthesise(
                    text, voice=self._voice, words_per_minute=self._words_per_minute
                )
            )
        except SpeechSynthesisError as error:
            yield ErrorFrame(error=str(error))
            return
        await self.start_tts_usage_metrics(text)
        pcm = soxr.resample(speech.samples, speech.rate_hz, self.sample_rate).tobytes()
        offset_s = self._spoken_s.get(context_id, 0.0)
        self._spoken_s[context_id] = offset_s + speech.duration_s
        await self.add_word_timestamps(
            [(word.text, offset_s + word.start_s) for word in speech.words], context_id
        )
        step = self.sample_rate * _CHUNK_MS // 1000 * 2
        for at in range(0, len(pcm), step):
            yield TTSAudioRawFrame(
                audio=pcm[at : at + step],
                sample_rate=self.sample_rate,
                num_channels=1,
                context_id=context_id,
            )
