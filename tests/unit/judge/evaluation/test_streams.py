"""Interruptions along utterances, against values reckoned by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from judge.data.example import Example
from judge.evaluation.scoring import Scores
from judge.evaluation.streams import Course, first_calls, sum_up, under_policy
from judge.judgement import Action
from judge.moment import Moment
from judge.policy import Policy, PolicyConfig, Restraint
from tests.unit.judge.evaluation.made import cuts, example, scores

THRESHOLD = 0.8
SECONDS = (1.0, 2.0, 3.0, 4.0, 5.0)


def judged(calls: Mapping[str, float], *utterances: list[Example]) -> Scores:
    """Scores in which the model calls to interrupt from a second of each named utterance on."""
    rows = []
    for one in (one for utterance in utterances for one in utterance):
        assert one.stream
        called = one.stream.at_s >= calls.get(one.stream.utterance, 99)
        rows.append((one, Action.INTERRUPT if called else Action.SILENCE, 0.95))
    return scores(*rows)


def course(mark_s: float | None, called_s: float | None, heard_s: float = 5.0) -> Course:
    return Course("u", mark_s, called_s, heard_s)


def test_the_first_call_ends_the_utterance() -> None:
    (found,) = first_calls(judged({"u": 2.0}, cuts("u", 3.0, SECONDS)), THRESHOLD)
    assert (found.called_s, found.heard_s) == (2.0, 2.0)


def test_without_a_call_the_whole_utterance_is_heard() -> None:
    (found,) = first_calls(judged({}, cuts("u", 3.0, SECONDS)), THRESHOLD)
    assert (found.called_s, found.heard_s) == (None, 5.0)


def test_who_has_stopped_cannot_be_cut_short() -> None:
    done = example(Action.RESPOND, stream=cuts("u", 3.0, [5.0])[0].stream)
    both = scores((cuts("u", 3.0, [4.0])[0], Action.SILENCE, 0.9), (done, Action.INTERRUPT, 0.99))
    (found,) = first_calls(both, THRESHOLD)
    assert (found.called_s, found.heard_s) == (None, 4.0)


def test_an_unsure_call_is_none() -> None:
    one = cuts("u", 1.0, [2.0])[0]
    (found,) = first_calls(scores((one, Action.INTERRUPT, 0.7)), THRESHOLD)
    assert found.called_s is None


@pytest.mark.parametrize(
    ("mark_s", "called_s", "false", "hit"),
    [
        (3.0, 2.9, True, False),
        (3.0, 3.0, False, True),
        (3.0, None, False, False),
        (None, 2.0, True, False),
        (None, None, False, False),
    ],
)
def test_a_call_is_false_before_the_mark_and_where_it_is_never_right(
    mark_s: float | None, called_s: float | None, false: bool, hit: bool
) -> None:
    found = course(mark_s, called_s)
    assert (found.false, found.hit) == (false, hit)


def test_false_calls_are_counted_per_minute_of_heard_speech() -> None:
    found = sum_up([course(None, 10.0, 10.0), course(None, None, 110.0)])
    assert found.minutes == 2
    assert found.false_per_min == 0.5


def test_recall_and_delay_are_those_of_the_marked_utterances() -> None:
    found = sum_up(
        [course(3.0, 4.0), course(3.0, 3.5), course(3.0, 1.0), course(3.0, None), course(None, 2.0)]
    )
    assert (found.marked, found.recall) == (4, 0.5)
    assert (found.delay_p50_s, found.delay_p90_s) == (0.5, 1.0)
    assert found.false == 2


def test_a_natural_interruption_is_met_within_a_second() -> None:
    found = sum_up([course(3.0, 2.1), course(3.0, 1.9), course(3.0, None), course(None, 1.0)])
    assert found.natural_precision == pytest.approx(1 / 3)
    assert found.natural_recall == pytest.approx(1 / 3)


def test_nothing_heard_has_no_figures() -> None:
    found = sum_up([])
    assert (found.minutes, found.false_per_min, found.recall) == (0, None, None)


def spoken(number: int, at_s: float) -> list[Example]:
    """An utterance of one speaker of a meeting."""
    return cuts(f"mrda/M/anna-{number:04d}", None, [1.0, 2.0], source="mrda", in_call_s=at_s)


def called(policy: Policy, *starts_s: float) -> list[bool]:
    """For utterances that begin then, all of which the model wants to cut: which are cut."""
    utterances = [spoken(number, at_s) for number, at_s in enumerate(starts_s)]
    wants = {f"mrda/M/anna-{number:04d}": 0.0 for number in range(len(starts_s))}
    found = under_policy(judged(wants, *utterances), policy)
    return [course.called_s is not None for course in found]


def test_the_policy_keeps_a_cooldown_over_a_speakers_utterances() -> None:
    assert called(Policy(), 0.0, 10.0, 30.0) == [True, False, True]


def test_the_policy_allows_so_many_cut_ins_a_minute() -> None:
    eager = Policy(PolicyConfig(restraint=Restraint(cooldown_s=0, per_minute=2)))
    assert called(eager, 0.0, 5.0, 10.0, 100.0) == [True, True, False, True]


def test_an_emergency_is_not_cut_short_by_the_policy() -> None:
    one = cuts("mrda/M/anna-0001", None, [1.0])[0]
    words = Moment(words="my husband has collapsed and he's not breathing", final=False)
    shouted = example(Action.SILENCE, id=one.id, moment=words, stream=one.stream)
    (found,) = under_policy(scores((shouted, Action.INTERRUPT, 0.99)), Policy())
    assert found.called_s is None
