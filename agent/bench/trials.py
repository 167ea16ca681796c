"""One call after its script: speak, listen, and write down when what was heard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from baresip.errors import BaresipError

from agent.bench.caller import Caller
from agent.bench.listening import (
    Span,
    first_audible_after,
    first_onset_after,
    last_audible_before_yield,
)
from agent.bench.phone_call import CallEnded, CallNotAnswered, PhoneCall, Said
from agent.bench.results import (
    BargeInResult,
    CallResult,
    ExchangeResult,
    PrematureResult,
    TrialResult,
)
from agent.bench.scripts import BargeIn, CallScript, Exchange, Premature, Trial
from agent.bench.speech import speak, speak_with_pause

Say = Callable[[str], None]


@dataclass(frozen=True)
class Patience:
    """How long the callers wait for what, in seconds.

    reply_s: for a reply, and for the greeting; after that it failed.
    answer_s: for the end of an answer; after that the caller goes on.
    silence_s: the agent's silence after which the caller takes the turn.
    talk_over_after_s: how long the agent has spoken when the caller talks over it.
    yield_silence_s: the silence that shows that the agent has given way.
    yield_s: for the agent to give way, from the onset of the caller's speech.
    """

    reply_s: float = 6.0
    answer_s: float = 30.0
    silence_s: float = 0.8
    talk_over_after_s: float = 1.2
    yield_silence_s: float = 0.5
    yield_s: float = 6.0


DEFAULT_PATIENCE = Patience()


async def run_call(
    caller: Caller,
    uri: str,
    script: CallScript,
    *,
    patience: Patience = DEFAULT_PATIENCE,
    done: Say = lambda text: None,
) -> tuple[CallResult, PhoneCall | None]:
    """Call, go through the script, hang up. ``done`` is told of every trial.

    Never raises for what the far end does: a call that breaks is a result.
    The call comes back too (None if it was not established): its audio stays.
    """
    trials: list[TrialResult] = []
    failure: str | None = None
    greeting_s: float | None = None
    try:
        call = await caller.dial(uri, caller_id=script.caller_id)
    except (CallNotAnswered, BaresipError) as error:
        return _never_answered(script, str(error)), None
    try:
        answered_s = call.moments.answered_s or 0.0
        first_s = await call.wait_for_agent_to_start(answered_s, patience.reply_s)
        if first_s is None:
            failure = f"no greeting within {patience.reply_s:g} s"
        else:
            await call.wait_for_agent_to_stop(first_s, patience.silence_s, patience.answer_s)
            first_s = first_audible_after(call.agent_spans(answered_s), answered_s) or first_s
            greeting_s = first_s - answered_s
            for trial in script.trials:
                trials.append(await _run_trial(call, trial, script.voice, patience))
                done(trials[-1].text)
    except CallEnded as ended:
        failure = f"the call ended early: {ended}"
    except BaresipError as error:
        failure = f"the caller's own stack failed: {error}"
    finally:
        await call.hang_up()
    moments = call.moments
    result = CallResult(
        caller_id=script.caller_id,
        voice=script.voice,
        call_id=call.call_id,
        began_unix_s=moments.invite_unix_s,
        setup_s=moments.answered_s,
        ringing_s=moments.ringing_s,
        first_packet_s=call.first_packet_s,
        greeting_s=greeting_s,
        trials=tuple(trials),
        failure=failure,
        untried=len(script.trials) - len(trials),
        health=call.health,
    )
    return result, call


def _never_answered(script: CallScript, reason: str) -> CallResult:
    return CallResult(
        caller_id=script.caller_id,
        voice=script.voice,
        call_id=None,
        began_unix_s=0.0,
        setup_s=None,
        ringing_s=None,
        first_packet_s=None,
        greeting_s=None,
        trials=(),
        failure=f"not answered: {reason}",
        untried=len(script.trials),
        health=None,
    )


async def _run_trial(call: PhoneCall, trial: Trial, voice: str, patience: Patience) -> TrialResult:
    match trial:
        case Exchange():
            return await exchange(call, trial.question, voice, patience)
        case BargeIn():
            return await barge_in(call, trial, voice, patience)
        case Premature():
            return await premature(call, trial, voice, patience)


async def exchange(
    call: PhoneCall, question: str, voice: str, patience: Patience = DEFAULT_PATIENCE
) -> ExchangeResult:
    """Ask and wait until the answer is over."""
    utterance = await asyncio.to_thread(speak, question, voice, call.rate_hz)
    said = await call.say(utterance.pcm)
    return await _reply_to(call, question, said, patience)


async def barge_in(
    call: PhoneCall, trial: BargeIn, voice: str, patience: Patience = DEFAULT_PATIENCE
) -> BargeInResult:
    """Ask for something long, talk over the answer, and see when the agent gives way."""
    question = await asyncio.to_thread(speak, trial.question, voice, call.rate_hz)
    over = await asyncio.to_thread(speak, trial.interruption, voice, call.rate_hz)
    asked = await call.say(question.pcm)
    reply_s = await call.wait_for_agent_to_start(asked.span.end_s, patience.reply_s)
    if reply_s is None:
        never = Span(asked.span.end_s, asked.span.end_s)
        first = Span(asked.span.start_s, asked.span.end_s)
        return BargeInResult(trial.interruption, first, None, never, None, True, None)
    await call.listen(reply_s + patience.talk_over_after_s - call.now_s())
    said = await call.say(over.pcm)
    await call.wait_for_agent_to_stop(said.span.start_s, patience.yield_silence_s, patience.yield_s)

    def stopped_s() -> float | None:
        return last_audible_before_yield(
            call.agent_spans(asked.span.end_s),
            said.span.start_s,
            said.span.end_s,
            patience.yield_silence_s,
        )

    stop_s = stopped_s()
    gave_way = stop_s is None or call.now_s() - stop_s >= patience.yield_silence_s
    reply = None
    if gave_way:
        reply = await _reply_to(call, trial.interruption, said, patience, after=stopped_s)
        stop_s = stopped_s()
    interruption = Span(said.span.start_s, said.span.end_s)
    return BargeInResult(
        text=trial.interruption,
        question=Span(asked.span.start_s, asked.span.end_s),
        answer_s=first_audible_after(call.agent_spans(asked.span.end_s), asked.span.end_s),
        interruption=interruption,
        stop_s=stop_s if gave_way else None,
        stopped_before=stop_s is None or stop_s <= interruption.start_s,
        reply=reply,
    )


async def premature(
    call: PhoneCall, trial: Premature, voice: str, patience: Patience = DEFAULT_PATIENCE
) -> PrematureResult:
    """Pause in mid-sentence, go on regardless, and see whether the agent could wait."""
    utterance = await asyncio.to_thread(
        speak_with_pause, trial.first, trial.second, voice, call.rate_hz
    )
    assert utterance.pause is not None
    said = await call.say(utterance.pcm)
    reply = await _reply_to(call, utterance.text, said, patience)
    span = said.span
    pause = Span(
        span.first_sample_s + utterance.pause.start_s, span.first_sample_s + utterance.pause.end_s
    )
    spoke_s = first_audible_after(call.agent_spans(pause.start_s), pause.start_s)
    waited = spoke_s is None or spoke_s >= span.end_s
    return PrematureResult(
        utterance.text, trial.complete, pause, None if waited else spoke_s, reply
    )


async def _reply_to(
    call: PhoneCall,
    text: str,
    said: Said,
    patience: Patience,
    after: Callable[[], float | None] = lambda: None,
) -> ExchangeResult:
    """Wait for the reply to what has just been said, and for its end.

    after: where the agent stopped saying what was interrupted; the reply is
    what begins after that, and after the question's end. Times are taken when
    all is over: by then they are the truest.
    """

    def reply_at_s() -> float | None:
        span, stopped_s = said.span, after()
        if stopped_s is not None and stopped_s > span.end_s:
            return first_onset_after(call.agent_spans(stopped_s - 1.0), stopped_s + 0.001)
        return first_audible_after(call.agent_spans(span.end_s), span.end_s)

    until_s = max(said.span.end_s, after() or 0.0) + patience.reply_s
    while reply_at_s() is None and call.now_s() < until_s:
        await call.listen(0.02)
    live_s = reply_at_s()
    end_s = None
    if live_s is not None:
        end_s = await call.wait_for_agent_to_stop(live_s, patience.silence_s, patience.answer_s)
    question = Span(said.span.start_s, said.span.end_s)
    talking = any(span.covers(question.end_s) for span in call.agent_spans(question.start_s))
    return ExchangeResult(text, question, reply_at_s(), end_s, spoke_over=talking)
