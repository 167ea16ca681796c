"""The judge's commands, as they are given."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from judge.cli import make_app
from judge.commands.asking import schema_text
from judge.data import scenarios
from judge.data.build import MANIFEST
from judge.judgement import ACTIONS, SITUATIONS
from tests.unit.judge.conftest import interject_judge
from tests.unit.judge.models.tiny_llama import tiny_llama
from tests.unit.judge.small_set import Mishearing, families, write_family, write_scenarios

RULES = ("--model", "rules")

Told = tuple[int, str, str]


def score(tmp_path: Path, *lines: str | bytes, options: tuple[str, ...] = ()) -> Told:
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines) + b"\n")
    return interject_judge("score", file, *RULES, *options)


def error_of(told: Told) -> str:
    """The one line on stderr that begins with ``error``, of a command that failed."""
    status, _, stderr = told
    assert status == 1
    assert "Traceback" not in stderr
    (line,) = [line for line in stderr.splitlines() if line.startswith("error ")]
    return line.removeprefix("error ")


def without_torch(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Give a command where the packages for training are not installed."""
    program = (
        "import sys; sys.modules['torch'] = sys.modules['peft'] = None;"
        f"from judge.cli import make_app; sys.argv = ['judge', *{arguments!r}]; make_app()()"
    )
    return subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )


# --- from scenarios to a report --------------------------------------------------------------


def test_an_adapter_is_built_trained_measured_and_asked(
    small_set: Path, small_adapter: Path, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    status, stdout, stderr = interject_judge(
        "evaluate", "--data", small_set, "--adapter", small_adapter, "--reports", reports, "--json"
    )
    assert status == 0, stderr
    figures = json.loads(stdout)
    assert set(figures["baselines"]) == {"majority", "rules", "probe"}
    assert figures["baselines"]["probe"]["accuracy"] > 0
    assert figures["trained_on_this_set"] is True
    assert figures["p50_ms"] > 0
    assert figures == json.loads((reports / "minilm.json").read_text(encoding="utf-8"))
    assert {file.name for file in reports.iterdir()} == {
        "minilm.md",
        "minilm.json",
        "minilm-confusion-actions.png",
        "minilm-confusion-situations.png",
        "minilm-reliability.png",
    }

    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"words": "hello"}\n{"words": "and then", "final": false}\n')
    status, stdout, stderr = interject_judge("score", cases, "--adapter", small_adapter)
    assert status == 0, stderr
    assert [json.loads(line)["model"] for line in stdout.splitlines()] == ["minilm/1"] * 2

    status, stdout, stderr = interject_judge("try", "hello", "there", "--adapter", small_adapter)
    assert status == 0, stderr
    assert all(action.value in stdout for action in ACTIONS)


def test_a_probe_that_was_fitted_is_kept(small_set: Path, small_adapter: Path) -> None:
    fitted = list(small_set.glob("probe-*.npz"))
    if not fitted:
        pytest.skip("the evaluation above has not run")
    assert len(fitted) == 1
    assert fitted[0].stat().st_size < 500_000


def test_the_table_shows_targets_and_whether_they_were_reached(
    small_set: Path, tmp_path: Path
) -> None:
    status, stdout, stderr = interject_judge(
        "evaluate", "--data", small_set, *RULES, "--reports", tmp_path, "--no-baselines"
    )
    assert status == 0, stderr
    assert "accuracy, written test set" in stdout
    assert "≥ 0.91" in stdout
    assert str(tmp_path / "rules.md") in stderr.replace("\n", "")


def test_an_adapter_of_another_set_is_told_of_in_the_report(
    small_set: Path, small_adapter: Path, tmp_path: Path
) -> None:
    adapter = tmp_path / "tiny"
    shutil.copytree(small_adapter, adapter, ignore=shutil.ignore_patterns("work"))
    card = json.loads((adapter / "card.json").read_text())
    card["data"]["scenarios.jsonl"] = "0" * 64
    (adapter / "card.json").write_text(json.dumps(card))
    status, _, stderr = interject_judge(
        "evaluate", "--data", small_set, "--adapter", adapter, "--reports", tmp_path,
        "--no-baselines",
    )  # fmt: skip
    assert status == 0, stderr
    assert "trained on another build" in (tmp_path / "minilm.md").read_text(encoding="utf-8")


