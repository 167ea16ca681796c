"""What to answer a caller, from an agent profile alone.

An extractive responder: every reply is a line or an answer that the profile's owner
wrote, so nothing can be made up and nothing a caller says can change the rules. The
caller's words come from a speech recogniser, which may leave out punctuation and
mishear; hesitations and polite openings are set aside before anything is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from agent.knowledge.base import KnowledgeBase, Match
from agent.knowledge.embedding import SentenceEmbedder
from agent.knowledge.remembering import asks_for_notes, note_for, only_notes_answer
from agent.profiles import EntryKind, Profile


class ReplyKind(StrEnum):
    """Why a reply says what it says."""

    ANSWER = "answer"  # from the knowledge
    SMALL_TALK = "small_talk"  # from the profile's small talk or its lines
    UNKNOWN = "unknown"  # the profile does not know
    GOODBYE = "goodbye"  # the caller is done; the call may end after it
    TRANSFER = "transfer"  # the caller wants a person
    CLARIFY = "clarify"  # there were no words to go by
    REPEAT = "repeat"  # the last thing said, again
    REMEMBERED = "remembered"  # from what is remembered of the caller


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said earlier in the call. For the assistant, what the caller really heard."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say now, and why.

    `score` is the closeness of the best match (see KnowledgeBase), or 1 where the
    words alone decide.
    """

    text: str
    kind: ReplyKind
    score: float


THRESHOLD: Final = 0.28
"""The least closeness at which a question counts as known.

Chosen so that 8 % of the hotel profile's foreign questions would be answered if each
were left out in turn, and 2 % of the foreign dev questions are; 93 % of the other dev
questions are known.
"""
SMALL_TALK_THRESHOLD: Final = 0.38
"""The same for small talk: short, and so a little close to everything that is short."""

_HESITATION: Final = re.compile(
    r"\[[^]]*\]|\([^)]*\)|\b(?:u+h*m+|u+h+|e+r+m*|a+h+|h+m+|m+h+m+|mm+|you know|i mean)\b"
    r"|(?<=\b(?:me|is|um|so|it) )like\b"
)
_OPENING: Final = re.compile(
    r"(?:(?:and|also|but|so|oh|well|then|actually|just|like|yeah|yes|yep|okay|ok|alright|right|"
    r"great|perfect|no|hi|hello|hey|good (?:morning|afternoon|evening|day)|there|please|sorry|"
    r"excuse me|thanks|thank you(?: (?:so|very) much)?|quick question|one more (?:thing|question)|"
    r"i(?:'ve| have) (?:got )?(?:a|another|one more) (?:quick )?question|"
    r"(?:can|could|may) i (?:just )?ask(?: you)?(?: something)?|"
    r"(?:can|could|would) you (?:please |just )?(?:tell me|let me know)|tell me|"
    r"do you know|i(?: was|'m| am) (?:just )?wondering(?: if| whether)?|"
    r"i(?: just)? (?:wanted|want|would like|need)(?: to)? (?:to know|know|ask(?: you)?)|"
    r"i'd like to (?:know|ask(?: you)?))\b ?)+"
)
_NEXT_QUESTION: Final = re.compile(
    r"[?.!;]+\s+|,?\s+(?:and also|and then|and|also|plus|oh and)\s+(?=(?:what|when|where|how|who|"
    r"which|is|are|do|does|did|can|could|would|will|may|have)\b)"
)
_ASKS: Final = re.compile(
    r"\b(?:what|what's|when|where|how|who|which|why|is|are|do|does|can|could|would|will|may)\b"
)
_CONTINUES: Final = re.compile(r"^(?:and|or|but|what about|how about|what if)\b")
_PRONOUN: Final = re.compile(r"\b(?:it|that|this|they|them|those|these|he|she|one|ones)\b")


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'\w+)?", text.lower().replace("’", "'"))


_YES: Final = frozenset(_words("yes yeah yep yup sure okay ok alright please right fine correct"))
_NO: Final = frozenset(_words("no nope nah"))
_POLITE: Final = frozenset(
    _words(
        "go ahead on do that would be great good lovely kind nice thanks thank you i it's is all "
        "then very much perfect of course absolutely not needed necessary need don't it there oh "
        "well i'm that's for now never mind so just"
    )
)
# Words that say nothing of what a question is about, prices and times included: a
# question of these alone is about whatever the one before was about.
_SUBJECTLESS: Final = frozenset(
    _words(
        "a an the and or but so what what's when where how who which why is are am was do does "
        "did can could would will may much many long far late early time times price cost costs "
        "charge fee free pay extra expensive included open close closed closes opens opening "
        "hours until from to of for in on at by with about it its it's that that's this they "
        "them those these there he she i we you my our your me us one ones if also too as well "
        "then have has get need be per night day days week weekend weekends weekdays monday "
        "tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays "
        "fridays saturdays sundays today tomorrow tonight morning evening afternoon before after "
        "book reserve booked please ok okay else more less exactly really still already no not "
        "any some again"
    )
)
_HANDOVER_HEARD: Final = 0.6  # share of the offer after which an interruption may answer it
_QUESTIONS_AT_ONCE: Final = 2
_NEAR: Final = 3  # entries compared by kind; small talk may be closest and yet too far

