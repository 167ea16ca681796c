"""The audio of one call, in and out, and the clock it is told by.

**One clock.** Everything in a call is told in seconds since its INVITE.
A sample is *spoken* when a microphone would have taken it: a packet carries
the 20 ms that end at the moment it is sent. A sample is *heard* when its
packet has arrived and everything before it in the packet has been played.
Thus the 20 ms that a phone needs to fill a packet count, as they do for a
person; a jitter buffer on the caller's side does not (it is switched off).

**How the clock is kept.** At every tick of a 20 ms schedule baresip takes one
packet's worth from its transmit buffer, and it puts a received packet into
its receive buffer on arrival. The line polls both every 5 ms. It keeps
``QUEUE_S`` of audio (speech, else silence) in the transmit buffer, so the
number of ticks so far follows from what is left in it; every count and every
arrival goes to a ``Track``, which finds the times behind the polls. Between
the tick and the wire there is one more queue, see ``Line.hold_back``.

**How true it is.** Two of these in one process, calling each other with tone
bursts of known length on a 2-core machine: spoken to heard, where the
definitions above say 20 ms, 24 ms were measured at both edges of every burst
(23.8 to 25.3 over four calls). The 4 ms are the stack's own and loopback; they
are left in, at the agent's expense. With eight busy processes beside it, 24 to
38 ms, constant within a call: a call whose transmit thread began late stays so.
"""

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from baresip.audio import CallAudio
from baresip.errors import AudioNotActive, AudioRestarted

from agent.bench.timeline import Pcm, Track

logger = logging.getLogger(__name__)

POLL_S = 0.005
PACKET_S = 0.020

QUEUE_S = 0.20
"""Audio kept in the transmit buffer: how late a poll may be without a hole."""

LONGEST_SPEECH_S = 60.0
_SAMPLE_BYTES = 2


@dataclass(frozen=True)
class LineHealth:
    """How well the caller's own machinery ran; anything but zeros lessens its word.

    silent_packets: packets that went out as silence because we were late; the
        caller's words had a hole there.
    lost_bytes: received audio that was dropped because we were late.
    holes: how often a direction stopped for a while and then went on.
    held_back: packets the stack left out because its own clocks had slipped
        (accounted for, see ``Line.hold_back``).
    replacements: how often the far end renegotiated the audio.
    """

    silent_packets: int
    lost_bytes: int
    holes: int
    held_back: int
    replacements: int


@dataclass
class Speech:
    """Something to be said, and where in the ``spoken`` track it came to lie.

    pcm: what is not handed to the stack yet. first, last_packet: numbers of the
    first sample of its first and of its last packet so far.
    """

    pcm: Pcm
    first: int | None = None
    last_packet: int | None = None
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)


