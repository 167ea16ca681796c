"""Pictures come out whatever was measured."""

from pathlib import Path

import numpy as np

from agent.bench.pictures import PictureTurn, draw_bench, draw_timeline
from agent.bench.results import BenchResult


def test_a_call_with_every_kind_of_turn_is_drawn(tmp_path: Path) -> None:
    samples = (np.sin(np.arange(8000 * 20) / 3) * 9000).astype(np.int16)
    turns = [
        PictureTurn("agent", 0.2, 1.0, "Hello.", latency_ms=200),
        PictureTurn("caller", 2.0, 4.0, "A question that goes on. " * 12),
        PictureTurn("agent", 4.4, 9.0, "An answer.", latency_ms=400),
        PictureTurn("caller", 6.0, 8.0, "Wait!", barge_in=True, stop_s=6.3),
        PictureTurn("caller", 18.0, 19.0, "Wait!", barge_in=True, stop_s=None),
    ]
    path = tmp_path / "timeline.png"
    draw_timeline(samples, samples[:9000], 8000, turns, "A call", path)
    assert path.stat().st_size > 10_000


def test_a_run_without_results_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "latency.png"
    draw_bench(BenchResult("sip:nobody", (), 0.0, 1), path)
    assert path.exists()
