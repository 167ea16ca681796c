"""What follows from a judgement: each row a rule, then what holds whatever comes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from judge.emergency import points_to_emergency
from judge.judgement import Action, Judgement, Situation
from judge.moment import Moment, Speaker, Turn
from judge.policy import (
    HOUR_S,
    Access,
    Escalation,
    Policy,
    PolicyConfig,
    PolicyState,
    Restraint,
    Rule,
    Ruled,
    Ruling,
    Term,
    Thresholds,
)
from tests.unit.judge.moments import judgement, judgements, moments

RESPOND, REFUSE, DEFLECT, SILENCE, INTERRUPT = Action
SPEAKING = Moment(words="so what I wanted to say about the invoice", final=False)
SILENT = Moment(words="so what about the invoice", final=True)
FIRE = "there's a fire in the kitchen"
INSULT = judgement(DEFLECT, Situation.AFFRONT)
CUT_IN = judgement(INTERRUPT, Situation.REPETITION)


def ruled(
    action: Action, sure: float, moment: Moment, config: PolicyConfig | None = None
) -> Ruling:
    """The ruling on a first judgement of a call."""
    ruling, _ = Policy(config).rule(judgement(action, sure=sure), moment, PolicyState(), now_s=0)
    return ruling


def insulted(
    policy: Policy, times: int, state: PolicyState | None = None, apart_s: float = 10
) -> tuple[list[Ruling], PolicyState]:
    """The rulings on *times* affronts in one call."""
    state = state or PolicyState(identity="+4930123")
    rulings = []
    for number in range(times):
        ruling, state = policy.rule(INSULT, SILENT, state, now_s=number * apart_s)
        rulings.append(ruling)
    return rulings, state


def cut_in_at(policy: Policy, *times_s: float) -> list[Ruled]:
    """What becomes of a wish to cut in at each of *times_s*."""
    state, done = PolicyState(), []
    for now_s in times_s:
        ruling, state = policy.rule(CUT_IN, SPEAKING, state, now_s=now_s)
        done.append(ruling.action)
    return done


# Thresholds, and who may be answered or cut short.


@pytest.mark.parametrize(
    ("wanted", "sure", "moment", "done", "rule"),
    [
        (RESPOND, 0.30, SILENT, Ruled.RESPOND, Rule.JUDGED),
        (RESPOND, 0.99, SPEAKING, Ruled.SILENCE, Rule.STILL_SPEAKING),
        (REFUSE, 0.60, SILENT, Ruled.REFUSE, Rule.JUDGED),
        (REFUSE, 0.59, SILENT, Ruled.RESPOND, Rule.UNSURE),
        (REFUSE, 0.99, SPEAKING, Ruled.SILENCE, Rule.STILL_SPEAKING),
        (DEFLECT, 0.55, SILENT, Ruled.DEFLECT, Rule.JUDGED),
        (DEFLECT, 0.54, SILENT, Ruled.RESPOND, Rule.UNSURE),
        (DEFLECT, 0.99, SPEAKING, Ruled.SILENCE, Rule.STILL_SPEAKING),
        (SILENCE, 0.50, SILENT, Ruled.SILENCE, Rule.JUDGED),
        (SILENCE, 0.49, SILENT, Ruled.RESPOND, Rule.UNSURE),
        (SILENCE, 0.30, SPEAKING, Ruled.SILENCE, Rule.JUDGED),
        (INTERRUPT, 0.80, SPEAKING, Ruled.INTERRUPT, Rule.JUDGED),
        (INTERRUPT, 0.64, SPEAKING, Ruled.SILENCE, Rule.UNSURE),
        (INTERRUPT, 0.64, SILENT, Ruled.RESPOND, Rule.UNSURE),
        (INTERRUPT, 0.99, SILENT, Ruled.RESPOND, Rule.FALLEN_SILENT),
    ],
)
def test_an_action_needs_its_probability_and_its_moment(
    wanted: Action, sure: float, moment: Moment, done: Ruled, rule: Rule
) -> None:
    ruling = ruled(wanted, sure, moment)
    assert (ruling.action, ruling.rule, ruling.wanted) == (done, rule, wanted)
    assert ruling.because and not ruling.shadowed and ruling.term is None


def test_cutting_in_needs_the_most() -> None:
    thresholds = Thresholds()
    assert thresholds.interrupt == max(thresholds.of(action) for action in Action)


def test_thresholds_are_configuration() -> None:
    config = PolicyConfig(thresholds=Thresholds(interrupt=0.95))
    assert ruled(INTERRUPT, 0.9, SPEAKING, config).action is Ruled.SILENCE


def test_a_ruling_says_what_was_wanted_and_why_not() -> None:
    ruling = ruled(INTERRUPT, 0.6, SPEAKING)
    assert str(ruling) == (
        "silence, where the judge: interrupt: 0.60 is below the 0.65 that interrupt needs"
    )


# Cutting in, but not often.


@pytest.mark.parametrize(
    ("times_s", "done"),
    [
        ([0, 14.9], [Ruled.INTERRUPT, Ruled.SILENCE]),
        ([0, 15.0], [Ruled.INTERRUPT, Ruled.INTERRUPT]),
        ([0, 20, 40], [Ruled.INTERRUPT, Ruled.INTERRUPT, Ruled.SILENCE]),
        ([0, 20, 60], [Ruled.INTERRUPT, Ruled.INTERRUPT, Ruled.SILENCE]),
        ([0, 20, 60.1], [Ruled.INTERRUPT, Ruled.INTERRUPT, Ruled.INTERRUPT]),
        ([0, 20, 60.1, 75.2], [Ruled.INTERRUPT, Ruled.INTERRUPT, Ruled.INTERRUPT, Ruled.SILENCE]),
        ([100, 40], [Ruled.INTERRUPT, Ruled.SILENCE]),  # a clock that jumped back
    ],
)
def test_cut_ins_keep_their_distance(times_s: Sequence[float], done: Sequence[Ruled]) -> None:
    assert cut_in_at(Policy(), *times_s) == list(done)


def test_a_cut_in_that_was_not_made_does_not_start_the_cooldown() -> None:
    assert cut_in_at(Policy(), 0, 10, 16)[-1] is Ruled.INTERRUPT


def test_cutting_in_can_be_forbidden() -> None:
    policy = Policy(PolicyConfig(restraint=Restraint(per_minute=0)))
    assert cut_in_at(policy, 0) == [Ruled.SILENCE]


# Emergencies.


@pytest.mark.parametrize("wanted", [INTERRUPT, REFUSE, DEFLECT])
@pytest.mark.parametrize(("final", "done"), [(True, Ruled.RESPOND), (False, Ruled.SILENCE)])
def test_an_emergency_is_listened_to_and_answered(wanted: Action, final: bool, done: Ruled) -> None:
    ruling = ruled(wanted, 0.99, Moment(words=FIRE, final=final))
    assert (ruling.action, ruling.rule) == (done, Rule.EMERGENCY)


def test_an_emergency_told_a_turn_ago_still_counts() -> None:
    told = Turn(speaker=Speaker.CALLER, text=FIRE)
    asked = Turn(speaker=Speaker.AGENT, text="Is everybody out?")
    moment = Moment(words="you stupid machine just help us", turns=(told, asked))
    ruling, state = Policy().rule(INSULT, moment, PolicyState(affronts=9), now_s=0)
    assert (ruling.action, state.affronts) == (Ruled.RESPOND, 9)


def test_an_emergency_outranks_the_deny_list() -> None:
    policy = Policy(PolicyConfig(access=Access(deny=("*",))))
    state = PolicyState(identity="+4930123")
    ruling, _ = policy.rule(judgement(RESPOND), Moment(words=FIRE), state, now_s=0)
    assert ruling.action is Ruled.RESPOND


# Affronts.


def test_affronts_escalate() -> None:
    rulings, state = insulted(Policy(), 4)
    assert [ruling.action for ruling in rulings] == [
        Ruled.DEFLECT,
        Ruled.REFUSE,
        Ruled.WARN,
        Ruled.BLOCK,
    ]
    assert rulings[0].rule is Rule.JUDGED
    assert {ruling.rule for ruling in rulings[1:]} == {Rule.ESCALATION}
    assert (state.affronts, state.blocks) == (4, 1)


@pytest.mark.parametrize(
    ("blocks_before", "term"),
    [
        (0, Term(1 * HOUR_S)),
        (1, Term(24 * HOUR_S)),
        (2, Term(7 * 24 * HOUR_S)),
        (3, Term(None)),
        (9, Term(None)),
    ],
)
def test_each_block_of_a_caller_is_longer_and_the_fourth_is_for_good(
    blocks_before: int, term: Term
) -> None:
    rulings, _ = insulted(Policy(), 4, PolicyState(blocks=blocks_before))
    assert rulings[-1].term == term


def test_what_is_said_while_hanging_up_adds_no_second_block() -> None:
    rulings, state = insulted(Policy(), 6)
    assert [ruling.term for ruling in rulings[3:]] == [Term(HOUR_S)] * 3
    assert state.blocks == 1


def test_so_many_affronts_can_block_for_good_at_once() -> None:
    policy = Policy(PolicyConfig(escalation=Escalation(for_good_at=2)))
    rulings, _ = insulted(policy, 2)
    assert (rulings[-1].action, rulings[-1].term) == (Ruled.BLOCK, Term(None))


def test_one_breath_of_abuse_counts_once() -> None:
    _, state = insulted(Policy(), 4, apart_s=0.5)
    assert state.affronts == 1


def test_affronts_that_the_moment_knows_of_count_too() -> None:
    moment = Moment(words="idiots", affronts=2)
    ruling, _ = Policy().rule(INSULT, moment, PolicyState(), now_s=0)
    assert ruling.action is Ruled.WARN


@pytest.mark.parametrize(
    ("judged", "moment"),
    [
        (judgement(DEFLECT, Situation.AFFRONT, sure=0.59), SILENT),
        (judgement(DEFLECT, Situation.AFFRONT), SPEAKING),
        (judgement(SILENCE, Situation.AFFRONT), SILENT),
        (judgement(DEFLECT, Situation.BORING_TOPIC), SILENT),
    ],
    ids=["unsure", "still speaking", "said to somebody else", "no affront"],
)
def test_not_everything_is_an_affront(judged: Judgement, moment: Moment) -> None:
    _, state = Policy().rule(judged, moment, PolicyState(), now_s=0)
    assert state.affronts == 0


def test_steps_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"policy\.escalation: refuse_at 5.* out of order"):
        Escalation(refuse_at=5)


# The access list.


@pytest.mark.parametrize(
    ("entry", "identity", "denied"),
    [
        ("+4930123", "+4930123", True),
        ("+4930123", "+49301234", False),
        ("+4930*", "+4930123", True),
        ("sip:*@spam.example", "sip:Bob@Spam.Example", True),
        ("sip:a@[::1]", "sip:a@[::1]", True),
        ("*", "", False),
    ],
)
def test_callers_are_denied_by_identity_or_pattern(entry: str, identity: str, denied: bool) -> None:
    policy = Policy(PolicyConfig(access=Access(deny=(entry,))))
    state = PolicyState(identity=identity)
    ruling, _ = policy.rule(judgement(RESPOND), SILENT, state, now_s=0)
    assert policy.admits(identity) is not denied
    assert (ruling.action is Ruled.BLOCK) is denied
    assert (ruling.term == Term(None)) is denied


def test_who_is_on_both_lists_is_allowed() -> None:
    policy = Policy(PolicyConfig(access=Access(allow=("+4930123",), deny=("+49*",))))
    assert policy.admits("+4930123")
    assert not policy.admits("+4930124")


def test_an_allowed_caller_is_warned_at_most() -> None:
    policy = Policy(PolicyConfig(access=Access(allow=("+4930*",))))
    rulings, state = insulted(policy, 8)
    assert {ruling.action for ruling in rulings[3:]} == {Ruled.WARN}
    assert rulings[-1].rule is Rule.ALLOWED
    assert state.blocks == 0


# Shadow mode.


@pytest.mark.parametrize(
    ("wanted", "moment", "done", "would"),
    [
        (INTERRUPT, SPEAKING, Ruled.SILENCE, Ruled.INTERRUPT),
        (REFUSE, SILENT, Ruled.RESPOND, Ruled.REFUSE),
        (SILENCE, SILENT, Ruled.RESPOND, Ruled.SILENCE),
        (RESPOND, SILENT, Ruled.RESPOND, Ruled.RESPOND),
    ],
)
def test_a_shadow_says_what_it_would_do(
    wanted: Action, moment: Moment, done: Ruled, would: Ruled
) -> None:
    ruling = ruled(wanted, 0.95, moment, PolicyConfig(shadow=True))
    assert (ruling.action, ruling.would) == (done, would)
    assert ruling.shadowed is (done is not would)


def test_a_shadow_reckons_as_if_it_had_acted() -> None:
    policy = Policy(PolicyConfig(shadow=True))
    _, state = policy.rule(CUT_IN, SPEAKING, PolicyState(), now_s=0)
    ruling, _ = policy.rule(CUT_IN, SPEAKING, state, now_s=5)
    assert (ruling.would, ruling.rule) == (Ruled.SILENCE, Rule.COOLDOWN)


# Whatever comes.

steps = st.lists(
    st.tuples(judgements, moments, st.floats(min_value=0, max_value=30)), min_size=1, max_size=25
)
wishes = st.lists(st.floats(min_value=0, max_value=40), min_size=3, max_size=40)


@given(wishes)
def test_never_more_than_two_cut_ins_in_any_minute_nor_two_in_15_s(waits_s: list[float]) -> None:
    times_s = [sum(waits_s[: number + 1]) for number in range(len(waits_s))]
    made = [
        at_s
        for at_s, done in zip(times_s, cut_in_at(Policy(), *times_s), strict=True)
        if done is Ruled.INTERRUPT
    ]
    assert made
    assert all(b - a >= 15 for a, b in pairwise(made))
    assert all(c - a > 60 for a, c in zip(made, made[2:], strict=False))


@given(steps, st.sampled_from(["", "+4930123", "friend"]), st.booleans())
def test_what_never_happens(
    calls: list[tuple[Judgement, Moment, float]], identity: str, shadow: bool
) -> None:
    access = Access(allow=("friend",), deny=("+49*",))
    policy = Policy(PolicyConfig(access=access, shadow=shadow))
    state, now_s = PolicyState(identity=identity), 0.0
    for judged, moment, wait_s in calls:
        now_s += wait_s
        ruling, state = policy.rule(judged, moment, state, now_s=now_s)
        if points_to_emergency(moment.words):
            assert ruling.would in (Ruled.RESPOND, Ruled.SILENCE)
        if shadow:
            assert ruling.action is (Ruled.RESPOND if moment.final else Ruled.SILENCE)
        else:
            assert ruling.action is ruling.would
        if identity == "friend":
            assert ruling.would is not Ruled.BLOCK
        if ruling.would is Ruled.INTERRUPT:
            assert not moment.final
        if not moment.final and identity != "+4930123":
            assert ruling.would in (Ruled.SILENCE, Ruled.INTERRUPT)
        assert (ruling.term is not None) is (ruling.would is Ruled.BLOCK)
        assert (ruling.rule is Rule.JUDGED) is (ruling.would.value == ruling.wanted.value)
        assert len(state.cut_ins_s) <= 2
