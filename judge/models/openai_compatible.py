"""A language model behind OpenAI's chat completions: vLLM, Ollama, a hosted one.

One request a judgement, and only labels can come of it. With *letters* the server is asked for
two letters and for the log-probabilities of what it might have said instead: OpenAI, vLLM and
Ollama (from 0.12.11) give the 20 most probable at each step, which is more than there are labels.
With a schema (`response_format: json_schema`, known to all three) it is held to JSON with two
enumerations. An answer that is not exactly a label is an error.

Where no probabilities come with a label it is given an assumed one. By default that lies below
what the policy asks for cutting in.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import openai
from pydantic import BaseModel, ConfigDict, ValidationError

from judge.judgement import ACTIONS, SITUATIONS, Action, Judgement, Situation
from judge.labels import (
    ACTION_CODES,
    SITUATION_CODES,
    answer_schema,
    prompt,
    read_labels,
    read_letters,
)
from judge.models.base import ModelError
from judge.moment import Moment

_MOST_PROBABLE: Final = 20  # what OpenAI and vLLM give at most
_LETTERS_TOKENS: Final = 4  # two letters, and room for a space of their own
_LABELS_TOKENS: Final = 40

_Label = TypeVar("_Label", Action, Situation)


class _Reply(BaseModel):
    """Of a chat completion what is read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Candidate(_Reply):
    token: str
    logprob: float


class _Step(_Candidate):
    top_logprobs: tuple[_Candidate, ...] = ()


class _Steps(_Reply):
    content: tuple[_Step, ...] | None = None


class _Message(_Reply):
    content: str | None = None


class _Choice(_Reply):
    message: _Message
    logprobs: _Steps | None = None


class _Completion(_Reply):
    choices: tuple[_Choice, ...]


class OpenAICompatible:
    """A model on a server.

    Args:
        base_url: Of the API, such as ``http://127.0.0.1:8000/v1``.
        model: The server's name for the model.
        api_key: Empty where the server wants none. The environment's key is never sent.
        letters: Whether to ask for letters; otherwise for JSON under a schema.
        assumed: The probability of a label for which the server gives none.
        timeout_s: Seconds to wait where nobody gives a budget.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str = "",
        letters: bool = True,
        assumed: float = 0.6,
        timeout_s: float = 10.0,
    ) -> None:
        self._base_url, self._model = base_url, model
        self._letters, self._assumed, self._timeout_s = letters, assumed, timeout_s
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,  # who waits for a judgement does not wait for a second try
        )

    @property
    def name(self) -> str:
        """``openai-compatible/`` and the server's name for the model."""
        return f"openai-compatible/{self._model}"

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        """Judge *moment*, giving up after *budget_s*.

        Raises:
            ModelError: The server is unreachable, late, refuses, or answers with no label.
        """
        started_s = time.perf_counter()
        timeout_s = self._timeout_s if budget_s is None else budget_s
        choice = self._ask(prompt(moment, letters=self._letters), timeout_s)
        took_s = time.perf_counter() - started_s
        if took_s > timeout_s:  # a slow trickle passes the client's timeout
            raise ModelError(f"{self._base_url} took {took_s:.2f} s", retry=True)
        actions, situations = self._read(choice)
        return Judgement.of(actions, situations, model=self.name, took_ms=took_s * 1000)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, question: str, timeout_s: float) -> _Choice:
        where = f"{self._base_url}, model {self._model!r}"
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=self._model,
                messages=[{"role": "user", "content": question}],
                temperature=0,
                timeout=max(timeout_s, 0.001),
                extra_headers=_NOT_FROM_THE_ENVIRONMENT,
                **(_AS_LETTERS if self._letters else _AS_LABELS),
            )
            return _Completion.model_validate_json(raw.text).choices[0]
        except openai.APITimeoutError as error:
            raise ModelError(f"{where}: no answer within {timeout_s:.3f} s", retry=True) from error
        except openai.APIConnectionError as error:
            remedy = "is the server running, and openai_compatible.base_url right?"
            raise ModelError(f"{where}: cannot be reached; {remedy}", retry=True) from error
        except openai.APIStatusError as error:
            raise ModelError(
                f"{where}: {error.status_code}: {_REMEDIES.get(error.status_code, error.message)}",
                retry=error.status_code == 429 or error.status_code >= 500,
            ) from error
        except (openai.OpenAIError, ValidationError, IndexError, UnicodeDecodeError) as error:
            remedy = "is openai_compatible.base_url that of a chat API, with /v1?"
            raise ModelError(f"{where}: the answer is no chat completion; {remedy}") from error

    def _read(self, choice: _Choice) -> tuple[Mapping[Action, float], Mapping[Situation, float]]:
        text = choice.message.content or ""
        labels = read_letters(text) if self._letters else read_labels(_json(text))
        if labels is None:
            remedy = "use a model that follows instructions, or an adapter trained for this"
            raise ModelError(
                f"{self._base_url}, model {self._model!r}: answered {text[:40]!r}, which is no "
                f"label; {remedy}"
            )
        action, situation = labels
        steps = iter(choice.logprobs.content or () if choice.logprobs and self._letters else ())
        return (
            _probabilities(steps, ACTION_CODES) or _assumed(ACTIONS, action, self._assumed),
            _probabilities(steps, SITUATION_CODES)
            or _assumed(SITUATIONS, situation, self._assumed),
        )


_NOT_FROM_THE_ENVIRONMENT: Final = {
    "OpenAI-Organization": openai.omit,
    "OpenAI-Project": openai.omit,
}
_AS_LETTERS: Final[Mapping[str, Any]] = {
    "max_tokens": _LETTERS_TOKENS,
    "stop": ["\n"],
    "logprobs": True,
    "top_logprobs": _MOST_PROBABLE,
}
_AS_LABELS: Final[Mapping[str, Any]] = {
    "max_tokens": _LABELS_TOKENS,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "judgement", "strict": True, "schema": answer_schema()},
    },
}
_REMEDIES: Final = {
    401: "the key is refused; set openai_compatible.api_key",
    403: "the key may not use this model; set openai_compatible.api_key or .model",
    404: "no such model or address; see openai_compatible.model and .base_url",
    429: "too many requests, or no credit left",
}


def _probabilities(
    steps: Iterable[_Step], codes: Mapping[_Label, str]
) -> dict[_Label, float] | None:
    """The labels' probabilities at the next step that said one of *codes*; None if none did."""
    said = next((step for step in steps if step.token.strip() in codes.values()), None)
    if said is None or not said.top_logprobs:
        return None
    found = dict.fromkeys(codes, 0.0)
    by_code = {code: label for label, code in codes.items()}
    for candidate in said.top_logprobs:
        label = by_code.get(candidate.token.strip())
        if label is not None:
            found[label] += math.exp(min(candidate.logprob, 0.0))
    # What is not among the most probable is at most as probable as the least of them.
    least = math.exp(min(0.0, *(each.logprob for each in said.top_logprobs)))
    found = {label: p or least for label, p in found.items()}
    total = sum(found.values())
    if not (math.isfinite(total) and total > 0):
        return None
    return {label: p / total for label, p in found.items()}


def _assumed(labels: Sequence[_Label], label: _Label, sure: float) -> dict[_Label, float]:
    rest = (1 - sure) / (len(labels) - 1)
    return {each: sure if each is label else rest for each in labels}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
