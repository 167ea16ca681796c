"""Pictures of the figures: who is taken for whom, and how true the probabilities are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from judge.evaluation.calibration import Bin
from judge.evaluation.scoring import Ints

JUDGE_COLOUR: Final = "#3b6fb6"
GAP_COLOUR: Final = "#d9822b"
_GREY: Final = "#8a8f98"
_PALE: Final = "#e4e6ea"
_DARK_FROM: Final = 0.6  # share of a row from which its number is written in white
_DPI: Final = 130
_SHADES: Final = LinearSegmentedColormap.from_list("judge", ["#ffffff", JUDGE_COLOUR])


def draw_confusion(table: Ints, labels: Sequence[str], title: str, path: Path) -> None:
    """Counts, each row shaded by its own sum; labels that never occur are left out."""
    seen = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    seen = seen if len(seen) else np.arange(len(labels))
    table, names = (
        table[np.ix_(seen, seen)],
        [labels[int(place)].replace("_", " ") for place in seen],
    )
    size = len(names)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure, ax = plt.subplots(figsize=(2.6 + 0.72 * size, 2.0 + 0.56 * size))
    ax.imshow(shares, cmap=_SHADES, vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(table.shape):
        if count := int(table[row, column]):
            ax.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                fontsize=9,
                color="white" if shares[row, column] >= _DARK_FROM else "#30343a",
            )
    ax.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=_PALE, linewidth=0.8)
    ax.tick_params(which="both", length=0)
    ax.set_xlabel("said", color=_GREY)
    ax.set_ylabel("right", color=_GREY)
    for side in ax.spines.values():
        side.set_visible(False)
    _finish(figure, title, path)


def draw_reliability(bins: Sequence[Bin], ece: float | None, title: str, path: Path) -> None:
    """Accuracy over confidence, and below how many judgements there are of each confidence."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(5.6, 6.2), sharex=True, height_ratios=(3.2, 1)
    )
    middles = [(one.low + one.high) / 2 for one in bins]
    widths = [0.92 * (one.high - one.low) for one in bins]
    above.bar(middles, [one.accuracy for one in bins], widths, color=JUDGE_COLOUR, label="right")
    for one, width in zip(bins, widths, strict=True):
        above.hlines(
            one.confidence,
            one.low,
            one.low + width,
            color=GAP_COLOUR,
            linewidth=2,
            label="said" if one is bins[0] else None,
        )
    above.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle="--")
    above.set_ylim(0, 1)
    above.set_ylabel("share that is right", color=_GREY)
    if bins:
        above.legend(frameon=False, loc="upper left", fontsize=9)
    if ece is not None:
        above.text(0.98, 0.04, f"ECE {ece:.3f}", ha="right", transform=above.transAxes)
    below.bar(middles, [one.n for one in bins], widths, color=_GREY)
    below.set_ylabel("moments", color=_GREY)
    below.set_xlabel("confidence of the action", color=_GREY)
    below.set_xlim(0, 1)
    for ax in (above, below):
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    _finish(figure, title, path)


def _finish(figure: Figure, title: str, path: Path) -> None:
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)
