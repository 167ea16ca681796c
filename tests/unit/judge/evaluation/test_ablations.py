"""What is lost when something is taken away."""

from __future__ import annotations

import pytest

from judge.evaluation.ablations import Pairs, blanked, drop
from judge.judgement import Action
from judge.moment import Memory, Moment, Relation, Signals
from tests.unit.judge.evaluation.made import example, scores

MOMENT = Moment(
    words="as we said",
    relation=Relation.VIP,
    memory=Memory(signals=Signals(local_hour=23.0, gap_s=1.0), facts=("Agreed on 3 June",)),
)


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ("memory", MOMENT.model_copy(update={"memory": Memory()})),
        ("caller", MOMENT.model_copy(update={"relation": Relation.NEW})),
        (
            "time",
            MOMENT.model_copy(
                update={"memory": Memory(signals=Signals(gap_s=1.0), facts=("Agreed on 3 June",))}
            ),
        ),
    ],
)
def test_one_thing_is_left_blank(what: str, left: Moment) -> None:
    dependent = example(id="a", moment=MOMENT, depends_on=(what,))
    pairs = blanked([dependent, example(id="b", moment=MOMENT)], what)
    assert pairs.whole == [dependent]
    (without,) = pairs.without
    assert without.moment == left
    assert without.id != dependent.id


def test_the_drop_is_in_points() -> None:
    whole = [example(id=f"w{n}") for n in range(4)]
    without = [example(id=f"o{n}") for n in range(4)]
    said = [(one, Action.RESPOND, 0.9) for one in whole]
    said += [
        (one, Action.RESPOND if n < 3 else Action.REFUSE, 0.9) for n, one in enumerate(without)
    ]
    found = drop(scores(*said), Pairs(whole, without))
    assert found is not None
    assert (found.n, found.whole, found.without, found.drop) == (4, 1.0, 0.75, 25.0)


def test_without_pairs_there_is_no_drop() -> None:
    assert drop(scores((example(), Action.RESPOND, 0.9)), Pairs([], [])) is None
