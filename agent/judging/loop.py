"""The judge at the side of one call: it is shown moments and says what should be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loguru import logger

from agent.memory.call_memory import CallMemory
from agent.memory.signals import TemporalSignals
from judge.judge import Judge
from judge.judgement import Judgement
from judge.moment import Memory, Moment, Relation
from judge.policy import Policy, PolicyState, Ruling

_TURNS: Final = 6  # recent ones that the judge is shown


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge said of a moment, and what the policy made of it."""

    moment: Moment
    judgement: Judgement
    ruling: Ruling


class JudgementLoop:
    """Asks the judge, one moment at a time; of those that come meanwhile the last.

    Args:
        judge: Shared by all calls.
        policy: The rules; holds nothing of any call.
        memory: The call's.
        signals: The call's clock and pauses.
        agent: Who the agent is, in a line.
        identity: Who calls, as the access list names callers; empty when unknown.
        judged: Told of every judgement.
    """

    def __init__(
        self,
        judge: Judge,
        policy: Policy,
        memory: CallMemory,
        signals: TemporalSignals,
        agent: str,
        identity: str,
        judged: Callable[[Judged], None],
    ) -> None:
        self._judge = judge
        self._policy = policy
        self._memory = memory
        self._signals = signals
        self._agent = agent
        self._state = PolicyState(identity=identity)
        self._judged = judged
        self._next: Moment | None = None
        self._working: asyncio.Task[None] | None = None

    def moment(self, words: str, *, final: bool) -> Moment:
        """What the judge would be shown now."""
        recalled = self._memory.recall()
        known = recalled.since_last_call_s is not None
        return Moment(
            words=words,
            final=final,
            agent=self._agent,
            turns=recalled.turns[-_TURNS:],
            memory=Memory(
                signals=self._signals.signals(words),
                history=(
                    *(snippet.text for snippet in recalled.history),
                    *((recalled.last_call,) if recalled.last_call else ()),
                    *((recalled.summary,) if recalled.summary else ()),
                ),
                facts=tuple(fact.text for fact in recalled.facts),
            ),
            relation=Relation.KNOWN if known else Relation.NEW,
            affronts=self._state.affronts,
        )

    def ask(self, words: str, *, final: bool) -> None:
        """Have *words* judged, beside the call."""
        self._next = self.moment(words, final=final)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="judging")

    async def close(self) -> None:
        """Stop asking."""
        self._next = None
        if self._working:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    async def _work(self) -> None:
        while self._next is not None:
            moment, self._next = self._next, None
            judgement = await self._judge.judge(moment)
            ruling, self._state = self._policy.rule(
                judgement, moment, self._state, now_s=self._signals.clock_s
            )
            logger.debug(f"judged {moment.words!r}: {ruling}")
            self._judged(Judged(moment, judgement, ruling))
