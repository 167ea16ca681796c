"""A causal language model in this process, with or without a LoRA adapter.

It writes nothing. The labels' codes (:mod:`judge.labels`) are scored by the sum of their tokens'
log-probabilities after the prompt, first the actions', then the situations' after the most
probable action; softmax over each set. The prompt runs through the model once; what is scored
after it shares its keys and values.

An adapter's folder holds ``adapter_model.safetensors`` and ``adapter_config.json`` as peft writes
them, and ``card.json``, written by :mod:`judge.training.causal_lm`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from peft import PeftModel
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from judge.judgement import Action, Judgement, Situation
from judge.labels import ACTION_CODES, PROMPT_VERSION, SITUATION_CODES, answer, prompt
from judge.models.base import ModelError
from judge.moment import Moment

CARD_FILE: Final = "card.json"
CONFIG_FILE: Final = "adapter_config.json"
WEIGHTS_FILE: Final = "adapter_model.safetensors"
LONGEST_TOKENS: Final = 2048
"""Of a prompt: more than the longest moment makes in English."""
_ANSWER_TOKENS: Final = 8
REMEDY: Final = "train it again, or restore the folder from where it came"

_Label = TypeVar("_Label", Action, Situation)


class CausalCard(BaseModel):
    """What an adapter of a causal model is.

    Attributes:
        base: The base model, as named at the training.
        base_shape: What a base model must be like for the adapter to fit.
        prompt_version: The prompt that it was trained on (:data:`judge.labels.PROMPT_VERSION`).
        longest_tokens: What of a prompt was kept; serving keeps as much.
        codes: Every label's code.
        data: What it was trained on: name, and SHA-256 of the examples' identifiers.
        training: The settings of the training.
        losses: Mean loss of the first and of the last steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = "causal-lm"
    name: str
    version: int
    base: str
    base_shape: dict[str, int]
    prompt_version: int
    longest_tokens: int
    codes: dict[str, str]
    examples: int
    data: dict[str, str]
    training: dict[str, Any]
    losses: tuple[float, float]
    trained: str


class CausalLM:
    """A causal model that judges. Load it with :meth:`load`."""

    def __init__(self, model: Any, tokenizer: Any, *, name: str, longest_tokens: int) -> None:
        self._model: Any = model.eval()
        self._tokenizer: Any = tokenizer
        self._name = name
        positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._longest_tokens = min(longest_tokens, (positions or LONGEST_TOKENS) - _ANSWER_TOKENS)

    @classmethod
    def load(cls, base: str, adapter: Path | None = None, *, device: str = "auto") -> CausalLM:
        """Load *base*, a folder or a name on the hub, and put *adapter* onto it.

        Raises:
            ModelError: Something is missing, truncated, or does not fit; file and remedy named.
        """
        where = chosen_device(device)
        card = read_card(adapter) if adapter else None
        model, tokenizer = load_base(base, where)
        if adapter is None or card is None:
            name = f"causal-lm/{Path(base).name}"
            return cls(model, tokenizer, name=name, longest_tokens=LONGEST_TOKENS)
        if card.base_shape != base_shape(model):
            raise ModelError(
                f"{adapter / CARD_FILE}: trained on {card.base} ({card.base_shape}), but "
                f"causal_lm.base is {base} ({base_shape(model)}); name the base it was trained on"
            )
        try:
            merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"{adapter} cannot be put onto {base}: {error}; {REMEDY}") from error
        name = f"{card.name}/{card.version}"
        return cls(merged, tokenizer, name=name, longest_tokens=card.longest_tokens)

    @property
    def name(self) -> str:
        """The adapter's name and version; without one, the base model's name."""
        return self._name

    @torch.inference_mode()
    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        """Judge *moment*. A step of the model cannot be broken off: *budget_s* is not heeded.

        Raises:
            ModelError: The model is closed, or its device gives out.
        """
        started_s = time.perf_counter()
        if self._model is None:
            raise ModelError(f"{self._name} is closed")
        try:
            tokens = prompt_tokens(self._tokenizer, moment, self._longest_tokens)
            context = _Context(self._model, tokens)
            actions = self._scored(context, {a: answer(a, None)[0] for a in ACTION_CODES})
            chosen = max(actions, key=lambda action: actions[action])
            context.read(code_tokens(self._tokenizer, answer(chosen, None)[0]))
            situations = self._scored(
                context, {each: answer(chosen, each)[1] for each in SITUATION_CODES}
            )
        except RuntimeError as error:
            raise ModelError(f"{self._name}: the model failed: {error}", retry=True) from error
        took_ms = (time.perf_counter() - started_s) * 1000
        return Judgement.of(actions, situations, model=self._name, took_ms=took_ms)

    def close(self) -> None:
        """Let the weights go."""
        self._model = None

    def _scored(self, context: _Context, codes: Mapping[_Label, str]) -> dict[_Label, float]:
        tokens = [code_tokens(self._tokenizer, code) for code in codes.values()]
        probabilities = torch.softmax(context.log_probabilities(tokens), dim=0).tolist()
        return dict(zip(codes, probabilities, strict=True))


