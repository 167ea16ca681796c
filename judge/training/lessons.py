"""What the student reads: examples as tokens, what an epoch takes of them, and batches.

One example costs a pass over some 70 tokens, on two cores a thirtieth of a second. An epoch
therefore does not read everything: of an utterance that was cut after every word it takes a few
moments, others each time.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from tokenizers import Tokenizer
from torch import Tensor

from judge.data.example import Example
from judge.judgement import ACTIONS, SITUATIONS, Action
from judge.models.minilm import load_tokenizer
from judge.render import render

UNKNOWN: Final = -100  # torch's mark for a target that does not count
_MASK: Final = 103  # BERT's token for a hidden word
_LAST_SPECIAL: Final = 103  # no token up to it is a word


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How to train. The defaults made the adapter that is shipped.

    Attributes:
        rank: Rank of the LoRA matrices.
        learning_rate: Peak, for LoRA; the heads learn four times as fast.
        per_utterance: Moments that an epoch takes of an utterance cut after every word.
        shares: How many examples of a source an epoch takes; all of them when absent.
        balanced: Sources of which rare actions are taken more often than they occur: in
            proportion to the square root of how many there are.
        dropout: Of what the heads read.
        masked: Share of tokens that the student does not get to read, others each time.
        situation_weight: Weight of the situation's loss beside the action's.
        smoothing: Label smoothing.
        limit: Examples an epoch; 0 for as many as there are. For trials.
    """

    epochs: int = 6
    batch: int = 32
    rank: int = 32
    learning_rate: float = 5e-4
    dropout: float = 0.1
    masked: float = 0.08
    warmup: float = 0.06
    per_utterance: int = 4
    shares: dict[str, int] = field(
        default_factory=lambda: {
            "scenarios": 14_000,
            "mrda": 1500,
            "convabuse": 500,
            "harmful": 400,
            "abcd": 100,
        }
    )
    balanced: tuple[str, ...] = ("scenarios",)
    situation_weight: float = 0.4
    smoothing: float = 0.05
    seed: int = 1
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples as the student reads them; all lists run alongside."""

    tokens: list[list[int]]
    actions: list[int]
    situations: list[int]


def encode(examples: Sequence[Example], tokenizer: Tokenizer | None = None) -> Encoded:
    """Render and tokenize."""
    tokenizer = tokenizer or load_tokenizer()
    texts = [render(example.moment) for example in examples]
    return Encoded(
        [encoding.ids for encoding in tokenizer.encode_batch(texts)],
        [ACTIONS.index(example.action) for example in examples],
        [
            UNKNOWN if example.situation is None else SITUATIONS.index(example.situation)
            for example in examples
        ],
    )


def epoch_of(examples: Sequence[Example], config: TrainingConfig, epoch: int) -> list[int]:
    """Indices of the examples that this epoch reads, in no order."""
    rng = random.Random(f"{config.seed}:{epoch}")
    utterances: dict[str, list[int]] = defaultdict(list)
    sources: dict[str, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        if example.stream is not None and not example.moment.final:
            utterances[example.stream.utterance].append(index)
        else:
            sources[example.source].append(index)
    for cuts in utterances.values():
        picked = _cuts(examples, cuts, config.per_utterance, rng)
        sources[examples[cuts[0]].source].extend(picked)
    chosen: list[int] = []
    for source, members in sorted(sources.items()):
        share = config.shares.get(source, len(members))
        if source in config.balanced:
            chosen += _balanced(examples, members, share, rng)
        else:
            chosen += rng.sample(members, min(share, len(members)))
    rng.shuffle(chosen)
    return chosen[: config.limit] if config.limit else chosen


def _cuts(
    examples: Sequence[Example], cuts: list[int], count: int, rng: random.Random
) -> list[int]:
    """Of an utterance's moments a few: half before the bar, half behind it."""
    late = [index for index in cuts if examples[index].action is Action.INTERRUPT]
    early = [index for index in cuts if examples[index].action is not Action.INTERRUPT]
    if not late:
        return rng.sample(early, min(count, len(early)))
    behind = rng.sample(late, min(count - count // 2, len(late)))
    return behind + rng.sample(early, min(count // 2, len(early)))


def _balanced(
    examples: Sequence[Example], members: list[int], count: int, rng: random.Random
) -> list[int]:
    by_action: dict[Action, list[int]] = defaultdict(list)
    for index in members:
        by_action[examples[index].action].append(index)
    whole = sum(math.sqrt(len(group)) for group in by_action.values())
    chosen: list[int] = []
    for _, group in sorted(by_action.items()):
        wanted = round(count * math.sqrt(len(group)) / whole)
        times, rest = divmod(wanted, len(group))
        chosen += group * times + rng.sample(group, rest)
    return chosen


def batches(
    order: Sequence[int], encoded: Encoded, size: int, rng: random.Random
) -> Iterator[list[int]]:
    """Batches of like lengths, so that little is padded, in random order."""
    pool = size * 16
    found: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = sorted(order[start : start + pool], key=lambda index: len(encoded.tokens[index]))
        found += [part[at : at + size] for at in range(0, len(part), size)]
    rng.shuffle(found)
    yield from found


def collate(
    batch: Sequence[int], encoded: Encoded, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Tokens, mask, actions, situations of a batch as tensors."""
    longest = max(len(encoded.tokens[index]) for index in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    for row, index in enumerate(batch):
        ids = encoded.tokens[index]
        tokens[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = 1
    actions = torch.tensor([encoded.actions[index] for index in batch])
    situations = torch.tensor([encoded.situations[index] for index in batch])
    return tokens.to(device), mask.to(device), actions.to(device), situations.to(device)


def masked(tokens: Tensor, share: float) -> Tensor:
    """Hide a share of the words, never the separators."""
    hidden = (torch.rand(tokens.shape) < share).to(tokens.device) & (tokens > _LAST_SPECIAL)
    return tokens.masked_fill(hidden, _MASK)
