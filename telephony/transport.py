"""Pipecat's view of a call: one transport for every medium.

Pipecat reads and writes frames; a :class:`~telephony.call.Call` carries audio,
keys and screen messages. Nothing else happens here.
"""

from __future__ import annotations

import asyncio

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from telephony.audio import FRAME_MS, RATE_HZ
from telephony.call import Call, CallEvent, DigitPressed, MessageReceived
from telephony.frames import OutputPauseFrame, OutputResumeFrame
from telephony.held_clock import HeldClock
from telephony.intake import IntakeClosed

CALL_PARAMS = TransportParams(
    audio_in_enabled=True,
    audio_in_sample_rate=RATE_HZ,
    audio_out_enabled=True,
    audio_out_sample_rate=RATE_HZ,
    audio_out_10ms_chunks=FRAME_MS // 10,
    # Pipecat would send two seconds of silence in one frame before it lets go.
    audio_out_end_silence_secs=0,
)


class CallTransport(BaseTransport):
    """Pipecat transport over one :class:`~telephony.call.Call`."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._input = CallInput(call)
        self._output = CallOutput(call)

    def input(self) -> CallInput:
        """Where the caller's audio, keys and messages enter the pipeline."""
        return self._input

    def output(self) -> CallOutput:
        """Where the agent's audio and messages leave the pipeline."""
        return self._output


class CallInput(BaseInputTransport):
    """Caller → pipeline."""

    def __init__(self, call: Call) -> None:
        super().__init__(CALL_PARAMS, name=f"CallInput#{call.info.call_id}")
        self._call = call
        self._reader: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue(maxsize=256)
        self._event_task: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        """Begin to read the call."""
        await super().start(frame)
        self._call.subscribe(self._note)
        self._reader = self.create_task(self._read_audio())
        self._event_task = self.create_task(self._forward_events())
        await self.set_transport_ready(frame)

    async def stop(self, frame: EndFrame) -> None:
        """Stop reading; audio that is still on its way is dropped."""
        await super().stop(frame)
        await self._stop_tasks()

    async def cancel(self, frame: CancelFrame) -> None:
        """Stop reading at once."""
        await super().cancel(frame)
        await self._stop_tasks()

    async def cleanup(self) -> None:
        """Release the tasks if neither stop nor cancel came."""
        await super().cleanup()
        await self._stop_tasks()

    async def _stop_tasks(self) -> None:
        for task in (self._reader, self._event_task):
            if task:
                await self.cancel_task(task)
        self._reader = self._event_task = None

    async def _read_audio(self) -> None:
        try:
            while True:
                pcm = await self._call.read()
                await self.push_audio_frame(
                    InputAudioRawFrame(audio=pcm, sample_rate=RATE_HZ, num_channels=1)
                )
        except IntakeClosed:
            return

    def _note(self, event: CallEvent) -> None:
        # A storm of keys beyond the queue is dropped, newest first: nobody types so fast.
        if isinstance(event, DigitPressed | MessageReceived) and not self._events.full():
            self._events.put_nowait(event)

    async def _forward_events(self) -> None:
        while True:
            event = await self._events.get()
            if isinstance(event, DigitPressed) and event.digit not in "ABCD":
                await self.push_frame(InputDTMFFrame(button=KeypadEntry(event.digit)))
            elif isinstance(event, MessageReceived):
                # Both ways: Pipecat's RTVI processor stands before the transport.
                await self.broadcast_frame(InputTransportMessageFrame, message=event.message)


class CallOutput(BaseOutputTransport):
    """Pipeline → caller."""

    def __init__(self, call: Call) -> None:
        super().__init__(CALL_PARAMS, name=f"CallOutput#{call.info.call_id}")
        self._call = call
        self._held_clock: HeldClock | None = None

    def get_clock(self) -> HeldClock:
        """The clock by which words are reported as heard: it waits while audio is held back."""
        if self._held_clock is None:
            self._held_clock = HeldClock(super().get_clock())
        return self._held_clock

    async def start(self, frame: StartFrame) -> None:
        """Open the way out."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """On an interruption drop what is queued toward the phone first, then Pipecat's own."""
        if isinstance(frame, InterruptionFrame):
            self._call.flush()
            self.get_clock().reset()
        elif isinstance(frame, OutputPauseFrame):
            self._call.pause()
            self.get_clock().hold()
        elif isinstance(frame, OutputResumeFrame):
            self._call.resume()
            self.get_clock().go_on()
        await super().process_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push *frame*; after the agent's last word the clock of words owes nothing."""
        if isinstance(frame, BotStoppedSpeakingFrame):
            self.get_clock().reset()
        await super().push_frame(frame, direction)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play 20 ms to the caller; takes as long as the audio lasts."""
        return await self._call.play(frame.audio)

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        """Send a message to the caller's screen, where there is one."""
        self._call.send_message(frame.message)
