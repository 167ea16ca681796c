"""The caller's audio between a media thread and the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from telephony.audio import FRAME_BYTES, FRAME_MS
from telephony.intake import CAPACITY_MS, Intake, IntakeClosed


async def test_a_reader_waits_for_a_frame_from_another_thread() -> None:
    intake = Intake()
    reading = asyncio.create_task(intake.read())
    await asyncio.sleep(0)
    thread = threading.Thread(target=intake.put, args=(b"\7" * FRAME_BYTES,))
    thread.start()
    assert await asyncio.wait_for(reading, 1) == b"\7" * FRAME_BYTES
    thread.join()


async def test_a_reader_who_falls_behind_loses_the_oldest_frames_and_they_are_counted() -> None:
    intake = Intake()
    capacity = CAPACITY_MS // FRAME_MS
    for value in range(capacity + 3):
        intake.put(bytes([value]) * FRAME_BYTES)
    assert intake.dropped_frames == 3
    assert await intake.read() == bytes([3]) * FRAME_BYTES


async def test_the_end_frees_a_waiting_reader() -> None:
    intake = Intake()
    reading = asyncio.create_task(intake.read())
    await asyncio.sleep(0)
    intake.close()
    with pytest.raises(IntakeClosed):
        await asyncio.wait_for(reading, 1)
