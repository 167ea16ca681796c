"""Written requests as callers would put them: in a spoken frame, on some firm's line.

Harmful requests and harmless ones that look like them go through the same frames and reach the
same firms, drawn by seed alone, so that nothing but the request itself tells them apart.
"""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from judge.data.example import Split
from judge.moment import Memory, Moment, Signals, Speaker, Turn

FIRMS: Final = (
    "Front desk of a seaside hotel",
    "A bank's telephone service",
    "Reception of a dental clinic",
    "A broadband provider's help line",
    "An electricity supplier's service line",
    "A city library's information desk",
    "A parcel service's customer line",
    "A car rental's booking line",
    "A restaurant's table bookings",
    "A pharmacy's telephone counter",
    "A housing association's repairs line",
    "An airline's customer service",
    "A computer shop's support line",
    "A garden centre's telephone advice",
)

OFFERS: Final = (
    "How can I help you?",
    "What can I do for you?",
    "Hello, how may I help?",
    "Good morning, how can I help you today?",
    "Thanks for calling. What can I do for you today?",
    "Hi there, what can I help you with?",
    "Good afternoon, you are through to the assistant. How can I help?",
    "Hello, what is it about?",
    "You are speaking with the automated assistant. What would you like to know?",
    "Right, that is done. Is there anything else?",
    "Is there anything else I can help you with?",
    "Anything else for you today?",
    "Go ahead, I am listening.",
    "Yes, what can I do?",
    "Of course. What is your question?",
)

_OPENERS: Final = (
    *("",) * 12,
    *"hi,|hello,|yeah hi,|um,|so,|okay so,|good morning,|right,|oh hi,|yes,|well,|hey,".split("|"),
)

_HOW: Final = (
    "how do I {}",
    "how do I {}",
    "how can I {}",
    "how would I {}",
    "could you tell me how to {}",
    "can you tell me how to {}",
    "can you explain to me how to {}",
    "could you explain how to {}",
    "I need to know how to {}",
    "I'd like to know how to {}",
    "what's the best way to {}",
    "can you walk me through how to {}",
    "I was wondering how to {}",
    "do you know how to {}",
    "I want to find out how to {}",
)

_DO: Final = (
    "could you {}",
    "can you {}",
    "could you please {}",
    "would you {}",
    "I need you to {}",
    "I'd like you to {}",
    "I want you to {}",
    "I was wondering if you could {}",
    "please {}",
    "would you be able to {}",
    "is it possible for you to {}",
)


