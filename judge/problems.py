"""What is wrong with a configuration, a line each: where, what was given, what is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def problem_lines(source: str, error: ValidationError, model: type[BaseModel]) -> list[str]:
    """The problems of *error*, without those that only follow from others.

    Args:
        source: What to call the configuration: a file, a table.
        error: What validating it against *model* raised.
        model: The whole configuration's, whose keys are named.
    """
    problems: list[Mapping[str, Any]] = [dict(problem) for problem in error.errors()]
    bad = {tuple(problem["loc"][:-1]) for problem in problems}
    # A list that bad items left empty is not too short as well.
    causes = [p for p in problems if p["type"] != "too_short" or tuple(p["loc"]) not in bad]
    return [_line(source, problem, model) for problem in causes]


def _line(source: str, problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    loc = problem["loc"]
    key = ".".join(str(part) for part in loc)
    kind = problem["type"]
    if kind == "extra_forbidden":
        return f"{source}: {key}: unknown key; accepted here: {_accepted(model, loc[:-1])}"
    if kind == "missing":
        return f"{source}: {key}: missing; it has no default"
    if kind == "value_error":
        return f"{source}: {problem['ctx']['error']}"
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value should ")
    return f"{source}: {key}: given {problem['input']!r}; accepted: {wanted}"


def _accepted(model: Any, loc: Sequence[Any]) -> str:
    for part in loc:
        is_item = isinstance(part, int)
        model = get_args(model)[0] if is_item else model.model_fields[part].annotation
    return ", ".join(model.model_fields)
