"""Supervised fine-tuning of a causal language model as a judge: LoRA, loss on the answer alone.

A training can be broken off at any time and goes on from its last checkpoint with the same
order of examples; the result is the same as without the break. The recipe for
Llama-3.1-8B-Instruct is in ``docs/judge-causal-lm.md``.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Final

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from pydantic import BaseModel, ConfigDict, Field
from rich.progress import Progress
from safetensors.torch import load_file, save_file

from judge.data.example import Example
from judge.labels import PROMPT_VERSION, answer
from judge.models.causal_lm import (
    CARD_FILE,
    LONGEST_TOKENS,
    CausalCard,
    base_shape,
    chosen_device,
    code_tokens,
    label_codes,
    load_base,
    prompt_tokens,
)

_IGNORED: Final = -100  # the label of tokens that bear no loss
_CHECKPOINT: Final = "checkpoint"
_SHOWN: Final = 20  # steps over which the loss that is told is a mean

OnStep = Callable[[int, float], None]


class CausalTraining(BaseModel):
    """The settings of a training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: Annotated[int, Field(ge=1)] = 16
    alpha: Annotated[int, Field(ge=1)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    targets: str = "all-linear"
    epochs: Annotated[int, Field(ge=1)] = 2
    batch: Annotated[int, Field(ge=1)] = 8
    accumulate: Annotated[int, Field(ge=1)] = 2  # batches a step
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05  # share of the steps
    clip: Annotated[float, Field(gt=0)] = 1.0
    longest_tokens: Annotated[int, Field(ge=16)] = LONGEST_TOKENS  # of a prompt
    gradient_checkpointing: bool = False
    checkpoint_every: Annotated[int, Field(ge=1)] = 100  # steps
    seed: int = 1
    device: str = "auto"


class CheckpointMismatch(ValueError):
    """The folder holds a broken-off training of something else."""


def train(
    examples: Sequence[Example],
    *,
    base: str,
    out: Path,
    name: str = "causal-lm",
    version: int = 1,
    settings: CausalTraining | None = None,
    progress: Progress | None = None,
    on_step: OnStep | None = None,
) -> CausalCard:
    """Train an adapter and write it, with its card, to *out*.

    Args:
        examples: What to learn from.
        base: The base model: a folder or a name on the hub.
        out: The adapter's folder. A training broken off in it is gone on with.
        name: The adapter's name.
        version: Its version.
        settings: How to train.
        progress: Where to show how far it is; the caller starts and stops it.
        on_step: Told the number and the loss of every step.

    Raises:
        ModelError: The base model cannot be loaded.
        CheckpointMismatch: *out* holds a broken-off training with other settings or examples.
        ValueError: There are no examples.
    """
    if not examples:
        raise ValueError("there are no examples to learn from; build the data first")
    settings = settings or CausalTraining()
    torch.manual_seed(settings.seed)
    model, tokenizer = load_base(base, chosen_device(settings.device))
    shape = base_shape(model)
    if settings.gradient_checkpointing:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=settings.targets,
        task_type="CAUSAL_LM",
    )
    run = _Run(get_peft_model(model, lora), tokenizer, examples, out / _CHECKPOINT, settings, shape)
    run.resume()
    losses = run.to_the_end(progress, on_step)
    run.model.save_pretrained(str(out))
    card = CausalCard(
        name=name,
        version=version,
        base=base,
        base_shape=shape,
        prompt_version=PROMPT_VERSION,
        longest_tokens=settings.longest_tokens,
        codes=label_codes(),
        examples=len(examples),
        data=_manifest(examples),
        training=settings.model_dump(),
        losses=(fmean(losses[:_SHOWN]), fmean(losses[-_SHOWN:])),
        trained=datetime.now(UTC).date().isoformat(),
    )
    (out / CARD_FILE).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(out / _CHECKPOINT, ignore_errors=True)
    return card


