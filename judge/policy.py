"""What may follow from a judgement: thresholds, restraint, escalation, the access list.

Pure: a state and a moment go in with the time, a ruling and the next state come out. The judge
says what it would do; the policy says what the call does, and why the two differ. In the order
in which the rules are asked:

1. An emergency is never cut short, refused, put off or blocked.
2. A caller on the deny list is blocked at once. (Who is on both lists is allowed.)
3. Affronts are counted over the call: deflect, refuse, warn, block.
4. An action less probable than its threshold does not happen: unfinished words are listened to,
   finished ones answered.
5. Only unfinished words can be interrupted, and only finished ones answered.
6. Between two cut-ins lies a cooldown, and a minute holds only so many.

In shadow mode all of this is reckoned and nothing of it done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from judge.emergency import points_to_emergency
from judge.judgement import Action, Judgement, Situation
from judge.moment import Moment, Speaker

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1000)]

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0


class Ruled(StrEnum):
    """What a call can be told to do: the judge's actions and the two that only policy knows."""

    RESPOND = "respond"
    REFUSE = "refuse"
    DEFLECT = "deflect"
    SILENCE = "silence"
    INTERRUPT = "interrupt"
    WARN = "warn"
    """Say that the call will end if this goes on."""
    BLOCK = "block"
    """A spoken notice, hang-up, and the next call is declined for :attr:`Ruling.term`."""


class Rule(StrEnum):
    """Which rule had the last word."""

    JUDGED = "judged"
    """None: the call does what the judge said."""
    EMERGENCY = "emergency"
    DENIED = "denied"
    ESCALATION = "escalation"
    ALLOWED = "allowed"
    """The caller would be blocked, were he not on the allow list."""
    UNSURE = "unsure"
    STILL_SPEAKING = "still_speaking"
    FALLEN_SILENT = "fallen_silent"
    COOLDOWN = "cooldown"
    TOO_MANY = "too_many"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Thresholds(_Group):
    """How probable an action must be to happen; `respond` is what happens otherwise."""

    refuse: Probability = 0.6
    deflect: Probability = 0.55
    silence: Probability = 0.5
    interrupt: Probability = 0.65
    affront: Probability = 0.6  # of the situation, for an affront to be counted

    def of(self, action: Action) -> float:
        """The threshold of *action*."""
        return 0.0 if action is Action.RESPOND else float(getattr(self, action.value))


class Restraint(_Group):
    """How often the agent may cut in."""

    cooldown_s: Annotated[float, Field(ge=0, le=3600)] = 15.0
    per_minute: Annotated[int, Field(ge=0, le=60)] = 2  # in any 60 s; 0 forbids cutting in


class Escalation(_Group):
    """What the first, second, ... affront of a call leads to; at first, to deflecting."""

    refuse_at: Count = 2
    warn_at: Count = 3
    block_at: Count = 4
    for_good_at: Count | None = None  # affronts in one call that block for good at once
    apart_s: Annotated[float, Field(ge=0, le=60)] = 2.0  # closer ones count as one
    terms_s: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(max_length=20)] = (
        1 * HOUR_S,
        24 * HOUR_S,
        7 * 24 * HOUR_S,
    )
    """Lengths of the first, second, ... block in seconds. The one after the last is for good."""

    @model_validator(mode="after")
    def _steps_in_order(self) -> Escalation:
        if not self.refuse_at <= self.warn_at <= self.block_at:
            raise ValueError(
                f"policy.escalation: refuse_at {self.refuse_at}, warn_at {self.warn_at} and "
                f"block_at {self.block_at} are out of order; give numbers that do not fall"
            )
        return self


class Access(_Group):
    """Callers by identity, or by shell-style pattern (``+4930*``); letter case does not count."""

    allow: tuple[str, ...] = ()  # never blocked
    deny: tuple[str, ...] = ()  # blocked at once

    def allows(self, identity: str) -> bool:
        """Whether *identity* can never be blocked."""
        return _listed(identity, self.allow)

    def denies(self, identity: str) -> bool:
        """Whether *identity* is to be declined before any model runs."""
        return _listed(identity, self.deny) and not self.allows(identity)


