"""The one decorator that every pjsua2 callback runs under."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from loguru import logger

P = ParamSpec("P")


def logged(callback: Callable[P, None]) -> Callable[P, None]:
    """Log what *callback* raises: SWIG would drop the exception without a trace."""

    @functools.wraps(callback)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except Exception:  # the boundary to C: nothing above can catch it
            logger.exception(f"in PJSIP callback {callback.__qualname__}")

    return run
