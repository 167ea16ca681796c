"""A language model on a server, asked over real HTTP, and held to its labels."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from judge.judgement import ACTIONS, SITUATIONS, Action, Situation
from judge.models.base import ModelError
from judge.models.openai_compatible import OpenAICompatible
from judge.moment import Moment
from tests.unit.judge.models.chat_server import ChatServer
from tests.unit.judge.moments import PHRASES, assert_sane

MOMENT = Moment(words="could I have the number of the lady in twelve")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A server on loopback."""
    with ChatServer() as server:
        yield server


@pytest.fixture
def model(server: ChatServer) -> Iterator[OpenAICompatible]:
    """Asks for letters."""
    model = OpenAICompatible(base_url=server.base_url, model="judge", api_key="canary")
    yield model
    model.close()


@pytest.fixture
def by_schema(server: ChatServer) -> Iterator[OpenAICompatible]:
    """Asks for JSON."""
    model = OpenAICompatible(base_url=server.base_url, model="judge", letters=False, assumed=0.7)
    yield model
    model.close()


# Letters.


def test_probabilities_come_from_what_the_server_might_have_said(
    server: ChatServer, model: OpenAICompatible
) -> None:
    server.content = "B H"
    server.steps = [
        {"B": 0.5, "A": 0.2, " B": 0.1, "Answer": 0.1, "E": 0.05, "C": 0.04, "D": 0.01},
        {" H": 0.9, " F": 0.05, " I": 0.05},
    ]
    judged = model.judge(MOMENT)
    assert_sane(judged)
    assert (judged.action, judged.situation) == (Action.REFUSE, Situation.UNREASONABLE_DEMAND)
    assert judged.actions[Action.REFUSE] == pytest.approx(0.6 / 0.9)
    assert judged.actions[Action.RESPOND] == pytest.approx(0.2 / 0.9)
    assert judged.situations[Situation.UNREASONABLE_DEMAND] > 0.5
    assert (judged.model, judged.fallback) == ("openai-compatible/judge", "")


def test_a_space_of_its_own_between_the_letters_is_no_matter(
    server: ChatServer, model: OpenAICompatible
) -> None:
    server.content = "C I"
    server.steps = [{"C": 0.9, "A": 0.1}, {" ": 1.0}, {"I": 0.8, "F": 0.2}]
    judged = model.judge(MOMENT)
    assert (judged.action, judged.situation) == (Action.DEFLECT, Situation.AFFRONT)


def test_without_probabilities_the_assumed_one_is_taken(
    server: ChatServer, model: OpenAICompatible
) -> None:
    server.content = "E N"
    judged = model.judge(MOMENT)
    assert_sane(judged)
    assert (judged.action, judged.situation) == (Action.INTERRUPT, Situation.SENSITIVE_DATA)
    assert judged.confidence == 0.6


def test_the_request_is_one_that_vllm_ollama_and_openai_understand(
    server: ChatServer, model: OpenAICompatible
) -> None:
    model.judge(MOMENT)
    (asked,) = server.requests
    assert asked.pop("messages")[0]["content"].startswith("You watch a telephone call")
    assert asked == {
        "model": "judge",
        "temperature": 0,
        "max_tokens": 4,
        "stop": ["\n"],
        "logprobs": True,
        "top_logprobs": 20,
    }
    assert len(ACTIONS) + len(SITUATIONS) <= 20, "all labels are among the most probable"


# A schema.


def test_json_under_a_schema_is_read(server: ChatServer, by_schema: OpenAICompatible) -> None:
    server.content = '{"action": "refuse", "situation": "unreasonable_demand"}'
    judged = by_schema.judge(MOMENT)
    assert_sane(judged)
    assert (judged.action, judged.situation) == (Action.REFUSE, Situation.UNREASONABLE_DEMAND)
    assert judged.confidence == 0.7
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["action"]["enum"] == [action.value for action in ACTIONS]
    assert schema["properties"]["situation"]["enum"] == [each.value for each in SITUATIONS]


# What is no label.


@pytest.mark.parametrize(
    "content",
    [None, "", "A", "F A", "AF", "A F.", "a f", "A Z", "respond", "I would answer A F", "<think>"],
)
def test_anything_but_two_letters_is_an_error(
    server: ChatServer, model: OpenAICompatible, content: str | None
) -> None:
    server.content = content
    with pytest.raises(ModelError, match="which is no label; use a model that follows"):
        model.judge(MOMENT)


