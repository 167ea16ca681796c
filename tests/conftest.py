"""What all tests share: none of them touches the memory of the person who runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import DATABASE_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def own_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database that nobody else has, for whatever opens the default one."""
    file = tmp_path_factory.mktemp("database") / "interject.db"
    before = os.environ.get(DATABASE_VARIABLE)
    os.environ[DATABASE_VARIABLE] = f"sqlite:///{file}"
    yield file
    if before is None:
        del os.environ[DATABASE_VARIABLE]
    else:
        os.environ[DATABASE_VARIABLE] = before
