"""What the scripted callers say, and the pauses they make."""

import numpy as np
import pytest

from agent.bench import speech
from agent.bench.listening import audible_spans
from agent.bench.speech import VoiceMissing, flite_installed, speak, speak_with_pause

ESPEAK = "espeak:en-us+f3"
VOICES = [
    ESPEAK,
    pytest.param(
        "slt", marks=pytest.mark.skipif(not flite_installed(), reason="flite is not installed")
    ),
]


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_speaks_at_telephone_level_without_silence_around_it(voice: str) -> None:
    utterance = speak("What time is breakfast served?", voice)
    spans = audible_spans(utterance.pcm, utterance.rate_hz)
    assert utterance.rate_hz == 8000
    assert 1.0 < utterance.length_s < 3.0
    assert spans[0].start_s < 0.05
    assert spans[-1].end_s > utterance.length_s - 0.05
    assert 3000 < int(np.abs(utterance.pcm.astype(int)).max()) < 32700


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_the_pause_is_as_long_as_asked_for_and_silent(voice: str, rate_hz: int) -> None:
    utterance = speak_with_pause("Is there a", "swimming pool in the hotel?", voice, rate_hz)
    assert utterance.pause is not None
    assert utterance.pause.length_s == pytest.approx(0.7)
    spans = audible_spans(utterance.pcm, rate_hz)
    middle_s = utterance.pause.start_s + 0.35
    before_s = max(span.end_s for span in spans if span.end_s <= middle_s)
    after_s = min(span.start_s for span in spans if span.start_s >= middle_s)
    # Softer sounds are found to a frame only: where frames begin is chance.
    assert before_s == pytest.approx(utterance.pause.start_s, abs=0.011)
    assert after_s == pytest.approx(utterance.pause.end_s, abs=0.011)


@pytest.mark.parametrize("voice", VOICES)
def test_the_pause_comes_where_the_first_piece_ends(voice: str) -> None:
    """The cut is near the share of the sentence that the first piece makes up."""
    first, second = "I would like to book a room for", "two adults and one child."
    utterance = speak_with_pause(first, second, voice)
    assert utterance.pause is not None
    alone_s = speak(first, voice).length_s
    assert utterance.pause.start_s == pytest.approx(alone_s, rel=0.3)


def test_a_missing_flite_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "flite_installed", lambda: False)
    with pytest.raises(VoiceMissing, match="apt-get install flite"):
        speak("A sentence that nobody has asked for before.", "slt")
    assert all(voice.startswith("espeak:") for voice in speech.available_voices())


def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(VoiceMissing, match="no voice"):
        speak("Hello.", "nobody")
