"""A clock that stands still while the agent's audio is held back.

Pipecat reports each word when the clock reaches the time at which it should be heard. While audio
is held back nothing is heard, so the output's clock must wait with it, or the conversation would
believe words heard that were not.
"""

from __future__ import annotations

from pipecat.clocks.base_clock import BaseClock


class HeldClock(BaseClock):
    """Another clock, less the time for which it was held.

    Args:
        clock: The pipeline's; nanoseconds.
    """

    def __init__(self, clock: BaseClock) -> None:
        self._clock = clock
        self._held_ns = 0
        self._held_from_ns: int | None = None

    def start(self) -> None:
        """The pipeline's clock is started by the pipeline."""

    def get_time(self) -> int:
        """Time in nanoseconds."""
        now_ns = self._clock.get_time() if self._held_from_ns is None else self._held_from_ns
        return now_ns - self._held_ns

    def hold(self) -> None:
        """Stand still."""
        if self._held_from_ns is None:
            self._held_from_ns = self._clock.get_time()

    def go_on(self) -> None:
        """Go on from where it stands."""
        if self._held_from_ns is not None:
            self._held_ns += self._clock.get_time() - self._held_from_ns
            self._held_from_ns = None

    def reset(self) -> None:
        """Be the pipeline's clock again: what is said from here on was never held back."""
        self._held_ns = 0
        self._held_from_ns = None
