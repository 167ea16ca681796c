"""What every model of the judge offers."""

from __future__ import annotations

from typing import Protocol

from judge.judgement import Judgement
from judge.moment import Moment


class ModelError(RuntimeError):
    """A model cannot be loaded or cannot judge.

    The message names what is wrong (file, key or address) and the remedy. *retry* says
    whether the same request may succeed later without anybody doing anything.
    """

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class JudgeModel(Protocol):
    """A model. `judge` blocks: it is called on a worker thread, never on the event loop."""

    @property
    def name(self) -> str:
        """Name and version, such as ``minilm/1``."""
        ...

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        """Judge *moment*.

        Args:
            moment: What is to be judged.
            budget_s: Seconds until nobody waits for the answer any more; a model that can
                give up early does.

        Raises:
            ModelError: If no judgement came about.
        """
        ...

    def close(self) -> None:
        """Let go of what the model holds. Safe to call twice."""
        ...
