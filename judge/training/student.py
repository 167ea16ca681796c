"""The student: MiniLM-L6 with LoRA, a head for actions and one for situations.

LoRA (Hu et al., 2021) through ``peft`` on every linear layer of the encoder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModel
from transformers.utils import logging

from judge.judgement import ACTIONS, SITUATIONS
from judge.models.base import ModelError
from judge.models.minilm import BASE, base_folder
from judge.training.lessons import Encoded, TrainingConfig, collate

ADAPTER_FILE: Final = "adapter_model.safetensors"
HEADS_FILE: Final = "heads.safetensors"


class Student(nn.Module):
    """MiniLM with LoRA and the two heads."""

    def __init__(self, encoder: nn.Module, width: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.action = nn.Linear(2 * width, len(ACTIONS))
        self.situation = nn.Linear(2 * width, len(SITUATIONS))

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Map tokens and mask, both (batch, length), to logits of actions and situations."""
        pooled = self.dropout(self.pool(tokens, mask))
        return self.action(pooled), self.situation(pooled)

    def pool(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The first token's vector and the mean of all, (batch, 2 * width)."""
        states = self.encoder(input_ids=tokens, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1)
        return torch.cat([states[:, 0], mean], dim=-1)


def new_student(config: TrainingConfig, *, lora: bool = True) -> Student:
    """The student before its first lesson; without *lora*, its encoder never learns."""
    base = _base()
    width = base.config.hidden_size
    encoder: nn.Module = base
    if lora:
        encoder = get_peft_model(
            base,
            LoraConfig(
                r=config.rank,
                lora_alpha=2 * config.rank,
                target_modules=["query", "key", "value", "dense"],
                exclude_modules=r".*pooler.*",
            ),
        )
    else:
        encoder.requires_grad_(False)
    return Student(encoder, width, config.dropout)


def _base() -> Any:
    """MiniLM-L6 as transformers has it, loaded without a progress bar of its own."""
    logging.disable_progress_bar()
    # No dropout inside the encoder: drawing it takes the CPU longer than the products it guards.
    return AutoModel.from_pretrained(
        base_folder(), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )


def logits_of(
    student: Student, encoded: Encoded, size: int = 64
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Logits of every example: (n, actions) and (n, situations)."""
    student.eval()
    device = next(student.parameters()).device
    order = sorted(range(len(encoded.tokens)), key=lambda index: len(encoded.tokens[index]))
    actions = np.zeros((len(order), len(ACTIONS)), np.float32)
    situations = np.zeros((len(order), len(SITUATIONS)), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            tokens, mask, _, _ = collate(batch, encoded, device)
            first, second = student(tokens, mask)
            actions[batch] = first.float().cpu().numpy()
            situations[batch] = second.float().cpu().numpy()
    return actions, situations


def save(student: Student, folder: Path) -> None:
    """Write the adapter (peft's format, half precision) and the heads."""
    folder.mkdir(parents=True, exist_ok=True)
    if not isinstance(student.encoder, PeftModel):
        raise TypeError("only a student with LoRA has an adapter to save")
    student.encoder.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card; ours says something
    _forget_path(folder)
    weights = folder / ADAPTER_FILE
    save_file({name: w.half() for name, w in load_file(weights).items()}, weights)
    heads = {
        name: weights.detach().cpu().contiguous()
        for name, weights in student.state_dict().items()
        if name.startswith(("action.", "situation."))
    }
    save_file(heads, folder / HEADS_FILE)


def _forget_path(folder: Path) -> None:
    """Name the base by its package: peft writes where it lay on the machine that trained."""
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = BASE
    config["target_modules"] = sorted(config["target_modules"])
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load(folder: Path) -> Student:
    """Read what :func:`save` wrote, with LoRA merged into the encoder; for export and tests.

    Raises:
        ModelError: If a file of it is missing.
    """
    for name in ("adapter_config.json", ADAPTER_FILE, HEADS_FILE):
        if not (folder / name).is_file():  # peft would look for it on the network
            raise ModelError(f"{folder / name} is missing: interject judge train makes it")
    base = _base()
    width = base.config.hidden_size
    encoder = PeftModel.from_pretrained(base, str(folder)).merge_and_unload()
    student = Student(encoder, width, 0.0)
    student.load_state_dict(load_file(folder / HEADS_FILE), strict=False)
    return student.eval()
