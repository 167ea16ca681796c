"""Who serves which role: models are loaded once here, services are made per call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from agent.config import LlmProvider, Resolved, SttProvider, TtsProvider
from agent.knowledge.embedding import SentenceEmbedder
from agent.knowledge.responder import Responder
from agent.memory.note_taker import NoteTaker
from agent.profiles import Profile
from agent.providers.espeak import EspeakTTSService
from agent.providers.espeak_engine import EspeakEngine
from agent.providers.knowledge import KnowledgeLLMService
from agent.providers.moonshine import MoonshineSTTService
from agent.providers.moonshine_engine import MoonshineEngine
from agent.turns.intonation import RATE_HZ, IntonationJudge

DEFAULT_ESPEAK_VOICE = "en+Andrea"
"""The eSpeak NG voice that the recogniser understood best at 8 kHz, of twelve tried."""


@dataclass(frozen=True)
class ServedBy:
    """A role and, in words for people, who serves it."""

    role: str
    provider: str


class Catalog:
    """The loaded models, and from them the services of a call.

    Everything slow happens in the constructor, at start; making a call's
    services takes milliseconds.
    """

    def __init__(self, resolved: Resolved, profile: Profile) -> None:
        self._resolved = resolved
        self._profile = profile
        self.intonation = IntonationJudge()
        self._moonshine = MoonshineEngine() if resolved.stt is SttProvider.MOONSHINE else None
        self._espeak = EspeakEngine() if resolved.tts is TtsProvider.ESPEAK else None
        if self._espeak:
            self._espeak.check_voice(self._voice)
        self.embedder = SentenceEmbedder()
        self._responder = (
            Responder(profile, self.embedder) if resolved.llm is LlmProvider.KNOWLEDGE else None
        )
        self._warm_up()

    def _warm_up(self) -> None:
        """Make one of everything: the first caller must not wait for imports and first runs."""
        self.vad()
        self.stt()
        self.llm()
        self.tts()
        second = bytes(2 * RATE_HZ)
        self.intonation.predict(second)
        if self._moonshine:
            segment = self._moonshine.segment()
            segment.feed(second)
            segment.finish().result()

    @property
    def _voice(self) -> str:
        return self._resolved.config.tts.voice or DEFAULT_ESPEAK_VOICE

    def roles(self) -> list[ServedBy]:
        """Who serves each role, as start-up and ``check`` print it."""
        config = self._resolved.config
        llm = (
            "knowledge (embedded, extractive; set OPENAI_API_KEY or an OpenAI-compatible URL "
            "for open conversation)"
            if self._resolved.llm is LlmProvider.KNOWLEDGE
            else f"openai {config.llm.model}"
            + (f" at {config.llm.base_url}" if config.llm.base_url else "")
        )
        return [
            ServedBy("voice activity", "silero (embedded)"),
            ServedBy("end of turn", "smart-turn v3 and words (embedded)"),
            ServedBy(
                "hearing",
                "moonshine tiny-en (embedded)"
                if self._moonshine
                else f"deepgram {config.stt.model}",
            ),
            ServedBy("thinking", llm),
            ServedBy(
                "speaking",
                f"espeak-ng {self._voice} (embedded)"
                if self._espeak
                else f"elevenlabs {config.tts.model}",
            ),
            ServedBy("agent", self._profile.name),
        ]

    def vad(self) -> VADAnalyzer:
        """Voice activity detection for one call."""
        group = self._resolved.config.vad
        return SileroVADAnalyzer(
            params=VADParams(
                confidence=group.confidence,
                start_secs=group.start_s,
                stop_secs=group.stop_s,
                min_volume=group.min_volume,
            )
        )

    def stt(self) -> STTService:
        """Speech recognition for one call."""
        if self._moonshine:
            return MoonshineSTTService(self._moonshine)
        from agent.providers.hosted import deepgram

        return deepgram(self._resolved)

    def llm(self) -> LLMService[Any]:
        """The language model for one call."""
        if self._responder:
            return KnowledgeLLMService(self._responder)
        from agent.providers.hosted import openai_compatible

        return openai_compatible(self._resolved, self._profile)

    def note_taker(self) -> NoteTaker | None:
        """The language model as a taker of notes about callers; None for the embedded one."""
        if self._responder:
            return None
        from agent.providers.hosted import note_taker

        return note_taker(self._resolved)

    def tts(self) -> TTSService:
        """Speech synthesis for one call."""
        if self._espeak:
            return EspeakTTSService(
                self._espeak,
                voice=self._voice,
                words_per_minute=self._resolved.config.tts.words_per_minute,
            )
        from agent.providers.hosted import elevenlabs

        return elevenlabs(self._resolved)

    def close(self) -> None:
        """Let the models' threads go."""
        self.intonation.close()
        if self._moonshine:
            self._moonshine.close()
