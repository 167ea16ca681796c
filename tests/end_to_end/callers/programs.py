"""The Debian programs that the tests call with. One that is missing is a failure, not a skip."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

PACKAGES: Final = {
    "baresip": "baresip",
    "flite": "flite",
    "kamailio": "kamailio",
    "sipp": "sip-tester",
}


class ProgramMissing(AssertionError):
    """A program is not installed; the message holds the command that installs it."""


def path_of(program: str) -> str:
    """Where *program* is.

    Raises:
        ProgramMissing: It is not installed.
    """
    found = shutil.which(program, path="/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin")
    if found is None:
        raise ProgramMissing(
            f"{program} is not installed; run: apt-get install {PACKAGES[program]}"
        )
    return found


def stop(process: subprocess.Popen[str], timeout_s: float = 5.0) -> None:
    """End a program that a test started, gently first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
