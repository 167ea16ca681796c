"""The model and the hotel profile, loaded once for all tests of this folder."""

from __future__ import annotations

import pytest

from agent.knowledge.embedding import SentenceEmbedder
from agent.knowledge.responder import Responder
from agent.profiles import Profile, load_profile


@pytest.fixture(scope="session")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder()


@pytest.fixture(scope="session")
def hotel() -> Profile:
    return load_profile("hotel")


@pytest.fixture(scope="session")
def responder(hotel: Profile, embedder: SentenceEmbedder) -> Responder:
    return Responder(hotel, embedder)