class Line:
    """Feeds and drains one call's audio, and remembers both on the call's clock.

    Started when the call is established; its task is owned and ended by
    ``run``'s caller. ``spoken`` and ``heard`` hold what went out and came in.
    """

    def __init__(self, audio: CallAudio, rate_hz: int, invite_monotonic_s: float) -> None:
        self._audio = audio
        self._invite_s = invite_monotonic_s
        self._packet = round(PACKET_S * rate_hz)
        self._speeches: deque[Speech] = deque()
        self._queued_samples = 0
        self._silent_packets_seen: int | None = None
        self._replacements = 0
        self._silent_packets = 0
        self._lost_bytes = 0
        self._taken = 0
        self._held_back = 0
        self.rate_hz = rate_hz
        self.spoken = Track(rate_hz)
        self.heard = Track(rate_hz)
        self.first_packet_s: float | None = None

    def now_s(self) -> float:
        """Seconds since the INVITE."""
        return time.monotonic() - self._invite_s

    @property
    def held_back(self) -> int:
        """How often ``hold_back`` has been told."""
        return self._held_back

    @property
    def health(self) -> LineHealth:
        return LineHealth(
            self._silent_packets,
            self._lost_bytes,
            self.spoken.holes + self.heard.holes,
            self._held_back,
            self._replacements,
        )

    def say(self, pcm: Pcm) -> Speech:
        """Queue speech behind what is queued already.

        Raises ValueError if that were more than a minute.
        """
        padded = np.concatenate([pcm, np.zeros(-len(pcm) % self._packet, np.int16)])
        if self._queued_samples + len(padded) > LONGEST_SPEECH_S * self.rate_hz:
            raise ValueError(f"more than {LONGEST_SPEECH_S:g} s of speech queued")
        speech = Speech(padded)
        self._speeches.append(speech)
        self._queued_samples += len(padded)
        return speech

    def hold_back(self) -> None:
        """The stack had nothing to send when a packet was due, and is a packet later from now on.

        Its transmit thread keeps a schedule of its own, which begins with the
        first tick: when a tick comes after the packet it should have filled,
        that packet is left out, and all later ones wait for one more turn.
        """
        self.spoken.postpone(self._taken, PACKET_S)
        self._held_back += 1

    async def run(self) -> None:
        """Move audio until cancelled."""
        while True:
            try:
                self._poll()
            except AudioNotActive:
                pass  # before the media is up, and while the call is taken down
            except AudioRestarted:
                # Renegotiated, or being taken down. If renegotiated, the next poll
                # finds new, empty buffers: a hole in both directions.
                logger.debug("the audio streams were replaced")
            await asyncio.sleep(POLL_S)

    def _poll(self) -> None:
        received = self._audio.read(self.rate_hz * _SAMPLE_BYTES)
        if received:
            at_s = self.now_s()
            if self.first_packet_s is None:
                self.first_packet_s = at_s
            self.heard.append(np.frombuffer(received, np.int16))
            # The newest packet was there; its last sample is heard a packet's length later.
            self.heard.observe(self.heard.count, at_s + PACKET_S)
        info = self._audio.info()
        stats = self._audio.stats()
        at_s = self.now_s()
        if not info.tx_ready:
            return  # not up yet, or being taken down: its counters are nobody's
        self._lost_bytes = stats.rx_dropped_bytes + stats.rx_discarded_bytes
        self._note_silence(stats.tx_silence_frames)
        queued = info.tx_buffered // (self._packet * _SAMPLE_BYTES)
        sent = self.spoken.count - queued * self._packet
        if sent > 0 and not self._replacements:
            # A packet holds what was spoken up to the tick that sends it.
            self.spoken.observe(sent, at_s)
            self._taken = sent
        self._feed(queued)

    def _note_silence(self, silent_packets: int) -> None:
        """Count the packets that went out empty after we had begun to feed."""
        if self._silent_packets_seen is None and self.spoken.count:
            self._silent_packets_seen = silent_packets
        elif self._silent_packets_seen is not None:
            if silent_packets < self._silent_packets_seen:
                # Counters begin anew with a new stream. What was queued in the old one is
                # lost and uncounted, so the clock goes on by what it knows already.
                self._replacements += 1
                self._silent_packets_seen = 0
            self._silent_packets += silent_packets - self._silent_packets_seen
            self._silent_packets_seen = silent_packets

    def _feed(self, queued: int) -> None:
        while queued < QUEUE_S / PACKET_S:
            speech, packet = self._next_packet()
            self._audio.write(packet.tobytes())  # all of it: the stack's buffer holds 2 s
            number = self.spoken.append(packet)
            if speech is not None:
                speech.first = number if speech.first is None else speech.first
                speech.last_packet = number
                if not len(speech.pcm):
                    speech.handed_over.set()
            queued += 1

    def _next_packet(self) -> tuple[Speech | None, Pcm]:
        if not self._speeches:
            return None, np.zeros(self._packet, np.int16)
        speech = self._speeches[0]
        packet, speech.pcm = speech.pcm[: self._packet], speech.pcm[self._packet :]
        self._queued_samples -= len(packet)
        if not len(speech.pcm):
            self._speeches.popleft()
        return speech, packet
