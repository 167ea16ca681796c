"""What goes wrong: the surest mistakes on the written test set, and where they gather."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from judge.data.example import Example
from judge.evaluation.metrics import by_name
from judge.evaluation.scoring import Scores
from judge.judgement import ACTIONS
from judge.moment import Speaker

EACH = 3
"""Cases shown of each confusion."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A case that was judged wrongly, with what was known then.

    Attributes:
        confidence: Probability of the wrong action.
        situation: What is right, with the action before it: ``respond/none``.
        state: Whether the caller had finished, who he is, the hour.
    """

    id: str
    words: str
    right: str
    said: str
    confidence: float
    kind: str
    situation: str
    state: str
    agent_said: str
    facts: tuple[str, ...]
    history: tuple[str, ...]


def mistakes(scores: Scores, each: int = EACH) -> dict[str, list[Mistake]]:
    """Of each confusion, such as ``silence → interrupt``, the surest; the most frequent first.

    Of one case only the surest moment is shown, in whatever context.
    """
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in range(len(scores)):
        if not scores.right[row]:
            rows[int(scores.gold[row]), int(scores.said[row])].append(row)
    found: dict[str, list[Mistake]] = {}
    for (gold, said), members in sorted(rows.items(), key=lambda item: -len(item[1])):
        surest: dict[str, int] = {}
        for row in sorted(members, key=lambda row: -scores.confidence[row]):
            surest.setdefault(scores.examples[row].id.rpartition("/")[0], row)
        name = f"{ACTIONS[gold]} → {ACTIONS[said]} ({len(members)})"
        found[name] = [_mistake(scores, row) for row in list(surest.values())[:each]]
    return found


def where(scores: Scores) -> dict[str, Any]:
    """Accuracy by kind, by trade, and by whether the caller had finished, the worst first."""
    return {
        "by_kind": by_name([one.kind for one in scores.examples], scores),
        "by_trade": by_name([trade_of(one) for one in scores.examples], scores),
        "by_state": by_name(
            ["finished" if one.moment.final else "speaking" for one in scores.examples], scores
        ),
    }


def trade_of(example: Example) -> str:
    """A family's name begins with its trade."""
    return example.group.partition("_")[0]


def _mistake(scores: Scores, row: int) -> Mistake:
    one = scores.examples[row]
    moment, signals = one.moment, one.moment.memory.signals
    state = ["finished" if moment.final else "speaking"]
    if signals.overlap_s:
        state.append("over the agent")
    state.append(f"{moment.relation} caller")
    if signals.local_hour is not None:
        state.append(f"{int(signals.local_hour)} o'clock")
    said_last = [turn.text for turn in moment.turns if turn.speaker is Speaker.AGENT][-1:]
    situation = one.situation.value if one.situation else "unknown"
    return Mistake(
        id=one.id,
        words=moment.words,
        right=one.action.value,
        said=ACTIONS[scores.said[row]].value,
        confidence=float(scores.confidence[row]),
        kind=one.kind,
        situation=f"{one.action}/{situation}",
        state=", ".join(state),
        agent_said=" ".join(said_last),
        facts=moment.memory.facts,
        history=moment.memory.history,
    )
