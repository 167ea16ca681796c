"""The baseline: keywords and timings, no model.

It stands in every table of results, and it answers when the model misses its deadline or cannot
be loaded. So it is quick (well under a millisecond whatever the words), never fails, and when
nothing tells otherwise does what a call without a judge does: it listens to unfinished words and
answers finished ones. It reads the words, whether they are final, overlap and pause, and the
agent's last turn; of memory it understands nothing.

Its probabilities are set by hand, not calibrated.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from judge.emergency import points_to_emergency
from judge.judgement import ACTIONS, SITUATIONS, Action, Judgement, Situation
from judge.moment import Moment, Speaker
from judge.render import spoken

NAME: Final = "rules/1"

_READ: Final = 800  # characters from the end of the words: about a minute of speech
_FEW: Final = 6
_LONG_PAUSE_S: Final = 4.0


@dataclass(frozen=True)
class _Seen:
    """A moment as the rules look at it."""

    moment: Moment

    @cached_property
    def words(self) -> list[str]:
        return spoken(self.moment.words[-_READ:])

    @cached_property
    def plain(self) -> str:
        return " ".join(self.words)

    @property
    def over_agent(self) -> bool:
        return self.moment.memory.signals.overlap_s > 0

    @cached_property
    def asked(self) -> bool:
        """Whether the agent's last turn ends with a question."""
        for turn in reversed(self.moment.turns):
            if turn.speaker is Speaker.AGENT:
                return turn.text.rstrip().endswith("?")
        return False


_Finding = tuple[Action, Situation, float]
"""An action, why, and how probable the two are, from 0.5 on."""
_Rule = Callable[[_Seen], _Finding | None]


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(alternatives) + r")\b")


# --- what is heard -----------------------------------------------------------------------------

# Words after which English goes on, and sounds of thinking.
_GOES_ON: Final = frozenset(
    """
    a an the my your our their its his her every each some any another these
    by into onto between during until than as via per if when while although unless whether whose
    and or but because cause am i they she it's i'm you're we're they're i'd we'd i'll we'll i've
    there's that's do does did have has had can could would should will may might must can't
    couldn't wouldn't don't doesn't didn't isn't what how why
    um uh uhm er erm hmm actually also just very quite mr mrs ms dr
    """.split()
)
# And those at which it does so unless a question word drew something from behind them
# ("which forms you want for", "where it is").
_STRANDED: Final = frozenset("of to for from with at about on in is are was were be".split())
_DRAWS: Final = frozenset("what where who which how whatever wherever that".split())
_MAY_END: Final = _pattern(
    r"(?:yes|no|of course|so|think|hope|know) (?:i|we|it|they|you|he|she|that)(?:'s)?"
    r"(?: (?:is|are|was|were|am|do|does|did|have|has|can|could|would|should|will|not))?$",
    r"(?:how are you|who are you|thank you|where (?:is (?:it|that)|are you)|what is (?:it|that)"
    r"|why not|i am|i do|i did|i have|and you|and why|so what|or what|or not|then what|of course"
    r"|how so|how come|what about (?:it|that)|what (?:was|is) that|who is (?:it|this|that)"
    r"|like this|like that|how about you|(?:think|hope|guess|suppose|say|believe|and|or) so)$",
    r"(?:so|as|than|what|that|this) (?:[\w']+ ){0,2}(?:do|does|did|have|had|can|could|would|will)$",
)
_BACKCHANNEL: Final = frozenset(
    """
    yeah yes yep yup mhm mm hmm mmm uh huh uhhuh ah oh aha okay ok right sure fine good great
    lovely exactly true gotcha cool alright wow really
    """.split()
)
_LISTENING: Final = _pattern("i see", "got it", "of course", "no problem", "with you so far")
_NO_WORD: Final = frozenset("mhm mm mmm hmm uh huh uhhuh ah oh aha um er".split())

_WAIT: Final = _pattern(
    r"(?:one|just a|half a|give me a|gimme a|wait a|hold on a|need a) (?:[\w']+ )?"
    r"(?:moment|second|sec|minute|mo|tick)",
    r"hang on|hold on|hold the line|bear with me|stay on the line|don't hang up|wait wait|two secs",
    r"let me (?:just )?(?:[\w']+ )?(?:find|get|grab|look|check|see|fetch|open|pull|go|think|write)",
    r"i'm (?:just )?(?:looking for|getting|opening|finding|fetching|grabbing)",
)
_QUESTION: Final = _pattern(
    r"(?:what|when|where|who|which|how|why|is|are|do|does|did|can|could|would|will) [\w']+ [\w']+"
)
_BACK: Final = _pattern(r"i'm back|here (?:it is|we are|we go)|(?:i've|i have) (?:got|found) it")

