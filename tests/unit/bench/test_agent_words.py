"""What the demo reads from a server's events."""

import json
from pathlib import Path

from agent.bench.agent_words import AgentWords


def write(path: Path, *events: object) -> None:
    with path.open("a") as file:
        for event in events:
            file.write(json.dumps(event) + "\n")


def test_no_file_is_no_words(tmp_path: Path) -> None:
    assert AgentWords(None).between(0, 1e12) == ""
    assert AgentWords(tmp_path / "missing.jsonl").between(0, 1e12) == ""


def test_the_agents_final_words_are_found_by_their_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(
        path,
        {"t": 10.0, "type": "agent", "text": "Good morning."},
        {"t": 10.5, "type": "caller", "text": "Hello."},
        {"t": 11.0, "type": "agent", "text": "How can", "final": False},
        {"t": 11.2, "type": "agent", "text": "How can I help?", "final": True},
        {"t": 20.0, "type": "agent", "text": "Goodbye."},
    )
    assert AgentWords(path).between(9, 15) == "Good morning. How can I help?"


def test_words_that_come_later_are_found_later(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    words = AgentWords(path)
    write(path, {"t": 1.0, "type": "agent", "text": "One."})
    assert words.between(0, 9) == "One."
    write(path, {"t": 2.0, "type": "agent", "text": "Two."})
    assert words.between(0, 9) == "One. Two."


def test_a_half_written_line_waits_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = json.dumps({"t": 1.0, "type": "agent", "text": "Whole."})
    path.write_text("not json\n[1]\n" + line[:12])
    words = AgentWords(path)
    assert words.between(0, 9) == ""
    path.write_text("not json\n[1]\n" + line + "\n")
    assert words.between(0, 9) == "Whole."
