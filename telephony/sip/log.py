"""PJSIP's log lines, in our log."""

from __future__ import annotations

from typing import Any

import pjsua2 as pj
from loguru import logger

_LEVELS = {1: "ERROR", 2: "WARNING", 3: "DEBUG"}


class PjsipLog(pj.LogWriter):  # type: ignore[misc]
    """Hands PJSIP's lines to loguru: errors and warnings as such, the rest as debug or trace."""

    def write(self, entry: Any) -> None:
        """Take one line."""
        try:
            logger.log(_LEVELS.get(entry.level, "TRACE"), f"pjsip: {entry.msg.rstrip()}")
        except Exception as error:  # the boundary to C; logging must not raise into it
            logger.warning(f"pjsip log line lost: {error}")
