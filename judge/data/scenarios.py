"""Scenario files: read, checked, and told as moments.

The format and the meaning of the labels are described in ``judge/scenarios/README.md``.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from judge.data.example import CorruptData, Example, Split, Stream, Variant
from judge.judgement import Action, Situation
from judge.moment import Memory, Moment, Relation, Signals, Speaker, Turn

FOLDER: Final = Path(__file__).parents[1] / "scenarios"
SPLITS: Final = "splits.yaml"
BAR: Final = "|"

_WORDS_AFTER_BAR: Final = 6
_LESSONS: Final = 6
"""Moments on each side of the bar that are enough to learn from."""


class Label(BaseModel):
    """What is right: an action and its situation, written ``action/situation``."""

    model_config = ConfigDict(frozen=True)

    action: Action
    situation: Situation

    @classmethod
    def read(cls, text: Any) -> Any:
        if not isinstance(text, str):
            return text
        action, _, situation = text.partition("/")
        return {"action": action.strip(), "situation": situation.strip() or Situation.NONE}


LabelText = Annotated[Label, BeforeValidator(Label.read)]

_SILENCE = Label(action=Action.SILENCE, situation=Situation.NONE)
_SITUATIONS_OF: Final[Mapping[Action, frozenset[Situation]]] = {
    Action.RESPOND: frozenset(
        {
            Situation.NONE,
            Situation.FALSE_PREMISE,
            Situation.DANGER,
            Situation.CONFLICT_OF_OPINION,
            Situation.SAME_OPINION,
            Situation.SENSITIVE_DATA,
            Situation.REPETITION,
        }
    ),
    Action.REFUSE: frozenset({Situation.UNREASONABLE_DEMAND}),
    Action.DEFLECT: frozenset(
        {
            Situation.NONE,
            Situation.BORING_TOPIC,
            Situation.AFFRONT,
            Situation.CONFLICT_OF_OPINION,
            Situation.SAME_OPINION,
            Situation.ALREADY_ANSWERED,
        }
    ),
    Action.SILENCE: frozenset(
        {Situation.NONE, Situation.NOT_ADDRESSED, Situation.WAIT_REQUESTED, Situation.DANGER}
    ),
    Action.INTERRUPT: frozenset(
        {
            Situation.FALSE_PREMISE,
            Situation.DANGER,
            Situation.SENSITIVE_DATA,
            Situation.REPETITION,
            Situation.ALREADY_ANSWERED,
            Situation.BORING_TOPIC,
            Situation.SAME_OPINION,
            Situation.CONFLICT_OF_OPINION,
        }
    ),
}


class Context(BaseModel):
    """What is the case while the caller speaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str | None = None
    turns: tuple[dict[Literal["agent", "caller"], str], ...] = ()
    facts: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    relation: Relation = Relation.NEW
    hour: float | None = Field(default=None, ge=0, lt=24)
    overlap_s: float = Field(default=0.0, ge=0)
    gap_s: float | None = Field(default=None, ge=0)
    in_call_s: float | None = Field(default=None, ge=0)
    since_last_call_s: float | None = Field(default=None, ge=0)
    affronts: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_speaker_a_turn(self) -> Context:
        for turn in self.turns:
            if len(turn) != 1:
                raise ValueError("a turn has one speaker: `- agent: ...` or `- caller: ...`")
        return self

    def spoken(self) -> tuple[Turn, ...]:
        return tuple(
            Turn(speaker=Speaker(speaker), text=text)
            for turn in self.turns
            for speaker, text in turn.items()
        )


