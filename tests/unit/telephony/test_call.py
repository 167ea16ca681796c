"""A call's life is the table in telephony.call, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from telephony.call import (
    TRANSITIONS,
    CallEvent,
    CallState,
    DigitPressed,
    IllegalTransition,
    StateChanged,
)
from telephony.endings import Cause, Ending, Party
from telephony.intake import IntakeClosed
from tests.unit.telephony.plain_call import offered

HUNG_UP = Ending(Party.CALLER, Cause.HUNG_UP)


async def test_every_transition_outside_the_table_raises() -> None:
    for old, allowed in TRANSITIONS.items():
        for new in CallState:
            if new in allowed or new is old:
                continue
            call = offered()
            call._state = old
            with pytest.raises(IllegalTransition):
                call.set_state(new)


async def test_nothing_leads_out_of_the_end() -> None:
    assert not TRANSITIONS[CallState.ENDED]


async def test_a_state_that_does_not_change_is_no_event() -> None:
    call, seen = offered(), list[CallEvent]()
    call.subscribe(seen.append)
    call.set_state(CallState.RINGING)
    call.set_state(CallState.RINGING)
    assert seen == [StateChanged(CallState.OFFERED, CallState.RINGING)]


async def test_the_first_reason_given_for_the_end_stays() -> None:
    call = offered()
    call.end(HUNG_UP)
    call.end(Ending(Party.OPERATOR, Cause.SHUTDOWN))
    assert await call.wait_ended() == HUNG_UP


async def test_a_reader_learns_of_the_end_after_the_last_frame() -> None:
    call = offered()
    call.intake.put(b"\1" * 640)
    call.end(HUNG_UP)
    assert await call.read() == b"\1" * 640
    with pytest.raises(IntakeClosed):
        await call.read()


async def test_playing_to_an_ended_call_says_so_at_once() -> None:
    call = offered()
    call.end(HUNG_UP)
    async with asyncio.timeout(1):
        assert not await call.play(bytes(640 * 100))


async def test_a_subscriber_that_fails_does_not_keep_the_event_from_the_others() -> None:
    call, seen = offered(), list[CallEvent]()

    def broken(_: CallEvent) -> None:
        raise ValueError("broken")

    call.subscribe(broken)
    call.subscribe(seen.append)
    call.emit(DigitPressed("5"))
    assert seen == [DigitPressed("5")]
