"""Configuration: small frozen groups, read once at start, handed down.

A TOML file sets what differs from the defaults; secrets come from the
environment and are named, never written, in the file. No other module reads
either. Without a file the embedded profile runs: no key, no download.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from agent.turns.endpointing import EndpointingSettings
from agent.turns.yielding import YieldingSettings
from judge.config import JudgeConfig
from judge.problems import problem_lines
from telephony.sip.config import SipSettings, SipTransport, TrunkSettings

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ConfigError(ValueError):
    """The configuration cannot be used. One line a problem, in :attr:`problems`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class AgentGroup(_Group):
    """Who answers: a built-in profile's name or a folder."""

    profile: str = "hotel"


class TrunkGroup(_Group):
    """A registration with a trunk or PBX. ``secret_env`` names the secret's variable."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
    registrar: Annotated[str, Field(min_length=1)]
    user: Annotated[str, Field(min_length=1)]
    secret_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    auth_user: str = ""
    realm: str = "*"
    proxy: str = ""
    transport: SipTransport = SipTransport.UDP
    expires_s: Annotated[int, Field(ge=30, le=86400)] = 300
    retry_s: Annotated[int, Field(ge=1, le=3600)] = 15


class SipGroup(_Group):
    """Where SIP calls come in."""

    enabled: bool = True
    bind: str = "0.0.0.0"
    port: Port = 5060
    transports: Annotated[tuple[SipTransport, ...], Field(min_length=1)] = (
        SipTransport.UDP,
        SipTransport.TCP,
    )
    public_address: str = ""
    rtp_port: Annotated[int, Field(ge=1024, le=65000)] = 10000
    rtp_port_range: Annotated[int, Field(ge=10, le=50000)] = 1000
    codecs: Annotated[tuple[str, ...], Field(min_length=1)] = ("opus", "G722", "PCMU", "PCMA")
    max_calls: Annotated[int, Field(ge=1)] | None = None
    media_timeout_s: Seconds = 30.0
    user: Annotated[str, Field(pattern=r"^[\w.+-]{1,64}$")] = "agent"
    trunks: tuple[TrunkGroup, ...] = ()


class WebGroup(_Group):
    """Where browsers come in."""

    enabled: bool = True
    bind: str = "0.0.0.0"
    port: Port = 7860
    max_calls: Annotated[int, Field(ge=0)] = 4
    ice_servers: tuple[str, ...] = ()


class VadGroup(_Group):
    """Silero's voice activity detection."""

    start_s: Annotated[float, Field(ge=0.03, le=2)] = 0.12
    stop_s: Annotated[float, Field(ge=0.03, le=2)] = 0.2
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.7
    min_volume: Annotated[float, Field(ge=0, le=1)] = 0.35


class SttProvider(StrEnum):
    """Who hears. ``auto`` takes Deepgram when its key is set."""

    AUTO = "auto"
    MOONSHINE = "moonshine"
    DEEPGRAM = "deepgram"


class LlmProvider(StrEnum):
    """Who thinks. ``auto`` takes an OpenAI-compatible model when a key or URL is set."""

    AUTO = "auto"
    KNOWLEDGE = "knowledge"
    OPENAI = "openai"


class TtsProvider(StrEnum):
    """Who speaks. ``auto`` takes ElevenLabs when its key is set."""

    AUTO = "auto"
    ESPEAK = "espeak"
    ELEVENLABS = "elevenlabs"


class SttGroup(_Group):
    """Speech recognition. ``model`` and ``language`` are the hosted provider's."""

    provider: SttProvider = SttProvider.AUTO
    model: str = "nova-3-general"
    language: str = "en"


class LlmGroup(_Group):
    """The language model. ``base_url`` is any OpenAI-compatible server's."""

    provider: LlmProvider = LlmProvider.AUTO
    model: str = "gpt-4.1-mini"
    base_url: str = ""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.4
    max_tokens: Annotated[int, Field(ge=16, le=4096)] = 200


class TtsGroup(_Group):
    """Speech synthesis. ``voice`` is an eSpeak NG voice or the hosted provider's voice id."""

    provider: TtsProvider = TtsProvider.AUTO
    voice: str = ""
    model: str = "eleven_flash_v2_5"
    words_per_minute: Annotated[int, Field(ge=80, le=350)] = 160


class DatabaseGroup(_Group):
    """Where memory and blocks are kept.

    ``url`` is ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``; empty is a SQLite file in
    the user's data folder. A password belongs into the environment: INTERJECT_DATABASE_URL goes
    before ``url``.
    """

    url: str = ""


class MemoryGroup(_Group):
    """What is remembered of callers from one call to the next.

    ``retention_days`` of 0 keeps for ever. ``region`` is the country (ISO 3166) whose national
    numbers callers may show.
    """

    enabled: bool = True
    retention_days: Annotated[float, Field(ge=0, le=36500)] = 365
    region: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""


class Secrets(_Group):
    """What only the environment knows; masked wherever it is printed."""

    openai_api_key: SecretStr | None = None
    deepgram_api_key: SecretStr | None = None
    elevenlabs_api_key: SecretStr | None = None
    database_url: SecretStr | None = None