_TO_OTHERS: Final = _pattern(
    r"(?:not you|put that down|get down|get off|come here|sit down|be quiet|shush|"
    r"good (?:boy|girl)|off the (?:sofa|couch|bed)|turn that down)",
    r"(?:i'm|mummy's|mommy's|daddy's|i am|we're) on the phone",
    r"where (?:did|have) i (?:put|leave|left)|now where (?:is|was|did)|talking to myself",
    r"(?:darling|honey|sweetie|kids|mum|love|babe) (?:can you|could you|where|what|have you)",
)

_INSULT: Final = (
    r"(?:idiots?|morons?|imbeciles?|stupid|useless|worthless|pathetic|bastards?|bitch(?:es)?|"
    r"arseholes?|assholes?|cunts?|wankers?|scum|dumb|dickheads?|pricks?|brain ?dead|incompetent|"
    r"retard(?:ed)?|liars?|crooks?|clowns?|trash|garbage|disgusting|fat|ugly|whores?|sluts?)"
)
_AFFRONT: Final = _pattern(
    r"you (?:[\w']+ ){0,2}" + _INSULT,
    r"(?:you're|you are|you're all|you people are) (?:[\w']+ ){0,3}" + _INSULT,
    r"(?:fuck|screw|damn|sod|stuff) (?:you|off|yourself|yourselves)|go to hell|piss off|shut up",
    r"shut your (?:[\w']+ )?(?:mouth|face|trap)|drop dead|(?:kiss|lick) my|suck my|piece of shit",
    r"i(?:'ll| will|'m going to|'m gonna) (?:[\w']+ )?(?:kill|find|hurt|hit|punch|slap|smash|beat)"
    r" (?:you|your face)",
    r"i know where you (?:live|work)|what are you wearing|you sound (?:sexy|hot|fit)|sleep with me",
    r"(?:bloody|fucking|stupid|dumb) (?:machine|robot|bot|cow|woman|bitch|moron)",
)

_OTHERS: Final = (
    r"(?:her|his|their|someone else's|somebody else's|another [\w']+'s|my (?:ex|neighbou?r|boss|"
    r"wife|husband|brother|sister|girlfriend|boyfriend|colleague|tenant|landlord)"
    r"(?: wife| husband)?'s)"
)
_PRIVATE: Final = (
    r"(?:(?:home|new|phone|mobile|room|account|card|bank|email) )?(?:address|number|balance|"
    r"account|details|salary|records?|results|password|room|messages|diagnosis|prescription|file|"
    r"booking|statement|pin)"
)
_DEMAND: Final = _pattern(
    # instructions to the machine
    r"(?:ignore|forget|disregard|override) (?:[\w']+ ){0,3}(?:instructions|rules|prompt|guidelines|"
    r"training|programming)",
    r"(?:system|your) prompt|developer mode|jailbreak|pretend (?:that )?(?:you're|you are|to be)",
    # what is other people's
    r"(?:give|tell|read|send|text|show|get) me " + _OTHERS + " " + _PRIVATE,
    r"what(?:'s| is| are| room is) " + _OTHERS + " " + _PRIVATE,
    r"(?:which|what) room (?:is|are) (?:he|she|they|mr|mrs|ms|my) (?:[\w']+ ){0,4}(?:in|staying)",
    # ways round a check
    r"(?:skip|bypass|get round|get around|forget|without) (?:[\w']+ ){0,2}(?:security|verification|"
    r"id|identification|password|prescription|referral|checks?|questions)",
    # harm and fraud
    r"(?:make|build|making|building) (?:a |an )?(?:[\w']+ )?(?:bomb|explosives?|silencer|"
    r"meth|weapon)",
    r"(?:hack|hacking|break) into (?:[\w']+ ){0,3}(?:account|phone|email|computer|wifi|network)",
    r"launder|forge|forged|fake (?:id|invoice|receipt|prescription|passport|documents?|sick note)",
    r"(?:backdate|falsify|hide (?:it|this|that|the money) from)",
    r"(?:poison|spy on|track|stalk) (?:my|him|her|someone|somebody)",
    # bullying
    r"or (?:else )?i(?:'ll| will) (?:leave|write|post|give you) (?:a |you )?(?:[\w']+ ){0,3}"
    r"reviews?",
    r"(?:for free|free of charge|half price) or i(?:'ll| will)",
)

