"""All that can be set about whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass

from agent.turns.endpointing import EndpointingSettings
from agent.turns.yielding import YieldingSettings


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When the caller's turn ends, and when it begins over the agent's voice."""

    endpointing: EndpointingSettings
    yielding: YieldingSettings
