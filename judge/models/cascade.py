"""A fast model, and a larger one that is asked when the fast one is unsure."""

from __future__ import annotations

import time
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Final

from judge.judgement import Judgement
from judge.models.base import JudgeModel, ModelError
from judge.moment import Moment
from judge.worker import Worker

_KEPT_BACK_S: Final = 0.010
"""Of the budget, for handing the fast model's judgement on when the larger one is late."""
_WORTH_ASKING_S: Final = 0.010
"""With less left than this no larger model is asked."""


class Cascade:
    """Asks *fast*, and *large* too when the confidence of *fast* lies in *band*.

    The larger model works on a thread of its own, so that the fast one's judgement is handed
    over in time whatever the larger one does. It then stands with
    :attr:`~judge.judgement.Judgement.fallback` saying why the larger one did not decide: it was
    late, it failed, or it is still busy with a moment that nobody waits for any more.

    Args:
        fast: Judges every moment.
        large: Judges those of which *fast* is unsure.
        band: Lowest and highest confidence that counts as unsure, both within; set by calibration.
    """

    def __init__(self, fast: JudgeModel, large: JudgeModel, band: tuple[float, float]) -> None:
        self._fast, self._large, self._band = fast, large, band
        self._worker = Worker("judge-large")
        self._late: Future[Judgement] | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """Both names. A judgement bears the name of the one that made it."""
        return f"{self._fast.name}+{self._large.name}"

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        """Judge *moment* within *budget_s*.

        Raises:
            ModelError: If the fast model fails; the larger one is then not asked.
        """
        started_s = time.perf_counter()
        judgement = self._fast.judge(moment, budget_s=budget_s)
        low, high = self._band
        if not low <= judgement.confidence <= high:
            return judgement
        left_s = None
        if budget_s is not None:
            left_s = budget_s - (time.perf_counter() - started_s) - _KEPT_BACK_S
        try:
            decided = self._ask_large(moment, left_s)
        except ModelError as error:
            decided = replace(judgement, fallback=str(error))
        return replace(decided, took_ms=(time.perf_counter() - started_s) * 1000)

    def _ask_large(self, moment: Moment, left_s: float | None) -> Judgement:
        if left_s is not None and left_s < _WORTH_ASKING_S:
            raise ModelError(f"no time left for {self._large.name}", retry=True)
        if self._late is not None and not self._late.done():
            raise ModelError(f"{self._large.name} is busy with an earlier moment", retry=True)
        job = self._worker.submit(lambda: self._large.judge(moment, budget_s=left_s))
        wait({job}, left_s)
        if not job.done():
            self._late = job
            raise ModelError(f"{self._large.name} is late", retry=True)
        return job.result()

    def close(self) -> None:
        """Close both models; the larger one on its thread, once it is free."""
        if self._closed:
            return
        self._closed = True
        self._worker.submit(self._large.close)
        self._worker.stop()
        self._fast.close()
