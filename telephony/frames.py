"""Frames with which the conversation tells the transport to hold its audio back, and to go on."""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.frames.frames import SystemFrame


@dataclass
class OutputPauseFrame(SystemFrame):
    """Hold back what the caller has not heard yet, at once; nothing is lost."""


@dataclass
class OutputResumeFrame(SystemFrame):
    """Go on from the sample at which the pause broke off."""
