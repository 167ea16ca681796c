"""Examples and scores made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from judge.data.example import Example, Split, Stream
from judge.evaluation.scoring import Scores
from judge.judgement import ACTIONS, SITUATIONS, Action, Situation
from judge.moment import Moment


def example(action: Action = Action.RESPOND, **parts: Any) -> Example:
    """An example of the written test set; its moment is finished unless it is an interruption."""
    words = parts.pop("words", "hello there")
    final = parts.pop("final", action is not Action.INTERRUPT)
    standard: dict[str, Any] = {
        "id": "hotel_card/1/call:plain@end",
        "source": "scenarios",
        "group": "hotel_card",
        "split": Split.TEST,
        "moment": Moment(words=words, final=final),
        "situation": Situation.NONE,
        "kind": "card",
    }
    return Example(action=action, **(standard | parts))


def cuts(
    utterance: str,
    mark_s: float | None,
    at_s: Sequence[float],
    *,
    source: str = "scenarios",
    in_call_s: float | None = None,
) -> list[Example]:
    """An utterance that goes on, cut at these seconds; *in_call_s* is when it began."""
    found = []
    for place in at_s:
        right = Action.INTERRUPT if mark_s is not None and place >= mark_s else Action.SILENCE
        moment = Moment(words="and so on", final=False)
        if in_call_s is not None:
            signals = moment.memory.signals.model_copy(update={"in_call_s": in_call_s + place})
            memory = moment.memory.model_copy(update={"signals": signals})
            moment = moment.model_copy(update={"memory": memory})
        found.append(
            example(
                right,
                id=f"{utterance}@{place:g}",
                source=source,
                moment=moment,
                stream=Stream(utterance, place, mark_s),
            )
        )
    return found


def scores(*judged: tuple[Example, Action, float]) -> Scores:
    """Each example with the action that a model says of it, and how sure it is."""
    actions = np.zeros((len(judged), len(ACTIONS)))
    for row, (_, said, sure) in enumerate(judged):
        actions[row] = (1 - sure) / (len(ACTIONS) - 1)
        actions[row, ACTIONS.index(said)] = sure
    situations = np.full((len(judged), len(SITUATIONS)), 0.01)
    situations[:, 0] = 0.88
    return Scores(tuple(one for one, _, _ in judged), actions, situations)
