"""The embedded language model: answers from the profile's own knowledge, nothing made up."""

from __future__ import annotations

import asyncio

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from agent.knowledge.responder import Responder, Turn
from agent.memory.processors import RecollectionFrame
from judge.moment import Speaker


class KnowledgeLLMService(LLMService):
    """A Pipecat language-model service over an extractive responder."""

    def __init__(self, responder: Responder) -> None:
        super().__init__(
            settings=LLMSettings(
                model="knowledge",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=None,
                user_turn_completion_config=None,
            )
        )
        self._responder = responder

    def can_generate_metrics(self) -> bool:
        """Yes: time to first byte and processing time are measured."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer each context that asks for an answer."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            notes = notes_in(frame) if isinstance(frame, RecollectionFrame) else []
            await self._answer(frame.context, notes)
        else:
            await self.push_frame(frame, direction)

    async def _answer(self, context: LLMContext, notes: list[str]) -> None:
        await self.push_frame(LLMFullResponseStartFrame())
        await self.start_processing_metrics()
        await self.start_ttfb_metrics()
        try:
            *history, asked = turns_of(context) or [Turn("user", "")]
            if asked.role != "user":
                history, asked = [*history, asked], Turn("user", "")
            reply = await asyncio.to_thread(self._responder.reply, history, asked.text, notes)
            logger.debug(f"{reply.kind} ({reply.score:.2f}) for {asked.text!r}")
            await self.stop_ttfb_metrics()
            await self.push_frame(LLMTextFrame(reply.text))
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())


def notes_in(frame: RecollectionFrame) -> list[str]:
    """What is remembered, in words: facts first, then what was said in earlier calls."""
    recollection = frame.recollection
    return [
        *(fact.text for fact in recollection.facts),
        *(snippet.text for snippet in recollection.history if snippet.speaker is Speaker.CALLER),
    ]


def turns_of(context: LLMContext) -> list[Turn]:
    """The conversation in *context* as turns; consecutive ones of the same party are joined.

    A caller who pauses in mid-sentence leaves two user messages with nothing
    heard between them: they are one question.
    """
    turns: list[Turn] = []
    for message in context.get_messages():
        if not isinstance(message, dict):
            continue
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant") or not isinstance(content, str):
            continue
        if turns and turns[-1].role == role:
            turns[-1] = Turn(role, f"{turns[-1].text} {content}")
        else:
            turns.append(Turn(role, content))
    return turns
