"""Agent profiles: who the agent is and what it knows.

A profile is a folder that the agent's owner can edit:

* ``profile.toml``: the name, the persona for a large language model, the lines the
  agent says by itself, and what callers say besides questions (small talk);
* ``knowledge.md``: Markdown with ``## Topic`` sections of ``### Question?`` headings.
  Under a question, ``Also asked as:`` may begin a list of other ways to ask it; the
  paragraphs that follow are the answer, worded for the ear. Text before the first
  topic is for the reader.

Nothing here depends on how a profile is put to use.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Final

BUILT_IN: Final = Path(__file__).parent
"""The folder whose subfolders are the profiles that can be loaded by name."""

_PARAPHRASES_BEGIN: Final = "also asked as:"


class ProfileError(ValueError):
    """A profile cannot be read: its owner's fault, no retry helps. Names file, place and remedy."""


class EntryKind(StrEnum):
    """What the caller does by saying what an entry lists."""

    QUESTION = "question"
    SMALL_TALK = "small_talk"
    GOODBYE = "goodbye"
    REPEAT = "repeat"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a caller may say, in one or more wordings, and the answer to it.

    `answer` is empty for the kinds whose reply depends on the conversation.
    """

    question: str
    answer: str
    paraphrases: tuple[str, ...] = ()
    topic: str = ""
    kind: EntryKind = EntryKind.QUESTION


@dataclass(frozen=True, slots=True)
class Lines:
    """What the agent says by itself; each is spoken as it stands."""

    greeting: str
    goodbye: str
    clarify: str  # nothing was understood
    handover: str  # the answer is unknown; offers a person
    transfer_unavailable: str  # the caller wants a person
    still_unknown: str  # the answer is unknown, after `transfer_unavailable`
    anything_else: str  # the caller acknowledged or declined something
    go_ahead: str  # the caller said yes to "anything else?"
    trouble: str  # a provider failed once; the call goes on
    breakdown: str  # a provider has failed for good; the call ends
    remembered: str = "I have a note: {note}."  # the caller asks what he told us
    not_remembered: str = "I have no note of that, I'm afraid."
    forgotten: str = "All right, I have forgotten that."  # the caller had something forgotten


@dataclass(frozen=True, slots=True)
class Profile:
    """An agent's identity, lines and knowledge, as read from `folder`."""

    folder: Path
    name: str
    persona: str  # system prompt for a large language model
    lines: Lines
    small_talk: tuple[Entry, ...]
    knowledge: tuple[Entry, ...]
    not_ours: tuple[str, ...] = ()  # questions that nothing in `knowledge` answers

    @property
    def greeting(self) -> str:
        """The first thing the caller hears."""
        return self.lines.greeting

    @property
    def goodbye(self) -> str:
        """The last thing the caller hears."""
        return self.lines.goodbye


def built_in_profiles() -> list[str]:
    """Names that `load_profile` accepts, in alphabetical order."""
    return sorted(file.parent.name for file in BUILT_IN.glob("*/profile.toml"))


def load_profile(path_or_name: Path | str) -> Profile:
    """Read the profile in a folder, or the built-in one of that name.

    Raises ProfileError if there is none, or if a file cannot be read as described
    in the module's docstring.
    """
    folder = Path(path_or_name)
    if not folder.is_dir():
        folder = BUILT_IN / folder
        if str(path_or_name) not in built_in_profiles():
            raise ProfileError(
                f"There is no profile '{path_or_name}'. Give the path of a folder with a "
                f"profile.toml, or one of: {', '.join(built_in_profiles())}."
            )
    file = folder / "profile.toml"
    settings = _read_toml(file)
    return Profile(
        folder=folder,
        name=_text(file, settings, "name"),
        persona=_text(file, settings, "persona"),
        lines=_read_lines(file, settings),
        small_talk=tuple(_read_small_talk(file, settings)),
        knowledge=read_knowledge(folder / "knowledge.md"),
        not_ours=_texts(file, settings.get("not_ours", []), "'not_ours'"),
    )


def read_knowledge(file: Path) -> tuple[Entry, ...]:
    """Read the questions and answers of a knowledge.md, in the order of the file.

    Raises ProfileError, with the line, for a question without a topic, an answer, or
    of the same wording as another one, and for a file without questions.
    """
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for section in _sections(file):
        entry = section.entry()
        for wording in (entry.question, *entry.paraphrases):
            first = seen.setdefault(wording.casefold(), section.line)
            if first != section.line:
                raise ProfileError(
                    f"{file}, line {section.line}: '{wording}' is asked at line {first} too. "
                    "Remove one of the two, or word it differently."
                )
        entries.append(entry)
    if not entries:
        raise ProfileError(
            f"{file}: there is no question in it. Add a '## Topic' and under it "
            "a '### Question?' with its answer."
        )
    return tuple(entries)


