"""The built set: made once, kept while nothing changes, gone on with when it was stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from judge.data import scenarios
from judge.data.build import HEARD, MANIFEST, Builder, Built, DataMissing, read_manifest, read_set
from judge.data.example import CorruptData, Split, Variant
from tests.unit.judge.small_set import Mishearing, families, write_family, write_scenarios


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_scenarios(tmp_path / "scenarios")


def build(out: Path, folder: Path, **options: Any) -> list[Built]:
    return Builder(out, options.pop("corpora", None), folder=folder, **options).build()


def test_the_manifest_names_every_file_with_its_hash(tmp_path: Path, written: Path) -> None:
    built = build(tmp_path / "set", written)
    assert read_manifest(tmp_path / "set") == built
    for one in built:
        content = (tmp_path / "set" / one.file).read_bytes()
        assert one.sha256 == hashlib.sha256(content).hexdigest()
        assert one.examples == sum(one.labels.values()) == content.count(b"\n")


def test_splits_are_the_families_own(tmp_path: Path, written: Path) -> None:
    build(tmp_path / "set", written)
    splits = scenarios.read_splits(written / scenarios.SPLITS)
    examples = read_set(tmp_path / "set")
    assert all(one.split is splits[one.group] for one in examples)
    assert {one.split for one in examples} == set(Split)
    assert len({one.id for one in examples}) == len(examples)


def test_two_builds_are_alike_and_another_seed_is_not(tmp_path: Path, written: Path) -> None:
    one, again = build(tmp_path / "one", written), build(tmp_path / "again", written)
    other = build(tmp_path / "other", written, seed=2)
    assert one == again
    assert [built.sha256 for built in other] != [built.sha256 for built in one]


def made(out: Path, folder: Path) -> list[str]:
    """Which sources a build made, and did not keep."""
    names: list[str] = []

    def track(what: str, items: Iterable[Any]) -> Iterable[Any]:
        names.append(what)
        return items

    build(out, folder, track=track)
    return names


def test_what_has_not_changed_is_kept(tmp_path: Path, written: Path) -> None:
    everything = ["scenarios", "scenarios-disfluent"]
    assert made(tmp_path / "set", written) == everything
    assert made(tmp_path / "set", written) == []
    (tmp_path / "set" / "scenarios-disfluent.jsonl").unlink()
    assert made(tmp_path / "set", written) == ["scenarios-disfluent"]
    changed = families()[0]
    changed["about"] = "Told anew."
    write_family(written, changed)
    assert made(tmp_path / "set", written) == everything


def test_a_build_that_was_stopped_goes_on(tmp_path: Path, written: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(what: str, items: Iterable[Any]) -> Iterable[Any]:
        if what == "scenarios-disfluent":
            raise Stopped
        return items

    with pytest.raises(Stopped):
        build(tmp_path / "set", written, track=stop)
    assert [one.file for one in read_manifest(tmp_path / "set")] == ["scenarios.jsonl"]
    assert made(tmp_path / "set", written) == ["scenarios-disfluent"]


def test_every_utterance_is_heard_once_and_those_of_the_test_first(
    tmp_path: Path, written: Path
) -> None:
    ear = Mishearing()
    build(tmp_path / "set", written, ear=ear)
    build(tmp_path / "set", written, ear=ear)
    assert len(set(ear.heard)) == len(ear.heard)
    splits = scenarios.read_splits(written / scenarios.SPLITS)
    order = [
        splits[family.family]
        for text in ear.heard
        for family in scenarios.families_in(written)
        if any(" ".join(case.words) == text for case in family.cases)
    ]
    assert order == sorted(order, key=[Split.TEST, Split.DEV, Split.TRAIN].index)


def test_what_was_heard_is_used_without_listening_again(tmp_path: Path, written: Path) -> None:
    build(tmp_path / "set", written, ear=Mishearing())
    (tmp_path / "set" / "scenarios-recognised.jsonl").unlink()
    build(tmp_path / "set", written)
    heard = read_set(tmp_path / "set", ["scenarios-recognised"])
    assert {one.variant for one in heard} == {Variant.RECOGNISED}
    assert (tmp_path / "set" / HEARD).exists()


def test_a_corpus_that_is_not_there_is_named_with_the_way_out(
    tmp_path: Path, written: Path
) -> None:
    with pytest.raises(DataMissing, match=r"mrda is missing.*--no-corpora"):
        build(tmp_path / "set", written, corpora=tmp_path)


def test_without_a_table_of_splits_nothing_is_built(tmp_path: Path, written: Path) -> None:
    (written / scenarios.SPLITS).unlink()
    with pytest.raises(DataMissing, match=r"splits\.yaml is missing: .*data split"):
        build(tmp_path / "set", written)


def test_a_family_in_no_split_is_named(tmp_path: Path, written: Path) -> None:
    write_family(written, families()[0] | {"family": "hotel_new"})
    with pytest.raises(DataMissing, match="does not name hotel_new"):
        build(tmp_path / "set", written)


def test_a_corrupt_file_is_refused_or_skipped_and_counted(tmp_path: Path, written: Path) -> None:
    (written / "broken.yaml").write_text("family: [")
    with pytest.raises(CorruptData, match=r"broken\.yaml"):
        build(tmp_path / "set", written)
    told: list[CorruptData] = []
    built = build(tmp_path / "set", written, on_error="skip", report=told.append)
    assert {one.skipped for one in built} == {1}
    assert {error.file.name for error in told} == {"broken.yaml"}


def test_a_missing_set_and_a_missing_file_of_it_are_named(tmp_path: Path, written: Path) -> None:
    with pytest.raises(DataMissing, match=r"manifest\.json is missing: .*data build"):
        read_set(tmp_path / "set")
    build(tmp_path / "set", written)
    (tmp_path / "set" / "scenarios.jsonl").unlink()
    with pytest.raises(DataMissing, match=r"scenarios\.jsonl is missing"):
        read_set(tmp_path / "set")


@pytest.mark.parametrize("content", ["{", "[1]", '[{"file": "a"}]'])
def test_a_damaged_manifest_is_named_with_a_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(CorruptData, match=r"manifest\.json.*delete it"):
        read_manifest(tmp_path)


def test_a_damaged_row_is_refused_or_skipped(tmp_path: Path, written: Path) -> None:
    build(tmp_path / "set", written)
    file = tmp_path / "set" / "scenarios.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[1][:40], *lines[2:]]) + "\n")
    with pytest.raises(CorruptData, match=r"scenarios\.jsonl, line 2"):
        read_set(tmp_path / "set")
    whole = len(read_set(tmp_path / "set", on_error="skip"))
    assert whole == json.loads((tmp_path / "set" / MANIFEST).read_text())[0]["examples"] - 1 + len(
        read_set(tmp_path / "set", ["scenarios-disfluent"])
    )