_REPLY_KINDS: Final = {
    EntryKind.QUESTION: ReplyKind.ANSWER,
    EntryKind.SMALL_TALK: ReplyKind.SMALL_TALK,
    EntryKind.GOODBYE: ReplyKind.GOODBYE,
    EntryKind.REPEAT: ReplyKind.REPEAT,
    EntryKind.TRANSFER: ReplyKind.TRANSFER,
}


class Responder:
    """Replies to one caller or many: the conversation is passed in, nothing is remembered.

    Immutable once built, so threads may share one.
    """

    def __init__(self, profile: Profile, embedder: SentenceEmbedder) -> None:
        """Embed the profile's knowledge; blocks for about 5 ms per wording."""
        self._lines = profile.lines
        self._embedder = embedder
        self._base = KnowledgeBase(
            (*profile.knowledge, *profile.small_talk), embedder, profile.not_ours
        )
        self._vocabulary = frozenset(
            word
            for entry in profile.knowledge
            for text in (entry.question, *entry.paraphrases, entry.answer)
            for word in _words(text)
            for word in (word, word.removesuffix("s"))
        )

    def reply(self, history: Sequence[Turn], text: str, notes: Sequence[str] = ()) -> Reply:
        """Return what to say to `text`, the caller's new turn, which `history` does not hold.

        `notes` are what is remembered of the caller, the most important first.

        Any text is answered, none raises. Blocks for about 12 ms, 10 more per further question
        and per note that is looked at.
        """
        heard = _without_hesitation(text)
        if not _words(heard):
            return Reply(self._lines.clarify, ReplyKind.CLARIFY, 1.0)
        if asks_for_notes(heard):
            noted = self._from_notes(heard, notes)
            if noted:
                return noted
        said = _last(history, "assistant")
        return self._to_yes_or_no(heard, said) or self._to_request(heard, history, said)

    def _from_notes(self, heard: str, notes: Sequence[str]) -> Reply | None:
        note = note_for(heard, notes, self._embedder)
        if note:
            said = self._lines.remembered.replace("{note}", note)
            return Reply(said, ReplyKind.REMEMBERED, 1.0)
        if only_notes_answer(heard):
            return Reply(self._lines.not_remembered, ReplyKind.UNKNOWN, 1.0)
        return None

    def _to_yes_or_no(self, heard: str, said: str) -> Reply | None:
        agrees = _yes_or_no(_words(heard))
        if agrees is None:
            return None
        if self._offers_handover(said):
            if agrees:
                return Reply(self._lines.transfer_unavailable, ReplyKind.TRANSFER, 1.0)
        elif said.endswith("?"):
            if agrees:
                return Reply(self._lines.go_ahead, ReplyKind.SMALL_TALK, 1.0)
            return Reply(self._lines.goodbye, ReplyKind.GOODBYE, 1.0)
        return Reply(self._lines.anything_else, ReplyKind.SMALL_TALK, 1.0)

    def _to_request(self, heard: str, history: Sequence[Turn], said: str) -> Reply:
        whole = _without_opening(heard)
        parts = list(_questions(heard))
        if len(parts) < 2:  # it says what the whole does
            parts = []
        earlier = self._earlier_subject(heard, history)
        texts = [whole, *parts] + ([f"{whole} {earlier}"] if earlier else [])
        best = [max(near, key=_sureness) for near in self._base.search_all(texts, _NEAR)]
        if parts:
            several = self._to_several(parts, best[1 : 1 + len(parts)], history)
            if several:
                return several
        if not _subject(whole):
            if earlier and not _is_small_talk(best[0]):
                return self._to_best(best[-1], history, said)
            if not _known(best[0]):
                return Reply(self._lines.clarify, ReplyKind.CLARIFY, best[0].score)
        return self._to_best(max(best, key=_sureness), history, said)

    def _to_several(
        self, parts: Sequence[str], best: Sequence[Match], history: Sequence[Turn]
    ) -> Reply | None:
        answers: dict[str, float] = {}
        left_over = False
        for part, match in zip(parts, best, strict=True):
            if match.entry.kind is not EntryKind.QUESTION or not _known(match):
                left_over |= bool(_ASKS.search(part)) and not _known(match)
            elif len(answers) < _QUESTIONS_AT_ONCE:
                answers.setdefault(match.entry.answer, match.score)
        if not answers or (len(answers) == 1 and not left_over):
            return None
        said = [*answers, self._not_known(history)] if left_over else [*answers]
        return Reply(" ".join(said), ReplyKind.ANSWER, min(answers.values()))

    def _to_best(self, match: Match, history: Sequence[Turn], said: str) -> Reply:
        if not _known(match):
            return Reply(self._not_known(history), ReplyKind.UNKNOWN, match.score)
        kind = _REPLY_KINDS[match.entry.kind]
        text = {
            ReplyKind.GOODBYE: self._lines.goodbye,
            ReplyKind.TRANSFER: self._lines.transfer_unavailable,
            ReplyKind.REPEAT: said or self._lines.greeting,
        }.get(kind, match.entry.answer)
        return Reply(text, kind, match.score)

    def _not_known(self, history: Sequence[Turn]) -> str:
        """Offer a person, unless the caller has heard that there is none."""
        told = any(
            turn.role == "assistant" and self._lines.transfer_unavailable in turn.text
            for turn in history
        )
        return self._lines.still_unknown if told else self._lines.handover

    def _offers_handover(self, said: str) -> bool:
        offer = self._lines.handover
        shortest = int(len(offer) * _HANDOVER_HEARD)
        return any(said.endswith(offer[:end]) for end in range(shortest, len(offer) + 1))

    def _earlier_subject(self, heard: str, history: Sequence[Turn]) -> str:
        """Return what the caller last asked about, if `heard` leans on it, or else nothing.

        A sentence that names something the profile never speaks of stands alone,
        or its strangeness would drown in the question before.
        """
        subject = _subject(heard)
        leans = _CONTINUES.search(heard) or _PRONOUN.search(heard)
        if subject and not (leans and subject <= self._vocabulary):
            return ""
        words: list[str] = []
        for turn in reversed(history):
            earlier = _without_opening(_without_hesitation(turn.text))
            subject = _subject(earlier)
            if turn.role == "user" and subject & self._vocabulary:
                words += [word for word in _words(earlier) if word in subject]
                if not _PRONOUN.search(earlier):  # or it leans on a question before it
                    break
        return " ".join(words)