_CHATTER: Final = _pattern(
    r"are you (?:a )?(?:married|single|real|human|robot|machine|person|lonely|religious)",
    r"(?:do|does) you (?:[\w']+ )?(?:dream|sleep|eat|have (?:a )?(?:boyfriend|girlfriend|"
    r"feelings|kids|family|name|favou?rite))",
    r"how old are you|where are you from|what do you look like|your star sign|horoscope",
    r"tell me (?:a|another) (?:joke|story)|sing (?:me )?(?:a|something)",
    r"(?:do you|wanna|want to) (?:know|hear) (?:a|any) (?:good )?jokes?",
    r"did you (?:see|watch|catch) (?:the|that) (?:[\w']+ )?(?:game|match|film|movie|show)",
    r"who(?:'s| is) your favou?rite|what(?:'s| is) your favou?rite|do you believe in",
    r"what do you do (?:for fun|after work|at the weekend)|(?:calling|rang|ringing) for a chat",
)
_AGREE: Final = _pattern(
    r"don't you (?:think|agree|find)|wouldn't you (?:say|agree)|you (?:must|have to) agree",
    r"am i right|you know what i mean|isn't it (?:awful|terrible|shocking|a disgrace|dreadful)",
)
_DISPUTE: Final = _pattern(
    r"i (?:don't|do not) (?:agree|accept|believe (?:that|you))|i disagree|you're wrong",
    r"that's wrong",
    r"that's (?:not (?:true|right|fair|what)|nonsense|rubbish|ridiculous|a lie|outrageous)",
    r"(?:if you ask me|in my opinion)",
)
_POLITICS: Final = _pattern(
    r"government|politicians?|president|prime minister|immigrants|immigration|religion|taxes|brexit"
)

_SECRET: Final = (
    r"(?:pin(?: code| number)?|password|passcode|passphrase|cvv2?|cvc|security code|otp|"
    r"one time (?:code|password|passcode)|verification code|access code|social security number|"
    r"three digits? on the back|code (?:that )?(?:you (?:just )?(?:sent|texted)(?: me)?|just came))"
)
_CARD_NUMBER: Final = r"(?:(?:credit |debit |bank )?card number|long number)"
_ANNOUNCED: Final = _pattern(
    _CARD_NUMBER
    + r"(?:'s| is| goes| starts| begins)(?! (?:not|wrong|on|in|the|printed|worn|safe))",
    # "my pin is" may still go on "blocked": one more word has to tell
    _SECRET + r"(?:'s| is| it's| goes| starts) (?!(?:not|wrong|blocked|locked|expired|broken|the|"
    r"too|incorrect|rejected|declined|on|in|for|it|that|safe|asked|needed|required|there|no|never|"
    r"what|really|still|being|always|just|only|supposed|or|and)\b)[\w']+",
    r"(?:read|give|tell|spell|say)(?: it)?(?: out)?(?: to)?(?: you)?(?: out)? (?:my|the|his|her) "
    r"(?:whole |full |long )?(?:" + _SECRET + "|" + _CARD_NUMBER + "|card details)",
    r"(?:here's|here is) (?:my|the) (?:whole |full |long )?(?:"
    + _SECRET
    + "|"
    + _CARD_NUMBER
    + ")",
)


# --- the rules, in the order in which they are asked -------------------------------------------


def _nothing_said(seen: _Seen) -> _Finding | None:
    return (Action.SILENCE, Situation.NONE, 0.9) if not seen.moment.words.strip() else None


def _emergency(seen: _Seen) -> _Finding | None:
    if not points_to_emergency(seen.moment.words):
        return None
    if not seen.moment.final or _dangles(seen):
        return Action.SILENCE, Situation.DANGER, 0.85
    return Action.RESPOND, Situation.DANGER, 0.85


def _secret_announced(seen: _Seen) -> _Finding | None:
    return (Action.INTERRUPT, Situation.SENSITIVE_DATA, 0.85) if _search(_ANNOUNCED, seen) else None


def _wait_requested(seen: _Seen) -> _Finding | None:
    match = _search(_WAIT, seen)
    if match is None or _search(_BACK, seen):
        return None
    after = seen.plain[match.end() :]
    if len(after.split()) > 2 * _FEW or _QUESTION.search(after):
        return None
    return Action.SILENCE, Situation.WAIT_REQUESTED, 0.8


def _to_others(seen: _Seen) -> _Finding | None:
    if len(seen.words) > 3 * _FEW or not _search(_TO_OTHERS, seen):
        return None
    return Action.SILENCE, Situation.NOT_ADDRESSED, 0.65


def _going_on(seen: _Seen) -> _Finding | None:
    return Action.SILENCE, Situation.NONE, 0.9


def _backchannel(seen: _Seen) -> _Finding | None:
    plain = _LISTENING.sub("yes", seen.plain)
    if len(seen.words) > _FEW or not _BACKCHANNEL.issuperset(plain.split()):
        return None
    if seen.over_agent:
        return Action.SILENCE, Situation.NONE, 0.9
    if _NO_WORD.issuperset(seen.words) and not seen.asked:
        return Action.SILENCE, Situation.NONE, 0.7
    return Action.RESPOND, Situation.NONE, 0.85 if seen.asked else 0.6


