from __future__ import annotations

import pytest

from agent.knowledge.base import KnowledgeBase
from agent.knowledge.embedding import SentenceEmbedder
from agent.profiles import Entry, EntryKind

BREAKFAST = Entry("What time is breakfast?", "From seven to ten.", ("when can we eat",))
PARKING = Entry("Do you have parking?", "Yes, behind the house.")
BYE = Entry("goodbye", "", ("see you later", "bye"), kind=EntryKind.GOODBYE)


@pytest.fixture(scope="module")
def base(embedder: SentenceEmbedder) -> KnowledgeBase:
    return KnowledgeBase([BREAKFAST, PARKING, BYE], embedder)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("when is breakfast served", BREAKFAST),
        ("where can I leave my car", PARKING),
        ("bye bye", BYE),
    ],
)
def test_the_closest_entry_comes_first(base: KnowledgeBase, text: str, entry: Entry) -> None:
    matches = base.search(text, 3)
    assert matches[0].entry is entry
    assert [match.score for match in matches] == sorted(
        (match.score for match in matches), reverse=True
    )


def test_no_more_entries_are_found_than_asked_for(base: KnowledgeBase) -> None:
    assert len(base.search("parking", 1)) == 1
    assert len(base.search("parking", 9)) == 3


def test_an_only_wording_counts_in_full(base: KnowledgeBase, embedder: SentenceEmbedder) -> None:
    text = "is there parking"
    vectors = embedder.embed([text, PARKING.question, PARKING.answer])
    cosines = vectors[1:] @ vectors[0]
    assert base.search(text, 1)[0].score == pytest.approx(0.7 * cosines[0] + 0.3 * cosines[1])


def test_many_texts_are_searched_as_one_is(base: KnowledgeBase) -> None:
    texts = ["breakfast", "see you"]
    together = base.search_all(texts, 2)
    for text, matches in zip(texts, together, strict=True):
        alone = base.search(text, 2)
        assert [match.entry for match in matches] == [match.entry for match in alone]


def test_a_foreign_question_lowers_what_resembles_it(embedder: SentenceEmbedder) -> None:
    without = KnowledgeBase([PARKING], embedder)
    with_foreign = KnowledgeBase([PARKING], embedder, ["do you sell cars"])
    foreign, known = "do you sell used cars", "is there parking"
    lowered = without.search(foreign, 1)[0].score - with_foreign.search(foreign, 1)[0].score
    kept = without.search(known, 1)[0].score - with_foreign.search(known, 1)[0].score
    assert lowered > kept + 0.1


def test_an_empty_base_finds_nothing(embedder: SentenceEmbedder) -> None:
    assert KnowledgeBase([], embedder).search("anything", 3) == []
