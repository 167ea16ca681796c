"""What the caller heard, and what was dropped on the way."""

from __future__ import annotations

import asyncio

import pytest

from telephony.audio import FRAME_BYTES, FRAME_MS
from telephony.playout import CAPACITY_FRAMES, STALL_S, Playout


def frame(value: int) -> bytes:
    return bytes([value]) * FRAME_BYTES


async def test_frames_come_out_in_the_order_in_which_they_went_in() -> None:
    playout = Playout()
    await playout.write(frame(1) + frame(2))
    assert [playout.pull(), playout.pull(), playout.pull()] == [frame(1), frame(2), None]
    assert playout.heard_ms == 2 * FRAME_MS


async def test_audio_short_of_a_frame_waits_for_the_rest() -> None:
    playout = Playout()
    await playout.write(frame(1)[:100])
    assert playout.pull() is None
    await playout.write(frame(1)[100:])
    assert playout.pull() == frame(1)


async def test_a_writer_waits_until_somebody_pulls() -> None:
    playout = Playout()
    await playout.write(frame(0) * CAPACITY_FRAMES)
    writing = asyncio.create_task(playout.write(frame(9)))
    await asyncio.sleep(0)
    assert not writing.done()
    playout.pull()
    await asyncio.wait_for(writing, 1)


async def test_a_flush_drops_what_was_not_heard_and_frees_the_writer() -> None:
    playout = Playout()
    await playout.write(frame(0) * CAPACITY_FRAMES)
    writing = asyncio.create_task(playout.write(frame(9)))
    await asyncio.sleep(0)
    assert playout.flush() == CAPACITY_FRAMES * FRAME_MS
    await asyncio.wait_for(writing, 1)
    assert playout.pull() == frame(9)
    assert playout.dropped_ms == CAPACITY_FRAMES * FRAME_MS


async def test_on_hold_writing_goes_on_and_the_oldest_audio_is_dropped() -> None:
    playout = Playout()
    count = CAPACITY_FRAMES + 4
    async with asyncio.timeout(2):
        await playout.write(b"".join(frame(value) for value in range(count)))
    assert playout.dropped_ms == 4 * FRAME_MS
    assert playout.pull() == frame(4)


@pytest.mark.parametrize("waiting", [True, False])
async def test_closing_lets_every_writer_go(waiting: bool) -> None:
    playout = Playout()
    await playout.write(frame(0) * CAPACITY_FRAMES)
    writing = asyncio.create_task(playout.write(frame(9) * 50))
    if waiting:
        await asyncio.sleep(0)
    playout.close()
    await asyncio.wait_for(writing, 1)


async def test_a_closed_playout_holds_no_audio() -> None:
    playout = Playout()
    playout.close()
    await asyncio.wait_for(playout.write(frame(1) * 100), 1)
    assert playout.pull() is None


async def test_a_pause_is_silent_and_goes_on_from_the_very_sample() -> None:
    playout = Playout()
    await playout.write(frame(1) + frame(2) + frame(3))
    assert playout.pull() == frame(1)
    playout.pause()
    assert [playout.pull() for _ in range(20)] == [None] * 20
    playout.resume()
    assert [playout.pull(), playout.pull(), playout.pull()] == [frame(2), frame(3), None]
    assert (playout.heard_ms, playout.dropped_ms) == (3 * FRAME_MS, 0)


async def test_a_writer_waits_out_a_pause_and_loses_nothing() -> None:
    playout = Playout()
    playout.pause()
    writing = asyncio.create_task(playout.write(b"".join(frame(n) for n in range(6))))
    with pytest.raises(TimeoutError):  # longer than nobody's pulling is taken for a hold
        await asyncio.wait_for(asyncio.shield(writing), 2 * STALL_S)
    playout.resume()
    heard: list[bytes] = []
    async with asyncio.timeout(2):
        while len(heard) < 6:
            pulled = playout.pull()
            if pulled is not None:
                heard.append(pulled)
            await asyncio.sleep(0)
    await writing
    assert heard == [frame(n) for n in range(6)]
    assert playout.dropped_ms == 0


async def test_a_flush_ends_a_pause() -> None:
    playout = Playout()
    await playout.write(frame(1))
    playout.pause()
    assert playout.flush() == FRAME_MS
    assert not playout.paused
    await playout.write(frame(2))
    assert playout.pull() == frame(2)


async def test_closing_lets_a_writer_go_that_waits_out_a_pause() -> None:
    playout = Playout()
    playout.pause()
    writing = asyncio.create_task(playout.write(frame(9) * 50))
    await asyncio.sleep(0)
    playout.close()
    await asyncio.wait_for(writing, 1)
