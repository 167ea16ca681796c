"""The gate that hears a stretch of speech fall quiet."""

from __future__ import annotations

import numpy as np
import pytest

from agent.turns.level import LevelGate


def tone(amplitude: float) -> bytes:
    wave = amplitude * np.sin(np.arange(320) * 2 * np.pi * 440 / 16_000)
    return wave.astype(np.int16).tobytes()


def test_quiet_is_counted_from_the_last_loud_frame() -> None:
    gate = LevelGate()
    for _ in range(10):
        gate.feed(tone(8000))
    assert gate.quiet_s == 0.0
    for _ in range(4):
        gate.feed(tone(50))
    assert gate.quiet_s == pytest.approx(0.08)
    gate.feed(tone(6000))
    assert gate.quiet_s == 0.0


def test_a_soft_voice_is_not_quiet() -> None:
    gate = LevelGate()
    for _ in range(10):
        gate.feed(tone(300))
    assert gate.quiet_s == 0.0


def test_a_noisy_line_never_falls_quiet() -> None:
    gate = LevelGate()
    for amplitude in (8000, 900, 900, 900):
        gate.feed(tone(amplitude))
    assert gate.quiet_s == 0.0


def test_digital_silence_from_the_start_does_not_divide_by_anything() -> None:
    gate = LevelGate()
    gate.feed(bytes(640))
    gate.feed(b"")
    assert gate.quiet_s == 0.0