@pytest.mark.parametrize(
    "content",
    [
        "respond",
        "[]",
        '{"action": "respond"}',
        '{"action": "hang up", "situation": "none"}',
        '{"action": "respond", "situation": "none", "note": ""}',
        '{"action": ["respond"], "situation": {}}',
        '{"action": "respond", "situation": "none"',
    ],
)
def test_json_that_is_no_label_is_an_error(
    server: ChatServer, by_schema: OpenAICompatible, content: str
) -> None:
    server.content = content
    with pytest.raises(ModelError, match="which is no label"):
        by_schema.judge(MOMENT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>It works!</html>",
        b"{}",
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": "A F"}',
        b"\xff\xfe\x00",
        b'{"choices": [{"message": {"content": 7}}]}',
    ],
)
def test_garbage_is_an_error(server: ChatServer, model: OpenAICompatible, body: bytes) -> None:
    server.body = body
    with pytest.raises(ModelError, match="no chat completion") as error:
        model.judge(MOMENT)
    assert not error.value.retry


@pytest.mark.parametrize("logprob", ["-Infinity", "NaN", "1e999", "-1e999", "5"])
def test_impossible_probabilities_are_not_believed(
    server: ChatServer, model: OpenAICompatible, logprob: str
) -> None:
    step = f'{{"token": "A", "logprob": {logprob}}}'
    step = f'{step[:-1]}, "top_logprobs": [{step}]}}'
    server.body = (
        '{"choices": [{"message": {"content": "A F"}, "logprobs": {"content": [' + step + "]}}]}"
    ).encode()
    try:
        assert_sane(model.judge(MOMENT))
    except ModelError as error:
        assert "no chat completion" in str(error)


# A server that fails.


@pytest.mark.parametrize(
    ("status", "told", "retry"),
    [
        (400, "400: ", False),
        (401, "401: the key is refused; set openai_compatible.api_key", False),
        (403, "403: the key may not use this model", False),
        (404, "404: no such model or address; see openai_compatible.model", False),
        (429, "429: too many requests", True),
        (500, "500: ", True),
        (503, "503: ", True),
    ],
)
def test_a_refusal_says_what_to_do_and_whether_to_come_again(
    server: ChatServer, model: OpenAICompatible, status: int, told: str, retry: bool
) -> None:
    server.status = status
    with pytest.raises(ModelError) as error:
        model.judge(MOMENT)
    assert told in str(error.value)
    assert "canary" not in str(error.value)
    assert error.value.retry is retry
    assert len(server.requests) == 1, "nobody waits for a second try"


def test_a_slow_server_is_given_up_within_the_budget(
    server: ChatServer, model: OpenAICompatible
) -> None:
    model.judge(MOMENT)  # the connection is there
    server.gate = threading.Event()
    started_s = time.perf_counter()
    with pytest.raises(ModelError, match=r"no answer within 0\.050 s") as error:
        model.judge(MOMENT, budget_s=0.05)
    assert time.perf_counter() - started_s < 3
    assert error.value.retry


def test_an_absent_server_is_named() -> None:
    model = OpenAICompatible(base_url="http://127.0.0.1:9/v1", model="judge")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9/v1.*: cannot be reached") as error:
        model.judge(MOMENT)
    assert error.value.retry


# Secrets and instructions.


def test_the_environments_key_and_names_go_nowhere(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(variable, "from-the-environment")
    OpenAICompatible(base_url=server.base_url, model="judge").judge(MOMENT)
    assert "from-the-environment" not in str(server.headers)


def test_the_configured_key_is_sent(server: ChatServer, model: OpenAICompatible) -> None:
    model.judge(MOMENT)
    assert server.headers[0]["authorization"] == "Bearer canary"


@pytest.mark.parametrize("words", PHRASES)
def test_no_words_break_the_request(
    server: ChatServer, model: OpenAICompatible, words: str
) -> None:
    assert_sane(model.judge(Moment(words=words)))
    (asked,) = server.requests
    assert "<|" not in asked["messages"][0]["content"]
