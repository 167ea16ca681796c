"""Words as the telephone's recogniser hears them: real recognition errors.

Who speaks and who listens is the caller's business (:class:`Ear`); this module only keeps what
was heard, so that a second build does not listen again, and finds the bar's place in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol

from judge.data.example import Variant
from judge.data.scenarios import Wording
from judge.render import spoken


class Ear(Protocol):
    """Speaks a text with a synthetic voice over a telephone line and recognises it."""

    def __call__(self, text: str, seed: int) -> str:
        """What was heard of *text*; *seed* chooses the voice."""
        ...


class Heard:
    """Texts and what was heard of them, kept in a file of JSON lines that only grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._texts: dict[str, str] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                try:
                    said, heard = json.loads(line)
                except ValueError:
                    continue  # the line that was being written when a build was stopped
                self._texts[said] = heard

    def _end_broken_line(self) -> None:
        """Give what a stopped build left unfinished a line of its own."""
        content = self._file.read_bytes() if self._file.exists() else b""
        if content and not content.endswith(b"\n"):
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write("\n")

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def __getitem__(self, text: str) -> str:
        return self._texts[text]

    def listen(self, texts: Iterable[str], ear: Ear) -> Iterator[str]:
        """Have every text heard that was not yet, and yield it then."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._end_broken_line()
        with self._file.open("a", encoding="utf-8") as lines:
            for number, text in enumerate(texts):
                if text not in self._texts:
                    self._texts[text] = ear(text, number)
                    lines.write(json.dumps([text, self._texts[text]], ensure_ascii=False) + "\n")
                    lines.flush()
                yield text


def recognised(wording: Wording, heard: str) -> Wording | None:
    """*wording* in the words that were *heard*; None when nothing usable was.

    The bar goes behind the last heard word that stands for something said before it.
    """
    words = spoken(heard)
    if not words:
        return None
    if wording.mark is None:
        return Wording(words, None, Variant.RECOGNISED)
    said = [" ".join(spoken(word)) for word in wording.words]
    mark = 0
    for block in SequenceMatcher(a=said, b=words, autojunk=False).get_matching_blocks():
        if block.a < wording.mark:
            mark = block.b + min(block.size, wording.mark - block.a)
    # A bar whose surroundings were not heard at all has no place any more.
    return Wording(words, mark, Variant.RECOGNISED) if 0 < mark < len(words) else None
