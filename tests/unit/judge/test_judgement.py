"""What the judge says."""

from __future__ import annotations

import json

import pytest

from judge.judgement import ACTIONS, SITUATIONS, Action, Judgement, Situation

ACTION_P = dict(zip(ACTIONS, (0.1, 0.2, 0.05, 0.6, 0.05), strict=True))
SITUATION_P = {each: 1 / len(SITUATIONS) for each in SITUATIONS} | {Situation.DANGER: 0.5}


def test_the_most_probable_action_and_situation_are_said() -> None:
    found = Judgement.of(ACTION_P, SITUATION_P, model="m/1", took_ms=1.0)
    assert (found.action, found.situation) == (Action.SILENCE, Situation.DANGER)
    assert found.confidence == 0.6


def test_of_nothing_there_is_no_judgement() -> None:
    with pytest.raises(ValueError, match="empty"):
        Judgement.of({}, SITUATION_P, model="m/1", took_ms=1.0)


def test_as_json_it_names_every_label_and_who_judged() -> None:
    found = Judgement.of(ACTION_P, SITUATION_P, model="m/1", took_ms=1.23456)
    record = json.loads(json.dumps(found.to_json()))
    assert set(record["actions"]) == {action.value for action in ACTIONS}
    assert set(record["situations"]) == {situation.value for situation in SITUATIONS}
    assert (record["action"], record["model"], record["took_ms"]) == ("silence", "m/1", 1.23)
    assert record["fallback"] == ""


def test_blocking_is_no_models_business() -> None:
    assert "block" not in {action.value for action in Action}
    assert len(ACTIONS) == 5
    assert len(SITUATIONS) == 13
