"""MRDA as moments. The meetings here are invented, in the corpus' format."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.data import mrda
from judge.data.cuts import covered_s
from judge.data.example import CorruptData, Example, Split
from judge.data.spoken import Ending, Weight
from judge.judgement import Action, Situation
from judge.moment import Speaker
from tests.unit.judge.data.corpora import corpus

MEETING = "Bxx001"


def act(speaker: str, start_s: float, words: str, tag: str, pace_s: float = 0.25) -> str:
    """A row in which every word takes *pace_s*; ``.`` is a quarter of a second of silence."""
    at_s = start_s
    timed = []
    for word in words.split():
        if word != ".":
            timed.append(f"{at_s:.3f}+{at_s + pace_s:.3f}+{word}")
        at_s += pace_s
    name = f"{MEETING}-{speaker}_{start_s:.0f}"
    cells = [f"{start_s:.3f}", f"{at_s:.3f}", name, "A", "|".join(timed), tag, "c0", speaker, tag]
    return ",".join([*cells, "", "", "", "", ""])


def told(folder: Path, *rows: str, name: str = MEETING) -> list[Example]:
    (folder / f"{name}.dadb").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return list(mrda.load(folder, gaps="real"))


def only(examples: list[Example], kind: str) -> Example:
    (example,) = [one for one in examples if one.kind == kind]
    return example


def test_words_up_to_the_onset_of_the_one_who_cuts_in(tmp_path: Path) -> None:
    """An interruption is told up to the word before the other begins, not up to the cut."""
    example = only(
        told(
            tmp_path,
            act("ann", 10, "we could put the lamp on the left and", "s.%-"),
            act("bob", 11.55, "no it was on the right before", "s"),
        ),
        "interruption",
    )
    assert example.moment.words == "we could put the lamp on"
    assert example.action is Action.INTERRUPT
    assert example.situation is None
    assert not example.moment.final


def test_a_backchannel_under_a_cut_utterance_is_no_interruption(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        act("ann", 10, "we could put the lamp on the left and", "s.%-"),
        act("bob", 11.5, "uh-huh", "b"),
    )
    assert not [one for one in examples if one.kind == "interruption"]


def test_acts_of_one_speaker_are_joined_into_an_utterance(tmp_path: Path) -> None:
    """Acts a short gap apart are one turn, and its words are told together when it is taken up."""
    examples = told(
        tmp_path,
        act("ann", 10, "the kettle is broken", "s"),
        act("ann", 11.4, "so i bought another", "s"),
        act("bob", 12.7, "which one did you get", "qw"),
        act("ann", 14.2, "the red one", "s"),
    )
    said = [one.moment.words for one in examples if one.kind == "taken_up"]
    assert "the kettle is broken so i bought another" in said


def test_an_abandoned_act_ends_a_join(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        act("ann", 10, "the kettle is", "s.%--"),
        act("ann", 10.9, "we need a new one", "s"),
        act("bob", 12.3, "i agree with that", "s^aa"),
    )
    assert only(examples, "taken_up").moment.words == "we need a new one"


def test_what_somebody_takes_up_is_answered_after_the_real_gap(tmp_path: Path) -> None:
    example = only(
        told(
            tmp_path,
            act("ann", 10, "did you water the plants", "qy"),
            act("bob", 11.85, "not since monday i think", "s"),
        ),
        "taken_up",
    )
    assert example.action is Action.RESPOND
    assert example.moment.final
    assert example.moment.memory.signals.gap_s == pytest.approx(0.6)


def test_what_nobody_takes_up_is_no_answer(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        act("ann", 10, "did you water the plants", "qy"),
        act("bob", 14, "let us begin then", "s"),
    )
    assert not [one for one in examples if one.kind == "taken_up"]


def test_a_pause_in_which_the_speaker_keeps_the_floor(tmp_path: Path) -> None:
    example = only(
        told(tmp_path, act("ann", 10, "the train leaves . . . at nine", "s")),
        "pause",
    )
    assert example.moment.words == "the train leaves"
    assert example.moment.final
    assert example.action is Action.SILENCE
    assert example.moment.memory.signals.gap_s == pytest.approx(0.75)


def test_a_pause_that_somebody_fills_is_none(tmp_path: Path) -> None:
    examples = told(
        tmp_path,
        act("ann", 10, "the train leaves . . . . . . at nine", "s"),
        act("bob", 11, "when does it", "qw"),
    )
    assert not [one for one in examples if one.kind == "pause"]


def test_gaps_as_asked_tell_pause_and_answer_apart_by_words_alone(tmp_path: Path) -> None:
    """With gaps="asked" every finished moment has a gap from the same range."""
    rows = [
        act("ann", 10, "did you water the plants", "qy"),
        act("bob", 11.3, "i did . . . . . . . yesterday", "s"),
        act("ann", 14.2, "thank you for that", "ft"),
    ]
    (tmp_path / f"{MEETING}.dadb").write_text("\n".join(rows), encoding="utf-8")
    for example in mrda.load(tmp_path, gaps="asked"):
        if example.moment.final:
            assert 0.5 <= example.moment.memory.signals.gap_s <= 1.2


def test_a_backchannel_falls_into_the_agents_words(tmp_path: Path) -> None:
    """Whoever holds the floor plays the agent: his words so far are the agent's last turn."""
    example = only(
        told(
            tmp_path,
            act("ann", 10, "first you take the screws out of the lid", "s"),
            act("bob", 11, "mm-hmm", "b"),
        ),
        "backchannel",
    )
    assert example.moment.words == "mm-hmm"
    assert example.action is Action.SILENCE
    assert example.situation is Situation.NONE
    assert example.moment.turns[-1].speaker is Speaker.AGENT
    assert example.moment.turns[-1].text == "first you take the screws"
    assert example.moment.memory.signals.overlap_s == pytest.approx(0.25)


