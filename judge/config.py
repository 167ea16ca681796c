"""The judge's configuration: small frozen groups, written by hand or embedded in the agent's.

Nothing here reads a file or the environment; who does calls :func:`judge_config` for one clear
line a problem, or embeds :class:`JudgeConfig` in a configuration of his own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from judge.policy import PolicyConfig
from judge.problems import problem_lines

ADAPTERS: Final = Path(__file__).with_name("adapters")
"""Where the adapters lie that come with the program."""

Probability = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[float, Field(gt=0, le=60_000)]


class JudgeConfigError(ValueError):
    """The configuration cannot be used. One line a problem, in :attr:`problems`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ModelKind(StrEnum):
    """The models behind the judge's one interface."""

    MINILM = "minilm"
    CAUSAL_LM = "causal-lm"
    OPENAI_COMPATIBLE = "openai-compatible"
    RULES = "rules"


class Device(StrEnum):
    """Where a causal model runs. ``auto`` takes a GPU when there is one."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Answering(StrEnum):
    """How a server is held to the labels.

    ``letters`` asks for one letter each and reads the probabilities of all letters from the
    server's log-probabilities; ``schema`` asks for JSON under a schema, for servers and models
    that give no log-probabilities, and knows only the label itself.
    """

    LETTERS = "letters"
    SCHEMA = "schema"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class MiniLMGroup(_Group):
    """The embedded encoder. ``adapter`` is a built-in adapter's name or a folder."""

    adapter: Annotated[str, Field(min_length=1)] = "minilm"


class CausalLMGroup(_Group):
    """A causal language model in this process.

    ``base`` is a folder or a name on the Hugging Face hub, ``adapter`` a built-in adapter's name
    or a folder; without one the base model judges from the instructions alone.
    """

    base: str = ""
    adapter: str = ""
    device: Device = Device.AUTO


class OpenAICompatibleGroup(_Group):
    """A server that speaks OpenAI's chat completions: vLLM, Ollama, a hosted one.

    ``model`` is the server's name for the model, for vLLM the adapter's name. ``assumed`` is the
    probability of a label where the server gives none; by default less than cutting in needs.
    ``timeout_ms`` holds where nobody gives a budget, as in an evaluation.
    """

    base_url: str = ""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    answer: Answering = Answering.LETTERS
    assumed: Probability = 0.6
    timeout_ms: Milliseconds = 10_000

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        if url:
            TypeAdapter(AnyHttpUrl).validate_python(url)
        return url


class CascadeGroup(_Group):
    """A larger model, asked when the fast one is unsure.

    Unsure is a probability of the action from ``from_confidence`` to ``to_confidence``. Only
    then, and only within what is left of the deadline, is ``large`` asked.
    """

    large: ModelKind | None = None
    from_confidence: Probability = 0.0
    to_confidence: Probability = 0.85

    @model_validator(mode="after")
    def _band(self) -> CascadeGroup:
        if self.from_confidence > self.to_confidence:
            raise ValueError(
                f"cascade: from_confidence {self.from_confidence:g} lies above to_confidence "
                f"{self.to_confidence:g}; swap them"
            )
        return self


class JudgeConfig(_Group):
    """Everything about the judge."""

    model: ModelKind = ModelKind.MINILM
    deadline_ms: Milliseconds = 150.0
    """When the model has not answered by then, the rules do."""
    minilm: MiniLMGroup = MiniLMGroup()
    causal_lm: CausalLMGroup = CausalLMGroup()
    openai_compatible: OpenAICompatibleGroup = OpenAICompatibleGroup()
    cascade: CascadeGroup = CascadeGroup()
    policy: PolicyConfig = PolicyConfig()

    @model_validator(mode="after")
    def _what_the_models_need(self) -> JudgeConfig:
        if self.cascade.large is self.model:
            raise ValueError(
                f"cascade.large: given {self.model.value!r}, which is the model itself; name a "
                "larger one or leave it out"
            )
        if self.cascade.large is ModelKind.RULES:
            raise ValueError(
                "cascade.large: given 'rules', which are not larger than anything; accepted: "
                "minilm, causal-lm, openai-compatible"
            )
        used = (self.model, self.cascade.large)
        if ModelKind.CAUSAL_LM in used and not self.causal_lm.base:
            raise ValueError(
                "causal_lm.base: given nothing, but causal-lm is to judge; name a model's folder "
                "or its name on the Hugging Face hub"
            )
        if ModelKind.OPENAI_COMPATIBLE in used:
            for key, example in (("base_url", "http://127.0.0.1:8000/v1"), ("model", "judge")):
                if not getattr(self.openai_compatible, key):
                    raise ValueError(
                        f"openai_compatible.{key}: given nothing, but openai-compatible is to "
                        f"judge; set it, such as {example!r}"
                    )
        return self


def adapter_folder(name: str) -> Path:
    """Where the adapter *name* lies: a folder, or one of those that come with the program."""
    folder = Path(name).expanduser()
    return folder if len(folder.parts) > 1 or folder.is_dir() else ADAPTERS / name


def judge_config(values: Mapping[str, Any], *, source: str = "judge") -> JudgeConfig:
    """Read a configuration.

    Args:
        values: Groups and keys, as a TOML table gives them.
        source: What to call it in errors: a file, a table.

    Raises:
        JudgeConfigError: Something is unknown, of the wrong type, impossible or missing.
    """
    try:
        return JudgeConfig.model_validate(values)
    except ValidationError as error:
        raise JudgeConfigError(problem_lines(source, error, JudgeConfig)) from None