def test_an_export_writes_the_graph_again(small_adapter: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "tiny"
    shutil.copytree(small_adapter, adapter, ignore=shutil.ignore_patterns("work", "model.onnx"))
    status, stdout, stderr = interject_judge("export", adapter, "--json")
    assert status == 0, stderr
    card = json.loads((adapter / "card.json").read_text())
    assert json.loads(stdout)["graph_sha256"] == card["graph_sha256"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("adapter_model.safetensors", None, "is missing: interject judge train"),
        ("heads.safetensors", None, "is missing: interject judge train"),
        ("card.json", None, "is missing"),
        ("adapter_model.safetensors", b"short", "cannot be read"),
    ],
)
def test_an_adapter_without_its_weights_cannot_be_exported(
    small_adapter: Path, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    adapter = tmp_path / "tiny"
    shutil.copytree(small_adapter, adapter, ignore=shutil.ignore_patterns("work"))
    if content is None:
        (adapter / name).unlink()
    else:
        (adapter / name).write_bytes(content)
    error = error_of(interject_judge("export", adapter))
    assert message in error
    assert "interject judge train" in error


def test_an_adapter_that_is_not_there_is_named_with_a_remedy(
    small_set: Path, tmp_path: Path
) -> None:
    for command in (
        ("try", "hello"),
        ("score", "-"),
        ("evaluate", "--data", small_set, "--reports", tmp_path),
    ):
        error = error_of(interject_judge(*command, "--adapter", tmp_path / "none"))
        assert str(tmp_path / "none" / "card.json") in error
        assert "interject judge train" in error


def test_a_set_that_is_not_there_is_named_with_a_remedy(tmp_path: Path) -> None:
    for command in ("evaluate", "train"):
        options = (*RULES, "--reports", tmp_path) if command == "evaluate" else ("--out", tmp_path)
        error = error_of(interject_judge(command, "--data", tmp_path / "none", *options))
        assert "manifest.json is missing: interject judge data build" in error


@pytest.mark.parametrize("command", [("train",), ("export", "ADAPTER")])
def test_packages_for_training_that_are_missing_are_named(
    command: tuple[str, ...], small_set: Path, small_adapter: Path
) -> None:
    arguments = [part.replace("ADAPTER", str(small_adapter)) for part in command]
    if command == ("train",):
        arguments += ["--data", str(small_set)]
    done = without_torch(arguments)
    assert done.returncode == 1
    assert "pip install 'interject[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_torch_the_probe_is_left_out_with_a_note(small_set: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", "--data", str(small_set), *RULES, "--reports", str(tmp_path), "--json"]
    done = without_torch(arguments)
    assert done.returncode == 0, done.stderr
    assert "probe is left out: the probe needs torch" in done.stderr
    figures = json.loads(done.stdout)
    assert figures["baselines"]["probe"] is None
    assert "baseline probe" in figures["missing"]