@pytest.mark.parametrize(("tag", "kind"), [("s^t1", "self_talk"), ("qw^t3", "third_party")])
def test_talk_that_is_not_for_the_others(tmp_path: Path, tag: str, kind: str) -> None:
    example = only(told(tmp_path, act("ann", 10, "where did i put it", tag)), kind)
    assert (example.action, example.situation) == (Action.SILENCE, Situation.NOT_ADDRESSED)


def test_truncations_stop_short_of_the_end_and_of_other_voices(tmp_path: Path) -> None:
    text = "we went down to the river and then the rain began to fall"
    examples = [
        one
        for one in told(tmp_path, act("ann", 10, text, "s"), act("bob", 20, "i saw it too", "s"))
        if one.kind == "truncation"
    ]
    assert examples
    for example in examples:
        assert not example.moment.final
        assert example.moment.memory.signals.gap_s == 0
    assert any(text.startswith(one.moment.words + " ") for one in examples)


def test_the_last_turns_are_told_from_the_speakers_side(tmp_path: Path) -> None:
    """The same person before is the caller, everybody else the agent."""
    examples = told(
        tmp_path,
        act("ann", 10, "the soup is cold", "s"),
        act("bob", 11.2, "shall i warm it up", "qy"),
        act("ann", 12.6, "please do that", "s"),
        act("cat", 13.5, "mine as well please", "s"),
    )
    example = next(one for one in examples if one.moment.words == "please do that")
    assert [(turn.speaker, turn.text) for turn in example.moment.turns] == [
        (Speaker.CALLER, "the soup is cold"),
        (Speaker.AGENT, "shall i warm it up"),
    ]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("o_k", "okay"),
        ("p_d_a", "p d a"),
        ("t_i-digits", "t i digits"),
        ("x_", "x"),
        ("th-", ""),
        ("{@reject@}", ""),
        ("{uhhuh}", "uhhuh"),
        ("<Yeah>", "yeah"),
        ("mm-hmm", "mm-hmm"),
        ("front-end", "front-end"),
        ("m_-three-l_", "m three l"),
    ],
)
def test_words_are_written_as_a_recogniser_would(written: str, spoken: str) -> None:
    assert mrda.clean(written) == spoken


def test_words_without_times_share_the_room_between_their_neighbours(tmp_path: Path) -> None:
    file = tmp_path / "Bxx002.dadb"
    timed = "1.0+1.2+look|XXXX+XXXX+over|XXXX+XXXX+there|1.8+2.0+now"
    file.write_text(f"1.0,2.0,n,A,{timed},s,c0,ann,s,,,,,\n", encoding="utf-8")
    (stretch,) = mrda.read(file)
    assert [(round(word.start_s, 2), round(word.end_s, 2)) for word in stretch.words] == [
        (1.0, 1.2),
        (1.2, 1.5),
        (1.5, 1.8),
        (1.8, 2.0),
    ]


@pytest.mark.parametrize(
    ("tag", "weight", "ending"),
    [
        ("s", Weight.FLOOR, Ending.COMPLETE),
        ("s^aa.%-", Weight.FLOOR, Ending.CUT),
        ("qy^d.%--", Weight.FLOOR, Ending.ABANDONED),
        ("fh", Weight.LIGHT, Ending.OPEN),
        ("fg|s", Weight.FLOOR, Ending.COMPLETE),
        ("b.%", Weight.BACKCHANNEL, Ending.OPEN),
    ],
)
def test_tags_say_what_an_act_does_to_the_floor(
    tmp_path: Path, tag: str, weight: Weight, ending: Ending
) -> None:
    file = tmp_path / "Bxx003.dadb"
    file.write_text(act("ann", 1, "this is what i said", tag) + "\n", encoding="utf-8")
    (stretch,) = mrda.read(file)
    assert (stretch.weight, stretch.ending) == (weight, ending)


