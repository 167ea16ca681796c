"""Memory as one call sees it: always at hand, whatever the store does.

What was said in this call is kept here. What earlier calls hold is fetched while the telephone
rings, and looked up in the background as the caller speaks; :meth:`CallMemory.recall` only hands
over what has arrived and never waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from loguru import logger

from agent.database.errors import StoreError
from agent.memory.facts import FactFinder
from agent.memory.forgetting import Forget, asked_to_forget
from agent.memory.identity import CallerKey
from agent.memory.records import CallRecord, Fact, Past, Snippet, TurnRecord, Vector
from agent.memory.store import MemoryStore
from agent.memory.summary import RollingSummary, summary_of
from agent.memory.writer import StoreWriter
from judge.moment import Speaker, Turn

WINDOW_TURNS: Final = 12
"""Turns of this call that are kept word for word; older ones are in the summary."""

_LOOK_UP_S: Final = 0.25  # what takes longer comes too late to be of use
_PAST_S: Final = 1.0
_SNIPPETS: Final = 4


@dataclass(frozen=True, slots=True)
class Recollection:
    """What is remembered at a moment.

    ``turns`` are the recent ones of this call, the oldest first, ``summary`` stands for those
    before them. ``history`` is what earlier calls hold that bears on the words looked up last.
    """

    turns: tuple[Turn, ...] = ()
    summary: str = ""
    history: tuple[Snippet, ...] = ()
    last_call: str = ""
    facts: tuple[Fact, ...] = ()
    since_last_call_s: float | None = None


@dataclass(frozen=True)
class MemoryParts:
    """What the memories of all calls share.

    ``embed`` makes a sentence's vector on a thread; None searches by words alone. The
    vector of a turn is made ``after_s`` after it: right after it the reply is, on the same cores.
    ``summarise`` sums turns up after what a text sums up already; without it the telling sentences
    are the summary.
    """

    store: MemoryStore
    writer: StoreWriter
    finder: FactFinder
    embed: Callable[[str], Vector] | None = None
    after_s: float = 0.0
    summarise: Callable[[Sequence[Turn], str], Awaitable[str]] | None = None


class CallMemory:
    """The memory of one call.

    Args:
        parts: What all calls share; None for memory of this call only.
        who: Whose call it is; None where the caller withholds who he is: memory of this call only.
        call: The call's id.
        medium: What carries it.
        finder: Finds facts where there are no *parts*, and where their finder fails.
        now: The time, in seconds since 1970.
    """

    def __init__(
        self,
        parts: MemoryParts | None,
        who: CallerKey | None,
        call: str,
        medium: str,
        finder: FactFinder,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._parts = parts if who is not None else None
        self._who = who
        self._call = call
        self._medium = medium
        self._finder = finder
        self._now = now
        self._turns: list[Turn] = []
        self._positions: list[int] = []
        self._count = 0
        self._summary = RollingSummary()
        self._told = ""  # the language model's summary of what left the window, where it made one
        self._left: list[Turn] = []  # what has left the window since
        self._summing: asyncio.Task[None] | None = None
        self._facts: list[Fact] = []
        self._history: tuple[Snippet, ...] = ()
        self._past = Past()
        self._began_at = now()
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        self._asked = ""
        self._ending = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Note the call, and fetch what is known of the caller; returns within a second."""
        self._began_at = self._now()
        if self._parts is None or self._who is None:
            return
        record = CallRecord(self._call, self._who, self._medium, self._began_at)
        if self._parts.writer.ready:
            try:
                async with asyncio.timeout(_PAST_S):
                    self._past = await self._parts.store.past(self._who)
            except (StoreError, TimeoutError) as error:
                logger.debug(f"call {self._call}: nothing from earlier calls: {error}")
        self._parts.writer.put(lambda store: store.begin_call(record))

    def said(self, speaker: Speaker, text: str) -> Forget:
        """Take a finished turn, as it was heard.

        Returns:
            What the caller thereby asked to be forgotten. It is forgotten already.
        """
        forget = asked_to_forget(text) if speaker is Speaker.CALLER else Forget.NOTHING
        if forget is not Forget.NOTHING:
            self._forget(forget)
            return forget
        turn = Turn(speaker=speaker, text=text)
        position, self._count = self._count, self._count + 1
        before = tuple(self._turns)
        self._turns.append(turn)
        self._positions.append(position)
        leaving = len(self._turns) - WINDOW_TURNS
        if leaving > 0:
            self._summary.take(self._turns[:leaving])
            self._left += self._turns[:leaving]
            self._sum_up()
            del self._turns[:leaving], self._positions[:leaving]
        keeping = self._spawn(self._keep(turn, before, position, self._now()))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        return forget

    def hear(self, words: str) -> None:
        """Look up what bears on *words*, beside the call; what comes last counts."""
        self._asked = words
        if (
            self._parts is not None
            and self._past.calls
            and (self._looking is None or self._looking.done())
        ):
            self._looking = self._spawn(self._look_up())

    async def looked_up(self) -> None:
        """Wait until what was heard last has been looked up."""
        if self._looking:
            await asyncio.wait({self._looking})

    def recall(self) -> Recollection:
        """What is remembered now. Takes no time."""
        last_call_at = self._past.last_call_at
        return Recollection(
            turns=tuple(self._turns),
            summary=self._told or self._summary.text,
            history=self._history,
            last_call=self._past.calls[0].summary if self._past.calls else "",
            facts=self._holding(),
            since_last_call_s=(
                None if last_call_at is None else max(0.0, self._began_at - last_call_at)
            ),
        )

    async def end(self) -> None:
        """Note the call's end; what is still being looked up or found is waited for, briefly."""
        self._ending.set()
        if self._looking:
            self._looking.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PAST_S)
        for task in list(self._tasks):
            task.cancel()
        if self._parts is not None:
            ended_at = self._now()
            recent = summary_of(self._turns)
            summary = " ".join(part for part in (self._summary.text, recent) if part)
            self._parts.writer.put(lambda store: store.end_call(self._call, ended_at, summary))
            if self._parts.summarise is not None and self._turns:
                self._parts.writer.later(self._end_better(self._parts, ended_at))

    async def _end_better(self, parts: MemoryParts, ended_at: float) -> None:
        """The language model's summary of the call in the extract's place, if it makes one."""
        assert parts.summarise is not None
        try:
            summary = await parts.summarise(tuple(self._turns), self._told)
        except Exception as error:  # the extract stands
            logger.warning(f"call {self._call}: no summary: {error!r}")
            return
        parts.writer.put(lambda store: store.end_call(self._call, ended_at, summary))

    def _sum_up(self) -> None:
        """Have the language model sum up what has left the window, one time after the other."""
        summarise = self._parts.summarise if self._parts else None
        if summarise is None or (self._summing and not self._summing.done()):
            return
        self._summing = self._spawn(self._summed_up(summarise))

    async def _summed_up(self, summarise: Callable[[Sequence[Turn], str], Awaitable[str]]) -> None:
        while self._left:
            turns, self._left = self._left, []
            try:
                self._told = await summarise(turns, self._told or self._summary.text)
            except Exception as error:  # the extract stays: a summary is no call
                logger.warning(f"call {self._call}: no summary: {error!r}")
                return

    # Facts of this call supersede those of earlier ones; both lists have one fact a slot.

    def _holding(self) -> tuple[Fact, ...]:
        own = {fact.slot for fact in self._facts}
        return (
            *reversed(self._facts),
            *(fact for fact in self._past.facts if fact.slot not in own),
        )

    async def _keep(self, turn: Turn, before: tuple[Turn, ...], position: int, at: float) -> None:
        try:
            found = await (self._parts.finder if self._parts else self._finder).facts_in(
                turn, before
            )
        except Exception as error:  # a language model may fail in many ways, and a fact is no call
            logger.warning(f"call {self._call}: facts by wording for turn {position}: {error!r}")
            found = await self._finder.facts_in(turn, before)
        facts = [Fact(one.slot, one.text, self._call, position, at) for one in found]
        slots = {fact.slot for fact in facts}
        self._facts = [fact for fact in self._facts if fact.slot not in slots] + facts
        parts, who = self._parts, self._who
        if parts is None or who is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), parts.after_s)
        vector = await asyncio.to_thread(parts.embed, turn.text) if parts.embed else None
        record = TurnRecord(self._call, position, turn.speaker, turn.text, at, vector)
        parts.writer.put(lambda store: store.add_turn(record))
        for fact in facts:
            parts.writer.put(lambda store, fact=fact: store.add_fact(who, fact))  # type: ignore[misc]

    async def _look_up(self) -> None:
        parts, who = self._parts, self._who
        if parts is None or who is None or not parts.writer.ready:
            return
        looked_up = ""
        while self._asked != looked_up:
            looked_up = self._asked
            vector = await asyncio.to_thread(parts.embed, looked_up) if parts.embed else None
            try:
                async with asyncio.timeout(_LOOK_UP_S):
                    found = await parts.store.search(
                        who, looked_up, vector, before=self._call, limit=_SNIPPETS
                    )
            except (StoreError, TimeoutError) as error:
                logger.debug(f"call {self._call}: nothing looked up: {error}")
                return
            self._history = tuple(found)

    def _forget(self, forget: Forget) -> None:
        parts, who = self._parts, self._who
        if forget is Forget.CALLER:
            self._turns.clear()
            self._positions.clear()
            self._summary.clear()
            self._told = ""
            self._left.clear()
            self._facts.clear()
            self._history = ()
            self._past = replace(self._past, calls=(), facts=())
            self._parts = None  # from here on this call is nobody's
            if parts is not None and who is not None:
                self._spawn(self._erase(parts, who, self._count))
            return
        last = next(
            (at for at in range(len(self._turns) - 1, -1, -1) if _by_caller(self._turns[at])), None
        )
        if last is None:
            return
        # The agent's answer repeats what is to be forgotten.
        positions = tuple(self._positions[last:])
        del self._turns[last:], self._positions[last:]
        self._facts = [fact for fact in self._facts if fact.position not in positions]
        if parts is not None:
            self._spawn(self._forget_turns(parts, positions))

    async def _forget_turns(self, parts: MemoryParts, positions: tuple[int, ...]) -> None:
        await self._all_kept()
        self._facts = [fact for fact in self._facts if fact.position not in positions]
        parts.writer.put(lambda store: store.forget_turns(self._call, positions))

    async def _erase(self, parts: MemoryParts, who: CallerKey, until: int) -> None:
        await self._all_kept()
        self._facts = [fact for fact in self._facts if fact.position >= until]
        parts.writer.put(lambda store: store.erase(who))

    async def _all_kept(self) -> None:
        """Wait for turns that are still on their way to the store: they are to be forgotten too."""
        if self._keeping:
            await asyncio.wait(set(self._keeping))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _by_caller(turn: Turn) -> bool:
    return turn.speaker is Speaker.CALLER
