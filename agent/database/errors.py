"""What goes wrong with a store."""

from __future__ import annotations


class StoreError(RuntimeError):
    """The store did not do what it was asked: it is down, locked, full or of another version.

    ``retry`` says whether the same request may succeed later.
    """

    def __init__(self, message: str, *, retry: bool = True) -> None:
        super().__init__(message)
        self.retry = retry
