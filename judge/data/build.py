"""The built set: every source read, told as examples, and written down with what it was made of.

Each source becomes one file of JSON lines. A file whose inputs have not changed is kept, so a
build that was stopped goes on where it stood.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from judge.data import abcd, convabuse, coraal, disfluent, harmful, mrda, scenarios, xstest
from judge.data.example import CorruptData, Example, OnError, Split, read_examples, write_examples
from judge.data.recognised import Ear, Heard, recognised

MANIFEST: Final = "manifest.json"
HEARD: Final = "heard.jsonl"
_FORMAT: Final = 1  # raised when the same inputs would give other examples

_T = TypeVar("_T")
Track = Callable[[str, Iterable[_T]], Iterable[_T]]


class DataMissing(FileNotFoundError):
    """Something to build from, or a built file, is not there; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Built:
    """A file of the set.

    Attributes:
        inputs: SHA-256 over what it was made of.
        labels: Examples by split and action, such as ``train/refuse``.
        skipped: Corrupt rows that were left out.
    """

    file: str
    sha256: str
    inputs: str
    examples: int
    labels: Mapping[str, int]
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class _Source:
    """How one file of the set is made, and of what."""

    name: str
    inputs: tuple[Path, ...]
    make: Callable[[], Iterable[Example]]

    @property
    def file(self) -> str:
        return f"{self.name}.jsonl"


class Builder:
    """Builds the set into a folder.

    Args:
        out: Where the files go.
        corpora: The folder with the corpora; None for the written scenarios alone.
        ear: Has utterances heard; None uses only what was heard before.
        track: Shows progress over an iterable.
        on_error: What a corrupt row leads to.
    """

    def __init__(
        self,
        out: Path,
        corpora: Path | None,
        *,
        ear: Ear | None = None,
        folder: Path = scenarios.FOLDER,
        seed: int = 1,
        on_error: OnError = "refuse",
        track: Callable[[str, Iterable[Any]], Iterable[Any]] = lambda _, items: items,
        report: Callable[[CorruptData], None] = lambda _: None,
    ) -> None:
        self._out, self._corpora, self._ear = out, corpora, ear
        self._folder, self._seed, self._on_error = folder, seed, on_error
        self._track, self._report = track, report
        self._skipped = 0

    def build(self) -> list[Built]:
        """Make whatever is missing or made of something else.

        Raises:
            DataMissing: If a corpus or the table of splits is not there.
            CorruptData: At a corrupt row, unless they are skipped.
        """
        self._out.mkdir(parents=True, exist_ok=True)
        before = {built.file: built for built in read_manifest(self._out, missing_ok=True)}
        done: list[Built] = []
        for source in self._sources():
            inputs = _digest(source.inputs, self._seed)
            kept = before.get(source.file)
            if kept and kept.inputs == inputs and (self._out / source.file).exists():
                done.append(kept)
                continue
            done.append(self._make(source, inputs))
            _write_manifest(self._out, [*done, *_others(before.values(), done)])
        _write_manifest(self._out, done)
        return done

    def _make(self, source: _Source, inputs: str) -> Built:
        labels: Counter[str] = Counter()
        self._skipped = 0

        def counted() -> Iterator[Example]:
            for example in self._track(source.name, source.make()):
                labels[f"{example.split}/{example.action}"] += 1
                yield example

        file = self._out / source.file
        count = write_examples(file, counted())
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        by_label = dict(sorted(labels.items()))
        return Built(source.file, sha256, inputs, count, by_label, self._skipped)

    def _sources(self) -> Iterator[_Source]:
        splits = self._folder / scenarios.SPLITS
        if not splits.exists():
            raise DataMissing(f"{splits} is missing: interject judge data split draws it")
        written = (*sorted(self._folder.rglob("*.yaml")),)
        yield _Source("scenarios", written, self._plain)
        yield _Source("scenarios-disfluent", written, self._disfluent)
        heard = self._out / HEARD
        if self._ear is not None:
            self._listen(heard)
        if heard.exists():
            yield _Source("scenarios-recognised", (*written, heard), self._recognised)
        if self._corpora is not None:
            yield from self._corpus_sources(self._corpora)

    def _corpus_sources(self, corpora: Path) -> Iterator[_Source]:
        loaders: list[tuple[str, str, Callable[[Path], Iterable[Example]]]] = [
            ("mrda", "mrda", self._loaded(mrda.load)),
            ("mrda-streams", "mrda", self._loaded(mrda.streams)),
            ("convabuse", "convabuse", self._loaded(convabuse.load)),
            ("harmful", "harmful_requests", self._loaded(harmful.load)),
            ("xstest", "xstest", self._loaded(xstest.load)),
            ("abcd", "abcd", self._loaded(abcd.load)),
            ("coraal", "coraal", self._loaded(coraal.load)),
            ("coraal-streams", "coraal", self._loaded(coraal.streams)),
        ]
        for name, folder, load in loaders:
            place = corpora / folder
            if not place.is_dir():
                raise DataMissing(
                    f"{place} is missing: --corpora names the folder that holds the corpora in"
                    " folders of their own, and --no-corpora builds without them"
                )
            files = tuple(sorted(file for file in place.rglob("*") if file.is_file()))
            yield _Source(name, files, lambda load=load, place=place: load(place))  # type: ignore[misc]

    def _loaded(
        self, load: Callable[..., Iterable[Example]]
    ) -> Callable[[Path], Iterable[Example]]:
        return lambda place: load(
            place, on_error=self._on_error, seed=self._seed, report=self._count_corrupt
        )

    def _count_corrupt(self, error: CorruptData) -> None:
        self._skipped += 1
        self._report(error)

    def _tellings(self) -> Iterator[scenarios.Telling]:
        splits = scenarios.read_splits(self._folder / scenarios.SPLITS)
        report = self._count_corrupt if self._on_error == "skip" else None
        families = list(scenarios.families_in(self._folder, report))
        if unsplit := [family.family for family in families if family.family not in splits]:
            raise DataMissing(
                f"{self._folder / scenarios.SPLITS} does not name {', '.join(unsplit)}:"
                " interject judge data split draws splits"
            )
        yield from scenarios.tellings(families, splits)

    def _plain(self) -> Iterator[Example]:
        for telling in self._tellings():
            yield from scenarios.moments_of(telling, telling.wording, self._seed)

    def _disfluent(self) -> Iterator[Example]:
        for telling in self._tellings():
            rng = random.Random(f"{self._seed}:{telling.id}:disfluent")
            wording = disfluent.disfluent(telling.wording, rng)
            yield from scenarios.moments_of(telling, wording, self._seed)

    def _recognised(self) -> Iterator[Example]:
        heard = Heard(self._out / HEARD)
        for telling in self._tellings():
            text = " ".join(telling.wording.words)
            wording = recognised(telling.wording, heard[text]) if text in heard else None
            if wording is not None:
                yield from scenarios.moments_of(telling, wording, self._seed)

    def _listen(self, file: Path) -> None:
        """Have every utterance heard once: those that are tested first."""
        assert self._ear is not None
        order = {Split.TEST: 0, Split.DEV: 1, Split.TRAIN: 2}
        tellings = sorted(self._tellings(), key=lambda telling: order[telling.split])
        texts = list(dict.fromkeys(" ".join(telling.wording.words) for telling in tellings))
        for _ in self._track("listening", Heard(file).listen(texts, self._ear)):
            pass


