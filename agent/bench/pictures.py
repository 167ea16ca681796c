"""Pictures of what was measured: a call as a timeline, a run as dots."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from agent.bench.results import BargeInResult, BenchResult, ExchangeResult, PrematureResult
from agent.bench.timeline import Pcm

CALLER_COLOUR = "#3b6fb6"
AGENT_COLOUR = "#d9822b"
LATENCY_COLOUR = "#3a8f5c"
BARGE_IN_COLOUR = "#c2413b"
PREMATURE_COLOUR = "#c2413b"
_GREY = "#8a8f98"

ROW_S = 16.0
_DPI = 130
_BINS_PER_S = 80
_CALLER_Y, _AGENT_Y = 1.0, -1.0


@dataclass(frozen=True)
class PictureTurn:
    """Somebody's turn, for the timeline.

    latency_ms: of the agent's turns, from the end of the caller's speech.
    barge_in: of the caller's turns, that it talked over the agent; then
        stop_s is when the agent fell silent, None if it did not.
    """

    who: str
    start_s: float
    end_s: float
    text: str
    latency_ms: int | None = None
    barge_in: bool = False
    stop_s: float | None = None


def draw_timeline(
    caller: Pcm, agent: Pcm, rate_hz: int, turns: Sequence[PictureTurn], title: str, path: Path
) -> None:
    """Both sides of a call as waveforms, in rows of 16 s, with words and latencies."""
    # The silence between the last words and the hang-up deserves no row of its own.
    length_s = max((turn.end_s for turn in turns), default=max(len(caller), len(agent)) / rate_hz)
    rows = max(1, int(np.ceil(length_s / ROW_S)))
    figure, axes = plt.subplots(rows, 1, figsize=(15, 2.9 * rows + 0.7), squeeze=False)
    for row, ax in enumerate(axes[:, 0]):
        start_s = row * ROW_S
        _lane(ax, caller, rate_hz, start_s, _CALLER_Y, CALLER_COLOUR)
        _lane(ax, agent, rate_hz, start_s, _AGENT_Y, AGENT_COLOUR)
        _dress_row(ax, start_s)
        for turn in turns:
            _draw_turn(ax, turn, start_s)
        for before, turn in pairwise(turns):
            if turn.latency_ms is not None and before.who == "caller":
                _draw_latency(ax, before.end_s, turn.start_s, turn.latency_ms, start_s)
    axes[-1, 0].set_xlabel("seconds since the INVITE", color=_GREY)
    figure.suptitle(title, x=0.06, ha="left", fontsize=13)
    figure.tight_layout(rect=(0, 0, 1, 0.98))
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)


def _dress_row(ax: Axes, start_s: float) -> None:
    ax.set_xlim(start_s, start_s + ROW_S)
    ax.set_ylim(-3.1, 3.1)
    ax.set_yticks([_CALLER_Y, _AGENT_Y], ["caller", "agent"])
    ax.axhline(0, color="#e4e6ea", linewidth=0.8, zorder=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color("#c9ccd2")
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", colors=_GREY)
    for label, colour in zip(ax.get_yticklabels(), (CALLER_COLOUR, AGENT_COLOUR), strict=True):
        label.set_color(colour)
        label.set_fontweight("bold")


def _lane(ax: Axes, pcm: Pcm, rate_hz: int, start_s: float, y: float, colour: str) -> None:
    """The envelope of a row's part of a waveform, around ``y``."""
    row = pcm[round(start_s * rate_hz) : round((start_s + ROW_S) * rate_hz)]
    step = rate_hz // _BINS_PER_S
    bins = len(row) // step
    if not bins:
        return
    peaks = np.abs(row[: bins * step].astype(np.float64)).reshape(bins, step).max(axis=1)
    height = 0.75 * np.sqrt(peaks / 32768)  # the root lifts what is soft
    times_s = start_s + (np.arange(bins) + 0.5) / _BINS_PER_S
    ax.fill_between(times_s, y - height, y + height, color=colour, alpha=0.85, linewidth=0)


