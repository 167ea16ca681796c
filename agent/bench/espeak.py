"""eSpeak NG as a caller's voice: no system packages, words with their times.

The engine is global to the process and mixes its speakers, so one lock
guards it. This is the caller's own copy; the agent's runs in another process.
"""

import ctypes
import threading
from dataclasses import dataclass
from typing import Any, ClassVar

import espeakng_loader
import numpy as np

from agent.bench.timeline import Pcm

_SYNCHRONOUS = 2
_UTF8 = 1
_POSITION_IS_CHARACTERS = 1
_EVENT_WORD = 1
_EVENT_END = 0


class EspeakError(Exception):
    """eSpeak NG did not start, or does not know the voice."""


@dataclass(frozen=True)
class WordAt:
    """A word began at this sample of the recording.

    position: index of its first character in the text, from 0.
    """

    position: int
    sample: int


class _Event(ctypes.Structure):
    _fields_: ClassVar[list[Any]] = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Engine:
    """The process's eSpeak NG. Use ``engine()``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        if self.rate_hz <= 0:
            raise EspeakError("eSpeak NG did not start")
        self._samples: list[Pcm] = []
        self._words: list[WordAt] = []
        self._callback = _Callback(self._on_samples)
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(self, text: str, voice: str) -> tuple[Pcm, list[WordAt]]:
        """Speech at ``rate_hz`` and where its words begin.

        Raises EspeakError for a voice that eSpeak does not know.
        """
        encoded = text.encode()
        with self._lock:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise EspeakError(f"eSpeak NG has no voice {voice!r}")
            self._samples, self._words = [], []
            failed = self._library.espeak_Synth(
                encoded,
                ctypes.c_size_t(len(encoded) + 1),
                0,
                _POSITION_IS_CHARACTERS,
                0,
                _UTF8,
                None,
                None,
            )
            if failed:
                raise EspeakError(f"eSpeak NG refused {text!r}: {failed}")
            return np.concatenate([*self._samples, np.zeros(0, np.int16)]), list(self._words)

    def _on_samples(self, wav: Any, count: int, events: Any) -> int:
        if wav and count > 0:
            self._samples.append(np.ctypeslib.as_array(wav, (count,)).astype(np.int16))
        index = 0
        while events[index].type != _EVENT_END:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._words.append(WordAt(event.text_position - 1, event.sample))
            index += 1
        return 0


_engine: Engine | None = None
_engine_lock = threading.Lock()


def engine() -> Engine:
    """The engine, started at first use."""
    global _engine  # noqa: PLW0603 - the library behind it is global too
    with _engine_lock:
        if _engine is None:
            _engine = Engine()
        return _engine
