"""``interject check``: is everything that the configuration asks for there and working?"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from agent.config import LlmProvider, Resolved, SttProvider, TtsProvider
from agent.database.database import Database
from agent.knowledge.embedding import EmbeddingModelError, SentenceEmbedder
from agent.knowledge.responder import Responder
from agent.memory.sql_store import SqlStore
from agent.profiles import ProfileError, load_profile
from agent.providers.catalog import DEFAULT_ESPEAK_VOICE
from agent.providers.espeak_engine import EspeakEngine, SpeechSynthesisError
from agent.providers.moonshine_engine import MoonshineEngine, RecognitionError
from agent.turns.intonation import RATE_HZ, IntonationJudge

_HTTP_TIMEOUT_S = 5.0
_PHRASE = "Good day. How can I help?"


@dataclass(frozen=True)
class Readiness:
    """One thing that was tried. ``detail`` says what works, or what to do about it."""

    what: str
    ready: bool
    detail: str


def check(resolved: Resolved) -> Iterator[Readiness]:
    """Try everything the configuration needs, one thing after the other.

    Embedded models are loaded and used; hosted ones are asked over HTTP
    whether they know our key.
    """
    config = resolved.config
    yield from _profile(resolved)
    yield _attempt("end of turn: smart-turn", _try_smart_turn)
    if resolved.stt is SttProvider.MOONSHINE:
        yield _attempt("hearing: moonshine", _try_moonshine)
    else:
        key = resolved.secrets.deepgram_api_key
        headers = {"Authorization": f"Token {key.get_secret_value()}"} if key else {}
        yield _ask("hearing: deepgram", "https://api.deepgram.com/v1/projects", headers)
    if resolved.llm is LlmProvider.OPENAI:
        base = (config.llm.base_url or "https://api.openai.com/v1").rstrip("/")
        key = resolved.secrets.openai_api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        yield _ask("thinking: openai-compatible", f"{base}/models", headers)
    if resolved.tts is TtsProvider.ESPEAK:
        voice = config.tts.voice or DEFAULT_ESPEAK_VOICE
        yield _attempt("speaking: espeak-ng", lambda: _try_espeak(voice))
    else:
        key = resolved.secrets.elevenlabs_api_key
        headers = {"xi-api-key": key.get_secret_value()} if key else {}
        url = f"https://api.elevenlabs.io/v1/voices/{config.tts.voice}"
        yield _ask("speaking: elevenlabs", url, headers)
    yield _attempt("memory: database", lambda: _try_database(resolved))
    if config.sip.enabled:
        kinds = [transport.value for transport in config.sip.transports]
        yield _port("sip", config.sip.bind, config.sip.port, kinds)
    if config.web.enabled:
        yield _port("web", config.web.bind, config.web.port, ["tcp"])


def _profile(resolved: Resolved) -> Iterator[Readiness]:
    name = resolved.config.agent.profile
    try:
        profile = load_profile(name)
    except ProfileError as error:
        yield Readiness(f"agent: {name}", False, str(error))
        return
    yield Readiness(
        f"agent: {name}", True, f"{profile.name}, {len(profile.knowledge)} questions answered"
    )
    if resolved.llm is LlmProvider.KNOWLEDGE:

        def retrieve() -> str:
            reply = Responder(profile, SentenceEmbedder()).reply([], profile.knowledge[0].question)
            return f"answers {profile.knowledge[0].question!r} ({reply.score:.2f})"

        yield _attempt("thinking: knowledge", retrieve)


def _attempt(what: str, trial: Callable[[], str]) -> Readiness:
    try:
        return Readiness(what, True, trial())
    except (
        RecognitionError,
        SpeechSynthesisError,
        EmbeddingModelError,
        OSError,
        ImportError,
        RuntimeError,
    ) as error:
        return Readiness(what, False, str(error))


def _try_smart_turn() -> str:
    judge = IntonationJudge()
    try:
        judge.predict(bytes(RATE_HZ * 2))
    finally:
        judge.close()
    return "loaded and asked"


def _try_moonshine() -> str:
    engine = MoonshineEngine()
    try:
        segment = engine.segment()
        segment.feed(bytes(RATE_HZ * 2))
        segment.finish().result(timeout=30)
    finally:
        engine.close()
    return "tiny-en loaded and asked"


def _try_espeak(voice: str) -> str:
    speech = EspeakEngine().synthesise(_PHRASE, voice=voice, words_per_minute=160).result()
    return f"voice {voice}, {speech.duration_s:.1f} s of speech synthesised"


def _try_database(resolved: Resolved) -> str:
    database = Database(resolved.database_url.get_secret_value())

    async def count() -> int:
        await database.open()
        try:
            return len(await SqlStore(database).callers())
        finally:
            await database.close()

    return f"{database}, {asyncio.run(count())} callers remembered"


def _ask(what: str, url: str, headers: dict[str, str]) -> Readiness:
    try:
        response = httpx.get(url, headers=headers, timeout=_HTTP_TIMEOUT_S)
    except httpx.HTTPError as error:
        return Readiness(what, False, f"{url} cannot be reached: {error or type(error).__name__}")
    if response.status_code in (401, 403):
        return Readiness(what, False, f"{url} does not accept the key ({response.status_code})")
    if response.status_code >= 400:
        return Readiness(what, False, f"{url} answered {response.status_code}")
    return Readiness(what, True, f"{url} knows us")


def _port(group: str, bind: str, port: int, kinds: list[str]) -> Readiness:
    for kind in kinds:
        type_ = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, type_) as probe:
            if kind == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind, port))
            except OSError as error:
                return Readiness(
                    f"{group}: port {port}",
                    False,
                    f"cannot listen on {bind}:{port}/{kind}: {error.strerror}; "
                    f"set another {group}.port or {group}.bind",
                )
    return Readiness(f"{group}: port {port}", True, f"{bind}, {' and '.join(kinds)} free")
