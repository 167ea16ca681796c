"""Calibration: logits scaled and shifted until their probabilities are honest.

Temperature scaling with a bias for each class (Alexandari et al., 2020). The biases are needed
because rare actions are taught more often than they occur.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from judge.models.minilm import Calibration

_STIFFNESS = 1e-3  # holds the bias of a class that hardly occurs near 0


def fit(logits: NDArray[Any], labels: NDArray[Any]) -> Calibration:
    """The calibration under which *labels* are likeliest.

    Args:
        logits: (n, classes).
        labels: (n,), class indices; negative ones do not count.
    """
    known = labels >= 0
    rows = torch.tensor(logits[known], dtype=torch.float64)
    right = torch.tensor(labels[known])
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=True)
    if not len(right):
        return Calibration(temperature=1.0, bias=tuple(bias.tolist()))
    optimizer = torch.optim.LBFGS(
        [log_temperature, bias], max_iter=200, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scaled = rows / log_temperature.exp() + bias
        error = torch.nn.functional.cross_entropy(scaled, right) + _STIFFNESS * (bias**2).sum()
        error.backward()
        return error

    optimizer.step(loss)
    return Calibration(
        temperature=float(log_temperature.detach().exp()),
        bias=tuple(float(b) for b in bias.detach()),
    )
