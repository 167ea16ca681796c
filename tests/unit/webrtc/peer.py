"""A browser in this process: an aiortc peer that calls, speaks a tone and listens."""

from __future__ import annotations

import asyncio
import json
import time
from fractions import Fraction
from typing import Any

import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError
from av import AudioFrame

from telephony.webrtc.call import WebCall
from telephony.webrtc.media import Ear

RATE_HZ = 48_000
FRAME_SAMPLES = 960
CALLER_TONE_HZ = 440


class Tone(AudioStreamTrack):
    """A sine in real time that falls silent, as a sleeping page does, after *frames* frames."""

    def __init__(self, hz: int = CALLER_TONE_HZ, frames: int | None = None) -> None:
        super().__init__()
        self._hz = hz
        self._frames_left = frames
        self._sent = 0
        self._started_s = time.monotonic()

    async def recv(self) -> AudioFrame:
        """The next 20 ms of the sine, or nothing ever again."""
        if self._frames_left == 0:
            await asyncio.Event().wait()
        if self._frames_left:
            self._frames_left -= 1
        at = np.arange(self._sent, self._sent + FRAME_SAMPLES) / RATE_HZ
        wave = (8000 * np.sin(2 * np.pi * self._hz * at)).astype(np.int16)
        frame = AudioFrame.from_ndarray(wave[None, :], layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = self._sent
        frame.time_base = Fraction(1, RATE_HZ)
        self._sent += FRAME_SAMPLES
        await asyncio.sleep(self._started_s + self._sent / RATE_HZ - time.monotonic())
        return frame


class Browser:
    """The other end of a :class:`WebCall`.

    ``heard`` gets the agent's audio in call frames, ``messages`` what comes over
    the data channel, ``gone`` is set when the agent's side has closed.
    """

    def __init__(self, voice: AudioStreamTrack | None = None) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.open = asyncio.Event()
        self.gone = asyncio.Event()
        self.pc = RTCPeerConnection()
        self.pc.addTransceiver(voice or Tone(), "sendrecv")
        self._channel = self.pc.createDataChannel("rtvi-ai")
        self._channel.on("open", self.open.set)
        self._channel.on("message", self._note_message)
        self._listening: asyncio.Task[None] | None = None
        self.pc.on("track", self._note_track)
        self.pc.on("connectionstatechange", self._note_state)

    async def offer(self) -> str:
        """The SDP of a new offer, with all candidates in it."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        """Connect by the agent's answer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def call(self, room: str = "lobby", **who: str) -> WebCall:
        """Call without HTTP in between."""
        call = await WebCall.offered(room=room, sdp=await self.offer(), **who)
        await self.accept(call.sdp_answer)
        return call

    async def send(self, message: Any) -> None:
        """Send JSON as soon as the data channel is open."""
        await self.open.wait()
        self._channel.send(json.dumps(message))

    def vanish(self) -> None:
        """Stop answering without a goodbye, as a laptop does that is shut."""
        for transceiver in self.pc.getTransceivers():
            ice = transceiver.receiver.transport.transport
            for protocol in ice._connection._protocols:  # no public way to die rudely
                protocol.transport.abort()

    async def close(self) -> None:
        """Hang up as a browser does, with a goodbye of DTLS."""
        await self.pc.close()
        if self._listening:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    def _note_message(self, text: str) -> None:
        self.messages.put_nowait(json.loads(text))

    def _note_state(self) -> None:
        if self.pc.connectionState in ("closed", "failed"):
            self.gone.set()

    def _note_track(self, track: AudioStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: AudioStreamTrack) -> None:
        ear = Ear()
        try:
            while True:
                for frame in ear.hear(await track.recv()):
                    self.heard.put_nowait(frame)
        except MediaStreamError:
            return


def sine(hz: int, ms: int) -> bytes:
    """A sine in the format of calls."""
    at = np.arange(16 * ms) / 16_000
    return (8000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()


def loudness(pcm: bytes) -> float:
    """Root mean square of s16le audio."""
    return float(np.sqrt(np.mean(np.frombuffer(pcm, "<i2").astype(float) ** 2)))


def pitch_hz(pcm: bytes) -> float:
    """The strongest frequency in s16le audio at 16 kHz."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * 16_000 / len(samples)
