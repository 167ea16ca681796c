"""What baresip tells only in its log: that its transmit thread had nothing to send.

The log is written by a thread of the stack's binding. This is where its lines
become calls on the event loop; they carry one number.
"""

import asyncio
import logging
import re
from collections.abc import Callable

_UNDERRUN = re.compile(r"tx aubuf underrun \(total (\d+)\)")
_NATIVE = "baresip.native"


class UnderrunLog(logging.Handler):
    """Watches the native log while attached; the log goes nowhere else then.

    underrun: called on the loop with the call's total of underruns so far.
    """

    def __init__(self, underrun: Callable[[int], None]) -> None:
        super().__init__(logging.DEBUG)
        self._underrun = underrun
        self._loop: asyncio.AbstractEventLoop | None = None
        self._logger = logging.getLogger(_NATIVE)
        self._before = (self._logger.level, self._logger.propagate)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._before = (self._logger.level, self._logger.propagate)
        self._logger.setLevel(logging.DEBUG)
        self._logger.propagate = False
        self._logger.addHandler(self)

    def detach(self) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before[0])
        self._logger.propagate = self._before[1]
        self._loop = None

    def emit(self, record: logging.LogRecord) -> None:
        """The binding's log thread: recognise the line, hand over the number, leave."""
        found = _UNDERRUN.search(record.getMessage())
        loop = self._loop
        if found and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._underrun, int(found[1]))
