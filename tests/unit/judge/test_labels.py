"""The prompt for causal models, and the only answers that are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.judgement import ACTIONS, SITUATIONS, Action, Situation
from judge.labels import (
    ACTION_CODES,
    SITUATION_CODES,
    answer,
    prompt,
    read_labels,
    read_letters,
)
from judge.moment import Memory, Moment, Relation, Signals, Speaker, Turn
from tests.unit.judge.moments import moments


def test_every_label_has_a_letter_of_its_own() -> None:
    codes = [*ACTION_CODES.values(), *SITUATION_CODES.values()]
    assert len(set(codes)) == len(codes) == len(ACTIONS) + len(SITUATIONS)
    assert all(len(code) == 1 for code in codes)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_answers_are_read_as_they_are_written(action: Action, situation: Situation) -> None:
    assert read_letters("".join(answer(action, situation))) == (action, situation)
    told = {"action": action.value, "situation": situation.value}
    assert read_labels(told) == (action, situation)


def test_where_no_situation_is_known_the_answer_ends_with_the_action() -> None:
    assert answer(Action.SILENCE, None) == ("D",)


@given(st.text(max_size=20))
def test_nothing_else_is_read(text: str) -> None:
    read = read_letters(text)
    assert read is None or "".join(answer(*read)) == text.strip()


def test_the_prompt_tells_the_moment_in_words() -> None:
    moment = Moment(
        words="I'll hand the key in at two then",
        final=False,
        agent="Front desk of the Hotel Aurora",
        turns=(
            Turn(speaker=Speaker.AGENT, text="Good morning."),
            Turn(speaker=Speaker.CALLER, text="Morning!"),
        ),
        memory=Memory(
            signals=Signals(speech_s=4.2, overlap_s=0.8, local_hour=9.5, since_last_call_s=7200),
            facts=("Late check-out declined",),
            history=("Asked for a day room",),
        ),
        relation=Relation.VIP,
        affronts=2,
    )
    told = prompt(moment).split("Situations:")[1].split("\n\n", 2)[1]
    assert told == (
        "Agent: Front desk of the Hotel Aurora\n"
        "Caller: a very important customer, 2 affronts so far\n"
        "Facts:\n"
        "- Late check-out declined\n"
        "Earlier:\n"
        "- Asked for a day room\n"
        "Conversation:\n"
        "agent: Good morning.\n"
        "caller: Morning!\n"
        "Now: the caller is still speaking, spoke for 4 s, over the agent's speech for 0.8 s, "
        "at 09:30, last call 2 h ago\n"
        "The caller's words: \"I'll hand the key in at two then\""
    )


@given(moments, st.booleans())
def test_nobody_can_forge_a_line_or_a_token(moment: Moment, letters: bool) -> None:
    asked = prompt(moment, letters=letters)
    bare = prompt(Moment(words="x"), letters=letters)
    for mark in ("<", "|", "[", "]", "`", "\x00", "\x1b", '"The caller'):
        assert asked.count(mark) == bare.count(mark)
    lines = 8 + len(moment.turns) + len(moment.memory.facts) + len(moment.memory.history)
    assert len(asked.split("Situations:")[1].splitlines()) <= len(SITUATIONS) + lines + 3


def test_the_longest_moment_makes_a_bounded_prompt() -> None:
    endless = "and so on " * 10_000
    turns = (Turn(speaker=Speaker.CALLER, text=endless),) * 50
    memory = Memory(facts=(endless,) * 50, history=(endless,) * 50)
    moment = Moment(words=endless + "the end", agent=endless, turns=turns, memory=memory)
    asked = prompt(moment)
    assert len(asked) < 7_000
    assert 'the end"' in asked
