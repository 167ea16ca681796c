"""Memory that is kept instead of given back.

A training step makes and drops hundreds of megabytes, in other sizes every time. By default
glibc maps and unmaps each of the larger pieces, and every page is faulted in anew; on virtual
machines whose host takes idle pages back that costs more than the arithmetic (measured: 7 to 28
examples a second before, 24 to 35 after).
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

# From glibc's <malloc.h>.
_TRIM_THRESHOLD: Final = -1
_TOP_PAD: Final = -2
_MMAP_MAX: Final = -4

_NEVER: Final = 2**31 - 1
_GROW_BYTES: Final = 256 * 1024 * 1024


def keep_memory() -> bool:
    """Have this process keep what it once had; whether its C library can."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _NEVER), (_TOP_PAD, _GROW_BYTES))
    return all(mallopt(option, value) == 1 for option, value in settings)
