"""``interject bench call``: real calls to a server, measured in the audio the caller hears."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agent.bench.caller import Caller, Codec
from agent.bench.memory_bench import memory_command
from agent.bench.recording import write_stereo
from agent.bench.report import print_result
from agent.bench.results import BenchResult, CallResult
from agent.bench.scripts import PREMATURES, CallScript, plan_calls
from agent.bench.server import Server, ServerFailed
from agent.bench.speech import SpeechFailed, VoiceMissing, available_voices, speak
from agent.bench.trials import DEFAULT_PATIENCE, Patience, run_call

Done = Callable[[str], None]


@dataclass(frozen=True)
class BenchOptions:
    """What to try, and how.

    exchanges, barge_ins, premature: how many trials of each kind, over all calls.
    parallel: calls at once, each with trials of its own.
    voices: who calls, in turn. out: where recordings and a picture go, or None.
    """

    exchanges: int = 20
    barge_ins: int = 10
    premature: int = len(PREMATURES)
    parallel: int = 1
    voices: tuple[str, ...] = ()
    codec: Codec = "pcmu"
    out: Path | None = None
    patience: Patience = DEFAULT_PATIENCE

    @property
    def trials(self) -> int:
        return self.exchanges + self.barge_ins + self.premature


async def run_bench(
    uri: str, options: BenchOptions, *, done: Done = lambda text: None
) -> BenchResult:
    """Make the calls and measure. ``done`` is told of every trial.

    Raises:
        VoiceMissing: before the first call, with the remedy.
    """
    began_s = time.monotonic()
    voices = options.voices or available_voices()
    for voice in voices:
        await asyncio.to_thread(speak, "Hello.", voice)
    scripts = deque(
        plan_calls(
            exchanges=options.exchanges,
            barge_ins=options.barge_ins,
            prematures=options.premature,
            voices=voices,
        )
    )
    if options.out is not None:
        await asyncio.to_thread(options.out.mkdir, parents=True, exist_ok=True)
    results: list[CallResult] = []
    async with Caller(codec=options.codec, most_calls=options.parallel + 2) as caller:

        async def lane() -> None:
            while scripts:
                results.append(await _one_call(caller, uri, scripts.popleft(), options, done))

        async with asyncio.TaskGroup() as lanes:
            for _ in range(options.parallel):
                lanes.create_task(lane())
    return BenchResult(
        uri=uri,
        calls=tuple(results),
        wall_s=time.monotonic() - began_s,
        parallel=options.parallel,
        detail={"voices": list(voices), "codec": options.codec},
    )


async def _one_call(
    caller: Caller, uri: str, script: CallScript, options: BenchOptions, done: Done
) -> CallResult:
    result, call = await run_call(caller, uri, script, patience=options.patience, done=done)
    if options.out is not None and call is not None:
        path = options.out / f"{script.caller_id}.wav"
        await asyncio.to_thread(write_stereo, call, path)
        result = replace(result, recording=path.name)
    return result


bench_app = typer.Typer(help="Measure a running agent from the outside.", no_args_is_help=True)


bench_app.command("memory")(memory_command)


@bench_app.command("call")
def call_command(
    exchanges: Annotated[int, typer.Option(min=0, help="Questions, over all calls.")] = 20,
    barge_ins: Annotated[int, typer.Option(min=0, help="Answers to talk over.")] = 10,
    premature: Annotated[int, typer.Option(min=0, help="Sentences with a 0.7 s pause.")] = len(
        PREMATURES
    ),
    parallel: Annotated[int, typer.Option(min=1, max=32, help="Calls at once.")] = 1,
    voices: Annotated[
        str, typer.Option(help="Comma-separated: slt, rms, awb (flite), espeak:NAME.")
    ] = "",
    uri: Annotated[
        str, typer.Option(help="A running server, sip:agent@HOST:PORT; else one is started.")
    ] = "",
    codec: Annotated[Codec, typer.Option(help="The only one offered.")] = "pcmu",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder for stereo recordings and a picture.")
    ] = None,
) -> None:
    """Call the agent, ask, interrupt and hesitate, and report what the caller heard."""
    options = BenchOptions(
        exchanges=exchanges,
        barge_ins=barge_ins,
        premature=premature,
        parallel=parallel,
        voices=tuple(voice.strip() for voice in voices.split(",") if voice.strip()),
        codec=codec,
        out=out,
    )
    console = Console(stderr=True)
    try:
        result = asyncio.run(_measure(uri, options, console))
    except (VoiceMissing, SpeechFailed, ServerFailed) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(2) from error
    if out is not None:
        from agent.bench.pictures import draw_bench  # here: matplotlib is slow to load

        (out / "result.json").write_text(json.dumps(result.as_json(), indent=2))
        draw_bench(result, out / "latency.png")
    if as_json:
        typer.echo(json.dumps(result.as_json()))
    else:
        print_result(result, Console())
    if not result.calls or all(call.failure is not None for call in result.calls):
        raise typer.Exit(1)


async def _measure(uri: str, options: BenchOptions, console: Console) -> BenchResult:
    """Run against ``uri``, or against a server of our own, with progress on ``console``."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task("starting", total=options.trials)

        def done(text: str) -> None:
            progress.update(task, advance=1, description=f"{text[:48]:48}")

        if uri:
            return await run_bench(uri, options, done=done)
        async with Server() as server:
            return await run_bench(server.uri, options, done=done)