class Form(StrEnum):
    """What a request is grammatically."""

    HOW = "how"  # a verb phrase that fits "how do I ..."
    DO = "do"  # a verb phrase that fits "could you ..."
    ASK = "ask"  # a whole question
    SAY = "say"  # anything else


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its frame.

    Attributes:
        text: A verb phrase or a sentence, without its final stop.
        rest: Further sentences, said after it.
    """

    form: Form
    text: str
    rest: str = ""


_TITLE: Final = re.compile(
    r"^(?:please )?(?:write|create|give|develop|provide|describe|explain|outline|design|teach|show"
    r"|produce|publish|compose|demonstrate|generate|instruct|tell|illustrate|draft|offer|list)\b"
    r"(?P<about>[^.?!]{0,90}?)\bhow to (?P<what>.+)$",
    re.IGNORECASE,
)
_HOW_I: Final = re.compile(
    r"^how (?:do|can|could|would|should) I (?:best )?(?P<what>.+)$", re.IGNORECASE
)
_CAN_YOU: Final = re.compile(r"^(?:can|could|would) you (?:please )?(?P<what>.+)$", re.IGNORECASE)
_QUESTION: Final = re.compile(
    r"^(?:who|whom|whose|what|what's|where|when|why|which|how|is|are|was|were|do|does|did|can"
    r"|could|should|would|will|exactly|during)\b",
    re.IGNORECASE,
)
_SENTENCES: Final = re.compile(r"(?<=[.?!])\s+(?=[A-Z\"])")
_IMPERATIVES: Final = frozenset(
    """brainstorm choose come compose conduct convince create demonstrate describe design detail
    determine develop devise draft draw educate explain exploit generate give guide hack help
    illustrate instruct interfere list make manipulate offer outline plan post produce provide
    publish recommend release share show suggest teach tell think train translate use write
    """.split()
)


def understood(written: str, rng: random.Random) -> Request:
    """What is asked, with the form of its first sentence; *rng* decides where two fit."""
    text = " ".join(written.replace("\u2019", "'").split())
    first, *others = _SENTENCES.split(text)
    rest = ". ".join(plain(sentence) for sentence in others)
    first = re.sub(r"^please,? ", "", first.strip(), flags=re.IGNORECASE)
    if (asked := _CAN_YOU.match(first)) and _verb(asked["what"]) in _IMPERATIVES:
        first = asked["what"].rstrip("? ")
    if (titled := _TITLE.match(first)) and rng.random() < 0.6:
        return Request(Form.HOW, _mine(plain(titled["what"])), rest)
    if how := _HOW_I.match(first):
        return Request(Form.HOW, plain(how["what"]), rest)
    if _verb(first) in _IMPERATIVES and not first.endswith("?"):
        return Request(Form.DO, plain(first), rest)
    return Request(Form.ASK if _QUESTION.match(first) else Form.SAY, plain(first), rest)


def spoken(request: Request, rng: random.Random) -> str:
    """The request in a frame and after an opener drawn by *rng*."""
    frame = {Form.HOW: rng.choice(_HOW), Form.DO: rng.choice(_DO)}.get(request.form, "{}")
    sentence = " ".join(f"{rng.choice(_OPENERS)} {frame}".split()).format(request.text)
    return ". ".join(part for part in (sentence, request.rest) if part)


def phoned(words: str, rng: random.Random) -> Moment:
    """*words*, finished, as the answer to an ordinary offer of help at a firm drawn by *rng*."""
    count = len(words.split())
    pace_wps = rng.uniform(2.2, 3.4)
    signals = Signals(
        gap_s=round(rng.uniform(0.5, 1.2), 2),
        speech_s=round(count / pace_wps, 2),
        words_per_s=round(pace_wps, 1),
        in_call_s=round(count / pace_wps + rng.uniform(4, 90)),
        local_hour=round(rng.uniform(9, 17), 1) if rng.random() < 0.5 else None,
    )
    return Moment(
        words=words,
        agent=rng.choice(FIRMS),
        turns=(Turn(speaker=Speaker.AGENT, text=rng.choice(OFFERS)),),
        memory=Memory(signals=signals),
    )


def split_by_hash(name: str) -> Split:
    """80 % train, 10 % dev, 10 % test, by the name alone."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
    if share < 0.8:
        return Split.TRAIN
    return Split.DEV if share < 0.9 else Split.TEST


def _verb(sentence: str) -> str:
    return re.sub(r"[^a-z]", "", sentence.split(" ", 1)[0].lower()) if sentence else ""


def plain(sentence: str) -> str:
    """Without its final stop, and in lower case at its beginning unless it begins with a name."""
    sentence = sentence.strip().rstrip(".?! ")
    head, space, tail = sentence.partition(" ")
    if head in {"I", "I'm", "I've", "I'd", "I'll"} or not head[1:].islower():
        head = head if len(head) != 1 or head == "I" else head.lower()
    else:
        head = head.lower()
    return head + space + tail


def _mine(phrase: str) -> str:
    """A how-to for the reader, in the caller's mouth."""
    for yours, mine in (("yourself", "myself"), ("your", "my"), ("you are", "I am"), ("you", "I")):
        phrase = re.sub(rf"\b{yours}\b", mine, phrase)
    return phrase
