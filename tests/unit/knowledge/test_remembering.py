"""Answering from what is remembered of a caller."""

from __future__ import annotations

import pytest

from agent.knowledge.embedding import SentenceEmbedder
from agent.knowledge.remembering import asks_for_notes, note_for, only_notes_answer
from agent.knowledge.responder import ReplyKind, Responder
from agent.profiles import load_profile

NOTES = (
    "Arrives on Friday evening",
    "Name is Mary Smith",
    "Allergic to nuts",
    "We would like the blue room again.",
)


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder()


@pytest.fixture(scope="module")
def responder(embedder: SentenceEmbedder) -> Responder:
    return Responder(load_profile("hotel"), embedder)


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("what is my name", "name is Mary Smith"),
        ("when did i say we are coming", "arrives on Friday evening"),
        ("did i tell you about my allergy", "allergic to nuts"),
        ("which room did i ask for, do you remember my wish", "we would like the blue room again"),
    ],
)
def test_the_note_that_answers(embedder: SentenceEmbedder, question: str, note: str) -> None:
    assert asks_for_notes(question)
    assert note_for(question, NOTES, embedder) == note


def test_everything_is_the_first_few(embedder: SentenceEmbedder) -> None:
    said = note_for("what do you know about me", NOTES, embedder)
    assert said == "arrives on Friday evening, name is Mary Smith, allergic to nuts"


def test_a_note_about_something_else_does_not_answer(embedder: SentenceEmbedder) -> None:
    assert note_for("did i tell you my shoe size", ["Allergic to nuts"], embedder) == ""
    assert note_for("what is my name", [], embedder) == ""


@pytest.mark.parametrize(
    "question",
    [
        "when do i have to check out",
        "what time is breakfast",
        "how long do i have to wait for a taxi",
        "do you know a good restaurant",
        "can i bring my dog",
    ],
)
def test_questions_for_the_knowledge_are_left_to_it(question: str) -> None:
    assert not asks_for_notes(question)


def test_replies_with_a_note_and_without(responder: Responder) -> None:
    known = responder.reply([], "Hello, what is my name?", NOTES)
    assert known.kind is ReplyKind.REMEMBERED
    assert known.text == "I have a note here: name is Mary Smith."
    unknown = responder.reply([], "Hello, what is my name?")
    assert unknown.kind is ReplyKind.UNKNOWN
    assert unknown.text == "I have no note of that, I'm afraid."


def test_what_may_be_asked_of_memory_falls_back_to_the_knowledge(responder: Responder) -> None:
    question = "How long are we allowed to park?"
    assert not only_notes_answer(question.lower())
    assert responder.reply([], question, NOTES) == responder.reply([], question)
