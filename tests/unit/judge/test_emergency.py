"""What points to an emergency, and what only sounds like one."""

from __future__ import annotations

import time

import pytest

from judge.emergency import points_to_emergency


@pytest.mark.parametrize(
    "words",
    [
        "There's a fire in the kitchen!",
        "the curtains are on fire, what do I do",
        "The fire alarm's going off and there's smoke everywhere",
        "i can smell gas in the hallway",
        "my husband has just collapsed in the bathroom",
        "she's unconscious, she won't wake up",
        "I think I'm having a heart attack",
        "he's got terrible chest pains and his arm's gone numb",
        "my mum's having a stroke",
        "the baby's choking, please",
        "I can't breathe",
        "he isn't breathing",
        "she's bleeding badly, it won't stop bleeding",
        "I've taken too many tablets",
        "I took too many sleeping pills",
        "my little one drank some of the bleach",
        "he's having an allergic reaction, his throat's closing",
        "I want to die",
        "I'm going to kill myself tonight",
        "I don't want to live any more",
        "there's a man outside and he's got a knife",
        "someone's breaking into my house",
        "he's trying to kill me",
        "she's been stabbed",
        "can you call an ambulance",
        "please send the police, now",
        "I need an ambulance at room four twelve",
        "this is an emergency, I'm not joking",
        "she fell down the stairs and hit her head",
        "we're trapped in the lift and my wife's asthmatic",
        "my waters just broke",
        "My father’s collapsed",
        "THERE IS A FIRE",
    ],
)
def test_people_in_danger_are_noticed(words: str) -> None:
    assert points_to_emergency(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "is the hotel in the heart of the city",
        "let me fire up the laptop",
        "I'm dying to know what it costs",
        "you're killing me with this hold music",
        "how do I kill the process",
        "my card was stolen last week",
        "my phone died on me",
        "the battery's dying",
        "where's the fire escape on the second floor",
        "is there an emergency exit near the room",
        "who should I put as my emergency contact",
        "it's not an emergency, there's no hurry",
        "your sale is on fire, everything's gone",
        "the bill nearly gave me a heart attack",
        "I almost had a heart attack when I saw the price",
        "my husband's going to kill me if I'm late",
        "it came down to a stroke of luck",
        "my dad had a stroke two years ago, is there a lift",
        "the market collapsed and so did my pension",
        "the whole call collapsed, I had to ring again",
        "I'm drowning in paperwork here",
        "I'm bleeding money with this contract",
        "does the knife set come with a block",
        "I do the breaststroke every morning, is there a pool",
        "the fireplace in the lounge, is it lit",
        "there's a fire place in the picture",
        "do you have the film Suicide Squad",
        "the meeting dragged on and I nearly passed out",
        "I'd kill for a coffee",
        "the smoke detector needs a new battery",
        "are you fire insured",
        "my boss fired me",
        "can you shoot me an email",
        "I was shot down by the bank",
        "hit me with it",
        "I'd like to report a burning question",
        "what a blast that was",
    ],
)
def test_manners_of_speaking_are_not(words: str) -> None:
    assert not points_to_emergency(words)


def test_an_idiom_does_not_hide_the_emergency_beside_it() -> None:
    assert points_to_emergency("the fire escape is on fire")
    assert points_to_emergency("I'm not dying to know, I'm dying, I can't breathe")


@pytest.mark.parametrize(
    "unit", ["he has ", "there's a ", "fire ", "my the his ", "got a big ", "a"]
)
def test_enormous_words_take_milliseconds(unit: str) -> None:
    words = unit * (200_000 // len(unit))
    started_s = time.perf_counter()
    points_to_emergency(words)
    assert time.perf_counter() - started_s < 2, "some milliseconds, were it not for busy machines"


def test_both_ends_of_enormous_words_are_read() -> None:
    assert points_to_emergency("there's a fire in the kitchen " + "and so on " * 20_000)
    assert points_to_emergency("and so on " * 20_000 + " there's a fire in the kitchen")
