"""What the judge says: an action, the situation that it saw, and how sure it is of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What the call does next. ``block`` is no model's business: see :mod:`judge.policy`."""

    RESPOND = "respond"
    """A standard answer."""
    REFUSE = "refuse"
    """Decline an unreasonable, harmful or out-of-policy demand."""
    DEFLECT = "deflect"
    """A short, perfunctory answer, or a change of topic."""
    SILENCE = "silence"
    """Keep listening: the caller is not done, or does not speak to the agent."""
    INTERRUPT = "interrupt"
    """Cut in while the caller still speaks."""


class Situation(StrEnum):
    """Why: the paper's five situations, and those of the telephone."""

    NONE = "none"
    BORING_TOPIC = "boring_topic"
    UNREASONABLE_DEMAND = "unreasonable_demand"
    AFFRONT = "affront"
    SAME_OPINION = "same_opinion"
    CONFLICT_OF_OPINION = "conflict_of_opinion"
    FALSE_PREMISE = "false_premise"
    DANGER = "danger"
    SENSITIVE_DATA = "sensitive_data"
    """A card number, a password or the like is about to be said aloud."""
    REPETITION = "repetition"
    ALREADY_ANSWERED = "already_answered"
    NOT_ADDRESSED = "not_addressed"
    """The caller speaks to somebody else, or to himself."""
    WAIT_REQUESTED = "wait_requested"


ACTIONS: tuple[Action, ...] = tuple(Action)
SITUATIONS: tuple[Situation, ...] = tuple(Situation)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement. Probabilities are calibrated and sum to 1 over their enumeration.

    Attributes:
        action: The most probable action.
        situation: The most probable situation.
        actions: Probability of every action.
        situations: Probability of every situation.
        model: Name and version of the model that judged, such as ``minilm/1``.
        took_ms: Milliseconds from the moment to the judgement.
        fallback: Why another model than the configured one answered; empty when it did.
    """

    action: Action
    situation: Situation
    actions: Mapping[Action, float]
    situations: Mapping[Situation, float]
    model: str
    took_ms: float
    fallback: str = ""

    @classmethod
    def of(
        cls,
        actions: Mapping[Action, float],
        situations: Mapping[Situation, float],
        *,
        model: str,
        took_ms: float,
    ) -> Judgement:
        """The judgement that two distributions amount to.

        Raises:
            ValueError: If one of them is empty.
        """
        return cls(
            action=max(actions, key=lambda action: actions[action]),
            situation=max(situations, key=lambda situation: situations[situation]),
            actions=actions,
            situations=situations,
            model=model,
            took_ms=took_ms,
        )

    @property
    def confidence(self) -> float:
        """Probability of the action, 0 to 1."""
        return self.actions[self.action]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; probabilities to four digits."""
        return {
            "action": self.action.value,
            "situation": self.situation.value,
            "actions": {action.value: round(p, 4) for action, p in self.actions.items()},
            "situations": {
                situation.value: round(p, 4) for situation, p in self.situations.items()
            },
            "model": self.model,
            "took_ms": round(self.took_ms, 2),
            "fallback": self.fallback,
        }
