"""A run as a table for people."""

from rich.console import Console
from rich.table import Table

from agent.bench.results import BenchResult


def print_result(result: BenchResult, console: Console) -> None:
    """Print the figures; what was not measured is shown as a dash."""
    figures = result.as_json()
    detail = figures["detail"]
    table = Table(title=f"{figures['calls']} calls to {result.uri}", title_justify="left")
    table.add_column("what the caller heard")
    for heading in ("n", "p50", "p95", "worst"):
        table.add_column(heading, justify="right")
    setups = sum(call.setup_s is not None for call in result.calls)
    greetings = sum(call.greeting_s is not None for call in result.calls)
    rows = (
        (
            "end of a question → first sound of the answer",
            len(detail["v2v_ms"]),
            figures["v2v_p50_ms"],
            figures["v2v_p95_ms"],
            detail["v2v_max_ms"],
        ),
        (
            "caller talks over the agent → agent silent",
            len(detail["bargein_ms"]),
            figures["bargein_p50_ms"],
            figures["bargein_p95_ms"],
            detail["bargein_max_ms"],
        ),
        ("INVITE → 200", setups, figures["setup_p50_ms"], None, detail["setup_max_ms"]),
        ("200 → greeting", greetings, figures["greeting_p50_ms"], None, detail["greeting_max_ms"]),
    )
    for name, count, p50, p95, worst in rows:
        table.add_row(name, str(count), _shown(p50), _shown(p95), _shown(worst))
    console.print(table)
    console.print(
        f"spoke into a pause of 0.7 s in mid-sentence: {detail['premature']} of "
        f"{detail['prematures']}; still talking or already talking when a question ended: "
        f"{detail['spoke_over_caller']}; failed: {figures['failed']}",
        highlight=False,
    )
    for call in result.calls:
        if call.failure is not None:
            console.print(f"[red]{call.caller_id}: {call.failure}[/red]", highlight=False)
        if call.health is not None and (call.health.silent_packets or call.health.lost_bytes):
            console.print(
                f"[yellow]{call.caller_id}: the caller itself was late ({call.health}); "
                "its figures are less true[/yellow]",
                highlight=False,
            )


def _shown(value_ms: int | None) -> str:
    return "–" if value_ms is None else f"{value_ms} ms"