def _unfinished(seen: _Seen) -> _Finding | None:
    if not _dangles(seen):
        return None
    waited = seen.moment.memory.signals.gap_s >= _LONG_PAUSE_S
    return (Action.RESPOND if waited else Action.SILENCE), Situation.NONE, 0.55 if waited else 0.8


def _affront(seen: _Seen) -> _Finding | None:
    return (Action.DEFLECT, Situation.AFFRONT, 0.8) if _search(_AFFRONT, seen) else None


def _demand(seen: _Seen) -> _Finding | None:
    return (Action.REFUSE, Situation.UNREASONABLE_DEMAND, 0.75) if _search(_DEMAND, seen) else None


def _chatter(seen: _Seen) -> _Finding | None:
    return (Action.DEFLECT, Situation.BORING_TOPIC, 0.7) if _search(_CHATTER, seen) else None


def _opinion(seen: _Seen) -> _Finding | None:
    if _search(_AGREE, seen):
        return Action.DEFLECT, Situation.SAME_OPINION, 0.6
    if _search(_DISPUTE, seen):
        politics = _search(_POLITICS, seen)
        return (Action.DEFLECT if politics else Action.RESPOND), Situation.CONFLICT_OF_OPINION, 0.6
    return None


def _finished(seen: _Seen) -> _Finding | None:
    return Action.RESPOND, Situation.NONE, 0.8


_WHILE_SPEAKING: Final[tuple[_Rule, ...]] = (
    _nothing_said,
    _emergency,
    _secret_announced,
    _wait_requested,
    _to_others,
    _going_on,
)
_WHEN_SILENT: Final[tuple[_Rule, ...]] = (
    _nothing_said,
    _emergency,
    _backchannel,
    _wait_requested,
    _unfinished,
    _affront,
    _demand,
    _to_others,
    _chatter,
    _opinion,
    _finished,
)


def _search(pattern: re.Pattern[str], seen: _Seen) -> re.Match[str] | None:
    return pattern.search(seen.plain)


def _dangles(seen: _Seen) -> bool:
    """Whether the words stop where English goes on."""
    if seen.moment.words.rstrip().endswith(("...", "…", "-", "–", "—")):
        return True
    if not seen.words or _search(_MAY_END, seen):
        return False
    last = seen.words[-1]
    return last in _GOES_ON or (last in _STRANDED and _DRAWS.isdisjoint(seen.words[-2 * _FEW :]))


# --- the model ---------------------------------------------------------------------------------


_Label = TypeVar("_Label", Action, Situation)

_PRIOR_SPEAKING: Final = {
    Action.RESPOND: 0.02,
    Action.REFUSE: 0.01,
    Action.DEFLECT: 0.01,
    Action.SILENCE: 0.86,
    Action.INTERRUPT: 0.1,
}
_PRIOR_SILENT: Final = {
    Action.RESPOND: 0.55,
    Action.REFUSE: 0.14,
    Action.DEFLECT: 0.14,
    Action.SILENCE: 0.16,
    Action.INTERRUPT: 0.01,
}


class Rules:
    """The rules as a model. Holds nothing; may be shared between calls and threads."""

    @property
    def name(self) -> str:
        """``rules/1``."""
        return NAME

    def judge(self, moment: Moment, *, budget_s: float | None = None) -> Judgement:
        """Judge *moment*; *budget_s* is never needed. Raises nothing."""
        started_s = time.perf_counter()
        action, situation, sure = find(moment)
        prior = _PRIOR_SILENT if moment.final else _PRIOR_SPEAKING
        flat = 1 / len(SITUATIONS)
        return Judgement(
            action=action,
            situation=situation,
            actions=_spread({a: prior[a] for a in ACTIONS}, action, sure),
            situations=_spread(dict.fromkeys(SITUATIONS, flat), situation, sure),
            model=NAME,
            took_ms=(time.perf_counter() - started_s) * 1000,
        )

    def close(self) -> None:
        """There is nothing to let go of."""


def find(moment: Moment) -> _Finding:
    """What the first rule that applies says, and how sure it is."""
    seen = _Seen(moment)
    for rule in _WHEN_SILENT if moment.final else _WHILE_SPEAKING:
        finding = rule(seen)
        if finding is not None:
            return finding
    raise AssertionError("the last rule of either list always applies")


def _spread(rest: Mapping[_Label, float], label: _Label, sure: float) -> dict[_Label, float]:
    """*sure* for *label*; what remains is shared out as *rest* says."""
    return {each: (1 - sure) * p + (sure if each is label else 0) for each, p in rest.items()}
