"""CORAAL as moments. The interviews here are invented, in the corpus' format."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.data import coraal
from judge.data.cuts import covered_s
from judge.data.example import CorruptData, Example, Split
from judge.judgement import Action
from judge.moment import Speaker
from tests.unit.judge.data.corpora import corpus

HEADER = "Line\tSpkr\tStTime\tContent\tEnTime"
ME = "XYZ_se0_ag1_f_01"
INTERVIEWER = "XYZ_int_01"


def lines(*spoken: tuple[str, float, str, float]) -> str:
    rows = [
        f"{number}\t{speaker}\t{start_s:.4f}\t{content}\t{end_s:.4f}"
        for number, (speaker, start_s, content, end_s) in enumerate(spoken, start=1)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def told(folder: Path, *spoken: tuple[str, float, str, float]) -> list[Example]:
    (folder / f"{ME}_1.txt").write_text(lines(*spoken), encoding="utf-8")
    return list(coraal.load(folder, gaps="real"))


def of_kind(examples: list[Example], kind: str) -> list[Example]:
    return [one for one in examples if one.kind == kind]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("I met /RD-NAME-2/ [at the shop.]", ["i", "met", "somebody", "at", "the", "shop"]),
        ("<laugh> Well, /maybe/ (whispered) so.", ["well", "maybe", "so"]),
        ("It's /??/ the wi- window--", ["it's", "the", "", ""]),
        ("(pause 0.52)", []),
        ("/unintelligible/", []),
        ("Twenty-one, \u2019bout that.", ["twenty-one", "'bout", "that"]),
    ],
)
def test_marks_go_and_words_stay(content: str, words: list[str]) -> None:
    assert coraal.clean(content) == words


def test_everything_is_for_testing(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        (INTERVIEWER, 1, "Where did you grow up?", 2),
        (ME, 2.5, "Down by the old mill.", 4),
        (INTERVIEWER, 4.4, "What was it like there?", 6),
    )
    assert examples
    assert {one.split for one in examples} == {Split.TEST}


def test_the_interviewee_is_the_caller(tmp_path: Path) -> None:
    (example,) = of_kind(
        told(
            tmp_path,
            (INTERVIEWER, 1, "Where did you grow up?", 2),
            (ME, 2.5, "Down by the old mill.", 4),
            (INTERVIEWER, 4.4, "What was it like there?", 6),
        ),
        "taken_up",
    )
    assert example.moment.words == "down by the old mill"
    assert example.action is Action.RESPOND
    assert example.moment.turns[-1].speaker is Speaker.AGENT
    assert example.moment.turns[-1].text == "where did you grow up"
    assert example.moment.memory.signals.gap_s == pytest.approx(0.4)


def test_a_pause_inside_an_answer_is_waited_out(tmp_path: Path) -> None:
    (example,) = of_kind(
        told(
            tmp_path,
            (ME, 2, "We used to go,", 3),
            (ME, 3, "(pause 1.50)", 4.5),
            (ME, 4.5, "fishing a lot.", 5.5),
        ),
        "pause",
    )
    assert example.moment.words == "we used to go"
    assert example.action is Action.SILENCE
    assert example.moment.memory.signals.gap_s == pytest.approx(1.5)


def test_yeah_is_a_backchannel_while_the_other_speaks_on(tmp_path: Path) -> None:
    (example,) = of_kind(
        told(
            tmp_path,
            (INTERVIEWER, 1, "So there was this festival, [and] everybody went there", 4),
            (ME, 2, "[Yeah.]", 2.4),
        ),
        "backchannel",
    )
    assert example.moment.words == "yeah"
    assert example.moment.memory.signals.overlap_s > 0


def test_yeah_is_an_answer_after_a_question(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        (INTERVIEWER, 1, "Did you like it?", 2),
        (ME, 2.3, "Yeah.", 2.7),
        (INTERVIEWER, 3, "And what was the best of it?", 5),
    )
    assert not of_kind(examples, "backchannel")
    assert [one.moment.words for one in of_kind(examples, "taken_up")] == ["yeah"]


def test_a_line_broken_off_under_the_other_was_cut_off(tmp_path: Path) -> None:
    (example,) = of_kind(
        told(
            tmp_path,
            (ME, 1, "And then we all went over to the [house where-]", 5),
            (INTERVIEWER, 4, "[Hold on,] who was with you?", 6),
        ),
        "interruption",
    )
    assert example.action is Action.INTERRUPT
    assert example.moment.words.startswith("and then we all went")
    assert "where" not in example.moment.words


def test_a_broken_line_that_is_taken_up_again_was_not_cut_off(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        (ME, 1, "And then we all went over to the [house where-]", 5),
        (INTERVIEWER, 4, "[Hold on,] who was with you?", 6),
        (ME, 5.1, "where my aunt lived.", 6.5),
    )
    assert not of_kind(examples, "interruption")


def test_streams_are_of_the_interviewee_alone(tmp_path: Path) -> None:
    (tmp_path / f"{ME}_1.txt").write_text(
        lines(
            (INTERVIEWER, 1, "Let me explain at some length what this is about today.", 7),
            (ME, 8, "I was born in a small town and we had a garden with trees.", 13),
        ),
        encoding="utf-8",
    )
    examples = list(coraal.streams(tmp_path))
    assert examples
    assert {one.moment.words.split()[0] for one in examples} == {"i"}
    assert 3 <= covered_s(examples) <= 5


def test_a_folder_without_interviews_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no interview in .*fetch the CORAAL"):
        list(coraal.load(tmp_path))


@given(rows=st.lists(st.text(max_size=80), max_size=6))
def test_garbage_is_skipped_or_refused_with_file_and_line(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    file = tmp_path_factory.mktemp("coraal") / f"{ME}_1.txt"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8", errors="replace")
    reported: list[CorruptData] = []
    list(coraal.read(file, on_error="skip", report=reported.append))
    if reported:
        with pytest.raises(CorruptData) as refused:
            list(coraal.read(file))
        assert (refused.value.file, refused.value.line) == (file, reported[0].line)


@given(content=st.text(max_size=200))
def test_whatever_a_line_holds_no_mark_is_left(content: str) -> None:
    for word in coraal.clean(content):
        assert not set(word) & set("[]/<>() ")


def test_the_real_interviews_fill_an_hour() -> None:
    folder = corpus("coraal")
    assert covered_s(coraal.streams(folder)) >= 3600
