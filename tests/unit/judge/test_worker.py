"""One thread that works off jobs in turn."""

from __future__ import annotations

import threading

import pytest

from judge.worker import Worker


def test_jobs_are_done_in_turn_on_another_thread() -> None:
    worker, done = Worker("test"), []
    jobs = [
        worker.submit(lambda n=n: done.append((n, threading.current_thread().name)))  # type: ignore[misc]
        for n in range(3)
    ]
    for job in jobs:
        job.result(1)
    assert done == [(0, "test"), (1, "test"), (2, "test")]
    worker.stop()


def test_what_a_job_raises_reaches_who_waits_and_the_next_is_done() -> None:
    worker = Worker("test")
    failed = worker.submit(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failed.result(1)
    assert worker.submit(lambda: 2).result(1) == 2
    worker.stop()


def test_a_cancelled_job_is_passed_over() -> None:
    worker, gate = Worker("test"), threading.Event()
    first = worker.submit(lambda: gate.wait(5))
    second = worker.submit(lambda: pytest.fail("was cancelled"))
    third = worker.submit(lambda: 3)
    assert second.cancel()
    gate.set()
    assert first.result(1) and third.result(1) == 3
    worker.stop()


def test_stopping_lets_jobs_that_wait_finish() -> None:
    worker = Worker("test")
    job = worker.submit(lambda: 1)
    worker.stop()
    assert job.result(1) == 1
