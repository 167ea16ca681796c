"""Who is not let in: decided before any model runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from loguru import logger

from agent.blocks import Block, BlockList
from agent.database.errors import StoreError
from agent.memory.identity import CallerKey
from judge.policy import Policy
from telephony.call import CallInfo
from telephony.endings import Cause, Ending, Party

_ASK_S: Final = 0.25
"""A caller does not wait longer for an answer from the database; what it said last then holds."""


class Doorman:
    """Turns away who is blocked or on the deny list.

    Args:
        blocks: Who is blocked.
        policy: Has the access list.
        key_of: Who calls, as blocks name callers; None where he withholds it.
        now: The time, in seconds since 1970.
    """

    def __init__(
        self,
        blocks: BlockList,
        policy: Policy,
        key_of: Callable[[CallInfo], CallerKey | None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._blocks = blocks
        self._policy = policy
        self._key_of = key_of
        self._now = now
        self._known: dict[CallerKey, Block] = {}

    async def turns_away(self, info: CallInfo) -> Ending | None:
        """Why the call is to be declined; None if it is let in. Answers in time, always."""
        if not self._policy.admits(identity_of(info)):
            return Ending(Party.AGENT, Cause.DECLINED, "on the deny list")
        who = self._key_of(info)
        if who is None or self._policy.config.access.allows(identity_of(info)):
            return None
        try:
            async with asyncio.timeout(_ASK_S):
                block = await self._blocks.of(who, self._now())
        except (StoreError, TimeoutError) as error:
            logger.warning(f"blocks: the database does not answer ({error or 'too late'})")
            block = self._known.get(who)
            if block and not block.holds_at(self._now()):
                block = None
        else:
            self._known.pop(who, None)
            if block:
                self._known[who] = block
        if block is None:
            return None
        return Ending(Party.AGENT, Cause.DECLINED, f"blocked: {block.reason}")


def identity_of(info: CallInfo) -> str:
    """Who calls, as the access list of the policy names callers."""
    return info.caller.number or info.caller.uri
