"""The SIP thread: commands go in, results and errors come out, and nothing else crosses."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncIterator

import pytest

from telephony.sip.thread import SipThread, SipThreadGone


class Polls:
    """Counts how often it is asked to handle events."""

    def __init__(self) -> None:
        self.count = 0
        self.came = threading.Event()

    def __call__(self, timeout_ms: int) -> None:
        self.count += 1
        self.came.wait(timeout_ms / 1000)


@pytest.fixture
def polls() -> Polls:
    """What the thread polls."""
    return Polls()


@pytest.fixture
async def thread(polls: Polls) -> AsyncIterator[SipThread]:
    """A thread that is running."""
    thread = SipThread(polls)
    thread.start()
    yield thread
    await thread.stop()


async def test_every_command_runs_on_the_one_thread(thread: SipThread) -> None:
    """Results come back to whoever asked; the thread is the same and not this one."""
    first = await thread.run(threading.get_ident)
    second = await thread.run(threading.get_ident)
    assert first == second != threading.get_ident()


async def test_what_a_command_raises_comes_back(thread: SipThread) -> None:
    """The error is raised where the command was asked for."""

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await thread.run(fail)


async def test_what_a_failed_command_held_dies_on_its_own_thread(thread: SipThread) -> None:
    """PJSIP's objects abort the process when their last reference goes on a foreign thread."""

    class Held:
        pass

    died_on: list[int] = []

    def fail() -> None:
        held = Held()
        weakref.finalize(held, lambda: died_on.append(threading.get_ident()))
        raise ValueError("with an object in its frame")

    own = await thread.run(threading.get_ident)
    with pytest.raises(ValueError, match="object"):
        await thread.run(fail)
    await thread.run(lambda: None)
    assert died_on == [own]


async def test_a_posted_command_that_fails_does_not_end_the_thread(thread: SipThread) -> None:
    """Its error is logged; the next command runs."""

    def fail() -> None:
        raise ValueError("nobody listens")

    thread.post(fail)
    assert await thread.run(lambda: 5) == 5


async def test_it_polls_from_the_moment_it_is_told_to(thread: SipThread, polls: Polls) -> None:
    """The library may be polled only between its start and its end."""
    await thread.run(lambda: None)
    assert polls.count == 0
    await thread.run(thread.begin_polling)
    for _ in range(500):
        if polls.count:
            break
        await asyncio.sleep(0)
        await thread.run(lambda: None)
    await thread.run(thread.end_polling)
    polled = polls.count
    await thread.run(lambda: None)
    assert polled > 0
    assert polls.count == polled


async def test_a_command_after_the_end_says_so(polls: Polls) -> None:
    """Nothing waits for a thread that is gone."""
    thread = SipThread(polls)
    thread.start()
    await thread.stop()
    with pytest.raises(SipThreadGone):
        await thread.run(lambda: None)