class _Run:
    """A training under way."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        examples: Sequence[Example],
        checkpoint: Path,
        settings: CausalTraining,
        shape: dict[str, int],
    ) -> None:
        self.model = model.train()
        self._tokenizer, self._examples = tokenizer, examples
        self._checkpoint, self._settings = checkpoint, settings
        self._losses: list[float] = []
        self._order: list[int] = []  # of this epoch
        told = [shape, _manifest(examples), settings.model_dump(exclude={"checkpoint_every"})]
        self._fingerprint = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0)
        self._pace = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._rate)
        self._weights = weights

    @property
    def steps(self) -> int:
        """How many there are in all."""
        return self._settings.epochs * len(self._starts)

    @property
    def _on_gpu(self) -> bool:
        return bool(self.model.device.type == "cuda")

    def resume(self) -> None:
        """Go back to the checkpoint, if there is one."""
        state_file = self._checkpoint / "state.pt"
        if not state_file.is_file():
            return
        state = torch.load(state_file, map_location="cpu", weights_only=True)
        if state["fingerprint"] != self._fingerprint:
            raise CheckpointMismatch(
                f"{self._checkpoint} is of a training with other settings, examples or base; "
                "delete it to start anew, or give another folder"
            )
        set_peft_model_state_dict(self.model, load_file(self._checkpoint / "weights.safetensors"))
        self._optimizer.load_state_dict(state["optimizer"])
        self._pace.load_state_dict(state["pace"])
        self._losses = state["losses"]
        torch.set_rng_state(state["random"])
        if self._on_gpu and state["random_cuda"] is not None:
            torch.cuda.set_rng_state(state["random_cuda"])

    def to_the_end(self, progress: Progress | None, on_step: OnStep | None) -> list[float]:
        """Do what steps are left; returns the losses of all."""
        task = progress.add_task("training", total=self.steps) if progress else None
        for step in range(len(self._losses), self.steps):
            self._losses.append(self._step(step))
            shown = fmean(self._losses[-_SHOWN:])
            if progress and task is not None:
                told = f"training, loss {shown:.3f}"
                progress.update(task, completed=step + 1, description=told)
            if (step + 1) % self._settings.checkpoint_every == 0:
                self._save()
            if on_step:
                on_step(step + 1, self._losses[-1])
        return self._losses

    @property
    def _starts(self) -> range:
        """Where in an epoch each step begins."""
        return range(0, len(self._examples), self._settings.batch * self._settings.accumulate)

    def _rate(self, step: int) -> float:
        """Up over the warm-up, then down to nothing in a line."""
        warmup = max(1, int(self.steps * self._settings.warmup))
        if step < warmup:
            return (step + 1) / warmup
        return max(0.0, (self.steps - step) / max(1, self.steps - warmup))

    def _step(self, step: int) -> float:
        epoch, place = divmod(step, len(self._starts))
        if place == 0 or not self._order:
            everything = range(len(self._examples))
            shuffler = random.Random(f"{self._settings.seed}/{epoch}")
            self._order = shuffler.sample(everything, len(everything))
        start, size = self._starts[place], self._settings.batch
        chosen = [self._examples[index] for index in self._order[start : start + self._starts.step]]
        batches = [chosen[first : first + size] for first in range(0, len(chosen), size)]
        loss = 0.0
        for batch in batches:
            share = self.model(**self._tensors(batch)).loss * len(batch) / len(chosen)
            share.backward()
            loss += float(share.detach())
        torch.nn.utils.clip_grad_norm_(self._weights, self._settings.clip)
        self._optimizer.step()
        self._pace.step()
        self._optimizer.zero_grad()
        return loss

    def _tensors(self, batch: Sequence[Example]) -> dict[str, torch.Tensor]:
        rows = [self._row(example) for example in batch]
        longest = max(len(tokens) for tokens, _ in rows)
        filler = self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0
        return {
            key: torch.tensor(values, device=self.model.device)
            for key, values in (
                ("input_ids", [t + [filler] * (longest - len(t)) for t, _ in rows]),
                ("labels", [_labels(t, n, longest) for t, n in rows]),
                ("attention_mask", [[1] * len(t) + [0] * (longest - len(t)) for t, _ in rows]),
            )
        }

    def _row(self, example: Example) -> tuple[list[int], int]:
        """An example as tokens, and how many of them are the answer."""
        codes = answer(example.action, example.situation)
        answered = [token for code in codes for token in code_tokens(self._tokenizer, code)]
        if example.situation is not None and self._tokenizer.eos_token_id is not None:
            answered.append(self._tokenizer.eos_token_id)  # so that a server's answer ends here
        asked = prompt_tokens(self._tokenizer, example.moment, self._settings.longest_tokens)
        return asked + answered, len(answered)

    def _save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        part = self._checkpoint.with_name(_CHECKPOINT + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        weights = {k: v.contiguous() for k, v in get_peft_model_state_dict(self.model).items()}
        save_file(weights, part / "weights.safetensors")
        state = {
            "fingerprint": self._fingerprint,
            "optimizer": self._optimizer.state_dict(),
            "pace": self._pace.state_dict(),
            "losses": self._losses,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if self._on_gpu else None,
        }
        torch.save(state, part / "state.pt")
        shutil.rmtree(self._checkpoint, ignore_errors=True)
        part.rename(self._checkpoint)


def _labels(tokens: Sequence[int], answered: int, longest: int) -> list[int]:
    before, after = len(tokens) - answered, longest - len(tokens)
    return [_IGNORED] * before + list(tokens[before:]) + [_IGNORED] * after


def _manifest(examples: Sequence[Example]) -> dict[str, str]:
    """By source: how many examples, and a hash over them."""
    hashes: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for example in examples:
        told = json.dumps(example.to_json(), sort_keys=True).encode()
        hashes.setdefault(example.source, hashlib.sha256()).update(told)
        counts[example.source] = counts.get(example.source, 0) + 1
    return {
        source: f"{counts[source]} examples, sha256 {digest.hexdigest()}"
        for source, digest in sorted(hashes.items())
    }
