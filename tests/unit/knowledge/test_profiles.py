from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from agent.profiles import BUILT_IN, EntryKind, Profile, ProfileError, load_profile

SPEAKABLE = re.compile(r"[A-Za-z ,.'?!-]+")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the hotel profile, to be damaged."""
    return Path(shutil.copytree(BUILT_IN / "hotel", tmp_path / "hotel"))


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_hotel_knows_what_callers_ask(hotel: Profile) -> None:
    assert len(hotel.knowledge) >= 45
    assert {entry.kind for entry in hotel.knowledge} == {EntryKind.QUESTION}
    assert {entry.kind for entry in hotel.small_talk} == set(EntryKind) - {EntryKind.QUESTION}


def test_answers_are_short_and_speakable(hotel: Profile) -> None:
    for entry in hotel.knowledge:
        assert len(entry.answer.split()) <= 30, entry.question
        assert SPEAKABLE.fullmatch(entry.answer), entry.answer


def test_the_greeting_is_short(hotel: Profile) -> None:
    assert len(hotel.greeting.split()) <= 9  # under 3 s at 180 words a minute


def test_a_profile_is_found_by_name_and_by_path(hotel: Profile, copy: Path) -> None:
    assert load_profile(copy).knowledge == hotel.knowledge
    assert load_profile(str(copy)).lines == hotel.lines


def test_paraphrases_and_topics_are_read(hotel: Profile) -> None:
    breakfast = next(e for e in hotel.knowledge if e.question == "What time is breakfast?")
    assert breakfast.topic == "Eating and drinking"
    assert "when do you serve breakfast" in breakfast.paraphrases
    assert breakfast.answer == "Breakfast is from seven to ten, and until eleven at weekends."


@pytest.mark.parametrize("name", ["motel", "../hotel"])
def test_an_unknown_name_lists_the_known_ones(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError, match=r"There is no profile .* one of: .*hotel"):
        load_profile(name)


def test_a_folder_without_a_profile_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"profile\.toml is missing"):
        load_profile(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "', 'title = "', "'name' is missing"),
        ("[lines]", "[line]", r"table \[lines\] is missing"),
        ('greeting = "', 'hello = "', r"\[lines\] has an unknown key 'hello'"),
        ('goodbye = "Thank you for calling. Goodbye!"', "", r"\[lines\] 'goodbye' is missing"),
        ('clarify = "', 'clarify = ["', "not valid TOML"),
        ('kind = "goodbye"', 'kind = "farewell"', "not 'farewell'"),
        ("not_ours = [", "not_ours = [3,", "'not_ours' must be a list"),
        ('reply = "Hello! What can I do for you?"', "", "number 1 'reply' is missing"),
        ('kind = "repeat"', 'kind = "repeat"\nreply = "Hm."', "Remove its 'reply'"),
    ],
)
def test_a_fault_in_the_settings_names_file_and_place(
    copy: Path, old: str, new: str, message: str
) -> None:
    _edit(copy / "profile.toml", old, new)
    with pytest.raises(ProfileError, match=message) as caught:
        load_profile(copy)
    assert str(copy / "profile.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("knowledge", "message"),
    [
        ("### Why?\n\nBecause.\n", "line 1: the question stands under no topic"),
        ("## A\n\n### Why?\n\n### How?\n\nSo.\n", r"line 3: 'Why\?' has no answer"),
        ("## A\n\n### Why?\n\n- one\n", "under line 3: a list cannot be spoken"),
        (
            "## A\n\n### Why?\n\nSo.\n\n### How?\nAlso asked as:\n- why?\n\nSo.\n",
            r"line 7: 'why\?' is asked at line 3",
        ),
        ("Nothing but a note.\n", "no question in it"),
    ],
)
def test_a_fault_in_the_knowledge_names_file_and_line(
    copy: Path, knowledge: str, message: str
) -> None:
    (copy / "knowledge.md").write_text(knowledge, encoding="utf-8")
    with pytest.raises(ProfileError, match=message) as caught:
        load_profile(copy)
    assert str(copy / "knowledge.md") in str(caught.value)
