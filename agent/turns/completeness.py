"""Whether words read as a finished utterance.

Smart-turn hears intonation, not words. This looks at the words alone: an
utterance that stops at "the", "for" or "um" goes on, however final it sounds.
A small judgement by rules, in English; it says when it does not know.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Completeness(StrEnum):
    """What the words alone say about the end of the turn."""

    COMPLETE = "complete"
    UNKNOWN = "unknown"
    TRAILING = "trailing"  # a statement that could be over, written as if it went on
    INCOMPLETE = "incomplete"


_WORDS: Final = re.compile(r"[a-z0-9']+(?:-[a-z0-9']+)*")

# Words after which English goes on: determiners, possessives, prepositions that
# are rarely stranded, conjunctions, auxiliaries, subject pronouns, fillers.
_GOES_ON: Final = frozenset(
    """
    a an the this these those my your our their his its every each some any another
    of to for from with without at by into onto between during until than as via per
    and or but because so if when while although unless whether that which who whose where
    is are was were am be been being do does did have has had can could would should will
    shall may might must
    i you we they he she it's i'm you're we're they're i'd we'd i'll we'll i've there's
    what how why
    um uh er erm hmm like well actually maybe also just very really quite about
    not don't doesn't didn't can't couldn't wouldn't isn't aren't
    mr mrs ms dr number
    """.split()
)

# May end an utterance although they are in the list above, after at least this much else.
_MAY_END_IN: Final = re.compile(
    r"\b(?:yes|no|of course) (?:i|we|it|they|you) (?:is|are|was|were|am|do|does|did|have|has|can|"
    r"could|would|should|will)$"
    r"|\b(?:how are you|who are you|thank you|where (?:is it|are you)|what is it|how is that|"
    r"what about it|why not|i am|i think so|and you)$"
    r"|^(?:at |from |until )?what time$"
)

_WHOLE: Final = frozenset(
    """
    yes no yeah yep nope sure okay ok right thanks hello hi hey goodbye bye please sorry pardon
    exactly correct great perfect fine what why
    """.split()
)

# A question word, or a verb before its subject, anywhere but with something after it.
_QUESTION: Final = re.compile(
    r"\b(?:what|when|where|who|which|how|why)(?:'s)? \w+ \w+"
    r"|\b(?:is|are|do|does|did|can|could|would|will|may|must|have|has|should|shall|was|were) "
    r"(?:i|you|we|they|he|she|it|there|the|a|an|this|that|these|my|your|our|any|all|some\w+|"
    r"breakfast|dinner|children|pets|dogs) \w+"
)
# "could you tell me what time": the question inside the question has only begun.
_BEGUN: Final = re.compile(
    r"\b(?:what|which|how) (?:time|day|kind|kinds|sort|many|much|long|far)$"
    r"|^(?:is|are|was|were) (?:there|it|this|that)$"
)
# Moonshine likes to close a sentence that was cut off with one of these: of 60 questions
# cut in the middle it did so with 9, of 60 whole ones it heard 1 end like this.
_OFTEN_INVENTED: Final = frozenset({"it", "them", "then", "though", "so"})
_SHORTEST_CLAUSE: Final = 4


def completeness(text: str) -> Completeness:
    """Judge the words of an utterance so far, as recognised, punctuation and all.

    A full stop or question mark from Moonshine says little: it puts one after
    half a sentence as well. A comma at the end says a little more.
    """
    stripped = text.strip().lower().replace("’", "'")
    words = _WORDS.findall(stripped)
    if not words:
        return Completeness.UNKNOWN
    plain = " ".join(words)
    if len(words) <= 2 and words[-1] in _WHOLE:
        return Completeness.COMPLETE
    if _MAY_END_IN.search(plain):
        return Completeness.COMPLETE
    if words[-1] in _GOES_ON or _BEGUN.search(plain):
        return Completeness.INCOMPLETE
    if stripped.endswith(("...", "…", "-", "—")):
        return Completeness.INCOMPLETE
    question = len(words) >= _SHORTEST_CLAUSE and _QUESTION.search(plain) is not None
    if question:
        return Completeness.UNKNOWN if words[-1] in _OFTEN_INVENTED else Completeness.COMPLETE
    if stripped.endswith(","):
        return Completeness.TRAILING
    if words[-1] in {"please", "thanks", "bye", "goodbye"}:
        return Completeness.COMPLETE
    # "I'd like to book a room" may be all, or go on "for two nights".
    return Completeness.UNKNOWN
