"""What the scripted callers say, spoken.

Voices are named: ``slt``, ``rms`` and ``awb`` are flite's (an American woman,
an American man, a Scotsman; Debian package ``flite``); ``espeak:NAME`` is an
eSpeak NG voice, for example ``espeak:en-us+f3``, and needs no package.

**A pause in mid-sentence** is cut into the finished sentence at a word
boundary, so that the first piece keeps the melody of a sentence that goes on,
as that of somebody who is thinking does. flite prints the times of the phones
of a sentence, and the phones of the first piece alone say how many to count;
eSpeak tells where words begin.
"""

import re
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import soxr

from agent.bench.listening import DEFAULT_EAR, Span, audible_spans
from agent.bench.timeline import Pcm
from agent.providers.espeak_engine import EspeakEngine, SpeechSynthesisError

FLITE_VOICES = ("slt", "rms", "awb")
ESPEAK_PREFIX = "espeak:"
ESPEAK_CALLERS = ("espeak:en-us+f3", "espeak:en-us+m7", "espeak:en-gb-scotland+f2")

PAUSE_S = 0.7
SPEECH_DBFS = -22.0
"""Level of the loud half of the speech: what a telephone line is lined up for."""

_MARGIN_S = 0.03
_FADE_S = 0.008
_FLITE_TIMEOUT_S = 20.0
_WORDS_PER_MINUTE = 175


class VoiceMissing(Exception):
    """A voice was asked for that this machine does not have. Says what to do."""


class SpeechFailed(Exception):
    """The synthesiser did not do its work."""


@dataclass(frozen=True)
class Utterance:
    """Something a caller says: 16-bit mono at ``rate_hz``, trimmed to what is audible.

    pause: where the inserted pause lies, from the last audible sample before
        it to the first one after, in seconds from the first sample of ``pcm``;
        None if there is none.
    """

    text: str
    voice: str
    pcm: Pcm
    rate_hz: int
    pause: Span | None = None

    @property
    def length_s(self) -> float:
        return len(self.pcm) / self.rate_hz


@dataclass(frozen=True)
class _Raw:
    pcm: Pcm
    rate_hz: int
    cut: int | None
    """The sample at which the first piece of the text has been spoken."""


def flite_installed() -> bool:
    return shutil.which("flite") is not None


def available_voices() -> tuple[str, ...]:
    """The voices to use if nobody asked for others: flite's, else eSpeak's."""
    return FLITE_VOICES if flite_installed() else ESPEAK_CALLERS


@lru_cache(maxsize=256)
def speak(text: str, voice: str, rate_hz: int = 8000) -> Utterance:
    """``text`` in ``voice``, kept in memory for the next time.

    Raises:
        VoiceMissing: with the remedy.
        SpeechFailed: the synthesiser did not do its work.
    """
    raw = _synthesise(text, None, voice)
    return Utterance(text, voice, _trimmed(_levelled(_resampled(raw, rate_hz)), rate_hz), rate_hz)


@lru_cache(maxsize=256)
def speak_with_pause(
    first: str, second: str, voice: str, rate_hz: int = 8000, pause_s: float = PAUSE_S
) -> Utterance:
    """One sentence, ``first`` + ``second``, with a pause between the two.

    The silence, from the last audible sample before to the first after, is
    ``pause_s`` long. Raises like ``speak``.
    """
    text = f"{first} {second}"
    raw = _synthesise(text, first, voice)
    if raw.cut is None:
        raise SpeechFailed(f"no word boundary found after {first!r}")
    whole = _levelled(_resampled(raw, rate_hz))
    cut = round(raw.cut * rate_hz / raw.rate_hz)
    before = _trimmed(_faded_out(whole[:cut], rate_hz), rate_hz)
    after = _trimmed(_faded_in(whole[cut:], rate_hz), rate_hz)
    ends_s = audible_spans(before, rate_hz)[-1].end_s
    begins_s = audible_spans(after, rate_hz)[0].start_s
    silence_s = pause_s - (len(before) / rate_hz - ends_s) - begins_s
    pcm = np.concatenate([before, np.zeros(round(silence_s * rate_hz), np.int16), after])
    return Utterance(text, voice, pcm, rate_hz, Span(ends_s, ends_s + pause_s))


# -- voices -------------------------------------------------------------------


