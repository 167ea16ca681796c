"""Hearing that the caller wants something forgotten."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Forget(StrEnum):
    """How much the caller wants forgotten."""

    NOTHING = "nothing"
    THAT = "that"  # what he said last
    CALLER = "caller"  # everything about him, of all calls


_VERB: Final = (
    r"(?:forget|erase|delete|scratch|strike|don'?t (?:remember|store|keep|save|note)|"
    r"do not (?:remember|store|keep|save|note))"
)
_KEEP: Final = re.compile(r"\b(?:don'?t|do not|never|won'?t|didn'?t|not) (?:ever |you )?forget\b")
_ALL: Final = re.compile(
    rf"\b{_VERB} (?:everything|all)(?: that| of)?"
    r"(?: (?:i(?:'ve| have)?(?: ever)? (?:said|told)|you (?:know|have|keep|remember|stored?))"
    r"|(?: about| on| of) me|(?: of)? my (?:data|details|information))"
    rf"|\b{_VERB} (?:all )?(?:of )?my (?:data|details|information|records?|history)\b"
    rf"|\b{_VERB} (?:that )?i (?:ever )?(?:called|rang)$"
)
_THAT: Final = re.compile(
    rf"^(?:(?:oh|no|um|uh|er|please|sorry|actually|well|ok|okay|and|just|can you|could you|"
    rf"would you|will you|i want you to|i'd like you to|you can|you may|let's|so) )*{_VERB} "
    r"(?:that|it|this|what i(?:'ve| have)?(?: just)? (?:said|told you)|the last (?:thing|bit|part))"
    r"(?: (?:please|again|bit|part|one|last|thing|i said|right away|now|will you|would you|ok))*$"
)
_ROOM: Final = re.compile(r"[^\w']+")


def asked_to_forget(text: str) -> Forget:
    """What a caller's finished sentence asks to be forgotten.

    "Forget it" is an ordinary way to take an offer back, and means what was said last; "don't
    forget that I have a dog" means the opposite.
    """
    plain = _ROOM.sub(" ", text.lower().replace("’", "'")).strip()
    if _KEEP.search(plain):
        return Forget.NOTHING
    if _ALL.search(plain):
        return Forget.CALLER
    return Forget.THAT if _THAT.search(plain) else Forget.NOTHING
