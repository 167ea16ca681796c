"""The shared recogniser: segments, urgency, and what happens to noise."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
import soxr

from agent.bench.speech import speak
from agent.providers.moonshine_engine import MoonshineEngine


@pytest.fixture(scope="module")
def engine() -> Iterator[MoonshineEngine]:
    engine = MoonshineEngine()
    yield engine
    engine.close()


def question(text: str) -> bytes:
    """*text* in a synthetic voice, with quiet around it, at 16 kHz."""
    speech = speak(text, "rms")
    pcm = soxr.resample(speech.pcm.astype(np.float32), speech.rate_hz, 16_000)
    quiet = np.random.default_rng(1).normal(0, 2, 5600)
    return np.concatenate([quiet, pcm, quiet]).astype(np.int16).tobytes()


def test_a_segment_is_recognised_while_it_grows_and_at_its_end(engine: MoonshineEngine) -> None:
    pcm = question("Do you have a swimming pool in the hotel?")
    segment = engine.segment()
    half = len(pcm) // 4 * 2
    segment.feed(pcm[:half])
    partial = segment.partial()
    assert partial is not None
    assert "do you" in partial.result(10).lower()
    segment.feed(pcm[half:])
    assert "hotel" in segment.finish().result(10).lower()


def test_all_of_the_audio_counts_also_when_nothing_was_asked_before(
    engine: MoonshineEngine,
) -> None:
    segment = engine.segment()
    segment.feed(question("Do you have a swimming pool in the hotel?"))
    assert "hotel" in segment.finish().result(10).lower()


def test_a_partial_on_its_way_is_not_asked_for_again(engine: MoonshineEngine) -> None:
    segment = engine.segment()
    segment.feed(question("What time is breakfast served?"))
    first = segment.partial()
    assert first is not None
    assert segment.partial() is None
    first.result(10)
    assert segment.partial() is not None
    segment.finish().result(10)


def test_silence_has_no_words(engine: MoonshineEngine) -> None:
    segment = engine.segment()
    segment.feed(bytes(32_000))
    assert segment.finish().result(10) == ""


def test_an_end_goes_first_and_no_partial_queues_behind_others(engine: MoonshineEngine) -> None:
    """Five callers speak when a sixth one ends: few of the five get a text for the screen."""
    pcm = question("What time is breakfast served?")
    order: list[str] = []

    def note(what: str, _: Future[str]) -> None:
        order.append(what)

    others = [engine.segment() for _ in range(5)]
    partials = []
    for number, segment in enumerate(others):
        segment.feed(pcm)
        partial = segment.partial()
        if partial is not None:
            partial.add_done_callback(functools.partial(note, f"partial {number}"))
            partials.append(partial)
    assert 1 <= len(partials) <= 2
    last = engine.segment()
    last.feed(pcm)
    final = last.finish()
    final.add_done_callback(functools.partial(note, "final"))
    final.result(20)
    assert order.index("final") <= 1
    for segment in others:
        segment.finish().result(20)


def test_it_loads_on_a_machine_without_portaudio(tmp_path: Path) -> None:
    """A server has no sound card, and `make run` installs no system library."""
    stub = tmp_path / "sounddevice.py"
    stub.write_text("raise OSError('PortAudio library not found')\n")
    program = "from agent.providers.moonshine_engine import MoonshineEngine as M; M().close()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_several_segments_at_once_do_not_mix(engine: MoonshineEngine) -> None:
    pool, car = engine.segment(), engine.segment()
    pool.feed(question("Do you have a swimming pool in the hotel?"))
    car.feed(question("Where can I park my car tonight?"))
    heard = pool.finish(), car.finish()
    assert "hotel" in heard[0].result(20).lower()
    assert "car" in heard[1].result(20).lower()
