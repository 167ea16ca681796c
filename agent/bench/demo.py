"""``interject demo``: a whole call, from dialling to goodbye, for everybody to see.

A caller on an independent SIP stack asks, interrupts and hesitates; what was
said, and how long everything took, is printed as it happens. What remains is
a folder with the recording, a picture and the transcript. Everything shown
was measured in this run.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from baresip.errors import BaresipError
from rich.console import Console
from rich.text import Text

from agent.bench.agent_words import AgentWords
from agent.bench.caller import Caller
from agent.bench.listening import first_audible_after
from agent.bench.phone_call import CallEnded, CallNotAnswered, PhoneCall
from agent.bench.recording import write_stereo
from agent.bench.results import ExchangeResult
from agent.bench.scripts import BargeIn, Premature
from agent.bench.server import Server, ServerFailed
from agent.bench.speech import SpeechFailed, VoiceMissing, available_voices
from agent.bench.trials import DEFAULT_PATIENCE, barge_in, exchange, premature

HELLO = "Hello, do you have parking at the hotel?"
LONG_QUESTION = BargeIn(
    "Is there a restaurant in the hotel?", "Sorry, wait. Do you have a swimming pool?"
)
HESITATION = Premature("I was wondering whether", "I can bring my dog.")
CHECK_OUT = "And what time do I have to check out?"
GOODBYE = "That is all, thank you very much. Goodbye."


@dataclass(frozen=True)
class Turn:
    """Somebody's turn. Times in seconds since the INVITE.

    latency_ms: of the agent's turns, from the end of the caller's speech to
        the first audible sample. barge_in: the caller talked over the agent,
        which fell silent stop_after_ms later (None if it did not).
    """

    who: str
    start_s: float
    end_s: float
    text: str
    latency_ms: int | None = None
    barge_in: bool = False
    stop_after_ms: int | None = None
    note: str = ""


@dataclass(frozen=True)
class DemoResult:
    """What the demo leaves behind."""

    folder: Path
    turns: tuple[Turn, ...]
    setup_ms: int
    greeting_ms: int | None


Show = Callable[[Turn], None]


async def run_demo(
    parent: Path,
    *,
    uri: str | None = None,
    voice: str | None = None,
    show: Show = lambda turn: None,
) -> DemoResult:
    """Make the call and leave its folder in ``parent``; ``show`` gets every turn.

    uri: a running server's; without it one is started for the call.

    Raises:
        ServerFailed, CallNotAnswered, CallEnded, VoiceMissing, SpeechFailed.
    """
    folder = parent / f"interject-demo-{time.strftime('%Y%m%d-%H%M%S')}"
    await asyncio.to_thread(folder.mkdir, parents=True)
    speaker = voice or available_voices()[0]
    if uri is not None:
        return await _call(uri, folder, speaker, AgentWords(None), show)
    events = folder / "events.jsonl"
    async with Server(events=events) as server:
        return await _call(server.uri, folder, speaker, AgentWords(events), show)


async def _call(uri: str, folder: Path, voice: str, words: AgentWords, show: Show) -> DemoResult:
    async with Caller(codec="g722") as caller:  # wideband, as softphones have it
        call = await caller.dial(uri, caller_id="demo")
        conversation = _Conversation(call, voice, words, show)
        try:
            await conversation.greeting()
            await conversation.ask(HELLO)
            await conversation.interrupt(LONG_QUESTION)
            await conversation.hesitate(HESITATION)
            await conversation.ask(CHECK_OUT)
            await conversation.ask(GOODBYE)
        except CallEnded:
            if not conversation.turns:
                raise  # otherwise the agent hung up after the goodbye, or too early: shown so
        finally:
            await call.hang_up()
    greeting = conversation.turns[0] if conversation.turns else None
    result = DemoResult(
        folder=folder,
        turns=tuple(conversation.turns),
        setup_ms=round((call.moments.answered_s or 0.0) * 1000),
        greeting_ms=greeting.latency_ms if greeting and greeting.who == "agent" else None,
    )
    await asyncio.to_thread(_leave, call, result)
    return result


class _Conversation:
    """The demo's call as a list of turns, each shown as soon as it is over."""

    def __init__(self, call: PhoneCall, voice: str, words: AgentWords, show: Show) -> None:
        self._call = call
        self._voice = voice
        self._words = words
        self._show = show
        self._patience = DEFAULT_PATIENCE
        self._words_from_s = 0.0
        self.turns: list[Turn] = []

    async def greeting(self) -> None:
        call, patience = self._call, self._patience
        answered_s = call.moments.answered_s or 0.0
        first_s = await call.wait_for_agent_to_start(answered_s, patience.reply_s)
        if first_s is None:
            return
        end_s = await call.wait_for_agent_to_stop(first_s, patience.silence_s, patience.answer_s)
        first_s = first_audible_after(call.agent_spans(answered_s), answered_s) or first_s
        self._agent(first_s, end_s, first_s - answered_s)

    async def ask(self, question: str) -> None:
        result = await exchange(self._call, question, self._voice, self._patience)
        self._caller(result.question.start_s, result.question.end_s, question)
        self._answer(result)

    async def hesitate(self, trial: Premature) -> None:
        result = await premature(self._call, trial, self._voice, self._patience)
        text = f"{trial.first} … {trial.second}"
        note = "the agent spoke into the pause" if result.premature else "the agent waited"
        if result.reply is not None:
            question = result.reply.question
            self._caller(question.start_s, question.end_s, text, note=note)
            self._answer(result.reply)

    async def interrupt(self, trial: BargeIn) -> None:
        result = await barge_in(self._call, trial, self._voice, self._patience)
        asked = result.question
        self._caller(asked.start_s, asked.end_s, trial.question)
        if result.answer_s is not None:
            stopped_s = result.stop_s or result.interruption.start_s
            self._agent(result.answer_s, stopped_s, result.answer_s - asked.end_s)
        over = result.interruption
        self._caller(
            over.start_s,
            over.end_s,
            trial.interruption,
            barge_in=not result.stopped_before,
            stop_after_ms=_ms(result.stop_after_s),
        )
        if result.reply is not None:
            self._answer(result.reply)

    def _answer(self, result: ExchangeResult) -> None:
        if result.reply_s is None:
            self._add(
                Turn("agent", result.question.end_s, result.question.end_s, "", note="silent")
            )
            return
        self._agent(result.reply_s, result.answer_end_s, result.v2v_s)

    def _agent(self, start_s: float, end_s: float | None, latency_s: float | None) -> None:
        end_s = self._call.now_s() if end_s is None else end_s
        began_unix_s = self._call.moments.invite_unix_s
        text = self._words.between(began_unix_s + self._words_from_s, began_unix_s + end_s + 0.2)
        self._words_from_s = end_s + 0.2
        self._add(Turn("agent", start_s, end_s, text, _ms(latency_s)))

    def _caller(
        self,
        start_s: float,
        end_s: float,
        text: str,
        *,
        barge_in: bool = False,
        stop_after_ms: int | None = None,
        note: str = "",
    ) -> None:
        self._add(Turn("caller", start_s, end_s, text, None, barge_in, stop_after_ms, note))

    def _add(self, turn: Turn) -> None:
        self.turns.append(turn)
        self._show(turn)