class Case(BaseModel):
    """Something that a caller says, and what is right in each context."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    say: str = Field(min_length=1)
    labels: dict[str, LabelText] = Field(alias="in", min_length=1)
    at_last: LabelText | None = Field(default=None, alias="finally")

    @model_validator(mode="after")
    def _labels_fit(self) -> Case:
        if self.say.count(BAR) > 1:
            raise ValueError("more than one bar")
        for label in self.labels.values():
            _check_pair(label)
            speaking = {Action.INTERRUPT, Action.SILENCE}
            if self.mark is None and label.action is Action.INTERRUPT:
                raise ValueError("interrupt needs a bar: nobody can cut in on a quiet caller")
            if self.mark is not None and label.action not in speaking:
                raise ValueError(f"{label.action} with a bar: the caller still speaks there")
        if self.mark is not None and not 2 <= self.mark <= len(self.words) - _WORDS_AFTER_BAR:
            raise ValueError(
                f"the bar needs 2 words before it and {_WORDS_AFTER_BAR} after, has"
                f" {self.mark} and {len(self.words) - self.mark}"
            )
        if self.at_last is not None:
            _check_pair(self.at_last)
            if self.at_last.action is Action.INTERRUPT:
                raise ValueError("finally cannot be interrupt")
        return self

    @property
    def words(self) -> list[str]:
        return self.say.replace(BAR, " ").split()

    @property
    def mark(self) -> int | None:
        """Words up to the bar; None without one."""
        before, bar, _ = self.say.partition(BAR)
        return len(before.split()) if bar else None

    def when_done(self, context: str) -> Label:
        """What is right once the caller of a barred case has fallen silent."""
        if self.at_last:
            return self.at_last
        label = self.labels[context]
        if label.situation in {Situation.BORING_TOPIC, Situation.ALREADY_ANSWERED}:
            return Label(action=Action.DEFLECT, situation=label.situation)
        return Label(action=Action.RESPOND, situation=label.situation)


def _check_pair(label: Label) -> None:
    if label.situation not in _SITUATIONS_OF[label.action]:
        raise ValueError(f"{label.action}/{label.situation} is no pair of the labelling guide")


class Family(BaseModel):
    """A situation on the telephone, told many times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    trade: str
    kind: str
    about: str
    agent: str
    depends_on: tuple[Literal["memory", "caller", "time"], ...] = ()
    contexts: dict[str, Context] = Field(min_length=1)
    cases: tuple[Case, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _contexts_are_known(self) -> Family:
        used = set()
        said = set()
        for number, case in enumerate(self.cases, start=1):
            used |= set(case.labels)
            if unknown := set(case.labels) - set(self.contexts):
                raise ValueError(f"case {number}: no such context: {', '.join(sorted(unknown))}")
            plain = normal(case.say)
            if plain in said:
                raise ValueError(f"case {number} says what another says: {case.say!r}")
            said.add(plain)
        if unused := set(self.contexts) - used:
            raise ValueError(f"contexts that no case uses: {', '.join(sorted(unused))}")
        return self


def normal(text: str) -> str:
    """*text* as it is compared: lower case, letters and digits only."""
    return " ".join(re.findall(r"[a-z0-9']+", text.replace(BAR, " ").lower()))


def read_family(file: Path) -> Family:
    """Read one file.

    Raises:
        CorruptData: With the line where YAML fails, or with what is wrong in which case.
    """
    try:
        return Family.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise CorruptData(file, line, str(error.problem)) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise CorruptData(file, 0, str(error)) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()[:8]
        )
        raise CorruptData(file, 1, problems) from error


def families_in(
    folder: Path, report: Callable[[CorruptData], None] | None = None
) -> Iterator[Family]:
    """Read every family under *folder*, in the order of their names.

    Args:
        report: Told of each unreadable file, which is then skipped.

    Raises:
        CorruptData: At the first unreadable file, without *report*.
    """
    for file in sorted(folder.rglob("*.yaml")):
        if file.name == SPLITS:
            continue
        try:
            yield read_family(file)
        except CorruptData as error:
            if report is None:
                raise
            report(error)


def read_splits(file: Path) -> dict[str, Split]:
    """Which family is in which split.

    Raises:
        CorruptData: If the file is no such table or names a family twice.
    """
    splits: dict[str, Split] = {}
    try:
        table = yaml.safe_load(file.read_text(encoding="utf-8"))
        for name, members in table.items():
            for family in members:
                if family in splits:
                    raise CorruptData(file, 0, f"{family} stands in two splits")
                splits[family] = Split(name)
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise CorruptData(file, 0, f"no table of splits: {error}") from error
    except CorruptData:
        raise
    except ValueError as error:
        raise CorruptData(file, 0, f"no table of splits: {error}") from error
    return splits


def draw_splits(
    families: Iterable[Family], seed: int, tested: Collection[str] = ()
) -> dict[str, Split]:
    """Draw splits: of each kind one trade goes to test and one to dev, whole, taking turns.

    So no kind and no trade is left out of a split, and what a kind looks like in its test trade
    the training set has not seen.

    Args:
        tested: The trades that take turns; all of them when empty. The others are learned from
            alone, so that trades can be added without another draw.
    """
    by_kind: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for family in families:
        by_kind[family.kind][family.trade].append(family.family)
    trades = sorted({trade for members in by_kind.values() for trade in members})
    trades = [trade for trade in trades if not tested or trade in tested]
    random.Random(seed).shuffle(trades)
    drawn: dict[str, Split] = {}
    for turn, (_, members) in enumerate(sorted(by_kind.items())):
        order = [trades[(turn + step) % len(trades)] for step in range(len(trades))]
        there = [trade for trade in order if trade in members]
        drawn.update((name, Split.TRAIN) for names in members.values() for name in names)
        for place, trade in enumerate(there):
            held_out = (Split.TEST, Split.DEV)[place : place + 1] if len(there) >= 3 else ()
            split = held_out[0] if held_out else Split.TRAIN
            drawn.update(dict.fromkeys(members[trade], split))
    return drawn


