"""What is heard in the words: facts, and the wish to have something forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.memory.facts import WordedFacts
from agent.memory.forgetting import Forget, asked_to_forget
from agent.memory.summary import RollingSummary, summary_of
from judge.moment import Speaker, Turn

FACTS = WordedFacts()


def facts(text: str, by: Speaker = Speaker.CALLER) -> list[str]:
    return [found.text for found in FACTS.find(Turn(speaker=by, text=text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi, my name is Mary Smith, a room please.", ["Name is Mary Smith"]),
        ("This is John Brown speaking.", ["Name is John Brown"]),
        ("This is great, it's Monday here.", []),
        ("There will be four of us.", ["Party of four"]),
        ("A double for three nights.", ["Staying three nights"]),
        ("We're arriving on Friday evening.", ["Arrives on Friday evening"]),
        ("We're checking out on the 3rd of June.", ["Leaves on the 3rd of June"]),
        ("I’m allergic to nuts and I can't eat pork.", ["Allergic to nuts", "Does not eat pork"]),
        ("My wife is allergic to feathers.", ["Allergic to feathers"]),
        ("Can I bring my dog?", ["Has a dog"]),
        ("My booking number is HX 204.", ["Reference number HX 204"]),
        ("I'm in room 204.", ["In room 204"]),
        ("I'd prefer a quiet room at the back.", ["Prefers a quiet room at the back"]),
        ("Please remember that I need a cot.", ["Asks to remember: I need a cot"]),
        ("I don't remember that.", []),
        ("What is the weather like?", []),
    ],
)
def test_facts_that_callers_state(text: str, expected: list[str]) -> None:
    assert facts(text) == expected


def test_facts_that_the_agent_states() -> None:
    text = "I have booked a double room for two nights. We'll call you back tomorrow."
    assert facts(text, Speaker.AGENT) == [
        "Agreed: booked a double room for two nights",
        "Promised: call you back tomorrow",
    ]
    assert facts("My name is Aurora.", Speaker.AGENT) == []


@given(st.text(max_size=300))
def test_any_text_is_searched_and_facts_stay_short(text: str) -> None:
    assert all(len(fact) <= 120 for fact in facts(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Forget that.", Forget.THAT),
        ("Oh, please forget that.", Forget.THAT),
        ("Scratch that.", Forget.THAT),
        ("Could you forget what I just said?", Forget.THAT),
        ("Don't remember that, please.", Forget.THAT),
        ("Delete all my data.", Forget.CALLER),
        ("I want you to forget everything about me.", Forget.CALLER),
        ("Erase everything I've told you.", Forget.CALLER),
        ("Don't forget that I have a dog.", Forget.NOTHING),
        ("I always forget that.", Forget.NOTHING),
        ("Did you forget that?", Forget.NOTHING),
        ("Never forget that!", Forget.NOTHING),
        ("I'll never forget everything you know about me.", Forget.NOTHING),
        ("", Forget.NOTHING),
    ],
)
def test_the_wish_to_have_something_forgotten(text: str, expected: Forget) -> None:
    assert asked_to_forget(text) is expected


def said(text: str, by: Speaker = Speaker.CALLER) -> Turn:
    return Turn(speaker=by, text=text)


def test_a_summary_keeps_what_tells_and_drops_what_does_not() -> None:
    summary = summary_of(
        [said("Hello."), said("I need a parking space for a trailer, 9 metres."), said("Okay.")]
    )
    assert summary == "Caller: I need a parking space for a trailer, 9 metres."


def test_a_summary_stays_short_and_in_order() -> None:
    summary = RollingSummary(words=30)
    for number in range(50):
        summary.take([said(f"Room {number} needs towels for Mrs Baker.", Speaker.AGENT)])
    assert len(summary.text.split()) <= 30
    numbers = [int(word) for word in summary.text.split() if word.isdigit()]
    assert numbers == sorted(numbers)
    summary.clear()
    assert summary.text == ""
