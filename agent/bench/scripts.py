"""What the scripted callers want: the questions a hotel's front desk gets.

Three kinds of trial. In an *exchange* the caller asks and waits for the
answer. In a *barge-in* it asks for something long and talks over the answer.
In a *premature* trial it stops for 0.7 s in mid-sentence, and an agent that
says anything before the sentence is over took the pause for the end.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

EXCHANGES_PER_CALL = 5


@dataclass(frozen=True)
class Exchange:
    """Ask, and wait for the answer."""

    question: str


@dataclass(frozen=True)
class BargeIn:
    """Ask for something long; once the agent has spoken for a while, talk over it."""

    question: str
    interruption: str


@dataclass(frozen=True)
class Premature:
    """A sentence with a pause between its two pieces.

    complete: the first piece could stand as a sentence by itself, so that
        only what the caller has in mind says that more is to come.
    """

    first: str
    second: str
    complete: bool = False


Trial = Exchange | BargeIn | Premature


@dataclass(frozen=True)
class CallScript:
    """One call: who calls, and what is tried in it."""

    caller_id: str
    voice: str
    trials: tuple[Trial, ...]


EXCHANGES: tuple[Exchange, ...] = tuple(
    Exchange(question)
    for question in (
        "What time is breakfast served?",
        "Do you have parking at the hotel?",
        "Can I bring my dog with me?",
        "What time can I check in?",
        "When do I have to check out?",
        "Is the wifi free of charge?",
        "Do you have a swimming pool?",
        "What is your cancellation policy?",
        "Is there a shuttle from the airport?",
        "Does the hotel have a gym?",
        "How much is a double room for one night?",
        "Is breakfast included in the price?",
        "Do you have rooms for a family with two children?",
        "Can I have a late check out?",
        "Is there a restaurant in the hotel?",
        "How far are you from the train station?",
        "Can I leave my luggage with you after I check out?",
        "Are your rooms accessible by wheelchair?",
        "Do you have a room with a view of the sea?",
        "Which credit cards do you accept?",
        "Is it allowed to smoke in the rooms?",
        "Can you put an extra bed in the room?",
        "What is the address of the hotel?",
        "Is the front desk open all night?",
    )
)

BARGE_INS: tuple[BargeIn, ...] = (
    BargeIn(
        "Could you tell me everything about breakfast, please?",
        "Sorry, wait, what about parking?",
    ),
    BargeIn(
        "Please describe all the rooms that you have.",
        "Excuse me, how much is the cheapest one?",
    ),
    BargeIn(
        "Can you explain your cancellation policy in detail?",
        "Hold on, I have another question. Do you allow pets?",
    ),
    BargeIn(
        "What can guests do in the hotel and in the area?",
        "Stop, please. I only want to know about the pool.",
    ),
    BargeIn(
        "How do I get to you from the airport?",
        "Sorry, one moment, when can I check in?",
    ),
    BargeIn(
        "Tell me about the restaurant and the opening hours.",
        "No, no, I mean the breakfast.",
    ),
)

PREMATURES: tuple[Premature, ...] = (
    Premature("I would like to book a room for", "two adults and one child."),
    Premature("Could you tell me what time", "breakfast is served?"),
    Premature("Is there a", "swimming pool in the hotel?"),
    Premature("I'd like to stay three nights", "starting on Friday.", complete=True),
    Premature("We are arriving from the airport at", "eleven in the evening."),
    Premature("Do you have a parking space for", "a very large car?"),
    Premature("I need to cancel my booking", "because my flight was cancelled.", complete=True),
    Premature("My wife and I would like", "a room with a balcony."),
    Premature("Can I check in before noon", "if I pay for an extra half day?", complete=True),
    Premature("How much does it cost to", "bring a small dog?"),
    Premature("I am calling about the", "reservation that I made last week."),
    Premature("Is the gym open", "on Sunday mornings?", complete=True),
    Premature("I was wondering whether", "the shuttle also runs at night."),
    Premature("Please send the invoice to", "my company, and not to me."),
)


def plan_calls(
    *, exchanges: int, barge_ins: int, prematures: int, voices: Sequence[str], caller: str = "bench"
) -> tuple[CallScript, ...]:
    """The calls of a run: about five trials each, the kinds mixed, the voices in turn.

    Lists are begun again when more trials are wanted than there are; then a
    text comes in another voice, if there is more than one.
    """
    if not voices:
        raise ValueError("no voice to speak with")
    kinds: list[deque[Trial]] = [
        deque(EXCHANGES[i % len(EXCHANGES)] for i in range(exchanges)),
        deque(BARGE_INS[i % len(BARGE_INS)] for i in range(barge_ins)),
        deque(PREMATURES[i % len(PREMATURES)] for i in range(prematures)),
    ]
    totals = [len(kind) for kind in kinds]
    mixed: list[Trial] = []
    while any(kinds):
        # Whichever kind is furthest behind its share comes next.
        shares = [
            len(kind) / total if total else 0.0 for kind, total in zip(kinds, totals, strict=True)
        ]
        mixed.append(kinds[shares.index(max(shares))].popleft())
    groups = [
        tuple(mixed[start : start + EXCHANGES_PER_CALL])
        for start in range(0, len(mixed), EXCHANGES_PER_CALL)
    ]
    return tuple(
        CallScript(f"{caller}-{number + 1}", voices[number % len(voices)], trials)
        for number, trials in enumerate(groups)
    )
