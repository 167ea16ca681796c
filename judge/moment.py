"""What the judge sees: one moment of a call.

The three dimensions of memory are those of CleanS2S (arXiv 2506.01268, section on the
memory): temporal signals, historical interactions and factual anchors.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Speaker(StrEnum):
    AGENT = "agent"
    CALLER = "caller"


class Relation(StrEnum):
    """Who the caller is to us."""

    NEW = "new"
    KNOWN = "known"
    VIP = "vip"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Frozen):
    """A finished turn of the conversation, as it was heard."""

    speaker: Speaker
    text: str


class Signals(_Frozen):
    """Temporal signals, from the audio clock."""

    gap_s: Seconds = Field(default=0.0, description="Silence since the caller's last word.")
    speech_s: Seconds = Field(default=0.0, description="Length of the caller's current speech.")
    words_per_s: Seconds | None = Field(default=None, description="The caller's speaking rate.")
    overlap_s: Seconds = Field(
        default=0.0, description="How long caller and agent have now been speaking at once."
    )
    in_call_s: Seconds | None = Field(default=None, description="Time since the call began.")
    local_hour: float | None = Field(
        default=None, ge=0, lt=24, description="Local time of day where the agent is, in hours."
    )
    since_last_call_s: Seconds | None = Field(
        default=None, description="Time since this caller's last call; null when there was none."
    )


class Memory(_Frozen):
    """What is remembered that bears on this moment."""

    signals: Signals = Signals()
    history: tuple[str, ...] = Field(
        default=(), description="Snippets of earlier talk, the most important first."
    )
    facts: tuple[str, ...] = Field(
        default=(),
        description="Stable facts about the caller and what was agreed, the most important first.",
    )


class Moment(_Frozen):
    """A moment of a call, to be judged.

    Attributes follow the order in which a human would ask for them. Only `words` is
    required; everything else has the value of a call about which nothing is known.
    """

    words: str = Field(description="What the caller has said in the current turn so far.")
    final: bool = Field(
        default=True,
        description="True when the caller has fallen silent and the recogniser closed the words.",
    )
    agent: str = Field(
        default="Telephone assistant", description="Who the agent is, in a line: trade and task."
    )
    turns: tuple[Turn, ...] = Field(default=(), description="Recent turns, the oldest first.")
    memory: Memory = Memory()
    relation: Relation = Field(default=Relation.NEW, description="Who the caller is to us.")
    affronts: int = Field(default=0, ge=0, description="Affronts counted so far.")

    def without_memory(self) -> Moment:
        """The same moment with the three dimensions of memory blank; turns remain."""
        return self.model_copy(update={"memory": Memory()})


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of a moment."""
    schema = Moment.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Moment"
    return schema
