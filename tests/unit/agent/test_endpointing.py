"""How long the caller may be silent, by what intonation and words say."""

from __future__ import annotations

import pytest

from agent.turns.completeness import Completeness, completeness
from agent.turns.endpointing import EndpointingSettings, required_silence_s

SETTINGS = EndpointingSettings()


@pytest.mark.parametrize("words", list(Completeness))
def test_intonation_that_is_not_known_yet_counts_as_unfinished(words: Completeness) -> None:
    unknown = required_silence_s(None, words, SETTINGS)
    assert unknown == required_silence_s(0.1, words, SETTINGS)


@pytest.mark.parametrize("words", list(Completeness))
def test_a_finished_intonation_never_makes_the_wait_longer(words: Completeness) -> None:
    waits = [required_silence_s(step / 20, words, SETTINGS) for step in range(21)]
    assert waits == sorted(waits, reverse=True)


@pytest.mark.parametrize("intonation", [0.0, 0.3, 0.9])
def test_words_that_go_on_never_make_the_wait_shorter(intonation: float) -> None:
    waits = [required_silence_s(intonation, words, SETTINGS) for words in Completeness]
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    "text",
    [
        "What time is breakfast served?",
        "can i bring my dog",
        "Yes.",
        "Goodbye!",
        "Hello, how are you?",
        "do you have a swimming pool",
        "That would be lovely, thank you.",
        "What time?",
        "Of course I do.",
        "yes it is",
        "Sorry, wait, what about the parking?",
        "Hold on, I have another question. Do you allow pets?",
        "What time is breakfast, sir?,",
        "Is the front desk open all night,",
    ],
)
def test_finished_utterances_read_as_complete(text: str) -> None:
    assert completeness(text) is Completeness.COMPLETE


@pytest.mark.parametrize(
    "text",
    [
        "I would like to book a room for",
        "Could you tell me what time",
        "Is there a",
        "We are arriving from the airport at",
        "my wife and I would like",
        "um",
        "Can I bring my",
        "I was wondering whether",
        "What kind",
        "Is there?",
        "because",
    ],
)
def test_utterances_that_must_go_on_read_as_incomplete(text: str) -> None:
    assert completeness(text) is Completeness.INCOMPLETE


@pytest.mark.parametrize(
    "text", ["", "   ", "...", "I need to cancel my booking", "Müller", "日本"]
)
def test_it_says_when_it_does_not_know(text: str) -> None:
    assert completeness(text) is Completeness.UNKNOWN


@pytest.mark.parametrize("text", ["I'd like to stay three nights,", "And then,"])
def test_a_statement_with_a_comma_at_its_end_trails_off(text: str) -> None:
    assert completeness(text) is Completeness.TRAILING


def test_every_judgement_has_its_wait() -> None:
    for words in Completeness:
        for probability in (None, 0.0, 0.6, 0.99):
            assert required_silence_s(probability, words, SETTINGS) > 0
