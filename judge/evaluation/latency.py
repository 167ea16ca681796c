"""How long a judgement takes on one core."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tokenizers import Tokenizer

from judge.evaluation.metrics import percentile
from judge.evaluation.scoring import Track
from judge.models.base import JudgeModel
from judge.models.minilm import load_tokenizer
from judge.moment import Moment
from judge.render import render

TOKENS: Final = 96
REPETITIONS: Final = 300
_WARM_UP: Final = 20
_FILLER: Final = "the"  # one token
_CANDIDATES: Final = 60


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from a moment to its judgement, rendering and tokens included.

    Attributes:
        tokens: Of each rendering; None for the lengths that the moments have.
        median_tokens: The middle one of those lengths.
        load_1m: How busy the machine was before, in processes that wanted to run.
    """

    p50_ms: float
    p99_ms: float
    repetitions: int
    tokens: int | None
    median_tokens: int
    load_1m: float


def latency(
    model: JudgeModel,
    moments: Sequence[Moment],
    *,
    tokens: int | None = None,
    repetitions: int = REPETITIONS,
    track: Track = lambda _, items: items,
) -> Latency | None:
    """Time *model*, pinned to one core where the system allows it.

    Args:
        moments: What is judged, in turn.
        tokens: Fill the renderings up to exactly so many; None leaves them as they are.

    Returns:
        None where there are no moments, or none that can be filled up.
    """
    tokenizer = load_tokenizer()
    if tokens is not None:
        every = len(moments) // _CANDIDATES + 1  # some of each family
        filled = (filled_up(one, tokens, tokenizer) for one in moments[::every])
        moments = [one for one in filled if one is not None]
    else:
        moments = moments[:: len(moments) // repetitions + 1]
    if not moments:
        return None
    load_1m = os.getloadavg()[0]
    took_ms: list[float] = []
    with _one_core():
        for number in range(_WARM_UP):
            model.judge(moments[number % len(moments)])
        for number in track("latency", range(repetitions)):
            started = time.perf_counter()
            model.judge(moments[number % len(moments)])
            took_ms.append((time.perf_counter() - started) * 1000)
    lengths = [float(length(one, tokenizer)) for one in moments]
    return Latency(
        p50_ms=percentile(took_ms, 50) or 0.0,
        p99_ms=percentile(took_ms, 99) or 0.0,
        repetitions=repetitions,
        tokens=tokens,
        median_tokens=int(percentile(lengths, 50) or 0),
        load_1m=load_1m,
    )


def length(moment: Moment, tokenizer: Tokenizer) -> int:
    """Tokens of the rendering, at most what the model reads."""
    return len(tokenizer.encode(render(moment)).ids)


def filled_up(moment: Moment, tokens: int, tokenizer: Tokenizer) -> Moment | None:
    """*moment* with fillers before its words and in its history until its rendering has *tokens*.

    None when it is longer already, or the fields are full before.
    """
    for _ in range(tokens + 1):
        now = length(moment, tokenizer)
        if now >= tokens:
            return moment if now == tokens else None
        for candidate in _longer(moment):
            if now < length(candidate, tokenizer) <= tokens:
                moment = candidate
                break
        else:
            return None
    return None


def _longer(moment: Moment) -> Iterator[Moment]:
    """The moment with one filler more, where it fits."""
    yield moment.model_copy(update={"words": f"{_FILLER} {moment.words}".strip()})
    memory = moment.memory
    history = (
        (f"{_FILLER} {memory.history[0]}", *memory.history[1:]) if memory.history else ("the",)
    )
    yield moment.model_copy(update={"memory": memory.model_copy(update={"history": history})})
    facts = (f"{_FILLER} {memory.facts[0]}", *memory.facts[1:]) if memory.facts else ("the",)
    yield moment.model_copy(update={"memory": memory.model_copy(update={"facts": facts})})


@contextmanager
def _one_core() -> Iterator[None]:
    """This thread on one core; as it was where the system does not let it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
