"""Answering from what is remembered of a caller, where he asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from agent.knowledge.embedding import SentenceEmbedder

_SAID: Final = r"(?:say|said|tell|told|mention|mentioned|ask|asked|book|booked|order|ordered)"
_EXPLICIT: Final = re.compile(
    rf"\b(?:do you (?:still )?(?:remember|know) (?:me\b|my|who i|what i|when i|where i|that i|if i)"
    rf"|(?:did|have) (?:i|we) (?:already |ever )?{_SAID}"
    rf"|what (?:did|have|had) (?:i|we) (?:already )?{_SAID}"
    r"|what do you (?:know|remember|have) (?:noted )?(?:about|of|on) me"
    r"|what(?:'s| is) my name|who am i|do you have my name)\b"
)
"""Questions that nothing but memory answers."""
_PERHAPS: Final = re.compile(
    r"\b(?:when (?:am|are) (?:i|we) (?:coming|arriving|leaving|checking|staying)"
    r"|(?:what|which)(?:'s| is| was)? (?:my|our) (?:room|booking|reference|order|table|number)"
    r"|how (?:many|long) (?:people |nights )?(?:did|have|are|am) (?:i|we))\b"
)
_EVERYTHING: Final = re.compile(
    r"\bwhat do you (?:know|remember|have) (?:noted )?(?:about|of|on) me"
)
_NEAR: Final = 0.25  # cosine below which a note is about something else
_AT_ONCE: Final = 3


def asks_for_notes(heard: str) -> bool:
    """Whether *heard*, in lower case, may ask what the caller himself told us."""
    return only_notes_answer(heard) or _PERHAPS.search(heard) is not None


def only_notes_answer(heard: str) -> bool:
    """Whether nothing else can answer *heard*, in lower case."""
    return _EXPLICIT.search(heard) is not None


def note_for(heard: str, notes: Sequence[str], embedder: SentenceEmbedder) -> str:
    """The note that answers *heard*; the first few for "what do you know about me"; or nothing."""
    if not notes:
        return ""
    if _EVERYTHING.search(heard):
        return ", ".join(_spoken(note) for note in notes[:_AT_ONCE])
    vectors = embedder.embed([heard, *notes])
    cosines = vectors[1:] @ vectors[0]
    best = int(cosines.argmax())
    return _spoken(notes[best]) if cosines[best] >= _NEAR else ""


def _spoken(note: str) -> str:
    """A note as part of a sentence."""
    bare = note.strip().rstrip(".!?")
    first, _, rest = bare.partition(" ")
    return bare if first.isupper() or first in ("I", "I'm", "I'd") else f"{first.lower()} {rest}"