def write_splits(file: Path, drawn: Mapping[str, Split], command: str) -> None:
    """Write the table that :func:`read_splits` reads, headed by the *command* that drew it."""
    table = {
        split.value: sorted(family for family, of in drawn.items() if of is split)
        for split in Split
    }
    heading = (
        f"# Which family is in which split, drawn by\n#   {command}\n"
        "# A family that moves out of `test` spoils the test.\n"
    )
    file.write_text(heading + yaml.safe_dump(table, sort_keys=False), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a case in one of its variants.

    Attributes:
        words: What is said.
        mark: Words up to the bar; None without one.
    """

    words: Sequence[str]
    mark: int | None
    variant: Variant = Variant.PLAIN


@dataclass(frozen=True, slots=True)
class Telling:
    """A case of a family in one of its contexts."""

    family: Family
    number: int
    case: Case
    context: str
    split: Split

    @property
    def id(self) -> str:
        return f"{self.family.family}/{self.number}/{self.context}"

    @property
    def wording(self) -> Wording:
        return Wording(self.case.words, self.case.mark)


def tellings(families: Iterable[Family], splits: Mapping[str, Split]) -> Iterator[Telling]:
    """Every case in every context that it has a label for.

    Raises:
        KeyError: If a family stands in no split.
    """
    for family in families:
        for number, case in enumerate(family.cases, start=1):
            for context in case.labels:
                yield Telling(family, number, case, context, splits[family.family])


def moments_of(telling: Telling, wording: Wording, seed: int) -> Iterator[Example]:
    """Tell a case: the finished utterance, and moments before its end.

    A case with a bar is cut after every word, in the training set after some of them; one without,
    at one place. Which, *seed* draws.
    """
    rng = random.Random(f"{seed}:{telling.id}:{wording.variant}")
    pace_wps = rng.uniform(2.2, 3.4)
    base = _surroundings(telling, rng)
    label = telling.case.labels[telling.context]
    total = len(wording.words)

    def example(count: int, done: bool, right: Label, known: bool = True) -> Example:
        at_s = round(count / pace_wps, 2)
        text = " ".join(wording.words[:count])
        mark_s = None
        if wording.mark is not None and label.action is Action.INTERRUPT:
            mark_s = round(wording.mark / pace_wps, 2)
        utterance = f"{telling.id}:{wording.variant}"
        return Example(
            id=f"{utterance}@{'end' if done else count}",
            source="scenarios",
            group=telling.family.family,
            split=telling.split,
            moment=_speaking(base, text, at_s, pace_wps, done, rng),
            action=right.action,
            situation=right.situation if known else None,
            kind=telling.family.kind,
            depends_on=telling.family.depends_on,
            variant=wording.variant,
            stream=Stream(utterance, at_s, mark_s) if wording.mark is not None else None,
        )

    if wording.mark is None:
        # What somebody will turn out to be doing is not known yet in mid-speech.
        known = label.situation is Situation.NONE
        if total > 1:
            yield example(rng.randrange(1, total), False, _SILENCE, known)
        yield example(total, True, label)
        return
    for count in _cuts(total, wording.mark, telling.split, rng):
        yield example(count, False, label if count >= wording.mark else _SILENCE)
    yield example(total, True, telling.case.when_done(telling.context))


def _cuts(total: int, mark: int, split: Split, rng: random.Random) -> list[int]:
    """After how many words to cut speech that goes on; just before and at the bar always."""
    before, behind = range(1, mark), range(mark, total + 1)
    if split is not Split.TRAIN:
        return [*before, *behind]
    drawn = {mark - 1, mark}
    for side in (before, behind):
        drawn.update(rng.sample(side, min(_LESSONS - 1, len(side))))
    return sorted(drawn)


def _surroundings(telling: Telling, rng: random.Random) -> Moment:
    """Everything but the words."""
    context = telling.family.contexts[telling.context]
    since = context.since_last_call_s
    if since is None and context.relation is not Relation.NEW:
        since = rng.choice([3600.0, 86_400.0, 7 * 86_400.0, 60 * 86_400.0])
    hour = context.hour
    if hour is None and rng.random() < 0.5:
        hour = round(rng.uniform(9, 17), 1)
    in_call = context.in_call_s
    if in_call is None:
        in_call = round(10 + 15 * len(context.turns) + rng.uniform(0, 60))
    return Moment(
        words="",
        agent=context.agent or telling.family.agent,
        turns=context.spoken(),
        memory=Memory(
            signals=Signals(
                in_call_s=in_call,
                local_hour=hour,
                since_last_call_s=since,
                gap_s=context.gap_s or 0.0,
                overlap_s=context.overlap_s,
            ),
            history=context.history,
            facts=context.facts,
        ),
        relation=context.relation,
        affronts=context.affronts,
    )


def _speaking(
    base: Moment, text: str, at_s: float, pace_wps: float, done: bool, rng: random.Random
) -> Moment:
    gap_s = base.memory.signals.gap_s
    if not gap_s:
        gap_s = round(rng.uniform(0.5, 1.2) if done else rng.uniform(0, 0.25), 2)
    if not done:
        gap_s = min(gap_s, 0.25)
    signals = base.memory.signals.model_copy(
        update={"gap_s": gap_s, "speech_s": at_s, "words_per_s": round(pace_wps, 1)}
    )
    memory = base.memory.model_copy(update={"signals": signals})
    return base.model_copy(update={"words": text, "final": done, "memory": memory})