def _digest(files: Iterable[Path], seed: int) -> str:
    digest = hashlib.sha256(f"{_FORMAT}:{seed}".encode())
    for file in files:
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _others(before: Iterable[Built], done: Iterable[Built]) -> list[Built]:
    made = {built.file for built in done}
    return [built for built in before if built.file not in made]


def _write_manifest(folder: Path, files: Iterable[Built]) -> None:
    part = folder / f"{MANIFEST}.part"
    records = [
        {
            "file": built.file,
            "sha256": built.sha256,
            "inputs": built.inputs,
            "examples": built.examples,
            "labels": dict(built.labels),
            "skipped": built.skipped,
        }
        for built in files
    ]
    part.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)


def read_manifest(folder: Path, *, missing_ok: bool = False) -> list[Built]:
    """What the set in *folder* holds.

    Raises:
        DataMissing: If there is none, unless *missing_ok*.
        CorruptData: If the manifest is damaged.
    """
    file = folder / MANIFEST
    try:
        return [Built(**record) for record in json.loads(file.read_text(encoding="utf-8"))]
    except FileNotFoundError as error:
        if missing_ok:
            return []
        raise DataMissing(f"{file} is missing: interject judge data build makes the set") from error
    except (ValueError, TypeError) as error:
        raise CorruptData(file, 1, f"{error}; delete it and build again") from error


def read_set(
    folder: Path,
    names: Iterable[str] | None = None,
    *,
    splits: Collection[Split] = tuple(Split),
    on_error: OnError = "refuse",
) -> list[Example]:
    """The examples of the built set, or of the sources *names* and the *splits* of it.

    Raises:
        DataMissing: If the set or one of its files is not there.
        CorruptData: At a corrupt row, unless they are skipped.
    """
    wanted = None if names is None else set(names)
    found: list[Example] = []
    for built in read_manifest(folder):
        if wanted is not None and built.file.removesuffix(".jsonl") not in wanted:
            continue
        file = folder / built.file
        if not file.exists():
            raise DataMissing(f"{file} is missing: interject judge data build makes it again")
        found += read_examples(file, splits=splits, on_error=on_error)
    return found
