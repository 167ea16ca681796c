"""Which moments count."""

from __future__ import annotations

from dataclasses import replace

from judge.data.example import Example, Split, Stream, Variant
from judge.evaluation import selection
from judge.judgement import Action
from judge.moment import Moment
from tests.unit.judge.evaluation.made import cuts, example


def test_speech_is_judged_once_a_second_from_the_first_on() -> None:
    utterance = cuts("u:plain", None, [0.4, 0.9, 1.1, 1.4, 1.9, 2.0, 3.7, 3.9])
    assert sorted(one.stream.at_s for one in selection.as_judged(utterance) if one.stream) == [
        1.1,
        2.0,
        3.7,
    ]


def test_the_finished_moment_stays_beside_the_cut_of_its_second() -> None:
    utterance = cuts("u:plain", None, [1.1, 1.4])
    end = replace(
        example(id="u:plain@end"), stream=Stream("u:plain", 1.4, None), moment=Moment(words="x")
    )
    assert {one.id for one in selection.as_judged([*utterance, end])} == {
        "u:plain@1.1",
        "u:plain@end",
    }


def test_what_is_judged_once_stays() -> None:
    one = example()
    assert selection.as_judged([one]) == [one]


def test_the_written_test_set_is_plain_and_of_the_test_split() -> None:
    kept = example(id="kept")
    others = [
        example(id="learned", split=Split.TRAIN),
        example(id="stumbled", variant=Variant.DISFLUENT),
        example(id="recorded", source="mrda"),
    ]
    assert selection.written([kept, *others]) == [kept]


def telling(variant: Variant, place: str, words: str, action: Action = Action.SILENCE) -> Example:
    return example(
        action,
        id=f"hotel_card/1/call:{variant}@{place}",
        moment=Moment(words=words, final=place == "end"),
        variant=variant,
    )


PLAIN = [
    telling(Variant.PLAIN, "end", "one two three four five six seven eight"),
    telling(Variant.PLAIN, "4", "one two three four"),
    telling(Variant.PLAIN, "6", "one two three four five six", Action.INTERRUPT),
]


def test_the_same_place_in_other_words_is_the_nearest_with_the_same_label() -> None:
    heard = [
        telling(Variant.RECOGNISED, "end", "won too three for five six seven ate"),
        telling(Variant.RECOGNISED, "3", "won too three"),
        telling(Variant.RECOGNISED, "5", "won too three for five"),
        telling(Variant.RECOGNISED, "7", "won too three for five six seven", Action.INTERRUPT),
    ]
    whole, without = selection.paired(PLAIN, heard)
    assert [one.id.rpartition("@")[2] for one in whole] == ["end", "4", "6"]
    assert [one.id.rpartition("@")[2] for one in without] == ["end", "3", "7"]


def test_what_was_not_heard_is_left_out_on_both_sides() -> None:
    assert selection.paired(PLAIN, []) == ([], [])


def test_a_cut_without_a_like_place_is_left_out() -> None:
    heard = [
        telling(Variant.RECOGNISED, "end", "won too three for five six seven ate"),
        telling(Variant.RECOGNISED, "1", "won"),
    ]
    whole, _ = selection.paired(PLAIN, heard)
    assert [one.id.rpartition("@")[2] for one in whole] == ["end"]
