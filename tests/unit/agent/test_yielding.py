"""Whether the agent yields to a caller who speaks while it speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.turns.yielding import (
    Onset,
    Verdict,
    YieldingSettings,
    claims_the_floor,
    is_backchannel,
    verdict,
)
from judge.judgement import Action

SETTINGS = YieldingSettings()


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        # A sound, and nothing is known yet.
        (Onset(0.1, speaking=True), Verdict.WAIT),
        (Onset(0.5, speaking=True), Verdict.WAIT),
        # It was short, and the recogniser found nothing in it.
        (Onset(0.4, speaking=False, quiet_s=0.2, closed=True), Verdict.RESUME),
        (Onset(0.4, speaking=False, quiet_s=0.1, closed=True), Verdict.WAIT),
        (Onset(0.4, speaking=False, quiet_s=0.2), Verdict.WAIT),
        (Onset(0.6, speaking=False, quiet_s=0.3), Verdict.RESUME),
        # It goes on without words: somebody speaks whom the recogniser does not understand.
        (Onset(1.2, speaking=True), Verdict.YIELD),
        # A listener's word.
        (Onset(0.3, speaking=True, words="Mhm."), Verdict.WAIT),
        (Onset(0.5, speaking=False, words="Mhm."), Verdict.RESUME),
        (Onset(0.5, speaking=False, words="Yeah, okay, I see."), Verdict.RESUME),
        (Onset(1.2, speaking=True, words="okay"), Verdict.YIELD),
        # Words that claim the floor need no judge.
        (Onset(0.3, speaking=True, words="No, wait"), Verdict.YIELD),
        (Onset(0.3, speaking=True, words="Okay but"), Verdict.YIELD),
        # Other words: the judge says, or time does.
        (Onset(0.3, speaking=True, words="put the kettle on"), Verdict.WAIT),
        (Onset(0.4, True, words="put the kettle on", judged=Action.SILENCE), Verdict.RESUME),
        (Onset(0.4, True, words="which room is it", judged=Action.RESPOND), Verdict.YIELD),
        (Onset(0.6, speaking=True, words="which room is it"), Verdict.YIELD),
    ],
)
def test_the_table(onset: Onset, expected: Verdict) -> None:
    assert verdict(onset, SETTINGS) is expected


@pytest.mark.parametrize(
    "words", ["mhm", "Uh-huh.", "Right, right.", "I see", "Of course!", "got it", "okay go on"]
)
def test_what_listeners_say(words: str) -> None:
    assert is_backchannel(words)
    assert not claims_the_floor(words)


@pytest.mark.parametrize("words", ["", "no", "yes I want that", "okay okay okay okay okay"])
def test_what_is_more_than_that(words: str) -> None:
    assert not is_backchannel(words)


@given(
    st.builds(
        Onset,
        since_s=st.floats(1.5, 10),
        speaking=st.booleans(),
        quiet_s=st.floats(0.3, 5),
        words=st.text(max_size=20),
        closed=st.booleans(),
        judged=st.none() | st.sampled_from(Action),
    )
)
def test_nobody_waits_for_ever(onset: Onset) -> None:
    assert verdict(onset, SETTINGS) is not Verdict.WAIT