class _Context:
    """What the model has read so far: its keys and values, and what it expects next."""

    def __init__(self, model: Any, tokens: Sequence[int]) -> None:
        self._model = model
        self._cache: Any = None
        self._next: torch.Tensor
        self.read(tokens)

    def read(self, tokens: Sequence[int]) -> None:
        """Read on."""
        self._cache, logits = self._forward(torch.tensor([tokens]), self._cache)
        self._next = torch.log_softmax(logits[0, -1].double(), dim=-1)

    def log_probabilities(self, endings: Sequence[Sequence[int]]) -> torch.Tensor:
        """The sum of the tokens' log-probabilities of every one of *endings*, in one batch."""
        sums = self._next[torch.tensor([ending[0] for ending in endings], device=self._next.device)]
        longest = max(len(ending) for ending in endings)
        if longest == 1:
            return sums
        padded = torch.tensor([[*each, *[each[-1]] * (longest - len(each))] for each in endings])
        cache = copy.deepcopy(self._cache)
        cache.batch_repeat_interleave(len(endings))
        _, logits = self._forward(padded[:, :-1], cache)
        steps = torch.log_softmax(logits.double(), dim=-1)
        targets = padded[:, 1:].to(steps.device)
        each = steps.gather(2, targets.unsqueeze(2)).squeeze(2)
        counts = torch.tensor([len(ending) - 1 for ending in endings], device=steps.device)
        counted = torch.arange(longest - 1, device=steps.device) < counts.unsqueeze(1)
        return sums + (each * counted).sum(dim=1)

    def _forward(self, tokens: torch.Tensor, cache: Any) -> tuple[Any, torch.Tensor]:
        output = self._model(
            input_ids=tokens.to(self._model.device), past_key_values=cache, use_cache=True
        )
        return output.past_key_values, output.logits


def prompt_tokens(tokenizer: Any, moment: Moment, longest: int) -> list[int]:
    """The prompt as tokens, in the tokenizer's chat template when it has one.

    Of a prompt longer than *longest* tokens the end is kept: there the moment stands.
    """
    question = prompt(moment)
    if tokenizer.chat_template:
        tokens = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
    else:
        tokens = tokenizer(f"{question}\n").input_ids
    return list(tokens[-longest:])


def code_tokens(tokenizer: Any, code: str) -> list[int]:
    """A label's code as tokens."""
    return list(tokenizer(code, add_special_tokens=False).input_ids)


def chosen_device(device: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda`` as a device.

    Raises:
        ModelError: A GPU was asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("causal_lm.device: given 'cuda', but torch finds no GPU; take 'auto'")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def load_base(base: str, device: torch.device) -> tuple[Any, Any]:
    """The base model (bfloat16 on a GPU, float32 elsewhere) and its tokenizer.

    Raises:
        ModelError: It cannot be loaded.
    """
    folder = Path(base).expanduser()
    local = folder.is_absolute() or base.startswith((".", "~")) or folder.is_dir()
    remedy = "give a folder with config.json, tokenizer.json and model.safetensors"
    if local and not (folder / "config.json").is_file():
        raise ModelError(f"{folder / 'config.json'} is missing: causal_lm.base: {remedy}")
    source = str(folder) if local else base
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
        model.to(device)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        remedy += ", or a name on the Hugging Face hub that this machine can reach"
        raise ModelError(f"causal_lm.base: {base} cannot be loaded: {error}; {remedy}") from error
    return model, tokenizer


def base_shape(model: Any) -> dict[str, int]:
    """What of a base model an adapter depends on."""
    config = model.config.get_text_config()
    return {
        key: int(getattr(config, key)) for key in ("hidden_size", "num_hidden_layers", "vocab_size")
    }


def label_codes() -> dict[str, str]:
    """Every label's code, as a card records them."""
    actions = {f"action {action}": code for action, code in ACTION_CODES.items()}
    return actions | {f"situation {each}": code for each, code in SITUATION_CODES.items()}


def read_card(folder: Path) -> CausalCard:
    """Read an adapter's card, and see that all of the adapter is there and can be served.

    Raises:
        ModelError: A file is missing or truncated, or the adapter is of another prompt.
    """
    for file in (folder / CARD_FILE, folder / CONFIG_FILE, folder / WEIGHTS_FILE):
        if not file.is_file():
            raise ModelError(f"{file} is missing; {REMEDY}")
    try:
        card = CausalCard.model_validate_json((folder / CARD_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelError(f"{folder / CARD_FILE} cannot be read: {why}; {REMEDY}") from error
    try:
        with safe_open(folder / WEIGHTS_FILE, framework="pt") as weights:
            weights.keys()
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder / WEIGHTS_FILE} is damaged: {error}; {REMEDY}") from error
    if card.prompt_version != PROMPT_VERSION or card.codes != label_codes():
        raise ModelError(
            f"{folder / CARD_FILE}: trained on prompt {card.prompt_version}, this judge asks with "
            f"prompt {PROMPT_VERSION} and its labels; train the adapter again"
        )
    return card
