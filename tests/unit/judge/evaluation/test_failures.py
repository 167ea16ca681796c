"""Mistakes worth reading."""

from __future__ import annotations

from judge.evaluation.failures import mistakes, trade_of, where
from judge.judgement import Action
from judge.moment import Memory, Moment, Speaker, Turn
from tests.unit.judge.evaluation.made import example, scores

A = Action


def test_the_surest_mistakes_of_each_confusion_come_first() -> None:
    judged = scores(
        *[(example(A.RESPOND, id=f"f/{n}/c:plain@end"), A.REFUSE, 0.5 + n / 10) for n in range(4)],
        (example(A.SILENCE, id="f/9/c:plain@3"), A.INTERRUPT, 0.99),
        (example(A.SILENCE, id="f/8/c:plain@3"), A.SILENCE, 0.99),
    )
    found = mistakes(judged, each=2)
    assert list(found) == ["respond → refuse (4)", "silence → interrupt (1)"]
    assert [one.id for one in found["respond → refuse (4)"]] == [
        "f/3/c:plain@end",
        "f/2/c:plain@end",
    ]


def test_of_one_case_only_the_surest_mistake_is_shown() -> None:
    judged = scores(
        (example(A.SILENCE, id="f/1/agreed:plain@3"), A.INTERRUPT, 0.7),
        (example(A.SILENCE, id="f/1/agreed:plain@4"), A.INTERRUPT, 0.9),
        (example(A.SILENCE, id="f/1/other:plain@4"), A.INTERRUPT, 0.8),
    )
    (cases,) = mistakes(judged).values()
    assert [one.id for one in cases] == ["f/1/agreed:plain@4"]


def test_a_mistake_tells_what_was_known() -> None:
    moment = Moment(
        words="so until two",
        turns=(Turn(speaker=Speaker.AGENT, text="Yes?"), Turn(speaker=Speaker.CALLER, text="Hi")),
        memory=Memory(facts=("Agreed",), history=("Rang before",)),
    )
    ((one,),) = mistakes(scores((example(A.RESPOND, moment=moment), A.REFUSE, 0.9))).values()
    assert (one.words, one.right, one.said) == ("so until two", "respond", "refuse")
    assert (one.agent_said, one.facts, one.history) == ("Yes?", ("Agreed",), ("Rang before",))
    assert one.state == "finished, new caller"


def test_accuracy_is_told_by_kind_trade_and_state() -> None:
    judged = scores(
        (example(A.RESPOND, kind="wait", group="bank_wait"), A.REFUSE, 0.9),
        (example(A.INTERRUPT, kind="card", group="hotel_card"), A.INTERRUPT, 0.9),
    )
    found = where(judged)
    assert found["by_kind"] == {
        "wait": {"n": 1, "accuracy": 0.0},
        "card": {"n": 1, "accuracy": 1.0},
    }
    assert list(found["by_trade"]) == ["bank", "hotel"]
    assert list(found["by_state"]) == ["finished", "speaking"]
    assert trade_of(judged.examples[1]) == "hotel"
