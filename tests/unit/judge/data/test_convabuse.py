"""ConvAbuse as moments. The rows here are invented, in the corpus' format."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.data import convabuse
from judge.data.example import CorruptData, Example, Split
from judge.judgement import Action, Situation
from judge.moment import Speaker
from tests.unit.judge.data.corpora import corpus

VOTES = [
    f"Annotator{number}_{field}"
    for number in (1, 2, 3)
    for field in (*(f"is_abuse.{severity}" for severity in (1, 0, -1, -2, -3)), "target.system")
]
COLUMNS = ["example_id", "conv_id", "prev_agent", "prev_user", "agent", "user", "bot", *VOTES]


def row(user: str, *severities: int, conversation: str = "7", system: bool = True) -> list[str]:
    """A row whose annotators gave these severities, and saw the abuse aimed at the bot or not."""
    cells = ["1.0", conversation, "_", "hello", "How are you?", user, "Bot"]
    for number in range(3):
        if number >= len(severities):
            cells += [""] * 6
            continue
        cells += [str(int(severities[number] == severity)) for severity in (1, 0, -1, -2, -3)]
        cells.append(str(int(system and severities[number] < 0)))
    return cells


def write(folder: Path, **rows: list[list[str]]) -> None:
    for part in ("train", "valid", "test"):
        file = folder / f"ConvAbuseEMNLP{part}.csv"
        with file.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([COLUMNS, *rows.get(part, [])])


def told(folder: Path, **rows: list[list[str]]) -> list[Example]:
    write(folder, **rows)
    return list(convabuse.load(folder))


def test_abuse_of_the_agent_is_deflected(tmp_path: Path) -> None:
    (example,) = told(tmp_path, train=[row("you useless heap of tin", -1, -2, -1)])
    assert (example.action, example.situation) == (Action.DEFLECT, Situation.AFFRONT)
    assert example.split is Split.TRAIN
    assert [(turn.speaker, turn.text) for turn in example.moment.turns] == [
        (Speaker.CALLER, "hello"),
        (Speaker.AGENT, "How are you?"),
    ]


def test_an_ordinary_statement_is_answered_and_its_situation_left_open(tmp_path: Path) -> None:
    (example,) = told(tmp_path, test=[row("my garden is full of snails", 1, 1)])
    assert (example.action, example.situation) == (Action.RESPOND, None)
    assert example.split is Split.TEST


@pytest.mark.parametrize(
    "left_out",
    [
        row("what a dump this is", 1, -1),  # they disagree
        row("my cousin is a filthy rat", -2, -2, system=False),  # not aimed at the agent
        row("no thanks", 1, 1),  # too short to read as anything
        row("are you a real person then", 1, 1),  # prying, neither abuse nor a matter
        row("nobody voted on this one"),
        row("_", 1, 1),
    ],
)
def test_what_is_not_clear_is_left_out(tmp_path: Path, left_out: list[str]) -> None:
    assert not told(tmp_path, train=[left_out])


def test_a_conversation_stays_in_the_strictest_split(tmp_path: Path) -> None:
    said = row("you useless heap of tin", -2, conversation="9")
    examples = told(tmp_path, train=[said], valid=[said], test=[said])
    assert [example.split for example in examples] == [Split.TEST]


def test_two_votes_in_one_cell_both_count(tmp_path: Path) -> None:
    """An annotator who saw a row twice, once as civil and once as abuse, makes it unclear."""
    said = row("you useless heap of tin", -1)
    first = len(COLUMNS) - len(VOTES)
    said[first : first + 6] = ["0, 1", "0, 0", "1, 0", "0, 0", "0, 0", "1, 0"]
    assert not told(tmp_path, train=[said])
    assert convabuse.votes_of(dict(zip(COLUMNS, said, strict=True))) == convabuse.Votes(0, True)


def test_a_vote_that_is_none_names_file_and_line(tmp_path: Path) -> None:
    bad = row("my garden is full of snails", 1)
    bad[-len(VOTES)] = "maybe"
    write(tmp_path, train=[row("my roof has a hole", 1), bad])
    with pytest.raises(CorruptData, match=r"ConvAbuseEMNLPtrain\.csv, line 3: .*'maybe'"):
        list(convabuse.load(tmp_path))
    reported: list[CorruptData] = []
    examples = list(convabuse.load(tmp_path, on_error="skip", report=reported.append))
    assert len(examples) == len(reported) == 1


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"ConvAbuseEMNLPtest\.csv: fetch"):
        list(convabuse.load(tmp_path))


@given(text=st.text(max_size=300))
def test_garbage_after_good_rows_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("convabuse")
    write(folder, train=[row("my roof has a hole", 1)])
    with (folder / "ConvAbuseEMNLPtrain.csv").open("a", encoding="utf-8", errors="replace") as file:
        file.write(text)
    reported: list[CorruptData] = []
    examples = list(convabuse.load(folder, on_error="skip", report=reported.append))
    assert examples[0].moment.words == "my roof has a hole"
    for error in reported:
        assert error.line > 2


def test_no_real_conversation_is_in_two_splits() -> None:
    splits: dict[str, Split] = {}
    for example in convabuse.load(corpus("convabuse")):
        assert splits.setdefault(example.group, example.split) is example.split
