"""eSpeak NG in this process, through ctypes: text in, samples and word times out.

The library keeps one synthesiser in global variables, so there is one engine
per process and one thread that talks to it; callers would be mixed otherwise.
Source of the interface: eSpeak NG's ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

_SYNCHRONOUS: Final = 2  # espeak_Synth returns when the last samples were delivered
_BUFFER_MS: Final = 60
_CHARS_UTF8: Final = 1
_POS_CHARACTER: Final = 1
_RATE, _PITCH = 1, 3
_EVENT_END, _EVENT_WORD = 0, 1
_OK: Final = 0
_AUDIBLE: Final = 200  # of 32768: what lies below at the start is silence to be cut


class SpeechSynthesisError(RuntimeError):
    """eSpeak NG refused; the message says what and, where known, the remedy."""


@dataclass(frozen=True)
class SpokenWord:
    """A word as written and when it begins, in seconds from the first sample."""

    text: str
    start_s: float


@dataclass(frozen=True)
class Speech:
    """Synthesised speech: mono int16 samples, and its words in order."""

    samples: NDArray[np.int16]
    rate_hz: int
    words: tuple[SpokenWord, ...]

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return len(self.samples) / self.rate_hz


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters from the start, first is 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class EspeakEngine:
    """The process's eSpeak NG. Create it once and share it; all methods are thread-safe.

    Raises:
        SpeechSynthesisError: The library or its data could not be loaded.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")
        self._chunks: list[bytes] = []
        self._positions: list[tuple[int, int]] = []  # (character, ms)
        self._library: Any = None
        self.rate_hz = 0
        # Kept: the library calls it as long as it lives.
        self._callback = _Callback(self._receive)
        self._thread.submit(self._open).result()

    def synthesise(self, text: str, *, voice: str, words_per_minute: int) -> Future[Speech]:
        """Speak *text* into memory; 3 s of speech take about 3 ms."""
        return self._thread.submit(self._synthesise, text, voice, words_per_minute)

    def check_voice(self, voice: str) -> None:
        """Raise :class:`SpeechSynthesisError` if there is no such voice."""
        self._thread.submit(self._set_voice, voice).result()

    # On the engine's thread.

    def _open(self) -> None:
        try:
            library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise SpeechSynthesisError(f"cannot load eSpeak NG: {error}") from error
        data = espeakng_loader.get_data_path().encode()
        rate = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data, 0)
        if rate <= 0:
            raise SpeechSynthesisError(
                f"eSpeak NG found no voice data in {data.decode()}; reinstall espeakng-loader"
            )
        library.espeak_SetSynthCallback(self._callback)
        library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        self._library = library
        self.rate_hz = rate

    def _set_voice(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise SpeechSynthesisError(
                f"eSpeak NG has no voice {voice!r}; try en (British), en-us, en-us+f3"
            )

    def _synthesise(self, text: str, voice: str, words_per_minute: int) -> Speech:
        self._set_voice(voice)
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._chunks.clear()
        self._positions.clear()
        data = text.encode()
        status = self._library.espeak_Synth(
            data, len(data) + 1, 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if status != _OK:
            raise SpeechSynthesisError(f"eSpeak NG failed with status {status} on {text[:60]!r}")
        samples = np.frombuffer(b"".join(self._chunks), dtype=np.int16)
        lead = _leading_silence(samples)
        words = _place_words(text, self._positions, lead / self.rate_hz)
        return Speech(samples=samples[lead:], rate_hz=self.rate_hz, words=words)

    def _receive(self, wav: Any, count: int, events: Any) -> int:
        if wav and count > 0:
            self._chunks.append(ctypes.string_at(wav, count * 2))
        index = 0
        while events and events[index].type != _EVENT_END:
            if events[index].type == _EVENT_WORD:
                self._positions.append((events[index].text_position, events[index].audio_position))
            index += 1
        return 0  # go on


def _leading_silence(samples: NDArray[np.int16]) -> int:
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > _AUDIBLE)
    return int(audible[0]) if audible.size else 0


def _place_words(
    text: str, positions: list[tuple[int, int]], lead_s: float
) -> tuple[SpokenWord, ...]:
    """Give every written word the time of the first sound eSpeak made for it.

    A word without a sound of its own (a dash) shares the time of the one before.
    """
    words: list[SpokenWord] = []
    start_s = 0.0
    for match in re.finditer(r"\S+", text):
        for character, at_ms in positions:
            if match.start() < character <= match.end():
                start_s = max(start_s, at_ms / 1000 - lead_s)
                break
        words.append(SpokenWord(match.group(), start_s))
    return tuple(words)
