"""A clock that stands still while audio is held back."""

from __future__ import annotations

from pipecat.clocks.base_clock import BaseClock

from telephony.held_clock import HeldClock


class SetClock(BaseClock):
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now_ns = 0

    def start(self) -> None:
        self.now_ns = 0

    def get_time(self) -> int:
        return self.now_ns


def test_it_stands_still_while_it_is_held_and_goes_on_from_there() -> None:
    clock = SetClock()
    held = HeldClock(clock)
    clock.now_ns = 100
    held.hold()
    clock.now_ns = 400
    held.hold()  # held already
    assert held.get_time() == 100
    held.go_on()
    assert held.get_time() == 100
    clock.now_ns = 450
    assert held.get_time() == 150


def test_holds_add_up_until_it_is_reset() -> None:
    clock = SetClock()
    held = HeldClock(clock)
    for start in (100, 300):
        clock.now_ns = start
        held.hold()
        clock.now_ns = start + 50
        held.go_on()
    clock.now_ns = 500
    assert held.get_time() == 400
    held.reset()
    assert held.get_time() == 500


def test_going_on_without_a_hold_changes_nothing() -> None:
    clock = SetClock()
    held = HeldClock(clock)
    clock.now_ns = 70
    held.go_on()
    assert held.get_time() == 70
