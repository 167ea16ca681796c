"""The pipeline of one call, assembled in the order in which audio flows."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.audio.vad.vad_analyzer import VADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from agent.judging.processor import JudgingProcessor
from agent.memory.call_memory import CallMemory
from agent.memory.processors import MemoryKeeper, MemoryListener
from agent.profiles import Lines
from agent.providers.catalog import Catalog
from agent.turns.settings import TurnSettings
from agent.turns.start_strategy import SelectiveTurnStartStrategy
from agent.turns.stop_strategy import JudgedTurnStopStrategy


@dataclass(frozen=True)
class Assembled:
    """A call's pipeline and the parts of it that others watch."""

    pipeline: Pipeline
    context: LLMContext
    aggregators: LLMContextAggregatorPair


def assemble(
    transport: BaseTransport,
    catalog: Catalog,
    vad: VADAnalyzer,
    turns: TurnSettings,
    memory: CallMemory,
    judging: JudgingProcessor,
    lines: Lines,
) -> Assembled:
    """Build the pipeline of one call."""
    context = LLMContext()
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=vad,
            user_turn_strategies=UserTurnStrategies(
                start=[SelectiveTurnStartStrategy(turns.yielding)],
                stop=[JudgedTurnStopStrategy(catalog.intonation, turns.endpointing)],
            ),
        ),
    )
    pipeline = Pipeline(
        [
            transport.input(),  # the caller's audio and keys
            catalog.stt(),  # audio → partial and final texts
            judging,  # partial texts, pauses → judgements
            MemoryListener(memory),  # partial texts → what earlier calls hold of it
            aggregators.user(),  # voice activity, whose turn it is → context
            MemoryKeeper(memory, lines.forgotten),  # turns in; context → and what is remembered
            catalog.llm(),  # context → reply
            catalog.tts(),  # reply → audio with word times
            transport.output(),  # audio → the caller
            aggregators.assistant(),  # the words that were heard → context
        ]
    )
    return Assembled(pipeline, context, aggregators)