class Config(_Group):
    """The whole configuration."""

    agent: AgentGroup = AgentGroup()
    sip: SipGroup = SipGroup()
    web: WebGroup = WebGroup()
    vad: VadGroup = VadGroup()
    endpointing: EndpointingSettings = EndpointingSettings()
    yielding: YieldingSettings = YieldingSettings()
    stt: SttGroup = SttGroup()
    llm: LlmGroup = LlmGroup()
    tts: TtsGroup = TtsGroup()
    database: DatabaseGroup = DatabaseGroup()
    memory: MemoryGroup = MemoryGroup()
    judge: JudgeConfig = JudgeConfig()

    @model_validator(mode="after")
    def _something_to_answer(self) -> Config:
        if not self.sip.enabled and not self.web.enabled:
            raise ValueError("sip.enabled and web.enabled are both false: nobody could call")
        names = [trunk.name for trunk in self.sip.trunks]
        if len(set(names)) != len(names):
            raise ValueError("sip.trunks: two trunks have the same name")
        return self


class Resolved(_Group):
    """The configuration with every ``auto`` decided and every secret at hand."""

    config: Config
    secrets: Secrets
    stt: SttProvider
    llm: LlmProvider
    tts: TtsProvider
    source: str
    trunk_secrets: Mapping[str, SecretStr]
    database_url: SecretStr

    def sip_settings(self) -> SipSettings:
        """What the SIP endpoint is told."""
        group = self.config.sip
        return SipSettings(
            **group.model_dump(exclude={"enabled", "trunks"}),
            trunks=tuple(
                TrunkSettings(
                    **trunk.model_dump(exclude={"secret_env"}),
                    secret=self.trunk_secrets[trunk.name].get_secret_value(),
                )
                for trunk in group.trunks
            ),
        )


JUDGE_VARIABLE: Final = "INTERJECT_JUDGE_API_KEY"
DATABASE_VARIABLE: Final = "INTERJECT_DATABASE_URL"
_KEYS: Final = {
    "openai_api_key": "OPENAI_API_KEY",
    "deepgram_api_key": "DEEPGRAM_API_KEY",
    "elevenlabs_api_key": "ELEVENLABS_API_KEY",
    "database_url": DATABASE_VARIABLE,
}


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Resolved:
    """Read the file, lay the command line's *overrides* over it, look up the secrets.

    Args:
        path: A TOML file; None for the defaults.
        environ: Where secrets come from; the process's environment by default.
        overrides: Group → key → value, as given on the command line.

    Raises:
        ConfigError: Something is unknown, of the wrong type, impossible or missing.
    """
    environ = os.environ if environ is None else environ
    source = str(path) if path else "defaults"
    values = _read(path) if path else {}
    for group, pairs in (overrides or {}).items():
        values.setdefault(group, {}).update(pairs)
    if environ.get(JUDGE_VARIABLE):
        table = values.setdefault("judge", {}).setdefault("openai_compatible", {})
        table["api_key"] = environ[JUDGE_VARIABLE]
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(problem_lines(source, error, Config)) from None
    return _resolve(config, source, environ)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file; leave --config out for the defaults"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None


def _resolve(config: Config, source: str, environ: Mapping[str, str]) -> Resolved:
    problems: list[str] = []
    given = {name: environ.get(variable) or None for name, variable in _KEYS.items()}
    base_url = config.llm.base_url or environ.get("OPENAI_BASE_URL", "")
    if base_url != config.llm.base_url:
        config = config.model_copy(
            update={"llm": config.llm.model_copy(update={"base_url": base_url})}
        )

    stt, llm, tts = config.stt.provider, config.llm.provider, config.tts.provider
    if stt is SttProvider.AUTO:
        stt = SttProvider.DEEPGRAM if given["deepgram_api_key"] else SttProvider.MOONSHINE
    if llm is LlmProvider.AUTO:
        hosted = given["openai_api_key"] or base_url
        llm = LlmProvider.OPENAI if hosted else LlmProvider.KNOWLEDGE
    if tts is TtsProvider.AUTO:
        tts = TtsProvider.ELEVENLABS if given["elevenlabs_api_key"] else TtsProvider.ESPEAK

    def need(role: str, provider: str, name: str) -> None:
        if not given[name]:
            problems.append(
                f"{source}: {role}.provider: given {provider!r}, but the environment variable "
                f"{_KEYS[name]} is not set; set it (or put it into .env) or choose another provider"
            )

    if stt is SttProvider.DEEPGRAM:
        need("stt", stt, "deepgram_api_key")
    if llm is LlmProvider.OPENAI and not base_url:
        need("llm", llm, "openai_api_key")
    if tts is TtsProvider.ELEVENLABS:
        need("tts", tts, "elevenlabs_api_key")
        if not config.tts.voice:
            problems.append(
                f"{source}: tts.voice: given nothing; ElevenLabs needs the id of one of your voices"
            )
    trunk_secrets: dict[str, SecretStr] = {}
    for index, trunk in enumerate(config.sip.trunks):
        secret = environ.get(trunk.secret_env)
        if secret:
            trunk_secrets[trunk.name] = SecretStr(secret)
        else:
            problems.append(
                f"{source}: sip.trunks.{index}.secret_env: given {trunk.secret_env!r}, but no such "
                "environment variable is set; set it or put it into .env"
            )
    if problems:
        raise ConfigError(problems)
    return Resolved(
        config=config,
        secrets=Secrets.model_validate(given),
        stt=stt,
        llm=llm,
        tts=tts,
        source=source,
        trunk_secrets=trunk_secrets,
        database_url=SecretStr(given["database_url"] or config.database.url or _own_file(environ)),
    )


def _own_file(environ: Mapping[str, str]) -> str:
    """Where the database lies when nobody says where: the XDG base directory for a user's data."""
    data = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return f"sqlite:///{data}/interject/interject.db"
