"""Who has the floor."""

from __future__ import annotations

from itertools import product

import pytest

from agent.floor import TRANSITIONS, Floor, FloorEvent, FloorState, IllegalMove, Move
from agent.turns.patience import Patience, PatienceSettings, Prompt

E, S = FloorEvent, FloorState


def floor_after(*events: FloorEvent) -> tuple[Floor, list[Move]]:
    moves: list[Move] = []
    floor = Floor(moves.append, lambda: float(len(moves)))
    for event in events:
        floor.move(event, f"because of {event}")
    return floor, moves


def test_an_ordinary_exchange() -> None:
    floor, moves = floor_after(E.TURN_ENDED, E.AGENT_AUDIBLE, E.AGENT_DONE)
    assert floor.state is S.LISTENING
    assert [(move.old, move.new) for move in moves] == [
        (S.LISTENING, S.PROCESSING),
        (S.PROCESSING, S.SPEAKING),
        (S.SPEAKING, S.LISTENING),
    ]
    assert moves[1].cause == "because of agent_audible"
    assert (moves[1].at_s, floor.since_s) == (1.0, 2.0)


def test_a_backchannel_is_ridden_over_and_an_interruption_is_not() -> None:
    held = (E.AGENT_AUDIBLE, E.CALLER_ONSET)
    resumed = (*held, E.GO_ON)
    taken = (*resumed, E.CALLER_ONSET, E.CALLER_TOOK_OVER)
    states = [floor_after(*events)[0].state for events in (held, resumed, taken)]
    assert states == [S.HELD, S.SPEAKING, S.LISTENING]


@pytest.mark.parametrize(("state", "event"), list(product(FloorState, FloorEvent)))
def test_what_the_table_does_not_have_raises_and_changes_nothing(
    state: FloorState, event: FloorEvent
) -> None:
    ways = {
        S.LISTENING: (),
        S.PROCESSING: (E.TURN_ENDED,),
        S.SPEAKING: (E.AGENT_AUDIBLE,),
        S.HELD: (E.AGENT_AUDIBLE, E.CALLER_ONSET),
    }
    floor, moves = floor_after(*ways[state])
    assert floor.state is state
    if (state, event) in TRANSITIONS:
        assert floor.takes(event)
        floor.move(event, "")
        assert floor.state is TRANSITIONS[state, event]
        return
    assert not floor.takes(event)
    before = len(moves)
    with pytest.raises(IllegalMove, match=f"{event} while {state}"):
        floor.move(event, "")
    assert (floor.state, len(moves)) == (state, before)


def prompts(patience: Patience, seconds: int) -> list[tuple[int, Prompt]]:
    """What is said in so many seconds of silence, and in which."""
    said = []
    for second in range(1, seconds + 1):
        prompt = patience.silence(1.0)
        if prompt:
            said.append((second, prompt))
    return said


def test_silence_is_asked_about_twice_and_then_ends_the_call() -> None:
    assert prompts(Patience(PatienceSettings()), 35) == [
        (8, Prompt.FIRST),
        (18, Prompt.SECOND),
        (30, Prompt.GOODBYE),
    ]


def test_a_moment_that_was_asked_for_is_given_once() -> None:
    patience = Patience(PatienceSettings())
    patience.caller_spoke()
    patience.caller_asked_for_a_moment()
    assert prompts(patience, 45) == [(30, Prompt.FIRST), (40, Prompt.SECOND)]


def test_a_word_of_the_caller_begins_everything_anew() -> None:
    patience = Patience(PatienceSettings())
    assert prompts(patience, 20) == [(8, Prompt.FIRST), (18, Prompt.SECOND)]
    patience.caller_spoke()
    assert prompts(patience, 8) == [(8, Prompt.FIRST)]


def test_what_the_agent_says_is_no_silence() -> None:
    patience = Patience(PatienceSettings())
    assert prompts(patience, 7) == []
    patience.agent_spoke()
    assert prompts(patience, 8) == [(8, Prompt.FIRST)]
