"""One call of the caller's: speaking, listening, and when what happened."""

import asyncio
import contextlib
from dataclasses import dataclass

from baresip.call import Call
from baresip.errors import StaleHandleError
from baresip.events import Event

from agent.bench.line import PACKET_S, Line, LineHealth, Speech
from agent.bench.listening import DEFAULT_EAR, Ear, Span, audible_spans, first_audible_after
from agent.bench.timeline import Pcm

_LISTEN_EVERY_S = 0.02


class CallNotAnswered(Exception):
    """The call did not come about. ``status`` is the SIP answer, None if there was none."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class CallEnded(Exception):
    """The call was over before the caller was done."""


@dataclass(frozen=True)
class SpokenSpan:
    """When something was said, in seconds on the clock of the call.

    first_sample_s: when the first sample of the recording was spoken, sound or not.
    start_s, end_s: where it is audible; silence at both ends of the recording is left out.
    """

    first_sample_s: float
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Said:
    """Something that has been said. Ask for ``span`` late: its times become truer."""

    line: Line
    speech: Speech
    lead_s: float
    """From its first sample to its first audible one."""
    tail_s: float
    """From its last audible sample to the end of its last packet."""

    @property
    def span(self) -> SpokenSpan:
        first, last = self.speech.first, self.speech.last_packet
        assert first is not None and last is not None  # it has been handed over
        first_s = self.line.spoken.time_of(first) or 0.0
        last_s = self.line.spoken.time_of(last) or 0.0
        return SpokenSpan(first_s, first_s + self.lead_s, last_s + PACKET_S - self.tail_s)


@dataclass
class Moments:
    """When what happened, in seconds since the INVITE was given to the stack; None: not yet."""

    invite_unix_s: float
    ringing_s: float | None = None
    answered_s: float | None = None
    closed_s: float | None = None
    close_reason: str | None = None


class PhoneCall:
    """One call. Made by ``Caller.dial``, established when it is handed out."""

    def __init__(self, call: Call, rate_hz: int, invite_monotonic_s: float, invite_unix_s: float):
        self._call = call
        self._invite_s = invite_monotonic_s
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self.line = Line(call.audio, rate_hz, invite_monotonic_s)
        self.rate_hz = rate_hz
        self.moments = Moments(invite_unix_s)

    def now_s(self) -> float:
        """Seconds since the INVITE."""
        return self.line.now_s()

    @property
    def call_id(self) -> str | None:
        """The SIP Call-ID."""
        return self._call.call_id

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def first_packet_s(self) -> float | None:
        """When the first RTP packet of the agent was there."""
        return self.line.first_packet_s

    @property
    def health(self) -> LineHealth:
        return self.line.health

    # -- speaking -------------------------------------------------------------

    async def say(self, pcm: Pcm, ear: Ear = DEFAULT_EAR) -> Said:
        """Speak; returns when the last audible sample has been spoken.

        It begins up to 0.2 s after the call of this method, or after what is
        being said already; what it returns knows the true times.

        Raises:
            ValueError: nothing audible in ``pcm``, or more than a minute queued.
            CallEnded: the call was over before the end of it.
        """
        audible = audible_spans(pcm, self.rate_hz, ear=ear)
        if not audible:
            raise ValueError("nothing audible to say")
        self._check_live()
        packets = -(-len(pcm) // round(PACKET_S * self.rate_hz))
        speech = self.line.say(pcm)
        while not speech.handed_over.is_set():
            await self._moment()
        said = Said(self.line, speech, audible[0].start_s, packets * PACKET_S - audible[-1].end_s)
        while self.now_s() < said.span.end_s:
            await self._moment()
        return said

    async def press(self, digits: str) -> None:
        """Send DTMF (RFC 4733), each key for 100 ms."""
        self._check_live()
        await self._call.send_dtmf(digits)

    # -- listening ------------------------------------------------------------

    async def listen(self, seconds: float) -> None:
        """Let time pass. Raises CallEnded if the call is over before."""
        until_s = self.now_s() + seconds
        while self.now_s() < until_s:
            await self._moment()

    def heard(self, start_s: float, end_s: float) -> Pcm:
        """What came from the agent between two moments of the call."""
        return self.line.heard.between(start_s, end_s)

    def spoken(self, start_s: float, end_s: float) -> Pcm:
        """What the caller sent between two moments of the call."""
        return self.line.spoken.between(start_s, end_s)

    def agent_spans(self, since_s: float = 0.0, ear: Ear = DEFAULT_EAR) -> list[Span]:
        """What has been audible from the agent since ``since_s``."""
        heard = self.heard(since_s, max(since_s, self.line.heard.end_s))
        return audible_spans(heard, self.rate_hz, origin_s=since_s, ear=ear)

    async def wait_for_agent_to_start(self, after_s: float, timeout_s: float) -> float | None:
        """When the agent is first audible at or after ``after_s``; None if not in time."""
        while True:
            onset_s = first_audible_after(self.agent_spans(after_s), after_s)
            if onset_s is not None:
                return onset_s
            if self.now_s() > after_s + timeout_s:
                return None
            await self._moment()

    async def wait_for_agent_to_stop(
        self, after_s: float, silence_s: float, timeout_s: float
    ) -> float | None:
        """When the agent was last audible, once it has been silent for ``silence_s``.

        ``after_s`` if it has said nothing since then; None if it was still
        going on ``timeout_s`` after ``after_s``.
        """
        while True:
            spans = self.agent_spans(after_s)
            last_s = spans[-1].end_s if spans else after_s
            if self.now_s() - last_s >= silence_s:
                return last_s
            if self.now_s() > after_s + timeout_s:
                return None
            await self._moment()

    async def _moment(self) -> None:
        self._check_live()
        await asyncio.sleep(_LISTEN_EVERY_S)

    def _check_live(self) -> None:
        if self._over.is_set():
            raise CallEnded(self.moments.close_reason or "the far end hung up")

    # -- beginning and ending ---------------------------------------------------

    async def hang_up(self) -> None:
        """End the call if it is not over already; its recordings stay."""
        if not self._over.is_set():
            with contextlib.suppress(StaleHandleError):  # the far end was quicker
                await self._call.hangup()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 2.0)
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
            self._pump = None

    def on_event(self, event: Event, text: str | None, at_monotonic_s: float) -> None:
        """What the stack reports about this call."""
        at_s = at_monotonic_s - self._invite_s
        if event in (Event.CALL_RINGING, Event.CALL_PROGRESS):
            self.moments.ringing_s = self.moments.ringing_s or at_s
        elif event is Event.CALL_ESTABLISHED:
            self.moments.answered_s = at_s
            self._pump = asyncio.create_task(self.line.run(), name="the caller's audio")
            self._answered.set()
        elif event is Event.CALL_CLOSED:
            self.moments.closed_s = at_s
            self.moments.close_reason = text or ""
            self._over.set()

    async def wait_answered(self, timeout_s: float) -> None:
        """Raises CallNotAnswered if the call ends, or the time passes, before the 200."""
        until_s = self.now_s() + timeout_s
        while not self._answered.is_set():
            if self._over.is_set():
                reason = self.moments.close_reason or "no reason given"
                raise CallNotAnswered(reason, int(reason[:3]) if reason[:3].isdigit() else None)
            if self.now_s() > until_s:
                await self.hang_up()
                raise CallNotAnswered(f"no answer within {timeout_s:g} s")
            await asyncio.sleep(0.005)