class PolicyConfig(_Group):
    """The policy's configuration; the defaults are conservative."""

    shadow: bool = False
    thresholds: Thresholds = Thresholds()
    restraint: Restraint = Restraint()
    escalation: Escalation = Escalation()
    access: Access = Access()
    emergency_turns: Annotated[int, Field(ge=0, le=20)] = 2
    """The caller's last turns that are searched for an emergency beside his current words."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long a block holds; None is for good."""

    seconds: float | None

    def __str__(self) -> str:
        return "for good" if self.seconds is None else f"for {self.seconds / HOUR_S:g} h"


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What the policy remembers of a call.

    Attributes:
        identity: Who calls, as the access list names callers; empty when unknown.
        blocks: How often this caller has been blocked, this call included.
        term: For how long he was blocked in this call; None when he was not.
        cut_ins_s: When the agent cut in, within the last minute.
        affronts: Affronts counted in this call.
        affront_s: When the last one was counted.
    """

    identity: str = ""
    blocks: int = 0
    term: Term | None = None
    cut_ins_s: tuple[float, ...] = ()
    affronts: int = 0
    affront_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the call does.

    Attributes:
        action: What to do.
        would: What would be done outside shadow mode; the same as `action` outside it.
        wanted: What the judge said.
        rule: Which rule had the last word about `would`.
        because: The same in words, for the log.
        term: How long the block holds; None unless `would` is a block.
    """

    action: Ruled
    would: Ruled
    wanted: Action
    rule: Rule
    because: str
    term: Term | None = None

    @property
    def shadowed(self) -> bool:
        """Whether shadow mode kept the call from doing what it would."""
        return self.action is not self.would

    def __str__(self) -> str:
        wanted = (
            "" if self.would.value == self.wanted.value else f", where the judge: {self.wanted}"
        )
        shadow = f" [shadow: {self.action}]" if self.shadowed else ""
        return f"{self.would}{wanted}: {self.because}{shadow}"