def _draw_turn(ax: Axes, turn: PictureTurn, start_s: float) -> None:
    end_s = start_s + ROW_S
    is_caller = turn.who == "caller"
    if start_s <= turn.start_s < end_s and turn.text:
        lines = textwrap.wrap(turn.text, 34)
        shown = lines[:3] if len(lines) <= 3 else [*lines[:2], lines[2] + " …"]
        ax.text(
            min(turn.start_s, end_s - 3.2),
            2.95 if is_caller else -2.95,
            "\n".join(shown),
            fontsize=7.5,
            va="top" if is_caller else "bottom",
            color=CALLER_COLOUR if is_caller else AGENT_COLOUR,
        )
    if turn.barge_in and start_s <= turn.start_s < end_s:
        stop_s = turn.stop_s
        ax.axvline(turn.start_s, color=BARGE_IN_COLOUR, linewidth=1.0, linestyle=(0, (4, 2)))
        label = "barge-in"
        if stop_s is not None:
            ax.axvspan(turn.start_s, stop_s, color=BARGE_IN_COLOUR, alpha=0.16, linewidth=0)
            label += f": silent after {round((stop_s - turn.start_s) * 1000)} ms"
        ax.text(turn.start_s + 0.06, 0.04, label, fontsize=8, color=BARGE_IN_COLOUR, va="bottom")


def _draw_latency(ax: Axes, from_s: float, to_s: float, latency_ms: int, start_s: float) -> None:
    """An arrow from the end of the caller's words to the agent's first sound."""
    if not start_s <= from_s < start_s + ROW_S:
        return
    ax.add_patch(
        FancyArrowPatch(
            (from_s, _CALLER_Y - 0.35),
            (max(to_s, from_s), _AGENT_Y + 0.35),
            arrowstyle="-|>",
            mutation_scale=9,
            color=LATENCY_COLOUR,
            linewidth=1.1,
            clip_on=True,
        )
    )
    middle_s = min((from_s + to_s) / 2 + 0.08, start_s + ROW_S - 0.9)
    ax.text(middle_s, -0.32, f"{latency_ms} ms", fontsize=8.5, color=LATENCY_COLOUR, va="center")


def draw_bench(result: BenchResult, path: Path) -> None:
    """Every reply and every barge-in as a dot, the medians as lines."""
    figures = result.as_json()
    exchanges: list[ExchangeResult] = result.of_kind(ExchangeResult)
    barge_ins: list[BargeInResult] = result.of_kind(BargeInResult)
    prematures: list[PrematureResult] = result.of_kind(PrematureResult)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2), width_ratios=(2, 1))
    v2v_ms = [e.v2v_s * 1000 for e in exchanges if e.v2v_s is not None]
    stop_ms = [b.stop_after_s * 1000 for b in barge_ins if b.stop_after_s is not None]
    _dots(left, v2v_ms, LATENCY_COLOUR, figures["v2v_p50_ms"], figures["v2v_p95_ms"])
    left.set_title("end of a question → first sound of the answer", loc="left", fontsize=11)
    _dots(right, stop_ms, BARGE_IN_COLOUR, figures["bargein_p50_ms"], figures["bargein_p95_ms"])
    right.set_title("caller talks over → agent silent", loc="left", fontsize=11)
    spoke = sum(trial.premature for trial in prematures)
    figure.text(
        0.01,
        0.01,
        f"spoke into a pause of 0.7 s in mid-sentence: {spoke} of {len(prematures)}; "
        f"failed: {figures['failed']}; {figures['calls']} calls, {result.parallel} at once",
        fontsize=9,
        color=_GREY,
    )
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)


def _dots(
    ax: Axes, values_ms: Sequence[float], colour: str, p50_ms: int | None, p95_ms: int | None
) -> None:
    ax.plot(range(1, len(values_ms) + 1), values_ms, "o", color=colour, alpha=0.8, markersize=6)
    for value_ms, name in ((p50_ms, "p50"), (p95_ms, "p95")):
        if value_ms is not None:
            ax.axhline(value_ms, color=_GREY, linewidth=1, linestyle="-" if name == "p50" else ":")
            ax.annotate(
                f"{name} {value_ms} ms",
                (1.0, value_ms),
                xycoords=("axes fraction", "data"),
                xytext=(-4, 3),
                textcoords="offset points",
                ha="right",
                fontsize=9,
                color=_GREY,
            )
    ax.set_ylim(bottom=0)
    ax.set_ylabel("ms")
    ax.set_xticks([])
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
