"""Moonshine, one loaded model for all calls, on a thread of its own.

Recognition blocks for some 60 to 150 ms, so nothing of it happens on the
event loop. Jobs queue by urgency: the end of an utterance goes before the
partial texts of other callers, and a partial that is overtaken by a newer one
of the same segment is never computed.
"""

from __future__ import annotations

import importlib
import itertools
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from loguru import logger

RATE_HZ = 16_000

_OPTIONS = {
    # Telling speakers apart costs a third of the time and a call has one caller.
    "identify_speakers": "false",
    # The audio would come back as a Python list of floats.
    "return_audio_data": "false",
}
# Updates are asked for, never made by the stream itself.
_NEVER_S = 1e9


class RecognitionError(RuntimeError):
    """The model could not be loaded; the message names the remedy."""


def _import_without_microphone() -> Any:
    """Import Moonshine's package where there is no sound card.

    It imports its microphone helper, and that sounddevice, which needs
    PortAudio: a system library that a server does not have. A call brings its
    own audio, so an empty module stands in while the import runs.
    """
    if "moonshine_voice" not in sys.modules and "sounddevice" not in sys.modules:
        sys.modules["sounddevice"] = ModuleType("sounddevice")
        try:
            return importlib.import_module("moonshine_voice")
        finally:
            del sys.modules["sounddevice"]
    return importlib.import_module("moonshine_voice")


class _Urgency(IntEnum):
    LAST_WORDS = 0  # somebody has fallen silent and waits
    PARTIAL = 1
    CLOSE = 2


class MoonshineEngine:
    """The shared recogniser. Methods are thread-safe and return at once.

    Raises:
        RecognitionError: The wheel at hand carries no weights.
    """

    def __init__(self) -> None:
        moonshine = _import_without_microphone()
        folder = Path(moonshine.get_assets_path()) / "tiny-en"
        if not folder.is_dir():
            raise RecognitionError(
                f"{folder} is missing: moonshine-voice 0.0.49 carries this model, later ones do "
                "not; run: pip install moonshine-voice==0.0.49"
            )
        self._model = moonshine.Transcriber(str(folder), moonshine.ModelArch.TINY, options=_OPTIONS)
        self._jobs: queue.PriorityQueue[tuple[int, int, Callable[[], None] | None]] = (
            queue.PriorityQueue()
        )
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._work, name="moonshine", daemon=True)
        self._thread.start()

    def segment(self) -> Segment:
        """Begin to recognise one stretch of speech."""
        return Segment(self, self._model)

    def close(self) -> None:
        """End the thread after the job in hand. The process keeps the model to its end.

        Freeing the model crashes where a second ONNX Runtime is loaded, as
        smart-turn's and Silero's is here; so its finalizer finds nothing to free.
        """
        self._jobs.put((-1, next(self._order), None))
        self._thread.join(2)
        self._model._handle = None

    @property
    def backlog(self) -> bool:
        """Whether a job waits that was not begun yet."""
        return not self._jobs.empty()

    def submit(self, urgency: _Urgency, job: Callable[[], str]) -> Future[str]:
        """Queue *job*; the future gives its text."""
        outcome: Future[str] = Future()

        def run() -> None:
            if not outcome.set_running_or_notify_cancel():
                return
            try:
                outcome.set_result(job())
            except Exception as error:  # carried to whoever awaits the future
                outcome.set_exception(error)

        self._jobs.put((urgency, next(self._order), run))
        return outcome

    def _work(self) -> None:
        while True:
            _, _, job = self._jobs.get()
            if job is None:
                return
            job()


class Segment:
    """One stretch of a caller's speech, from shortly before its onset to its end."""

    def __init__(self, engine: MoonshineEngine, model: Any) -> None:
        self._engine = engine
        self._model = model
        self._stream: Any = None
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._partial: Future[str] | None = None

    def feed(self, pcm: bytes) -> None:
        """Add audio (s16le mono, 16 kHz). Costs nothing until a text is asked for."""
        with self._lock:
            self._waiting += pcm

    def partial(self, *, urgent: bool = False) -> Future[str] | None:
        """The text so far; None while the one before is being made or other callers wait.

        An *urgent* one goes before the partial texts of other callers, and
        takes the place of one of this segment that was not begun yet.
        """
        if not urgent and self._engine.backlog:
            return None  # others wait already: a text for the screen is not worth their time
        before = self._partial
        if before is not None and not before.done() and not (urgent and before.cancel()):
            return None
        urgency = _Urgency.LAST_WORDS if urgent else _Urgency.PARTIAL
        self._partial = self._engine.submit(urgency, self._update)
        return self._partial

    def finish(self) -> Future[str]:
        """The text of the whole segment."""
        if self._partial is not None:
            self._partial.cancel()
        return self._engine.submit(_Urgency.LAST_WORDS, self._finish)

    def discard(self) -> None:
        """Forget the segment."""
        if self._partial is not None:
            self._partial.cancel()
        self._engine.submit(_Urgency.CLOSE, self._close)

    def close_after_partial(self) -> None:
        """Let the partial that is on its way come, then forget the segment."""
        self._engine.submit(_Urgency.CLOSE, self._close)

    # On the engine's thread.

    def _take(self) -> None:
        with self._lock:
            pcm, self._waiting = self._waiting, bytearray()
        if self._stream is None:
            self._stream = self._model.create_stream(update_interval=_NEVER_S)
            self._stream.start()
        if pcm:
            samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / 32768
            self._stream.add_audio(samples.tolist(), RATE_HZ)

    def _update(self) -> str:
        self._take()
        return _text_of(self._stream.update_transcription(self._model.MOONSHINE_FLAG_FORCE_UPDATE))

    def _finish(self) -> str:
        # stop() alone does not recognise what no update has covered yet.
        text = self._update()
        self._close()
        return text

    def _close(self) -> str:
        if self._stream is not None:
            try:
                self._stream.close()
            except Exception as error:  # the text is what matters; a leak would show in the log
                logger.warning(f"moonshine stream not closed: {error}")
            self._stream = None
        return ""


def _text_of(transcript: Any) -> str:
    if transcript is None:
        return ""
    return " ".join(line.text.strip() for line in transcript.lines if line.text.strip())