def _synthesise(text: str, first: str | None, voice: str) -> _Raw:
    if voice.startswith(ESPEAK_PREFIX):
        return _espeak(text, first, voice.removeprefix(ESPEAK_PREFIX))
    if voice not in FLITE_VOICES:
        known = ", ".join(FLITE_VOICES)
        raise VoiceMissing(f"no voice {voice!r}; there are {known} and {ESPEAK_PREFIX}NAME")
    if not flite_installed():
        raise VoiceMissing(
            f"voice {voice!r} is flite's, and flite is not installed: "
            f"apt-get install flite, or use a voice such as {ESPEAK_CALLERS[0]}"
        )
    return _flite(text, first, voice)


def _espeak(text: str, first: str | None, voice: str) -> _Raw:
    try:
        speech = _engine().synthesise(text, voice=voice, words_per_minute=_WORDS_PER_MINUTE)
        spoken = speech.result()
    except SpeechSynthesisError as error:
        raise SpeechFailed(str(error)) from error
    cut = None
    if first is not None and len(first.split()) < len(spoken.words):
        cut = round(spoken.words[len(first.split())].start_s * spoken.rate_hz)
    return _Raw(spoken.samples, spoken.rate_hz, cut)


@cache
def _engine() -> EspeakEngine:
    """The caller's own: the agent's runs in another process."""
    return EspeakEngine()


def _flite(text: str, first: str | None, voice: str) -> _Raw:
    with tempfile.TemporaryDirectory(prefix="interject-voice-") as folder:
        path = Path(folder) / "speech.wav"
        printed = _run_flite("-voice", voice, "-psdur", "-t", text, "-o", str(path))
        with wave.open(str(path)) as recording:
            rate_hz = recording.getframerate()
            pcm = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    cut = None
    if first is not None:
        alone = _run_flite("-voice", voice, "-ps", "-t", first, "-o", "none").split()
        wanted = sum(phone != "pau" for phone in alone)
        ends_s = [
            float(end) for phone, end in re.findall(r"(\S+):([\d.]+)", printed) if phone != "pau"
        ]
        if 0 < wanted < len(ends_s):
            cut = round(ends_s[wanted - 1] * rate_hz)
    return _Raw(pcm, rate_hz, cut)


def _run_flite(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ("flite", *arguments),
            capture_output=True,
            text=True,
            timeout=_FLITE_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SpeechFailed(f"flite failed: {error}") from error
    return done.stdout


# -- shaping --------------------------------------------------------------------


def _resampled(raw: _Raw, rate_hz: int) -> Pcm:
    resampled: Pcm = soxr.resample(raw.pcm, raw.rate_hz, rate_hz, quality="HQ").astype(np.int16)
    return resampled


def _levelled(pcm: Pcm) -> Pcm:
    """Brought to ``SPEECH_DBFS``, never into clipping."""
    magnitude = np.abs(pcm.astype(np.float64))
    loud = magnitude[magnitude > np.percentile(magnitude, 50)] if len(pcm) else magnitude
    if not len(loud):
        raise SpeechFailed("the synthesiser returned silence")
    gain = 32768 * 10 ** (SPEECH_DBFS / 20) / float(np.sqrt(np.mean(loud**2)))
    gain = min(gain, 32000 / float(magnitude.max()))
    levelled: Pcm = np.round(pcm * gain).astype(np.int16)
    return levelled


def _trimmed(pcm: Pcm, rate_hz: int) -> Pcm:
    """Without the silence at both ends, but for a margin for what is too soft to count."""
    spans = audible_spans(pcm, rate_hz, ear=DEFAULT_EAR)
    if not spans:
        raise SpeechFailed("the synthesiser returned silence")
    start = max(0, round((spans[0].start_s - _MARGIN_S) * rate_hz))
    return pcm[start : round((spans[-1].end_s + _MARGIN_S) * rate_hz)]


def _faded_out(pcm: Pcm, rate_hz: int) -> Pcm:
    return _faded_in(pcm[::-1], rate_hz)[::-1]


def _faded_in(pcm: Pcm, rate_hz: int) -> Pcm:
    """So that a cut does not click."""
    length = min(len(pcm), round(_FADE_S * rate_hz))
    faded = pcm.copy()
    faded[:length] = (faded[:length] * np.linspace(0, 1, length)).astype(np.int16)
    return faded
