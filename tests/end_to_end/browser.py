"""A caller with a browser: headless Chromium, with a recording for a microphone."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

RATE_HZ = 16_000
_LOUDNESS = 0.5  # flite shouts, and the browser's gain control would clip it
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
)


def record(path: Path, *parts: str | float) -> Path:
    """Write a WAV file of sentences (spoken by flite) and silences (in seconds)."""
    pcm = b"".join(_speak(part) if isinstance(part, str) else _silence(part) for part in parts)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)
    return path


@contextmanager
def chromium(microphone: Path | None = None, *, allowed: bool = True) -> Iterator[Browser]:
    """A browser whose microphone plays *microphone* once; None for a machine without one.

    Unless *allowed*, pages are refused the microphone.
    """
    flags = list(_FLAGS)
    if microphone:
        flags += ["--use-fake-device-for-media-stream"]
        flags += [f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    if allowed:
        flags += ["--use-fake-ui-for-media-stream"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=flags, headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


class RoomPage:
    """The room as somebody sees it: what can be pressed and what can be read."""

    def __init__(self, browser: Browser, url: str, room: str = "lobby") -> None:
        self.errors: list[str] = []
        self.page: Page = browser.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{url}/room/{room}")

    def start(self, name: str = "") -> None:
        """Press "Start the call"."""
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("button", name="Start the call").click()

    def join(self, name: str = "") -> None:
        """Start the call, wait until it stands, and record the agent from then on."""
        self.start(name)
        self.wait_for_stage("live")
        self.page.evaluate(_RECORD)

    def hang_up(self) -> None:
        """Press "Hang up"."""
        self.page.get_by_role("button", name="Hang up").click()

    def wait_for_stage(self, stage: str, timeout_s: float = 20.0) -> None:
        """Wait until the page is at *stage*."""
        self.page.wait_for_selector(f"body[data-stage={stage}]", timeout=timeout_s * 1000)

    def wait_for_caption(self, who: str, pattern: str, timeout_s: float = 20.0) -> str:
        """Wait for a caption of "agent" or "caller" that *pattern* is found in; returns it."""
        captions = self.page.locator(f".line-of.{who} .words")
        found = captions.filter(has_text=re.compile(pattern, re.IGNORECASE)).first
        try:
            found.wait_for(timeout=timeout_s * 1000)
        except TimeoutError as error:
            raise AssertionError(f"nobody said {pattern!r}; said: {self.captions()}") from error
        return found.inner_text()

    def captions(self) -> list[tuple[str, str]]:
        """Every caption so far: who said it, and what."""
        pairs: list[tuple[str, str]] = self.page.evaluate(_CAPTIONS)
        return [(who, words) for who, words in pairs]

    def floor(self) -> str:
        """Who speaks, in the page's words, or how the call ended."""
        return self.page.locator("#floor").inner_text()

    def trouble(self) -> str:
        """What the page says in place of a call."""
        self.wait_for_stage("trouble")
        return self.page.locator("#trouble").inner_text()

    def agent_level(self) -> float:
        """How loud the agent is right now, as WebRTC measures what it received."""
        return float(self.page.evaluate(_LEVEL))

    def recording(self) -> NDArray[np.float64]:
        """What the agent's track carried since :meth:`join`: samples at 16 kHz, -1 to 1."""
        encoded: str = self.page.evaluate(_STOP_RECORDING)
        return _decode(base64.b64decode(encoded))


def seconds_of_speech(samples: NDArray[np.float64]) -> float:
    """How much of *samples* is louder than the noise of a line, in stretches of 50 ms."""
    size = RATE_HZ // 20
    stretches = samples[: len(samples) - len(samples) % size].reshape(-1, size)
    loud = np.sqrt(np.mean(stretches**2, axis=1)) > 0.01
    return float(np.count_nonzero(loud)) / 20


def _speak(words: str) -> bytes:
    wav = subprocess.run(
        ["flite", "-voice", "slt", "-t", words, "-o", "/dev/stdout"],
        check=True,
        capture_output=True,
    ).stdout
    with wave.open(io.BytesIO(wav)) as file:
        assert file.getframerate() == RATE_HZ
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return (samples * _LOUDNESS).astype("<i2").tobytes()


def _silence(seconds: float) -> bytes:
    return bytes(2 * int(RATE_HZ * seconds))


def _decode(webm: bytes) -> NDArray[np.float64]:
    resampler = av.AudioResampler("s16", "mono", RATE_HZ)
    pieces: list[Any] = []
    with av.open(io.BytesIO(webm), "r") as container:
        for frame in container.decode(audio=0):
            frame.pts = None
            pieces += [out.to_ndarray()[0] for out in resampler.resample(frame)]
    return np.concatenate(pieces).astype(np.float64) / 32768


_RECORD = """() => {
  const recorder = new MediaRecorder(document.getElementById("agent-voice").srcObject);
  const pieces = [];
  recorder.ondataavailable = ({ data }) => pieces.push(data);
  window.testRecording = { recorder, pieces };
  recorder.start(200);
}"""

_STOP_RECORDING = """async () => {
  const { recorder, pieces } = window.testRecording;
  if (recorder.state !== "inactive") {
    await new Promise((stopped) => { recorder.onstop = stopped; recorder.stop(); });
  }
  const url = await new Promise((read) => {
    const reader = new FileReader();
    reader.onload = () => read(reader.result);
    reader.readAsDataURL(new Blob(pieces));
  });
  return url.slice(url.indexOf(",") + 1);
}"""

_CAPTIONS = """() => [...document.querySelectorAll(".line-of")].map((line) => [
  line.classList.contains("agent") ? "agent" : "caller",
  line.querySelector(".words").textContent,
])"""

_LEVEL = """() => {
  const track = document.getElementById("agent-voice").srcObject;
  if (!window.testMeter) {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    new MediaStreamAudioSourceNode(context, { mediaStream: track }).connect(analyser);
    window.testMeter = { analyser, samples: new Float32Array(1024) };
  }
  const { analyser, samples } = window.testMeter;
  analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}"""
