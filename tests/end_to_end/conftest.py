"""What the end-to-end tests share: servers that must leave as cleanly as they came, and an ear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.end_to_end.listening import Ear
from tests.end_to_end.server import RunningServer

ServerFactory = Callable[..., AbstractContextManager[RunningServer]]

STOP_S = 5.0
"""What a service manager may expect of us between SIGTERM and the end."""

NATIVE_CRASH = ("Assertion", "core dumped", "Aborted", "Segmentation", "Fatal Python error")


def check_left_cleanly(server: RunningServer) -> None:
    """A server that was stopped ended with 0 and without a native crash or an exception's trace."""
    output = "".join(server.output)
    for words in (*NATIVE_CRASH, "Traceback (most recent call last)"):
        at = output.find(words)
        assert at < 0, output[max(0, at - 1500) : at + 6000]
    assert server.returncode == 0, output[-3000:]


@pytest.fixture(scope="session")
def start_server() -> ServerFactory:
    """Start a server for a ``with`` block: its configuration as TOML, secrets by keyword.

    At the end of the block it is stopped with SIGTERM, and must be gone within
    five seconds, with 0 and without a trace of a crash.
    """

    @contextmanager
    def running(config_text: str = "", **secrets: str) -> Iterator[RunningServer]:
        environ = {"PYTHONFAULTHANDLER": "1"} | secrets
        with RunningServer(config_text, environ=environ) as server:
            yield server
            if server.returncode is None:
                seconds = server.stop()
                assert seconds <= STOP_S, f"it took {seconds:.1f} s to leave"
                check_left_cleanly(server)

    return running


@pytest.fixture(scope="session")
def ear() -> Ear:
    """Recognises recordings."""
    return Ear()
