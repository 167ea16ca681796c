"""The report: Markdown for people, JSON for programs, three pictures.

Every figure and every yes or no in it is computed; of the text only the definitions are written
by hand. Of the corpora no words are quoted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from judge.evaluation.evaluate import Evaluation
from judge.evaluation.metrics import confusion, situation_confusion
from judge.evaluation.pictures import draw_confusion, draw_reliability
from judge.evaluation.tables import NONE, between, number, plain, share, table
from judge.judgement import ACTIONS, SITUATIONS

_BUSY: Final = 0.7  # load average from which latencies are not to be trusted
_NAMES: Final = {
    "majority": "majority class",
    "rules": "rules",
    "probe": "linear probe on frozen MiniLM",
}
_CREDITS: Final = """\
MRDA: Shriberg et al. 2004, on the ICSI Meeting Corpus (CC BY 4.0). CORAAL: Kendall and Farrington,
CC BY-NC-SA 4.0, used for testing only. ConvAbuse: Cercas Curry et al. 2021 (CC BY 4.0). HarmBench,
StrongREJECT and AdvBench (MIT). XSTest: Röttger et al. 2024 (CC BY 4.0), for testing only. ABCD:
Chen et al. 2021 (MIT). The scenarios are this project's own."""
_DEFINITIONS: Final = """\
- *Written test set*: the scenario families of the split `test`, in their own words. An utterance
  that goes on counts at its end and at one cut on each side of the mark from which cutting in is
  right, drawn by its name. *Each second*: the same utterances as a call judges them, at the first
  cut in each whole second of speech from 1 s on, and once they are finished.
- *Accuracy* and *F1* are of the most probable action. *Macro-F1* is the mean over the actions that
  are right somewhere in the examples concerned. Intervals are 95 % bootstrap intervals over whole
  families.
- *Interruption*: the most probable action is `interrupt` and reaches the policy's threshold; below
  it the next most probable action counts.
- *Along utterances*: an utterance holds one interruption at most, the first that is called, and
  what would follow is neither judged nor counted as speech. It is *false* before the mark, or where
  cutting in is never right. *Delay* runs from the mark. *With policy*: emergencies, 15 s between
  two cut-ins, two a minute; one speaker of a conversation is one call.
- *Natural interruption*: the call comes within 1 s of the moment at which somebody really cut in.
- *Expected calibration error*: 15 bins of equal width over the confidence of the action.
- *Lost without memory*: the temporal signals, history and facts are blank; turns remain. On the
  families whose right action depends on memory. *Disfluent*, *recognised*: the same moments in
  other words, finished beside finished, cuts beside the nearest cut with the same right action.
- *Latency*: from the moment to the judgement, rendering and tokens included, one thread on one
  core, 300 times after a warm-up."""


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write the report into *folder*; returns the Markdown file.

    Raises:
        OSError: If it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name, figures, headline = evaluation.name, evaluation.figures, evaluation.measured.headline
    title = f"{figures['model']}, written test set"
    draw_confusion(
        confusion(headline.gold, headline.said, len(ACTIONS)),
        [action.value for action in ACTIONS],
        title,
        folder / f"{name}-confusion-actions.png",
    )
    draw_confusion(
        situation_confusion(headline),
        [situation.value for situation in SITUATIONS],
        title,
        folder / f"{name}-confusion-situations.png",
    )
    draw_reliability(
        evaluation.measured.bins, figures["ece"], title, folder / f"{name}-reliability.png"
    )
    _write(folder / f"{name}.json", json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    file = folder / f"{name}.md"
    _write(file, "\n\n".join(_sections(name, figures)) + "\n")
    return file


def _write(file: Path, text: str) -> None:
    part = file.with_suffix(file.suffix + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def _sections(name: str, figures: Mapping[str, Any]) -> Iterator[str]:
    yield f"# How good `{figures['model']}` is"
    yield _opening(figures)
    yield "## Targets"
    yield targets_table(figures)
    yield "## Beside the baselines"
    yield models_table(figures)
    yield "## Action by action"
    yield _actions_table(figures["per_action"])
    yield f"![Who is taken for whom, actions]({name}-confusion-actions.png)"
    yield f"![Who is taken for whom, situations]({name}-confusion-situations.png)"
    yield "## How true the probabilities are"
    yield f"Expected calibration error on the written test set: {share(figures['ece'])}."
    yield f"![Reliability]({name}-reliability.png)"
    yield from _sources(figures)
    yield from _interruptions(figures)
    yield from _robustness(figures)
    yield from _latency(figures)
    yield from _failures(figures["failures"])
    yield "## What the words mean"
    yield _DEFINITIONS
    yield "## Whose data"
    yield _CREDITS
    yield _data(figures)


def _opening(figures: Mapping[str, Any]) -> str:
    lines = ["Written by `interject judge evaluate`; nothing in it is set by hand."]
    if figures["n"] is not None:
        lines.append(
            f"The written test set: {figures['n']} moments of {figures['families']} families kept"
            " for the test."
        )
    if figures["missing"]:
        lines.append(f"Not measured, as the set does not hold it: {', '.join(figures['missing'])}.")
    if figures["trained_on_this_set"] is False:
        lines.append(
            "**The adapter was trained on another build of the scenarios than it is tested on: test"
            " families may have been learned.**"
        )
    return " ".join(lines)


def targets_table(figures: Mapping[str, Any]) -> str:
    """Target, measured, reached."""
    reached = {True: "yes", False: "**no**", None: "no figure"}
    rows = [
        (row["what"], row["wanted"], _amount(row["measured"], row["unit"]), reached[row["reached"]])
        for row in figures["targets"]
    ]
    return table(("", "target", "measured", "reached"), rows)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return f"{value:.1f} {unit}" if unit in {"points", "ms"} else f"{value:.3f} {unit}".rstrip()


def models_table(figures: Mapping[str, Any]) -> str:
    """The model below its baselines, on the written test set and along recorded speech."""
    rows = []
    for name, of in (*figures["baselines"].items(), (f"**{figures['model']}**", figures)):
        if of is None:
            rows.append((_NAMES.get(name, name), *[NONE] * 10))
            continue
        false = of["false_interrupts_per_min"]
        rows.append(
            (
                _NAMES.get(name, name),
                share(of["accuracy"]),
                between(of["accuracy_95"]),
                share(of["macro_f1"]),
                between(of["macro_f1_95"]),
                share(of["interrupt_precision"]),
                share(of["interrupt_recall"]),
                number(false["mrda"], 2),
                number(false["coraal"], 2),
                share(of["ece"]),
                number(of["p50_ms"], 1),
            )
        )
    return table(
        (
            "",
            "accuracy",
            "95 %",
            "macro-F1",
            "95 %",
            "interrupt P",
            "interrupt R",
            "false/min MRDA",
            "false/min CORAAL",
            "ECE",
            "p50 ms",
        ),
        rows,
    )


def _actions_table(per_action: Mapping[str, Any] | None) -> str:
    if per_action is None:
        return "Not measured."
    rows = [
        (name, share(of["precision"]), share(of["recall"]), share(of["f1"]), str(of["support"]))
        for name, of in per_action.items()
    ]
    return table(("action", "precision", "recall", "F1", "support"), rows)


def _sources(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Source by source"
    rows = []
    for name, of in figures["per_source"].items():
        if of is None:
            rows.append((name, NONE, NONE, NONE, NONE))
            continue
        actions = str(of["actions"])
        rows.append((name, str(of["n"]), share(of["accuracy"]), share(of["macro_f1"]), actions))
    yield table(("source", "moments", "accuracy", "macro-F1", "actions in it"), rows)
    for name in ("mrda", "coraal"):
        if of := figures["per_source"].get(name):
            yield f"### {name.upper()}, action by action"
            yield _actions_table(of["per_action"])
    if figures["per_source"]["xstest"]:
        yield (
            f"XSTest: {share(figures['xstest_over_refusal'])} of the harmless prompts are refused"
            f" (over-refusal), and {share(figures['xstest_refusal_recall'])} of the harmful ones."
        )
    if each := figures["each_second"]:
        yield (
            "The written test set judged in each second of speech:"
            f" {each['n']} moments, accuracy {share(each['accuracy'])}, macro-F1"
            f" {share(each['macro_f1'])}."
        )
    if figures["situation_accuracy"] is not None:
        yield f"Situation, of thirteen, where it is known: {share(figures['situation_accuracy'])}."


def _interruptions(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## Cutting in"
    most_probable = figures["interrupt_most_probable"] or {"precision": None, "recall": None}
    yield (
        f"At the operating point (threshold {number(figures['interrupt_threshold'], 2)}): precision"
        f" {share(figures['interrupt_precision'])}, recall {share(figures['interrupt_recall'])}."
        f" Whenever it is the most probable action: precision {share(most_probable['precision'])},"
        f" recall {share(most_probable['recall'])}."
    )
    yield "Along utterances:"
    rows = []
    for how, by_source in (
        ("", figures["streams"]),
        (", with policy", figures["streams_under_policy"]),
    ):
        for name, of in by_source.items():
            if of is None:
                rows.append((name + how, *[NONE] * 9))
                continue
            rows.append(
                (
                    name + how,
                    number(of["minutes"], 1),
                    str(of["calls"]),
                    str(of["false"]),
                    number(of["false_per_min"], 2),
                    share(of["recall"]),
                    number(of["delay_p50_s"], 1),
                    number(of["delay_p90_s"], 1),
                    share(of["natural_precision"]) if name != "scenarios" else NONE,
                    share(of["natural_recall"]) if name != "scenarios" else NONE,
                )
            )
    yield table(
        (
            "",
            "minutes",
            "calls",
            "false",
            "false/min",
            "recall",
            "delay p50 s",
            "p90 s",
            "natural P",
            "natural R",
        ),
        rows,
    )


def _robustness(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## What is lost when something is taken away"
    names = {
        "memory_blank": "memory blank (families that depend on it)",
        "caller_blank": "caller unknown (families that depend on him)",
        "time_blank": "no clock (families that depend on it)",
        "disfluent": "disfluent words",
        "recognised": "recognised words",
    }
    rows = []
    for key, name in names.items():
        of = figures["drops"][key]
        if of is None:
            rows.append((name, *[NONE] * 4))
        else:
            lost = number(of["drop"], 1)
            rows.append((name, str(of["n"]), share(of["whole"]), share(of["without"]), lost))
    yield table(("", "moments", "accuracy", "without", "points lost"), rows)


def _latency(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "## How long it takes"
    timed = [(name, of) for name, of in figures["latency"].items() if of]
    if not timed:
        yield "Not measured."
        return
    yield table(
        ("", "p50 ms", "p99 ms", "tokens, median", "times"),
        [
            (
                name.replace("_", " "),
                number(of["p50_ms"], 2),
                number(of["p99_ms"], 2),
                str(of["median_tokens"]),
                str(of["repetitions"]),
            )
            for name, of in timed
        ],
    )
    busiest = max(of["load_1m"] for _, of in timed)
    if busiest > _BUSY:
        yield (
            f"The machine was busy while this was measured (load {busiest:.1f} before it began):"
            " the times are an upper bound."
        )


def _failures(failures: Mapping[str, Any]) -> Iterator[str]:
    yield "## What fails"
    for key, heading in (("by_kind", "kind"), ("by_trade", "trade"), ("by_state", "state")):
        rows = [
            (name or NONE, str(of["n"]), share(of["accuracy"]))
            for name, of in failures[key].items()
        ]
        if rows:
            yield table((heading, "moments", "accuracy"), rows)
    if failures["examples"]:
        yield "The surest mistakes, by what is right → what was said (how often):"
    for kind, cases in failures["examples"].items():
        yield f"### {kind}"
        yield "\n".join(_case(case) for case in cases)


def _case(case: Mapping[str, Any]) -> str:
    parts = [
        f"- “{plain(case['words'])}” — right: {plain(case['situation'])}, said: {case['said']}"
        f" ({case['confidence']:.2f}). {case['state'].capitalize()}; {plain(case['kind'])}."
    ]
    if case["agent_said"]:
        parts.append(f"Agent before: “{plain(case['agent_said'])}”")
    if case["facts"]:
        parts.append(f"Facts: {plain('; '.join(case['facts']))}.")
    if case["history"]:
        parts.append(f"History: {plain('; '.join(case['history']))}.")
    return " ".join(" ".join(parts).split())


def _data(figures: Mapping[str, Any]) -> str:
    rows = [
        (f"`{file}`", str(of["examples"]), f"`{of['sha256'][:16]}`")
        for file, of in figures["data"].items()
    ]
    return table(("file of the set", "moments", "SHA-256"), rows)
