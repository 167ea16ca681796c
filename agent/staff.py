"""What the sessions of all calls share: the models, the memory, and who may come in."""

from __future__ import annotations

from dataclasses import dataclass

from agent.doorman import Doorman
from agent.events import EventSink
from agent.memory.memories import Memories
from agent.profiles import Profile
from agent.providers.catalog import Catalog
from agent.turns.settings import TurnSettings
from judge.judge import Judge
from judge.policy import Policy


@dataclass(frozen=True, slots=True)
class Staff:
    """Loaded once, at start.

    Attributes:
        profile: Who answers.
        catalog: Who hears, thinks and speaks.
        turns: When the caller's turn begins and ends.
        memories: What is remembered of callers.
        judge: Judges what they say.
        policy: What may follow from a judgement.
        doorman: Who is not let in.
        sink: Gets what happens, as it happens.
    """

    profile: Profile
    catalog: Catalog
    turns: TurnSettings
    memories: Memories
    judge: Judge
    policy: Policy
    doorman: Doorman
    sink: EventSink