def _leave(call: PhoneCall, result: DemoResult) -> None:
    """Write the recording, the transcript and the picture."""
    from agent.bench.pictures import PictureTurn, draw_timeline  # here: matplotlib is slow to load

    write_stereo(call, result.folder / "call.wav")
    transcript = {
        "setup_ms": result.setup_ms,
        "greeting_ms": result.greeting_ms,
        "turns": [asdict(turn) for turn in result.turns],
        "line": asdict(call.health),
    }
    (result.folder / "transcript.json").write_text(json.dumps(transcript, indent=2))
    end_s = max(call.line.spoken.end_s, call.line.heard.end_s)
    turns = [
        PictureTurn(
            turn.who,
            turn.start_s,
            turn.end_s,
            turn.text,
            turn.latency_ms,
            turn.barge_in,
            None if turn.stop_after_ms is None else turn.start_s + turn.stop_after_ms / 1000,
        )
        for turn in result.turns
    ]
    draw_timeline(
        call.spoken(0.0, end_s),
        call.heard(0.0, end_s),
        call.rate_hz,
        turns,
        "A call to Interject, as the caller heard it",
        result.folder / "timeline.png",
    )


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _shown(turn: Turn) -> Text:
    """A turn as a line: when, who, what, and what was measured."""
    colour = "blue" if turn.who == "caller" else "yellow"
    line = Text.assemble(
        (f"{turn.start_s:6.2f} s  ", "dim"),
        (f"{turn.who:6}  ", f"bold {colour}"),
        turn.text or "(no words from the server)",
    )
    if turn.latency_ms is not None:
        line.append(f"  after {turn.latency_ms} ms", "green")
    if turn.barge_in:
        stop_ms = turn.stop_after_ms
        stopped = (
            "the agent did not stop" if stop_ms is None else f"agent silent after {stop_ms} ms"
        )
        line.append(f"  barge-in: {stopped}", "red")
    if turn.note:
        line.append(f"  ({turn.note})", "dim")
    return line


def demo_command(
    uri: Annotated[
        str, typer.Option(help="A running server, sip:agent@HOST:PORT; else one is started.")
    ] = "",
    voice: Annotated[
        str, typer.Option(help="The caller's: slt, rms, awb (flite), or espeak:NAME.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Where the demo's folder goes.")] = Path(),
) -> None:
    """Call the agent, and leave a recording, a picture and a transcript of the call."""
    console = Console()
    if not uri:
        console.print("Starting the agent …", style="dim")
    try:
        result = asyncio.run(
            run_demo(
                out,
                uri=uri or None,
                voice=voice or None,
                show=lambda turn: console.print(_shown(turn), soft_wrap=True),
            )
        )
    except (ServerFailed, CallNotAnswered, CallEnded, VoiceMissing, SpeechFailed) as error:
        Console(stderr=True).print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from error
    except BaresipError as error:
        Console(stderr=True).print(f"[red]the caller's stack failed: {error}[/red]")
        raise typer.Exit(1) from error
    console.print(f"\n{result.folder}: call.wav, timeline.png, transcript.json", highlight=False)