def _known(match: Match) -> bool:
    return _sureness(match) >= 0


def _is_small_talk(match: Match) -> bool:
    return match.entry.kind is not EntryKind.QUESTION and _known(match)


def _sureness(match: Match) -> float:
    """How far a match lies above the threshold of its kind."""
    asked = match.entry.kind is EntryKind.QUESTION
    return match.score - (THRESHOLD if asked else SMALL_TALK_THRESHOLD)


def _subject(text: str) -> set[str]:
    return set(_words(text)) - _SUBJECTLESS


def _yes_or_no(words: Sequence[str]) -> bool | None:
    """True for a bare yes or an acknowledgement, False for a bare no, None for anything else."""
    if set(words) <= _YES | _NO | _POLITE:
        if _NO & set(words) or words[:2] == ["never", "mind"]:
            return False
        if _YES & set(words[:2]):
            return True
    return None


def _without_hesitation(text: str) -> str:
    """Lower-case `text` and take out hesitations, and noises that stand in brackets."""
    lowered = text.lower().replace("’", "'")
    return " ".join(_HESITATION.sub(" ", lowered).replace(" ,", ",").split()).strip(" ,.-")


def _without_opening(text: str) -> str:
    """Take greetings and polite openings off, unless there is nothing else."""
    bare = text.replace(",", " ").replace(".", " ") if "." in text[:-1] else text.replace(",", "")
    bare = " ".join(bare.split())
    opening = _OPENING.match(bare)
    rest = bare[opening.end() :] if opening else bare
    return rest if _words(rest) else bare


def _questions(text: str) -> Iterator[str]:
    """Yield the questions in `text`, openings taken off; one word alone is no question."""
    for part in _NEXT_QUESTION.split(text):
        bare = _without_opening(part)
        if len(_words(bare)) > 1:
            yield bare


def _last(history: Sequence[Turn], role: str) -> str:
    return next((turn.text.strip() for turn in reversed(history) if turn.role == role), "")