def test_a_stream_is_judged_at_every_second_of_speech(tmp_path: Path) -> None:
    """Pauses that have a trigger of their own do not count as speech."""
    words = "one two three four five six seven eight . . . . nine ten eleven twelve thirteen"
    (tmp_path / f"{MEETING}.dadb").write_text(act("ann", 5, words, "s") + "\n", encoding="utf-8")
    examples = list(mrda.streams(tmp_path, Split.TRAIN))
    assert [one.stream.at_s for one in examples if one.stream] == [1.0, 2.0, 3.0]
    assert {one.action for one in examples} == {Action.SILENCE}
    assert covered_s(examples) == pytest.approx(3.0)


def test_a_stream_of_a_cut_utterance_ends_where_the_other_began(tmp_path: Path) -> None:
    rows = [
        act("ann", 10, " ".join(["and"] * 20), "s.%-"),
        act("bob", 14.1, "may i say something here", "qy"),
    ]
    (tmp_path / f"{MEETING}.dadb").write_text("\n".join(rows) + "\n", encoding="utf-8")
    *before, last = mrda.streams(tmp_path, Split.TRAIN)
    assert {one.action for one in before} == {Action.SILENCE}
    assert last.action is Action.INTERRUPT
    assert last.stream
    assert last.stream.at_s == last.stream.mark_s == pytest.approx(4.1, abs=0.02)


def test_minutes_bound_a_stream(tmp_path: Path) -> None:
    rows = [act("ann", 10 + 20 * n, " ".join(["word"] * 40), "s") for n in range(10)]
    (tmp_path / f"{MEETING}.dadb").write_text("\n".join(rows) + "\n", encoding="utf-8")
    examples = list(mrda.streams(tmp_path, Split.TRAIN, minutes=0.5))
    assert 30 <= covered_s(examples) < 41


def test_the_seed_alone_decides_what_is_drawn(tmp_path: Path) -> None:
    rows = [act("ann", 10 + 6 * n, "these are the words of a turn", "s") for n in range(100)]
    (tmp_path / f"{MEETING}.dadb").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def ids(seed: int) -> list[str]:
        return [one.id for one in mrda.load(tmp_path, seed=seed)]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


def test_a_folder_without_meetings_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no \.dadb file in .*fetch the MRDA"):
        list(mrda.load(tmp_path))


def test_no_meeting_is_in_two_splits() -> None:
    assert not mrda.DEV & mrda.TEST
    assert mrda.split_of("Bxx999") is Split.TRAIN


@given(rows=st.lists(st.text(max_size=120), max_size=8))
@settings(max_examples=150, deadline=None)
def test_garbage_is_skipped_or_refused_with_file_and_line(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    """Whatever stands in a row, it is read, left out and reported, or refused by its line."""
    file = tmp_path_factory.mktemp("mrda") / "Bxx004.dadb"
    good = act("ann", 1, "this row is fine", "s")
    file.write_text("\n".join([good, *rows]), encoding="utf-8", errors="replace")
    reported: list[CorruptData] = []
    read = list(mrda.read(file, on_error="skip", report=reported.append))
    assert read[0].text == "this row is fine"
    if reported:
        with pytest.raises(CorruptData) as refused:
            list(mrda.read(file))
        assert refused.value.line == reported[0].line > 1
        assert refused.value.file == file


@given(
    cells=st.lists(
        st.sampled_from(
            ["1.5", "2", "-1", "nan", "inf", "1.5+1.6+hi", "x|y", "s", "", "%-", "ann"]
        ),
        min_size=7,
        max_size=15,
    )
)
def test_near_misses_of_a_row_never_crash(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    file = tmp_path_factory.mktemp("mrda") / "Bxx005.dadb"
    file.write_text(",".join(cells) + "\n", encoding="utf-8")
    for example in mrda.load(file.parent, on_error="skip"):
        assert example.moment.words


def test_real_meetings_give_every_kind(tmp_path: Path) -> None:
    folder = corpus("mrda")
    for meeting in ("Bmr003", "Bed002", "Bro015", "Bns001"):
        (tmp_path / f"{meeting}.dadb").symlink_to(folder / f"{meeting}.dadb")
    examples = list(mrda.load(tmp_path))
    assert len({one.id for one in examples}) == len(examples)
    assert {one.split for one in examples} == set(Split)
    assert {one.kind for one in examples} == {
        "interruption",
        "truncation",
        "pause",
        "backchannel",
        "self_talk",
        "third_party",
        "taken_up",
    }