@dataclass(slots=True)
class _Section:
    """A question's heading and the lines under it, up to the next heading."""

    file: Path
    line: int
    topic: str
    question: str
    body: list[str]

    def entry(self) -> Entry:
        paraphrases: list[str] = []
        answer: list[str] = []
        in_list = False
        for text in self.body:
            bullet = text.startswith(("- ", "* "))
            if text.casefold() == _PARAPHRASES_BEGIN:
                in_list = True
            elif in_list and bullet:
                paraphrases.append(text[2:].strip())
            elif bullet:
                raise ProfileError(
                    f"{self.file}, under line {self.line}: a list cannot be spoken as an answer. "
                    "Write a sentence, or put 'Also asked as:' above the list."
                )
            elif text:
                in_list = False
                answer.append(text)
        if not answer:
            raise ProfileError(
                f"{self.file}, line {self.line}: '{self.question}' has no answer. "
                "Write one below it, as it should be spoken."
            )
        return Entry(self.question, " ".join(answer), tuple(paraphrases), self.topic)


def _sections(file: Path) -> Iterator[_Section]:
    topic = ""
    section: _Section | None = None
    for number, line in enumerate(_read(file).splitlines(), start=1):
        text = line.strip()
        if text.startswith(("# ", "## ", "### ")):
            if section:
                yield section
            section = None
            marks, _, heading = text.partition(" ")
            if marks == "##":
                topic = heading.strip()
            elif marks == "###" and not topic:
                raise ProfileError(
                    f"{file}, line {number}: the question stands under no topic. "
                    "Put a '## Topic' heading above it."
                )
            elif marks == "###":
                section = _Section(file, number, topic, heading.strip(), [])
        elif section:
            section.body.append(text)
    if section:
        yield section


def _read_lines(file: Path, settings: Mapping[str, object]) -> Lines:
    table = settings.get("lines")
    if not isinstance(table, dict):
        raise ProfileError(f"{file}: the table [lines] is missing. Add it, with 'greeting' first.")
    known = [field.name for field in fields(Lines)]
    optional = {field.name for field in fields(Lines) if field.default is not MISSING}
    for key in table:
        if key not in known:
            raise ProfileError(
                f"{file}: [lines] has an unknown key '{key}'. The keys are {', '.join(known)}."
            )
    needed = [key for key in known if key in table or key not in optional]
    lines = Lines(**{key: _text(file, table, key, "[lines]") for key in needed})
    if "{note}" not in lines.remembered:
        raise ProfileError(
            f"{file}: 'remembered' in [lines] has no {{note}}. Put it where the note is to be said."
        )
    return lines


def _read_small_talk(file: Path, settings: Mapping[str, object]) -> Iterator[Entry]:
    tables = settings.get("small_talk", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ProfileError(f"{file}: 'small_talk' must be written as [[small_talk]] tables.")
    kinds = [kind.value for kind in EntryKind if kind is not EntryKind.QUESTION]
    for number, table in enumerate(tables, start=1):
        place = f"[[small_talk]] number {number}"
        kind = table.get("kind")
        if kind not in kinds:
            raise ProfileError(
                f"{file}: {place} needs a 'kind', one of {', '.join(kinds)}, not {kind!r}."
            )
        examples = _texts(file, table.get("examples"), f"'examples' of {place}")
        if not examples:
            raise ProfileError(f"{file}: {place} has no 'examples'. Add at least one.")
        speaks = kind == EntryKind.SMALL_TALK
        if "reply" in table and not speaks:
            raise ProfileError(
                f"{file}: {place} is a {kind}, whose reply comes from [lines] or from the "
                "conversation. Remove its 'reply'."
            )
        yield Entry(
            question=examples[0],
            paraphrases=examples[1:],
            answer=_text(file, table, "reply", place) if speaks else "",
            topic="small talk",
            kind=EntryKind(kind),
        )


def _texts(file: Path, values: object, place: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise ProfileError(
            f"{file}: {place} must be a list of what callers say, "
            'such as ["hello", "good morning"].'
        )
    return tuple(values)


def _text(file: Path, table: Mapping[str, object], key: str, place: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        where = f"{place} " if place else ""
        raise ProfileError(
            f"{file}: {where}'{key}' is missing, empty or not text. "
            f'Add a line such as: {key} = "..."'
        )
    return " ".join(value.split())


def _read_toml(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(_read(file))
    except tomllib.TOMLDecodeError as broken:
        raise ProfileError(f"{file} is not valid TOML: {broken}. Correct that line.") from broken


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise ProfileError(
            f"{file} is missing. Create it; {BUILT_IN / 'hotel'} shows how it looks."
        ) from missing
    except (OSError, UnicodeDecodeError) as broken:
        raise ProfileError(f"{file} cannot be read as UTF-8 text: {broken}.") from broken