class Policy:
    """The rules, with one configuration. Holds nothing of any call: see :class:`PolicyState`."""

    def __init__(self, config: PolicyConfig | None = None) -> None:
        self.config = config or PolicyConfig()

    def admits(self, identity: str) -> bool:
        """Whether a new call is let in. The list is the operator's: shadow mode changes nothing."""
        return not self.config.access.denies(identity)

    def rule(
        self, judgement: Judgement, moment: Moment, state: PolicyState, *, now_s: float
    ) -> tuple[Ruling, PolicyState]:
        """Rule on *judgement*.

        Args:
            judgement: What the judge said about *moment*.
            moment: What was judged.
            state: What the last ruling of this call returned, or a new one.
            now_s: Time on any clock that does not run backwards, in seconds.

        Returns:
            The ruling, and the state for the next. In shadow mode the state goes on as if the
            ruling had been acted on, so that the log shows what a live agent would do.
        """
        ruling, state = self._decide(judgement, moment, state, now_s)
        if self.config.shadow:
            ruling = replace(ruling, action=_plain(moment))
        return ruling, state

    def _decide(
        self, judgement: Judgement, moment: Moment, state: PolicyState, now_s: float
    ) -> tuple[Ruling, PolicyState]:
        wanted = judgement.action
        if self._emergency(moment):
            if wanted in _NEVER_IN_AN_EMERGENCY:
                because = "the words point to an emergency"
                return _ruling(wanted, _plain(moment), Rule.EMERGENCY, because), state
        elif self.config.access.denies(state.identity):
            because = "the caller is on the deny list"
            return _ruling(wanted, Ruled.BLOCK, Rule.DENIED, because, Term(None)), state
        elif self._is_affront(judgement, moment):
            return self._escalate(wanted, moment, state, now_s)
        ruling = self._restrain(judgement, moment, state, now_s)
        if ruling.would is Ruled.INTERRUPT:
            state = replace(state, cut_ins_s=(*_within_a_minute(state, now_s), now_s))
        return ruling, state

    def _emergency(self, moment: Moment) -> bool:
        said = [turn.text for turn in moment.turns if turn.speaker is Speaker.CALLER]
        last = said[max(0, len(said) - self.config.emergency_turns) :]
        return any(points_to_emergency(words) for words in (moment.words, *last))

    def _is_affront(self, judgement: Judgement, moment: Moment) -> bool:
        return (
            moment.final
            and judgement.situation is Situation.AFFRONT
            and judgement.action is not Action.SILENCE
            and judgement.situations[Situation.AFFRONT] >= self.config.thresholds.affront
        )

    def _escalate(
        self, wanted: Action, moment: Moment, state: PolicyState, now_s: float
    ) -> tuple[Ruling, PolicyState]:
        count = max(state.affronts, moment.affronts)
        if state.affront_s is None or now_s - state.affront_s >= self.config.escalation.apart_s:
            count += 1
        state = replace(state, affronts=count, affront_s=now_s)
        step, because = self._step(count), f"affront number {count} of this call"
        if step is not Ruled.BLOCK:
            return _ruling(wanted, step, Rule.ESCALATION, because), state
        if self.config.access.allows(state.identity):
            because += ", but the caller is on the allow list"
            return _ruling(wanted, Ruled.WARN, Rule.ALLOWED, because), state
        if state.term is None:  # what he says while he is being hung up on adds no second block
            term = self._term(count, state.blocks)
            state = replace(state, term=term, blocks=state.blocks + 1)
        because += f": block number {state.blocks}, {state.term}"
        return _ruling(wanted, Ruled.BLOCK, Rule.ESCALATION, because, state.term), state

    def _step(self, count: int) -> Ruled:
        steps = self.config.escalation
        if count >= min(steps.block_at, steps.for_good_at or steps.block_at):
            return Ruled.BLOCK
        if count >= steps.warn_at:
            return Ruled.WARN
        return Ruled.REFUSE if count >= steps.refuse_at else Ruled.DEFLECT

    def _term(self, count: int, blocks: int) -> Term:
        steps = self.config.escalation
        at_once = steps.for_good_at is not None and count >= steps.for_good_at
        for_good = at_once or blocks >= len(steps.terms_s)
        return Term(None if for_good else steps.terms_s[blocks])

    def _restrain(
        self, judgement: Judgement, moment: Moment, state: PolicyState, now_s: float
    ) -> Ruling:
        wanted, sure = judgement.action, f"{judgement.confidence:.2f}"
        threshold = self.config.thresholds.of(wanted)
        if judgement.confidence < threshold:
            because = f"{sure} is below the {threshold:.2f} that {wanted} needs"
            return _ruling(wanted, _plain(moment), Rule.UNSURE, because)
        if moment.final and wanted is Action.INTERRUPT:
            because = "the caller has fallen silent"
            return _ruling(wanted, Ruled.RESPOND, Rule.FALLEN_SILENT, because)
        if not moment.final and wanted not in (Action.SILENCE, Action.INTERRUPT):
            because = "the caller is still speaking"
            return _ruling(wanted, Ruled.SILENCE, Rule.STILL_SPEAKING, because)
        if wanted is Action.INTERRUPT:
            limits, recent = self.config.restraint, _within_a_minute(state, now_s)
            if recent and now_s - recent[-1] < limits.cooldown_s:
                because = f"the last cut-in is only {now_s - recent[-1]:.1f} s ago"
                return _ruling(wanted, Ruled.SILENCE, Rule.COOLDOWN, because)
            if len(recent) >= limits.per_minute:
                because = f"{len(recent)} cut-ins in the last minute"
                return _ruling(wanted, Ruled.SILENCE, Rule.TOO_MANY, because)
        because = f"{judgement.situation}, {sure} sure"
        return _ruling(wanted, Ruled(wanted), Rule.JUDGED, because)


_NEVER_IN_AN_EMERGENCY: Final = frozenset({Action.INTERRUPT, Action.REFUSE, Action.DEFLECT})


def _ruling(
    wanted: Action, would: Ruled, rule: Rule, because: str, term: Term | None = None
) -> Ruling:
    """A ruling that is acted on. A rule that changed nothing has not had the last word."""
    if would.value == wanted.value:
        rule = Rule.JUDGED
    return Ruling(would, would, wanted, rule, because, term)


def _plain(moment: Moment) -> Ruled:
    """What a call without a judge does."""
    return Ruled.RESPOND if moment.final else Ruled.SILENCE


def _within_a_minute(state: PolicyState, now_s: float) -> tuple[float, ...]:
    return tuple(at for at in state.cut_ins_s if now_s - at <= MINUTE_S)


def _listed(identity: str, entries: tuple[str, ...]) -> bool:
    name = identity.casefold()
    return bool(name) and any(
        name == entry.casefold() or fnmatchcase(name, entry.casefold()) for entry in entries
    )
