"""Hosted providers, through Pipecat's own services."""

from __future__ import annotations

from openai import AsyncOpenAI
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.services.openai.llm import OpenAILLMService
from pydantic import SecretStr

from agent.config import Resolved
from agent.memory.note_taker import NoteTaker
from agent.profiles import Profile


def deepgram(resolved: Resolved) -> DeepgramSTTService:
    """Deepgram's streaming recognition."""
    group = resolved.config.stt
    return DeepgramSTTService(
        api_key=_reveal(resolved.secrets.deepgram_api_key),
        settings=DeepgramSTTService.Settings(
            model=group.model, language=group.language, interim_results=True, smart_format=True
        ),
    )


def openai_compatible(resolved: Resolved, profile: Profile) -> OpenAILLMService:
    """Any server that speaks OpenAI's chat completions, prompted with the profile.

    The persona and the whole of the profile's knowledge are the system
    instruction: a front desk's fits easily.
    """
    group = resolved.config.llm
    return OpenAILLMService(
        # Local servers want no key, but the client insists on a value.
        api_key=_reveal(resolved.secrets.openai_api_key) or "none",
        base_url=group.base_url or None,
        settings=OpenAILLMService.Settings(
            model=group.model,
            system_instruction=system_instruction(profile),
            temperature=group.temperature,
            max_tokens=group.max_tokens,
        ),
    )


def note_taker(resolved: Resolved) -> NoteTaker:
    """The same language model, asked beside the calls for facts and summaries."""
    client = AsyncOpenAI(
        api_key=_reveal(resolved.secrets.openai_api_key) or "none",
        base_url=resolved.config.llm.base_url or None,
        max_retries=1,
    )
    return NoteTaker(client, resolved.config.llm.model)


def elevenlabs(resolved: Resolved) -> ElevenLabsTTSService:
    """ElevenLabs' streaming synthesis, with word times."""
    group = resolved.config.tts
    return ElevenLabsTTSService(
        api_key=_reveal(resolved.secrets.elevenlabs_api_key),
        settings=ElevenLabsTTSService.Settings(model=group.model, voice=group.voice),
    )


def system_instruction(profile: Profile) -> str:
    """The persona and everything the profile knows, as a prompt."""
    known = "\n".join(f"- {entry.question} {entry.answer}" for entry in profile.knowledge)
    return f"{profile.persona.strip()}\n\nWhat you know:\n{known}"


def _reveal(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