def test_a_report_that_cannot_be_written_is_named(small_set: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = error_of(
        interject_judge(
            "evaluate", "--data", small_set, *RULES, "--reports", tmp_path / "file" / "reports",
            "--no-baselines",
        )
    )  # fmt: skip
    assert "Not a directory" in error


def test_a_causal_model_is_trained_and_asked(small_set: Path, tmp_path: Path) -> None:
    base, out = tiny_llama(tmp_path / "base"), tmp_path / "causal"
    status, stdout, stderr = interject_judge(
        "train", "--kind", "causal-lm", "--data", small_set, "--base", base, "--out", out,
        "--epochs", "1", "--rank", "2", "--limit", "8", "--json",
    )  # fmt: skip
    assert status == 0, stderr
    assert json.loads(stdout)["examples"] == 8
    status, stdout, stderr = interject_judge(
        "try", "hello", "--model", "causal-lm", "--base", base, "--adapter", out, "--json"
    )
    assert status == 0, stderr
    assert json.loads(stdout)["model"] == "causal-lm/1"
    error = error_of(
        interject_judge(
            "train", "--kind", "causal-lm", "--data", small_set, "--base", tmp_path / "none",
            "--out", out,
        )
    )  # fmt: skip
    assert str(tmp_path / "none") in error


def test_a_causal_model_needs_a_base(small_set: Path) -> None:
    error = error_of(interject_judge("train", "--kind", "causal-lm", "--data", small_set))
    assert "--base" in error
    assert "causal_lm.base" in error_of(interject_judge("try", "hi", "--model", "causal-lm"))
    assert "openai_compatible.base_url" in error_of(
        interject_judge("try", "hi", "--model", "openai-compatible")
    )


# --- the data ----------------------------------------------------------------------------------


def test_the_set_is_built_and_shown(small_scenarios: Path, tmp_path: Path) -> None:
    status, stdout, stderr = interject_judge(
        "data", "build", "--out", tmp_path, "--no-corpora", "--scenarios", small_scenarios, "--json"
    )
    assert status == 0, stderr
    built = json.loads(stdout)
    assert [one["file"] for one in built] == ["scenarios.jsonl", "scenarios-disfluent.jsonl"]
    status, stdout, _ = interject_judge("data", "show", "--data", tmp_path, "--json")
    shown = json.loads(stdout)
    assert shown["examples"] == sum(one["examples"] for one in built)
    assert set(shown["by_action"]) == {action.value for action in ACTIONS}
    assert set(shown["by_action"]["refuse"]) == {"train", "dev", "test"}
    status, stdout, _ = interject_judge("data", "show", "--data", tmp_path)
    assert "boring_topic" in stdout


def test_without_corpora_it_says_how_to_name_them(small_scenarios: Path, tmp_path: Path) -> None:
    status, _, stderr = interject_judge(
        "data", "build", "--out", tmp_path, "--scenarios", small_scenarios
    )
    assert status == 0
    assert "--corpora DIR" in stderr


def test_a_corpus_that_is_missing_is_named(small_scenarios: Path, tmp_path: Path) -> None:
    command = ("data", "build", "--out", tmp_path, "--scenarios", small_scenarios)
    assert "mrda is missing" in error_of(interject_judge(*command, "--corpora", tmp_path))
    both = interject_judge(*command, "--corpora", tmp_path, "--no-corpora")
    assert "exclude each other" in error_of(both)


def test_without_an_ear_nothing_can_be_recognised(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        make_app(), ["data", "build", "--recognise", "--no-corpora", "--out", str(tmp_path)]
    )
    assert result.exit_code == 1
    assert "--recognise" in result.stderr


def test_the_ear_is_let_go_of_when_it_has_heard_everything(
    small_scenarios: Path, tmp_path: Path
) -> None:
    class Ear(Mishearing):
        closed = False

        def close(self) -> None:
            self.closed = True

    ear = Ear()
    command = ["data", "build", "--recognise", "--no-corpora", "--out", str(tmp_path)]
    result = CliRunner().invoke(
        make_app(lambda: ear), [*command, "--scenarios", str(small_scenarios)]
    )
    assert result.exit_code == 0, result.stderr
    assert ear.heard
    assert ear.closed


def test_a_corrupt_scenario_is_refused_or_skipped(tmp_path: Path) -> None:
    folder = write_scenarios(tmp_path / "scenarios")
    (folder / "broken.yaml").write_text("family: [")
    command = ("data", "build", "--out", tmp_path / "set", "--no-corpora", "--scenarios", folder)
    assert "broken.yaml" in error_of(interject_judge(*command))
    status, stdout, stderr = interject_judge(*command, "--on-error", "skip", "--json")
    assert status == 0, stderr
    assert "broken.yaml" in stderr
    assert {one["skipped"] for one in json.loads(stdout)} == {1}


def test_scenarios_are_checked(tmp_path: Path) -> None:
    folder = write_scenarios(tmp_path / "scenarios")
    status, stdout, stderr = interject_judge("data", "check", folder, "--json")
    assert status == 0, stderr
    counts = json.loads(stdout)
    assert counts["families"] == len(families())
    assert counts["problems"] == []
    twice = families()[0] | {"family": "hotel_again"}
    write_family(folder, twice)
    status, _, stderr = interject_judge("data", "check", folder)
    assert status == 0
    assert "hotel_again and hotel_card both say" in " ".join(stderr.split()) or (
        "hotel_card and hotel_again both say" in " ".join(stderr.split())
    )
    (folder / "broken.yaml").write_text("family: [")
    assert "broken.yaml, line" in error_of(interject_judge("data", "check", folder))
    assert "is no folder" in error_of(interject_judge("data", "check", tmp_path / "none"))


def test_the_written_scenarios_are_sound() -> None:
    status, _, stderr = interject_judge("data", "check")
    assert status == 0, stderr
    status, _, stderr = interject_judge("data", "split", "--check")
    assert status == 0, stderr


def test_splits_are_drawn_once(tmp_path: Path) -> None:
    folder = write_scenarios(tmp_path / "scenarios")
    table = folder / scenarios.SPLITS
    before = scenarios.read_splits(table)
    command = ("data", "split", "--scenarios", folder)
    error = error_of(interject_judge(*command, "--seed", "8"))
    assert "another test set" in error
    assert "--force" in error
    assert scenarios.read_splits(table) == before
    assert interject_judge(*command, "--seed", "8", "--force")[0] == 0
    assert scenarios.read_splits(table) != before
    table.unlink()
    assert interject_judge(*command)[0] == 0
    assert scenarios.read_splits(table) == before


def test_a_table_that_does_not_name_every_family_is_told(tmp_path: Path) -> None:
    folder = write_scenarios(tmp_path / "scenarios")
    check = ("data", "split", "--check", "--scenarios", folder)
    assert interject_judge(*check)[0] == 0
    write_family(folder, families()[0] | {"family": "hotel_new"})
    assert "does not name hotel_new" in error_of(interject_judge(*check))
    (folder / "hotel_new.yaml").unlink()
    (folder / "hotel_card.yaml").unlink()
    assert "do not exist: hotel_card" in error_of(interject_judge(*check))
    (folder / scenarios.SPLITS).unlink()
    assert "splits.yaml is missing" in error_of(interject_judge(*check))


def test_a_folder_without_scenarios_has_nothing_to_split(tmp_path: Path) -> None:
    assert "no scenario files" in error_of(
        interject_judge("data", "split", "--scenarios", tmp_path)
    )


def test_a_damaged_set_is_named_by_file_and_line(small_set: Path, tmp_path: Path) -> None:
    shutil.copytree(small_set, tmp_path / "set")
    file = tmp_path / "set" / "scenarios.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[1][:30]]) + "\n")
    assert "scenarios.jsonl, line 2" in error_of(
        interject_judge("data", "show", "--data", tmp_path / "set")
    )
    (tmp_path / "set" / MANIFEST).write_text("{")
    assert "delete it and build again" in error_of(
        interject_judge("data", "show", "--data", tmp_path / "set")
    )


# --- asking ------------------------------------------------------------------------------------


def test_one_judgement_a_line_comes_out_in_order(tmp_path: Path) -> None:
    status, stdout, stderr = score(
        tmp_path,
        '{"words": "you stupid idiot"}',
        "",
        '{"words": "one moment please"}',
        '{"words": "could I stay", "final": false}',
    )
    assert status == 0, stderr
    judgements = [json.loads(line) for line in stdout.splitlines()]
    assert [one["situation"] for one in judgements] == ["affront", "wait_requested", "none"]
    for one in judgements:
        assert set(one["actions"]) == {action.value for action in ACTIONS}
        assert set(one["situations"]) == {situation.value for situation in SITUATIONS}


BAD: list[tuple[str | bytes, str]] = [
    ("{", "EOF"),
    ('{"words": 3}', "words: Input should be a valid string"),
    ('{"final": true}', "words: Field required"),
    ('{"words": "a", "wrods": "b"}', "wrods"),
    ('["hello"]', "object"),
    (b'{"words": "\xff\xfe"}', "line"),
    ('{"words": ' + "[" * 10_000, "line"),
    ('{"words": "a", "memory": {"signals": {"gap_s": NaN}}}', "line"),
]


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_a_line_that_is_no_moment_is_refused_by_file_and_line(
    tmp_path: Path, bad: str | bytes, why: str
) -> None:
    told = score(tmp_path, '{"words": "hello"}', bad, '{"words": "hello"}')
    error = error_of(told)
    assert "cases.jsonl, line 2: " in error
    assert why in error
    assert len(told[1].splitlines()) == 1


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_or_answered_with_what_is_wrong(tmp_path: Path, bad: str | bytes, why: str) -> None:
    status, stdout, stderr = score(
        tmp_path, '{"words": "hi"}', bad, '{"words": "hi"}', options=("--on-error", "skip")
    )
    assert status == 0, stderr
    first, second, third = (json.loads(line) for line in stdout.splitlines())
    assert "action" in first
    assert second["line"] == 2
    assert set(second) == {"error", "line"}
    assert "action" in third


def test_moments_come_from_stdin_too() -> None:
    status, stdout, _ = interject_judge("score", "-", *RULES, stdin='{"words": "hello"}\n')
    assert (status, len(stdout.splitlines())) == (0, 1)
    told = interject_judge("score", "-", *RULES, stdin="nonsense\n")
    assert "stdin, line 1" in error_of(told)


def test_enormous_and_foreign_words_are_judged(tmp_path: Path) -> None:
    odd: list[Any] = ["", "x" * 1_000_000, "word " * 200_000, "你好\u0000\u202e", "[SEP] respond"]
    status, stdout, stderr = score(tmp_path, *(json.dumps({"words": words}) for words in odd))
    assert status == 0, stderr
    assert len(stdout.splitlines()) == len(odd)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = error_of(interject_judge("score", tmp_path / "none.jsonl", *RULES))
    assert error == f"{tmp_path / 'none.jsonl'}: No such file or directory"


def test_a_line_can_be_tried_with_what_is_known() -> None:
    status, stdout, stderr = interject_judge(
        "try", "which room", "--fact", "Late check-out agreed", "--fact", "Room 204",
        "--history", "Rang before", "--agent-said", "How can I help?", "--agent", "Hotel",
        "--relation", "vip", "--hour", "23", "--json", *RULES,
    )  # fmt: skip
    assert status == 0, stderr
    assert json.loads(stdout)["action"] == "respond"


def test_words_that_go_on_are_listened_to() -> None:
    for going_on in (("could I stay until...",), ("could I stay until", "--partial")):
        _, stdout, _ = interject_judge("try", *going_on, "--json", *RULES)
        assert json.loads(stdout)["action"] == "silence"


def test_without_words_it_asks_for_them_until_an_empty_line() -> None:
    status, stdout, _ = interject_judge(
        "try", "--json", *RULES, stdin="you stupid idiot\nhello\n\nnever read\n"
    )
    assert status == 0
    assert [json.loads(line)["action"] for line in stdout.splitlines()] == ["deflect", "respond"]


def test_probabilities_are_shown_as_bars() -> None:
    status, stdout, _ = interject_judge("try", "you stupid idiot", *RULES)
    assert status == 0
    assert "rules/1" in stdout
    assert "affront" in stdout
    assert "━" in stdout


def test_the_schema_is_printed() -> None:
    status, stdout, _ = interject_judge("schema")
    assert status == 0
    assert stdout == schema_text()
