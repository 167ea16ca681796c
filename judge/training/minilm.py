"""Training of the embedded judge: epochs over the lessons, with a checkpoint after each."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from judge.data.example import Example
from judge.render import VERSION
from judge.training.lessons import (
    UNKNOWN,
    TrainingConfig,
    batches,
    collate,
    encode,
    epoch_of,
    masked,
)
from judge.training.memory import keep_memory
from judge.training.student import Student, new_student
from judge.training.variation import Variation


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the training stands, for whoever shows it."""

    epoch: int
    step: int
    steps: int
    loss: float


def train(
    examples: Sequence[Example],
    folder: Path,
    config: TrainingConfig,
    *,
    told: Callable[[Progress], None] = lambda _: None,
    after_epoch: Callable[[int, Student], None] = lambda _, __: None,
) -> Student:
    """Train, keeping a checkpoint in *folder* after every epoch, from which a second call goes on.

    Args:
        examples: What to learn from.
        folder: For the checkpoint; made if it is not there.
        told: Called after every step.
        after_epoch: Called with the epoch that has ended, 1 for the first.

    Returns:
        The student, in evaluation mode, on the device that it was trained on.
    """
    keep_memory()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    _seed(config.seed)
    student = new_student(config).to(device)
    vary = Variation(examples)
    orders = [epoch_of(examples, config, epoch) for epoch in range(config.epochs)]
    counts = [math.ceil(len(order) / config.batch) for order in orders]
    optimizer, schedule = _optimizer(student, config, sum(counts))
    loss_of = nn.CrossEntropyLoss(ignore_index=UNKNOWN, label_smoothing=config.smoothing)
    checkpoint = folder / "checkpoint.pt"
    mark = _mark(config, examples)
    begun = _resume(checkpoint, mark, student, optimizer, schedule)
    step = sum(counts[:begun])
    for epoch in range(begun, config.epochs):
        student.train()
        _seed(config.seed + epoch)
        rng = random.Random(f"{config.seed}:{epoch}:batches")
        encoded = encode([vary(examples[index], rng) for index in orders[epoch]])
        for batch in batches(range(len(orders[epoch])), encoded, config.batch, rng):
            tokens, mask, actions, situations = collate(batch, encoded, device)
            tokens = masked(tokens, config.masked)
            by_action, by_situation = student(tokens, mask)
            loss = loss_of(by_action, actions)
            if bool((situations != UNKNOWN).any()):
                loss = loss + config.situation_weight * loss_of(by_situation, situations)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for p in student.parameters() if p.requires_grad], 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            told(Progress(epoch + 1, step, sum(counts), loss.item()))
        _keep(checkpoint, mark, epoch + 1, student, optimizer, schedule)
        after_epoch(epoch + 1, student)
    return student.eval()


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _optimizer(
    student: Student, config: TrainingConfig, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    heads = [*student.action.parameters(), *student.situation.parameters()]
    lora = [p for p in student.encoder.parameters() if p.requires_grad]
    groups = [
        {"params": heads, "lr": 4 * config.learning_rate},
        {"params": lora, "lr": config.learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: _rate(step, steps, config.warmup)
    )


def _rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up, then half a cosine down to nothing."""
    rising = max(1, round(steps * warmup))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _mark(config: TrainingConfig, examples: Sequence[Example]) -> str:
    """What a checkpoint must agree with to be gone on from."""
    digest = hashlib.sha256(json.dumps([asdict(config), VERSION]).encode())
    for example in examples:
        digest.update(f"{example.id}:{example.action}:{example.moment.words}\n".encode())
    return digest.hexdigest()


def _learned(student: Student) -> dict[str, Tensor]:
    learning = {name for name, weights in student.named_parameters() if weights.requires_grad}
    return {name: weights for name, weights in student.state_dict().items() if name in learning}


def _keep(
    file: Path,
    mark: str,
    epoch: int,
    student: Student,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    kept = {
        "mark": mark,
        "epoch": epoch,
        "student": _learned(student),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
    }
    torch.save(kept, part)
    part.replace(file)


def _resume(
    file: Path,
    mark: str,
    student: Student,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> int:
    """Epochs that lie behind; 0 where there is no checkpoint of this very training."""
    if not file.exists():
        return 0
    kept = torch.load(file, map_location="cpu", weights_only=True)
    if kept["mark"] != mark:
        return 0
    student.load_state_dict(kept["student"], strict=False)
    optimizer.load_state_dict(kept["optimizer"])
    schedule.load_state_dict(kept["schedule"])
    return int(kept["epoch"])
